//! Products whose sums are one chain: a tile of sums stays in registers while it runs over its
//! factors.

use core::ops::Range;

use super::lanes::{Job, Lanes, each};
use super::product::{Product, Rows, Start};
use super::{Run, Vectors};
use crate::{Element, Scalar};

/// Rows that are computed before the next columns: their sums stay within reach of the address
/// cache.
const BLOCK: usize = 48;
/// Vectors in a row of a tile. With this many, sums fill three quarters of the registers.
const MOST_VECTORS: usize = 3;

#[inline(always)]
pub(super) fn run<T: Run, R: Rows>(vectors: Vectors, job: &mut Product<'_, T, R>) {
    let width = vectors.width::<T>();
    let mut row = 0;
    while row < job.rows {
        let end = job.rows.min(row + BLOCK);
        // the last columns, which fill no vector, are read by one that overlaps the one before it
        let others = job.columns % width;
        let whole = if others == 0 {
            job.columns
        } else {
            job.columns - others - width
        };
        let mut first = 0;
        while first < whole {
            // strips of about the same width
            let rest = (whole - first) / width;
            let rows = row..end;
            let count = rest.div_ceil(rest.div_ceil(MOST_VECTORS));
            match count {
                1 => T::run(vectors, Tiles::<_, _, 1, false> { job, rows, first }),
                2 => T::run(vectors, Tiles::<_, _, 2, false> { job, rows, first }),
                _ => T::run(vectors, Tiles::<_, _, 3, false> { job, rows, first }),
            }
            first += count * width;
        }
        if first < job.columns {
            let rows = row..end;
            T::run(vectors, Tiles::<_, _, 2, true> { job, rows, first });
        }
        row = end;
    }
}

/// Some rows of `N` vectors of columns, from the `first` on; the last vector may `OVERLAP` the one
/// before it.
struct Tiles<'a, 'b, T, R, const N: usize, const OVERLAP: bool> {
    job: &'b mut Product<'a, T, R>,
    rows: Range<usize>,
    first: usize,
}

impl<T: Scalar, R: Rows, const N: usize, const OVERLAP: bool> Job<T>
    for Tiles<'_, '_, T, R, N, OVERLAP>
{
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        let Self { job, rows, first } = self;
        let width = (job.columns - first).min(N * L::WIDTH);
        let mut row = rows.start;
        while row < rows.end {
            let end = rows.end;
            let here = Here {
                row,
                end,
                first,
                width,
            };
            if L::MANY_REGISTERS && end - row > 4 {
                tile::<L, R, 8, N, OVERLAP>(l, job, here);
                row += 8;
            } else {
                tile::<L, R, 4, N, OVERLAP>(l, job, here);
                row += 4;
            }
        }
    }
}

/// Where a tile lies: if there are fewer rows than it has, the last one is computed again and
/// again, to the same bits.
#[derive(Clone, Copy)]
struct Here {
    row: usize,
    end: usize,
    first: usize,
    width: usize,
}

impl Here {
    #[inline(always)]
    fn row(self, i: usize) -> usize {
        (self.row + i).min(self.end - 1)
    }
    /// The sums of a row.
    #[inline(always)]
    fn sums(self, i: usize, stride: usize) -> Range<usize> {
        let at = self.row(i) * stride + self.first;
        at..at + self.width
    }
}

#[inline(always)]
fn tile<L: Lanes, R: Rows, const M: usize, const N: usize, const OVERLAP: bool>(
    l: L,
    job: &mut Product<'_, L::T, R>,
    here: Here,
) {
    let mut sums = starts::<L, R, M, N>(l, job, here);
    let mut left = [job.left.values; M];
    each!(i below M => {
        left[i] = job.left.values.get(here.row(i) * job.left.row..).unwrap_or_default();
    });
    let mut step = 0;
    while step < job.steps {
        let right = if OVERLAP {
            job.right.row::<L, N>(l, step, here.first, here.width)
        } else {
            job.right.whole_row::<L, N>(step, here.first)
        };
        let at = step * job.left.step;
        each!(i below M => {
            let x = l.splat(left[i][at]);
            let mut q = 0;
            while q < N {
                sums[i][q] = l.multiply_add(x, right[q], sums[i][q]);
                q += 1;
            }
        });
        step += 1;
    }
    each!(i below M => {
        if job.rectify {
            let mut q = 0;
            while q < N {
                sums[i][q] = l.rectify(sums[i][q]);
                q += 1;
            }
        }
        l.write(sums[i], &mut job.sums[here.sums(i, job.stride)]);
    });
}

#[inline(always)]
fn starts<L: Lanes, R: Rows, const M: usize, const N: usize>(
    l: L,
    job: &Product<'_, L::T, R>,
    here: Here,
) -> [[L::V; N]; M] {
    let mut sums = [[l.splat(-L::T::ZERO); N]; M];
    match job.start {
        Start::Nothing => {}
        Start::Columns(numbers) => {
            sums = [l.read(&numbers[here.first..here.first + here.width]); M];
        }
        Start::Rows(numbers) => {
            each!(i below M => sums[i] = [l.splat(numbers[here.row(i)]); N]);
        }
        Start::There => {
            each!(i below M => sums[i] = l.read(&job.sums[here.sums(i, job.stride)]));
        }
    }
    sums
}
