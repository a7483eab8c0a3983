//! Tiny networks, where four samples make a step side by side: no bit differs from one sample after the other.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::{
    Adam, Class, CrossEntropy, Dense, FullBatch, Gelu, Image, Layer, MeanSquaredError, MiniBatch,
    Network, Optimizer, Place, Portable, Relu, Scalar, Sgd, Sigmoid, Silu, Tanh, Trainer,
    TrainingError, sizes::*,
};

/// Two batches of four, and a rest.
const MOST: usize = 11;

fn number<T: Scalar>(i: usize) -> T {
    T::from_f64((i as f64 * 0.9).sin())
}

/// -0 is not 0.
fn bits<L: Layer, T: Scalar>(network: &Network<L, T>) -> Vec<(bool, T)> {
    let bits = |x: &T| (x.to_f64().is_sign_negative(), *x);
    network.parameters().iter().map(bits).collect()
}

/// Trains with groups and without, in batches of all samples and of four.
macro_rules! compare {
    ($number:ty, $architecture:ty, $loss:expr, |$i:ident| $sample:expr) => {{
        type N = $number;
        type A = $architecture;
        fn check(optimizer: impl Optimizer<N>) {
            let samples: Vec<_> = (0..MOST).map(|$i| $sample).collect();
            for count in 1..=MOST {
                let samples = &samples[..count];
                let first: Network<A, N> =
                    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(count as u64));
                let (mut network, mut plain) = (first.clone(), first);
                let mut groups = Trainer::<_, _, _, FullBatch, N>::new($loss, optimizer);
                let mut ones = Trainer::<_, _, _, FullBatch<U1>, N>::new($loss, optimizer);
                let mut parts = Trainer::<_, _, _, MiniBatch<U4>, N>::new($loss, optimizer);
                let mut singles = Trainer::<_, _, _, MiniBatch<U4, U1>, N>::new($loss, optimizer);
                for _ in 0..3 {
                    let found = groups.epoch(&mut network, samples).expect("finite");
                    let wanted = ones.epoch(&mut plain, samples).expect("finite");
                    assert_eq!(
                        found.loss.to_bits(),
                        wanted.loss.to_bits(),
                        "{count} samples"
                    );
                    assert_eq!(bits(&network), bits(&plain), "{count} samples");
                    let found = parts.epoch(&mut network, samples).expect("finite");
                    let wanted = singles.epoch(&mut plain, samples).expect("finite");
                    assert_eq!(
                        found.loss.to_bits(),
                        wanted.loss.to_bits(),
                        "{count} samples"
                    );
                    assert_eq!(bits(&network), bits(&plain), "{count} samples");
                }
            }
        }
        check(Sgd::new(0.5));
        check(Sgd::new(0.5).momentum(0.9).weight_decay(0.01));
        check(Adam::new(0.1));
    }};
}

#[test]
fn groups_of_samples_change_no_bit() {
    compare!(
        f32,
        (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>),
        MeanSquaredError,
        |i| { ([number(i), number(2 * i + 1)], [number(3 * i + 2)]) }
    );
    compare!(
        f64,
        (Dense<U2, U3, Tanh>, Dense<U3, U2>),
        MeanSquaredError,
        |i| {
            (
                [number(i), number(2 * i + 1)],
                [number(3 * i + 2), number(i + 5)],
            )
        }
    );
    // what is kept is not the output; more outputs than partial sums
    compare!(
        f32,
        (Dense<U2, U3, Gelu>, Dense<U3, U9, Silu>),
        MeanSquaredError,
        |i| {
            (
                [number(i), number(2 * i)],
                core::array::from_fn::<_, 9, _>(|o| number(i + o)),
            )
        }
    );
    compare!(
        f32,
        (
            Portable<(Dense<Image<U1, U2, U2>, U3, Relu>, Dense<U3, U5, Tanh>)>,
            Dense<U5, U3>
        ),
        CrossEntropy,
        |i| (
            [[[number(i), number(i + 1)], [number(i + 2), number(i + 3)]]],
            Class(i % 3)
        )
    );
    compare!(f64, Dense<U1, U1>, MeanSquaredError, |i| ([number(i)], [number(i + 1)]));
    // too large for groups: a layer, all layers together
    compare!(
        f32,
        (Dense<U2, U16, Tanh>, Dense<U16, U8, Tanh>, Dense<U8, U1>),
        MeanSquaredError,
        |i| { ([number(i), number(2 * i)], [number(3 * i)]) }
    );
    compare!(
        f32,
        (Dense<U2, U8, Tanh>, Dense<U8, U7>),
        MeanSquaredError,
        |i| {
            (
                [number(i), number(2 * i)],
                core::array::from_fn::<_, 7, _>(|o| number(i + o)),
            )
        }
    );
}

#[test]
fn a_sample_in_a_group_is_named_and_nothing_changes() {
    type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1>);
    for bad in 0..4 {
        let mut samples = [([0.5, -0.5], [1.0_f32]); 4];
        samples[bad].1 = [f32::MAX];
        let mut network: Network<Xor> = Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(3));
        let before = bits(&network);
        let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.5));
        let error = trainer.epoch(&mut network, &samples).expect_err("infinite");
        let place = Place::Sample(bad);
        assert!(
            matches!(error, TrainingError::NotFinite { epoch: 0, place: found } if found == place)
        );
        assert_eq!(bits(&network), before);
        assert_eq!(trainer.state().updates, 0);
    }
}

#[test]
fn a_step_that_would_overflow_is_not_made() {
    let samples = [([1e30_f32], [0.0]); 4];
    let mut network = Network::<Dense<U1, U1>>::zeros();
    network.layers_mut().bias[0] = 1.0;
    let before = bits(&network);
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(1e30));
    let error = trainer.epoch(&mut network, &samples).expect_err("infinite");
    assert!(matches!(error, TrainingError::NotFinite { .. }));
    assert_eq!(bits(&network), before);
}
