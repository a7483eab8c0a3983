//! The activations: one number in, one out, with its derivative.
//!
//! Each is a type without values that a [`Dense`](crate::Dense) layer names. One of your own takes a few lines:
//!
//! ```
//! use sizednet::{Activation, Scalar, activation::PreActivation};
//!
//! struct Square;
//!
//! impl Activation for Square {
//!     type Keeps = PreActivation; // the slope below is a function of what goes in
//!     const NAME: &'static str = "Square";
//!     fn value<T: Scalar>(x: T) -> T {
//!         x * x
//!     }
//!     fn slope<T: Scalar>(x: T) -> T {
//!         x + x
//!     }
//! }
//! ```

use core::marker::PhantomData;

use generic_array::typenum::{B0, UInt};

use crate::kernel::{Elementwise, elementwise};
use crate::layer::{cut, cut_mut, outputs_of};
use crate::{Count, Scalar};

/// One number in, one out, with its derivative: the [module](self) has an example of one's own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activation",
    label = "not an activation"
)]
pub trait Activation: 'static {
    /// What [`slope`](Self::slope) is a function of: [`Output`] or [`PreActivation`].
    type Keeps: Keep;
    /// Its name in a summary; part of the fingerprint.
    const NAME: &'static str;
    /// By what factor weights are drawn larger than a linear layer needs; 2 in the variance for those that are 0 on one
    /// side (He and others, 2015).
    const GAIN: Gain = Gain::LINEAR;

    /// Whether there is nothing to compute.
    #[doc(hidden)]
    const IDENTITY: bool = false;
    /// Whether it is [`Relu`], which kernels have inside.
    #[doc(hidden)]
    const RECTIFIER: bool = false;

    /// The activation of `x`.
    fn value<T: Scalar>(x: T) -> T;
    /// The derivative: as a function of the output if that is kept, else of what went in.
    fn slope<T: Scalar>(kept: T) -> T;

    /// The activation of each of the values, in place.
    #[inline(always)]
    fn apply<T: Scalar>(values: &mut [T]) {
        if cfg!(feature = "small") {
            return apply_one_by_one::<Self, T>(values);
        }
        // the last chunk, which may overlap the one before it, as it goes in
        let last = values.last_chunk::<CHUNK>().copied();
        let (chunks, rest) = values.as_chunks_mut::<CHUNK>();
        for chunk in chunks {
            // hidden, or the compiler gathers the numbers of `Relu` and the like from sixteen chunks, which takes four times as long
            let chunk = core::hint::black_box(chunk);
            *chunk = chunk_values::<Self, T>(chunk);
        }
        if rest.is_empty() {
            return;
        }
        if let Some(inputs) = last {
            if let Some(chunk) = values.last_chunk_mut() {
                *chunk = chunk_values::<Self, T>(&inputs);
            }
        } else if rest.len() > CHUNK / 4 {
            let mut inputs = [T::ZERO; CHUNK];
            for (x, value) in inputs.iter_mut().zip(&*rest) {
                *x = *value;
            }
            for (value, y) in rest.iter_mut().zip(chunk_values::<Self, T>(&inputs)) {
                *value = y;
            }
        } else {
            for value in rest {
                *value = Self::value(*value);
            }
        }
    }
    /// The chain rule: an output gradient times the derivative.
    #[inline]
    fn chain<T: Scalar>(output_gradient: T, kept: T) -> T {
        output_gradient * Self::slope(kept)
    }
}

/// Values that are computed together: enough that the compiler makes vectors of them, padded if need be.
const CHUNK: usize = 16;

/// The activations of a chunk. In place, a selection would become masked stores, which are slow on some machines.
#[inline(always)]
fn chunk_values<A: Activation + ?Sized, T: Scalar>(inputs: &[T; CHUNK]) -> [T; CHUNK] {
    let mut outputs = [T::ZERO; CHUNK];
    for (y, x) in outputs.iter_mut().zip(inputs) {
        *y = A::value(*x);
    }
    outputs
}

/// The activation of each of the values, in place.
#[inline(always)]
pub(crate) fn apply<A: Activation + ?Sized, T: Scalar>(values: &mut [T]) {
    if A::IDENTITY {
        return;
    }
    elementwise(values.len(), Apply::<A, T>(values, PhantomData));
}

