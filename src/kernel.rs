//! The only hot loops: products of matrices and vectors, on slices, and the order of every sum.
//!
//! # The contract
//!
//! Every sum has one fixed order, whatever the width of the machine's vectors, the size of the block and the size of
//! the batch, so that a kernel equals a plain scalar loop bit for bit:
//!
//! - An output starts at its bias and adds its products first to last.
//! - A weight's gradient adds its samples' products first to last.
//! - An input gradient is eight interleaved partial sums, each from +0 (output `o` goes to sum `o mod 8`), added as
//!   `((0+4)+(2+6))+((1+5)+(3+7))`.
//!
//! In portable arithmetic a product and the sum it goes to are rounded apart, so the bits are the same on every target.
//! Kernels know nothing of types: lengths are numbers at run time, and the loops are compiled once.

use core::marker::PhantomData;
use core::num::NonZeroUsize;

use crate::{Scalar, Size};

mod portable;

/// The loops a layer computes with, in one arithmetic, for blocks of at most [`Block`](Kernel::Block) samples.
///
/// A layer passes the kernel that it is given on to the layers inside it; [`Portable`](crate::Portable) passes on
/// [`Kernel::Portable`].
pub trait Kernel: 'static {
    /// The most samples that pass through together: the size of a layer's buffers. Changes memory and speed, no bit.
    type Block: Size;
    /// The same loops in portable arithmetic.
    type Portable: Kernel<Block = Self::Block>;

    /// `outputs = inputs * weights + bias` for each sample.
    ///
    /// `inputs` is \[samples\]\[`dense.inputs`\], `weights` \[`inputs`\]\[`outputs`\], `bias` \[`outputs`\], `outputs`
    /// \[samples\]\[`outputs`\].
    fn affine<T: Scalar>(
        dense: Dimensions,
        weights: &[T],
        bias: &[T],
        inputs: &[T],
        outputs: &mut [T],
    );

    /// `weights += inputs^T * output_gradient` and `bias += output_gradient`, summed over the samples.
    fn weight_gradient<T: Scalar>(
        dense: Dimensions,
        inputs: &[T],
        output_gradient: &[T],
        weights: &mut [T],
        bias: &mut [T],
    );

    /// `input_gradient = output_gradient * weights^T` for each sample.
    fn input_gradient<T: Scalar>(
        dense: Dimensions,
        weights: &[T],
        output_gradient: &[T],
        input_gradient: &mut [T],
    );
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
}

/// What [`Network`](crate::Network) passes to its layers: the arithmetic of the machine where nothing says
/// [`Portable`](crate::Portable).
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

/// Portable arithmetic: product and sum are rounded apart, so the bits are the same on every target.
#[derive(Debug)]
pub struct PortableKernel<B>(PhantomData<B>);

macro_rules! portable {
    ($kernel:ident) => {
        impl<B: Size> Kernel for $kernel<B> {
            type Block = B;
            type Portable = PortableKernel<B>;

            #[inline]
            fn affine<T: Scalar>(
                dense: Dimensions,
                weights: &[T],
                bias: &[T],
                inputs: &[T],
                outputs: &mut [T],
            ) {
                portable::affine(dense, weights, bias, inputs, outputs);
            }
            #[inline]
            fn weight_gradient<T: Scalar>(
                dense: Dimensions,
                inputs: &[T],
                output_gradient: &[T],
                weights: &mut [T],
                bias: &mut [T],
            ) {
                portable::weight_gradient(dense, inputs, output_gradient, weights, bias);
            }
            #[inline]
            fn input_gradient<T: Scalar>(
                dense: Dimensions,
                weights: &[T],
                output_gradient: &[T],
                input_gradient: &mut [T],
            ) {
                portable::input_gradient(dense, weights, output_gradient, input_gradient);
            }
        }
    };
}

portable!(NativeKernel);
portable!(PortableKernel);
