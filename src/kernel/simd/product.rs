//! A product of matrices in strips of columns.
//!
//! A strip is computed in tiles: a tile keeps the sums of some rows in registers while it runs over their products, so that
//! each sum is a chain in the order of the contract. Columns that do not fill a vector are computed by one that overlaps the
//! vector before it, twice to the same bits.

use core::ops::Range;

use super::lanes::{Job, Lanes};
use super::panel;
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

/// The left factors of a product of matrices.
pub(super) trait Factors<T>: Copy {
    /// Whether a number may be several sums.
    const IN_PARTS: bool;
    /// Whether there are tiles of eight rows.
    const IN_EIGHTS: bool;
    type Rows<'a, const MR: usize>: Rows<T, MR>
    where
        Self: 'a;
    /// How many steps the sums have.
    fn steps(&self) -> usize;
    /// Of all rows, those of some steps.
    fn part(&self, steps: Range<usize>) -> Option<Self>;
    /// Those of `MR` rows from the `first` on.
    fn rows<const MR: usize>(&self, first: usize) -> Option<Self::Rows<'_, MR>>;
}

/// The left factors of `MR` rows.
pub(super) trait Rows<T, const MR: usize>: Copy {
    /// Those of a step.
    fn at(&self, step: usize) -> Option<[T; MR]>;
}

/// Rows that lie one after the other: samples, on the way forward.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a, T> {
    values: &'a [T],
    stride: usize,
    steps: usize,
}

impl<'a, T> Samples<'a, T> {
    /// Samples of so many values.
    #[inline(always)]
    pub(super) fn new(values: &'a [T], stride: usize) -> Self {
        Self {
            values,
            stride,
            steps: stride,
        }
    }
    /// The samples from the `first` on.
    #[inline(always)]
    pub(super) fn skip(self, first: usize) -> Option<Self> {
        Some(Self {
            values: self.values.get(first * self.stride..)?,
            ..self
        })
    }
}

impl<T: Scalar> Factors<T> for Samples<'_, T> {
    const IN_PARTS: bool = true;
    const IN_EIGHTS: bool = true;
    type Rows<'a, const MR: usize>
        = [&'a [T]; MR]
    where
        Self: 'a;
    #[inline(always)]
    fn steps(&self) -> usize {
        self.steps
    }
    #[inline(always)]
    fn part(&self, steps: Range<usize>) -> Option<Self> {
        Some(Self {
            values: self.values.get(steps.start..)?,
            steps: steps.len(),
            ..*self
        })
    }
    #[inline(always)]
    fn rows<const MR: usize>(&self, first: usize) -> Option<[&[T]; MR]> {
        let mut rows = [self.values; MR];
        let mut i = 0;
        while i < MR {
            let start = (first + i) * self.stride;
            rows[i] = self.values.get(start..start + self.steps)?;
            i += 1;
        }
        Some(rows)
    }
}

impl<T: Scalar, const MR: usize> Rows<T, MR> for [&[T]; MR] {
    #[inline(always)]
    fn at(&self, step: usize) -> Option<[T; MR]> {
        let mut values = [T::ZERO; MR];
        let mut i = 0;
        while i < MR {
            values[i] = *self[i].get(step)?;
            i += 1;
        }
        Some(values)
    }
}

/// Rows that lie side by side: inputs, for a gradient of weights.
#[derive(Clone, Copy)]
pub(super) struct Turned<'a, T> {
    values: &'a [T],
    stride: usize,
    steps: usize,
}

impl<'a, T> Turned<'a, T> {
    /// So many samples of `stride` values, each value a row.
    #[inline(always)]
    pub(super) fn new(values: &'a [T], stride: usize, steps: usize) -> Self {
        Self {
            values,
            stride,
            steps,
        }
    }
}

impl<T: Scalar> Factors<T> for Turned<'_, T> {
    const IN_PARTS: bool = false;
    const IN_EIGHTS: bool = false;
    type Rows<'a, const MR: usize>
        = Self
    where
        Self: 'a;
    #[inline(always)]
    fn steps(&self) -> usize {
        self.steps
    }
    #[inline(always)]
    fn part(&self, steps: Range<usize>) -> Option<Self> {
        Some(Self {
            values: self.values.get(steps.start * self.stride..)?,
            steps: steps.len(),
            ..*self
        })
    }
    #[inline(always)]
    fn rows<const MR: usize>(&self, first: usize) -> Option<Self> {
        // without samples there are no values either, and sums of no steps
        Some(Self {
            values: self.values.get(first..).unwrap_or_default(),
            ..*self
        })
    }
}

