//! Pooling of images and sequences: windows of each channel, or of each feature, become one value.

use core::marker::PhantomData;

use generic_array::typenum::{U0, UInt};

use super::window::{Along, Axis, KernelFits, Slid, SlidAlong, Valid, Windows};
use super::{Backward, Layer, View};
use crate::kernel::Kernel;
use crate::shape::kind::{IsImage, IsSequence, IsSpread};
use crate::size::Number;
use crate::sizes::U1;
use crate::summary::Setting;
use crate::{Image, Scalar, Sequence, Shape, Size, fingerprint};

/// What becomes of a window.
trait Pool: 'static {
    /// Takes the next value of a window into account.
    fn add<T: Scalar>(so_far: &mut T, value: T);
    /// The window's value, of so many.
    fn value<T: Scalar>(total: T, count: T) -> T;
    /// Adds the gradients of the values of some windows of a row, the first of them `first`, to the places of their values.
    fn spread<T: Scalar>(plane: Plane, row: Row<'_, T>, slots: &mut [T]);
}

/// Some windows of a row, at most [`LANES`], and the gradients of their values.
struct Row<'a, T> {
    inputs: &'a [T],
    y: usize,
    first: usize,
    slopes: &'a [T],
}

/// Windows side by side.
const LANES: usize = 32;

/// The largest value of a window; the first of equal ones, and NaN if there is one, as in `PyTorch`.
#[derive(Debug)]
struct Largest;

impl Largest {
    /// Whether the next value takes the place of the largest so far.
    #[inline(always)]
    #[expect(clippy::eq_op, reason = "only NaN differs from itself")]
    fn is_passed<T: Scalar>(largest: T, value: T) -> bool {
        (value > largest) | ((value != value) & (largest == largest))
    }
}

impl Pool for Largest {
    #[inline(always)]
    fn add<T: Scalar>(so_far: &mut T, value: T) {
        *so_far = if Self::is_passed(*so_far, value) {
            value
        } else {
            *so_far
        };
    }
    #[inline(always)]
    fn value<T: Scalar>(total: T, _count: T) -> T {
        total
    }
    #[inline(always)]
    fn spread<T: Scalar>(plane: Plane, row: Row<'_, T>, slots: &mut [T]) {
        let (mut largest, mut places) = ([T::ZERO; LANES], [0_u32; LANES]);
        for tap in 0..plane.taps() {
            let start = plane.start(row.y, row.first, tap);
            let values = plane
                .values(row.inputs, start)
                .zip((start as u32..).step_by(plane.columns.stride));
            let so_far = largest.iter_mut().zip(&mut places).take(row.slopes.len());
            for ((largest, place), (value, at)) in so_far.zip(values) {
                let passed = (tap == 0) | Self::is_passed(*largest, *value);
                // not a branch: it could not be foreseen
                *largest = if passed { *value } else { *largest };
                *place = if passed { at } else { *place };
            }
        }
        for (place, dy) in places.iter().zip(row.slopes) {
            if let Some(slot) = slots.get_mut(*place as usize) {
                *slot += *dy;
            }
        }
    }
}

/// The mean of a window.
#[derive(Debug)]
struct Mean;

impl Pool for Mean {
    #[inline(always)]
    fn add<T: Scalar>(so_far: &mut T, value: T) {
        *so_far += value;
    }
    #[inline(always)]
    fn value<T: Scalar>(total: T, count: T) -> T {
        total / count
    }
    #[inline(always)]
    fn spread<T: Scalar>(plane: Plane, row: Row<'_, T>, slots: &mut [T]) {
        let count = T::from_u32(plane.taps() as u32);
        for tap in 0..plane.taps() {
            let slots = slots
                .get_mut(plane.start(row.y, row.first, tap)..)
                .unwrap_or_default();
            for (slot, dy) in slots
                .iter_mut()
                .step_by(plane.columns.stride)
                .zip(row.slopes)
            {
                *slot += *dy / count;
            }
        }
    }
}

/// Windows over the rows and columns of a channel. A sequence is a channel whose rows are the steps and whose columns are the
/// features, with windows one column wide.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Plane {
    rows: Axis,
    columns: Axis,
}

