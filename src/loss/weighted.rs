//! A loss in which classes weigh differently.

use crate::sample::Class;
use crate::size::FixedArray;
use crate::{CrossEntropy, Loss, Scalar};

/// A loss of classes, times the weight of the sample's class: `weights[class] * loss`, and the gradient alike.
///
/// Over samples the trainer takes the mean as ever, so that a sample of weight 2 counts as two; `PyTorch`'s
/// `CrossEntropyLoss(weight=...)` divides by the sum of the samples' weights instead. With the weights of
/// [`class_weights`](crate::prepare::class_weights), whose mean over the samples is 1, both are the same for the batch of
/// all samples.
///
/// ```
/// use sizednet::{Class, CrossEntropy, Loss, Weighted};
///
/// let loss = Weighted { weights: [1.0, 3.0], loss: CrossEntropy };
/// let mut gradient = [0.0; 2];
/// let weighted: f64 = loss.loss(&[0.0, 0.0], &Class(1), &mut gradient);
/// assert!((weighted - 3.0 * 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(gradient, [1.5, -1.5]);
/// ```
///
/// For a network that has another number of outputs than there are weights, loss and gradient are NaN, which a trainer
/// refuses as not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted<W, E = CrossEntropy> {
    /// A weight for each class: an array.
    pub weights: W,
    /// The loss that is weighted.
    pub loss: E,
}

impl<T: Scalar, W: FixedArray<T>, E: Loss<T, Class>> Loss<T, Class> for Weighted<W, E> {
    #[inline]
    fn loss(&self, output: &[T], target: &Class, gradient: &mut [T]) -> T {
        let loss = self.loss.loss(output, target, gradient);
        let weights = self.weights.as_slice();
        let weight = match weights.get(target.0) {
            Some(weight) if weights.len() == output.len() => *weight,
            _ => T::from_f64(f64::NAN),
        };
        for slope in gradient {
            *slope *= weight;
        }
        loss * weight
    }
}
