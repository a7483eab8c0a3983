//! Features to mean 0 and standard deviation 1.

use super::PrepareError;
use super::affine;
use crate::sample::{Samples, values, values_mut};
use crate::{DataError, Element, Scalar, Shape};

/// Takes the mean off each feature and divides by its standard deviation: `(x - mean) / scale`.
///
/// The standard deviation is that of the population, `sqrt(mean((x - mean)^2))`, as in scikit-learn's `StandardScaler`.
/// A feature that is constant, or whose deviation is lost in the rounding of its sums by scikit-learn's bound, has
/// scale 1. Sums are taken in `f64` whatever `T` is, in the order of the samples, so that a fit has the same bits on
/// every machine.
///
/// ```
/// use sizednet::{Standardize, sizes::U2};
///
/// let scaling = Standardize::<U2>::fit(&[[1.0, 7.0], [5.0, 7.0]])?;
/// assert_eq!((scaling.mean(), scaling.scale()), (&[3.0, 7.0], &[2.0, 1.0]));
/// assert_eq!(scaling.applied(&[5.0, 7.0]), [1.0, 0.0]);
/// # Ok::<(), sizednet::PrepareError>(())
/// ```
///
/// The fitted numbers can lie in flash, beside the network's:
///
/// ```
/// use sizednet::{Standardize, sizes::U2};
///
/// static SCALING: Standardize<U2> = Standardize::new([3.0, 7.0], [2.0, 1.0]);
/// assert_eq!(SCALING.applied(&[1.0, 8.0]), [-1.0, 1.0]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Standardize<I: Shape, T: Scalar = f32> {
    mean: I::Array<T>,
    scale: I::Array<T>,
}

impl<I: Shape, T: Scalar> Standardize<I, T> {
    /// From what an earlier fit found; a scale of 0 would give values that are not finite.
    ///
    /// ```
    /// use sizednet::{Standardize, sizes::U1};
    ///
    /// assert_eq!(Standardize::<U1>::new([1.0], [2.0]).applied(&[5.0]), [2.0]);
    /// ```
    #[must_use]
    pub const fn new(mean: I::Array<T>, scale: I::Array<T>) -> Self {
        Self { mean, scale }
    }

    /// Finds mean and standard deviation of each feature, in two passes.
    ///
    /// ```
    /// use sizednet::{Class, Standardize, sizes::U1};
    ///
    /// let training = [([1.0], Class(0)), ([3.0], Class(1))];
    /// let scaling = Standardize::<U1>::fit(training.iter().map(|(input, _)| input))?;
    /// assert_eq!(scaling, Standardize::new([2.0], [1.0]));
    /// # Ok::<(), sizednet::PrepareError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PrepareError`] if there are no inputs, for a value that is not finite, or for values too far apart.
    pub fn fit<'a>(
        inputs: impl IntoIterator<Item = &'a I::Array<T>, IntoIter: Clone>,
    ) -> Result<Self, PrepareError> {
        Self::fit_each(inputs.into_iter().map(Ok))
    }

    /// Finds mean and standard deviation of each feature of the inputs of samples.
    ///
    /// ```
    /// use sizednet::{Standardize, prepare::subset, sizes::U1};
    ///
    /// let (inputs, targets) = ([[1.0], [9.0], [3.0]], [[0.0], [1.0], [2.0]]);
    /// let scaling = Standardize::<U1>::fit_samples(subset((&inputs, &targets), &[0, 2]))?;
    /// assert_eq!(scaling.mean(), &[2.0]);
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
        inputs: impl Iterator<Item = Result<&'a I::Array<T>, DataError>> + Clone,
    ) -> Result<Self, PrepareError> {
        let mut means = <I::Array<f64>>::ZERO;
        let mut first = None;
        let mut count = 0.0;
        for (sample, input) in inputs.clone().enumerate() {
            let input = input?;
            if let Some(feature) = affine::not_finite::<I, T>(input) {
                return Err(PrepareError::NotFinite { sample, feature });
            }
            // distances to the first sample: a constant feature has them exactly 0, a large mean costs no digits
            let origin: &I::Array<T> = first.get_or_insert(input);
            let pairs = values::<I, T>(input).iter().zip(values::<I, T>(origin));
            for (sum, (x, origin)) in values_mut::<I, f64>(&mut means).iter_mut().zip(pairs) {
                *sum += x.to_f64() - origin.to_f64();
            }
            count += 1.0;
        }
        let origin = first.ok_or(DataError::NoSamples)?;
        let means = values_mut::<I, f64>(&mut means);
        for (mean, origin) in means.iter_mut().zip(values::<I, T>(origin)) {
            *mean = origin.to_f64() + *mean / count;
        }

        let mut squares = <I::Array<f64>>::ZERO;
        let squares = values_mut::<I, f64>(&mut squares);
        for input in inputs {
            let pairs = values::<I, T>(input?).iter().zip(&*means);
            for (sum, (x, mean)) in squares.iter_mut().zip(pairs) {
                let distance = x.to_f64() - *mean;
                *sum += distance * distance;
            }
        }

        let mut fitted = Self::new(Element::ZERO, Element::ZERO);
        let parts = fitted.parts_mut();
        let pairs = means.iter().zip(&*squares).enumerate();
        let [to_mean, to_scale] = parts;
        for ((mean, scale), (feature, (exact, sum))) in to_mean.iter_mut().zip(to_scale).zip(pairs)
        {
            let variance = *sum / count;
            *mean = T::from_f64(*exact);
            *scale = T::from_f64(Scalar::sqrt(variance));
            if !mean.is_finite() || !scale.is_finite() {
                return Err(PrepareError::TooWide { feature });
            }
            let lost = count * f64::EPSILON * *exact;
            if variance <= count * f64::EPSILON * variance + lost * lost || *scale == T::ZERO {
                *scale = T::ONE;
            }
        }
        Ok(fitted)
    }

    /// The mean of each feature.
    pub const fn mean(&self) -> &I::Array<T> {
        &self.mean
    }
    /// What each feature is divided by: its standard deviation, or 1 where it is constant.
    pub const fn scale(&self) -> &I::Array<T> {
        &self.scale
    }
}

affine::affine!(Standardize { mean, scale });
