//! The only hot loops: products of matrices and vectors, on slices, and the order of every sum.
//!
//! # The contract
//!
//! A kernel equals a plain scalar loop bit for bit, because every sum has one fixed order. It does
//! not depend on the width of the machine's vectors, the block size or the batch size.
//!
//! | sum | starts at | order |
//! |---|---|---|
//! | output of a layer | its bias | interleaved partial sums |
//! | gradient of an input | -0 | eight interleaved partial sums |
//! | gradient of a weight | -0, or its value | sample by sample |
//! | element of a matrix product | -0, or its value | first to last |
//! | output of a filter | its bias, or its value | tap by tap |
//!
//! *P* interleaved partial sums: product *i* goes to sum *i* modulo *P*. Sum 0 starts where the
//! table says, the others at -0. At the end they are added as a tree, those *P*/2 apart first: for
//! eight sums `((0+4)+(2+6))+((1+5)+(3+7))`. Several sums make one sample fast: an addition need
//! not wait for the one before it. An output has 8 partial sums in a layer of at most 16 outputs, 4
//! up to 32, 2 up to 64, and 1 above. It has 1 in a layer of fewer than [`NATIVE_FROM`] weights.
//!
//! -0 is the sum of no numbers: adding it to any number, -0 included, changes nothing. So the
//! gradient of one sample is the product itself.
//!
//! # Native and portable arithmetic
//!
//! Portable arithmetic rounds a product and the sum it goes to separately: the bits are the same on
//! every target.
//!
//! Native arithmetic rounds them once, with a fused multiply-add, where the machine has vectors
//! with one (feature `simd`: AVX-512, or AVX2 and FMA, on x86-64, found at run time; NEON).
//! Elsewhere it equals portable arithmetic. So its bits depend on whether the machine has a fused
//! multiply-add, not on the width of its vectors. With fewer than [`NATIVE_FROM`] weights all kernels
//! use portable arithmetic; [`affine`](Kernel::affine) and the gradients of weights and inputs also
//! with fewer than eight outputs.
//!
//! Kernels take lengths as numbers at run time, and are compiled once, in this crate.

use core::marker::PhantomData;
use core::num::NonZeroUsize;

use crate::activation::{self, Relu};
use crate::sizes::U4;
use crate::{Scalar, Size};

pub(crate) mod group;
mod portable;
pub(crate) mod small;
#[cfg(feature = "simd")]
pub(crate) mod vector;
/// The number types, of which nothing is asked.
#[cfg(not(feature = "simd"))]
pub(crate) mod vector {
    pub trait Vectorized {}
    impl Vectorized for f32 {}
    impl Vectorized for f64 {}
}