/// Where code has to be small: functions of their own, for all layers.
#[inline(always)]
fn apply_one_by_one<A: Activation + ?Sized, T: Scalar>(values: &mut [T]) {
    #[inline(never)]
    fn value<A: Activation + ?Sized, T: Scalar>(x: T) -> T {
        A::value(x)
    }
    #[inline(never)]
    fn apply_many<A: Activation + ?Sized, T: Scalar>(values: &mut [T]) {
        for y in values {
            // hidden, or the loop would be unrolled
            *y = A::value(core::hint::black_box(*y));
        }
    }
    if values.len() < CHUNK / 2 {
        for y in values {
            *y = value::<A, T>(*y);
        }
    } else {
        apply_many::<A, T>(values);
    }
}

struct Apply<'a, A: ?Sized, T>(&'a mut [T], PhantomData<A>);

impl<A: Activation + ?Sized, T: Scalar> Elementwise for Apply<'_, A, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        A::apply(self.0);
    }
}

/// The chain rule for each of the output gradients, in place; with feature `small` one function for all layers.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub(crate) fn chain<A: Activation + ?Sized, T: Scalar>(output_gradient: &mut [T], kept: &[T]) {
    chain_few::<A, T>(output_gradient, kept);
}

/// [`chain`] for few numbers, which are not worth a call.
#[inline(always)]
pub(crate) fn chain_few<A: Activation + ?Sized, T: Scalar>(output_gradient: &mut [T], kept: &[T]) {
    if A::IDENTITY {
        return;
    }
    let numbers = output_gradient.len();
    elementwise(numbers, Chain::<A, T>(output_gradient, kept, PhantomData));
}

struct Chain<'a, A: ?Sized, T>(&'a mut [T], &'a [T], PhantomData<A>);

impl<A: Activation + ?Sized, T: Scalar> Elementwise for Chain<'_, A, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(slopes, kept, _) = self;
        for (dy, kept) in slopes.iter_mut().zip(kept) {
            *dy = A::chain(*dy, *kept);
        }
    }
}

/// How large first weights should be for an activation; [`Recommended`](crate::initializer::Recommended) reads it.
///
/// ```
/// use sizednet::{Activation, Relu, activation::Gain};
///
/// assert_eq!(Relu::GAIN, Gain::RECTIFIED); // twice the variance, for the half that is 0
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// The factor of the variance.
    pub variance: f64,
    /// Whether the activation passes one side only, so that fan-in alone decides (He), not the mean with fan-out.
    pub rectifies: bool,
}

impl Gain {
    /// For activations that are about linear near 0.
    pub const LINEAR: Self = Self {
        variance: 1.0,
        rectifies: false,
    };
    /// For activations that are 0 on one side.
    pub const RECTIFIED: Self = Self {
        variance: 2.0,
        rectifies: true,
    };
}

/// What a layer keeps of a sample for the derivative of its activation: [`Output`] or [`PreActivation`].
///
/// ```
/// use sizednet::{Dense, Layer, Silu, Tanh, generic_array::typenum::Unsigned, sizes::*};
///
/// // the slope of tanh is a function of its output; that of x * sigmoid(x) is not
/// assert_eq!(<Dense<U2, U3, Tanh> as Layer>::Tape::USIZE, 3);
/// assert_eq!(<Dense<U2, U3, Silu> as Layer>::Tape::USIZE, 6);
/// ```
pub trait Keep: 'static {
    /// Values on the tape of a layer with `O` outputs: a [`Count`].
    type Tape<O: Count>;
    /// Fills the tape from the layer's sums.
    #[doc(hidden)]
    fn record<A: Activation + ?Sized, T: Scalar>(tape: &mut [T], sums: impl FnOnce(&mut [T]));
    /// What the derivative is a function of.
    #[doc(hidden)]
    fn kept<T>(tape: &[T]) -> &[T];
    /// The same, of an activation's inputs and outputs.
    #[doc(hidden)]
    fn of<'a, T>(inputs: &'a [T], outputs: &'a [T]) -> &'a [T];
}

/// The derivative is a function of the output alone.
#[derive(Debug, Clone, Copy)]
pub struct Output;

impl Keep for Output {
    type Tape<O: Count> = O;

