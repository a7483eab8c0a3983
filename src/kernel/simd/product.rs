//! A product of matrices in tiles.
//!
//! A tile keeps the sums of some rows and columns in registers while it runs over their products, so that each sum is a
//! chain in the order of the contract. Columns that do not fill a vector are computed by one that overlaps the vector
//! before it, twice to the same bits.

use core::ops::Range;

use super::lanes::{Job, Lanes};
use crate::{Element, Scalar};

/// `c = start + a * b`: `c` is \[rows\]\[columns\], `b` \[steps\]\[columns\], with at least a vector of columns.
pub(super) struct Product<'a, T, F> {
    pub(super) rows: usize,
    pub(super) a: F,
    pub(super) b: &'a [T],
    pub(super) columns: usize,
    pub(super) start: Start<'a, T>,
    /// How many sums each number is made of.
    pub(super) parts: usize,
    pub(super) c: &'a mut [T],
}

/// Where the sums start.
#[derive(Clone, Copy)]
pub(super) enum Start<'a, T> {
    /// At -0, the sum of no numbers.
    Nowhere,
    /// At these numbers, one for each column.
    Bias(&'a [T]),
    /// Where they are.
    There,
}

/// The left factors of a product of matrices, `MR` rows at a time.
pub(super) trait Left<T, const MR: usize>: Copy {
    /// Whether a number may be several sums.
    const IN_PARTS: bool;
    /// How many steps the sums have.
    fn steps(&self) -> usize;
    /// Those of step `p` of the sums.
    fn at(&self, p: usize) -> Option<[T; MR]>;
}

/// Rows lie one after the other: samples, on the way forward.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T, const MR: usize>([&'a [T]; MR]);

impl<T: Scalar, const MR: usize> Left<T, MR> for Rows<'_, T, MR> {
    const IN_PARTS: bool = true;
    #[inline(always)]
    fn steps(&self) -> usize {
        self.0[0].len()
    }
    #[inline(always)]
    fn at(&self, p: usize) -> Option<[T; MR]> {
        let mut values = [T::ZERO; MR];
        let mut i = 0;
        while i < MR {
            values[i] = *self.0[i].get(p)?;
            i += 1;
        }
        Some(values)
    }
}

/// Rows lie side by side: inputs, for a gradient of weights.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a, T> {
    pub(super) values: &'a [T],
    pub(super) rows: usize,
    pub(super) stride: usize,
    pub(super) first: usize,
}

impl<T: Scalar, const MR: usize> Left<T, MR> for Columns<'_, T> {
    const IN_PARTS: bool = false;
    #[inline(always)]
    fn steps(&self) -> usize {
        self.rows
    }
    #[inline(always)]
    fn at(&self, p: usize) -> Option<[T; MR]> {
        let start = p * self.stride + self.first;
        self.values.get(start..)?.first_chunk::<MR>().copied()
    }
}

/// A matrix as a slice: rows of `stride` values.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) stride: usize,
    pub(super) first: usize,
    pub(super) end: usize,
}

impl Span {
    /// The columns, in a row.
    #[inline(always)]
    fn of(self, row: usize) -> Range<usize> {
        row * self.stride + self.first..row * self.stride + self.end
    }
}

/// `c = start + a * b` for `MR` rows and `MAIN + 1` vectors of columns, from `span.first` to `span.end`; the last vector
/// ends at the end, and may overlap the one before it.
#[inline(always)]
pub(super) fn tile<L: Lanes, A: Left<L::T, MR>, const MR: usize, const MAIN: usize>(
    l: L,
    a: A,
    b: &[L::T],
    span: Span,
    (start, parts): (Start<'_, L::T>, usize),
    first: usize,
    c: &mut [L::T],
) -> Option<()> {
    let nothing = l.splat(-L::T::ZERO);
    let mut main = [[nothing; MAIN]; MR];
    let mut last = [nothing; MR];
    match start {
        Start::Nowhere => {}
        Start::Bias(bias) => {
            let bias = bias.get(span.first..span.end)?;
            main = [*L::vectors(bias).first_chunk::<MAIN>()?; MR];
            last = [*L::last(bias)?; MR];
        }
        Start::There => {
            let mut i = 0;
            while i < MR {
                let row = c.get(span.of(first + i))?;
                main[i] = *L::vectors(row).first_chunk::<MAIN>()?;
                last[i] = *L::last(row)?;
                i += 1;
            }
        }
    }
    let b = b.get(span.first..)?;
    let (width, steps) = (span.end - span.first, a.steps());
    let parts = if A::IN_PARTS { parts } else { 1 };
    let mut part = 0;
    loop {
        let mut p = part;
        let mut at = part * span.stride;
        while p < steps {
            let row = b.get(at..)?.get(..width)?;
            at += parts * span.stride;
            let right = *L::vectors(row).first_chunk::<MAIN>()?;
            let right_last = *L::last(row)?;
            let left = a.at(p)?;
            let mut i = 0;
            while i < MR {
                let x = l.splat(left[i]);
                let mut q = 0;
                while q < MAIN {
                    main[i][q] = l.multiply_add(x, right[q], main[i][q]);
                    q += 1;
                }
                last[i] = l.multiply_add(x, right_last, last[i]);
                i += 1;
            }
            p += parts;
        }
        if part > 0 {
            let mut i = 0;
            while i < MR {
                let row = c.get(span.of(first + i))?;
                let sums = L::vectors(row).first_chunk::<MAIN>()?;
                let mut q = 0;
                while q < MAIN {
                    main[i][q] = l.add(sums[q], main[i][q]);
                    q += 1;
                }
                last[i] = l.add(*L::last(row)?, last[i]);
                i += 1;
            }
        }
        let mut i = 0;
        while i < MR {
            let row = c.get_mut(span.of(first + i))?;
            *L::vectors_mut(row).first_chunk_mut::<MAIN>()? = main[i];
            *L::last_mut(row)? = last[i];
            i += 1;
        }
        part += 1;
        if part == parts {
            return Some(());
        }
        main = [[nothing; MAIN]; MR];
        last = [nothing; MR];
    }
}

/// What a product of matrices reads: the left factors as rows or as columns.
pub(super) trait Factors<T>: Copy {
    type Left<'a, const MR: usize>: Left<T, MR>
    where
        Self: 'a;
    fn rows<const MR: usize>(&self, first: usize) -> Option<Self::Left<'_, MR>>;
}

/// Samples.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a, T> {
    values: &'a [T],
    stride: usize,
    steps: usize,
}

