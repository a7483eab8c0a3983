//! Gradients held within bounds before another optimizer sees them.

use super::Optimizer;
use crate::Scalar;

/// Scales a gradient whose Euclidean norm is above `limit` down to it (Pascanu and others, 2013), then lets
/// `optimizer` step. The norm can't overflow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipNorm<O, T = f32> {
    /// The largest norm.
    pub limit: T,
    /// What steps.
    pub optimizer: O,
}

/// The Euclidean norm, of values scaled by the largest.
fn norm<T: Scalar>(values: &[T]) -> T {
    let mut largest = T::ZERO;
    for value in values {
        if value.abs() > largest {
            largest = value.abs();
        }
    }
    if largest == T::ZERO {
        return T::ZERO;
    }
    let mut sum = T::ZERO;
    for value in values {
        let scaled = *value / largest;
        sum += scaled * scaled;
    }
    largest * sum.sqrt()
}

impl<T: Scalar, O: Optimizer<T>> Optimizer<T> for ClipNorm<O, T> {
    type State = O::State;
    type Step = (O::Step, T);

    fn prepare(&self, updates: u32, gradient: &[T]) -> Self::Step {
        let norm = norm(gradient);
        // a norm that is beyond the largest number scales to 0; what is not finite is refused by the pass over all
        let scale = if norm > self.limit {
            self.limit / norm
        } else {
            T::ONE
        };
        (self.optimizer.prepare(updates, gradient), scale)
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
}

/// Holds each gradient between `-limit` and `limit`, then lets `optimizer` step.
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
        let clipped = if gradient.abs() > *limit {
            limit.copysign(gradient)
        } else {
            gradient
        };
        O::update(step, parameter, clipped, state)
    }
}
