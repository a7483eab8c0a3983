//! Rows, and ends of rows, that do not fill a vector.

use super::lanes::Lanes;
use crate::{Element, Scalar};

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

/// Copies fewer values than `PARTS` to the front of so many.
#[inline(always)]
pub(super) fn copy_tail<T: Scalar>(values: &[T], tail: &mut [T; PARTS]) {
    macro_rules! lengths {
        ($($n:literal)*) => {
            match values.len() {
                $($n => if let Some(values) = values.first_chunk::<$n>() {
                    tail[..$n].copy_from_slice(values);
                },)*
                _ => {}
            }
        };
    }
    lengths!(1 2 3 4 5 6 7);
}

/// The last numbers of a row of at least `PARTS`, those behind whole groups of so many, and zeros.
#[inline(always)]
pub(super) fn tail<L: Lanes>(l: L, row: &[L::T], others: usize) -> Option<[L::V; PARTS]> {
    let mut vectors = [l.splat(L::T::ZERO); PARTS];
    let end = L::vectors(row.last_chunk::<PARTS>()?).last()?;
    let mut q = 0;
    while q < PARTS / L::WIDTH && q * L::WIDTH < others {
        let rest = others - q * L::WIDTH;
        vectors[q] = if rest < L::WIDTH {
            l.joined(l.rotate(*end, rest), rest, vectors[q])
        } else {
            *L::vectors(row.get(row.len() - rest..)?).first()?
        };
        q += 1;
    }
    Some(vectors)
}
