//! Classes as numbers: one-hot arrays, weights by how rare a class is, counts.

use core::borrow::Borrow;

use super::PrepareError;
use crate::size::FixedArray;
use crate::{Class, DataError, Element, Scalar, Size};

/// A class as an array of zeros with a 1 at its index.
///
/// ```
/// use sizednet::{Class, prepare::one_hot, sizes::U3};
///
/// assert_eq!(one_hot::<U3, f32>(Class(2))?, [0.0, 0.0, 1.0]);
/// # Ok::<(), sizednet::DataError>(())
/// ```
///
/// # Errors
///
/// [`DataError::ClassOutOfRange`] for a class that is not below `N`; its sample is 0.
pub fn one_hot<N: Size, T: Scalar>(class: Class) -> Result<N::Array<T>, DataError> {
    let mut array = <N::Array<T>>::ZERO;
    *at::<N, T>(&mut array, 0, class)? = T::ONE;
    Ok(array)
}

/// A weight for each class, so that all classes together weigh as much as each other: `samples / (N * count)`, as
/// scikit-learn's `"balanced"`. For a loss that is [`Weighted`](crate::Weighted).
///
/// ```
/// use sizednet::{Class, prepare::class_weights, sizes::U2};
///
/// let classes = [Class(0), Class(0), Class(1), Class(0)];
/// assert_eq!(class_weights::<U2, f64>(&classes)?, [2.0 / 3.0, 2.0]);
/// # Ok::<(), sizednet::PrepareError>(())
/// ```
///
/// # Errors
///
/// [`PrepareError`] if there are no classes at all, for a class that is not below `N`, or for one that no sample is of.
pub fn class_weights<N: Size, T: Scalar>(
    classes: impl IntoIterator<Item: Borrow<Class>>,
) -> Result<N::Array<T>, PrepareError> {
    let classes = classes.into_iter().map(|class| *class.borrow());
    let (counts, samples) = count::<N>(classes)?;
    let mut weights = <N::Array<T>>::ZERO;
    let pairs = weights.as_mut_slice().iter_mut().zip(counts.as_slice());
    for (class, (weight, count)) in pairs.enumerate() {
        if *count == 0 {
            return Err(PrepareError::EmptyClass { class });
        }
        let balanced = f64::from(N::U32) * f64::from(*count);
        *weight = T::from_f64(f64::from(samples) / balanced);
    }
    Ok(weights)
}

/// How many samples are of each class, and how many there are.
pub(super) fn count<N: Size>(
    classes: impl Iterator<Item = Class>,
) -> Result<(N::Array<u32>, u32), DataError> {
    let mut counts = <N::Array<u32>>::ZERO;
    let mut samples = 0;
    for (sample, class) in classes.enumerate() {
        let more = u32::try_from(sample).ok().and_then(|n| n.checked_add(1));
        samples = more.ok_or(DataError::TooManySamples {
            samples: sample.saturating_add(1),
        })?;
        *at::<N, u32>(&mut counts, sample, class)? += 1;
    }
    if samples == 0 {
        return Err(DataError::NoSamples);
    }
    Ok((counts, samples))
}

/// The value of a sample's class, to write.
pub(super) fn at<N: Size, T: Element>(
    array: &mut N::Array<T>,
    sample: usize,
    Class(class): Class,
) -> Result<&mut T, DataError> {
    let value = array.as_mut_slice().get_mut(class);
    value.ok_or(DataError::ClassOutOfRange {
        sample,
        class,
        classes: N::USIZE,
    })
}
