//! Layers over the steps of a sequence that are not recurrent: the way back against numeric derivatives, both ways against
//! PyTorch's figures, and a sequence step by step.

use crate::checks::{batches, gradient_is_right, random};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::layer::{Causal, Same, State, Streaming};
use sizednet::{
    AveragePool1d, Conv1d, Dense, DepthwiseConv1d, GlobalAveragePool, Gradient, Gru, InputArray,
    Layer, MaxPool1d, Network, OutputArray, Portable, Scalar, Sequence, Shape, Sigmoid, Silu, Tanh,
    sizes::*,
};

macro_rules! gradients {
    ($($name:ident: $layer:ty;)*) => { $(
        #[test]
        fn $name() {
            gradient_is_right::<$layer>();
        }
    )* };
}

gradients! {
    valid: Conv1d<Sequence<U9, U3>, U5, U3, Tanh>;
    one_value: Conv1d<Sequence<U1, U1>, U1, U1>;
    whole_sequence: Conv1d<Sequence<U5, U2>, U3, U5, Sigmoid>;
    same_odd: Conv1d<Sequence<U8, U2>, U3, U3, Silu, U1, Same>;
    same_even_dilated: Conv1d<Sequence<U9, U2>, U17, U4, Tanh, U1, Same, U2>;
    same_larger_than_the_sequence: Conv1d<Sequence<U2, U3>, U2, U5, Tanh, U1, Same>;
    causal: Conv1d<Sequence<U7, U3>, U4, U3, Tanh, U1, Causal>;
    causal_dilated: Conv1d<Sequence<U12, U2>, U4, U3, Silu, U1, Causal, U4>;
    causal_larger_than_the_sequence: Conv1d<Sequence<U3, U2>, U4, U3, Tanh, U1, Causal, U4>;
    stride: Conv1d<Sequence<U11, U2>, U3, U3, Sigmoid, U2>;
    stride_beyond_the_kernel: Conv1d<Sequence<U11, U2>, U3, U2, Tanh, U3>;
    stride_of_the_kernel: Conv1d<Sequence<U11, U2>, U3, U3, Tanh, U3>;
    stride_same: Conv1d<Sequence<U9, U2>, U5, U3, Tanh, U2, Same>;
    stride_causal_dilated: Conv1d<Sequence<U11, U2>, U3, U3, Tanh, U2, Causal, U2>;
    point_by_point: Conv1d<Sequence<U6, U5>, U4, U1, Tanh>;
    several_panels: Conv1d<Sequence<U40, U2>, U3, U2, Silu>;
    depthwise: DepthwiseConv1d<Sequence<U9, U3>, U3, Tanh>;
    depthwise_same_dilated: DepthwiseConv1d<Sequence<U9, U3>, U4, Silu, U1, Same, U2>;
    depthwise_causal: DepthwiseConv1d<Sequence<U9, U3>, U3, Tanh, U1, Causal, U4>;
    depthwise_stride: DepthwiseConv1d<Sequence<U11, U3>, U3, Sigmoid, U2>;
    separable: (
        DepthwiseConv1d<Sequence<U9, U3>, U3, Silu, U2, Causal>, Conv1d<Sequence<U5, U3>, U4, U1, Tanh>,
    );
    max: MaxPool1d<Sequence<U6, U4>, U2>;
    max_overlapping: MaxPool1d<Sequence<U9, U2>, U3, U2>;
    average: AveragePool1d<Sequence<U7, U3>, U2>;
    average_overlapping: AveragePool1d<Sequence<U5, U2>, U3, U1>;
    global: GlobalAveragePool<Sequence<U5, U3>>;
    stack_of_pools: (
        Conv1d<Sequence<U20, U2>, U4, U3, Tanh, U1, Same>, MaxPool1d<Sequence<U20, U4>, U2>,
        Conv1d<Sequence<U10, U4>, U3, U2, Silu>, AveragePool1d<Sequence<U9, U3>, U3, U2>,
        GlobalAveragePool<Sequence<U4, U3>>, Dense<U3, U2>,
    );
    stack: (
        Conv1d<Sequence<U20, U2>, U4, U3, Silu, U2>, Conv1d<Sequence<U9, U4>, U3, U3, Tanh, U1, Causal, U2>,
        Gru<Sequence<U9, U3>, U4>, Dense<U4, U2>,
    );
}

type Batched = (
    Conv1d<Sequence<U30, U6>, U17, U3, Silu, U1, Same>,
    Conv1d<Sequence<U30, U17>, U12, U3, Tanh, U2, Causal, U3>,
    DepthwiseConv1d<Sequence<U15, U12>, U3, Tanh, U1, Same>,
    MaxPool1d<Sequence<U15, U12>, U2>,
    Conv1d<Sequence<U7, U12>, U16, U1, Tanh>,
    AveragePool1d<Sequence<U7, U16>, U3, U1>,
    Dense<Sequence<U5, U16>, U3>,
);

