//! The order of the samples: a function of seed, epoch number and number of samples, the same in every later version.

use core::array;
use core::ops::Range;
use std::collections::HashMap;

use sizednet::{
    Adam, DataError, Dense, FullBatch, MeanSquaredError, MiniBatch, Network, Samples, Sgd,
    Stochastic, Trainer, TrainingError, sizes::*,
};

use crate::visits::visits;

type Line = Dense<U1, U1>;

fn samples<const N: usize>() -> [([f32; 1], [f32; 1]); N] {
    array::from_fn(|i| ([i as f32 / N as f32], [1.0]))
}

/// The order that `epoch_with` writes.
fn order<const N: usize>(seed: u64, epoch: u32) -> [u32; N] {
    let mut order = [u32::MAX; N];
    Trainer::stochastic(MeanSquaredError, Sgd::new(0.0))
        .seed(seed)
        .resume_at(epoch)
        .epoch_with(&mut Network::<Line>::zeros(), &samples::<N>(), &mut order)
        .expect("finite");
    order
}

/// From a few lines of Python that follow the formula of `src/order.rs`.
#[test]
fn the_orders_are_the_pinned_ones() {
    assert_eq!(order(0, 0), [1, 2, 0, 4, 3]);
    assert_eq!(order(0, 1), [2, 4, 3, 0, 1]);
    assert_eq!(order(0, 2), [1, 2, 4, 3, 0]);
    assert_eq!(order(1, 0), [0, 4, 1, 2, 3]);
    assert_eq!(order(0, 0), [1, 0, 5, 3, 2, 4]);
    assert_eq!(order(7, 3), [5, 0, 3, 6, 7, 4, 8, 9, 1, 2]);
    assert_eq!(
        order(0xdead_beef, 12),
        [5, 11, 2, 8, 0, 1, 9, 3, 7, 10, 6, 4]
    );
    assert_eq!(order(u64::MAX, u32::MAX), [5, 2, 1, 4, 3, 0]);

    let long = visits::<Stochastic>(2024, 100, 70_000);
    let sum: usize = long
        .iter()
        .enumerate()
        .map(|(place, index)| place * index)
        .sum();
    assert_eq!(long[..4], [40085, 9852, 4844, 65459]);
    assert_eq!(long[69_996..], [52266, 21543, 28965, 60098]);
    assert_eq!(sum, 85_778_536_547_174);
}

#[test]
fn an_epoch_takes_every_sample_once_in_the_order_that_is_written() {
    for epoch in 0..20 {
        let mut seen = visits::<Stochastic>(5, epoch, 33);
        assert_eq!(seen, order::<33>(5, epoch).map(|index| index as usize));
        assert_eq!(
            seen,
            visits::<MiniBatch<U4>>(5, epoch, 33),
            "by 4, at last 1"
        );
        assert_eq!(seen, visits::<MiniBatch<U32, U3>>(5, epoch, 33));
        seen.sort_unstable();
        assert_eq!(seen, Vec::from_iter(0..33));
        assert_eq!(visits::<FullBatch<U3>>(5, epoch, 33), seen);
        assert_eq!(visits::<MiniBatch<U33>>(5, epoch, 33), seen);
        assert_eq!(visits::<MiniBatch<U64>>(5, epoch, 33), seen);
    }
}

#[test]
fn orders_depend_on_epoch_and_seed_and_on_nothing_else() {
    let mut orders: Vec<_> = (0..30)
        .flat_map(|seed| (0..30).map(move |epoch| order::<20>(seed, epoch)))
        .collect();
    // epochs that were trained before it, another network and another optimizer leave an order alone
    let mut network = Network::<Dense<U1, U3>>::zeros();
    let mut trainer = Trainer::mini_batch::<U7>(MeanSquaredError, Adam::new(0.1));
    trainer.seed(4);
    let other: [_; 20] = array::from_fn(|i| ([i as f32], [0.5, 1.0, 2.0]));
    let mut written = [0; 20];
    for epoch in 0..30 {
        trainer
            .epoch_with(&mut network, &other, &mut written)
            .expect("finite");
        assert_eq!(written, orders[4 * 30 + epoch]);
    }
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), 900);
}

