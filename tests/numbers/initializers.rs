//! First weights: their distributions, and that the same seed gives the same ones in every later version.

use core::convert::Infallible;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::initializer::{
    HeNormal, HeUniform, Normal, Recommended, Uniform, XavierNormal, XavierUniform, Zeros, normal,
    uniform,
};
use sizednet::rand_core::TryRng;
use sizednet::{
    Dense, Elu, Gelu, HardSigmoid, HardTanh, Heap, Identity, Initializer, Layer, LeakyRelu,
    Network, Relu, Sigmoid, Silu, Softplus, Tanh, sizes::*,
};

const INPUTS: f64 = 300.0;
const OUTPUTS: f64 = 100.0;
type Wide<A = Identity> = Dense<U300, U100, A>;

/// The weights and the bias of a wide layer.
fn drawn<L: Layer>(initializer: &impl Initializer) -> (Vec<f64>, Vec<f64>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let network = Network::<L, f64, Heap>::initialized(initializer, &mut rng);
    let (weights, bias) = network.parameters().split_at(30_000);
    (weights.to_vec(), bias.to_vec())
}

/// Mean and variance are within five standard errors; `kurtosis` is the fourth moment in units of the variance squared.
fn assert_moments(values: &[f64], mean: f64, variance: f64, kurtosis: f64) {
    let count = values.len() as f64;
    let found_mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    let found_variance = squares.sum::<f64>() / count;
    let error = (found_mean - mean).abs() / (variance / count).sqrt();
    assert!(error < 5.0, "mean {found_mean} for {mean}");
    let error = (found_variance / variance - 1.0).abs() / ((kurtosis - 1.0) / count).sqrt();
    assert!(error < 5.0, "variance {found_variance} for {variance}");
}

/// How far shares of 30,000 draws may be from the probabilities: the bound of Dvoretzky, Kiefer and Wolfowitz (Massart,
/// 1990), exceeded with a probability below one in a million.
fn assert_shares(values: &[f64], below: impl Fn(f64) -> bool, probability: f64) {
    let count = values.len() as f64;
    let share = values.iter().filter(|value| below(**value)).count() as f64 / count;
    let bound = ((2e6_f64).ln() / (2.0 * count)).sqrt();
    assert!(
        (share - probability).abs() < bound,
        "{share} for {probability}"
    );
}

fn assert_uniform(values: &[f64], low: f64, high: f64) {
    assert!(values.iter().all(|value| (low..high).contains(value)));
    let width = high - low;
    assert_moments(values, low + width / 2.0, width * width / 12.0, 1.8);
    // that none lies within this of an end has a probability below one in a million
    let end = width * 14.0 / values.len() as f64;
    assert!(values.iter().any(|value| *value < low + end));
    assert!(values.iter().any(|value| *value > high - end));
    for tenth in 1..10 {
        let share = f64::from(tenth) / 10.0;
        assert_shares(values, |value| value < low + width * share, share);
    }
}

fn assert_normal(values: &[f64], variance: f64) {
    assert_moments(values, 0.0, variance, 3.0);
    let deviation = variance.sqrt();
    assert_shares(values, |value| value < 0.0, 0.5);
    for (deviations, share) in [
        (0.5, 0.382_925),
        (1.0, 0.682_689),
        (2.0, 0.954_500),
        (3.0, 0.997_300),
    ] {
        assert_shares(values, |value| value.abs() < deviations * deviation, share);
    }
}

#[test]
fn every_initializer_draws_from_its_distribution() {
    let (weights, bias) = drawn::<Wide>(&Zeros);
    assert!(
        weights
            .iter()
            .chain(&bias)
            .all(|value| value.to_bits() == 0)
    );

    let (low, high) = (-0.25, 0.75);
    let (mut all, bias) = drawn::<Wide>(&Uniform { low, high });
    assert_ne!(bias[..2], [0.0; 2], "weights and bias");
    all.extend(bias);
    assert_uniform(&all, low, high);

    let (normal, bias) = drawn::<Wide>(&Normal { deviation: 0.3 });
    assert_normal(&normal, 0.09);
    assert_eq!(bias, [0.0; 100]);

    // Glorot and Bengio (2010): 2 / (inputs + outputs); He and others (2015): 2 / inputs
    let (xavier, he) = (2.0 / (INPUTS + OUTPUTS), 2.0 / INPUTS);
    for (weights, bias) in [
        drawn::<Wide<Relu>>(&XavierNormal),
        drawn::<Wide>(&XavierNormal),
    ] {
        assert_normal(&weights, xavier);
        assert_eq!(bias, [0.0; 100]);
    }
    assert_normal(&drawn::<Wide<Tanh>>(&HeNormal).0, he);
    let limit = (6.0 / (INPUTS + OUTPUTS)).sqrt();
    assert_uniform(&drawn::<Wide<Relu>>(&XavierUniform).0, -limit, limit);
    let limit = (6.0 / INPUTS).sqrt();
    assert_uniform(&drawn::<Wide<Tanh>>(&HeUniform).0, -limit, limit);
}