#[test]
fn batch_and_single_have_the_same_bits() {
    batches::<Batched, f32>();
    batches::<Batched, f64>();
    batches::<Portable<Batched>, f32>();
    batches::<Portable<Batched>, f64>();
}

/// Each step of a stream gives the bits of that step of the whole sequence; of a network that gives one vector, the last one
/// does.
fn streams<L: Layer + Streaming, T: Scalar, const STEPS: usize>()
where
    InputArray<L, T>: AsRef<[<L::StepInput as Shape>::Array<T>]>,
{
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(4);
    let network = Network::<L, T>::random(rng);
    for _ in 0..3 {
        let input: InputArray<L, T> = random(rng, L::Input::flatten_mut);
        let output: OutputArray<L, T> = network.forward(&input);
        let whole = L::Output::flatten(core::slice::from_ref(&output));
        let mut state = State::<L, T>::new();
        let mut steps = Vec::new();
        for input in input.as_ref() {
            let output = network.step(input, &mut state);
            steps.extend_from_slice(L::StepOutput::flatten(core::slice::from_ref(&output)));
        }
        let last = &steps[steps.len() - whole.len()..];
        assert_eq!(format!("{last:?}"), format!("{whole:?}"));
    }
}

type Filter<C, F, K, D> = Conv1d<Sequence<U20, C>, F, K, Tanh, U1, Causal, D>;
type Deep = (
    Filter<U8, U16, U3, U1>,
    Filter<U16, U12, U2, U5>,
    DepthwiseConv1d<Sequence<U20, U12>, U3, Silu, U1, Causal, U2>,
    Gru<Sequence<U20, U12>, U9>,
    Dense<U9, U4>,
);

#[test]
fn a_stream_has_the_bits_of_the_sequence() {
    streams::<Filter<U1, U1, U1, U1>, f32, 20>();
    streams::<Filter<U3, U16, U3, U1>, f32, 20>();
    streams::<Filter<U3, U17, U4, U2>, f64, 20>();
    streams::<Filter<U6, U70, U3, U7>, f32, 20>();
    // a kernel that reaches further than the sequence
    streams::<Filter<U2, U16, U5, U6>, f32, 20>();
    streams::<Portable<Filter<U5, U16, U3, U3>>, f32, 20>();
    streams::<DepthwiseConv1d<Sequence<U20, U9>, U3, Tanh, U1, Causal, U4>, f32, 20>();
    streams::<DepthwiseConv1d<Sequence<U20, U16>, U4, Sigmoid, U1, Causal>, f64, 20>();
    streams::<Deep, f32, 20>();
    streams::<Deep, f64, 20>();
    streams::<Portable<Deep>, f32, 20>();
}

#[test]
fn a_stream_goes_on_beyond_the_steps_of_the_type() {
    type Short = Conv1d<Sequence<U3, U2>, U4, U3, Tanh, U1, Causal, U2>;
    type Long = Conv1d<Sequence<U64, U2>, U4, U3, Tanh, U1, Causal, U2>;
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(6);
    let long = Network::<Long>::random(rng);
    let short = Network::<Short>::from_parameters(*long.parameters());
    let inputs: [[f32; 2]; 64] = random(rng, <Sequence<U64, U2> as Shape>::flatten_mut);
    let mut state = State::<Short>::new();
    assert_eq!(
        inputs.map(|input| short.step(&input, &mut state)),
        long.forward(&inputs)
    );
}

#[test]
fn fingerprints_tell_kernel_stride_padding_and_dilation_apart() {
    let fingerprints = [
        <Conv1d<Sequence<U4, U1>, U1, U1> as Layer>::FINGERPRINT,
        <Conv1d<Sequence<U4, U1>, U1, U1, Tanh> as Layer>::FINGERPRINT,
        <Conv1d<Sequence<U4, U1>, U1, U1, Tanh, U1, Same> as Layer>::FINGERPRINT,
        <Conv1d<Sequence<U4, U1>, U1, U1, Tanh, U1, Causal> as Layer>::FINGERPRINT,
        <Conv1d<Sequence<U4, U1>, U1, U1, Tanh, U1, Causal, U2> as Layer>::FINGERPRINT,
        <Conv1d<Sequence<U4, U1>, U1, U1, Tanh, U2> as Layer>::FINGERPRINT,
        <Conv1d<Sequence<U4, U1>, U1, U1, Tanh, U3> as Layer>::FINGERPRINT,
        <DepthwiseConv1d<Sequence<U4, U1>, U1, Tanh, U2> as Layer>::FINGERPRINT,
        <DepthwiseConv1d<Sequence<U4, U1>, U1, Tanh, U3> as Layer>::FINGERPRINT,
        <MaxPool1d<Sequence<U4, U1>, U1, U2> as Layer>::FINGERPRINT,
        <MaxPool1d<Sequence<U4, U1>, U1, U3> as Layer>::FINGERPRINT,
        <AveragePool1d<Sequence<U4, U1>, U1, U3> as Layer>::FINGERPRINT,
    ];
    for (i, a) in fingerprints.iter().enumerate() {
        assert!(!fingerprints[..i].contains(a), "{i}");
    }
}

