//! The trainers: their steps against loops written by hand, epochs and their losses, batches and blocks, resuming.

use core::cell::RefCell;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::{
    Adam, Batching, Dense, Epoch, FullBatch, Heap, Loss, MeanSquaredError, MiniBatch, Network,
    OwnOrder, Scalar, Sgd, Sigmoid, Stochastic, Tanh, Trainer, TrainingError, sizes::*,
};

use crate::bits::{Bits, Open, all_bits, bits, with_every_optimizer};
use crate::visits::visits;

type Small = (Dense<U2, U3, Tanh>, Dense<U3, U1>);

const SAMPLES: usize = 35;

fn samples<T: Bits>() -> Vec<([T; 2], [T; 1])> {
    let number = |i: usize| T::from_f64((i as f64 * 0.9).sin());
    let row = |i| ([number(i), number(2 * i + 1)], [number(3 * i + 2)]);
    (0..SAMPLES).map(row).collect()
}

fn first_network<T: Bits>() -> Network<Small, T> {
    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(2))
}

#[test]
fn momentum_on_a_line_is_the_loop_written_by_hand() {
    fn check<M: Batching + OwnOrder>() {
        // y = 3 a - 2 b + 1
        let samples: Vec<_> = (0..12)
            .map(|i| {
                let (a, b) = (f64::from(i % 4) / 4.0, f64::from(i % 3) / 3.0);
                ([a, b], [3.0 * a - 2.0 * b + 1.0])
            })
            .collect();
        let mut network = Network::<Dense<U2, U1>, f64>::zeros();
        let optimizer = Sgd::new(0.02).momentum(0.8);
        let mut trainer = Trainer::<_, _, _, M, f64>::new(MeanSquaredError, optimizer);
        trainer.seed(11);
        let (mut w, mut velocity) = ([0.0; 3], [0.0; 3]);
        for number in 0..300 {
            let epoch = trainer.epoch(&mut network, &samples).expect("finite");
            let mut losses = 0.0;
            for batch in visits::<M>(11, number, 12).chunks(M::SAMPLES.unwrap_or(12)) {
                let mut gradient = [0.0; 3];
                for index in batch {
                    let ([a, b], [t]) = samples[*index];
                    let error = w[0] * a + w[1] * b + w[2] - t;
                    losses += error * error / 12.0;
                    for (slope, x) in gradient.iter_mut().zip([a, b, 1.0]) {
                        *slope += 2.0 * error * x / batch.len() as f64;
                    }
                }
                for i in 0..3 {
                    velocity[i] = 0.8 * velocity[i] + gradient[i];
                    w[i] -= 0.02 * velocity[i];
                }
            }
            assert!((epoch.loss - losses).abs() < 1e-12, "epoch {number}");
            for (got, wanted) in network.parameters().iter().zip(w) {
                assert!((got - wanted).abs() < 1e-12, "epoch {number}: {got}");
            }
        }
        let error = |i: usize| (w[i] - [3.0, -2.0, 1.0][i]).abs();
        assert!((0..3).all(|i| error(i) < 0.1), "it learned the line: {w:?}");
    }
    check::<Stochastic>();
    check::<MiniBatch<U5>>(); // 5, 5 and 2
    check::<FullBatch>();
}

#[test]
fn a_network_of_f64_learns_as_well() {
    let xor = [
        ([0.0, 0.0], [0.0]),
        ([0.0, 1.0], [1.0]),
        ([1.0, 0.0], [1.0]),
        ([1.0, 1.0], [0.0]),
    ];
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut network =
        Network::<(Dense<U2, U4, Tanh>, Dense<U4, U1, Sigmoid>), f64>::random(&mut rng);
    let mut trainer = Trainer::full_batch(MeanSquaredError, Adam::new(0.05));
    let last = trainer.epochs(&mut network, &xor).take(1000).last();
    let loss = last.expect("1000").expect("finite").loss;
    assert!(loss < 1e-3, "{loss}");
}

