//! Gradients held within bounds before another optimizer sees them.

use super::{Extent, Optimizer, ParameterState};
use crate::Scalar;

/// Scales a gradient whose Euclidean norm is above `limit` down to it (Pascanu and others, 2013), then lets
/// `optimizer` step. The norm can't overflow. The limit is at least 0; clipping does not nest, since the norm is that of
/// the gradient as it comes from the batch.
///
/// ```
/// use sizednet::{ClipNorm, Dense, Network, Gradient, Optimizer, Sgd, optimizer::State, sizes::*};
///
/// let mut network = Network::<Dense<U1, U1>>::zeros();
/// let mut gradient = Gradient::<Dense<U1, U1>>::zeros();
/// gradient.parameters_mut().copy_from_slice(&[3.0, 4.0]);
/// let optimizer = ClipNorm { limit: 1.0, optimizer: Sgd::new(10.0) };
/// optimizer.apply(&mut State::new(&optimizer), &mut network, &gradient)?;
/// assert_eq!(network.parameters().as_slice(), [-6.0, -8.0]);
/// # Ok::<(), sizednet::NotFinite>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipNorm<O, T = f32> {
    /// The largest norm.
    pub limit: T,
    /// What steps.
    pub optimizer: O,
}

/// `limit / norm(values)`, at most 1. The values are scaled by the largest, so that neither the squares nor the norm
/// itself overflow.
fn scale<T: Scalar>(values: &[T], limit: T) -> T {
    let mut largest = T::ZERO;
    for value in values {
        if value.abs() > largest {
            largest = value.abs();
        }
    }
    if largest == T::ZERO {
        return T::ONE;
    }
    let mut sum = T::ZERO;
    for value in values {
        let scaled = *value / largest;
        sum += scaled * scaled;
    }
    let scale = limit / largest / sum.sqrt();
    // not a number where a value or the limit is none, which the pass over all refuses
    if scale > T::ONE { T::ONE } else { scale }
}

impl<T: Scalar, O: Optimizer<T>> Optimizer<T> for ClipNorm<O, T> {
    type State = O::State;
    type Step = (O::Step, T);
    const NAME: &'static str = O::NAME;

    fn prepare(&self, updates: u32, gradient: &[T]) -> Self::Step {
        (
            self.optimizer.prepare(updates, gradient),
            scale(gradient, self.limit),
        )
    }
    #[inline(always)]
    fn update(
        (step, scale): &Self::Step,
        parameter: T,
        gradient: T,
        state: O::State,
    ) -> (T, O::State) {
        O::update(step, parameter, gradient * *scale, state)
    }
    fn surely_finite(
        (step, scale): &Self::Step,
        parameter: T,
        gradient: T,
        state: <O::State as ParameterState<T>>::Arrays<Extent<T>>,
    ) -> bool {
        O::surely_finite(step, parameter, gradient * scale.abs(), state)
    }
}

/// Holds each gradient between `-limit` and `limit`, which is at least 0, then lets `optimizer` step.
///
/// ```
/// use sizednet::{Adam, ClipValue, Dense, MeanSquaredError, Trainer, sizes::U1};
///
/// let optimizer = ClipValue { limit: 0.5, optimizer: Adam::new(0.001) };
/// let trainer = Trainer::<Dense<U1, U1>, _, _>::stochastic(MeanSquaredError, optimizer);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipValue<O, T = f32> {
    /// The largest magnitude.
    pub limit: T,
    /// What steps.
    pub optimizer: O,
}

impl<T: Scalar, O: Optimizer<T>> Optimizer<T> for ClipValue<O, T> {
    type State = O::State;
    type Step = (O::Step, T);
    const NAME: &'static str = O::NAME;

    fn prepare(&self, updates: u32, gradient: &[T]) -> Self::Step {
        (self.optimizer.prepare(updates, gradient), self.limit)
    }
    #[inline(always)]
    fn update(
        (step, limit): &Self::Step,
        parameter: T,
        gradient: T,
        state: O::State,
    ) -> (T, O::State) {
        let clipped = if gradient.abs() <= *limit {
            gradient
        } else {
            limit.copysign(gradient)
        };
        O::update(step, parameter, clipped, state)
    }
    fn surely_finite(
        (step, limit): &Self::Step,
        parameter: T,
        gradient: T,
        state: <O::State as ParameterState<T>>::Arrays<Extent<T>>,
    ) -> bool {
        // a negative limit would make gradients larger
        *limit >= T::ZERO && O::surely_finite(step, parameter, gradient, state)
    }
}