/// The loops a layer computes with, in one arithmetic, for blocks of at most
/// [`Block`](Kernel::Block) samples.
///
/// The slices must have the lengths that their fields state, with at most a block of samples. A
/// kernel panics, or computes only what the slices hold, if they do not.
///
/// A layer passes the kernel that it is given on to the layers inside it;
/// [`Portable`](crate::Portable) passes on [`Kernel::Portable`].
pub trait Kernel: 'static {
    /// The most samples that pass through together: the size of a layer's buffers. Changes memory
    /// and speed, no bit.
    type Block: Size;
    /// The same loops in portable arithmetic.
    type Portable: Kernel<Block = Self::Block>;

    /// `outputs = inputs * weights + bias` for each sample.
    fn affine<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>);

    /// The same, through the rectifier.
    #[inline(always)]
    fn rectified<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
        affine_then_rectify::<Self, T>(dense, pass);
    }

    /// `weights += inputs^T * output_gradient` and `bias += output_gradient`, summed over the
    /// samples, or `=` where there is nothing to add to.
    fn weight_gradient<T: Scalar>(dense: Dimensions, pass: WeightGradient<'_, T>);

    /// `input_gradient = output_gradient * weights^T` for each sample.
    fn input_gradient<T: Scalar>(dense: Dimensions, pass: InputGradient<'_, T>);

    /// `sums += left * right`, or `=` where there is nothing to add to.
    fn product<T: Scalar>(dense: Dimensions, pass: Product<'_, T>);

    /// Filters slide over an image, one window after the other: `outputs[filter][row][column] +=
    /// weights[tap][filter] * image[places[tap] + row * step + column]`, summed over the taps.
    fn slide<T: Scalar>(dense: Dimensions, pass: Slide<'_, T>);
}

/// What a forward pass reads and writes; sizes by [`Dimensions`].
#[derive(Debug)]
pub struct Affine<'a, T> {
    /// \[inputs\]\[outputs\].
    pub weights: &'a [T],
    /// \[outputs\].
    pub bias: &'a [T],
    /// \[samples\]\[inputs\].
    pub inputs: &'a [T],
    /// \[samples\]\[outputs\], written.
    pub outputs: &'a mut [T],
}

/// The rectifier as a pass of its own.
#[expect(clippy::needless_pass_by_value, reason = "like the kernels")]
#[inline(always)]
fn affine_then_rectify<K: Kernel + ?Sized, T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
    let outputs = &mut *pass.outputs;
    K::affine(dense, Affine { outputs, ..pass });
    activation::apply::<Relu, T>(pass.outputs);
}

/// What a gradient of weights reads and adds to; sizes by [`Dimensions`].
#[derive(Debug)]
pub struct WeightGradient<'a, T> {
    /// \[samples\]\[inputs\].
    pub inputs: &'a [T],
    /// \[samples\]\[outputs\].
    pub output_gradient: &'a [T],
    /// \[inputs\]\[outputs\], added to.
    pub weights: &'a mut [T],
    /// \[outputs\], added to; or empty, where there is none.
    pub bias: &'a mut [T],
    /// Whether `weights` and `bias` hold nothing yet, and are written.
    pub fresh: bool,
}

/// What a gradient of inputs reads and writes; sizes by [`Dimensions`].
#[derive(Debug)]
pub struct InputGradient<'a, T> {
    /// \[inputs\]\[outputs\].
    pub weights: &'a [T],
    /// \[samples\]\[outputs\].
    pub output_gradient: &'a [T],
    /// \[samples\]\[inputs\], written.
    pub input_gradient: &'a mut [T],
}

/// What a product of matrices reads and adds to. Of the [`Dimensions`] `inputs` is the number of
/// products in a sum, `outputs` that of columns.
#[derive(Debug)]
pub struct Product<'a, T> {
    /// \[rows\]\[inputs\].
    pub left: &'a [T],
    /// \[inputs\]\[outputs\].
    pub right: &'a [T],
    /// \[rows\]\[outputs\], added to.
    pub sums: &'a mut [T],
    /// Whether `sums` holds nothing yet, and is written.
    pub fresh: bool,
}

/// What filters that slide over an image read and write. Of the [`Dimensions`] `inputs` is the
/// number of windows in a row, at least [`Slide::WINDOWS`], `outputs` that of filters.
#[derive(Debug)]
pub struct Slide<'a, T> {
    /// \[taps\]\[filters\].
    pub weights: &'a [T],
    /// \[filters\], where the sums start; or empty, where they go on from `outputs`.
    pub bias: &'a [T],
    /// At least as long as the last window of the last tap wants.
    pub image: &'a [T],
    /// \[taps\]: where the value under each tap of the first window lies.
    pub places: &'a [u32],
    /// From a row of windows to the next.
    pub step: usize,
    /// \[filters\]\[rows\]\[columns\], written or added to.
    pub outputs: &'a mut [T],
}

impl<T> Slide<'_, T> {
    /// The fewest windows in a row: as many as the widest vector has lanes.
    pub const WINDOWS: usize = 16;
}

/// A loop over slices, element by element.
pub(crate) trait Elementwise {
    type Output;
    /// Runs it; to be inlined into a function that may use the vectors of the machine.
    fn run(self) -> Self::Output;
}

