//! Where first weights come from.
//!
//! Numbers are drawn from a generator's `next_u32` by formulas of this crate: the same seed gives the same weights on
//! every machine and in every later version, in `f32` and, up to rounding, in `f64`.

use rand_core::Rng;

use crate::Scalar;
use crate::activation::Gain;

/// How many values a weight's layer takes and gives, and how large its activation likes weights to be.
///
/// ```
/// use sizednet::{activation::Gain, initializer::Fan};
///
/// let fan = Fan::new(784, 128).with_gain(Gain::RECTIFIED);
/// assert_eq!((fan.inputs, fan.outputs), (784, 128));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fan {
    /// Values that go into an output.
    pub inputs: usize,
    /// Values that an input goes to.
    pub outputs: usize,
    /// The activation's gain.
    pub gain: Gain,
}

impl Fan {
    /// A layer without activation.
    #[must_use]
    pub const fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            gain: Gain::LINEAR,
        }
    }
    /// The same with the gain of an activation.
    #[must_use]
    pub const fn with_gain(self, gain: Gain) -> Self {
        Self { gain, ..self }
    }
}

/// Draws the first weights of a layer.
///
/// ```
/// use rand_core::Rng;
/// use sizednet::{Initializer, Scalar, initializer::{Fan, uniform}};
///
/// struct Small;
///
/// impl Initializer for Small {
///     fn weights<T: Scalar, R: Rng + ?Sized>(&self, _: Fan, weights: &mut [T], rng: &mut R) {
///         for weight in weights {
///             *weight = uniform(T::from_f64(-0.01), T::from_f64(0.01), rng);
///         }
///     }
/// }
/// ```
pub trait Initializer {
    /// Writes the weights.
    fn weights<T: Scalar, R: Rng + ?Sized>(&self, fan: Fan, weights: &mut [T], rng: &mut R);
    /// Writes the bias; as it stands, it stays zero.
    fn bias<T: Scalar, R: Rng + ?Sized>(&self, fan: Fan, bias: &mut [T], rng: &mut R) {
        let _ = (fan, bias, rng);
    }
}

/// A number from `low` up to `high`: the upper 24 bits of one draw, so it is exact in `f32` and in `f64`.
///
/// ```
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// use sizednet::initializer::uniform;
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
/// let number: f32 = uniform(2.0, 3.0, &mut rng);
/// assert!((2.0..3.0).contains(&number));
/// ```
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub fn uniform<T: Scalar, R: Rng + ?Sized>(low: T, high: T, rng: &mut R) -> T {
    let unit = T::from_u32(rng.next_u32() >> 8) * T::from_f64(1.0 / 16_777_216.0);
    let number = low + (high - low) * unit;
    // the last step may round up to the end
    if number < high { number } else { low }
}

/// A number from the normal distribution of mean 0 and standard deviation 1 (Marsaglia's polar method, 1964).
///
/// ```
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// use sizednet::initializer::normal;
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
/// let number: f64 = normal(&mut rng);
/// assert!(number.is_finite());
/// ```
pub fn normal<T: Scalar, R: Rng + ?Sized>(rng: &mut R) -> T {
    loop {
        let x = uniform(-T::ONE, T::ONE, rng);
        let y = uniform(-T::ONE, T::ONE, rng);
        // in f64, which holds both squares, so that f32 rejects the same draws
        let exact = x.to_f64() * x.to_f64() + y.to_f64() * y.to_f64();
        if exact < 1.0 && exact > 0.0 {
            let square = x * x + y * y;
            return x * (-(T::TWO * square.ln()) / square).sqrt();
        }
    }
}

/// To be inlined, so that the limit is a constant: where doubles are made of integers they are larger than a network.
#[inline(always)]
fn fill_uniform<T: Scalar, R: Rng + ?Sized>(variance: f64, values: &mut [T], rng: &mut R) {
    fill_between(T::from_f64(3.0 * variance).sqrt(), values, rng);
}

#[inline(never)]
fn fill_between<T: Scalar, R: Rng + ?Sized>(limit: T, values: &mut [T], rng: &mut R) {
    for value in values {
        *value = uniform(-limit, limit, rng);
    }
}

#[inline(always)]
fn fill_normal<T: Scalar, R: Rng + ?Sized>(variance: f64, values: &mut [T], rng: &mut R) {
    fill_around_zero(T::from_f64(variance).sqrt(), values, rng);
}

#[inline(never)]
fn fill_around_zero<T: Scalar, R: Rng + ?Sized>(deviation: T, values: &mut [T], rng: &mut R) {
    for value in values {
        *value = deviation * normal::<T, R>(rng);
    }
}

