//! Tuples of layers are layers: forward in order, backward in reverse.

use core::marker::PhantomData;
use core::ops::Add;

use generic_array::typenum::{Sum, Unsigned};
use rand_core::Rng;

use crate::initializer::Initializer;
use crate::kernel::Kernel;
use crate::layer::{
    self, Backward, Descent, Layer, Module, Noise, Streaming, Tensor, View, cut, cut_mut, most,
    outputs_of,
};
use crate::sample::{OutputArray, values_mut};
use crate::shape::Takes;
use crate::size::{Element, FixedArray, Place};
use crate::summary::Row;
use crate::{Count, Scalar, Shape, Size, fingerprint};

/// `A`, then `B`. A tuple of three layers is `Chain<A, Chain<B, C>>`, and so on.
#[doc(hidden)]
#[derive(Debug)]
pub struct Chain<A, B>(PhantomData<fn() -> (A, B)>);

/// A sum of counts. A bound `Add` in its place would be named first where a size is generic.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the number of parameters is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Dense<U2, H>, Dense<H, U1>): Layer`"
)]
pub trait Plus<Other> {
    type Sum: Count;
}

#[diagnostic::do_not_recommend]
impl<A: Add<B, Output: Count>, B> Plus<B> for A {
    type Sum = Sum<A, B>;
}

/// The values behind a layer, for a block of samples. With feature `simd` samples of 64 values or more begin where a cache line
/// does, each of them if it fills whole lines.
struct Between<L: Layer, T: Scalar, B: Size> {
    _alignment: <<L::Output as Shape>::Len as Place>::Alignment,
    samples: B::Array<OutputArray<L, T>>,
}

impl<L: Layer, T: Scalar, B: Size> Between<L, T, B> {
    const ZERO: Self = Self {
        _alignment: <<L::Output as Shape>::Len as Place>::ALIGNED,
        samples: Element::ZERO,
    };

    /// The values of the first samples.
    #[inline(always)]
    fn of(&mut self, samples: usize) -> &mut [T] {
        let values = L::Output::flatten_mut(self.samples.as_mut_slice());
        cut_mut(values, samples * length::<L::Output>()).0
    }
}

/// The number of values of a shape.
const fn length<S: Shape>() -> usize {
    <S::Len as Unsigned>::USIZE
}

