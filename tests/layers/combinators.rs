//! Layers made of layers, and layers without parameters: PyTorch's figures, gradients, batches, names in files.

use crate::figures::{near, numbers};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use serde_json::Value;
use sizednet::initializer::uniform;
use sizednet::layer::State;
use sizednet::{
    Activate, AllStates, Dense, Gelu, Gradient, Gru, Image, Layer, LayerNorm, MeanSquaredError,
    Network, Parallel, Relu, Reshape, Residual, RmsNorm, Sequence, Sgd, Sigmoid, Silu, Softmax,
    Tanh, Tape, Trainer, gradient_check, sizes::*,
};

fn random<L: Layer>(seed: u64) -> Network<L, f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut network = Network::<L, f64>::zeros();
    for value in network.parameters_mut() {
        *value = uniform(-1.0, 1.0, &mut rng);
    }
    network
}

type Mixed = (
    Residual<(Dense<U4, U4>, Activate<U4, Tanh>)>,
    Parallel<Dense<U4, U3>, (Dense<U4, U2>, Activate<U2, Silu>)>,
    Softmax<U5>,
);

#[test]
fn outputs_gradients_and_a_step_are_those_of_torch() {
    let figures: Value =
        serde_json::from_str(include_str!("../figures/combinators.json")).expect("JSON");
    let mut network = Network::<Mixed, f64>::zeros();
    network
        .parameters_mut()
        .copy_from_slice(&numbers(&figures["parameters"]));
    let inputs = numbers(&figures["inputs"]).as_chunks::<4>().0.to_vec();
    let targets = numbers(&figures["targets"]).as_chunks::<5>().0.to_vec();
    let mut outputs = vec![[0.0; 5]; 3];
    network
        .forward_batch(&inputs, &mut outputs)
        .expect("as many");
    near(
        outputs.as_flattened(),
        &numbers(&figures["outputs"]),
        "outputs",
    );
    let mut input_gradient = Vec::new();
    for (input, target) in inputs.iter().zip(&targets) {
        let mut tape = Tape::<Mixed, f64>::new();
        let output = network.record(input, &mut tape);
        let slopes = core::array::from_fn(|i| 2.0 * (output[i] - target[i]) / 15.0);
        input_gradient.extend(network.backward(input, &tape, &slopes, &mut Gradient::zeros()));
    }
    near(
        &input_gradient,
        &numbers(&figures["input_gradient"]),
        "input gradient",
    );
    let mut gradient = Gradient::zeros();
    network
        .gradient((&inputs, &targets), &MeanSquaredError, &mut gradient)
        .expect("right");
    near(
        gradient.parameters(),
        &numbers(&figures["gradient"]),
        "gradient",
    );
    Trainer::full_batch(MeanSquaredError, Sgd::new(0.1))
        .epoch(&mut network, (&inputs, &targets))
        .expect("finite");
    near(network.parameters(), &numbers(&figures["stepped"]), "step");
}

macro_rules! gradient_is_right {
    ($layers:ty, $input:expr, $target:expr) => {
        for seed in 0..8 {
            let mut network = random::<$layers>(seed);
            let check = gradient_check(&mut network, &MeanSquaredError, &$input, &$target);
            assert!(check.error() < 1e-6, "{}: {check}", stringify!($layers));
        }
    };
}