impl<'a, T: Copy> Samples<'a, T> {
    /// Samples of so many values.
    #[inline(always)]
    pub(super) fn new(values: &'a [T], stride: usize) -> Self {
        Self {
            values,
            stride,
            steps: stride,
        }
    }
    /// How many values of each there are.
    #[inline(always)]
    pub(super) fn steps(&self) -> usize {
        self.steps
    }
    /// The samples from the `first` on, and of their values those in a range.
    #[inline(always)]
    pub(super) fn part(&self, first: usize, steps: Range<usize>) -> Option<Self> {
        Some(Self {
            values: self.values.get(first * self.stride + steps.start..)?,
            steps: steps.len(),
            ..*self
        })
    }
}

impl<T: Scalar> Factors<T> for Samples<'_, T> {
    type Left<'a, const MR: usize>
        = Rows<'a, T, MR>
    where
        Self: 'a;
    #[inline(always)]
    fn rows<const MR: usize>(&self, first: usize) -> Option<Rows<'_, T, MR>> {
        let mut rows = [self.values; MR];
        let mut i = 0;
        while i < MR {
            let start = (first + i) * self.stride;
            rows[i] = self.values.get(start..start + self.steps)?;
            i += 1;
        }
        Some(Rows(rows))
    }
}

/// The same matrix, turned.
#[derive(Clone, Copy)]
pub(super) struct Turned<'a, T> {
    pub(super) values: &'a [T],
    pub(super) rows: usize,
    pub(super) stride: usize,
    pub(super) first: usize,
}

impl<T: Scalar> Factors<T> for Turned<'_, T> {
    type Left<'a, const MR: usize>
        = Columns<'a, T>
    where
        Self: 'a;
    #[inline(always)]
    fn rows<const MR: usize>(&self, first: usize) -> Option<Columns<'_, T>> {
        Some(Columns {
            values: self.values,
            rows: self.rows,
            stride: self.stride,
            first: self.first + first,
        })
    }
}

/// A tile of `MR` rows from row `first`.
#[inline(always)]
pub(super) fn tile_at<L: Lanes, F: Factors<L::T>, const MR: usize, const MAIN: usize>(
    l: L,
    a: F,
    first: usize,
    b: &[L::T],
    span: Span,
    sums: (Start<'_, L::T>, usize),
    c: &mut [L::T],
) -> Option<()> {
    tile::<L, _, MR, MAIN>(l, a.rows::<MR>(first)?, b, span, sums, first, c)
}

/// How many rows there are; a division costs as much as some products.
#[inline(always)]
pub(super) fn rows<T>(values: &[T], columns: usize) -> usize {
    if values.len() == columns {
        1
    } else {
        values.len() / columns
    }
}

/// How many rows of the `rest` go into the next tile, so that none is thin: 6 at a time, the last ones 4 or 3.
#[inline(always)]
pub(super) fn tile_rows(rest: usize) -> usize {
    match rest {
        0..=4 => rest,
        5 => 3,
        7 | 8 => 4,
        _ => 6,
    }
}

/// Columns from `first` that the next tile takes, of at most `most` vectors, so that tiles are about equally wide and the
/// last one, which may overlap, has at least two vectors.
#[inline(always)]
pub(super) fn tile_columns(width: usize, most: usize, first: usize, end: usize) -> usize {
    // the width is a power of two, by which a shift divides sooner
    let vectors = (end - first + width - 1) >> width.trailing_zeros();
    if vectors <= most {
        return end;
    }
    first + vectors / vectors.div_ceil(most) * width
}

impl<T: Scalar, F: Factors<T>> Job<T> for Product<'_, T, F> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        product(l, self)
    }
}

#[inline(always)]
fn product<L: Lanes, F: Factors<L::T>>(l: L, job: Product<'_, L::T, F>) -> Option<()> {
    let Product {
        rows,
        a,
        b,
        columns,
        start,
        parts,
        c,
    } = job;
    let mut row = 0;
    while row < rows {
        let height = tile_rows(rows - row);
        let most = match height {
            2 => 4,
            3 | 4 => 3,
            _ => 2,
        };
        let mut column = 0;
        while column < columns {
            let end = tile_columns(L::WIDTH, most, column, columns);
            let span = Span {
                stride: columns,
                first: column,
                end,
            };
            macro_rules! tiles {
                ($($rows:literal: $($main:literal)*;)*) => {
                    match (height, (end - column).div_ceil(L::WIDTH) - 1) {
                        $($(($rows, $main) => tile_at::<L, F, $rows, $main>(l, a, row, b, span, (start, parts), c)?,)*)*
                        _ => return None,
                    }
                };
            }
            tiles! {
                1: 0 1;
                2: 0 1 2 3;
                3: 0 1 2;
                4: 0 1 2;
                6: 0 1;
            }
            column = end;
        }
        row += height;
    }
    Some(())
}
