//! Steps scaled by the size of recent gradients.

use super::sgd::decayed;
use super::{Extent, Optimizer};
use crate::Scalar;
use crate::schedule::Schedule;

/// `RMSprop` (Hinton, 2012): `square = smoothing * square + (1 - smoothing) * gradient^2;
/// parameter -= learning_rate * gradient / (sqrt(square) + epsilon)`.
///
/// ```
/// use sizednet::{Dense, MeanSquaredError, RmsProp, Trainer, sizes::U1};
///
/// let optimizer = RmsProp::new(0.01).smoothing(0.9);
/// let trainer = Trainer::<Dense<U1, U1>, _, _>::stochastic(MeanSquaredError, optimizer);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsProp<T = f32, R = T> {
    learning_rate: R,
    smoothing: Option<T>,
    epsilon: Option<T>,
    weight_decay: Option<T>,
}

impl<T: Scalar, R: Schedule<T>> RmsProp<T, R> {
    /// With a learning rate (0.01 is usual): smoothing 0.99, epsilon 1e-8, no weight decay.
    pub const fn new(learning_rate: R) -> Self {
        Self {
            learning_rate,
            smoothing: None,
            epsilon: None,
            weight_decay: None,
        }
    }
    /// How much of the mean square stays at each update.
    #[must_use]
    pub const fn smoothing(self, smoothing: T) -> Self {
        Self {
            smoothing: Some(smoothing),
            ..self
        }
    }
    /// What keeps the divisor from 0.
    #[must_use]
    pub const fn epsilon(self, epsilon: T) -> Self {
        Self {
            epsilon: Some(epsilon),
            ..self
        }
    }
    /// Adds `decay * parameter` to each gradient.
    #[must_use]
    pub const fn weight_decay(self, decay: T) -> Self {
        Self {
            weight_decay: Some(decay),
            ..self
        }
    }
}

impl<T: Scalar, R: Schedule<T>> Optimizer<T> for RmsProp<T, R> {
    type State = [T; 1];
    type Step = (T, T, T, Option<T>);
    const NAME: &'static str = "RmsProp";
    const READS_GRADIENT: bool = false;

    #[inline]
    fn prepare(&self, updates: u32, _: &[T]) -> Self::Step {
        (
            self.learning_rate.rate(updates),
            self.smoothing.unwrap_or(T::from_f64(0.99)),
            self.epsilon.unwrap_or(T::from_f64(1e-8)),
            self.weight_decay,
        )
    }
    #[inline(always)]
    fn update(step: &Self::Step, parameter: T, gradient: T, [square]: [T; 1]) -> (T, [T; 1]) {
        let &(rate, smoothing, epsilon, decay) = step;
        let gradient = decayed(decay, parameter, gradient);
        let square = smoothing * square + (T::ONE - smoothing) * (gradient * gradient);
        (
            parameter - rate * gradient / (square.sqrt() + epsilon),
            [square],
        )
    }
    /// The update of magnitudes, with sums in place of differences, and the smallest divisor.
    fn surely_finite(
        &(rate, smoothing, epsilon, decay): &Self::Step,
        parameter: T,
        gradient: T,
        [square]: [Extent<T>; 1],
    ) -> bool {
        let gradient = decayed(decay.map(Scalar::abs), parameter, gradient);
        let next = smoothing * square.largest + (T::ONE - smoothing) * (gradient * gradient);
        !square.negative
            && smoothing >= T::ZERO
            && smoothing <= T::ONE
            && epsilon > T::ZERO
            && next.is_finite()
            && (parameter + rate.abs() * gradient / epsilon).is_finite()
    }
}
