//! Networks: outputs, loss and gradients of all parameters and inputs.

use sizednet::{
    Activation, Class, CrossEntropy, DefaultBlock, Dense, Element, Gelu, Gradient, InputArray,
    Layer, Loss, MeanSquaredError, Network, OutputArray, Portable, Scalar, Shape, Size, Tanh, Tape,
    Target, sizes::*,
};

use super::{ACTIVATIONS, FIGURES, Record, assert_all, scalars};

type Small<A> = (Dense<U3, U4, A>, Dense<U4, U2, A>);
type Deep = (Dense<U5, U7, Tanh>, Dense<U7, U6, Gelu>, Dense<U6, U3>);

fn network<L: Layer, T: Scalar>(parameters: &[f64]) -> Network<L, T> {
    let mut network = Network::zeros();
    network
        .parameters_mut()
        .copy_from_slice(&scalars(parameters));
    network
}

fn inputs<L: Layer, T: Scalar>(record: &mut Record) -> Vec<InputArray<L, T>> {
    let rows = record.rows("inputs").into_iter().map(|row| {
        let mut input = <InputArray<L, T>>::ZERO;
        L::Input::flatten_mut(core::slice::from_mut(&mut input)).copy_from_slice(&scalars(&row));
        input
    });
    rows.collect()
}

/// Compares one network on one batch; `slopes` gives a loss's gradient with respect to an output. Blocks of `U1` cost the
/// least compile time, since single samples need that kernel anyway.
fn compare<L, T, X, E, B>(
    record: &mut Record,
    targets: &[X],
    loss: &E,
    slopes: impl Fn(&OutputArray<L, T>, &X) -> OutputArray<L, T>,
) where
    L: Layer,
    T: Scalar,
    X: Target<L::Output, T>,
    E: Loss<T, X::Kind>,
    B: Size,
{
    let network = network::<L, T>(&record.numbers("parameters"));
    let inputs = inputs::<L, T>(record);
    assert_eq!(inputs.len(), targets.len());
    let samples = (&inputs[..], targets);

    let outputs: Vec<_> = inputs.iter().map(|input| network.forward(input)).collect();
    let flat = L::Output::flatten(&outputs);
    assert_all("outputs", flat, &record.numbers("outputs"), 10.0);

    let mut gradient = Gradient::<L, T>::zeros();
    gradient.parameters_mut().fill(T::ONE);
    let found = network
        .gradient_in_blocks::<B, _, _, _>(samples, loss, &mut gradient)
        .expect("samples");
    assert_all("loss", &[found.loss], &[record.number("loss")], 10.0);
    assert_eq!(found.samples as usize, inputs.len());
    let wanted = record.numbers("gradient");
    assert_all("gradient", gradient.parameters(), &wanted, 30.0);

    // by hand, a sample at a time: gradients are added in order and divided once
    let (mut tape, mut sum) = (Tape::<L, T>::new(), Gradient::<L, T>::zeros());
    let mut input_gradients = Vec::new();
    for ((input, target), output) in inputs.iter().zip(targets).zip(&outputs) {
        assert_eq!(network.record(input, &mut tape), *output);
        let slopes = slopes(output, target);
        input_gradients.push(network.backward(input, &tape, &slopes, &mut sum));
    }
    for slope in sum.parameters_mut() {
        *slope = *slope / T::from_u32(found.samples);
    }
    assert_eq!(sum, gradient);
    let flat = L::Input::flatten(&input_gradients);
    let wanted = record.numbers("input_gradient");
    assert_all("input gradient", flat, &wanted, 30.0);
}

fn compare_small<A: Activation, T: Scalar>(mut record: Record)
where
    Small<A>: Layer<Input = U3, Output = U2>,
{
    let targets: Vec<[T; 2]> = record
        .rows("targets")
        .iter()
        .map(|row| *scalars(row).as_array().expect("two values"))
        .collect();
    if A::NAME == "HardSigmoid" {
        // PyTorch holds this slope as a float32, which is in the first layer's gradients twice
        let factor = f64::from(1.0_f32 / 6.0) * 6.0;
        for (key, first) in [("gradient", 16), ("input_gradient", usize::MAX)] {
            let numbers = record.numbers(key).into_iter().enumerate();
            let right = numbers.map(|(index, number)| {
                let times = if index < first { 2 } else { 1 };
                number / factor.powi(times)
            });
            record.0.insert(key.to_owned(), right.collect());
        }
    }
    compare::<Small<A>, T, _, _, U1>(
        &mut record,
        &targets,
        &MeanSquaredError,
        |output, target| {
            let mut slopes = [T::ONE; 2];
            MeanSquaredError.loss(output, &target[..], &mut slopes);
            slopes
        },
    );
    record.finish();
}

#[test]
fn two_layers_of_each_activation() {
    let records = FIGURES.clone().records("networks");
    assert_eq!(records.len(), ACTIVATIONS.len());
    for (mut record, name) in records.into_iter().zip(ACTIVATIONS) {
        assert_eq!(record.text("activation"), name);
        with_activation!(name, A => {
            compare_small::<A, f64>(record.clone());
            compare_small::<A, f32>(record);
        });
    }
}

