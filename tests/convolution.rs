//! Convolutions and pooling: the way back against numeric derivatives, and both ways against plain loops.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::initializer::uniform;
use sizednet::layer::Same;
use sizednet::{
    AveragePool2d, Conv2d, Dense, Element, GlobalAveragePool, Gradient, Image, InputArray, Layer,
    MaxPool2d, MeanSquaredError, Network, OutputArray, Portable, Scalar, Shape, Sigmoid, Silu,
    Tanh, Target, gradient_check, sizes::*,
};

fn random<T: Scalar, A: Element>(
    rng: &mut Xoshiro256PlusPlus,
    flat: fn(&mut [A]) -> &mut [T],
) -> A {
    let mut array = [A::ZERO];
    for value in flat(&mut array) {
        *value = uniform(-T::ONE, T::ONE, rng);
    }
    let [array] = array;
    array
}

/// The largest error of the gradient check of random weights, inputs and targets.
fn check<L: Layer>(seed: u64) -> f64
where
    OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
{
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut network = Network::<L, f64>::random(rng);
    for parameter in network.parameters_mut() {
        // biases as well
        *parameter += uniform(-0.1, 0.1, rng);
    }
    let input = random(rng, L::Input::flatten_mut);
    let target: OutputArray<L, f64> = random(rng, L::Output::flatten_mut);
    gradient_check(&mut network, &MeanSquaredError, &input, &target).error()
}

macro_rules! gradients {
    ($($name:ident: $layer:ty;)*) => { $(
        #[test]
        fn $name() {
            let config = Config {
                cases: 8,
                rng_seed: RngSeed::Fixed(1),
                ..Config::default()
            };
            proptest!(config, |(seed in any::<u64>())| {
                let error = check::<$layer>(seed);
                prop_assert!(error < 1e-6, "{error:e}");
                let error = check::<Portable<$layer>>(seed);
                prop_assert!(error < 1e-6, "{error:e}");
            });
        }
    )* };
}

gradients! {
    valid: Conv2d<Image<U3, U6, U7>, U5, U3, Tanh>;
    one_by_one: Conv2d<Image<U4, U3, U3>, U2, U1>;
    one_value: Conv2d<Image<U1, U1, U1>, U1, U1>;
    whole_image: Conv2d<Image<U2, U5, U4>, U3, U4, Sigmoid>;
    same_odd: Conv2d<Image<U2, U5, U6>, U3, U3, Silu, U1, Same>;
    same_even: Conv2d<Image<U2, U5, U6>, U17, U4, Tanh, U1, Same>;
    same_larger_than_the_image: Conv2d<Image<U1, U2, U3>, U3, U5, Tanh, U1, Same>;
    stride: Conv2d<Image<U2, U9, U8>, U3, U3, Sigmoid, U2>;
    stride_beyond_the_kernel: Conv2d<Image<U2, U9, U8>, U3, U2, Tanh, U3>;
    stride_same: Conv2d<Image<U2, U8, U5>, U16, U3, Tanh, U2, Same>;
    several_strips: Conv2d<Image<U1, U10, U9>, U2, U2, Silu>;
    several_panels: Conv2d<Image<U8, U4, U4>, U3, U3, Tanh>;
    max: MaxPool2d<Image<U2, U6, U4>, U2>;
    max_overlapping: MaxPool2d<Image<U2, U7, U9>, U3, U2>;
    average: AveragePool2d<Image<U2, U6, U5>, U2>;
    average_overlapping: AveragePool2d<Image<U2, U5, U5>, U3, U1>;
    global: GlobalAveragePool<Image<U3, U4, U5>>;
    stack_of_max: (
        Conv2d<Image<U2, U9, U8>, U3, U3, Tanh, U1, Same>, MaxPool2d<Image<U3, U9, U8>, U2>,
        Conv2d<Image<U3, U4, U4>, U4, U2, Silu>, Dense<Image<U4, U3, U3>, U3>,
    );
    stack_of_averages: (
        Conv2d<Image<U1, U9, U9>, U4, U3, Tanh, U2>, AveragePool2d<Image<U4, U4, U4>, U2, U1>,
        (Conv2d<Image<U4, U3, U3>, U5, U3, Sigmoid, U1, Same>, GlobalAveragePool<Image<U5, U3, U3>>), Dense<U5, U2>,
    );
    stack_of_strides: (
        Conv2d<Image<U1, U11, U7>, U3, U3, Silu, U2, Same>, Conv2d<Image<U3, U6, U4>, U4, U2, Tanh, U2>,
        Dense<Image<U4, U3, U2>, U2>,
    );
}

type Batched = (
    Conv2d<Image<U2, U9, U10>, U6, U3, Tanh, U1, Same>,
    MaxPool2d<Image<U6, U9, U10>, U2>,
    Conv2d<Image<U6, U4, U5>, U17, U2, Silu>,
    Dense<Image<U17, U3, U4>, U3>,
);