    #[inline(always)]
    fn record<A: Activation + ?Sized, T: Scalar>(tape: &mut [T], sums: impl FnOnce(&mut [T])) {
        sums(tape);
        apply::<A, T>(tape);
    }
    #[inline]
    fn kept<T>(tape: &[T]) -> &[T] {
        tape
    }
    #[inline]
    fn of<'a, T>(_: &'a [T], outputs: &'a [T]) -> &'a [T] {
        outputs
    }
}

/// The derivative is a function of what goes into the activation, which takes a second number on the tape.
#[derive(Debug, Clone, Copy)]
pub struct PreActivation;

impl Keep for PreActivation {
    type Tape<O: Count> = UInt<O, B0>;

    #[inline(always)]
    fn record<A: Activation + ?Sized, T: Scalar>(tape: &mut [T], sums: impl FnOnce(&mut [T])) {
        let half = tape.len() / 2;
        let (before, outputs) = cut_mut(tape, half);
        sums(before);
        for (y, x) in outputs.iter_mut().zip(before) {
            *y = *x;
        }
        apply::<A, T>(outputs);
    }
    #[inline]
    fn kept<T>(tape: &[T]) -> &[T] {
        debug_assert_eq!(outputs_of(tape, tape.len() / 2).len() * 2, tape.len());
        cut(tape, tape.len() / 2).0
    }
    #[inline]
    fn of<'a, T>(inputs: &'a [T], _: &'a [T]) -> &'a [T] {
        inputs
    }
}