impl Plane {
    /// Of shapes that are not taken.
    const NONE: Self = Self {
        rows: Axis::new::<U1, U1, U1, Valid>(),
        columns: Axis::new::<U1, U1, U1, Valid>(),
    };
    const fn inputs(self) -> usize {
        self.rows.size * self.columns.size
    }
    const fn outputs(self) -> usize {
        self.rows.outputs * self.columns.outputs
    }
    /// The values of a window.
    const fn taps(self) -> usize {
        self.rows.kernel * self.columns.kernel
    }
    /// Where in a channel the value at `tap` of the window at `y`, `x` lies.
    #[inline(always)]
    const fn start(self, y: usize, x: usize, tap: usize) -> usize {
        let (ky, kx) = (tap / self.columns.kernel, tap % self.columns.kernel);
        (y * self.rows.stride + ky) * self.columns.size + x * self.columns.stride + kx
    }
    /// The values under a tap of windows side by side.
    #[inline(always)]
    fn values<T>(self, inputs: &[T], start: usize) -> impl Iterator<Item = &T> {
        let values = inputs.get(start..).unwrap_or_default();
        values.iter().step_by(self.columns.stride)
    }

    #[inline(always)]
    fn forward<O: Pool, T: Scalar>(self, inputs: &[T], outputs: &mut [T]) {
        let count = T::from_u32(self.taps() as u32);
        let channels = inputs.chunks_exact(self.inputs());
        for (inputs, outputs) in channels.zip(outputs.chunks_exact_mut(self.outputs())) {
            for (y, row) in outputs.chunks_exact_mut(self.columns.outputs).enumerate() {
                for (output, value) in row.iter_mut().zip(self.values(inputs, self.start(y, 0, 0)))
                {
                    *output = *value;
                }
                for tap in 1..self.taps() {
                    let values = self.values(inputs, self.start(y, 0, tap));
                    for (output, value) in row.iter_mut().zip(values) {
                        O::add(output, *value);
                    }
                }
                for output in row {
                    *output = O::value(*output, count);
                }
            }
        }
    }

    #[inline(always)]
    fn backward<O: Pool, T: Scalar>(self, pass: Backward<'_, T>) {
        let Some(slots) = pass.input_gradient else {
            return;
        };
        slots.fill(-T::ZERO);
        let channels = pass.inputs.chunks_exact(self.inputs());
        let slopes = pass.output_gradient.chunks_exact(self.outputs());
        for ((inputs, slots), slopes) in channels
            .zip(slots.chunks_exact_mut(self.inputs()))
            .zip(slopes)
        {
            for (y, row) in slopes.chunks_exact(self.columns.outputs).enumerate() {
                for (slopes, first) in row.chunks(LANES).zip((0..).step_by(LANES)) {
                    let row = Row {
                        inputs,
                        y,
                        first,
                        slopes,
                    };
                    O::spread(self, row, slots);
                }
            }
        }
    }
}

/// An image, by its two dimensions.
#[doc(hidden)]
#[derive(Debug)]
pub struct TwoDimensions;

/// A sequence, by its steps.
#[doc(hidden)]
#[derive(Debug)]
pub struct OneDimension;

/// A shape that windows of `K`, `S` apart, slide over.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what this pooling takes",
    label = "`MaxPool2d` and `AveragePool2d` take an image, `MaxPool1d` and `AveragePool1d` a sequence"
)]
pub trait Windowed<Kind, K, S>: Shape {
    type Output: Shape;
    const PLANE: Plane;
    const KERNEL: Setting;
}

impl<C: Size, H: Size, W: Size, K: Size, S: Size> Windowed<TwoDimensions, K, S> for Image<C, H, W>
where
    Valid: KernelFits<H, W, K, K> + Windows<H, K, S> + Windows<W, K, S>,
    <Valid as Windows<H, K, S>>::Count: Size,
    <Valid as Windows<W, K, S>>::Count: Size,
    Self: Shape,
    Slid<C, H, W, K, S, Valid>: Shape,
{
    type Output = Slid<C, H, W, K, S, Valid>;
    const PLANE: Plane = Plane {
        rows: Axis::new::<H, K, S, Valid>(),
        columns: Axis::new::<W, K, S, Valid>(),
    };
    const KERNEL: Setting = Setting::SquareKernel(K::USIZE);
}

impl<N: Size, F: Size, K: Size, S: Size> Windowed<OneDimension, K, S> for Sequence<N, F>
where
    Valid: Along<N, K, S, U1>,
    Self: Shape,
    SlidAlong<F, N, K, S, Valid, U1>: Shape,
{
    type Output = SlidAlong<F, N, K, S, Valid, U1>;
    const PLANE: Plane = Plane {
        rows: Axis::new::<N, K, S, Valid>(),
        columns: Axis::new::<F, U1, U1, Valid>(),
    };
    const KERNEL: Setting = Setting::Kernel(K::USIZE);
}

