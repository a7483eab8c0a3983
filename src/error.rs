//! What can go wrong with data: every error is a value, and nothing is half-changed.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

/// A value that would be infinite or NaN.
///
/// ```
/// use sizednet::{Dense, Gradient, Network, NotFinite, Optimizer, Sgd, optimizer::State, sizes::U1};
///
/// let mut network = Network::<Dense<U1, U1>>::zeros();
/// let mut gradient = Gradient::<Dense<U1, U1>>::zeros();
/// gradient.parameters_mut()[1] = f32::NAN;
/// let optimizer = Sgd::new(0.1);
/// let refused = optimizer.apply(&mut State::new(&optimizer), &mut network, &gradient);
/// assert_eq!(refused, Err(NotFinite));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotFinite;

impl Display for NotFinite {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("the update would hold a value that is not finite; nothing was changed")
    }
}

impl Error for NotFinite {}

/// A slice of the wrong length.
///
/// ```
/// use sizednet::{Borrowed, Dense, Network, WrongLength, sizes::*};
///
/// let error = Network::<Dense<U2, U1>, f32, Borrowed>::from_slice(&[1.0]).unwrap_err();
/// assert_eq!(error, WrongLength { given: 1, wanted: 3 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongLength {
    /// How many values there are.
    pub given: usize,
    /// How many there have to be.
    pub wanted: usize,
}

impl Display for WrongLength {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(
            f,
            "{} values are given where {} are needed",
            self.given, self.wanted
        )
    }
}

impl Error for WrongLength {}

/// Data that cannot be used.
///
/// ```
/// use sizednet::{DataError, Dense, MeanSquaredError, Network, sizes::U1};
///
/// let network = Network::<Dense<U1, U1>>::zeros();
/// let empty: [([f32; 1], [f32; 1]); 0] = [];
/// assert_eq!(network.evaluate(&empty, &MeanSquaredError), Err(DataError::NoSamples));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataError {
    /// There are no samples.
    NoSamples,
    /// There are more samples than a `u32` can count.
    TooManySamples {
        /// How many there are.
        samples: usize,
    },
    /// The slices of inputs and of targets have different lengths.
    LengthsDiffer {
        /// How many inputs there are.
        inputs: usize,
        /// How many targets there are.
        targets: usize,
    },
    /// The samples have none at an index below their number: a [`Subset`](crate::Subset) of samples that are not there, or
    /// an implementation of [`Samples`](crate::Samples) that contradicts itself.
    Missing {
        /// The index.
        sample: usize,
    },
    /// A class that is not below the number of classes.
    ClassOutOfRange {
        /// Index of the sample in the caller's data.
        sample: usize,
        /// Its class.
        class: usize,
        /// How many classes there are: the outputs of a network.
        classes: usize,
    },
}

impl Display for DataError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match *self {
            Self::NoSamples => f.write_str("there are no samples"),
            Self::TooManySamples { samples } => {
                write!(f, "{samples} samples are more than a u32 can count")
            }
            Self::LengthsDiffer { inputs, targets } => {
                write!(f, "there are {inputs} inputs but {targets} targets")
            }
            Self::Missing { sample } => {
                write!(f, "there is no sample {sample}, below their number")
            }
            Self::ClassOutOfRange {
                sample,
                class,
                classes,
            } => {
                write!(
                    f,
                    "sample {sample} is of class {class}, but the classes are 0 to {}",
                    classes - 1
                )
            }
        }
    }
}

impl Error for DataError {}

/// Where training met a value that is not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A sample, by its index in the caller's data.
    Sample(usize),
    /// A batch, by its number in the epoch: each sample's loss and gradient were finite, but not their sum or the update.
    Batch(usize),
}

/// Why training stopped. Steps before the one that failed stay; that one changed nothing.
///
/// ```
/// use sizednet::{Dense, MeanSquaredError, Network, Place, Sgd, Trainer, TrainingError, sizes::U1};
///
/// let mut network = Network::<Dense<U1, U1>>::zeros();
/// let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.1));
/// let error = trainer.epoch(&mut network, &[([1.0], [0.0]), ([1.0], [f32::MAX])]).unwrap_err();
/// assert_eq!(error, TrainingError::NotFinite { epoch: 0, place: Place::Sample(1) });
/// let error = trainer.epoch(&mut network, &[([1.0], [0.0]), ([f32::NAN], [0.0])]).unwrap_err();
/// assert_eq!(error, TrainingError::SampleNotFinite { epoch: 0, sample: 1 });
/// assert_eq!(network, Network::<Dense<U1, U1>>::zeros());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrainingError {
    /// The data cannot be used; nothing was changed.
    Data(DataError),
    /// The buffer for the order of the samples is too short; nothing was changed.
    OrderTooShort {
        /// Its length.
        given: usize,
        /// The number of samples.
        wanted: usize,
    },
    /// An input or a target that a step met is infinite or NaN: the data are to be mended, where a smaller learning rate is no help.
    SampleNotFinite {
        /// The epoch.
        epoch: u32,
        /// Index of the sample in the caller's data.
        sample: usize,
    },
    /// A loss, a gradient, an optimizer's state or a parameter would not be finite, though that sample is.
    NotFinite {
        /// The epoch.
        epoch: u32,
        /// The sample or the batch.
        place: Place,
    },
}

impl From<DataError> for TrainingError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl Display for TrainingError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match *self {
            Self::Data(error) => error.fmt(f),
            Self::OrderTooShort { given, wanted } => {
                write!(
                    f,
                    "the buffer for the order of the samples holds {given} numbers, there are {wanted} samples"
                )
            }
            Self::SampleNotFinite { epoch, sample } => {
                write!(
                    f,
                    "sample {sample} holds a value that is not finite; the step that met it in epoch {epoch} was not applied"
                )
            }
            Self::NotFinite { epoch, place } => {
                let (what, number) = match place {
                    Place::Sample(sample) => ("sample", sample),
                    Place::Batch(batch) => ("batch", batch),
                };
                write!(
                    f,
                    "training diverged in epoch {epoch} at {what} {number}: a value is not finite; "
                )?;
                f.write_str("that step was not applied (a smaller learning rate may help)")
            }
        }
    }
}

impl Error for TrainingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Data(error) => Some(error),
            _ => None,
        }
    }
}
