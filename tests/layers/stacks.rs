//! Random stacks of assorted layers: the way back against numbers that know only the way forward, in `f64`, and blocks against
//! single samples. Proptest draws parameters, inputs and targets of each, once; with the feature `long` there are more
//! stacks, and each is drawn ten times. They are the same in every run:
//! `PROPTEST_CASES=200 cargo test --release --features long --test layers stacks` draws more, `PROPTEST_RNG_SEED=1` others.
//!
//! Dropout is not among them: a gradient check compares training with inference, where it is the identity. Activations are
//! smooth, and a maximum is taken of inputs alone, which lie apart: at a kink there is no derivative to compare.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, contextualize_config};
use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use sizednet::initializer::uniform;
use sizednet::layer::{Causal, Same, Valid};
use sizednet::{sizes::*, *};

/// A test of each stack, by name.
macro_rules! stacks {
    ($($name:ident: $stack:ty;)*) => {
        proptest! {
            #![proptest_config(contextualize_config(Config {
                cases: if cfg!(feature = "long") { 10 } else { 1 },
                rng_seed: RngSeed::Fixed(0),
                failure_persistence: None,
                ..Config::default()
            }))]
            $(
                #[test]
                fn $name(seed: u64) {
                    is_right::<$stack>(seed);
                }
            )*
        }
    };
}

type Steps = Sequence<U4, U3>;
type Picture = Image<U2, U6, U6>;

stacks! {
    // vectors
    dense_norm_dense: (Dense<U5, U6, Tanh>, LayerNorm<U6>, Dense<U6, U3>);
    norm_of_inputs: (RmsNorm<U7>, Dense<U7, U4, Silu>, Dense<U4, U2>);
    activate_between: (Dense<U4, U6>, RmsNorm<U6>, Activate<U6, Gelu>, Dense<U6, U3, Sigmoid>);
    softmax_last: (Dense<U6, U8, Softplus>, Dense<U8, U5>, Softmax<U5>);
    softmax_inside: (Dense<U3, U4>, Softmax<U4>, Dense<U4, U4, Tanh>);
    residual: (Dense<U4, U6, Tanh>, Residual<Dense<U6, U6, Silu>>, Dense<U6, U2>);
    residual_first: (Residual<(LayerNorm<U5>, Dense<U5, U9, Gelu>, Dense<U9, U5>)>, Dense<U5, U3>);
    parallel: (Parallel<Dense<U4, U3, Tanh>, (Dense<U4, U5, Silu>, Dense<U5, U2>)>, Dense<U5, U3>);
    parallel_in_residual: Residual<(Parallel<Dense<U6, U2, Sigmoid>, Dense<U6, U4, Tanh>>, LayerNorm<U6>)>;
    wide: (Dense<U33, U17, Tanh>, LayerNorm<U17>, Portable<(Dense<U17, U16, Silu>, RmsNorm<U16>)>, Dense<U16, U2>);

    // sequences
    gru: (Gru<Steps, U5>, Dense<U5, U2>);
    lstm: (Lstm<Steps, U4>, LayerNorm<U4>, Dense<U4, U3, Tanh>);
    rnn: (Rnn<Steps, U6>, Softmax<U6>);
    all_states: (LayerNorm<Steps>, Rnn<Steps, U4, AllStates>, Softmax<Sequence<U4, U4>>);
    residual_over_steps: (Residual<(Gru<Steps, U3, AllStates>, Activate<Steps, Silu>)>, Dense<Steps, U4>);

    causal: (Conv1d<Steps, U5, U2, Tanh, U1, Causal>, Gru<Sequence<U4, U5>, U3>, Dense<U3, U2>);
    dilated: (Conv1d<Sequence<U9, U2>, U4, U3, Silu, U1, Valid, U2>, AveragePool1d<Sequence<U5, U4>, U2>, Dense<Sequence<U2, U4>, U3>);
    strided_steps: (Conv1d<Sequence<U8, U3>, U17, U3, Tanh, U2, Same>, LayerNorm<Sequence<U4, U17>>, GlobalAveragePool<Sequence<U4, U17>>);
    largest_of_steps: (MaxPool1d<Steps, U2>, Conv1d<Sequence<U2, U3>, U4, U2, Gelu>, Dense<Sequence<U1, U4>, U2>);
    separable_steps: (DepthwiseConv1d<Steps, U3, Tanh, U1, Causal>, Conv1d<Sequence<U4, U3>, U6, U1, Silu>, Lstm<Sequence<U4, U6>, U3>);

    filters_of_steps: (Conv1d<Sequence<U8, U3>, U4, U3, Silu, U2>, Gru<Sequence<U3, U4>, U3>, Dense<U3, U2>);

    // images
    separable: (DepthwiseConv2d<Picture, U3, Tanh, U1, Same>, Conv2d<Picture, U5, U1, Silu>, GlobalAveragePool<Image<U5, U6, U6>>);
    convolution: (Conv2d<Picture, U3, U3, Tanh>, Dense<Image<U3, U4, U4>, U2>);
    same_strided: (Conv2d<Picture, U4, U3, Silu, U2, Same>, GlobalAveragePool<Image<U4, U3, U3>>, Dense<U4, U3>);
    largest_of_inputs: (MaxPool2d<Picture, U2>, Conv2d<Image<U2, U3, U3>, U3, U2, Gelu>, Dense<Image<U3, U2, U2>, U2>);
    residual_convolution: (Residual<Conv2d<Picture, U2, U3, Tanh, U1, Same>>, GlobalAveragePool<Picture>);
    rows_as_steps: (Conv2d<Image<U1, U6, U6>, U1, U3, Tanh>, Reshape<Image<U1, U4, U4>, Sequence<U4, U4>>, Gru<Sequence<U4, U4>, U3>);
    portable_images: Portable<(Conv2d<Picture, U3, U3, Sigmoid>, AveragePool2d<Image<U3, U4, U4>, U2>, Dense<Image<U3, U2, U2>, U4>, Softmax<U4>)>;
}