/// For the message of another shape.
macro_rules! other_shapes {
    ($([$($generics:tt)*] $shape:ty, over $kind:ident: $wanted:ident;)*) => {$(
        impl<$($generics)*, K: Size, S: Size> Windowed<$kind, K, S> for $shape
        where
            Self: Shape<Key: $wanted>,
        {
            type Output = Self;
            const PLANE: Plane = Plane::NONE;
            const KERNEL: Setting = Setting::Kernel(K::USIZE);
        }
    )*};
}

other_shapes! {
    [U, B] UInt<U, B>, over TwoDimensions: IsImage;
    [N: Size, F: Size] Sequence<N, F>, over TwoDimensions: IsImage;
    [U, B] UInt<U, B>, over OneDimension: IsSequence;
    [C: Size, H: Size, W: Size] Image<C, H, W>, over OneDimension: IsSequence;
}

/// There is nothing to look at.
macro_rules! without_parameters {
    ($name:ident<$($generic:ident),*>) => {
        impl<$($generic),*> View for $name<$($generic),*>
        where
            Self: Layer,
        {
            type Ref<'a, T: Scalar> = ();
            type Mut<'a, T: Scalar> = ();

            fn view<T: Scalar>(_: &[T]) {}
            fn view_mut<T: Scalar>(_: &mut [T]) {}
        }
    };
}

macro_rules! pooling {
    ($(#[$doc:meta])* $name:ident, $pool:ident over $kind:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<I, K, S = K>(PhantomData<fn() -> (I, K, S)>);

        impl<I: Windowed<$kind, K, S>, K: Size, S: Size> Layer for $name<I, K, S> {
            type Input = I;
            type Output = I::Output;
            #[doc(hidden)]
            type Parameters = U0;
            #[doc(hidden)]
            type Tape = <I::Output as Shape>::Len;

            const NAME: &'static str = stringify!($name);
            const SETTINGS: &'static [Setting] = &[I::KERNEL, Setting::Stride(S::USIZE)];
            const FINGERPRINT: u64 = fingerprint::with(
                fingerprint::of_layer(
                    Self::NAME,
                    Self::DETAIL,
                    <Self::Input as Shape>::DIMENSIONS,
                    <Self::Output as Shape>::DIMENSIONS,
                    0,
                ),
                &[K::USIZE, S::USIZE],
            );

            fn forward<T: Scalar, N: Kernel>(_: &[T], inputs: &[T], outputs: &mut [T]) {
                I::PLANE.forward::<$pool, T>(inputs, outputs);
            }
            fn backward<T: Scalar, N: Kernel>(_: &[T], pass: Backward<'_, T>) {
                I::PLANE.backward::<$pool, T>(pass);
            }
        }

        without_parameters!($name<I, K, S>);
    };
}

pooling! {
    /// The largest value of each window of `K` x `K`, `S` apart, for each channel of an [`Image<C, H, W>`](Image) (Zhou and
    /// Chellappa, 1988).
    ///
    /// Output `C` channels of `(H - K) / S + 1` rows and `(W - K) / S + 1` columns, rounded down; windows don't overlap
    /// unless a smaller stride is named. The gradient goes to the first of equal values, as in `PyTorch`; NaN stays NaN.
    /// It has no parameters.
    ///
    /// ```
    /// use sizednet::{Image, MaxPool2d, Network, sizes::*};
    ///
    /// let network = Network::<MaxPool2d<Image<U1, U2, U4>, U2>>::zeros();
    /// assert_eq!(network.forward(&[[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 8.0, 7.0]]]), [[[4.0, 8.0]]]);
    /// ```
    MaxPool2d, Largest over TwoDimensions
}

pooling! {
    /// The largest value of each window of `K` steps, `S` apart, for each feature of a [`Sequence`].
    ///
    /// Output a sequence of `(Steps - K) / S + 1` steps, rounded down, of as many features; else as [`MaxPool2d`].
    ///
    /// ```
    /// use sizednet::{MaxPool1d, Network, Sequence, sizes::*};
    ///
    /// let network = Network::<MaxPool1d<Sequence<U4, U2>, U2>>::zeros();
    /// let sequence = [[1.0, 9.0], [2.0, 8.0], [4.0, 6.0], [3.0, 7.0]];
    /// assert_eq!(network.forward(&sequence), [[2.0, 9.0], [4.0, 7.0]]);
    /// ```
    MaxPool1d, Largest over OneDimension
}

pooling! {
    /// The mean of each window of `K` x `K`, `S` apart, for each channel of an [`Image<C, H, W>`](Image) (Le Cun and others, 1990).
    ///
    /// Output `C` channels of `(H - K) / S + 1` rows and `(W - K) / S + 1` columns, rounded down; windows don't overlap
    /// unless a smaller stride is named. It has no parameters.
    ///
    /// ```
    /// use sizednet::{AveragePool2d, Image, Network, sizes::*};
    ///
    /// let network = Network::<AveragePool2d<Image<U1, U2, U4>, U2>>::zeros();
    /// assert_eq!(network.forward(&[[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 8.0, 7.0]]]), [[[2.5, 6.5]]]);
    /// ```
    AveragePool2d, Mean over TwoDimensions
}

pooling! {
    /// The mean of each window of `K` steps, `S` apart, for each feature of a [`Sequence`].
    ///
    /// Output a sequence of `(Steps - K) / S + 1` steps, rounded down, of as many features; else as [`AveragePool2d`].
    ///
    /// ```
    /// use sizednet::{AveragePool1d, Network, Sequence, sizes::*};
    ///
    /// let network = Network::<AveragePool1d<Sequence<U4, U2>, U2>>::zeros();
    /// let sequence = [[1.0, 9.0], [2.0, 8.0], [4.0, 6.0], [3.0, 7.0]];
    /// assert_eq!(network.forward(&sequence), [[1.5, 8.5], [3.5, 6.5]]);
    /// ```
    AveragePool1d, Mean over OneDimension
}

/// A shape whose mean is taken as a whole.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither an image nor a sequence",
    label = "`GlobalAveragePool` takes an image or a sequence"
)]
pub trait Whole: Shape {
    type Features: Size;
    const PLANE: Plane;
}

