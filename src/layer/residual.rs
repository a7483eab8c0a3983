//! A way around a layer.

use core::marker::PhantomData;

use generic_array::typenum::Unsigned;
use rand_core::Rng;

use super::streaming::Streaming;
use super::{Backward, Layer, Module, Noise, Tensor, View, cut, cut_mut, outputs_of};
use crate::chain::Plus;
use crate::initializer::Initializer;
use crate::kernel::Kernel;
use crate::sample::OutputArray;
use crate::shape::Takes;
use crate::size::{Element, FixedArray, Size};
use crate::summary::Row;
use crate::{Scalar, Shape, fingerprint};

/// A residual block (He and others, 2015): `y = F(x) + x`.
///
/// `F`, a layer or a tuple of layers, gives the shape that it takes. Parameters and tensors are those of `F`, as in `PyTorch` those
/// of a module that is an `nn.Sequential` and adds its input.
///
/// ```
/// use sizednet::{Dense, Network, Relu, Residual, sizes::*};
///
/// type Block = Residual<(Dense<U4, U8, Relu>, Dense<U8, U4>)>;
/// let network = Network::<(Block, Block, Dense<U4, U1>)>::zeros();
/// assert_eq!(Network::<Block>::zeros().forward(&[1.0, 2.0, 3.0, 4.0]), [1.0, 2.0, 3.0, 4.0]);
/// ```
///
/// A layer that changes the shape does not compile:
///
/// ```compile_fail
/// # use sizednet::{Dense, Network, Residual, sizes::*};
/// // error[E0277]: shape mismatch: one layer gives 3 values, the next takes 4
/// let network = Network::<Residual<Dense<U4, U3>>>::zeros();
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Residual<F>(PhantomData<fn() -> F>);

/// The number of values that come out.
const fn length<F: Layer>() -> usize {
    <<F::Output as Shape>::Len as Unsigned>::USIZE
}

fn add<T: Scalar>(sums: &mut [T], more: &[T]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += *more;
    }
}

impl<F: Layer> Layer for Residual<F>
where
    <F::Input as Shape>::Key: Takes<<F::Output as Shape>::Key>,
    F::Tape: Plus<<F::Output as Shape>::Len>,
{
    type Input = F::Input;
    type Output = F::Output;
    #[doc(hidden)]
    type Parameters = F::Parameters;
    /// That of `F`, then the outputs.
    #[doc(hidden)]
    type Tape = <F::Tape as Plus<<F::Output as Shape>::Len>>::Sum;

    const NAME: &'static str = "Residual";
    const LAYERS: usize = F::LAYERS;
    const FINGERPRINT: u64 = fingerprint::then(
        F::FINGERPRINT,
        fingerprint::of_layer("Residual", "", &[], &[], 0),
        1,
    );
    const MULTIPLY_ADDS: u64 = F::MULTIPLY_ADDS;
    const FORWARD_VALUES: usize = F::FORWARD_VALUES;
    const BACKWARD_VALUES: usize = length::<F>() + F::BACKWARD_VALUES;
    const FORWARD_BUFFER: usize = F::FORWARD_BUFFER;
    const BACKWARD_BUFFER: usize = F::BACKWARD_BUFFER;
    const WRITES: bool = true;

    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &I,
        rng: &mut R,
    ) {
        F::initialize(parameters, initializer, rng);
    }

    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        F::forward::<T, K>(parameters, inputs, outputs);
        add(outputs, inputs);
    }

    fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], noise: Noise) {
        let samples = tape.len() / Self::Tape::USIZE;
        let (inner, outputs) = cut_mut(tape, samples * F::Tape::USIZE);
        F::record::<T, K>(parameters, inputs, inner, noise);
        outputs.copy_from_slice(outputs_of(inner, outputs.len()));
        add(outputs, inputs);
    }

    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        // the layer may overwrite the gradient, which goes around it as well
        let mut around = <<K::Block as Size>::Array<OutputArray<F, T>>>::ZERO;
        let around = F::Output::flatten_mut(around.as_mut_slice());
        let (around, _) = cut_mut(around, pass.output_gradient.len());
        around.copy_from_slice(pass.output_gradient);
        let samples = pass.output_gradient.len() / length::<F>();
        let mut input_gradient = pass.input_gradient;
        super::backward::<F, T, K>(
            parameters,
            Backward {
                inputs: pass.inputs,
                tape: cut(pass.tape, samples * F::Tape::USIZE).0,
                output_gradient: pass.output_gradient,
                gradient: pass.gradient,
                fresh: pass.fresh,
                input_gradient: input_gradient.as_deref_mut(),
            },
        );
        add(input_gradient.unwrap_or_default(), around);
    }

    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        F::tensors(module.joined(), visit);
    }
    fn rows(visit: &mut impl FnMut(Row)) {
        visit(Row::around::<Self>());
        Row::branch::<F>(visit);
    }
}

impl<F: View> View for Residual<F>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = F::Ref<'a, T>;
    type Mut<'a, T: Scalar> = F::Mut<'a, T>;

    fn view<T: Scalar>(parameters: &[T]) -> F::Ref<'_, T> {
        F::view(parameters)
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> F::Mut<'_, T> {
        F::view_mut(parameters)
    }
}

impl<F: Streaming> Streaming for Residual<F>
where
    Self: Layer,
    <F::StepInput as Shape>::Key: Takes<<F::StepOutput as Shape>::Key>,
{
    type StepInput = F::StepInput;
    type StepOutput = F::StepOutput;
    type State<T: Scalar> = F::State<T>;

    fn step<T: Scalar, K: Kernel>(
        parameters: &[T],
        state: &mut F::State<T>,
        input: &[T],
        output: &mut [T],
    ) {
        F::step::<T, K>(parameters, state, input, output);
        add(output, input);
    }
}
