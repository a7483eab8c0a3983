//! Steps by the sign of the gradient, longer while it stays and shorter when it turns.

use super::Optimizer;
use crate::Scalar;

/// Rprop (Riedmiller and Braun, 1993), for full batches: each parameter's step grows by 1.2 while its gradient keeps its
/// sign, up to 50, and shrinks by half when it turns, down to 1e-6; where it turned, the parameter rests for one update.
///
/// ```
/// use sizednet::{Optimizer, Rprop};
///
/// let step = Rprop::new(0.5).prepare(0, &[]);
/// // only the sign of the gradient counts
/// assert_eq!(<Rprop as Optimizer<f32>>::update(&step, 3.0, 1e-9, [0.0, 0.0]).0, 2.5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rprop<T = f32> {
    first: T,
    factors: (T, T),
    steps: (T, T),
}

impl<T: Scalar> Rprop<T> {
    /// With a first step (0.01 is usual).
    pub fn new(first: T) -> Self {
        Self {
            first,
            factors: (T::HALF, T::from_f64(1.2)),
            steps: (T::from_f64(1e-6), T::from_f64(50.0)),
        }
    }
    /// What a step is multiplied by when the gradient turns, and when it stays.
    #[must_use]
    pub const fn factors(self, shrink: T, grow: T) -> Self {
        Self {
            factors: (shrink, grow),
            ..self
        }
    }
    /// The smallest and the largest step.
    #[must_use]
    pub const fn steps(self, smallest: T, largest: T) -> Self {
        Self {
            steps: (smallest, largest),
            ..self
        }
    }
}

impl<T: Scalar> Optimizer<T> for Rprop<T> {
    type State = [T; 2];
    type Step = (Self, bool);

    fn prepare(&self, updates: u32, _: &[T]) -> Self::Step {
        (*self, updates == 0)
    }
    #[inline(always)]
    fn update(
        &(settings, first): &Self::Step,
        parameter: T,
        gradient: T,
        [before, length]: [T; 2],
    ) -> (T, [T; 2]) {
        let length = if first { settings.first } else { length };
        // signs are compared, not multiplied: a product of tiny gradients would be 0
        let turned =
            (gradient > T::ZERO && before < T::ZERO) || (gradient < T::ZERO && before > T::ZERO);
        let stayed =
            (gradient > T::ZERO && before > T::ZERO) || (gradient < T::ZERO && before < T::ZERO);
        let factor = if turned {
            settings.factors.0
        } else if stayed {
            settings.factors.1
        } else {
            T::ONE
        };
        let length = length * factor;
        let length = if length < settings.steps.0 {
            settings.steps.0
        } else {
            length
        };
        let length = if length > settings.steps.1 {
            settings.steps.1
        } else {
            length
        };
        let gradient = if turned { T::ZERO } else { gradient };
        let next = if gradient > T::ZERO {
            parameter - length
        } else if gradient < T::ZERO {
            parameter + length
        } else {
            parameter
        };
        (next, [gradient, length])
    }
}