impl<C: Size, H: Size, W: Size> Whole for Image<C, H, W>
where
    Self: Shape,
{
    type Features = C;
    const PLANE: Plane = Plane {
        rows: Axis::new::<H, H, U1, Valid>(),
        columns: Axis::new::<W, W, U1, Valid>(),
    };
}

impl<N: Size, F: Size> Whole for Sequence<N, F>
where
    Self: Shape,
{
    type Features = F;
    const PLANE: Plane = Plane {
        rows: Axis::new::<N, N, U1, Valid>(),
        columns: Axis::new::<F, U1, U1, Valid>(),
    };
}

/// For the message of a vector.
impl<U, B> Whole for UInt<U, B>
where
    Self: Size,
    Number<Self>: IsSpread,
{
    type Features = Self;
    const PLANE: Plane = Plane::NONE;
}

/// The mean of each channel of an [`Image<C, H, W>`](Image), a vector of `C` values (Lin and others, 2013), or of each feature
/// of a [`Sequence<Steps, F>`](Sequence), a vector of `F` values.
///
/// It has no parameters. In an `nn.Sequential` of `PyTorch` it is `nn.AdaptiveAvgPool2d(1)`, or `nn.AdaptiveAvgPool1d(1)`, and
/// `nn.Flatten`.
///
/// ```
/// use sizednet::{GlobalAveragePool, Image, Network, Sequence, sizes::*};
///
/// let network = Network::<GlobalAveragePool<Image<U2, U1, U2>>>::zeros();
/// assert_eq!(network.forward(&[[[1.0, 2.0]], [[5.0, 6.0]]]), [1.5, 5.5]);
///
/// let network = Network::<GlobalAveragePool<Sequence<U2, U3>>>::zeros();
/// assert_eq!(network.forward(&[[1.0, 2.0, 3.0], [3.0, 6.0, 9.0]]), [2.0, 4.0, 6.0]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct GlobalAveragePool<I>(PhantomData<fn() -> I>);

impl<I: Whole> Layer for GlobalAveragePool<I> {
    type Input = I;
    type Output = I::Features;
    #[doc(hidden)]
    type Parameters = U0;
    #[doc(hidden)]
    type Tape = I::Features;

    const NAME: &'static str = "GlobalAveragePool";
    const MODULES: usize = 2;

    fn forward<T: Scalar, N: Kernel>(_: &[T], inputs: &[T], outputs: &mut [T]) {
        I::PLANE.forward::<Mean, T>(inputs, outputs);
    }
    fn backward<T: Scalar, N: Kernel>(_: &[T], pass: Backward<'_, T>) {
        I::PLANE.backward::<Mean, T>(pass);
    }
}

without_parameters!(GlobalAveragePool<I>);
