//! The dense layer: every output sees every input.

use core::fmt::Debug;
use core::marker::PhantomData;
use core::num::NonZeroUsize;
use core::ops::{Add, Mul};

use generic_array::typenum::{Prod, Sum, Unsigned};
use rand_core::Rng;

use super::{Backward, Descent, Layer, Module, Noise, Streaming, Tensor, View, cut, cut_mut};
use crate::activation::{self, Activation, Identity, Keep};
use crate::initializer::{Fan, Initializer};
use crate::kernel::{self, Affine, Dimensions, InputGradient, Kernel, WeightGradient};
use crate::size::{Count, FixedArray, Size};
use crate::{Scalar, Shape};

/// A dense layer: `output = A(input * weights + bias)`.
///
/// Input of shape `I` (any [`Shape`]), output `[T; O]`, weights `[I][O]`, bias `[O]`, activation `A`.
///
/// Its parameters are the weights, row by row as `[inputs][outputs]`, then the bias.
///
/// ```
/// use sizednet::{Dense, Network, Relu, sizes::*};
///
/// let mut network = Network::<Dense<U2, U3, Relu>>::zeros();
/// network.layers_mut().weights[1][2] = 0.5;
/// network.layers_mut().bias[2] = 1.0;
/// assert_eq!(network.forward(&[7.0, 4.0]), [0.0, 0.0, 3.0]);
/// ```
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::type_complexity,
    reason = "it has no values, and is Send and Sync whatever it is made of"
)]
pub struct Dense<I, O, A = Identity>(PhantomData<fn() -> (I, O, A)>);

impl<I: Shape, O: Size, A> Dense<I, O, A> {
    const DIMENSIONS: Dimensions = Dimensions::new(
        NonZeroUsize::new(I::Len::USIZE).expect("no dimension of a shape is 0"),
        NonZeroUsize::new(O::USIZE).expect("no size is 0"),
    );
    const WEIGHTS: usize = I::Len::USIZE * O::USIZE;

    /// The modules of `PyTorch` before its weights: an image has to be flattened.
    const FLATTEN: usize = if I::DIMENSIONS.len() > 1 { 1 } else { 0 };

    /// `outputs = inputs * weights + bias`.
    #[inline(always)]
    fn affine<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        // with feature `small` one function for inference and training
        if !cfg!(feature = "small") || Self::DIMENSIONS.are_unrolled() {
            Self::affine_here::<T, K>(parameters, inputs, outputs);
        } else {
            Self::affine_apart::<T, K>(parameters, inputs, outputs);
        }
    }

    #[inline(never)]
    fn affine_apart<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        Self::affine_here::<T, K>(parameters, inputs, outputs);
    }

    #[inline(always)]
    fn affine_here<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        K::affine(Self::DIMENSIONS, Self::pass(parameters, inputs, outputs));
    }

    #[inline(always)]
    fn pass<'a, T>(parameters: &'a [T], inputs: &'a [T], outputs: &'a mut [T]) -> Affine<'a, T> {
        // the compiler sees the lengths of loops
        let (parameters, _) = cut(parameters, Self::WEIGHTS + O::USIZE);
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        Affine {
            weights,
            bias,
            inputs,
            outputs,
        }
    }
}

/// The number of parameters, `inputs * outputs + outputs`. Bounds on `Mul` and `Add` in its place would be named first
/// where a size is generic.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the number of parameters is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Dense<U2, H>, Dense<H, U1>): Layer`"
)]
pub trait WeightsAndBias<Outputs> {
    type Number: Count;
}

#[diagnostic::do_not_recommend]
impl<I: Mul<O, Output: Add<O, Output: Count>>, O> WeightsAndBias<O> for I {
    type Number = Sum<Prod<I, O>, O>;
}

impl<I: Shape, O: Size, A: Activation> Dense<I, O, A> {
    /// Whether the kernel applies the activation; with feature `small` it is a pass of its own.
    const RECTIFIED: bool =
        A::RECTIFIER && !cfg!(feature = "small") && !Self::DIMENSIONS.are_unrolled();
}