/// All zeros: for layers that break no symmetry, such as a single one.
///
/// ```
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// use sizednet::{Dense, Network, initializer::Zeros, sizes::*};
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
/// let network = Network::<Dense<U2, U1>>::initialized(&Zeros, &mut rng);
/// assert_eq!(network, Network::<Dense<U2, U1>>::zeros());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zeros;

impl Initializer for Zeros {
    fn weights<T: Scalar, R: Rng + ?Sized>(&self, _: Fan, weights: &mut [T], _: &mut R) {
        weights.fill(T::ZERO);
    }
}

/// Weights and bias from `low` up to `high`.
///
/// ```
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// use sizednet::{Dense, Network, initializer::Uniform, sizes::*};
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
/// let small = Uniform { low: -0.1, high: 0.1 };
/// let network = Network::<Dense<U2, U1>>::initialized(&small, &mut rng);
/// assert!(network.parameters().iter().all(|value| value.abs() <= 0.1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniform {
    /// The smallest.
    pub low: f64,
    /// The largest, left out.
    pub high: f64,
}

impl Initializer for Uniform {
    fn weights<T: Scalar, R: Rng + ?Sized>(&self, _: Fan, weights: &mut [T], rng: &mut R) {
        for weight in weights {
            *weight = uniform(T::from_f64(self.low), T::from_f64(self.high), rng);
        }
    }
    fn bias<T: Scalar, R: Rng + ?Sized>(&self, fan: Fan, bias: &mut [T], rng: &mut R) {
        self.weights(fan, bias, rng);
    }
}

/// Weights from the normal distribution of mean 0; the bias is zero.
///
/// ```
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// use sizednet::{Dense, Network, initializer::Normal, sizes::*};
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
/// let network = Network::<Dense<U2, U1>>::initialized(&Normal { deviation: 0.1 }, &mut rng);
/// assert_eq!(network.layers().bias, &[0.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    /// The standard deviation.
    pub deviation: f64,
}

impl Initializer for Normal {
    fn weights<T: Scalar, R: Rng + ?Sized>(&self, _: Fan, weights: &mut [T], rng: &mut R) {
        fill_normal(self.deviation * self.deviation, weights, rng);
    }
}

#[inline(always)]
fn mean_fan(fan: Fan) -> f64 {
    (fan.inputs + fan.outputs) as f64 / 2.0
}

macro_rules! initializer {
    ($(#[$doc:meta])* $name:ident, $fill:ident, $fan:ident => $variance:expr) => {
        $(#[$doc])*
        ///
        /// ```
        /// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
        #[doc = concat!("use sizednet::{Dense, Network, initializer::", stringify!($name), ", sizes::*};")]
        ///
        /// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        #[doc = concat!("let network = Network::<Dense<U2, U3>>::initialized(&", stringify!($name), ", &mut rng);")]
        /// assert_ne!(network.layers().weights, &[[0.0; 3]; 2]);
        /// assert_eq!(network.layers().bias, &[0.0; 3]);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl Initializer for $name {
            #[inline(always)]
            fn weights<T: Scalar, R: Rng + ?Sized>(&self, $fan: Fan, weights: &mut [T], rng: &mut R) {
                $fill($variance, weights, rng);
            }
        }
    };
}

initializer! {
    /// Uniform with variance `2 / (inputs + outputs)` (Glorot and Bengio, 2010, eq. 16); the bias is zero.
    XavierUniform, fill_uniform, fan => 1.0 / mean_fan(fan)
}
initializer! {
    /// Normal with variance `2 / (inputs + outputs)` (Glorot and Bengio, 2010, eq. 12); the bias is zero.
    XavierNormal, fill_normal, fan => 1.0 / mean_fan(fan)
}
initializer! {
    /// Uniform with variance `2 / inputs` (He and others, 2015, eq. 10); the bias is zero.
    HeUniform, fill_uniform, fan => 2.0 / fan.inputs as f64
}
initializer! {
    /// Normal with variance `2 / inputs` (He and others, 2015, eq. 10); the bias is zero.
    HeNormal, fill_normal, fan => 2.0 / fan.inputs as f64
}
initializer! {
    /// What each activation likes: He's uniform form for those that pass one side only, Xavier's for the others; the bias
    /// is zero.
    Recommended, fill_uniform, fan => {
        fan.gain.variance / if fan.gain.rectifies { fan.inputs as f64 } else { mean_fan(fan) }
    }
}
