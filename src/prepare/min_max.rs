//! Features to the range from 0 to 1.

use super::PrepareError;
use super::affine;
use crate::sample::{Samples, values, values_mut};
use crate::{DataError, Element, Scalar, Shape};

/// Brings each feature to the range from 0 to 1 that its values have in the training part: `(x - minimum) / range`.
///
/// Values outside of what was fitted go outside of 0 to 1. A constant feature has range 1 and becomes 0.
///
/// ```
/// use sizednet::{MinMax, sizes::U2};
///
/// let scaling = MinMax::<U2>::fit(&[[1.0, 7.0], [5.0, 7.0]])?;
/// assert_eq!((scaling.minimum(), scaling.range()), (&[1.0, 7.0], &[4.0, 1.0]));
/// assert_eq!(scaling.applied(&[2.0, 7.0]), [0.25, 0.0]);
/// # Ok::<(), sizednet::PrepareError>(())
/// ```
///
/// The fitted numbers can lie in flash, beside the network's:
///
/// ```
/// use sizednet::{MinMax, sizes::U1};
///
/// static SCALING: MinMax<U1> = MinMax::new([1.0], [4.0]);
/// assert_eq!(SCALING.applied(&[3.0]), [0.5]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MinMax<I: Shape, T: Scalar = f32> {
    minimum: I::Array<T>,
    range: I::Array<T>,
}

impl<I: Shape, T: Scalar> MinMax<I, T> {
    /// From what an earlier fit found; a range of 0 would give values that are not finite.
    ///
    /// ```
    /// use sizednet::{MinMax, sizes::U1};
    ///
    /// assert_eq!(MinMax::<U1>::new([1.0], [4.0]).applied(&[2.0]), [0.25]);
    /// ```
    #[must_use]
    pub const fn new(minimum: I::Array<T>, range: I::Array<T>) -> Self {
        Self { minimum, range }
    }

    /// Finds smallest and largest value of each feature.
    ///
    /// ```
    /// use sizednet::{Class, MinMax, sizes::U1};
    ///
    /// let training = [([1.0], Class(0)), ([3.0], Class(1))];
    /// let scaling = MinMax::<U1>::fit(training.iter().map(|(input, _)| input))?;
    /// assert_eq!(scaling, MinMax::new([1.0], [2.0]));
    /// # Ok::<(), sizednet::PrepareError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PrepareError`] if there are no inputs, for a value that is not finite, or for values too far apart.
    pub fn fit<'a>(
        inputs: impl IntoIterator<Item = &'a I::Array<T>>,
    ) -> Result<Self, PrepareError> {
        Self::fit_each(inputs.into_iter().map(Ok))
    }

    /// Finds smallest and largest value of each feature of the inputs of samples.
    ///
    /// ```
    /// use sizednet::{MinMax, prepare::subset, sizes::U1};
    ///
    /// let (inputs, targets) = ([[1.0], [9.0], [3.0]], [[0.0], [1.0], [2.0]]);
    /// let scaling = MinMax::<U1>::fit_samples(subset((&inputs, &targets), &[0, 2]))?;
    /// assert_eq!(scaling.range(), &[2.0]);
    /// # Ok::<(), sizednet::PrepareError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PrepareError`] as in [`fit`](Self::fit), and for samples whose slices differ in length or that are not there.
    pub fn fit_samples<D: Samples<I::Array<T>>>(samples: D) -> Result<Self, PrepareError> {
        Self::fit_each(affine::inputs(&samples)?)
    }

    fn fit_each<'a>(
        inputs: impl Iterator<Item = Result<&'a I::Array<T>, DataError>>,
    ) -> Result<Self, PrepareError> {
        // until all inputs are seen, the range is the largest value
        let mut fitted = Self::new(Element::ZERO, Element::ZERO);
        let mut empty = true;
        for (sample, input) in inputs.enumerate() {
            let input = input?;
            if let Some(feature) = affine::not_finite::<I, T>(input) {
                return Err(PrepareError::NotFinite { sample, feature });
            }
            let [minimum, maximum] = fitted.parts_mut();
            let bounds = minimum.iter_mut().zip(maximum);
            for (x, (minimum, maximum)) in values::<I, T>(input).iter().zip(bounds) {
                if empty || *x < *minimum {
                    *minimum = *x;
                }
                if empty || *x > *maximum {
                    *maximum = *x;
                }
            }
            empty = false;
        }
        if empty {
            return Err(DataError::NoSamples.into());
        }
        let [minimum, range] = fitted.parts_mut();
        for (feature, (minimum, range)) in minimum.iter().zip(range).enumerate() {
            *range = *range - *minimum;
            if !range.is_finite() {
                return Err(PrepareError::TooWide { feature });
            }
            if *range == T::ZERO {
                *range = T::ONE;
            }
        }
        Ok(fitted)
    }

    /// The smallest value of each feature.
    pub const fn minimum(&self) -> &I::Array<T> {
        &self.minimum
    }
    /// What each feature is divided by: its largest value less the smallest, or 1 where they are equal.
    pub const fn range(&self) -> &I::Array<T> {
        &self.range
    }
}

affine::affine!(MinMax { minimum, range });
