//! One step of a sequence at a time, with the state in the caller's hand.

use core::fmt::{Debug, Formatter};

use super::Layer;
use crate::kernel::{Kernel, NativeKernel};
use crate::sample::{values, values_mut};
use crate::sizes::U1;
use crate::{Element, Network, Scalar, Shape, Storage};

/// A layer that can take a sequence one step at a time, as real-time audio needs: recurrent layers, [`Conv1d`](crate::Conv1d) and
/// [`DepthwiseConv1d`](crate::DepthwiseConv1d) that are causal and of stride 1, what works on each step by itself
/// ([`Dense`](crate::Dense) after a last state, norms, `Dropout`, `Activate`, `Softmax`), and [`Residual`](crate::Residual) and
/// tuples of these; [`Parallel`](crate::Parallel) does not.
///
/// The last of the steps gives the output that [`Layer::forward`] gives for the whole sequence, bit for bit. A stream may have
/// any number of steps.
#[diagnostic::on_unimplemented(
    message = "a layer that needs its whole input can't take one step at a time",
    label = "can't take one step at a time",
    note = "recurrent layers stream, `Conv1d` and `DepthwiseConv1d` that are `Causal` and of stride 1, and what works on each step by itself: `Dense` after them, norms, `Dropout`, `Activate`, `Softmax`, `Residual` and tuples of these"
)]
pub trait Streaming: Layer {
    /// What one step takes.
    type StepInput: Shape;
    /// What one step gives.
    type StepOutput: Shape;
    /// What passes from step to step; zero before the first.
    type State<T: Scalar>: Element;

    /// One step: changes the state and writes the output.
    fn step<T: Scalar, K: Kernel>(
        parameters: &[T],
        state: &mut Self::State<T>,
        input: &[T],
        output: &mut [T],
    );
}

/// What a network keeps from step to step. [`Gru`](crate::Gru) has an example.
///
/// ```
/// use sizednet::{Dense, Lstm, Sequence, layer::State, sizes::*};
///
/// type Detector = (Lstm<Sequence<U20, U3>, U16>, Dense<U16, U4>);
/// static STATE: State<Detector> = State::new();
/// assert_eq!(size_of_val(&STATE), 2 * 16 * 4);
/// ```
pub struct State<L: Streaming, T: Scalar = f32> {
    values: L::State<T>,
}

impl<L: Streaming, T: Scalar> State<L, T> {
    /// The state before the first step.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            values: Element::ZERO,
        }
    }
}

impl<L: Streaming, T: Scalar> Default for State<L, T> {
    fn default() -> Self {
        Self::new()
    }
}

// derived, these would ask it of the layer
impl<L: Streaming, T: Scalar> Clone for State<L, T> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
        }
    }
}

impl<L: Streaming, T: Scalar> PartialEq for State<L, T> {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl<L: Streaming, T: Scalar> Debug for State<L, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        self.values.fmt(f)
    }
}

impl<L: Streaming, T: Scalar, S: Storage> Network<L, T, S> {
    /// One step of a sequence: the output for an input and for the steps before it, which `state` stands for.
    /// [`Gru`](crate::Gru) has an example.
    #[inline]
    pub fn step(
        &self,
        input: &<L::StepInput as Shape>::Array<T>,
        state: &mut State<L, T>,
    ) -> <L::StepOutput as Shape>::Array<T> {
        let mut output = <<L::StepOutput as Shape>::Array<T>>::ZERO;
        L::step::<T, NativeKernel<U1>>(
            self.parameters(),
            &mut state.values,
            values::<L::StepInput, T>(input),
            values_mut::<L::StepOutput, T>(&mut output),
        );
        output
    }
}