impl<A: Layer, B: Layer> Layer for Chain<A, B>
where
    <B::Input as Shape>::Key: Takes<<A::Output as Shape>::Key>,
    A::Parameters: Plus<B::Parameters>,
    A::Tape: Plus<B::Tape>,
{
    type Input = A::Input;
    type Output = B::Output;
    type Parameters = <A::Parameters as Plus<B::Parameters>>::Sum;
    type Tape = <A::Tape as Plus<B::Tape>>::Sum;

    const NAME: &'static str = "Chain";
    const LAYERS: usize = A::LAYERS + B::LAYERS;
    const FINGERPRINT: u64 = fingerprint::then(A::FINGERPRINT, B::FINGERPRINT, B::LAYERS);
    const MULTIPLY_ADDS: u64 = A::MULTIPLY_ADDS + B::MULTIPLY_ADDS;
    const FORWARD_VALUES: usize = length::<A::Output>() + A::FORWARD_VALUES + B::FORWARD_VALUES;
    const BACKWARD_VALUES: usize = length::<A::Output>() + A::BACKWARD_VALUES + B::BACKWARD_VALUES;
    const FORWARD_BUFFER: usize = most(A::FORWARD_BUFFER, B::FORWARD_BUFFER);
    const BACKWARD_BUFFER: usize = most(A::BACKWARD_BUFFER, B::BACKWARD_BUFFER);
    const WRITES: bool = true;
    const DESCENDS: bool = A::DESCENDS && B::DESCENDS;
    const GROUPS: bool = A::GROUPS && B::GROUPS;

    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &I,
        rng: &mut R,
    ) {
        let (a, b) = cut_mut(parameters, A::Parameters::USIZE);
        A::initialize(a, initializer, rng);
        B::initialize(b, initializer, rng);
    }

    #[inline]
    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        let samples = outputs.len() / length::<B::Output>();
        let mut between = Between::<A, T, K::Block>::ZERO;
        let between = between.of(samples);
        A::forward::<T, K>(a, inputs, between);
        B::forward::<T, K>(b, between, outputs);
    }

    #[inline(always)]
    fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], noise: Noise) {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        let samples = tape.len() / Self::Tape::USIZE;
        let (tape_a, tape_b) = cut_mut(tape, samples * A::Tape::USIZE);
        A::record::<T, K>(a, inputs, tape_a, noise);
        let between = outputs_of(tape_a, samples * length::<A::Output>());
        let noise = Noise {
            layer: noise.layer + A::LAYERS as u32,
            ..noise
        };
        B::record::<T, K>(b, between, tape_b, noise);
    }

    #[inline]
    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        let (gradient_a, gradient_b) = cut_mut(pass.gradient, A::Parameters::USIZE);
        let samples = pass.output_gradient.len() / length::<B::Output>();
        let (tape_a, tape_b) = cut(pass.tape, samples * A::Tape::USIZE);
        let between = outputs_of(tape_a, samples * length::<A::Output>());
        let mut between_gradient = Between::<A, T, K::Block>::ZERO;
        let between_gradient = between_gradient.of(samples);
        layer::backward::<B, T, K>(
            b,
            Backward {
                inputs: between,
                tape: tape_b,
                output_gradient: pass.output_gradient,
                gradient: gradient_b,
                fresh: pass.fresh,
                input_gradient: Some(&mut *between_gradient),
            },
        );
        layer::backward::<A, T, K>(
            a,
            Backward {
                inputs: pass.inputs,
                tape: tape_a,
                output_gradient: between_gradient,
                gradient: gradient_a,
                fresh: pass.fresh,
                input_gradient: pass.input_gradient,
            },
        );
    }

    #[inline(always)]
    fn descend<T: Scalar, K: Kernel>(
        parameters: &mut [T],
        pass: Descent<'_, T>,
        before: impl FnOnce(&mut [T]) -> bool,
    ) -> bool {
        let (a, b) = cut_mut(parameters, A::Parameters::USIZE);
        let (tape_a, tape_b) = cut(pass.tape, A::Tape::USIZE);
        let mut between_gradient = <OutputArray<A, T>>::ZERO;
        let step_b = Descent {
            rate: pass.rate,
            inputs: outputs_of(tape_a, length::<A::Output>()),
            tape: tape_b,
            output_gradient: pass.output_gradient,
            input_gradient: Some(values_mut::<A::Output, T>(&mut between_gradient)),
        };
        B::descend::<T, K>(b, step_b, |between_gradient| {
            let step_a = Descent {
                rate: pass.rate,
                inputs: pass.inputs,
                tape: tape_a,
                output_gradient: between_gradient,
                input_gradient: pass.input_gradient,
            };
            A::descend::<T, K>(a, step_a, before)
        })
    }

    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        Self::tensors_from(module, 0, visit);
    }
    fn tensors_from(module: Module<'_>, number: usize, visit: &mut dyn FnMut(Tensor<'_>)) {
        A::tensors_from(module, number, visit);
        let module = module.after(A::Parameters::USIZE);
        B::tensors_from(module, number + A::MODULES, visit);
    }

    fn rows(visit: &mut impl FnMut(Row)) {
        A::rows(visit);
        B::rows(visit);
    }
}

impl<A: Streaming, B: Streaming> Streaming for Chain<A, B>
where
    Self: Layer,
    <B::StepInput as Shape>::Key: Takes<<A::StepOutput as Shape>::Key>,
{
    type StepInput = A::StepInput;
    type StepOutput = B::StepOutput;
    type State<T: Scalar> = (A::State<T>, B::State<T>);

    #[inline]
    fn step<T: Scalar, K: Kernel>(
        parameters: &[T],
        (state_a, state_b): &mut (A::State<T>, B::State<T>),
        input: &[T],
        output: &mut [T],
    ) {
        let (a, b) = cut(parameters, A::Parameters::USIZE);
        let mut between = <<A::StepOutput as Shape>::Array<T>>::ZERO;
        let between = values_mut::<A::StepOutput, T>(&mut between);
        A::step::<T, K>(a, state_a, input, between);
        B::step::<T, K>(b, state_b, between, output);
    }
}

macro_rules! chain {
    ($layer:ident) => { $layer };
    ($first:ident $($rest:ident)+) => { Chain<$first, chain!($($rest)+)> };
}