impl<T: Scalar, const MR: usize> Rows<T, MR> for Turned<'_, T> {
    #[inline(always)]
    fn at(&self, step: usize) -> Option<[T; MR]> {
        let values = self.values.get(step * self.stride..)?;
        values.first_chunk::<MR>().copied()
    }
}

/// Columns of a matrix, whose rows are `stride` numbers.
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

/// Rows of a strip: of long ones, more would not stay among the pages whose places are at hand.
const STRIP_ROWS: usize = 48;
/// Fewer rows than these, at last, go into the strip before them: alone they would be a thin tile.
const THIN: usize = 5;

impl<T: Scalar, F: Factors<T>> Job<T> for Product<'_, T, F> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(mut self, l: L) -> Option<()> {
        if panel::pays(&self) {
            return panel::product(l, &mut self);
        }
        let mut row = 0;
        while row < self.rows {
            let mut next = row + STRIP_ROWS;
            if next + THIN > self.rows {
                next = self.rows;
            }
            let mut first = 0;
            while first < self.columns {
                let end = strip_end::<L, F>(next - row, first, self.columns);
                let span = Span {
                    stride: self.columns,
                    first,
                    end,
                };
                let some = &mut Strip {
                    rows: (row, next),
                    a: self.a,
                    b: self.b,
                    from: span,
                    start: self.start,
                    parts: self.parts,
                    c: self.c,
                    to: span,
                };
                strip(l, some)?;
                first = end;
            }
            row = next;
        }
        Some(())
    }
}

/// Some columns of a product, in some rows: from one to before another.
pub(super) struct Strip<'a, 'b, T, F> {
    pub(super) rows: (usize, usize),
    pub(super) a: F,
    pub(super) b: &'b [T],
    pub(super) from: Span,
    pub(super) start: Start<'a, T>,
    pub(super) parts: usize,
    pub(super) c: &'b mut [T],
    pub(super) to: Span,
}

/// Where the strip of so many rows from column `first` on ends. The widest vectors come with twice as many registers as AVX2's;
/// of two rows four vectors are needed to hide the latency of a sum. Eight rows by three vectors read the right factors, which
/// may lie far away, less often than six by four: that pays where there are not many more rows, or where each vector lies in two
/// lines of the cache.
#[inline(always)]
pub(super) fn strip_end<L: Lanes, F: Factors<L::T>>(
    rows: usize,
    first: usize,
    columns: usize,
) -> usize {
    let most = if !L::IS_WIDEST {
        if rows < 3 { 4 } else { 2 }
    } else {
        let in_lines = columns.is_multiple_of(L::WIDTH);
        let in_eights = F::IN_EIGHTS && has_eight(rows) && (rows < 12 || !in_lines);
        // four vectors would be two and two, eight two and three and three
        if in_eights && !matches!((columns - first).div_ceil(L::WIDTH), 4 | 8) {
            3
        } else {
            4
        }
    };
    tile_columns(L::WIDTH, most, first, columns)
}

/// Computes a strip, by a function for each number of vectors.
#[inline(always)]
pub(super) fn strip<L: Lanes, F: Factors<L::T>>(
    l: L,
    strip: &mut Strip<'_, '_, L::T, F>,
) -> Option<()> {
    match (strip.to.end - strip.to.first).div_ceil(L::WIDTH) {
        1 => l.apart(Tiles::<_, _, 0>(strip)),
        2 => l.apart(Tiles::<_, _, 1>(strip)),
        3 => l.apart(Tiles::<_, _, 2>(strip)),
        4 => l.apart(Tiles::<_, _, 3>(strip)),
        _ => None,
    }
}

/// The tiles of a strip of `MAIN + 1` vectors.
struct Tiles<'a, 'b, 'c, T, F, const MAIN: usize>(&'c mut Strip<'a, 'b, T, F>);

