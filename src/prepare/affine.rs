//! What the scalings share: an offset is taken off and the rest divided, feature by feature.

use crate::sample::{Samples, values, values_mut};
use crate::{DataError, Scalar, Shape};

/// `x = (x - offset) / divisor`
pub(super) fn apply<I: Shape, T: Scalar>(input: &mut I::Array<T>, [offset, divisor]: [&[T]; 2]) {
    let parts = offset.iter().zip(divisor);
    for (x, (offset, divisor)) in values_mut::<I, T>(input).iter_mut().zip(parts) {
        *x = (*x - *offset) / *divisor;
    }
}

/// `x = x * divisor + offset`
pub(super) fn undo<I: Shape, T: Scalar>(input: &mut I::Array<T>, [offset, divisor]: [&[T]; 2]) {
    let parts = offset.iter().zip(divisor);
    for (x, (offset, divisor)) in values_mut::<I, T>(input).iter_mut().zip(parts) {
        *x = *x * *divisor + *offset;
    }
}

/// The place of the first value that is not finite.
pub(super) fn not_finite<I: Shape, T: Scalar>(input: &I::Array<T>) -> Option<usize> {
    values::<I, T>(input).iter().position(|x| !x.is_finite())
}

/// The inputs of samples, first to last.
pub(super) fn inputs<'a, I: 'a, D: Samples<I>>(
    samples: &'a D,
) -> Result<impl Iterator<Item = Result<&'a I, DataError>> + Clone, DataError> {
    let count = samples.count()?;
    Ok((0..count).map(|sample| {
        let found = samples.sample(sample);
        let (input, _) = found.ok_or(DataError::Missing { sample })?;
        Ok(input)
    }))
}
