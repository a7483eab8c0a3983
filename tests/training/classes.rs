//! How good a network is: evaluation, classes, confusion and probabilities against counts by hand; the early stop.

use sizednet::{
    BinaryCrossEntropy, Class, CrossEntropy, Dense, EarlyStop, Heap, MeanSquaredError, Network,
    Stack, sizes::*,
};

type Same<N> = Dense<N, N>;

/// A network that gives what it takes.
fn same() -> Network<Same<U3>> {
    let mut network = Network::<Same<U3>>::zeros();
    *network.layers_mut().weights = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    network
}

/// A network that gives these values.
fn constant(outputs: [f32; 3]) -> Network<Dense<U1, U3>> {
    let mut network = Network::<Dense<U1, U3>>::zeros();
    *network.layers_mut().bias = outputs;
    network
}

#[test]
fn the_class_is_the_lowest_of_the_largest_outputs() {
    let (nan, infinity) = (f32::NAN, f32::INFINITY);
    for (outputs, class) in [
        ([1.0, 2.0, 3.0], 2),
        ([3.0, 2.0, 1.0], 0),
        ([-3.0, -1.0, -2.0], 1),
        ([5.0, 7.0, 7.0], 1),
        ([4.0, 4.0, 4.0], 0),
        ([-0.0, 0.0, 0.0], 0),
        ([nan, 1.0, 2.0], 2),
        ([1.0, nan, 0.0], 0),
        ([0.0, 1.0, nan], 1),
        ([nan, nan, -1e30], 2),
        ([nan, nan, nan], 0),
        ([-infinity, -infinity, -1.0], 2),
        ([-infinity, -infinity, -infinity], 0),
        ([nan, -infinity, -infinity], 0),
        ([1.0, infinity, infinity], 1),
        ([f32::MAX, nan, infinity], 2),
    ] {
        let found = constant(outputs).classify(&[0.0]);
        assert_eq!(found, Class(class), "{outputs:?}");
    }
}

/// 70 samples, so three blocks: the largest input is `taken_for`, the class is what it should be.
fn labeled() -> Vec<([f32; 3], Class)> {
    (0..70)
        .map(|i| {
            let mut input = [0.1, 0.2, 0.3];
            let (class, taken_for) = (i % 3, if i % 7 == 0 { i % 2 } else { i % 3 });
            input[taken_for] = 1.0 + i as f32;
            (input, Class(class))
        })
        .collect()
}

#[test]
fn confusion_and_accuracy_are_those_counted_by_hand() {
    let few = [
        ([9.0, 0.0, 0.0], Class(0)),
        ([0.0, 9.0, 0.0], Class(0)),
        ([0.0, 9.0, 0.0], Class(0)),
        ([0.0, 9.0, 0.0], Class(1)),
        ([0.0, 0.0, 9.0], Class(1)),
        ([0.0, 0.0, 9.0], Class(2)),
        ([0.0, 0.0, 9.0], Class(2)),
        ([9.0, 0.0, 9.0], Class(2)),
    ];
    let confusion = same().confusion(&few).expect("samples");
    assert_eq!(confusion.counts, [[1, 2, 0], [0, 1, 1], [1, 0, 2]]);
    assert_eq!(confusion.accuracy(), 0.5);
    let text = "class      0     1     2\n    0      1     2     0\n    1      0     1     1\n    2      1     0     2";
    assert_eq!(confusion.to_string(), text);

    let confusion = same().confusion(&labeled()).expect("samples");
    // 0, 7, …, 63 were taken for the rest of a division by 2, of which 0, 7, 42 and 49 are right
    let right: u32 = (0..3).map(|class| confusion.counts[class][class]).sum();
    assert_eq!(right, 64);
    assert_eq!(confusion.counts.as_flattened().iter().sum::<u32>(), 70);
    assert_eq!(confusion.counts[0].iter().sum::<u32>(), 24);
    assert_eq!(confusion.counts[2][2], 20);
    assert_eq!(confusion.accuracy(), 64.0 / 70.0);
}

#[test]
fn evaluation_is_the_mean_loss_over_all_samples() {
    let inputs: Vec<_> = (0..70).map(|i| [f64::from(i), 0.5]).collect();
    let targets: Vec<_> = (0..70).map(|i| [f64::from(i % 5), -1.0]).collect();
    let mut network = Network::<Same<U2>, f64>::zeros();
    *network.layers_mut().weights = [[1.0, 0.0], [0.0, 1.0]];
    let found = network
        .evaluate((&inputs, &targets), &MeanSquaredError)
        .expect("samples");
    let sum: f64 = (0..70)
        .map(|i| (f64::from(i - i % 5).powi(2) + 1.5 * 1.5) / 2.0)
        .sum();
    let mean = sum / 70.0;
    assert!((found.loss - mean).abs() <= 70.0 * f64::EPSILON * mean);
    assert_eq!(found.samples, 70);

    // every class is as likely as the others
    let samples = [0, 1, 2, 2].map(|class| ([1.0], Class(class)));
    let found = constant([5.0; 3]).evaluate(&samples, &CrossEntropy);
    let loss = found.expect("samples").loss;
    assert!((loss - 3.0_f32.ln()).abs() < 1e-6, "{loss}");

    let found = constant([f32::NAN; 3]).evaluate(&samples, &CrossEntropy);
    assert!(found.expect("samples").loss.is_nan(), "not an error");
}

