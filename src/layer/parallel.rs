//! Two layers side by side.

use core::marker::PhantomData;
use core::ops::Add;

use generic_array::typenum::{Sum, Unsigned};
use rand_core::Rng;

use super::{Backward, Layer, Module, Noise, Tensor, View, cut, cut_mut, most, outputs_of};
use crate::chain::Plus;
use crate::initializer::Initializer;
use crate::kernel::Kernel;
use crate::sample::{InputArray, OutputArray};
use crate::shape::kind::SameInput;
use crate::size::{Element, FixedArray, Size};
use crate::summary::Row;
use crate::{Scalar, Shape, fingerprint};

/// Two layers that take the same input, whose outputs, both vectors, are put one after the other: `[A(x), B(x)]`.
///
/// Parameters are those of `A`, then those of `B`; tensors those of an `nn.ModuleList` of both.
///
/// ```
/// use sizednet::{Dense, Network, Parallel, Relu, Tanh, sizes::*};
///
/// type Both = Parallel<Dense<U4, U3, Relu>, (Dense<U4, U8, Tanh>, Dense<U8, U2>)>;
/// let [a, b, c, d, e] = Network::<Both>::zeros().forward(&[1.0, 2.0, 3.0, 4.0]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Parallel<A, B>(PhantomData<fn() -> (A, B)>);

/// A vector that another is put after.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "outputs of layers side by side have to be vectors, whose sum is a size",
    label = "not two vectors whose sum is a size"
)]
pub trait Concatenate<Other> {
    type Output: Size;
}

#[diagnostic::do_not_recommend]
impl<A: Size + Add<B, Output: Size>, B: Size> Concatenate<B> for A {
    type Output = Sum<A, B>;
}

/// The number of values of a shape.
const fn length<S: Shape>() -> usize {
    <S::Len as Unsigned>::USIZE
}

/// The outputs of a layer for a block of samples.
type Outputs<L, T, B> = <B as Size>::Array<OutputArray<L, T>>;

impl<A: Layer, B: Layer> Parallel<A, B> {
    /// Puts the outputs of each sample one after the other.
    fn join<T: Scalar>(a: &[T], b: &[T], outputs: &mut [T]) {
        let (of_a, of_b) = (length::<A::Output>(), length::<B::Output>());
        let rows = a.chunks_exact(of_a).zip(b.chunks_exact(of_b));
        for ((a, b), row) in rows.zip(outputs.chunks_exact_mut(of_a + of_b)) {
            let (first, last) = cut_mut(row, of_a);
            first.copy_from_slice(a);
            last.copy_from_slice(b);
        }
    }
}