fn compare_deep<T: Scalar>(mut record: Record) {
    assert_eq!(record.numbers("sizes"), [5.0, 7.0, 6.0, 3.0]);
    assert_eq!(record.texts("activations"), ["Tanh", "Gelu", "Identity"]);
    let classes = record.numbers("classes");
    let classes: Vec<Class> = classes.iter().map(|class| Class(*class as usize)).collect();
    let mut again = record.clone();
    compare::<Deep, T, _, _, DefaultBlock>(
        &mut record,
        &classes,
        &CrossEntropy,
        |output, class| {
            let mut slopes = [T::ONE; 3];
            CrossEntropy.loss(output, class, &mut slopes);
            slopes
        },
    );
    record.finish();

    // blocks change no bit, the last of which holds here one sample of three
    let network = network::<Deep, T>(&again.numbers("parameters"));
    let inputs = inputs::<Deep, T>(&mut again);
    let samples = (&inputs[..], &classes[..]);
    let [mut by_default, mut in_blocks] = [(); 2].map(|()| Gradient::<Deep, T>::zeros());
    let losses = [
        network.gradient(samples, &CrossEntropy, &mut by_default),
        network.gradient_in_blocks::<U3, _, _, _>(samples, &CrossEntropy, &mut in_blocks),
    ];
    assert!(losses[0].is_ok());
    assert_eq!(losses[0], losses[1]);
    assert_eq!(by_default, in_blocks);
    let mut outputs = [[T::ZERO; 3]; 4];
    network
        .forward_batch_in_blocks::<U3>(&inputs, &mut outputs)
        .expect("as many outputs");
    for (input, output) in inputs.iter().zip(outputs) {
        assert_eq!(network.forward(input), output);
    }
}

#[test]
fn three_layers_and_classes() {
    let record = FIGURES.clone().record("deep_network");
    compare_deep::<f64>(record.clone());
    compare_deep::<f32>(record);
}

#[test]
fn each_layer_is_seen_where_it_lies() {
    let parameters = FIGURES.clone().record("deep_network").numbers("parameters");
    let mut deep = network::<Deep, f64>(&parameters);
    let (first, second, third) = deep.layers();
    let seen = [
        first.weights.as_flattened(),
        first.bias,
        second.weights.as_flattened(),
        second.bias,
        third.weights.as_flattened(),
        third.bias,
    ];
    assert_eq!(seen.concat(), parameters);
    let (first, second, third) = deep.layers_mut();
    first.weights[4][6] = -5.0;
    second.bias[0] = -6.0;
    third.weights[5][0] = -7.0;
    third.bias[2] = -8.0;
    let mut changed = parameters;
    for (place, value) in [(34, -5.0), (84, -6.0), (105, -7.0), (110, -8.0)] {
        changed[place] = value;
    }
    assert_eq!(&deep.parameters()[..], changed);
}

/// The sums in the order that `kernel` promises, as plain loops over indices.
struct Naive<T> {
    outputs: [[T; 19]; 2],
    weights: [[T; 19]; 3],
    bias: [T; 19],
    inputs: [[T; 3]; 2],
}

#[expect(
    clippy::needless_range_loop,
    reason = "indices are what the formulas have"
)]
fn naive<T: Scalar>(
    weights: &[[T; 19]; 3],
    bias: &[T; 19],
    inputs: &[[T; 3]; 2],
    slopes: &[[T; 19]; 2],
) -> Naive<T> {
    let mut found = Naive {
        outputs: [*bias; 2],
        weights: [[T::ZERO; 19]; 3],
        bias: [T::ZERO; 19],
        inputs: [[T::ZERO; 3]; 2],
    };
    for sample in 0..2 {
        for o in 0..19 {
            for i in 0..3 {
                let product = inputs[sample][i] * weights[i][o];
                found.outputs[sample][o] += product;
                let product = inputs[sample][i] * slopes[sample][o];
                found.weights[i][o] += product;
            }
            found.bias[o] += slopes[sample][o];
        }
        for i in 0..3 {
            let mut s = [T::ZERO; 8];
            for o in 0..19 {
                s[o % 8] += slopes[sample][o] * weights[i][o];
            }
            found.inputs[sample][i] =
                ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
        }
    }
    found
}

/// Numbers in (-1, 1) whose sums round.
fn number<T: Scalar>(index: usize) -> T {
    T::from_f64((index as f64 * 2.7 + 0.3).sin())
}

fn sums<T: Scalar>() {
    type Wide = Portable<Dense<U3, U19>>;
    let weights: [[T; 19]; 3] =
        core::array::from_fn(|i| core::array::from_fn(|o| number(19 * i + o)));
    let bias = core::array::from_fn(|o| number(100 + o));
    let inputs = [
        [number(200), number(201), number(202)],
        [number(203), number(204), number(205)],
    ];
    let slopes: [[T; 19]; 2] =
        core::array::from_fn(|sample| core::array::from_fn(|o| number(300 + 19 * sample + o)));
    let wanted = naive(&weights, &bias, &inputs, &slopes);

    let mut network = Network::<Wide, T>::zeros();
    *network.layers_mut().weights = weights;
    *network.layers_mut().bias = bias;
    let (mut tape, mut gradient) = (Tape::<Wide, T>::new(), Gradient::<Wide, T>::zeros());
    for sample in 0..2 {
        assert_eq!(network.forward(&inputs[sample]), wanted.outputs[sample]);
        let output = network.record(&inputs[sample], &mut tape);
        assert_eq!(output, wanted.outputs[sample]);
        let found = network.backward(&inputs[sample], &tape, &slopes[sample], &mut gradient);
        assert_eq!(found, wanted.inputs[sample]);
    }
    assert_eq!(*gradient.layers().weights, wanted.weights);
    assert_eq!(*gradient.layers().bias, wanted.bias);
    let mut outputs = [[T::ZERO; 19]; 2];
    network
        .forward_batch(&inputs, &mut outputs)
        .expect("two of each");
    assert_eq!(outputs, wanted.outputs);
}

#[test]
fn sums_run_in_the_promised_order() {
    sums::<f64>();
    sums::<f32>();
}
