//! Refused steps: a step that meets NaN or infinity changes no bit, and its error says where it was.

use core::fmt::Debug;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::{
    Activate, Adam, Batching, Class, CrossEntropy, DataError, Dense, FullBatch, Image,
    MeanSquaredError, MiniBatch, Network, OwnOrder, Place, Relu, Rprop, Sequence, Sgd, Stochastic,
    Tanh, Trainer, TrainingError, sizes::*,
};

use crate::bits::{Bits, Open, all_bits, bits, with_every_optimizer};
use crate::visits::visits;

type Small = (Dense<U2, U3, Tanh>, Dense<U3, U2>);
type Samples<T> = Vec<([T; 2], [T; 2])>;

const SEED: u64 = 3;
const SAMPLES: usize = 7;

fn first_network<T: Bits>() -> Network<Small, T> {
    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(1))
}

fn healthy<T: Bits>() -> Samples<T> {
    let number = |i: usize| T::from_f64((i as f64 * 0.7).sin());
    (0..SAMPLES)
        .map(|i| {
            (
                [number(i), number(i + 10)],
                [number(i + 20), number(i + 30)],
            )
        })
        .collect()
}

fn not_finite<T: Bits>() -> [T; 3] {
    [T::INFINITY * T::ZERO, T::INFINITY, -T::INFINITY]
}

fn at(epoch: u32, place: Place) -> TrainingError {
    TrainingError::NotFinite { epoch, place }
}

/// Trains a healthy epoch, then one with these samples broken, which has to stop at the first of them with all as it was
/// before its batch. The reference makes a full-batch update from each batch before it, in the order that a loss sees.
fn stops<M: Batching + OwnOrder, T: Bits, O: Open<Small, T>>(
    name: &str,
    optimizer: O,
    broken: &Samples<T>,
    bad: &[usize],
) {
    let batch = M::SAMPLES.unwrap_or(SAMPLES);
    let mut network = first_network();
    let mut trainer = Trainer::<Small, _, _, M, T>::new(MeanSquaredError, optimizer);
    trainer.seed(SEED);
    trainer.epoch(&mut network, &healthy()).expect("finite");
    let error = trainer.epoch(&mut network, broken);

    let mut expected = first_network();
    let mut reference = Trainer::full_batch(MeanSquaredError, optimizer);
    let orders = [0, 1].map(|epoch| visits::<M>(SEED, epoch, SAMPLES));
    let stop = orders[1].iter().position(|sample| bad.contains(sample));
    let stop = stop.expect("a bad sample is in each epoch");
    let whole = stop / batch * batch;
    for batch in orders[0]
        .chunks(batch)
        .chain(orders[1][..whole].chunks(batch))
    {
        let samples: Samples<T> = batch.iter().map(|sample| healthy()[*sample]).collect();
        reference
            .epoch(&mut expected, &samples)
            .expect("all are healthy");
    }
    let sample = orders[1][stop];
    let told = TrainingError::SampleNotFinite { epoch: 1, sample };
    assert_eq!(error, Err(told), "{name}");
    assert_eq!(
        all_bits(&network, &trainer),
        all_bits(&expected, &reference),
        "{name}, {bad:?}"
    );
    assert_eq!(
        trainer.next_epoch(),
        1,
        "{name}: that epoch can be repeated"
    );
    trainer.epoch(&mut network, &healthy()).expect("finite");
}

fn broken_data<T: Bits, O: Open<Small, T>>(name: &str, optimizer: O) {
    let last = SAMPLES - 1;
    for value in not_finite::<T>() {
        let [mut first, mut other, mut several] = [(); 3].map(|()| healthy::<T>());
        first[0].0[0] = value;
        other[last].1[1] = value;
        several[5].0[1] = value;
        several[4].1[0] = value;
        for (broken, bad) in [(&first, &[0][..]), (&other, &[last]), (&several, &[5, 4])] {
            stops::<Stochastic, T, O>(name, optimizer, broken, bad);
            stops::<MiniBatch<U3, U2>, T, O>(name, optimizer, broken, bad);
            // the last samples are in a later block
            stops::<FullBatch<U2>, T, O>(name, optimizer, broken, bad);
        }
    }
}

#[test]
fn inputs_and_targets_that_are_not_finite_are_refused_and_earlier_steps_stay() {
    with_every_optimizer!(broken_data::<f32>, 0.01);
    with_every_optimizer!(broken_data::<f64>, 0.01);
}

