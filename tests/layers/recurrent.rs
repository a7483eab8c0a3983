//! Recurrent layers against PyTorch's figures, their gradients, and a sequence step by step.

use crate::figures::{near, numbers};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use serde_json::Value;
use sizednet::initializer::uniform;
use sizednet::layer::{State, Streaming};
use sizednet::{
    AllStates, Dense, Element, Gradient, Gru, InputArray, Layer, Lstm, MeanSquaredError, Network,
    OutputArray, Portable, Reshape, Rnn, Scalar, Sequence, Sgd, Shape, Tanh, Tape, Target, Trainer,
    gradient_check, sizes::*,
};

type Input = Sequence<U5, U3>;

fn figures(kind: &str) -> Value {
    let text = include_str!("../figures/recurrent.json");
    let all: Value = serde_json::from_str(text).expect("JSON");
    all[kind].clone()
}

fn array<S: Shape>(values: &[f64]) -> S::Array<f64> {
    let mut array = <S::Array<f64>>::ZERO;
    S::flatten_mut(core::slice::from_mut(&mut array)).copy_from_slice(values);
    array
}

fn flat<S: Shape>(array: &S::Array<f64>) -> Vec<f64> {
    S::flatten(core::slice::from_ref(array)).to_vec()
}

/// Forward, loss, gradients and a step of two samples; `what` is "last" or "all".
fn agrees_with_torch<L: Layer<Input = Input>>(kind: &str, what: &str)
where
    OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
{
    let figures = figures(kind);
    let parameters = numbers(&figures["parameters"]);
    let mut network = Network::<L, f64>::zeros();
    network.parameters_mut().copy_from_slice(&parameters);
    let values = flat::<L::Output>(&<OutputArray<L, f64>>::ZERO).len();
    // the last state is the end of all states
    let end = |sample: &Value| numbers(sample).split_off(20 - values);
    let mut samples = Vec::new();
    for sample in 0..2 {
        let input = array::<Input>(&numbers(&figures["inputs"][sample]));
        let output = flat::<L::Output>(&network.forward(&input));
        near(&output, &end(&figures["outputs"][sample]), "output");
        samples.push((input, array::<L::Output>(&end(&figures["targets"][sample]))));
    }
    let wanted = &figures[what];
    let mut gradient = Gradient::zeros();
    let found = network.gradient(&samples, &MeanSquaredError, &mut gradient);
    near(
        &[found.expect("right").loss],
        &numbers(&wanted["loss"]),
        "loss",
    );
    near(
        gradient.parameters(),
        &numbers(&wanted["gradient"]),
        "gradient",
    );

    let mut input_gradients = Vec::new();
    for (input, target) in &samples {
        let mut tape = Tape::<L, f64>::new();
        let output = flat::<L::Output>(&network.record(input, &mut tape));
        // of the mean over the outputs of two samples
        let slopes: Vec<f64> = output
            .iter()
            .zip(flat::<L::Output>(target))
            .map(|(y, t)| (y - t) / values as f64)
            .collect();
        let slopes = array::<L::Output>(&slopes);
        let found = network.backward(input, &tape, &slopes, &mut Gradient::zeros());
        input_gradients.extend(flat::<Input>(&found));
    }
    near(
        &input_gradients,
        &numbers(&wanted["input_gradient"]),
        "input gradient",
    );

    Trainer::full_batch(MeanSquaredError, Sgd::new(0.1))
        .epoch(&mut network, &samples)
        .expect("finite");
    near(network.parameters(), &numbers(&wanted["stepped"]), "step");
}

#[test]
fn outputs_gradients_and_a_step_are_those_of_torch() {
    agrees_with_torch::<Gru<Input, U4>>("gru", "last");
    agrees_with_torch::<Gru<Input, U4, AllStates>>("gru", "all");
    agrees_with_torch::<Lstm<Input, U4>>("lstm", "last");
    agrees_with_torch::<Lstm<Input, U4, AllStates>>("lstm", "all");
    agrees_with_torch::<Rnn<Input, U4>>("rnn", "last");
    agrees_with_torch::<Rnn<Input, U4, AllStates>>("rnn", "all");
    // nor does it matter where a product is rounded
    agrees_with_torch::<Portable<Gru<Input, U4>>>("gru", "last");
}

