//! Products of matrices, and how their right factors are read.

use super::lanes::Lanes;
use super::{Run, Vectors, parts, tile};
use crate::Scalar;

/// `sums[row][column] = start + left[row][0] * right[0][column] + left[row][1] * right[1][column] +
/// …`
pub(super) struct Product<'a, T, R> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Products in each sum.
    pub(super) steps: usize,
    pub(super) left: Left<'a, T>,
    pub(super) right: Right<'a, T, R>,
    pub(super) start: Start<'a, T>,
    pub(super) rectify: bool,
    pub(super) sums: &'a mut [T],
    /// From a row of sums to the next.
    pub(super) stride: usize,
}

/// The left factors, which lie anywhere.
#[derive(Clone, Copy)]
pub(super) struct Left<'a, T> {
    pub(super) values: &'a [T],
    /// From a row to the next.
    pub(super) row: usize,
    /// From a step to the next.
    pub(super) step: usize,
}

/// The right factors: a row for each step.
#[derive(Clone, Copy)]
pub(super) struct Right<'a, T, R> {
    pub(super) values: &'a [T],
    pub(super) rows: R,
}

/// Where the rows of right factors begin.
pub(super) trait Rows: Copy {
    fn at(self, step: usize) -> usize;
}

/// So many numbers apart.
#[derive(Clone, Copy)]
pub(super) struct Every(pub(super) usize);

impl Rows for Every {
    #[inline(always)]
    fn at(self, step: usize) -> usize {
        step * self.0
    }
}

/// At places of their own.
#[derive(Clone, Copy)]
pub(super) struct At<'a>(pub(super) &'a [u32]);

impl Rows for At<'_> {
    #[inline(always)]
    fn at(self, step: usize) -> usize {
        self.0[step] as usize
    }
}

/// Where the sums start.
#[derive(Clone, Copy)]
pub(super) enum Start<'a, T> {
    /// At -0, the sum of no numbers.
    Nothing,
    /// At these numbers, one for each column.
    Columns(&'a [T]),
    /// At these numbers, one for each row.
    Rows(&'a [T]),
    /// At what is there.
    There,
}

impl<T: Scalar, R: Rows> Right<'_, T, R> {
    /// Some columns of the row of a step, at least a vector.
    #[inline(always)]
    pub(super) fn row<L: Lanes<T = T>, const N: usize>(
        &self,
        l: L,
        step: usize,
        first: usize,
        width: usize,
    ) -> [L::V; N] {
        l.read_wide(&self.values[self.rows.at(step) + first..][..width])
    }
    /// The same of whole vectors.
    #[inline(always)]
    pub(super) fn whole_row<L: Lanes<T = T>, const N: usize>(
        &self,
        step: usize,
        first: usize,
    ) -> [L::V; N] {
        let row = L::vectors(&self.values[self.rows.at(step) + first..]);
        *row.first_chunk().expect("the strip is whole")
    }
}

impl<T: Run, R: Rows> Product<'_, T, R> {
    /// Each sum is one chain.
    #[inline(always)]
    pub(super) fn run(mut self, vectors: Vectors) {
        tile::run(vectors, &mut self);
    }
}

impl<T: Run> Product<'_, T, Every> {
    /// Each sum is so many partial sums: a power of two, at most 8. Left factors lie side by side.
    #[inline(always)]
    pub(super) fn run_in_parts(mut self, vectors: Vectors, parts: usize) {
        if self.rows == 1 {
            parts::one(vectors, &mut self, parts);
        } else if parts == 1 {
            tile::run(vectors, &mut self);
        } else if !parts::many(vectors, &mut self, parts) {
            for row in 0..self.rows {
                let one = &mut Product {
                    rows: 1,
                    left: Left {
                        values: &self.left.values[row * self.left.row..],
                        ..self.left
                    },
                    sums: &mut self.sums[row * self.stride..],
                    ..self
                };
                parts::one(vectors, one, parts);
            }
        }
    }
}