/// Neither the batch nor the block changes a bit, in either arithmetic and number type.
fn batches<L: Layer, T: Scalar>()
where
    OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
{
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(3);
    let network = Network::<L, T>::random(rng);
    let samples: Vec<(InputArray<L, T>, OutputArray<L, T>)> = (0..7)
        .map(|_| {
            (
                random(rng, L::Input::flatten_mut),
                random(rng, L::Output::flatten_mut),
            )
        })
        .collect();
    let inputs: Vec<_> = samples.iter().map(|(input, _)| input.clone()).collect();
    let mut outputs = vec![<OutputArray<L, T>>::ZERO; inputs.len()];
    let lengths = network.forward_batch_in_blocks::<U4>(&inputs, &mut outputs);
    lengths.expect("as many outputs as inputs");
    for (input, output) in inputs.iter().zip(&outputs) {
        assert_eq!(&network.forward(input), output);
    }
    let gradient = |found: &mut Gradient<L, T>, blocks: usize| {
        match blocks {
            1 => network.gradient_in_blocks::<U1, _, _, _>(&samples[..], &MeanSquaredError, found),
            _ => network.gradient_in_blocks::<U4, _, _, _>(&samples[..], &MeanSquaredError, found),
        }
        .expect("samples")
        .loss
    };
    let (mut one, mut four) = (Gradient::zeros(), Gradient::zeros());
    assert_eq!(gradient(&mut one, 1), gradient(&mut four, 4));
    assert_eq!(one.parameters(), four.parameters());
}

#[test]
fn batch_and_single_have_the_same_bits() {
    batches::<Batched, f32>();
    batches::<Batched, f64>();
    batches::<Portable<Batched>, f32>();
    batches::<Portable<Batched>, f64>();
}

#[test]
fn the_first_of_equal_values_gets_the_gradient_and_nan_stays() {
    type Pool = MaxPool2d<Image<U1, U2, U2>, U2>;
    let network = Network::<Pool>::zeros();
    let slopes = |input| {
        let (mut tape, mut gradient) = (sizednet::Tape::<Pool>::new(), Gradient::zeros());
        network.record(&input, &mut tape);
        network.backward(&input, &tape, &[[[1.0]]], &mut gradient)
    };
    assert_eq!(
        slopes([[[1.0, 2.0], [2.0, 2.0]]]),
        [[[0.0, 1.0], [0.0, 0.0]]]
    );
    assert_eq!(
        slopes([[[-1.0, -1.0], [-3.0, -2.0]]]),
        [[[1.0, 0.0], [0.0, 0.0]]]
    );
    assert!(network.forward(&[[[1.0, f32::NAN], [2.0, 3.0]]])[0][0][0].is_nan());
}

#[test]
fn fingerprints_tell_kernel_stride_and_padding_apart() {
    let fingerprints = [
        <MaxPool2d<Image<U1, U4, U4>, U2> as Layer>::FINGERPRINT,
        <MaxPool2d<Image<U1, U5, U5>, U2> as Layer>::FINGERPRINT,
        <MaxPool2d<Image<U1, U4, U4>, U1, U3> as Layer>::FINGERPRINT,
        <MaxPool2d<Image<U1, U4, U4>, U1, U2> as Layer>::FINGERPRINT,
        <AveragePool2d<Image<U1, U4, U4>, U2> as Layer>::FINGERPRINT,
        <Conv2d<Image<U1, U4, U4>, U1, U1, Tanh, U2> as Layer>::FINGERPRINT,
        <Conv2d<Image<U1, U4, U4>, U1, U1, Tanh, U3> as Layer>::FINGERPRINT,
        <Conv2d<Image<U1, U4, U4>, U1, U1, Tanh, U2, Same> as Layer>::FINGERPRINT,
    ];
    for (i, a) in fingerprints.iter().enumerate() {
        assert!(!fingerprints[..i].contains(a), "{i}");
    }
}

#[cfg(feature = "safetensors")]
mod torch {
    use std::fs;

    use serde_json::Value;
    use sizednet::generic_array::typenum::Unsigned;
    use sizednet::safetensors::load;
    use sizednet::{FullBatch, Heap, Sgd, Trainer};

    use super::*;

    fn path(name: &str) -> String {
        format!(
            "{}/tests/figures/convolution/{name}",
            env!("CARGO_MANIFEST_DIR")
        )
    }

    fn network<L: Layer, T: Scalar>(name: &str) -> Network<L, T, Heap> {
        let mut network = Network::default();
        let file = fs::read(path(&format!("{name}.safetensors"))).expect("a file");
        load(&mut network, &file).expect("the module's tensors");
        network
    }

    fn rows<T: Scalar, A: Element>(
        figures: &Value,
        name: &str,
        flat: fn(&mut [A]) -> &mut [T],
    ) -> Vec<A> {
        let rows: Vec<Vec<f64>> = serde_json::from_value(figures[name].clone()).expect("rows");
        rows.iter()
            .map(|row| {
                let mut array = [A::ZERO];
                let values = flat(&mut array);
                assert_eq!(values.len(), row.len());
                for (to, value) in values.iter_mut().zip(row) {
                    *to = T::from_f64(*value);
                }
                let [array] = array;
                array
            })
            .collect()
    }