#[cfg(feature = "safetensors")]
#[test]
fn files_of_torch_give_its_weights() {
    fn loads<L: Layer>(kind: &str) {
        let path = format!(
            "{}/figures/safetensors/{kind}.safetensors",
            env!("CARGO_MANIFEST_DIR")
        );
        let mut network = Network::<L, f64>::zeros();
        let file = std::fs::read(path).expect("a file");
        sizednet::safetensors::load(&mut network, &file).expect("right");
        let wanted = numbers(&figures(kind)["parameters"]);
        assert_eq!(network.parameters().as_slice(), wanted);
    }
    loads::<Gru<Input, U4>>("gru");
    loads::<Lstm<Input, U4>>("lstm");
    loads::<Rnn<Input, U4>>("rnn");
}

fn random_input<L: Layer, T: Scalar>(rng: &mut Xoshiro256PlusPlus) -> InputArray<L, T> {
    let mut input = <InputArray<L, T>>::ZERO;
    for value in L::Input::flatten_mut(core::slice::from_mut(&mut input)) {
        *value = uniform(T::from_f64(-1.5), T::from_f64(1.5), rng);
    }
    input
}

/// A network whose biases are not 0.
fn random<L: Layer, T: Scalar>(rng: &mut Xoshiro256PlusPlus) -> Network<L, T> {
    let mut network = Network::<L, T>::zeros();
    for value in network.parameters_mut() {
        *value = uniform(T::from_f64(-0.8), T::from_f64(0.8), rng);
    }
    network
}

fn gradient_is_right<L: Layer>()
where
    OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
{
    for seed in 0..if cfg!(feature = "long") { 8 } else { 2 } {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut network = random::<L, f64>(&mut rng);
        let input = random_input::<L, f64>(&mut rng);
        let target = <OutputArray<L, f64>>::ZERO;
        let check = gradient_check(&mut network, &MeanSquaredError, &input, &target);
        assert!(check.error() < 1e-6, "{check}");
    }
}

type Deep = (
    Gru<Input, U4, AllStates>,
    Lstm<Sequence<U5, U4>, U6, AllStates>,
    Rnn<Sequence<U5, U6>, U3, AllStates>,
    Gru<Sequence<U5, U3>, U7>,
    Dense<U7, U2, Tanh>,
);

macro_rules! gradients_are_right {
    ($($name:ident: $layers:ty;)*) => {
        mod gradient_is_right {
            use super::*;

            $(
                #[test]
                fn $name() {
                    gradient_is_right::<$layers>();
                }
            )*
        }
    };
}

gradients_are_right! {
    gru: Gru<Input, U4>;
    gru_of_all_states: Gru<Input, U4, AllStates>;
    lstm: Lstm<Input, U4>;
    lstm_of_all_states: Lstm<Input, U4, AllStates>;
    rnn: Rnn<Input, U4>;
    rnn_of_all_states: Rnn<Input, U4, AllStates>;
    gru_of_one: Gru<Sequence<U1, U1>, U1>;
    wide_lstm: Lstm<Sequence<U3, U2>, U17>;
    deep: Deep;
}

/// The last step of a stream gives what the whole sequence gives, and a batch gives what single samples give.
fn streams_and_batches<L, const STEPS: usize>()
where
    InputArray<L, f32>: AsRef<[<L::StepInput as Shape>::Array<f32>]>,
    L: Streaming<StepOutput = <L as Layer>::Output>,
    OutputArray<L, f32>: Target<L::Output, f32, Kind = [f32]> + PartialEq,
{
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let network = random::<L, f32>(&mut rng);
    let inputs: Vec<_> = (0..50).map(|_| random_input::<L, f32>(&mut rng)).collect();
    let mut outputs = vec![<OutputArray<L, f32>>::ZERO; inputs.len()];
    network
        .forward_batch(&inputs, &mut outputs)
        .expect("as many");
    for (input, output) in inputs.iter().zip(&outputs) {
        assert_eq!(&network.forward(input), output);
        assert_eq!(input.as_ref().len(), STEPS);
        let mut state = State::<L>::new();
        let mut last = <OutputArray<L, f32>>::ZERO;
        for step in input.as_ref() {
            last = network.step(step, &mut state);
        }
        assert_eq!(&last, output);
    }
    // the size of a block changes no bit of a gradient
    let samples: Vec<_> = inputs.into_iter().zip(outputs.into_iter().rev()).collect();
    let (mut one, mut many) = (Gradient::<L>::zeros(), Gradient::<L>::zeros());
    network
        .gradient_in_blocks::<U1, _, _, _>(&samples, &MeanSquaredError, &mut one)
        .expect("right");
    network
        .gradient_in_blocks::<U32, _, _, _>(&samples, &MeanSquaredError, &mut many)
        .expect("right");
    assert_eq!(one.parameters(), many.parameters());
}

