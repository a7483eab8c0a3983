//! A part of samples, by their indices.

use core::ops::Range;

use crate::{DataError, Samples};

/// The samples at some indices, in their order, as samples of their own; nothing is copied.
///
/// Errors name a sample by its place among the indices. An index past the end of the samples is
/// [`DataError::Missing`] to whatever trains or evaluates.
///
/// ```
/// use sizednet::{DataError, Dense, MeanSquaredError, Network, prepare::subset, sizes::U1};
///
/// let network = Network::<Dense<U1, U1>>::zeros();
/// let samples = [([0.0], [1.0]), ([0.0], [2.0]), ([0.0], [3.0])];
/// let found = network.evaluate(subset(&samples, &[2, 0]), &MeanSquaredError)?;
/// assert_eq!((found.loss, found.samples), (5.0, 2));
/// let beyond = network.evaluate(subset(&samples, &[2, 3]), &MeanSquaredError);
/// assert_eq!(beyond, Err(DataError::Missing { sample: 1 }));
/// # Ok::<(), DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subset<'a, D> {
    /// The samples, of which some are taken.
    pub samples: D,
    /// Which of them.
    pub indices: &'a [u32],
}

/// The samples at these indices.
///
/// ```
/// use sizednet::prepare::{Subset, subset};
///
/// let samples = [([0.0], [1.0]), ([2.0], [3.0])];
/// assert_eq!(subset(&samples, &[1]), Subset { samples: &samples, indices: &[1] });
/// ```
pub const fn subset<D>(samples: D, indices: &[u32]) -> Subset<'_, D> {
    Subset { samples, indices }
}

impl<I, D: Samples<I>> Samples<I> for Subset<'_, D> {
    type Target = D::Target;

    fn count(&self) -> Result<usize, DataError> {
        self.samples.count()?;
        Ok(self.indices.len())
    }
    #[inline]
    fn sample(&self, index: usize) -> Option<(&I, &D::Target)> {
        let index = *self.indices.get(index)?;
        self.samples.sample(usize::try_from(index).ok()?)
    }
    fn inputs(&self, range: Range<usize>) -> Option<&[I]> {
        let indices = self.indices.get(range)?;
        let first = *indices.first()?;
        let follow = (0_u32..)
            .zip(indices)
            .all(|(distance, index)| index.wrapping_sub(first) == distance);
        let first = usize::try_from(first).ok()?;
        let range = first..first.checked_add(indices.len())?;
        follow.then(|| self.samples.inputs(range)).flatten()
    }
}