#[test]
fn epochs_go_on_without_end_and_stop_after_an_error() {
    let mut network = first_network::<f32>();
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.01));
    let data = samples();
    let numbers: Vec<_> = trainer
        .epochs(&mut network, &data)
        .take(400)
        .map(|epoch| epoch.expect("finite").number)
        .collect();
    assert_eq!(numbers, Vec::from_iter(0..400));
    assert_eq!(trainer.next_epoch(), 400);

    let mut broken = samples();
    broken[7].0[0] = f32::NAN;
    let before = bits(&network);
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.01));
    let mut epochs = trainer.epochs(&mut network, &broken);
    let error = TrainingError::SampleNotFinite {
        epoch: 0,
        sample: 7,
    };
    assert_eq!(epochs.next(), Some(Err(error)));
    assert!((0..3).all(|_| epochs.next().is_none()));
    drop(epochs);
    assert_eq!(bits(&network), before);
}

/// The squared error of one output, noted.
struct Noted<'a>(&'a RefCell<Vec<f64>>);

impl<T: Scalar> Loss<T, [T]> for Noted<'_> {
    fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
        let error = output[0] - target[0];
        gradient[0] = error + error;
        self.0.borrow_mut().push((error * error).to_f64());
        error * error
    }
}

#[test]
fn the_loss_of_an_epoch_is_the_mean_of_the_losses_before_their_steps() {
    fn check<M: Batching + OwnOrder>() {
        let batch = M::SAMPLES.unwrap_or(SAMPLES);
        let noted = RefCell::default();
        let mut network = first_network::<f64>();
        let mut trainer =
            Trainer::<Small, _, _, M, f64>::new(Noted(&noted), Sgd::new(0.1).momentum(0.5));
        let mut by_hand = Trainer::full_batch(MeanSquaredError, Sgd::new(0.1).momentum(0.5));
        let mut copy = network.clone();
        for number in 0..3 {
            let mut losses = Vec::new();
            for batch in visits::<M>(0, number, SAMPLES).chunks(batch) {
                let batch: Vec<_> = batch.iter().map(|i| samples()[*i]).collect();
                for ([a, b], [t]) in &batch {
                    losses.push((copy.forward(&[*a, *b])[0] - t).powi(2));
                }
                by_hand.epoch(&mut copy, &batch).expect("finite");
            }
            let epoch = trainer.epoch(&mut network, &samples()).expect("finite");
            assert_eq!(noted.take(), losses, "what the loss saw");
            let mean = losses.iter().sum::<f64>() / SAMPLES as f64;
            assert_eq!(epoch.number, number);
            // a batch adds its losses before they go to the epoch's sum
            assert!((epoch.loss - mean).abs() < 1e-14, "{} {mean}", epoch.loss);
        }
    }
    check::<Stochastic>();
    check::<MiniBatch<U8>>();
    check::<FullBatch>();
}

fn resumes<T: Bits, O: Open<Small, T>>(name: &str, optimizer: O) {
    fn check<M: Batching + OwnOrder, T: Bits, O: Open<Small, T>>(name: &str, optimizer: O) {
        let new = || Trainer::<Small, _, _, M, T>::new(MeanSquaredError, optimizer);
        let mut network = first_network();
        let mut trainer = new();
        trainer.seed(9);
        let mut losses = Vec::new();
        // all that is saved, after each epoch
        let mut saved = Vec::new();
        for _ in 0..5 {
            let state = trainer.state();
            let arrays: Vec<Vec<T>> = state.arrays.as_ref().iter().map(|a| a.to_vec()).collect();
            let parameters = network.parameters().to_vec();
            saved.push((parameters, arrays, state.updates, trainer.next_epoch()));
            losses.push(trainer.epoch(&mut network, &samples()).expect(name));
        }
        for (skipped, (parameters, arrays, updates, epoch)) in saved.into_iter().enumerate() {
            let mut resumed_network = Network::zeros();
            resumed_network
                .parameters_mut()
                .copy_from_slice(&parameters);
            let mut resumed = new();
            resumed.seed(9).resume_at(epoch);
            let state = resumed.state_mut();
            for (array, saved) in state.arrays.as_mut().iter_mut().zip(&arrays) {
                array.copy_from_slice(saved);
            }
            state.updates = updates;
            for loss in &losses[skipped..] {
                assert_eq!(resumed.epoch(&mut resumed_network, &samples()), Ok(*loss));
            }
            assert_eq!(
                all_bits(&resumed_network, &resumed),
                all_bits(&network, &trainer),
                "{name} after {skipped}"
            );
        }
    }
    check::<Stochastic, T, O>(name, optimizer);
    check::<MiniBatch<U8>, T, O>(name, optimizer);
}