/// Loops over fewer numbers than this are not worth a function of their own.
#[cfg(feature = "simd")]
const VECTORS_FROM: usize = 16;
/// Runs a loop over so many numbers with the vectors of the machine, if there are any. No bit
/// depends on it.
#[inline]
pub(crate) fn elementwise<J: Elementwise>(numbers: usize, job: J) -> J::Output {
    #[cfg(feature = "simd")]
    if numbers >= VECTORS_FROM {
        return vector::run(job);
    }
    let _ = numbers;
    job.run()
}

/// The bits of the vectors that the kernels compute with here: 512 (AVX-512), 256 (AVX2 with FMA),
/// 128 (NEON), or 0: plain loops. The bits of a result depend on whether it is 0, not on how many
/// they are.
///
/// ```
/// println!("vectors of {} bits", sizednet::kernel::vector_bits());
/// ```
#[must_use]
pub fn vector_bits() -> u32 {
    #[cfg(feature = "simd")]
    return vector::bits();
    #[cfg(not(feature = "simd"))]
    0
}

/// From here on vectors of more bits are left alone by the whole process: a test can see what
/// another machine does.
#[doc(hidden)]
pub fn limit_vector_bits(bits: u32) {
    #[cfg(feature = "simd")]
    vector::limit(bits);
    let _ = bits;
}

/// Whether a step of gradient descent by one sample leaves finite parameters; a gradient that is
/// not finite leaves none. `false` may mean that the largest magnitudes leave a doubt; with feature
/// `small` every parameter is tried.
#[inline(always)]
pub(crate) fn descent_is_finite<T: Scalar>(
    dense: Dimensions,
    rate: T,
    (inputs, output_gradient): (&[T], &[T]),
    parameters: &[T],
) -> bool {
    if !cfg!(feature = "small") {
        // a change far below the distance between the largest numbers leaves a finite parameter
        // finite: 2^40 2^40 2^20 is less than 2^103, half of that distance in f32
        let (factor, largest_rate) = (T::from_f64(1e12), T::from_f64(1e6));
        rate.abs() <= largest_rate
            && are_within(factor, inputs)
            && are_within(factor, output_gradient)
            && are_within(T::MAX, parameters)
    } else if dense.are_unrolled() {
        small::descent_is_finite(dense, rate, (inputs, output_gradient), parameters)
    } else {
        portable::descent_is_finite(dense, rate, (inputs, output_gradient), parameters)
    }
}

/// Whether no magnitude is above a limit, or NaN.
#[inline(always)]
fn are_within<T: Scalar>(limit: T, numbers: &[T]) -> bool {
    struct AreWithin<'a, T>(T, &'a [T]);
    impl<T: Scalar> Elementwise for AreWithin<'_, T> {
        type Output = bool;

        #[inline(always)]
        fn run(self) -> bool {
            let within = self.1.iter().map(|number| number.abs() <= self.0);
            within.fold(true, |all, within| all & within)
        }
    }
    elementwise(numbers.len(), AreWithin(limit, numbers))
}

/// `weights -= rate * (inputs^T * output_gradient)`, `bias -= rate * output_gradient` for one
/// sample, the same in either arithmetic.
#[inline(always)]
pub(crate) fn descend<T: Scalar>(dense: Dimensions, rate: T, pass: WeightGradient<'_, T>) {
    if dense.are_unrolled() {
        return small::descend(dense, rate, pass);
    }
    #[cfg(feature = "simd")]
    if !dense.are_small() {
        return T::descend(dense, rate, pass);
    }
    portable::descend(dense, rate, pass);
}

/// How many values go into a product of a matrix and a vector, and how many come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Rows of the weights.
    pub inputs: NonZeroUsize,
    /// Columns of the weights.
    pub outputs: NonZeroUsize,
}

