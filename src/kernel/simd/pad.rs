//! Copies of narrow rows, padded with zeros to whole vectors.

use crate::Scalar;

/// The partial sums of an input gradient.
pub(super) const PARTS: usize = 8;
/// Rows of a padded copy.
pub(super) const ROWS: usize = 64;
/// The lanes of the widest vector.
pub(super) const WIDEST: usize = 8;

/// Copies rows of `columns` values, fewer than `WIDEST`, into rows of that many, and back.
#[inline(always)]
pub(super) fn pad<T: Scalar>(rows: &[T], columns: usize, padded: &mut [[T; WIDEST]]) {
    macro_rules! widths {
        ($($n:literal)*) => {
            match columns {
                $($n => for (padded, row) in padded.iter_mut().zip(rows.as_chunks::<$n>().0) {
                    let mut values = [T::ZERO; WIDEST];
                    values[..$n].copy_from_slice(row);
                    *padded = values;
                },)*
                _ => {}
            }
        };
    }
    widths!(1 2 3 4 5 6 7);
}

#[inline(always)]
pub(super) fn unpad<T: Scalar>(padded: &[[T; WIDEST]], columns: usize, rows: &mut [T]) {
    macro_rules! widths {
        ($($n:literal)*) => {
            match columns {
                $($n => for (padded, row) in padded.iter().zip(rows.as_chunks_mut::<$n>().0) {
                    row.copy_from_slice(&padded[..$n]);
                },)*
                _ => {}
            }
        };
    }
    widths!(1 2 3 4 5 6 7);
}

/// The last values of each row, those beyond a multiple of `PARTS`; the rest stays as it is.
#[inline(always)]
pub(super) fn copy_tails<T: Scalar>(rows: &[T], columns: usize, tails: &mut [[T; PARTS]]) {
    macro_rules! widths {
        ($($n:literal)*) => {
            match columns % PARTS {
                $($n => for (tail, row) in tails.iter_mut().zip(rows.chunks_exact(columns)) {
                    if let Some(values) = row.last_chunk::<$n>() {
                        tail[..$n].copy_from_slice(values);
                    }
                },)*
                _ => {}
            }
        };
    }
    widths!(1 2 3 4 5 6 7);
}
