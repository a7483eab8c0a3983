//! The losses: how far an output is from its target, with the gradient.
//!
//! Of several outputs, squared, absolute, Huber and binary cross-entropy losses take the mean; the cross-entropy sums
//! over classes. Over samples the trainer takes the mean. Definitions are those of `PyTorch`.

use crate::sample::Class;
use crate::scalar::sign;
use crate::{Element, Scalar};

mod weighted;
pub use weighted::Weighted;

/// How far an output is from a target of kind `X`: `[T]` (an array of the output's shape) or [`Class`].
///
/// ```
/// use sizednet::{Loss, Scalar};
///
/// /// The largest error alone.
/// struct Largest;
///
/// impl<T: Scalar> Loss<T, [T]> for Largest {
///     fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
///         gradient.fill(T::ZERO);
///         let mut largest = T::ZERO;
///         let mut place = None;
///         for ((y, t), slope) in output.iter().zip(target).zip(gradient) {
///             if (*y - *t).abs() > largest {
///                 largest = (*y - *t).abs();
///                 place = Some((slope, T::ONE.copysign(*y - *t)));
///             }
///         }
///         if let Some((slope, sign)) = place {
///             *slope = sign;
///         }
///         largest
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the loss `{Self}` takes no targets of kind `{X}`",
    note = "`CrossEntropy` takes a `Class` or an array of probabilities; the other losses take arrays"
)]
pub trait Loss<T: Scalar, X: ?Sized> {
    /// The loss of one sample; writes its gradient with respect to the output.
    fn loss(&self, output: &[T], target: &X, gradient: &mut [T]) -> T;
}

/// A kind of target that the loss `E` takes. The kind stands first: in a bound `E: Loss<T, Kind>` rustc would guess it
/// from a loss that takes only one, before it sees the samples, and report a mismatch in words of its own.
#[doc(hidden)]
pub trait TakenBy<E, T: Scalar> {
    fn loss(&self, loss: &E, output: &[T], gradient: &mut [T]) -> T;
}

impl<X: ?Sized, T: Scalar, E: Loss<T, X>> TakenBy<E, T> for X {
    #[inline]
    fn loss(&self, loss: &E, output: &[T], gradient: &mut [T]) -> T {
        loss.loss(output, self, gradient)
    }
}

/// The mean over the outputs of a loss and its slope.
#[inline]
fn mean<T: Scalar>(
    output: &[T],
    target: &[T],
    gradient: &mut [T],
    each: impl Fn(T, T) -> (T, T),
) -> T {
    let count = T::from_u32(output.len() as u32);
    let mut sum = T::ZERO;
    for ((y, t), slope) in output.iter().zip(target).zip(gradient) {
        let (loss, derivative) = each(*y, *t);
        sum += loss;
        *slope = derivative / count;
    }
    sum / count
}

/// The squared error: `mean((output - target)^2)`.
///
/// ```
/// use sizednet::{Loss, MeanSquaredError};
///
/// let mut gradient = [0.0; 2];
/// assert_eq!(MeanSquaredError.loss(&[3.0, 1.0], &[1.0, 1.0][..], &mut gradient), 2.0);
/// assert_eq!(gradient, [2.0, 0.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeanSquaredError;

impl<T: Scalar> Loss<T, [T]> for MeanSquaredError {
    #[inline]
    fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
        mean(output, target, gradient, |y, t| {
            let error = y - t;
            (error * error, error + error)
        })
    }
}

/// The absolute error: `mean(|output - target|)`; slope 0 where they are equal.
///
/// ```
/// use sizednet::{Loss, MeanAbsoluteError};
///
/// let mut gradient = [0.0; 2];
/// assert_eq!(MeanAbsoluteError.loss(&[3.0, 1.0], &[1.0, 1.0][..], &mut gradient), 1.0);
/// assert_eq!(gradient, [0.5, 0.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeanAbsoluteError;

impl<T: Scalar> Loss<T, [T]> for MeanAbsoluteError {
    #[inline]
    fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
        mean(output, target, gradient, |y, t| {
            ((y - t).abs(), sign(y - t))
        })
    }
}

/// Squared near the target, absolute beyond `delta` (Huber, 1964): the mean of `e^2 / 2` where `|e| <= delta`, else of
/// `delta * (|e| - delta / 2)`, for errors `e = output - target`.
///
/// ```
/// use sizednet::{Huber, Loss};
///
/// let mut gradient = [0.0; 1];
/// assert_eq!(Huber { delta: 1.0 }.loss(&[4.0], &[1.0][..], &mut gradient), 2.5);
/// assert_eq!(gradient, [1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber<T> {
    /// Where the parabola goes over into lines.
    pub delta: T,
}