/// An activation without values; its piecewise forms are written so that NaN falls to the branch that keeps it.
macro_rules! activation {
    (
        $(#[$doc:meta])* $name:ident keeps $keeps:ident, $gain:ident $(, $is:ident)?; example $example:literal;
        value($x:ident) $value:block slope($kept:ident) $slope:block
    ) => {
        $(#[$doc])*
        ///
        /// ```
        #[doc = concat!("use sizednet::{Activation, ", stringify!($name), "};\n\n", $example)]
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl Activation for $name {
            type Keeps = $keeps;
            const NAME: &'static str = stringify!($name);
            const GAIN: Gain = Gain::$gain;
            $(const $is: bool = true;)?

            #[inline(always)]
            fn value<T: Scalar>($x: T) -> T $value
            #[inline(always)]
            fn slope<T: Scalar>($kept: T) -> T $slope
        }
    };
}

/// The identity: `y = x`.
///
/// ```
/// use sizednet::{Activation, Identity};
///
/// assert_eq!(Identity::value(3.0), 3.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity;

impl Activation for Identity {
    type Keeps = Output;
    const NAME: &'static str = "Identity";
    const IDENTITY: bool = true;

    #[inline(always)]
    fn value<T: Scalar>(x: T) -> T {
        x
    }
    #[inline(always)]
    fn slope<T: Scalar>(_: T) -> T {
        T::ONE
    }
    #[inline(always)]
    fn chain<T: Scalar>(output_gradient: T, _: T) -> T {
        output_gradient
    }
}

activation! {
    /// The rectifier: `y = x` above 0, else 0; slope 0 at 0.
    Relu keeps Output, RECTIFIED, RECTIFIER; example "assert_eq!([-2.0, 3.0].map(Relu::value::<f32>), [0.0, 3.0]);";
    value(x) { if x <= T::ZERO { T::ZERO } else { x } }
    slope(y) { if y > T::ZERO { T::ONE } else { T::ZERO } }
}

activation! {
    /// The leaky rectifier: `y = x` above 0, else `x / 100`.
    LeakyRelu keeps Output, RECTIFIED; example "assert_eq!([-2.0, 3.0].map(LeakyRelu::value::<f32>), [-0.02, 3.0]);";
    value(x) { if x > T::ZERO { x } else { x * T::from_f64(0.01) } }
    slope(y) { if y > T::ZERO { T::ONE } else { T::from_f64(0.01) } }
}

activation! {
    /// The exponential linear unit (Clevert and others, 2015): `y = x` above 0, else `exp(x) - 1`.
    Elu keeps Output, RECTIFIED; example "assert_eq!(Elu::value(3.0), 3.0);\nassert!((Elu::value(-2.0) - ((-2.0_f64).exp() - 1.0)).abs() < 1e-15);";
    value(x) { if x > T::ZERO { x } else { x.exp_m1() } }
    slope(y) { if y > T::ZERO { T::ONE } else { y + T::ONE } }
}

/// `sqrt(2 / pi)`, of the tanh form of [`Gelu`].
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;

activation! {
    /// The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, 2016):
    /// `y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`.
    Gelu keeps PreActivation, RECTIFIED; example "assert_eq!(Gelu::value(0.0), 0.0);\nassert!((Gelu::value(1.0) - 0.841_191_990_608_276_4_f64).abs() < 1e-15);";
    value(x) {
        let inner = T::from_f64(SQRT_2_OVER_PI) * (x + T::from_f64(0.044_715) * (x * x * x));
        // 1 + tanh(u) is 2 sigmoid(2u), which loses no digits where tanh is near -1
        let gate = (inner + inner).sigmoid();
        if gate == T::ZERO { T::ZERO } else { x * gate }
    }
    slope(x) {
        let (root, cubic) = (T::from_f64(SQRT_2_OVER_PI), T::from_f64(0.044_715));
        let inner = root * (x + cubic * (x * x * x));
        let gate = (inner + inner).sigmoid();
        let rate = root * (T::ONE + T::from_f64(3.0) * cubic * (x * x));
        let bend = gate * (T::ONE - gate);
        if bend == T::ZERO { gate } else { gate + x * bend * (rate + rate) }
    }
}

activation! {
    /// The sigmoid linear unit, or swish: `y = x * sigmoid(x)`.
    Silu keeps PreActivation, RECTIFIED; example "assert_eq!(Silu::value(0.0), 0.0);\nassert!((Silu::value(1.0) - 0.731_058_578_630_004_9_f64).abs() < 1e-15);";
    value(x) {
        let gate = x.sigmoid();
        if gate == T::ZERO { T::ZERO } else { x * gate }
    }
    slope(x) {
        let gate = x.sigmoid();
        let bend = gate * (T::ONE - gate);
        if bend == T::ZERO { gate } else { gate + x * bend }
    }
}

activation! {
    /// The soft rectifier: `y = ln(1 + exp(x))`.
    Softplus keeps Output, RECTIFIED; example "assert!((Softplus::value(0.0) - 2.0_f64.ln()).abs() < 1e-15);\nassert_eq!(Softplus::value(1000.0), 1000.0);";
    value(x) { x.softplus() }
    slope(y) { -(-y).exp_m1() }
}

activation! {
    /// The logistic function: `y = 1 / (1 + exp(-x))`.
    Sigmoid keeps Output, LINEAR; example "assert_eq!(Sigmoid::value(0.0), 0.5);\nassert_eq!(Sigmoid::slope(0.5), 0.25); // a function of the output";
    value(x) { x.sigmoid() }
    slope(y) { y * (T::ONE - y) }
}

activation! {
    /// The hyperbolic tangent.
    Tanh keeps Output, LINEAR; example "assert_eq!(Tanh::value(0.0), 0.0);\nassert_eq!(Tanh::slope(0.5), 0.75); // a function of the output";
    value(x) { x.tanh() }
    slope(y) { T::ONE - y * y }
}

activation! {
    /// The sigmoid in three straight pieces: `y = x / 6 + 1 / 2`, held between 0 and 1.
    HardSigmoid keeps Output, LINEAR; example "assert_eq!([-4.0, 0.0, 4.0].map(HardSigmoid::value::<f32>), [0.0, 0.5, 1.0]);";
    value(x) {
        let y = x / T::from_f64(6.0) + T::HALF;
        if y <= T::ZERO { T::ZERO } else if y >= T::ONE { T::ONE } else { y }
    }
    slope(y) { if y > T::ZERO && y < T::ONE { T::ONE / T::from_f64(6.0) } else { T::ZERO } }
}

activation! {
    /// The identity, held between -1 and 1.
    HardTanh keeps Output, LINEAR; example "assert_eq!([-4.0, 0.5, 4.0].map(HardTanh::value::<f32>), [-1.0, 0.5, 1.0]);";
    value(x) {
        if x <= -T::ONE { -T::ONE } else if x >= T::ONE { T::ONE } else { x }
    }
    slope(y) { if y > -T::ONE && y < T::ONE { T::ONE } else { T::ZERO } }
}