/// What chi-square of this many degrees of freedom exceeds with a probability below `exp(-x)` (Laurent and Massart,
/// 2000, lemma 1), here one in a million.
fn bound(freedom: f64) -> f64 {
    let x = 14.0;
    freedom + 2.0 * (freedom * x).sqrt() + 2.0 * x
}

#[test]
fn all_permutations_are_equally_frequent() {
    let by_epoch: fn(u32) -> [u32; 4] = |number| order(0, number);
    let by_seed: fn(u32) -> [u32; 4] = |number| order(number.into(), 0);
    for draw in [by_epoch, by_seed] {
        let mut counts = HashMap::<_, f64>::new();
        for number in 0..24_000 {
            *counts.entry(draw(number)).or_default() += 1.0;
        }
        assert_eq!(counts.len(), 24);
        let chi_square: f64 = counts
            .values()
            .map(|count| (count - 1000.0).powi(2) / 1000.0)
            .sum();
        assert!(chi_square < bound(23.0), "{chi_square}");
    }
}

#[test]
fn every_sample_is_as_often_at_every_place() {
    const N: usize = 50;
    const EPOCHS: u32 = 10_000;
    let mut counts = [[0.0_f64; N]; N];
    for epoch in 0..EPOCHS {
        for (place, index) in order::<N>(1, epoch).into_iter().enumerate() {
            counts[place][index as usize] += 1.0;
        }
    }
    let expected = f64::from(EPOCHS) / N as f64;
    let differences = counts.iter().flatten().map(|c| (c - expected).powi(2));
    let freedom = (N as f64 - 1.0).powi(2);
    // rows and columns both have fixed sums
    let chi_square = differences.sum::<f64>() / expected * (N as f64 - 1.0) / N as f64;
    assert!(chi_square < bound(freedom), "{chi_square}");
}

#[test]
fn a_buffer_for_the_order_may_be_longer_but_not_shorter() {
    let mut network = Network::<Line>::zeros();
    let mut trainer = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
    let error = trainer.epoch_with(&mut network, &samples::<5>(), &mut [9; 4]);
    let wanted = TrainingError::OrderTooShort {
        given: 4,
        wanted: 5,
    };
    assert_eq!(error, Err(wanted));
    assert_eq!(network, Network::zeros());
    assert_eq!((trainer.next_epoch(), trainer.state().updates), (0, 0));

    let mut longer = [9; 8];
    let epoch = trainer.epoch_with(&mut network, &samples::<5>(), &mut longer);
    assert_eq!(longer, [1, 2, 0, 4, 3, 9, 9, 9]);
    let mut other = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
    let mut copy = Network::zeros();
    assert_eq!(other.epoch(&mut copy, &samples::<5>()), epoch);
    assert_eq!(copy, network, "a lent buffer changes nothing");
}

#[test]
fn a_batch_of_all_samples_needs_no_buffer_and_leaves_it_alone() {
    let mut network = Network::<Line>::zeros();
    let mut full = Trainer::full_batch(MeanSquaredError, Sgd::new(0.1));
    let mut more = Trainer::mini_batch::<U6>(MeanSquaredError, Sgd::new(0.1));
    let mut one = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    for order in [&mut [][..], &mut [9; 2], &mut [9; 8]] {
        full.epoch_with(&mut network, &samples::<5>(), order)
            .expect("finite");
        more.epoch_with(&mut network, &samples::<6>(), order)
            .expect("finite");
        one.epoch_with(&mut network, &samples::<1>(), order)
            .expect("finite");
        assert!(order.iter().all(|place| *place == 9));
    }
}