impl<T: Scalar> Default for Huber<T> {
    /// A delta of 1.
    fn default() -> Self {
        Self { delta: T::ONE }
    }
}

impl<T: Scalar> Loss<T, [T]> for Huber<T> {
    #[inline]
    fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
        let delta = self.delta;
        mean(output, target, gradient, |y, t| {
            let error = y - t;
            if error.abs() > delta {
                (delta * (error.abs() - T::HALF * delta), delta * sign(error))
            } else {
                (T::HALF * error * error, error)
            }
        })
    }
}

/// Binary cross-entropy on logits: the mean of `softplus(y) - y * t` for logits `y` and targets `t` from 0 to 1, written
/// so that no logit is too large.
///
/// ```
/// use sizednet::{BinaryCrossEntropy, Loss};
///
/// let mut gradient = [0.0; 1];
/// let loss: f64 = BinaryCrossEntropy.loss(&[0.0], &[1.0][..], &mut gradient);
/// assert!((loss - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(gradient, [-0.5]); // probability - target
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BinaryCrossEntropy;

impl BinaryCrossEntropy {
    /// The probabilities that the logits stand for: the sigmoid of each.
    ///
    /// ```
    /// assert_eq!(sizednet::BinaryCrossEntropy.probabilities(&[0.0]), [0.5]);
    /// ```
    pub fn probabilities<T: Scalar, const N: usize>(&self, logits: &[T; N]) -> [T; N] {
        logits.map(Scalar::sigmoid)
    }
}

impl<T: Scalar> Loss<T, [T]> for BinaryCrossEntropy {
    #[inline]
    fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
        mean(output, target, gradient, |y, t| {
            // by the sign of y, so that what is left of softplus(y) - y t loses no digits
            let loss = if y > T::ZERO {
                y * (T::ONE - t) + (-y).softplus()
            } else {
                y.softplus() - y * t
            };
            (loss, y.sigmoid() - t)
        })
    }
}

/// Softmax cross-entropy on logits: `ln(sum(exp(y))) * sum(t) - sum(y * t)` for logits `y` and probabilities `t`; of a
/// [`Class`] the `t` are 1 for the class and 0 for the others.
///
/// ```
/// use sizednet::{Class, CrossEntropy, Loss};
///
/// let mut gradient = [0.0; 2];
/// let loss: f64 = CrossEntropy.loss(&[0.0, 0.0], &Class(1), &mut gradient);
/// assert!((loss - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(gradient, [0.5, -0.5]); // probabilities - target
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossEntropy;

/// Writes the softmax of the logits; returns the largest of them and `ln(sum(exp(y - largest)))`.
#[inline]
fn softmax<T: Scalar>(logits: &[T], probabilities: &mut [T]) -> (T, T) {
    let mut largest = -T::INFINITY;
    for y in logits {
        if *y > largest {
            largest = *y;
        }
    }
    let mut sum = T::ZERO;
    for (y, p) in logits.iter().zip(probabilities.iter_mut()) {
        *p = (*y - largest).exp();
        sum += *p;
    }
    for p in probabilities {
        *p = *p / sum;
    }
    (largest, sum.ln())
}

impl CrossEntropy {
    /// The probabilities that the logits stand for: their softmax.
    ///
    /// ```
    /// assert_eq!(sizednet::CrossEntropy.probabilities(&[1.0_f32, 1.0]), [0.5, 0.5]);
    /// ```
    pub fn probabilities<T: Scalar, const N: usize>(&self, logits: &[T; N]) -> [T; N] {
        let mut probabilities = <[T; N]>::ZERO;
        softmax(logits, &mut probabilities);
        probabilities
    }
}

impl<T: Scalar> Loss<T, [T]> for CrossEntropy {
    #[inline]
    fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
        let (largest, log_sum) = softmax(output, gradient);
        let (mut loss, mut total) = (T::ZERO, T::ZERO);
        for (y, t) in output.iter().zip(target) {
            // a probability of exactly 0 takes no part, however small its logit
            if *t != T::ZERO {
                loss += ((largest - *y) + log_sum) * *t;
            }
            total += *t;
        }
        for (slope, t) in gradient.iter_mut().zip(target) {
            *slope = *slope * total - *t;
        }
        loss
    }
}

impl<T: Scalar> Loss<T, Class> for CrossEntropy {
    #[inline]
    fn loss(&self, output: &[T], target: &Class, gradient: &mut [T]) -> T {
        let (largest, log_sum) = softmax(output, gradient);
        let mut loss = T::ZERO;
        for (index, (y, slope)) in output.iter().zip(gradient).enumerate() {
            if index == target.0 {
                loss = (largest - *y) + log_sum;
                *slope = *slope - T::ONE;
            }
        }
        loss
    }
}