/// A tuple is the chain of its layers; its view is the tuple of their views.
///
/// For two layers: `impl<A: Layer, B: Layer> Layer for (A, B) where Chain<A, B>: Layer`, each function of which is
/// that of `Chain<A, B>`.
macro_rules! tuples {
    () => {};
    ($first:ident $($rest:ident)*) => {
        // sixteen such lines would hide the layers in the docs, which tell of tuples in a sentence
        #[doc(hidden)]
        impl<$first: Layer, $($rest: Layer),*> Layer for ($first, $($rest,)*)
        where
            chain!($first $($rest)*): Layer,
        {
            type Input = <chain!($first $($rest)*) as Layer>::Input;
            type Output = <chain!($first $($rest)*) as Layer>::Output;
            type Parameters = <chain!($first $($rest)*) as Layer>::Parameters;
            type Tape = <chain!($first $($rest)*) as Layer>::Tape;

            const NAME: &'static str = <chain!($first $($rest)*) as Layer>::NAME;
            const DETAIL: &'static str = <chain!($first $($rest)*) as Layer>::DETAIL;
            const LAYERS: usize = <chain!($first $($rest)*) as Layer>::LAYERS;
            const FINGERPRINT: u64 = <chain!($first $($rest)*) as Layer>::FINGERPRINT;
            const MULTIPLY_ADDS: u64 = <chain!($first $($rest)*) as Layer>::MULTIPLY_ADDS;
            const FORWARD_VALUES: usize = <chain!($first $($rest)*) as Layer>::FORWARD_VALUES;
            const BACKWARD_VALUES: usize = <chain!($first $($rest)*) as Layer>::BACKWARD_VALUES;
            const FORWARD_BUFFER: usize = <chain!($first $($rest)*) as Layer>::FORWARD_BUFFER;
            const BACKWARD_BUFFER: usize = <chain!($first $($rest)*) as Layer>::BACKWARD_BUFFER;
            const WRITES: bool = true;
            const DESCENDS: bool = <chain!($first $($rest)*) as Layer>::DESCENDS;
            const GROUPS: bool = <chain!($first $($rest)*) as Layer>::GROUPS;

            fn initialize<T: Scalar, N: Initializer + ?Sized, R: Rng + ?Sized>(
                parameters: &mut [T],
                initializer: &N,
                rng: &mut R,
            ) {
                <chain!($first $($rest)*)>::initialize(parameters, initializer, rng);
            }
            #[inline]
            fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
                <chain!($first $($rest)*)>::forward::<T, K>(parameters, inputs, outputs);
            }
            #[inline(always)]
            fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], noise: Noise) {
                <chain!($first $($rest)*)>::record::<T, K>(parameters, inputs, tape, noise);
            }
            #[inline]
            fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
                <chain!($first $($rest)*)>::backward::<T, K>(parameters, pass);
            }
            #[inline(always)]
            fn descend<T: Scalar, K: Kernel>(
                parameters: &mut [T],
                pass: Descent<'_, T>,
                before: impl FnOnce(&mut [T]) -> bool,
            ) -> bool {
                <chain!($first $($rest)*)>::descend::<T, K>(parameters, pass, before)
            }
            fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
                <chain!($first $($rest)*)>::tensors_from(module, 0, visit);
            }
            fn rows(visit: &mut impl FnMut(Row)) {
                <chain!($first $($rest)*)>::rows(visit);
            }
        }

        #[doc(hidden)]
        impl<$first: Streaming, $($rest: Streaming),*> Streaming for ($first, $($rest,)*)
        where
            Self: Layer,
            chain!($first $($rest)*): Streaming,
        {
            type StepInput = <chain!($first $($rest)*) as Streaming>::StepInput;
            type StepOutput = <chain!($first $($rest)*) as Streaming>::StepOutput;
            type State<T: Scalar> = <chain!($first $($rest)*) as Streaming>::State<T>;

            #[inline]
            fn step<T: Scalar, K: Kernel>(
                parameters: &[T],
                state: &mut Self::State<T>,
                input: &[T],
                output: &mut [T],
            ) {
                <chain!($first $($rest)*) as Streaming>::step::<T, K>(parameters, state, input, output);
            }
        }

        #[doc(hidden)]
        impl<$first: View, $($rest: View),*> View for ($first, $($rest,)*)
        where
            Self: Layer,
        {
            type Ref<'a, T: Scalar> = ($first::Ref<'a, T>, $($rest::Ref<'a, T>,)*);
            type Mut<'a, T: Scalar> = ($first::Mut<'a, T>, $($rest::Mut<'a, T>,)*);

            #[allow(non_snake_case, reason = "a layer's part is named after its type")]
            fn view<T: Scalar>(parameters: &[T]) -> Self::Ref<'_, T> {
                let ($first, _rest) = cut(parameters, $first::Parameters::USIZE);
                $(let ($rest, _rest) = cut(_rest, $rest::Parameters::USIZE);)*
                ($first::view($first), $($rest::view($rest),)*)
            }
            #[allow(non_snake_case, reason = "a layer's part is named after its type")]
            fn view_mut<T: Scalar>(parameters: &mut [T]) -> Self::Mut<'_, T> {
                let ($first, _rest) = cut_mut(parameters, $first::Parameters::USIZE);
                $(let ($rest, _rest) = cut_mut(_rest, $rest::Parameters::USIZE);)*
                ($first::view_mut($first), $($rest::view_mut($rest),)*)
            }
        }

        tuples!($($rest)*);
    };
}

tuples!(L0 L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L12 L13 L14 L15);