/// The loss and the parameters after an epoch in batches, and one of all samples.
fn trained<D: Samples<[f32; 1], Target = [f32; 1]>>(data: D) -> Result<Vec<f32>, TrainingError> {
    let mut network = Network::<Line>::zeros();
    let mut trainer = Trainer::mini_batch::<U2>(MeanSquaredError, Sgd::new(0.3));
    trainer.epoch(&mut network, data)?;
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.2));
    trainer.epoch(&mut network, data)?;
    let found = network.evaluate(data, &MeanSquaredError);
    let loss = found.map_err(TrainingError::Data)?.loss;
    Ok([&[loss][..], network.parameters()].concat())
}

#[test]
fn samples_lie_in_pairs_or_in_two_slices() {
    let pairs = samples::<5>();
    let (inputs, targets): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let wanted = trained(&pairs);
    assert!(wanted.is_ok());
    assert_eq!(trained(&pairs[..]), wanted);
    assert_eq!(trained(&pairs.to_vec()), wanted);
    assert_eq!(trained((&inputs, &targets)), wanted);
    assert_eq!(trained((&inputs[..], &targets[..])), wanted);
    assert_eq!(trained((&pairs.map(|p| p.0), &pairs.map(|p| p.1))), wanted);
    for (inputs, targets) in [(&inputs[1..], &targets[..]), (&inputs[..], &targets[3..])] {
        let error = DataError::LengthsDiffer {
            inputs: inputs.len(),
            targets: targets.len(),
        };
        assert_eq!(trained((inputs, targets)), Err(TrainingError::Data(error)));
        let network = Network::<Line>::zeros();
        let found = network.evaluate((inputs, targets), &MeanSquaredError);
        assert_eq!(found, Err(error));
    }
}

/// Samples that lend fewer inputs than they are asked for.
#[derive(Clone, Copy)]
struct Few<'a>(&'a [([f32; 1], [f32; 1])], &'a [[f32; 1]]);

impl Samples<[f32; 1]> for Few<'_> {
    type Target = [f32; 1];
    fn count(&self) -> Result<usize, DataError> {
        self.0.count()
    }
    fn sample(&self, index: usize) -> Option<(&[f32; 1], &[f32; 1])> {
        self.0.get(index).map(|(input, target)| (input, target))
    }
    fn inputs(&self, range: Range<usize>) -> Option<&[[f32; 1]]> {
        self.1.get(range.start..)
    }
}

#[test]
fn inputs_side_by_side_are_used_if_they_are_as_many() {
    let pairs = samples::<5>();
    let inputs = pairs.map(|(input, _)| input);
    let wanted = trained(&pairs);
    assert!(wanted.is_ok());
    assert_eq!(trained(Few(&pairs, &inputs[..1])), wanted);
    assert_eq!(trained(Few(&pairs, &[])), wanted);
    // where they are as many they are what is read
    let others = inputs.map(|[x]| [x + 1.0]);
    assert_ne!(trained(Few(&pairs, &others)), wanted);
}

/// The same sample, however often it says.
#[derive(Clone, Copy)]
struct Same(usize);

impl Samples<[f32; 1]> for Same {
    type Target = [f32; 1];
    fn count(&self) -> Result<usize, DataError> {
        Ok(self.0)
    }
    fn sample(&self, index: usize) -> Option<(&[f32; 1], &[f32; 1])> {
        (index != 5).then_some((&[1.0], &[1.0]))
    }
}

#[test]
fn samples_of_ones_own_that_cannot_be_are_typed_errors() {
    assert!(trained(Same(5)).is_ok());
    let missing = DataError::Missing { sample: 5 };
    assert_eq!(trained(Same(6)), Err(TrainingError::Data(missing)));
    let samples = usize::MAX;
    let too_many = DataError::TooManySamples { samples };
    assert_eq!(trained(Same(samples)), Err(TrainingError::Data(too_many)));
}