#[test]
fn one_sample_that_is_not_finite_is_told_and_changes_nothing() {
    let told = TrainingError::SampleNotFinite {
        epoch: 0,
        sample: 0,
    };
    let text = "sample 0 holds a value that is not finite; the step that met it in epoch 0 was not applied";
    assert_eq!(told.to_string(), text);
    let (input, target) = healthy::<f32>()[0];
    for value in not_finite() {
        let mut network = first_network();
        let mut plain = Trainer::stochastic(MeanSquaredError, Sgd::new(0.01));
        let mut adam = Trainer::stochastic(MeanSquaredError, Adam::new(0.01));
        plain.step(&mut network, &input, &target).expect("finite");
        adam.step(&mut network, &input, &target).expect("finite");
        let before = [all_bits(&network, &plain), all_bits(&network, &adam)];
        for (input, target) in [([input[0], value], target), (input, [value, target[1]])] {
            assert_eq!(plain.step(&mut network, &input, &target), Err(told));
            assert_eq!(adam.step(&mut network, &input, &target), Err(told));
        }
        let after = [all_bits(&network, &plain), all_bits(&network, &adam)];
        assert_eq!(before, after);
    }
}

/// The other sample comes first, and it is training that diverges there, as finite as its data are.
#[test]
fn a_finite_sample_is_not_blamed_for_another() {
    let mut network = Network::<Dense<U1, U1>>::zeros();
    let samples = [([1.0], [f32::MAX]), ([f32::NAN], [0.0])];
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.01));
    let error = trainer.epoch(&mut network, &samples);
    assert_eq!(error, Err(at(0, Place::Sample(0))));
}

#[test]
fn targets_of_each_shape_and_inputs_of_classes_are_searched() {
    let wanted = |sample| Err(TrainingError::SampleNotFinite { epoch: 0, sample });
    let mut network = Network::<Activate<Image<U1, U2, U1>, Tanh>>::zeros();
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.01));
    let mut samples = [([[[0.5_f32], [0.5]]], [[[0.0], [0.0]]]); 3];
    samples[1].1[0][1][0] = f32::INFINITY;
    assert_eq!(trainer.epoch(&mut network, &samples), wanted(1));

    let mut network = Network::<Activate<Sequence<U2, U1>, Tanh>>::zeros();
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.01));
    let mut samples = [([[0.5_f32], [0.5]], [[0.0], [0.0]]); 3];
    samples[2].1[1][0] = f32::NAN;
    assert_eq!(trainer.epoch(&mut network, &samples), wanted(2));

    let mut network = Network::<Dense<U2, U2>>::zeros();
    let mut trainer = Trainer::full_batch(CrossEntropy, Sgd::new(0.01));
    let mut samples = [([0.5, 1.0], Class(1)); 3];
    samples[1].0[0] = f32::NEG_INFINITY;
    assert_eq!(trainer.epoch(&mut network, &samples), wanted(1));
}

fn refused<T: Bits, E: Copy + Debug + PartialEq>(result: Result<T, E>, message: &str) -> E {
    result.map(|_| ()).expect_err(message)
}

fn broken_parameters<T: Bits, O: Open<Small, T>>(name: &str, optimizer: O) {
    for value in not_finite::<T>() {
        for index in 0..Network::<Small>::PARAMETERS {
            let mut network = first_network::<T>();
            let mut one = Trainer::stochastic(MeanSquaredError, optimizer);
            let mut all = Trainer::full_batch_in_blocks::<U2>(MeanSquaredError, optimizer);
            one.epoch(&mut network, &healthy()).expect("finite");
            all.epoch(&mut network, &healthy()).expect("finite");
            network.parameters_mut()[index] = value;
            let before = [all_bits(&network, &one), all_bits(&network, &all)];

            let (input, target) = healthy()[0];
            let error = refused(one.step(&mut network, &input, &target), name);
            assert_eq!(error, at(1, Place::Sample(0)), "{name}, {index}");
            let error = one.epoch(&mut network, &healthy()).expect_err(name);
            let first = visits::<Stochastic>(0, 1, SAMPLES)[0];
            assert_eq!(error, at(1, Place::Sample(first)), "{name}, {index}");
            let error = all.epoch(&mut network, &healthy()).expect_err(name);
            let wanted = [Place::Sample(0), Place::Batch(0)].map(|place| at(1, place));
            assert!(wanted.contains(&error), "{name}, {index}: {error}");
            let after = [all_bits(&network, &one), all_bits(&network, &all)];
            assert_eq!(before, after, "{name}, {index}");
        }
    }
}

#[test]
fn parameters_that_are_not_finite_are_refused_and_stay() {
    with_every_optimizer!(broken_parameters::<f32>, 0.01);
    with_every_optimizer!(broken_parameters::<f64>, 0.01);
}

/// What is broken here gives a finite loss and a finite gradient.
#[test]
fn a_parameter_that_takes_no_part_is_named_by_its_batch() {
    let mut network = Network::<(Dense<U1, U2, Relu>, Dense<U2, U1>)>::zeros();
    network.parameters_mut().fill(0.5);
    network.layers_mut().0.bias[1] = f32::NEG_INFINITY;
    assert!(network.forward(&[1.0])[0].is_finite());
    let before = bits(&network);
    let samples = [([1.0], [2.0]), ([2.0], [1.0]), ([3.0], [0.0])];
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.01));
    let error = trainer.epoch(&mut network, &samples);
    assert_eq!(error, Err(at(0, Place::Batch(0))));
    let mut trainer = Trainer::mini_batch::<U2>(MeanSquaredError, Sgd::new(0.01));
    let error = trainer.epoch(&mut network, &samples);
    assert_eq!(error, Err(at(0, Place::Batch(0))));
    assert_eq!(bits(&network), before);
}