impl<I: Shape, O: Size, A: Activation> Layer for Dense<I, O, A>
where
    I::Len: WeightsAndBias<O>,
    <A::Keeps as Keep>::Tape<O>: Count,
{
    type Input = I;
    type Output = O;
    #[doc(hidden)]
    type Parameters = <I::Len as WeightsAndBias<O>>::Number;
    #[doc(hidden)]
    type Tape = <A::Keeps as Keep>::Tape<O>;

    const NAME: &'static str = "Dense";
    const DETAIL: &'static str = A::NAME;
    const MULTIPLY_ADDS: u64 = Self::WEIGHTS as u64;
    const WRITES: bool = true;
    const DESCENDS: bool = true;
    const GROUPS: bool = Self::DIMENSIONS.are_small();
    const MODULES: usize = Self::FLATTEN + if A::IDENTITY { 1 } else { 2 };

    fn initialize<T: Scalar, N: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &N,
        rng: &mut R,
    ) {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let fan = Fan::new(I::Len::USIZE, O::USIZE).with_gain(A::GAIN);
        initializer.weights(fan, weights, rng);
        initializer.bias(fan, bias, rng);
    }

    /// `nn.Linear` has its weights as `[outputs][inputs]`.
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        let (inputs, outputs) = (I::Len::USIZE, O::USIZE);
        visit(module.tensor("weight", [outputs, inputs], [1, outputs], 0));
        visit(module.tensor("bias", [outputs], [1], Self::WEIGHTS));
    }

    fn tensors_from(module: Module<'_>, number: usize, visit: &mut dyn FnMut(Tensor<'_>)) {
        Self::tensors(module.child(number + Self::FLATTEN), visit);
    }

    #[inline]
    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        if Self::RECTIFIED {
            return K::rectified(Self::DIMENSIONS, Self::pass(parameters, inputs, outputs));
        }
        Self::affine::<T, K>(parameters, inputs, outputs);
        activation::apply::<A, T>(outputs);
    }

    #[inline(always)]
    fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], _noise: Noise) {
        if Self::RECTIFIED {
            return K::rectified(Self::DIMENSIONS, Self::pass(parameters, inputs, tape));
        }
        <A::Keeps as Keep>::record::<A, T>(tape, |values| {
            Self::affine::<T, K>(parameters, inputs, values);
        });
    }

    #[inline]
    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let kept = <A::Keeps as Keep>::kept(pass.tape);
        activation::chain::<A, T>(pass.output_gradient, kept);
        let dy = &*pass.output_gradient;
        let (weights, bias) = cut_mut(pass.gradient, Self::WEIGHTS);
        let sums = WeightGradient {
            inputs: pass.inputs,
            output_gradient: dy,
            weights,
            bias,
            fresh: pass.fresh,
        };
        K::weight_gradient(Self::DIMENSIONS, sums);
        if let Some(input_gradient) = pass.input_gradient {
            let (weights, _) = cut(parameters, Self::WEIGHTS);
            let pass = InputGradient {
                weights,
                output_gradient: dy,
                input_gradient,
            };
            K::input_gradient(Self::DIMENSIONS, pass);
        }
    }

    #[inline(always)]
    fn descend<T: Scalar, K: Kernel>(
        parameters: &mut [T],
        pass: Descent<'_, T>,
        before: impl FnOnce(&mut [T]) -> bool,
    ) -> bool {
        let kept = <A::Keeps as Keep>::kept(pass.tape);
        if Self::DIMENSIONS.are_unrolled() {
            activation::chain_few::<A, T>(pass.output_gradient, kept);
        } else {
            activation::chain::<A, T>(pass.output_gradient, kept);
        }
        let slopes = &*pass.output_gradient;
        let sample = (pass.inputs, slopes);
        if !kernel::descent_is_finite(Self::DIMENSIONS, pass.rate, sample, parameters) {
            return false;
        }
        let input_gradient: &mut [T] = match pass.input_gradient {
            Some(slots) => {
                let (weights, _) = cut(parameters, Self::WEIGHTS);
                let pass = InputGradient {
                    weights,
                    output_gradient: slopes,
                    input_gradient: &mut *slots,
                };
                K::input_gradient(Self::DIMENSIONS, pass);
                slots
            }
            None => &mut [],
        };
        if !before(input_gradient) {
            return false;
        }
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let step = WeightGradient {
            inputs: pass.inputs,
            output_gradient: slopes,
            weights,
            bias,
            fresh: false,
        };
        kernel::descend(Self::DIMENSIONS, pass.rate, step);
        true
    }
}

/// A step is a sample.
impl<I: Shape, O: Size, A: Activation> Streaming for Dense<I, O, A>
where
    Self: Layer,
{
    type StepInput = I;
    type StepOutput = O;
    type State<T: Scalar> = ();

    #[inline]
    fn step<T: Scalar, K: Kernel>(parameters: &[T], _: &mut (), input: &[T], output: &mut [T]) {
        Self::forward::<T, K>(parameters, input, output);
    }
}

/// The parameters of a [`Dense`] layer, to read.
#[derive(Debug)]
pub struct DenseRef<'a, I: Shape, O: Size, T: Scalar> {
    /// `weights[input][output]`.
    pub weights: &'a I::Array<O::Array<T>>,
    /// `bias[output]`.
    pub bias: &'a O::Array<T>,
}

/// The parameters of a [`Dense`] layer, to write.
#[derive(Debug)]
pub struct DenseMut<'a, I: Shape, O: Size, T: Scalar> {
    /// `weights[input][output]`.
    pub weights: &'a mut I::Array<O::Array<T>>,
    /// `bias[output]`.
    pub bias: &'a mut O::Array<T>,
}

/// What the types promise where a slice becomes an array.
pub(super) const LENGTHS: &str = "the lengths of parameters are types";

impl<I: Shape, O: Size, A: Activation> View for Dense<I, O, A>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = DenseRef<'a, I, O, T>;
    type Mut<'a, T: Scalar> = DenseMut<'a, I, O, T>;

    fn view<T: Scalar>(parameters: &[T]) -> DenseRef<'_, I, O, T> {
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        DenseRef {
            weights: I::from_flat(<O::Array<T>>::chunks(weights)).expect(LENGTHS),
            bias: O::from_flat(bias).expect(LENGTHS),
        }
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> DenseMut<'_, I, O, T> {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        DenseMut {
            weights: I::from_flat_mut(<O::Array<T>>::chunks_mut(weights)).expect(LENGTHS),
            bias: O::from_flat_mut(bias).expect(LENGTHS),
        }
    }
}