#[test]
fn a_stream_gives_the_bits_of_the_sequence_and_a_batch_those_of_a_sample() {
    streams_and_batches::<Gru<Input, U4>, 5>();
    streams_and_batches::<Lstm<Input, U16>, 5>();
    streams_and_batches::<Rnn<Input, U33>, 5>();
    streams_and_batches::<Deep, 5>();
    streams_and_batches::<Portable<Deep>, 5>();
    streams_and_batches::<(Gru<Sequence<U20, U1>, U64>, Dense<U64, U4>), 20>();
}

/// The bits of portable arithmetic, from plain scalar loops in the order that the kernels promise.
#[test]
fn a_portable_step_is_a_plain_loop_to_the_bit() {
    const F: usize = 3;
    const H: usize = 80; // 240 sums: each is one sum, first to last
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let network = random::<Portable<Gru<Sequence<U2, U3>, U80>>, f32>(&mut rng);
    let input = [[0.5_f32, -1.0, 2.0], [0.25, 1.5, -0.75]];
    let p = network.parameters();
    let (w, rest) = p.split_at(F * 3 * H);
    let (u, rest) = rest.split_at(H * 3 * H);
    let (b, c) = rest.split_at(3 * H);
    let sums = |x: &[f32], w: &[f32], b: &[f32]| -> Vec<f32> {
        let sum = |o: usize| {
            let products = x.iter().zip(w.chunks_exact(3 * H)).map(|(x, w)| x * w[o]);
            products.fold(b[o], |sum, product| sum + product)
        };
        (0..3 * H).map(sum).collect()
    };
    let mut h = vec![0.0_f32; H];
    for x in &input {
        let (of_x, of_h) = (sums(x, w, b), sums(&h, u, c));
        for i in 0..H {
            let r = Scalar::sigmoid(of_x[i] + of_h[i]);
            let z = Scalar::sigmoid(of_x[H + i] + of_h[H + i]);
            let n = Scalar::tanh(of_x[2 * H + i] + r * of_h[2 * H + i]);
            h[i] = n + z * (h[i] - n);
        }
    }
    assert_eq!(network.forward(&input).as_slice(), h);
}

#[test]
fn views_are_the_parameters_in_their_order() {
    type Layers = (
        Gru<Input, U4>,
        Reshape<U4, Sequence<U2, U2>>,
        Lstm<Sequence<U2, U2>, U2>,
    );
    let mut network = Network::<Layers, f64>::zeros();
    for (place, value) in (0..).zip(network.parameters_mut()) {
        *value = f64::from(place);
    }
    let (gru, (), lstm) = network.layers();
    assert_eq!(gru.input_weights[2][1][3], 31.0); // 2 * 12 + 1 * 4 + 3
    assert_eq!(gru.state_weights[0][0][0], 36.0);
    assert_eq!(gru.state_weights[3][2][3], 83.0);
    assert_eq!(gru.input_bias[0], [84.0, 85.0, 86.0, 87.0]);
    assert_eq!(gru.state_bias[2], [104.0, 105.0, 106.0, 107.0]);
    assert_eq!(lstm.input_weights[0][0], [108.0, 109.0]);
    assert_eq!(lstm.state_bias[3][1], 155.0);
    let (gru, (), lstm) = network.layers_mut();
    gru.state_bias[2][3] = -1.0;
    lstm.state_weights[1][3][1] = -2.0;
    assert_eq!(network.parameters()[107], -1.0);
    assert_eq!(network.parameters()[139], -2.0);
}