impl<T: Scalar, F: Factors<T>, const MAIN: usize> Job<T> for Tiles<'_, '_, '_, T, F, MAIN> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Self(strip) = self;
        let (mut row, end) = strip.rows;
        while row < end {
            let in_eights = L::IS_WIDEST && F::IN_EIGHTS && MAIN < 3;
            let height = match tile_rows(end - row) {
                _ if in_eights && has_eight(end - row) => 8,
                height => height,
            };
            match height {
                1 => tile::<L, F, 1, MAIN>(l, strip, row)?,
                2 => tile::<L, F, 2, MAIN>(l, strip, row)?,
                _ if !L::IS_WIDEST && MAIN > 1 => return None,
                3 => tile::<L, F, 3, MAIN>(l, strip, row)?,
                4 => tile::<L, F, 4, MAIN>(l, strip, row)?,
                8 if in_eights => tile::<L, F, 8, MAIN>(l, strip, row)?,
                _ => tile::<L, F, 6, MAIN>(l, strip, row)?,
            }
            row += height;
        }
        Some(())
    }
}

/// `MR` rows of a strip, from the `row` on: of `MAIN + 1` vectors, whose last may overlap the one before it.
#[inline(always)]
fn tile<L: Lanes, F: Factors<L::T>, const MR: usize, const MAIN: usize>(
    l: L,
    strip: &mut Strip<'_, '_, L::T, F>,
    row: usize,
) -> Option<()> {
    let Strip {
        a,
        b,
        from,
        start,
        to,
        ..
    } = *strip;
    let c = &mut *strip.c;
    let parts = if F::IN_PARTS { strip.parts } else { 1 };
    let (width, steps) = (to.end - to.first, a.steps());
    let rows = a.rows::<MR>(row)?;
    let nothing = l.splat(-L::T::ZERO);
    let mut main = [[nothing; MAIN]; MR];
    let mut last = [nothing; MR];
    match start {
        Start::Nowhere => {}
        Start::Bias(bias) => {
            let bias = bias.get(to.first..to.end)?;
            main = [*L::vectors(bias).first_chunk::<MAIN>()?; MR];
            last = [*L::last(bias)?; MR];
        }
        Start::There => {
            let mut i = 0;
            while i < MR {
                let row = c.get(to.of(row + i))?;
                main[i] = *L::vectors(row).first_chunk::<MAIN>()?;
                last[i] = *L::last(row)?;
                i += 1;
            }
        }
    }
    // the sums of more vectors would push those of the next part out of the registers
    let held = MAIN < 2 || !L::IS_WIDEST;
    let (mut total, mut total_last) = (main, last);
    let mut part = 0;
    loop {
        let mut step = part;
        let mut rest = b.get(part * from.stride + from.first..).unwrap_or_default();
        while step < steps {
            let right = rest.get(..width)?;
            let right_last = *L::vectors(right.get(width - L::WIDTH..)?).first()?;
            let right = *L::vectors(right).first_chunk::<MAIN>()?;
            let left = rows.at(step)?;
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
            step += parts;
            // rather than an empty slice, which takes two moves on a condition
            rest = match rest.get(parts * from.stride..) {
                Some(rest) => rest,
                None => break,
            };
        }
        if part > 0 {
            let mut i = 0;
            while i < MR {
                if !held {
                    let row = c.get(to.of(row + i))?;
                    total[i] = *L::vectors(row).first_chunk::<MAIN>()?;
                    total_last[i] = *L::last(row)?;
                }
                let mut q = 0;
                while q < MAIN {
                    main[i][q] = l.add(total[i][q], main[i][q]);
                    q += 1;
                }
                last[i] = l.add(total_last[i], last[i]);
                i += 1;
            }
        }
        part += 1;
        if part == parts || !held {
            let mut i = 0;
            while i < MR {
                let row = c.get_mut(to.of(row + i))?;
                *L::vectors_mut(row).first_chunk_mut::<MAIN>()? = main[i];
                *L::last_mut(row)? = last[i];
                i += 1;
            }
            if part == parts {
                return Some(());
            }
        }
        (total, total_last) = (main, last);
        main = [[nothing; MAIN]; MR];
        last = [nothing; MR];
    }
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

/// Whether eight of the `rest` of the rows may go into the next tile: not where fewer at a time take all in as many tiles.
#[inline(always)]
fn has_eight(rest: usize) -> bool {
    !matches!(rest, 0..=7 | 9 | 10 | 12 | 13)
}

/// Columns from `first` that the next strip or tile takes, of at most `most` vectors, so that all are about equally wide and the
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
