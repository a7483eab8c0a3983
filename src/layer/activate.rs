//! Layers without parameters that keep the shape or only rename it: activation, softmax, reshape.

use core::marker::PhantomData;

use generic_array::typenum::{Const, U0, Unsigned};

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
    #[doc(hidden)]
    type Parameters = U0;
    #[doc(hidden)]
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
    #[doc(hidden)]
    type Parameters = U0;
    #[doc(hidden)]
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

/// Implemented for two equal numbers of values, whose shapes the constants are, with 1 where there is no dimension.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: a reshape takes {A}x{B}x{C} values, and gives {D}x{E}x{F}",
    label = "from {A}x{B}x{C} to {D}x{E}x{F} values",
    note = "a reshape gives as many values as it takes"
)]
pub trait AsMany<
    Given,
    Wanted,
    const A: usize,
    const B: usize,
    const C: usize,
    const D: usize,
    const E: usize,
    const F: usize,
>
{
}
impl<
    N,
    const A: usize,
    const B: usize,
    const C: usize,
    const D: usize,
    const E: usize,
    const F: usize,
> AsMany<N, N, A, B, C, D, E, F> for ()
{
}

/// Implemented by the key of a shape of `Given` values for that of a shape of as many.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "whether a reshape gives as many values as it takes is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Dense<U2, H>, Dense<H, U1>): Layer`"
)]
pub trait Becomes<Other, Given, Wanted> {}

macro_rules! becomes {
    ($(($a:ty, $b:ty; $($from:ident)*; $A:tt $B:tt $C:tt; $($to:ident)*; $D:tt $E:tt $F:tt))*) => {$(
        impl<Given, Wanted, $(const $from: usize,)* $(const $to: usize),*> Becomes<$b, Given, Wanted> for $a
        where
            (): AsMany<Given, Wanted, $A, $B, $C, $D, $E, $F>,
        {
        }
    )*};
}

// each kind of shape to each
becomes! {
    (Const<C>, Const<F>; C; 1 1 C; F; 1 1 F)
    (Const<C>, (Const<E>, Const<F>); C; 1 1 C; E F; 1 E F)
    (Const<C>, (Const<D>, Const<E>, Const<F>); C; 1 1 C; D E F; D E F)
    ((Const<B>, Const<C>), Const<F>; B C; 1 B C; F; 1 1 F)
    ((Const<B>, Const<C>), (Const<E>, Const<F>); B C; 1 B C; E F; 1 E F)
    ((Const<B>, Const<C>), (Const<D>, Const<E>, Const<F>); B C; 1 B C; D E F; D E F)
    ((Const<A>, Const<B>, Const<C>), Const<F>; A B C; A B C; F; 1 1 F)
    ((Const<A>, Const<B>, Const<C>), (Const<E>, Const<F>); A B C; A B C; E F; 1 E F)
    ((Const<A>, Const<B>, Const<C>), (Const<D>, Const<E>, Const<F>); A B C; A B C; D E F; D E F)
}

impl<I: Shape, O: Shape> Layer for Reshape<I, O>
where
    I::Key: Becomes<O::Key, I::Len, O::Len>,
{
    type Input = I;
    type Output = O;
    #[doc(hidden)]
    type Parameters = U0;
    #[doc(hidden)]
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