#[test]
fn each_alone_and_nested_ones_pass_the_gradient_check() {
    let x = [0.3, -1.0, 2.0];
    gradient_is_right!(Activate<U3, Sigmoid>, x, [0.5; 3]);
    gradient_is_right!(Activate<U3, Gelu>, x, [0.5; 3]);
    gradient_is_right!(Softmax<U3>, x, [0.5; 3]);
    gradient_is_right!(Softmax<Sequence<U1, U3>>, [x], [[0.5; 3]]);
    gradient_is_right!(Reshape<U3, Image<U1, U3, U1>>, x, [[[0.5]; 3]]);
    gradient_is_right!(Residual<Dense<U3, U3, Silu>>, x, [0.5; 3]);
    gradient_is_right!(
        Parallel<Dense<U3, U2, Tanh>, Activate<U3, Gelu>>,
        x,
        [0.5; 5]
    );
    gradient_is_right!(
        (
            Residual<(RmsNorm<U3>, Residual<Dense<U3, U3, Tanh>>)>,
            Parallel<Residual<Dense<U3, U3>>, Parallel<Dense<U3, U4, Silu>, Softmax<U3>>>,
            Reshape<U10, Sequence<U5, U2>>,
            Residual<Gru<Sequence<U5, U2>, U2, AllStates>>,
            LayerNorm<Sequence<U5, U2>>,
            Dense<Sequence<U5, U2>, U2>,
        ),
        x,
        [0.5; 2]
    );
}

#[test]
fn a_batch_has_the_bits_of_its_samples() {
    let network = random::<Mixed>(1);
    let inputs: Vec<[f64; 4]> = (0..50)
        .map(|i| core::array::from_fn(|j| f64::from(i) / 25.0 - j as f64))
        .collect();
    let mut outputs = vec![[0.0; 5]; 50];
    network
        .forward_batch(&inputs, &mut outputs)
        .expect("as many");
    for (input, output) in inputs.iter().zip(&outputs) {
        assert_eq!(&network.forward(input), output);
    }
    let samples = (&inputs, &outputs.iter().rev().copied().collect::<Vec<_>>());
    let (mut one, mut many) = (Gradient::zeros(), Gradient::zeros());
    network
        .gradient_in_blocks::<U1, _, _, _>(samples, &MeanSquaredError, &mut one)
        .expect("right");
    network
        .gradient_in_blocks::<U32, _, _, _>(samples, &MeanSquaredError, &mut many)
        .expect("right");
    assert_eq!(one.parameters(), many.parameters());
}

#[test]
fn a_residual_block_around_a_recurrent_layer_streams() {
    type Layers = (
        Residual<Gru<Sequence<U3, U2>, U2, AllStates>>,
        Activate<Sequence<U3, U2>, Relu>,
        Softmax<Sequence<U3, U2>>,
    );
    let network = random::<Layers>(5);
    let input = [[1.0, -2.0], [0.5, 0.25], [3.0, 1.0]];
    let mut state = State::<Layers, f64>::new();
    assert_eq!(
        input.map(|step| network.step(&step, &mut state)),
        network.forward(&input)
    );
}

#[test]
fn fingerprints_tell_a_layer_from_what_is_around_it() {
    type Plain = Dense<U3, U3>;
    let prints = [
        Plain::FINGERPRINT,
        <Residual<Plain> as Layer>::FINGERPRINT,
        <(Plain, Plain) as Layer>::FINGERPRINT,
        <Parallel<Plain, Plain> as Layer>::FINGERPRINT,
        <Residual<(Plain, Plain)> as Layer>::FINGERPRINT,
        <(Residual<Plain>, Plain) as Layer>::FINGERPRINT,
        <(Plain, Residual<Plain>) as Layer>::FINGERPRINT,
    ];
    for (i, a) in prints.iter().enumerate() {
        assert!(!prints[..i].contains(a), "{i}");
    }
}

#[test]
fn views_show_the_layers_inside() {
    type Both = Parallel<(RmsNorm<U2>, Dense<U2, U1>), Residual<LayerNorm<U2>>>;
    let mut network = Network::<Both>::zeros();
    let ((norm, dense), residual) = network.layers_mut();
    *norm = [1.0, 2.0];
    *dense.weights = [[3.0], [4.0]];
    *dense.bias = [5.0];
    *residual.weights = [6.0, 7.0];
    *residual.bias = [8.0, 9.0];
    assert_eq!(
        network.parameters().as_slice(),
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    );
    let ((norm, dense), residual) = network.layers();
    assert_eq!(
        (norm[1], dense.weights[1], residual.bias[1]),
        (2.0, [4.0], 9.0)
    );
}