#[test]
fn the_default_is_what_each_activation_likes() {
    fn check<L: Layer>(limit: f64) {
        let (weights, bias) = drawn::<L>(&Recommended);
        assert_uniform(&weights, -limit, limit);
        assert_eq!(bias, [0.0; 100]);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let network = Network::<L, f64, Heap>::random(&mut rng);
        assert_eq!(network.parameters()[..30_000], weights, "the default");
    }
    let (xavier, he) = ((6.0 / (INPUTS + OUTPUTS)).sqrt(), (6.0 / INPUTS).sqrt());
    check::<Wide>(xavier);
    check::<Wide<Tanh>>(xavier);
    check::<Wide<HardTanh>>(xavier);
    check::<Wide<Sigmoid>>(xavier);
    check::<Wide<HardSigmoid>>(xavier);
    check::<Wide<Relu>>(he);
    check::<Wide<LeakyRelu>>(he);
    check::<Wide<Elu>>(he);
    check::<Wide<Gelu>>(he);
    check::<Wide<Silu>>(he);
    check::<Wide<Softplus>>(he);
}

#[test]
fn layers_are_drawn_one_after_the_other_each_by_its_own_sizes() {
    let random = || Xoshiro256PlusPlus::seed_from_u64(1);
    let mut rng = random();
    let network = Network::<(Dense<U2, U64, Relu>, Dense<U64, U1>)>::random(&mut rng);
    let mut rng = random();
    let first = Network::<Dense<U2, U64, Relu>>::random(&mut rng);
    let second = Network::<Dense<U64, U1>>::random(&mut rng);
    let apart = [first.parameters().as_slice(), second.parameters()].concat();
    assert_eq!(network.parameters()[..], apart);
    let again =
        Network::<((Dense<U2, U64, Relu>,), Dense<U64, U1>), f32, Heap>::random(&mut random());
    assert_eq!(
        again.parameters(),
        network.parameters(),
        "the same seed, the same weights"
    );
    let other = Network::<_, f32>::random(&mut Xoshiro256PlusPlus::seed_from_u64(2));
    assert_ne!(network, other);
}

/// A generator that tests can follow: Knuth's linear congruence, or any numbers.
struct Draws<F>(F);

impl<F: FnMut() -> u32> TryRng for Draws<F> {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.0)())
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("first weights come from 32 bits")
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("first weights come from 32 bits")
    }
}

fn knuth() -> Draws<impl FnMut() -> u32> {
    let mut state = 1_u64;
    Draws(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    })
}

/// From a few lines of Python that follow the formulas, in f32 for `uniform` and in f64 for `normal`.
#[test]
fn the_first_draws_are_the_pinned_ones() {
    let mut rng = knuth();
    let found = [(); 6].map(|()| uniform::<f32, _>(-0.5, 1.5, &mut rng));
    assert_eq!(
        found,
        [
            0.346_418_26,
            0.518_814_8,
            0.796_718_7,
            0.265_726_7,
            1.090_895_4,
            0.501_022_46
        ]
    );
    let wanted = [
        -2.711_812_957_910_083,
        1.548_146_198_106_285,
        1.450_673_180_008_346,
        0.089_693_007_726_298_8,
        0.463_286_851_172_35,
        1.655_595_489_235_126_6,
    ];
    let mut rng = knuth();
    let doubles = [(); 6].map(|()| normal::<f64, _>(&mut rng));
    let mut rng = knuth();
    let singles = [(); 6].map(|()| normal::<f32, _>(&mut rng));
    for ((wanted, double), single) in wanted.into_iter().zip(doubles).zip(singles) {
        assert!((double / wanted - 1.0).abs() < 1e-15, "{double}");
        assert!((f64::from(single) / wanted - 1.0).abs() < 3e-7, "{single}");
    }
    let bits = singles.map(f32::to_bits);
    let pinned = [
        0xc02d_8e58,
        0x3fc6_29a8,
        0x3fb9_afa9,
        0x3db7_b0f9,
        0x3eed_33f1,
        0x3fd3_ea8f,
    ];
    assert_eq!(bits, pinned, "{bits:#x?}");
}

#[test]
fn a_uniform_number_is_below_its_upper_end() {
    let mut largest = Draws(|| u32::MAX);
    for (low, high) in [
        (0.0, 1.0),
        (-1.0, 1.0),
        (-0.3, 0.3),
        (2.0, 3.0),
        (-2.0, 5.0),
    ] {
        let number = uniform::<f32, _>(low, high, &mut largest);
        assert!(number < high, "{number} from {low} up to {high}");
        let number = uniform::<f64, _>(low.into(), high.into(), &mut largest);
        assert!(number < high.into(), "{number} from {low} up to {high}");
    }
}

/// The same seed gives the same weights in f32 and, up to rounding, in f64.
#[test]
fn both_types_take_the_same_draws() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let single = Network::<Wide, f32, Heap>::initialized(&HeNormal, &mut rng);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let double = Network::<Wide, f64, Heap>::initialized(&HeNormal, &mut rng);
    let deviation = (2.0 / INPUTS).sqrt();
    for (single, double) in single.parameters().iter().zip(double.parameters()) {
        // near 1 the square of the radius is rounded to 2^-23, of which the root of its logarithm is taken
        let rounding = deviation * (2.0 * 2.0_f64.powi(-23)).sqrt();
        assert!(
            (f64::from(*single) - double).abs() <= rounding,
            "{single} {double}"
        );
    }
}

/// A point of the square that lies in the circle by less than `f32` can tell.
#[test]
fn both_types_reject_the_same_draws() {
    let point = [9_515_737, 16_701_148, 9_000_000, 10_000_000].map(|draw: u32| draw << 8);
    let draws = || {
        let mut numbers = point.into_iter();
        Draws(move || numbers.next().expect("two points are enough"))
    };
    let single = normal::<f32, _>(&mut draws());
    let double = normal::<f64, _>(&mut draws());
    assert!(
        (f64::from(single) - double).abs() < 1e-3,
        "{single} {double}"
    );
}