#[test]
fn training_resumes_after_any_epoch_bit_for_bit() {
    with_every_optimizer!(resumes::<f32>, 0.01);
    with_every_optimizer!(resumes::<f64>, 0.01);
}

/// All bits after three epochs.
fn trained<M: Batching + OwnOrder, T: Bits>() -> (Vec<u64>, Vec<Epoch<T>>) {
    let mut network = first_network();
    let optimizer = Adam::<T, T>::new(T::from_f64(0.01));
    let mut trainer = Trainer::<Small, _, _, M, T>::new(MeanSquaredError, optimizer);
    let epochs = (0..3)
        .map(|_| trainer.epoch(&mut network, &samples()).expect("finite"))
        .collect();
    (all_bits(&network, &trainer), epochs)
}

#[test]
fn blocks_change_no_bit_and_a_batch_larger_than_the_data_is_a_full_batch() {
    fn check<T: Bits>() {
        let mini = trained::<MiniBatch<U32>, T>(); // 32, then 3
        assert_eq!(trained::<MiniBatch<U32, U1>, T>(), mini);
        assert_eq!(trained::<MiniBatch<U32, U3>, T>(), mini);
        assert_eq!(trained::<MiniBatch<U32, U64>, T>(), mini);
        let full = trained::<FullBatch, T>();
        assert_eq!(trained::<FullBatch<U1>, T>(), full);
        assert_eq!(trained::<FullBatch<U3>, T>(), full);
        assert_eq!(trained::<FullBatch<U35>, T>(), full);
        assert_eq!(trained::<MiniBatch<U35>, T>(), full);
        assert_eq!(trained::<MiniBatch<U64, U3>, T>(), full);
        assert_ne!(full.0, mini.0);
        let one = trained::<Stochastic, T>();
        assert_eq!(trained::<MiniBatch<U1>, T>(), one);
        assert_eq!(trained::<MiniBatch<U1, U3>, T>(), one);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn constructors_and_types_name_the_same_trainers() {
    fn check<M: Batching + OwnOrder>(mut made: Trainer<Small, MeanSquaredError, Adam, M>) {
        let mut network = first_network();
        for _ in 0..3 {
            made.epoch(&mut network, &samples()).expect("finite");
        }
        assert_eq!(all_bits(&network, &made), trained::<M, f32>().0);
        // in boxes as well
        let mut copy = first_network().to_storage::<Heap>();
        let mut boxed =
            Trainer::<Small, _, _, M, f32, Heap>::new(MeanSquaredError, Adam::new(0.01));
        for _ in 0..3 {
            boxed.epoch(&mut copy, &samples()).expect("finite");
        }
        assert_eq!(bits(&copy), bits(&network));
    }
    let adam = Adam::new(0.01);
    check::<Stochastic>(Trainer::stochastic(MeanSquaredError, adam));
    check::<MiniBatch<U8>>(Trainer::mini_batch::<U8>(MeanSquaredError, adam));
    check::<MiniBatch<U8, U3>>(Trainer::mini_batch_in_blocks::<U8, U3>(
        MeanSquaredError,
        adam,
    ));
    check::<FullBatch>(Trainer::full_batch(MeanSquaredError, adam));
    check::<FullBatch<U3>>(Trainer::full_batch_in_blocks::<U3>(MeanSquaredError, adam));
}

#[test]
fn steps_by_hand_in_the_same_order_are_an_epoch() {
    let (mut network, mut by_hand) = (first_network::<f32>(), first_network());
    let optimizer = Sgd::new(0.1).momentum(0.9);
    let mut trainer = Trainer::stochastic(MeanSquaredError, optimizer);
    trainer.epoch(&mut network, &samples()).expect("finite");
    let mut steps = Trainer::stochastic(MeanSquaredError, optimizer);
    for index in visits::<Stochastic>(0, 0, SAMPLES) {
        let (input, target) = &samples()[index];
        steps.step(&mut by_hand, input, target).expect("finite");
    }
    assert_eq!(all_bits(&by_hand, &steps), all_bits(&network, &trainer));
    assert_eq!((steps.next_epoch(), trainer.next_epoch()), (0, 1));
}