impl<A: Layer, B: Layer> Layer for Parallel<A, B>
where
    <A::Input as Shape>::Key: SameInput<<B::Input as Shape>::Key>,
    A::Output: Concatenate<B::Output>,
    A::Parameters: Plus<B::Parameters>,
    A::Tape: Plus<B::Tape>,
    <A::Tape as Plus<B::Tape>>::Sum: Plus<<A::Output as Concatenate<B::Output>>::Output>,
{
    type Input = A::Input;
    type Output = <A::Output as Concatenate<B::Output>>::Output;
    #[doc(hidden)]
    type Parameters = <A::Parameters as Plus<B::Parameters>>::Sum;
    /// That of `A`, that of `B`, then the outputs.
    #[doc(hidden)]
    type Tape = <<A::Tape as Plus<B::Tape>>::Sum as Plus<Self::Output>>::Sum;

    const NAME: &'static str = "Parallel";
    const LAYERS: usize = A::LAYERS + B::LAYERS;
    const FINGERPRINT: u64 = fingerprint::then(
        fingerprint::then(A::FINGERPRINT, B::FINGERPRINT, B::LAYERS),
        fingerprint::of_layer("Parallel", "", &[], &[], A::LAYERS),
        1,
    );
    const MULTIPLY_ADDS: u64 = A::MULTIPLY_ADDS + B::MULTIPLY_ADDS;
    const FORWARD_VALUES: usize = length::<Self::Output>() + A::FORWARD_VALUES + B::FORWARD_VALUES;
    const BACKWARD_VALUES: usize =
        length::<Self::Output>() + length::<A::Input>() + A::BACKWARD_VALUES + B::BACKWARD_VALUES;
    const FORWARD_BUFFER: usize = most(A::FORWARD_BUFFER, B::FORWARD_BUFFER);
    const BACKWARD_BUFFER: usize = most(A::BACKWARD_BUFFER, B::BACKWARD_BUFFER);
    const WRITES: bool = true;

    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &I,
        rng: &mut R,
    ) {
        let (a, b) = cut_mut(parameters, A::Parameters::USIZE);
        A::initialize(a, initializer, rng);
        B::initialize(b, initializer, rng);
    }

    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        let samples = outputs.len() / length::<Self::Output>();
        let mut of_a = Outputs::<A, T, K::Block>::ZERO;
        let mut of_b = Outputs::<B, T, K::Block>::ZERO;
        let of_a = A::Output::flatten_mut(of_a.as_mut_slice());
        let of_b = B::Output::flatten_mut(of_b.as_mut_slice());
        let (of_a, _) = cut_mut(of_a, samples * length::<A::Output>());
        let (of_b, _) = cut_mut(of_b, samples * length::<B::Output>());
        A::forward::<T, K>(a, inputs, of_a);
        B::forward::<T, K>(b, inputs, of_b);
        Self::join(of_a, of_b, outputs);
    }

    fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], noise: Noise) {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        let samples = tape.len() / Self::Tape::USIZE;
        let (tape_a, rest) = cut_mut(tape, samples * A::Tape::USIZE);
        let (tape_b, outputs) = cut_mut(rest, samples * B::Tape::USIZE);
        A::record::<T, K>(a, inputs, tape_a, noise);
        let noise = Noise {
            layer: noise.layer + A::LAYERS as u32,
            ..noise
        };
        B::record::<T, K>(b, inputs, tape_b, noise);
        Self::join(
            outputs_of(tape_a, samples * length::<A::Output>()),
            outputs_of(tape_b, samples * length::<B::Output>()),
            outputs,
        );
    }

    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        let (gradient_a, gradient_b) = cut_mut(pass.gradient, A::Parameters::USIZE);
        let (of_a, of_b) = (length::<A::Output>(), length::<B::Output>());
        let samples = pass.output_gradient.len() / (of_a + of_b);
        let (tape_a, rest) = cut(pass.tape, samples * A::Tape::USIZE);
        let (tape_b, _) = cut(rest, samples * B::Tape::USIZE);
        let mut slopes_a = Outputs::<A, T, K::Block>::ZERO;
        let mut slopes_b = Outputs::<B, T, K::Block>::ZERO;
        let slopes_a = A::Output::flatten_mut(slopes_a.as_mut_slice());
        let slopes_b = B::Output::flatten_mut(slopes_b.as_mut_slice());
        let (slopes_a, _) = cut_mut(slopes_a, samples * of_a);
        let (slopes_b, _) = cut_mut(slopes_b, samples * of_b);
        let rows = slopes_a.chunks_exact_mut(of_a);
        let rows = rows.zip(slopes_b.chunks_exact_mut(of_b));
        for ((a, b), row) in rows.zip(pass.output_gradient.chunks_exact(of_a + of_b)) {
            let (first, last) = cut(row, of_a);
            a.copy_from_slice(first);
            b.copy_from_slice(last);
        }
        let mut input_gradient = pass.input_gradient;
        super::backward::<A, T, K>(
            a,
            Backward {
                inputs: pass.inputs,
                tape: tape_a,
                output_gradient: slopes_a,
                gradient: gradient_a,
                fresh: pass.fresh,
                input_gradient: input_gradient.as_deref_mut(),
            },
        );
        let mut more = <<K::Block as Size>::Array<InputArray<A, T>>>::ZERO;
        let more = A::Input::flatten_mut(more.as_mut_slice());
        let (more, _) = cut_mut(more, pass.inputs.len());
        super::backward::<B, T, K>(
            b,
            Backward {
                inputs: pass.inputs,
                tape: tape_b,
                output_gradient: slopes_b,
                gradient: gradient_b,
                fresh: pass.fresh,
                input_gradient: input_gradient.is_some().then_some(&mut *more),
            },
        );
        for (sum, more) in input_gradient.into_iter().flatten().zip(more) {
            *sum += *more;
        }
    }

    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        A::tensors(module.child(0).joined(), visit);
        let module = module.after(A::Parameters::USIZE);
        B::tensors(module.child(1).joined(), visit);
    }
    fn rows(visit: &mut impl FnMut(Row)) {
        visit(Row::around::<Self>());
        Row::branch::<A>(visit);
        Row::branch::<B>(visit);
    }
}

/// The views of both.
impl<A: View, B: View> View for Parallel<A, B>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = (A::Ref<'a, T>, B::Ref<'a, T>);
    type Mut<'a, T: Scalar> = (A::Mut<'a, T>, B::Mut<'a, T>);

    fn view<T: Scalar>(parameters: &[T]) -> Self::Ref<'_, T> {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        (A::view(a), B::view(b))
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> Self::Mut<'_, T> {
        let (a, b) = cut_mut(parameters, A::Parameters::USIZE);
        (A::view_mut(a), B::view_mut(b))
    }
}