#[test]
fn the_first_of_equal_values_gets_the_gradient_and_nan_stays() {
    type Pool = MaxPool1d<Sequence<U3, U2>, U3>;
    let network = Network::<Pool>::zeros();
    let input = [[2.0, -1.0], [2.0, -3.0], [1.0, -1.0]];
    let (mut tape, mut gradient) = (sizednet::Tape::<Pool>::new(), Gradient::zeros());
    network.record(&input, &mut tape);
    let slopes = network.backward(&input, &tape, &[[1.0, 10.0]], &mut gradient);
    assert_eq!(slopes, [[1.0, 10.0], [0.0, 0.0], [0.0, 0.0]]);
    let [[nan, one]] = network.forward(&[[f32::NAN, 1.0], [3.0, 0.0], [4.0, 0.0]]);
    assert!(nan.is_nan() && one == 1.0);
}

#[test]
fn views_are_kernel_by_features_by_filters() {
    let mut network = Network::<Conv1d<Sequence<U5, U2>, U3, U2>>::zeros();
    network.layers_mut().weights[1][0][2] = 2.0;
    network.layers_mut().bias[2] = 0.5;
    let inputs = [[1.0, 9.0], [2.0, 9.0], [3.0, 9.0], [4.0, 9.0], [5.0, 9.0]];
    let wanted = [4.5, 6.5, 8.5, 10.5].map(|y| [0.0, 0.0, y]);
    assert_eq!(network.forward(&inputs), wanted);
    assert_eq!(network.layers().weights[1][0], [0.0, 0.0, 2.0]);
}

#[cfg(feature = "safetensors")]
mod torch {
    use super::*;
    use sizednet::layer::Valid;
    use sizednet::{Identity, Relu};

    macro_rules! figures {
        ($($name:ident: $layer:ty;)*) => { $(
            #[test]
            fn $name() {
                let name = stringify!($name).trim_start_matches("torch_");
                crate::checks::torch::figures_agree::<$layer>("sequences", name);
            }
        )* };
    }

    figures! {
        torch_valid: (Conv1d<Sequence<U9, U3>, U5, U3, Tanh>,);
        torch_same: (Conv1d<Sequence<U10, U2>, U17, U4, Identity, U1, Same, U2>,);
        torch_stride: (Conv1d<Sequence<U11, U2>, U3, U3, Sigmoid, U2, Valid, U2>,);
        torch_causal: (Conv1d<Sequence<U20, U3>, U16, U3, Silu, U1, Causal, U4>,);
        torch_causal_stride: (Conv1d<Sequence<U11, U3>, U4, U3, Relu, U2, Causal>,);
        torch_dense: (Conv1d<Sequence<U8, U3>, U4, U2, Tanh, U2>, Dense<Sequence<U4, U4>, U3>);
        torch_depthwise: (DepthwiseConv1d<Sequence<U11, U5>, U3, Tanh, U2>,);
        torch_separable: (
            DepthwiseConv1d<Sequence<U20, U4>, U3, Silu, U1, Causal, U4>, Conv1d<Sequence<U20, U4>, U6, U1, Tanh>,
        );
        torch_max: (Conv1d<Sequence<U11, U2>, U3, U1>, MaxPool1d<Sequence<U11, U3>, U3, U2>);
        torch_average: (Conv1d<Sequence<U11, U2>, U3, U2>, AveragePool1d<Sequence<U10, U3>, U4>);
        torch_stack: (
            Conv1d<Sequence<U20, U2>, U5, U3, Tanh, U1, Same>, MaxPool1d<Sequence<U20, U5>, U2>,
            Conv1d<Sequence<U10, U5>, U4, U2, Sigmoid, U2>, AveragePool1d<Sequence<U5, U4>, U2, U1>,
            GlobalAveragePool<Sequence<U4, U4>>, Dense<U4, U3>,
        );
    }
}
