//! Steps by the mean of recent gradients, scaled by their size.

use super::sgd::decayed;
use super::{Extent, Optimizer};
use crate::Scalar;
use crate::schedule::Schedule;

/// What an update of [`Adam`] or [`AdamW`] shares.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct AdamStep<T> {
    rate: T,
    beta1: T,
    beta2: T,
    epsilon: T,
    decay: Option<T>,
    /// `1 - beta1^t`.
    correction1: T,
    /// `1 / sqrt(1 - beta2^t)`: a product a parameter takes less time than a division.
    correction2: T,
}

impl<T: Scalar> AdamStep<T> {
    /// The update of magnitudes, with sums in place of differences, and the smallest divisor.
    fn surely_finite(&self, parameter: T, gradient: T, [mean, square]: [Extent<T>; 2]) -> bool {
        let decay = self.decay.unwrap_or(T::ZERO).abs();
        let gradient = gradient + decay * parameter;
        let mean = self.beta1.abs() * mean.largest + (T::ONE - self.beta1).abs() * gradient;
        let next = self.beta2 * square.largest + (T::ONE - self.beta2) * (gradient * gradient);
        let roots = !square.negative && self.beta2 >= T::ZERO && self.beta2 <= T::ONE;
        let divisor = next.sqrt() * self.correction2 + self.epsilon;
        let rate = (self.rate / self.correction1).abs();
        let parameter = parameter * (T::ONE + (self.rate * decay).abs());
        roots
            && self.correction2 > T::ZERO
            && self.epsilon > T::ZERO
            && divisor.is_finite()
            && (parameter + rate * (mean / self.epsilon)).is_finite()
    }
}

#[inline(always)]
fn adam<T: Scalar>(
    step: &AdamStep<T>,
    parameter: T,
    gradient: T,
    [mean, square]: [T; 2],
) -> (T, [T; 2]) {
    let mean = step.beta1 * mean + (T::ONE - step.beta1) * gradient;
    let square = step.beta2 * square + (T::ONE - step.beta2) * (gradient * gradient);
    let divisor = square.sqrt() * step.correction2 + step.epsilon;
    (
        parameter - step.rate / step.correction1 * (mean / divisor),
        [mean, square],
    )
}

macro_rules! adam {
    ($(#[$doc:meta])* $name:ident, $default_decay:expr, $decay:literal; update($step:ident, $parameter:ident, $gradient:ident, $state:ident) $update:block) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name<T = f32, R = T> {
            learning_rate: R,
            betas: Option<(T, T)>,
            epsilon: Option<T>,
            weight_decay: Option<T>,
        }

        impl<T: Scalar, R: Schedule<T>> $name<T, R> {
            #[doc = concat!("With a learning rate (0.001 is usual): betas 0.9 and 0.999, epsilon 1e-8, weight decay ", $decay, ".")]
            pub const fn new(learning_rate: R) -> Self {
                Self {
                    learning_rate,
                    betas: None,
                    epsilon: None,
                    weight_decay: None,
                }
            }
            /// How much of the mean, and of the mean square, stays at each update.
            #[must_use]
            pub const fn betas(self, mean: T, square: T) -> Self {
                Self { betas: Some((mean, square)), ..self }
            }
            /// What keeps the divisor from 0.
            #[must_use]
            pub const fn epsilon(self, epsilon: T) -> Self {
                Self { epsilon: Some(epsilon), ..self }
            }
            /// The weight decay.
            #[must_use]
            pub const fn weight_decay(self, decay: T) -> Self {
                Self { weight_decay: Some(decay), ..self }
            }
        }

        impl<T: Scalar, R: Schedule<T>> Optimizer<T> for $name<T, R> {
            type State = [T; 2];
            type Step = AdamStep<T>;
            const NAME: &'static str = stringify!($name);
            const READS_GRADIENT: bool = false;

            fn prepare(&self, updates: u32, _: &[T]) -> AdamStep<T> {
                let (beta1, beta2) = self.betas.unwrap_or((T::from_f64(0.9), T::from_f64(0.999)));
                let number = updates.saturating_add(1);
                AdamStep {
                    rate: self.learning_rate.rate(updates),
                    beta1,
                    beta2,
                    epsilon: self.epsilon.unwrap_or(T::from_f64(1e-8)),
                    decay: self.weight_decay.or($default_decay),
                    correction1: T::ONE - beta1.powi(number),
                    correction2: T::ONE / (T::ONE - beta2.powi(number)).sqrt(),
                }
            }
            #[inline(always)]
            fn update($step: &AdamStep<T>, $parameter: T, $gradient: T, $state: [T; 2]) -> (T, [T; 2]) $update
            fn surely_finite(step: &AdamStep<T>, parameter: T, gradient: T, state: [Extent<T>; 2]) -> bool {
                step.surely_finite(parameter, gradient, state)
            }
        }
    };
}

adam! {
    /// Adam (Kingma and Ba, 2015, algorithm 1). Its weight decay adds `decay * parameter` to the gradient.
    ///
    /// ```
    /// use sizednet::{Adam, Dense, MeanSquaredError, Trainer, sizes::U1};
    ///
    /// let optimizer = Adam::new(0.001).betas(0.9, 0.99);
    /// let trainer = Trainer::<Dense<U1, U1>, _, _>::stochastic(MeanSquaredError, optimizer);
    /// ```
    Adam, None, "0";
    update(step, parameter, gradient, state) {
        adam(step, parameter, decayed(step.decay, parameter, gradient), state)
    }
}

adam! {
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019): first
    /// `parameter -= learning_rate * decay * parameter`, then Adam's step.
    ///
    /// ```
    /// use sizednet::{AdamW, Dense, MeanSquaredError, Trainer, sizes::U1};
    ///
    /// let optimizer = AdamW::new(0.001).weight_decay(0.1);
    /// let trainer = Trainer::<Dense<U1, U1>, _, _>::stochastic(MeanSquaredError, optimizer);
    /// ```
    AdamW, Some(T::from_f64(0.01)), "0.01";
    update(step, parameter, gradient, state) {
        let parameter = match step.decay {
            Some(decay) => parameter * (T::ONE - step.rate * decay),
            None => parameter,
        };
        adam(step, parameter, gradient, state)
    }
}