    fn near<T: Scalar>(what: &str, got: &[T], wanted: &[T], bound: f64) {
        assert_eq!(got.len(), wanted.len());
        for (got, wanted) in got.iter().zip(wanted) {
            let difference = (got.to_f64() - wanted.to_f64()).abs();
            assert!(difference <= bound, "{what}: {got} is not {wanted}");
        }
    }

    /// Outputs, gradients and one step are PyTorch's.
    fn agrees<L: Layer, T: Scalar>(name: &str, bound: f64)
    where
        OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
    {
        let figures = fs::read_to_string(path("figures.json")).expect("figures");
        let figures: Value = serde_json::from_str(&figures).expect("JSON");
        let figures = &figures[name];
        let inputs = rows(figures, "inputs", L::Input::flatten_mut);
        let targets: Vec<OutputArray<L, T>> = rows(figures, "targets", L::Output::flatten_mut);
        let outputs: Vec<OutputArray<L, T>> = rows(figures, "outputs", L::Output::flatten_mut);
        let slopes: Vec<InputArray<L, T>> = rows(figures, "input_gradient", L::Input::flatten_mut);

        let network = network::<L, T>(name);
        let values = <<L::Output as Shape>::Len as Unsigned>::USIZE;
        let mut tape = sizednet::Tape::<L, T, Heap>::new();
        let mut gradient = Gradient::<L, T, Heap>::default();
        for (i, input) in inputs.iter().enumerate() {
            let output = network.forward(input);
            let flat = |array: &OutputArray<L, T>| {
                L::Output::flatten(core::slice::from_ref(array)).to_vec()
            };
            near("output", &flat(&output), &flat(&outputs[i]), bound);
            assert_eq!(network.record(input, &mut tape), output);
            // of the mean over both samples
            let mut slope = [<OutputArray<L, T>>::ZERO];
            let parts = flat(&output).into_iter().zip(flat(&targets[i]));
            for (slope, (y, t)) in L::Output::flatten_mut(&mut slope).iter_mut().zip(parts) {
                *slope = (y - t) / T::from_u32(values as u32);
            }
            let got = network.backward(input, &tape, &slope[0], &mut gradient);
            near(
                "input gradient",
                L::Input::flatten(core::slice::from_ref(&got)),
                L::Input::flatten(&slopes[i..=i]),
                bound,
            );
        }
        let wanted = self::network::<L, T>(&format!("{name}_gradient"));
        near(
            "gradient",
            gradient.parameters(),
            wanted.parameters(),
            bound,
        );
    }

    /// One step is PyTorch's.
    fn steps<L: Layer>(name: &str)
    where
        OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
    {
        let figures = fs::read_to_string(path("figures.json")).expect("figures");
        let figures: Value = serde_json::from_str(&figures).expect("JSON");
        let inputs = rows(&figures[name], "inputs", L::Input::flatten_mut);
        let targets: Vec<OutputArray<L, f64>> =
            rows(&figures[name], "targets", L::Output::flatten_mut);
        let mut network = network::<L, f64>(name);
        let mut trainer =
            Trainer::<L, _, _, FullBatch, f64, Heap>::new(MeanSquaredError, Sgd::new(0.1));
        let epoch = trainer.epoch(&mut network, (&inputs, &targets));
        epoch.expect("a finite step");
        let wanted = self::network::<L, f64>(&format!("{name}_step"));
        near("step", network.parameters(), wanted.parameters(), 1e-12);
    }

    macro_rules! figures {
        ($($name:ident: $layer:ty;)*) => { $(
            #[test]
            fn $name() {
                let name = stringify!($name).trim_start_matches("torch_");
                agrees::<$layer, f64>(name, 1e-12);
                agrees::<$layer, f32>(name, 2e-6);
                agrees::<Portable<$layer>, f64>(name, 1e-12);
                steps::<$layer>(name);
            }
        )* };
    }

    figures! {
        torch_valid: (Conv2d<Image<U3, U6, U7>, U5, U3, Tanh>,);
        torch_same: (Conv2d<Image<U2, U5, U6>, U17, U4, sizednet::Identity, U1, Same>,);
        torch_stride: (Conv2d<Image<U2, U9, U8>, U3, U3, Sigmoid, U2>,);
        torch_strips: (Conv2d<Image<U9, U12, U13>, U16, U3, Silu, U1, Same>,);
        torch_max: (Conv2d<Image<U2, U7, U9>, U3, U1>, MaxPool2d<Image<U3, U7, U9>, U3, U2>);
        torch_average: (
            Conv2d<Image<U2, U7, U8>, U3, U2>, AveragePool2d<Image<U3, U6, U7>, U2>, Dense<Image<U3, U3, U3>, U4>,
        );
        torch_stack: (
            Conv2d<Image<U2, U9, U11>, U5, U3, Tanh, U1, Same>, MaxPool2d<Image<U5, U9, U11>, U2>,
            Conv2d<Image<U5, U4, U5>, U4, U2, Sigmoid, U2>, AveragePool2d<Image<U4, U2, U2>, U2, U1>,
            GlobalAveragePool<Image<U4, U1, U1>>, Dense<U4, U3>,
        );
    }
}
