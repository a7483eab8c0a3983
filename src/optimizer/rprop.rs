//! Steps by the sign of the gradient, longer while it stays and shorter when it turns.

use super::Optimizer;
use crate::Scalar;
use crate::scalar::sign;

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
    factors: Option<(T, T)>,
    steps: Option<(T, T)>,
}

impl<T: Scalar> Rprop<T> {
    /// With a first step (0.01 is usual).
    pub const fn new(first: T) -> Self {
        Self {
            first,
            factors: None,
            steps: None,
        }
    }
    /// What a step is multiplied by when the gradient turns, and when it stays.
    #[must_use]
    pub const fn factors(self, shrink: T, grow: T) -> Self {
        Self {
            factors: Some((shrink, grow)),
            ..self
        }
    }
    /// The smallest and the largest step.
    #[must_use]
    pub const fn steps(self, smallest: T, largest: T) -> Self {
        Self {
            steps: Some((smallest, largest)),
            ..self
        }
    }
}

/// What an update of [`Rprop`] shares.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct RpropStep<T> {
    /// Every length, in the first update.
    first: Option<T>,
    factors: (T, T),
    steps: (T, T),
}

impl<T: Scalar> Optimizer<T> for Rprop<T> {
    type State = [T; 2];
    type Step = RpropStep<T>;
    const NAME: &'static str = "Rprop";
    const READS_GRADIENT: bool = false;

    fn prepare(&self, updates: u32, _: &[T]) -> Self::Step {
        RpropStep {
            first: (updates == 0).then_some(self.first),
            factors: self.factors.unwrap_or((T::HALF, T::from_f64(1.2))),
            steps: self.steps.unwrap_or((T::from_f64(1e-6), T::from_f64(50.0))),
        }
    }
    #[inline(always)]
    fn update(
        step: &Self::Step,
        parameter: T,
        gradient: T,
        [before, length]: [T; 2],
    ) -> (T, [T; 2]) {
        // signs are multiplied, not gradients: a product of tiny ones would be 0
        let turn = sign(gradient) * sign(before);
        let (shrink, grow) = step.factors;
        let factor = if turn < T::ZERO {
            shrink
        } else if turn > T::ZERO {
            grow
        } else {
            T::ONE
        };
        let (smallest, largest) = step.steps;
        let length = step.first.unwrap_or(length) * factor;
        let length = if length < smallest { smallest } else { length };
        let length = if length > largest { largest } else { length };
        let gradient = if turn < T::ZERO { T::ZERO } else { gradient };
        (parameter - length * sign(gradient), [gradient, length])
    }
}