#[test]
fn probabilities_are_the_softmax_and_sum_to_1() {
    for (logits, wanted) in [
        ([0.0, 0.0, 0.0], [1.0 / 3.0; 3]),
        ([1000.0, 1000.0, -1000.0], [0.5, 0.5, 0.0]),
        ([f64::MAX, -f64::MAX, 0.0], [1.0, 0.0, 0.0]),
        ([-f64::MAX, -f64::MAX, -f64::MAX], [1.0 / 3.0; 3]),
        ([1e300, f64::MAX, 1.0], [0.0, 1.0, 0.0]),
        ([-1e-300, 0.0, 1e-300], [1.0 / 3.0; 3]),
    ] {
        let found = CrossEntropy.probabilities(&logits);
        for (p, wanted) in found.iter().zip(wanted) {
            assert!((p - wanted).abs() < 1e-15, "{logits:?}: {found:?}");
        }
    }
    for i in 0..200 {
        let logits = [0.3, -0.7, 0.9, 0.1].map(|y| (f64::from(i) * y).sin() * f64::from(i));
        let found = CrossEntropy.probabilities(&logits);
        let all: f64 = logits.iter().map(|y| y.exp()).sum();
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        for (p, y) in found.into_iter().zip(logits) {
            let wanted = y.exp() / all;
            assert!((p - wanted).abs() <= 1e-12 * wanted, "{p:e} {wanted:e}");
        }
    }
    assert!(CrossEntropy.probabilities(&[f32::NAN, 0.0])[0].is_nan());
}

#[test]
fn binary_probabilities_are_the_sigmoid_of_each_logit() {
    let logits = [0.0, 2.0, -2.0, 40.0, f32::MAX, -f32::MAX];
    let found = BinaryCrossEntropy.probabilities(&logits);
    let two = 1.0 / (1.0 + (-2.0_f64).exp());
    for (p, wanted) in found.iter().zip([0.5, two, 1.0 - two, 1.0, 1.0, 0.0]) {
        assert!((f64::from(*p) - wanted).abs() < 1e-7, "{found:?}");
    }
}

/// The bias that a network is left with after the stop saw these losses, in networks whose bias is 1, 2, …; and at
/// which of them it was time to stop.
fn stopped(patience: u32, losses: &[f32]) -> (f32, Vec<usize>) {
    let mut network = Network::<Dense<U1, U1>>::zeros();
    let mut stop = EarlyStop::patience(patience);
    let mut times = Vec::new();
    for (place, loss) in losses.iter().enumerate() {
        network.layers_mut().bias[0] += 1.0;
        if stop.see(*loss, &network) {
            times.push(place);
        }
    }
    stop.restore(&mut network);
    (network.layers().bias[0], times)
}

#[test]
fn the_early_stop_waits_and_restores_the_best_parameters() {
    let (nan, infinity) = (f32::NAN, f32::INFINITY);
    assert_eq!(stopped(2, &[5.0, 4.0, 3.0, 2.0]), (4.0, vec![]));
    assert_eq!(stopped(2, &[5.0, 3.0, 4.0, 3.5]), (2.0, vec![3]));
    assert_eq!(stopped(1, &[5.0, 6.0]), (1.0, vec![1]));
    assert_eq!(stopped(2, &[3.0, 3.0, 3.0]), (1.0, vec![2]), "no lower");
    // an improvement starts the wait anew
    let losses = [5.0, 6.0, 7.0, 4.0, 6.0, 7.0, 8.0];
    assert_eq!(stopped(3, &losses), (4.0, vec![6]));
    // what is not finite is no improvement, and waits as well
    assert_eq!(stopped(2, &[nan, infinity]), (2.0, vec![1]), "unchanged");
    assert_eq!(stopped(3, &[nan, 5.0, -infinity, nan]), (2.0, vec![]));
    assert_eq!(stopped(2, &[nan, 5.0, infinity, nan]), (2.0, vec![3]));
    assert_eq!(stopped(9, &[-1.0, -2.0, -1.5]), (2.0, vec![]));
}

#[test]
fn a_patience_of_0_stops_at_the_first_loss_that_is_not_lower() {
    assert_eq!(stopped(0, &[5.0, 4.0, 4.5]), (2.0, vec![2]));
}

#[test]
fn an_early_stop_that_saw_nothing_restores_nothing() {
    let mut network = same();
    let stack = EarlyStop::<Same<U3>, f32, Stack>::patience(3);
    let heap = EarlyStop::<Same<U3>, f32, Heap>::new(3);
    assert_eq!((stack.best(), heap.best()), (None, None));
    stack.restore(&mut network);
    heap.restore(&mut network);
    assert_eq!(network, same());

    let mut heap = heap;
    assert!(!heap.see(0.5, &network));
    network.parameters_mut().fill(7.0);
    assert!(!heap.see(0.75, &network));
    assert_eq!(heap.best(), Some(0.5));
    heap.restore(&mut network);
    assert_eq!(network, same());
}