impl Dimensions {
    /// The dimensions of a layer that takes and gives these shapes' numbers of values.
    #[must_use]
    pub const fn new(inputs: NonZeroUsize, outputs: NonZeroUsize) -> Self {
        Self { inputs, outputs }
    }
    /// How many sums an output is made of.
    #[inline(always)]
    pub(crate) const fn parts(self) -> usize {
        match self.outputs.get() {
            _ if self.are_small() => 1,
            1..=16 => 8,
            17..=32 => 4,
            33..=64 => 2,
            _ => 1,
        }
    }
    /// Whether there are too few weights for vectors.
    #[inline(always)]
    pub(crate) const fn are_small(self) -> bool {
        self.inputs.get() * self.outputs.get() < NATIVE_FROM
    }
    /// Whether loops over the weights are unrolled: in all small layers, but with feature `small`
    /// in tiny ones alone.
    #[inline(always)]
    pub(crate) const fn are_unrolled(self) -> bool {
        const BELOW: usize = if cfg!(feature = "small") {
            9
        } else {
            NATIVE_FROM
        };
        self.inputs.get() * self.outputs.get() < BELOW
    }
}

/// What [`Network`](crate::Network) passes to its layers: the arithmetic of the machine where
/// nothing says [`Portable`](crate::Portable).
///
/// ```
/// use sizednet::{Dense, Layer, kernel::NativeKernel, sizes::*};
///
/// // two samples at once, on flat slices
/// let mut outputs = [0.0; 2];
/// Dense::<U2, U1>::forward::<f32, NativeKernel<U2>>(&[1.0, 2.0, 3.0], &[0.0, 0.0, 1.0, 1.0], &mut outputs);
/// assert_eq!(outputs, [3.0, 6.0]);
/// ```
#[derive(Debug)]
pub struct NativeKernel<B>(PhantomData<B>);

/// Portable arithmetic: product and sum are rounded apart, so the bits are the same on every
/// target.
#[derive(Debug)]
pub struct PortableKernel<B>(PhantomData<B>);

/// Layers with fewer weights than this use portable arithmetic and plain loops, whatever the batch:
/// a fused multiply-add buys them nothing.
pub const NATIVE_FROM: usize = 64;

macro_rules! kernel {
    ($name:ident, fused: $fused:literal; $($kernel:ident $pass:ident)*) => {
        impl<B: Size> Kernel for $name<B> {
            type Block = B;
            type Portable = PortableKernel<B>;

            #[inline(always)]
            fn rectified<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
                #[cfg(feature = "simd")]
                if !dense.are_small() {
                    return T::rectified($fused, dense, pass);
                }
                affine_then_rectify::<Self, T>(dense, pass);
            }
            $(
                #[inline(always)]
                fn $kernel<T: Scalar>(dense: Dimensions, pass: $pass<'_, T>) {
                    if dense.are_unrolled() {
                        return small::$kernel(dense, pass);
                    }
                    #[cfg(feature = "simd")]
                    if !dense.are_small() {
                        return T::$kernel($fused, dense, pass);
                    }
                    portable::$kernel(dense, pass);
                }
            )*
        }
    };
}

kernel! {
    NativeKernel, fused: true;
    affine Affine weight_gradient WeightGradient input_gradient InputGradient
    product Product slide Slide
}
kernel! {
    PortableKernel, fused: false;
    affine Affine weight_gradient WeightGradient input_gradient InputGradient
    product Product slide Slide
}

/// For small layers: a group of samples side by side, in slices of `[values][samples]`.
#[derive(Debug)]
pub(crate) struct GroupKernel;

macro_rules! group {
    ($($room:ident $kernel:ident $pass:ident;)*) => {
        impl Kernel for GroupKernel {
            type Block = U4;
            type Portable = Self;

            $(
                #[inline(always)]
                fn $kernel<T: Scalar>(dense: Dimensions, pass: $pass<'_, T>) {
                    $room::$kernel(dense, pass);
                }
            )*
        }
    };
}

group! {
    group affine Affine;
    group weight_gradient WeightGradient;
    group input_gradient InputGradient;
    // of one sample: layers of which a group passes side by side don't have these
    portable product Product;
    portable slide Slide;
}
