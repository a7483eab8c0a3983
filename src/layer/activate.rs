//! Layers without parameters that keep the shape or only rename it: activation, softmax, reshape.

use core::marker::PhantomData;

use generic_array::typenum::{U0, Unsigned};

use super::streaming::Streaming;
use super::{Backward, Layer};
use crate::activation::{self, Activation, Keep};
use crate::kernel::Kernel;
use crate::{Scalar, Shape};

/// An activation as a layer, for places that no layer with an activation of its own precedes: `y = A(x)`, in shape `S`.
///
/// ```
/// use sizednet::{Activate, LayerNorm, Network, Relu, sizes::*};
///
/// let network = Network::<Activate<U3, Relu>>::zeros();
/// assert_eq!(network.forward(&[-1.0, 0.0, 2.0]), [0.0, 0.0, 2.0]);
/// type Layers = (LayerNorm<U8>, Activate<U8, Relu>);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Activate<S, A>(PhantomData<fn() -> (S, A)>);

impl<S: Shape, A: Activation> Layer for Activate<S, A> {
    type Input = S;
    type Output = S;
    type Parameters = U0;
    type Tape = S::Len;

    const NAME: &'static str = "Activate";
    const DETAIL: &'static str = A::NAME;

    fn forward<T: Scalar, K: Kernel>(_: &[T], inputs: &[T], outputs: &mut [T]) {
        outputs.copy_from_slice(inputs);
        activation::apply::<A, T>(outputs);
    }
    fn backward<T: Scalar, K: Kernel>(_: &[T], pass: Backward<'_, T>) {
        let kept = <A::Keeps as Keep>::of(pass.inputs, pass.tape);
        activation::chain::<A, T>(pass.output_gradient, kept);
        if let Some(input_gradient) = pass.input_gradient {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}

/// The softmax (Bridle, 1990): `y_i = exp(x_i) / (exp(x_1) + … + exp(x_n))`, over all values of shape `S`, and over the
/// features of each step of a [`Sequence`](crate::Sequence).
///
/// For training a classifier leave it out: [`CrossEntropy`](crate::CrossEntropy) takes what goes into it.
///
/// ```
/// use sizednet::{Network, Softmax, sizes::*};
///
/// assert_eq!(Network::<Softmax<U4>>::zeros().forward(&[1000.0; 4]), [0.25; 4]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Softmax<S>(PhantomData<fn() -> S>);

impl<S: Shape> Layer for Softmax<S> {
    type Input = S;
    type Output = S;
    type Parameters = U0;
    type Tape = S::Len;

    const NAME: &'static str = "Softmax";

    fn forward<T: Scalar, K: Kernel>(_: &[T], inputs: &[T], outputs: &mut [T]) {
        let count = <S::Step as Shape>::Len::USIZE;
        let rows = inputs.chunks_exact(count);
        for (inputs, outputs) in rows.zip(outputs.chunks_exact_mut(count)) {
            // the largest is taken away, so that nothing overflows
            let larger = |a: T, b: &T| if *b > a { *b } else { a };
            let largest = inputs.iter().fold(-T::INFINITY, larger);
            let mut sum = T::ZERO;
            for (y, x) in outputs.iter_mut().zip(inputs) {
                *y = (*x - largest).exp();
                sum += *y;
            }
            for y in outputs {
                *y = *y / sum;
            }
        }
    }
    fn backward<T: Scalar, K: Kernel>(_: &[T], pass: Backward<'_, T>) {
        let count = <S::Step as Shape>::Len::USIZE;
        let rows = pass.tape.chunks_exact(count);
        let rows = rows.zip(pass.output_gradient.chunks_exact(count));
        let slots = pass.input_gradient.unwrap_or_default();
        for ((y, dy), dx) in rows.zip(slots.chunks_exact_mut(count)) {
            let mut mean = T::ZERO;
            for (y, dy) in y.iter().zip(dy) {
                mean += *y * *dy;
            }
            for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
                *dx = *y * (*dy - mean);
            }
        }
    }
}

/// The same values in another shape: from `I` to `O`, of as many values.
///
/// ```
/// use sizednet::{Image, Network, Reshape, Sequence, sizes::*};
///
/// type Rows = Reshape<Image<U1, U2, U3>, Sequence<U2, U3>>;
/// let rows = Network::<Rows>::zeros().forward(&[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
/// assert_eq!(rows, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Reshape<I, O>(PhantomData<fn() -> (I, O)>);

/// Implemented by a number of values for itself.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: a reshape gives as many values as it takes",
    label = "another number of values",
    note = "messages spell a number by its binary digits: `UTerm` is 0, `UInt<UInt<UTerm, B1>, B0>` is 2"
)]
pub trait AsMany<Other> {}
impl<N> AsMany<N> for N {}

impl<I: Shape, O: Shape> Layer for Reshape<I, O>
where
    I::Len: AsMany<O::Len>,
{
    type Input = I;
    type Output = O;
    type Parameters = U0;
    type Tape = O::Len;

    const NAME: &'static str = "Reshape";

    fn forward<T: Scalar, K: Kernel>(_: &[T], inputs: &[T], outputs: &mut [T]) {
        outputs.copy_from_slice(inputs);
    }
    fn backward<T: Scalar, K: Kernel>(_: &[T], pass: Backward<'_, T>) {
        if let Some(input_gradient) = pass.input_gradient {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}

/// Each step by itself.
macro_rules! streams {
    ($name:ident < $shape:ident $(, $other:ident)? >) => {
        impl<$shape: Shape $(, $other: Activation)?> Streaming for $name<$shape $(, $other)?> {
            type StepInput = $shape::Step;
            type StepOutput = $shape::Step;
            type State<T: Scalar> = ();

            fn step<T: Scalar, K: Kernel>(
                parameters: &[T],
                _: &mut (),
                input: &[T],
                output: &mut [T],
            ) {
                Self::forward::<T, K>(parameters, input, output);
            }
        }
    };
}

streams!(Activate<S, A>);
streams!(Softmax<S>);
