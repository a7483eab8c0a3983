//! Products of matrices: a tile of sums stays in registers while it runs over its factors.

use core::ops::Range;

use super::lanes::{Job, Lanes, each};
use super::parts::Parts;
use super::{Run, Vectors};
use crate::{Element, Scalar};

/// `sums[row][column] = start + left[row][0] * right[0][column] + left[row][1] * right[1][column] +
/// …`
pub(super) struct Product<'a, T> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Products in each sum.
    pub(super) steps: usize,
    /// The partial sums that each sum is made of: a power of two, at most 8. There is 1 where sums
    /// start at what is there.
    pub(super) parts: usize,
    pub(super) left: Left<'a, T>,
    pub(super) right: Right<'a, T>,
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
pub(super) struct Right<'a, T> {
    pub(super) values: &'a [T],
    /// From a row to the next.
    pub(super) stride: usize,
    /// Where the rows begin; or empty, where they are a stride apart.
    pub(super) places: &'a [u32],
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

/// Rows that are computed before the next columns: their sums stay within reach of the address
/// cache.
const BLOCK: usize = 48;
/// Vectors in a row of a tile. With this many, sums fill three quarters of the registers.
const MOST_VECTORS: usize = 3;

impl<T: Run> Product<'_, T> {
    /// Of at least as many columns as a vector has lanes.
    #[inline(always)]
    pub(super) fn run(&mut self, vectors: Vectors) {
        let most = match self.parts {
            1 => MOST_VECTORS,
            2 => 2,
            _ => 1,
        };
        let mut row = 0;
        while row < self.rows {
            let end = self.rows.min(row + BLOCK);
            let mut first = 0;
            while first < self.columns {
                let count = vectors.of_a_strip::<T>(self.columns - first, most);
                let (parts, rows) = (self.parts, row..end);
                let job = &mut *self;
                macro_rules! tiles {
                    ($count:literal) => {
                        T::run(vectors, Tiles::<_, $count> { job, rows, first })
                    };
                }
                macro_rules! parts {
                    ($count:literal, $parts:literal of $all:literal) => {
                        T::run(
                            vectors,
                            Parts::<_, $count, $parts, $all> { job, rows, first },
                        )
                    };
                }
                match (parts, count) {
                    (8, _) if vectors.have_many_registers() => parts!(1, 8 of 8),
                    (8, _) => parts!(1, 4 of 8),
                    (4, _) => parts!(1, 4 of 4),
                    (2, _) => parts!(2, 2 of 2),
                    (_, 1) => tiles!(1),
                    (_, 2) => tiles!(2),
                    _ => tiles!(3),
                }
                first += count * vectors.width::<T>();
            }
            row = end;
        }
    }
}

/// Some rows of `N` vectors of columns, from the `first` on. The last vector ends with the columns:
/// it may overlap the one before it.
struct Tiles<'a, 'b, T, const N: usize> {
    job: &'b mut Product<'a, T>,
    rows: Range<usize>,
    first: usize,
}

impl<T: Scalar, const N: usize> Job<T> for Tiles<'_, '_, T, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        let Self { job, rows, first } = self;
        let mut row = rows.start;
        while row < rows.end {
            let here = Here {
                row,
                last: rows.end - 1 - row,
                first,
                width: (job.columns - first).min(N * L::WIDTH),
            };
            if N == 1 || L::MANY_REGISTERS && here.last >= 4 {
                tile::<L, 8, N>(l, job, here);
                row += 8;
            } else {
                tile::<L, 4, N>(l, job, here);
                row += 4;
            }
        }
    }
}

/// Where a tile lies.
#[derive(Clone, Copy)]
pub(super) struct Here {
    pub(super) row: usize,
    /// The last row, counted from the first. If a tile has more, this one is computed again, to the
    /// same bits.
    pub(super) last: usize,
    pub(super) first: usize,
    pub(super) width: usize,
}

impl Here {
    #[inline(always)]
    pub(super) fn row(self, i: usize) -> usize {
        self.row + i.min(self.last)
    }
    /// The sums of a row.
    #[inline(always)]
    pub(super) fn sums(self, i: usize, stride: usize) -> Range<usize> {
        let at = self.row(i) * stride + self.first;
        at..at + self.width
    }
}

#[inline(always)]
fn tile<L: Lanes, const M: usize, const N: usize>(l: L, job: &mut Product<'_, L::T>, here: Here) {
    let nothing = [[l.splat(-L::T::ZERO); N]; M];
    let mut sums = nothing;
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
    // of the same length, so that one check of a place serves all
    let (left, right) = (job.left, job.right);
    let span = (job.steps - 1) * left.step + 1;
    let mut rows = [left.values; M];
    each!(i below M => rows[i] = &left.values[here.row(i) * left.row..][..span]);
    let mut step = 0;
    while step < job.steps {
        let place = match right.places.get(step) {
            Some(place) => *place as usize,
            None => step * right.stride,
        };
        let factors: [L::V; N] = l.read(&right.values[place + here.first..][..here.width]);
        let at = step * left.step;
        each!(i below M => {
            let x = l.splat(rows[i][at]);
            let mut q = 0;
            while q < N {
                sums[i][q] = l.multiply_add(x, factors[q], sums[i][q]);
                q += 1;
            }
        });
        step += 1;
    }
    each!(i below M => {
        if job.rectify {
            sums[i] = rectified(l, sums[i]);
        }
        l.write(sums[i], &mut job.sums[here.sums(i, job.stride)]);
    });
}

#[inline(always)]
pub(super) fn rectified<L: Lanes, const N: usize>(l: L, mut sums: [L::V; N]) -> [L::V; N] {
    let mut q = 0;
    while q < N {
        sums[q] = l.rectify(sums[q]);
        q += 1;
    }
    sums
}

/// The sum of partial sums: those half of their number apart are added first.
#[inline(always)]
pub(super) fn fold<L: Lanes, const M: usize, const N: usize, const P: usize>(
    l: L,
    mut sums: [[[L::V; N]; M]; P],
) -> [[L::V; N]; M] {
    if P == 8 {
        each!(part below 4 => sums[part] = add(l, sums[part], sums[part + 4]));
    }
    if P >= 4 {
        each!(part below 2 => sums[part] = add(l, sums[part], sums[part + 2]));
    }
    if P >= 2 {
        sums[0] = add(l, sums[0], sums[1]);
    }
    sums[0]
}

#[inline(always)]
pub(super) fn add<L: Lanes, const M: usize, const N: usize>(
    l: L,
    mut sums: [[L::V; N]; M],
    others: [[L::V; N]; M],
) -> [[L::V; N]; M] {
    each!(i below M => {
        let mut q = 0;
        while q < N {
            sums[i][q] = l.add(sums[i][q], others[i][q]);
            q += 1;
        }
    });
    sums
}
