//! Any layer in portable arithmetic.

use core::marker::PhantomData;

use rand_core::Rng;

use super::{Backward, Descent, Layer, Module, Noise, Streaming, Tensor, View};
use crate::Scalar;
use crate::initializer::Initializer;
use crate::kernel::Kernel;
use crate::summary::Row;

/// `L`, a layer or a tuple of layers, in portable arithmetic: the same bits on every target.
///
/// Products and sums are rounded apart, so a network that was trained on a server has the same bits as one trained on
/// a microcontroller. It changes neither parameters nor fingerprint: weights move freely between `L` and `Portable<L>`.
///
/// ```
/// use sizednet::{Dense, Network, Portable, Tanh, sizes::*};
///
/// type Policy = Portable<(Dense<U13, U64, Tanh>, Dense<U64, U4>)>;
/// let network = Network::<Policy>::zeros();
/// assert_eq!(network.forward(&[0.5; 13]), [0.0; 4]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Portable<L>(PhantomData<fn() -> L>);

impl<L: Layer> Layer for Portable<L> {
    type Input = L::Input;
    type Output = L::Output;
    #[doc(hidden)]
    type Parameters = L::Parameters;
    #[doc(hidden)]
    type Tape = L::Tape;

    const NAME: &'static str = L::NAME;
    const DETAIL: &'static str = L::DETAIL;
    const LAYERS: usize = L::LAYERS;
    const FINGERPRINT: u64 = L::FINGERPRINT;
    const MULTIPLY_ADDS: u64 = L::MULTIPLY_ADDS;
    const FORWARD_VALUES: usize = L::FORWARD_VALUES;
    const BACKWARD_VALUES: usize = L::BACKWARD_VALUES;
    const FORWARD_BUFFER: usize = L::FORWARD_BUFFER;
    const BACKWARD_BUFFER: usize = L::BACKWARD_BUFFER;
    const WRITES: bool = L::WRITES;
    const DESCENDS: bool = L::DESCENDS;
    const GROUPS: bool = L::GROUPS;
    const MODULES: usize = L::MODULES;

    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &I,
        rng: &mut R,
    ) {
        L::initialize(parameters, initializer, rng);
    }
    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        L::forward::<T, K::Portable>(parameters, inputs, outputs);
    }
    fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], noise: Noise) {
        L::record::<T, K::Portable>(parameters, inputs, tape, noise);
    }
    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        L::backward::<T, K::Portable>(parameters, pass);
    }
    fn descend<T: Scalar, K: Kernel>(
        parameters: &mut [T],
        pass: Descent<'_, T>,
        before: impl FnOnce(&mut [T]) -> bool,
    ) -> bool {
        L::descend::<T, K::Portable>(parameters, pass, before)
    }
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        L::tensors(module, visit);
    }
    fn tensors_from(module: Module<'_>, number: usize, visit: &mut dyn FnMut(Tensor<'_>)) {
        L::tensors_from(module, number, visit);
    }
    fn rows(visit: &mut impl FnMut(Row)) {
        L::rows(visit);
    }
}

impl<L: Streaming> Streaming for Portable<L> {
    type StepInput = L::StepInput;
    type StepOutput = L::StepOutput;
    type State<T: Scalar> = L::State<T>;

    fn step<T: Scalar, K: Kernel>(
        parameters: &[T],
        state: &mut L::State<T>,
        input: &[T],
        output: &mut [T],
    ) {
        L::step::<T, K::Portable>(parameters, state, input, output);
    }
}

impl<L: View> View for Portable<L> {
    type Ref<'a, T: Scalar> = L::Ref<'a, T>;
    type Mut<'a, T: Scalar> = L::Mut<'a, T>;

    fn view<T: Scalar>(parameters: &[T]) -> L::Ref<'_, T> {
        L::view(parameters)
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> L::Mut<'_, T> {
        L::view_mut(parameters)
    }
}