fn broken_state<T: Bits, O: Open<Small, T>>(name: &str, optimizer: O) {
    let fresh = Trainer::<Small, _, _, Stochastic, T>::stochastic(MeanSquaredError, optimizer);
    let arrays = fresh.state().arrays.as_ref().len();
    for array in 0..arrays {
        for index in 0..Network::<Small>::PARAMETERS {
            // the gradient before is only asked for its sign, and NaN has none
            if name == "Rprop" && array == 0 {
                continue;
            }
            let mut network = first_network::<T>();
            let mut one = Trainer::stochastic(MeanSquaredError, optimizer);
            let mut all = Trainer::full_batch(MeanSquaredError, optimizer);
            one.epoch(&mut network, &healthy()).expect("finite");
            all.epoch(&mut network, &healthy()).expect("finite");
            one.state_mut().arrays.as_mut()[array][index] = not_finite()[0];
            all.state_mut().arrays.as_mut()[array][index] = not_finite()[0];
            let before = [all_bits(&network, &one), all_bits(&network, &all)];
            let first = visits::<Stochastic>(0, 1, SAMPLES)[0];
            let error = one.epoch(&mut network, &healthy());
            assert_eq!(error, Err(at(1, Place::Sample(first))), "{name}");
            let error = all.epoch(&mut network, &healthy());
            assert_eq!(error, Err(at(1, Place::Batch(0))), "{name}");
            let after = [all_bits(&network, &one), all_bits(&network, &all)];
            assert_eq!(before, after, "{name}");
        }
    }
}

#[test]
fn optimizer_state_that_is_not_finite_is_refused_and_stays() {
    with_every_optimizer!(broken_state::<f32>, 0.01);
    with_every_optimizer!(broken_state::<f64>, 0.01);
}

#[test]
fn a_state_that_the_update_replaces_by_a_finite_one_is_not_refused() {
    let mut network = first_network::<f32>();
    let mut trainer = Trainer::full_batch(MeanSquaredError, Rprop::new(0.01));
    trainer.epoch(&mut network, &healthy()).expect("finite");
    trainer.state_mut().arrays[0][3] = f32::NAN; // the gradient before
    trainer.state_mut().arrays[1][4] = f32::INFINITY; // a step, held below 50
    trainer.epoch(&mut network, &healthy()).expect("finite");
    let state = trainer.state();
    assert!(state.arrays.iter().flatten().all(|s| s.is_finite()));
}

#[test]
fn data_that_cannot_be_used_is_a_typed_error_and_changes_nothing() {
    let mut network = Network::<Dense<U1, U3>>::zeros();
    let mut one = Trainer::stochastic(CrossEntropy, Adam::new(0.1));
    let mut some = Trainer::mini_batch::<U2>(CrossEntropy, Adam::new(0.1));
    let mut all = Trainer::full_batch(CrossEntropy, Adam::new(0.1));
    let good = [([1.0], Class(0)), ([2.0], Class(2)), ([3.0], Class(1))];
    one.epoch(&mut network, &good).expect("finite");
    some.epoch(&mut network, &good).expect("finite");
    all.epoch(&mut network, &good).expect("finite");
    let mut check = |samples: &[([f32; 1], Class)], error: DataError| {
        let before = [
            all_bits(&network, &one),
            all_bits(&network, &some),
            all_bits(&network, &all),
        ];
        let wanted = Err(TrainingError::Data(error));
        assert_eq!(one.epoch(&mut network, samples), wanted);
        assert_eq!(some.epoch(&mut network, samples), wanted);
        assert_eq!(all.epoch(&mut network, samples), wanted);
        assert_eq!(all.epoch_with(&mut network, samples, &mut []), wanted);
        assert_eq!(network.evaluate(samples, &CrossEntropy), Err(error));
        assert_eq!(network.confusion(samples), Err(error));
        let after = [
            all_bits(&network, &one),
            all_bits(&network, &some),
            all_bits(&network, &all),
        ];
        assert_eq!(before, after);
    };
    check(&[], DataError::NoSamples);
    let mut bad = good;
    bad[1].1 = Class(3);
    bad[2].1 = Class(usize::MAX);
    let error = DataError::ClassOutOfRange {
        sample: 1,
        class: 3,
        classes: 3,
    };
    check(&bad, error);

    let error = DataError::ClassOutOfRange {
        sample: 0,
        class: 4,
        classes: 3,
    };
    let before = all_bits(&network, &one);
    let step = one.step(&mut network, &[1.0], &Class(4));
    assert_eq!(step, Err(TrainingError::Data(error)));
    assert_eq!(before, all_bits(&network, &one));
    let text = error.to_string();
    assert!(text.contains("sample 0") && text.contains("class 4") && text.contains("0 to 2"));
}
