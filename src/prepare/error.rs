//! Why data cannot be prepared.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use crate::DataError;

/// Why data cannot be prepared.
///
/// ```
/// use sizednet::{PrepareError, Standardize, sizes::U2};
///
/// let error = Standardize::<U2>::fit(&[[1.0, 2.0], [3.0, f32::NAN]]).unwrap_err();
/// assert_eq!(error, PrepareError::NotFinite { sample: 1, feature: 1 });
/// assert_eq!(error.to_string(), "feature 1 of sample 1 is not finite");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrepareError {
    /// The data cannot be used: no samples, a class out of range.
    Data(DataError),
    /// A value that is infinite or NaN.
    NotFinite {
        /// The sample, by its place among those that were given.
        sample: usize,
        /// The feature, by its place among the values of a sample.
        feature: usize,
    },
    /// The values of a feature are finite, but so far apart that their range or their deviation is not.
    TooWide {
        /// The feature, by its place among the values of a sample.
        feature: usize,
    },
    /// The test part was to have more samples than there are.
    TestTooLarge {
        /// How many were wanted.
        test: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// A class that no sample is of, so that it has no weight.
    EmptyClass {
        /// The class.
        class: usize,
    },
}

impl From<DataError> for PrepareError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl Display for PrepareError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match *self {
            Self::Data(error) => error.fmt(f),
            Self::NotFinite { sample, feature } => {
                write!(f, "feature {feature} of sample {sample} is not finite")
            }
            Self::TooWide { feature } => {
                write!(
                    f,
                    "the values of feature {feature} are too far apart for its number type"
                )
            }
            Self::TestTooLarge { test, samples } => {
                write!(
                    f,
                    "a test part of {test} samples cannot be taken from {samples}"
                )
            }
            Self::EmptyClass { class } => write!(f, "no sample is of class {class}"),
        }
    }
}

impl Error for PrepareError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Data(error) => Some(error),
            _ => None,
        }
    }
}
