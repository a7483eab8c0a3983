//! Samples split at random into a training part and a test part, by their indices.

use super::PrepareError;
use super::classes::{at, count};
use crate::order::{mix, permute, shuffle};
use crate::size::FixedArray;
use crate::{Class, DataError, Element, Size};

/// Splits samples into a training part and a test part of `test` samples; gives the indices of both, in that order.
///
/// The caller lends the buffer, with a place for each sample. The split is a function of seed, number of samples and
/// `test` alone, the same on every machine. Both parts lie in random order, so that either can be cut once more. Either
/// may be empty.
///
/// ```
/// use sizednet::prepare::split;
///
/// let mut order = [0; 10];
/// let (training, test) = split(&mut order, 7, 3)?;
/// assert_eq!((training.len(), test.len()), (7, 3));
/// let (training, validation) = training.split_at(5);
/// # Ok::<(), sizednet::PrepareError>(())
/// ```
///
/// # Errors
///
/// [`PrepareError`] if there are no samples, more than a `u32` can count, or fewer than `test`.
pub fn split(order: &mut [u32], seed: u64, test: usize) -> Result<(&[u32], &[u32]), PrepareError> {
    let training = check(order, test)?;
    shuffle(seed, 0, order);
    Ok(order.split_at(training))
}

/// Splits samples so that the test part has each class's share of them, to within one sample; gives the indices of the
/// training part and of the test part, in that order.
///
/// `class` tells the class of a sample, which has to be below `N`. Of the `count` samples of a class, the test part gets
/// `test * count / samples`, rounded down, and one more for the classes with the largest rests until it has `test`, as
/// scikit-learn's `train_test_split` does with `stratify`; among equal rests the seed decides. For the rest see
/// [`split`].
///
/// ```
/// use sizednet::{Class, prepare::split_stratified, sizes::U2};
///
/// let classes = [0, 0, 1, 0, 1, 0, 0, 0, 1].map(Class);
/// let mut order = [0; 9];
/// let (training, test) = split_stratified::<U2>(&mut order, 7, 3, |sample| classes[sample])?;
/// let ones = |part: &[u32]| part.iter().filter(|i| classes[**i as usize] == Class(1)).count();
/// assert_eq!((ones(training), ones(test)), (2, 1));
/// # Ok::<(), sizednet::PrepareError>(())
/// ```
///
/// # Errors
///
/// [`PrepareError`] as in [`split`], and for a class that is not below `N`.
pub fn split_stratified<N: Size>(
    order: &mut [u32],
    seed: u64,
    test: usize,
    class: impl Fn(usize) -> Class,
) -> Result<(&[u32], &[u32]), PrepareError> {
    check(order, test)?;
    let (counts, samples) = count::<N>((0..order.len()).map(&class))?;
    let mut wanted = shares::<N>(&counts, samples, test as u64, seed);

    shuffle(seed, 0, order);
    // the first of each class are taken: those before `training` stay, those from there to `place` are taken
    let mut training = 0;
    for place in 0..order.len() {
        let sample = order[place] as usize;
        let left = at::<N, u32>(&mut wanted, sample, class(sample))?;
        if *left > 0 {
            *left -= 1;
        } else if training <= place {
            // always so, which the compiler does not see
            order.swap(training, place);
            training += 1;
        }
    }
    let (training, test) = order.split_at_mut(training);
    // the classes of what comes first in a shuffled order are no longer evenly spread
    permute(seed, 1, training);
    permute(seed, 1, test);
    Ok((training, test))
}

/// The size of the training part.
fn check(order: &[u32], test: usize) -> Result<usize, PrepareError> {
    let samples = order.len();
    if samples == 0 {
        return Err(DataError::NoSamples.into());
    }
    if u32::try_from(samples).is_err() {
        return Err(DataError::TooManySamples { samples }.into());
    }
    samples
        .checked_sub(test)
        .ok_or(PrepareError::TestTooLarge { test, samples })
}

/// How many of each class's samples go into the test part: its share rounded down, and one more where the rests are
/// largest.
fn shares<N: Size>(counts: &N::Array<u32>, samples: u32, test: u64, seed: u64) -> N::Array<u32> {
    let samples = u64::from(samples);
    let product = |class: usize| {
        let count = counts.as_slice().get(class).copied().unwrap_or(0);
        u64::from(count) * test
    };
    let mut shares = <N::Array<u32>>::ZERO;
    let mut missing = test;
    for (class, share) in shares.as_mut_slice().iter_mut().enumerate() {
        *share = (product(class) / samples) as u32;
        missing -= u64::from(*share);
    }
    // the place of a class where rests go down: equal ones in an order that the seed decides
    let rank = |class: usize| {
        (
            product(class) % samples,
            mix(seed ^ mix(class as u64)),
            class,
        )
    };
    let mut last = None;
    for _ in 0..missing {
        let next = (0..N::USIZE)
            .map(rank)
            .filter(|rank| last.is_none_or(|last| *rank < last));
        last = next.max();
        let class = last.and_then(|(_, _, class)| shares.as_mut_slice().get_mut(class));
        if let Some(share) = class {
            *share += 1;
        }
    }
    shares
}