#[cfg(feature = "long")]
stacks! {
    residual_in_residual: Residual<(Dense<U4, U4, Tanh>, Residual<(RmsNorm<U4>, Dense<U4, U4>)>)>;
    parallel_in_parallel: Parallel<Parallel<Dense<U3, U1>, Softmax<U3>>, (Activate<U3, Tanh>, Dense<U3, U4>)>;
    nested: ((Dense<U4, U5, Tanh>, (RmsNorm<U5>, (Dense<U5, U4>,))), (Softmax<U4>, Dense<U4, U2>));
    one_feature: (Gru<Sequence<U5, U1>, U24, AllStates>, Lstm<Sequence<U5, U24>, U3>, Dense<U3, U2>);
    all_over_last: (Gru<Steps, U5, AllStates>, Lstm<Sequence<U4, U5>, U4, AllStates>, Rnn<Sequence<U4, U4>, U3>);
    norm_between: (Lstm<Steps, U4, AllStates>, RmsNorm<Sequence<U4, U4>>, Gru<Sequence<U4, U4>, U3>);
    two_ways: Parallel<(Gru<Steps, U4>, Dense<U4, U2>), (Reshape<Steps, U12>, Dense<U12, U3, Tanh>)>;
    cut_in_steps: (Dense<U5, U12, Tanh>, Reshape<U12, Steps>, Lstm<Steps, U3>);
    portable_recurrent: (Portable<Gru<Steps, U8, AllStates>>, Rnn<Sequence<U4, U8>, U4>, Dense<U4, U2>);
    causal_and_same: (Conv1d<Steps, U4, U2, Tanh, U1, Causal, U2>, LayerNorm<Sequence<U4, U4>>, Conv1d<Sequence<U4, U4>, U17, U3, Gelu, U1, Same>, GlobalAveragePool<Sequence<U4, U17>>);
    residual_filters: (Residual<Conv1d<Steps, U3, U3, Tanh, U1, Causal>>, AveragePool1d<Steps, U2>, Dense<Sequence<U2, U3>, U2>);
    portable_filters: (MaxPool1d<Sequence<U8, U3>, U2>, Portable<Conv1d<Steps, U16, U2, Sigmoid>>, Dense<Sequence<U3, U16>, U2>);
    separable_strided: (DepthwiseConv2d<Picture, U3, Tanh, U1, Same>, Conv2d<Picture, U5, U1, Silu>, DepthwiseConv2d<Image<U5, U6, U6>, U3, Gelu, U2>, Dense<Image<U5, U2, U2>, U2>);
    rows_that_slide: (Conv2d<Image<U2, U5, U20>, U3, U3, Tanh>, Conv2d<Image<U3, U3, U18>, U9, U2, Silu>, Dense<Image<U9, U2, U17>, U2>);
    mean_of_windows: (Conv2d<Picture, U2, U3, Tanh>, AveragePool2d<Image<U2, U4, U4>, U2>, LayerNorm<Image<U2, U2, U2>>, Dense<Image<U2, U2, U2>, U3>);
}

fn flat<S: Shape>(array: &mut S::Array<f64>) -> &mut [f64] {
    S::flatten_mut(core::slice::from_mut(array))
}

fn drawn<S: Shape>(rng: &mut impl Rng) -> S::Array<f64> {
    let mut array = <S::Array<f64>>::ZERO;
    for value in flat::<S>(&mut array) {
        *value = uniform(-1.0, 1.0, rng);
    }
    array
}

/// Inputs that lie apart, from -1.5 to 1.5 in a random order.
fn apart<S: Shape>(rng: &mut impl Rng) -> S::Array<f64> {
    let mut array = <S::Array<f64>>::ZERO;
    let values = flat::<S>(&mut array);
    let last = values.len().saturating_sub(1).max(1) as f64;
    for (place, value) in (0_u32..).zip(values.iter_mut()) {
        *value = f64::from(place) * 3.0 / last - 1.5;
    }
    for end in (1..values.len()).rev() {
        values.swap(end, (rng.next_u64() % (end as u64 + 1)) as usize);
    }
    array
}

fn is_right<L: Layer>(seed: u64)
where
    OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
{
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut network = Network::<L, f64>::zeros();
    for value in network.parameters_mut() {
        *value = uniform(-1.0, 1.0, &mut rng);
    }
    let samples: [_; 5] =
        core::array::from_fn(|_| (apart::<L::Input>(&mut rng), drawn::<L::Output>(&mut rng)));
    let (input, target) = &samples[0];
    let check = gradient_check(&mut network, &MeanSquaredError, input, target);
    assert!(check.error() < 1e-6, "seed {seed}: {check}");

    // a block has the bits of its samples
    let (mut one, mut many) = (Gradient::<L, f64>::zeros(), Gradient::<L, f64>::zeros());
    let loss = MeanSquaredError;
    let found = [
        network.gradient_in_blocks::<U1, _, _, _>(&samples, &loss, &mut one),
        network.gradient_in_blocks::<U2, _, _, _>(&samples, &loss, &mut many),
    ]
    .map(|found| found.expect("right").loss.to_bits());
    assert_eq!(found[0], found[1], "seed {seed}");
    let bits = |gradient: &Gradient<L, f64>| {
        let parameters = gradient.parameters().iter();
        parameters.map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(&one), bits(&many), "seed {seed}");
}
