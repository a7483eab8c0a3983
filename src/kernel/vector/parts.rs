//! Products whose sums are made of several partial sums, or are those of one sample: all are under
//! way at once.

use super::lanes::{Job, Lanes, each};
use super::product::{Every, Product, Start};
use super::{Run, Vectors};
use crate::size::Lined;
use crate::{Element, Scalar};

/// Vectors of sums that are under way at once for a row: an addition takes four cycles, in each of
/// which two can begin.
const SUMS: usize = 8;

/// Strips of columns, all of about the same width. One that the rest does not fill begins before
/// it, and computes some sums again, to the same bits.
#[inline(always)]
fn strips<T>(
    job: &mut Product<'_, T, Every>,
    width: usize,
    most: usize,
    mut strip: impl FnMut(&mut Product<'_, T, Every>, usize, usize, usize),
) {
    let vectors = job.columns.div_ceil(width);
    let count = vectors.div_ceil(vectors.div_ceil(most));
    let mut end = 0;
    while end < job.columns {
        let first = end.min(job.columns.saturating_sub(count * width));
        end = job.columns.min(first + count * width);
        strip(job, first, end, count);
    }
}

/// One row.
#[inline(always)]
pub(super) fn one<T: Run>(vectors: Vectors, job: &mut Product<'_, T, Every>, parts: usize) {
    let width = vectors.width::<T>();
    strips(job, width, SUMS / parts, |job, first, end, count| {
        macro_rules! run {
            ($parts:literal, $count:literal) => {
                T::run(vectors, One::<_, $parts, $count> { job, first, end })
            };
        }
        match (parts, count) {
            (8, _) => run!(8, 1),
            (4, 1) => run!(4, 1),
            (4, _) => run!(4, 2),
            (2, 1) => run!(2, 1),
            (2, 2) => run!(2, 2),
            (2, 3) => run!(2, 3),
            (2, _) => run!(2, 4),
            (_, 1) => run!(1, 1),
            (_, 2) => run!(1, 2),
            (_, 3) => run!(1, 3),
            (_, 4) => run!(1, 4),
            (_, 5) => run!(1, 5),
            (_, 6) => run!(1, 6),
            (_, 7) => run!(1, 7),
            _ => run!(1, 8),
        }
    });
}

/// `N` vectors of sums of one row.
struct One<'a, 'b, T, const PARTS: usize, const N: usize> {
    job: &'b mut Product<'a, T, Every>,
    first: usize,
    end: usize,
}

impl<T: Scalar, const PARTS: usize, const N: usize> Job<T> for One<'_, '_, T, PARTS, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        let Self { job, first, end } = self;
        let mut sums = [[[l.splat(-T::ZERO); N]]; PARTS];
        if let Start::Columns(numbers) = job.start {
            sums[0] = [l.read_wide(&numbers[first..end])];
        }
        let left = &job.left.values[..job.steps];
        let (groups, others) = left.as_chunks::<PARTS>();
        let mut step = 0;
        for group in groups {
            each!(part below PARTS => {
                let row = job.right.row::<L, N>(l, step + part, first, end - first);
                sums[part] = add_products(l, [group[part]], &row, sums[part]);
            });
            step += PARTS;
        }
        each!(part below PARTS - 1 => if let Some(x) = others.get(part) {
            let row = job.right.row::<L, N>(l, step + part, first, end - first);
            sums[part] = add_products(l, [*x], &row, sums[part]);
        });
        let [mut totals] = fold(l, sums);
        if job.rectify {
            totals = rectified(l, totals);
        }
        l.write(totals, &mut job.sums[first..end]);
    }
}

/// The numbers of a copy of right factors: the L1 cache has room for them.
pub(super) const PANEL: usize = 8192;

/// `$run::<N>` for the smallest of some panels that has room for so many numbers: to clear a large
/// one takes longer than to use a part.
macro_rules! with_panel {
    ($numbers:expr, $run:ident::<$float:ident>($($argument:expr),*)) => {
        match $numbers {
            ..=256 => $run::<$float, 256>($($argument),*),
            ..=1024 => $run::<$float, 1024>($($argument),*),
            ..=2048 => $run::<$float, 2048>($($argument),*),
            _ => $run::<$float, PANEL>($($argument),*),
        }
    };
}
pub(super) use with_panel;

/// The vectors of columns of three rows that are computed together, which share the right factors:
/// with half as many sums for each if registers are few.
#[inline(always)]
pub(super) fn most(vectors: Vectors, parts: usize) -> usize {
    let sums = if vectors.have_many_registers() {
        SUMS
    } else {
        SUMS / 2
    };
    match parts {
        1 => 1,
        _ => sums / parts.min(sums),
    }
}

/// Several rows. Right factors are copied to whole vectors; returns `false` if they are too many.
#[inline(always)]
pub(super) fn many<T: Run>(
    vectors: Vectors,
    job: &mut Product<'_, T, Every>,
    parts: usize,
) -> bool {
    let width = vectors.width::<T>();
    let most = most(vectors, parts);
    let lanes = job.columns.next_multiple_of(width).min(most * width);
    if job.right.rows.0 == lanes && job.columns == lanes {
        let panel = job.right.values;
        packed(vectors, job, parts, panel, (0, lanes, lanes / width));
    } else if lanes * job.steps <= PANEL {
        with_panel!(
            lanes * job.steps,
            through_panel::<T>(vectors, job, parts, most)
        );
    } else {
        return false;
    }
    true
}

#[inline(never)]
fn through_panel<T: Run, const NUMBERS: usize>(
    vectors: Vectors,
    job: &mut Product<'_, T, Every>,
    parts: usize,
    most: usize,
) {
    let mut panel = Lined::new([T::ZERO; NUMBERS]);
    // of a length that the compiler does not see: it would compile each product again for it
    let panel = core::hint::black_box(panel.values.as_mut_slice());
    let width = vectors.width::<T>();
    strips(job, width, most, |job, first, end, count| {
        let lanes = count * width;
        let rows = job.right.values[first..].chunks(job.right.rows.0);
        for (slots, row) in panel.chunks_exact_mut(lanes).zip(rows) {
            let row = &row[..row.len().min(end - first)];
            slots[..row.len()].copy_from_slice(row);
        }
        packed(vectors, job, parts, panel, (first, end, count));
    });
}

/// The sums of a strip, with right factors that fill so many vectors.
#[inline(always)]
pub(super) fn packed<T: Run>(
    vectors: Vectors,
    job: &mut Product<'_, T, Every>,
    parts: usize,
    panel: &[T],
    (first, end, count): (usize, usize, usize),
) {
    macro_rules! run {
        ($parts:literal, $count:literal, $group:literal) => {
            T::run(
                vectors,
                Packed::<_, $parts, $count, $group> {
                    job,
                    panel,
                    first,
                    end,
                },
            )
        };
    }
    match (parts, count) {
        (8, _) if vectors.have_many_registers() => run!(8, 1, 8),
        (8, _) => run!(4, 1, 8),
        (4, 1) => run!(4, 1, 4),
        (4, _) => run!(4, 2, 4),
        (2, 1) => run!(2, 1, 2),
        (2, 2) => run!(2, 2, 2),
        (2, 3) => run!(2, 3, 2),
        (2, _) => run!(2, 4, 2),
        _ => run!(1, 1, 1),
    }
}

/// `N` vectors of sums of all rows, three at a time: of `GROUP` partial sums, of which `PARTS` are
/// under way at once.
struct Packed<'a, 'b, T, const PARTS: usize, const N: usize, const GROUP: usize> {
    job: &'b mut Product<'a, T, Every>,
    panel: &'b [T],
    first: usize,
    end: usize,
}

impl<T: Scalar, const PARTS: usize, const N: usize, const GROUP: usize> Job<T>
    for Packed<'_, '_, T, PARTS, N, GROUP>
{
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        // these are not compiled for few registers, which do not hold so many sums
        if PARTS * N > SUMS / 2 && !L::MANY_REGISTERS {
            unreachable!("so many sums are not under way at once");
        }
        let Self { job, panel, .. } = self;
        let panel = &L::vectors(panel).as_chunks::<N>().0[..job.steps];
        let start = match job.start {
            Start::Columns(numbers) => side_by_side(l, &numbers[self.first..self.end]),
            _ => [l.splat(-T::ZERO); N],
        };
        let mut row = 0;
        while row < job.rows {
            // if there are fewer than three, the last one is computed again, to the same bits
            let rows = [
                row,
                (row + 1).min(job.rows - 1),
                (row + 2).min(job.rows - 1),
            ];
            let mut left = [job.left.values; 3];
            each!(i below 3 => left[i] = &job.left.values[rows[i] * job.left.row..][..job.steps]);
            let totals = chains::<L, PARTS, N, GROUP>(l, panel, left, start, 0);
            let totals = if GROUP > PARTS {
                let nothing = [l.splat(-T::ZERO); N];
                let others = chains::<L, PARTS, N, GROUP>(l, panel, left, nothing, 1);
                add(l, totals, others)
            } else {
                totals
            };
            each!(i below 3 => {
                let at = rows[i] * job.stride;
                let sums = if job.rectify { rectified(l, totals[i]) } else { totals[i] };
                write_side_by_side(l, sums, &mut job.sums[at + self.first..at + self.end]);
            });
            row += 3;
        }
    }
}

/// The sum of `PARTS` partial sums: all of a group, or every second, from the first or the second
/// on.
#[inline(always)]
fn chains<L: Lanes, const PARTS: usize, const N: usize, const GROUP: usize>(
    l: L,
    panel: &[[L::V; N]],
    left: [&[L::T]; 3],
    start: [L::V; N],
    first: usize,
) -> [[L::V; N]; 3] {
    let every = GROUP / PARTS;
    let mut sums = [[[l.splat(-L::T::ZERO); N]; 3]; PARTS];
    sums[0] = [start; 3];
    let (groups, others) = panel.as_chunks::<GROUP>();
    let lefts = [
        left[0].as_chunks::<GROUP>().0,
        left[1].as_chunks::<GROUP>().0,
        left[2].as_chunks::<GROUP>().0,
    ];
    let mut group = 0;
    while group < groups.len() {
        let (a, b, c) = (&lefts[0][group], &lefts[1][group], &lefts[2][group]);
        each!(part below PARTS => {
            let at = part * every + first;
            sums[part] = add_products(l, [a[at], b[at], c[at]], &groups[group][at], sums[part]);
        });
        group += 1;
    }
    let done = groups.len() * GROUP;
    each!(part below PARTS => if let Some(row) = others.get(part * every + first) {
        let at = done + part * every + first;
        sums[part] = add_products(l, [left[0][at], left[1][at], left[2][at]], row, sums[part]);
    });
    fold(l, sums)
}

/// Adds the products of a step.
#[inline(always)]
fn add_products<L: Lanes, const M: usize, const N: usize>(
    l: L,
    left: [L::T; M],
    right: &[L::V; N],
    mut sums: [[L::V; N]; M],
) -> [[L::V; N]; M] {
    each!(i below M => {
        let x = l.splat(left[i]);
        let mut q = 0;
        while q < N {
            sums[i][q] = l.multiply_add(x, right[q], sums[i][q]);
            q += 1;
        }
    });
    sums
}

/// The sum of partial sums: those half of their number apart are added first.
#[inline(always)]
fn fold<L: Lanes, const M: usize, const PARTS: usize, const N: usize>(
    l: L,
    mut sums: [[[L::V; N]; M]; PARTS],
) -> [[L::V; N]; M] {
    if PARTS == 8 {
        each!(part below 4 => sums[part] = add(l, sums[part], sums[part + 4]));
    }
    if PARTS >= 4 {
        each!(part below 2 => sums[part] = add(l, sums[part], sums[part + 2]));
    }
    if PARTS >= 2 {
        sums[0] = add(l, sums[0], sums[1]);
    }
    sums[0]
}

#[inline(always)]
fn add<L: Lanes, const M: usize, const N: usize>(
    l: L,
    mut sums: [[L::V; N]; M],
    others: [[L::V; N]; M],
) -> [[L::V; N]; M] {
    let mut i = 0;
    while i < M {
        let mut q = 0;
        while q < N {
            sums[i][q] = l.add(sums[i][q], others[i][q]);
            q += 1;
        }
        i += 1;
    }
    sums
}

#[inline(always)]
fn rectified<L: Lanes, const N: usize>(l: L, mut sums: [L::V; N]) -> [L::V; N] {
    let mut q = 0;
    while q < N {
        sums[q] = l.rectify(sums[q]);
        q += 1;
    }
    sums
}

/// `N` vectors side by side, the last of which the numbers may fill only in part.
#[inline(always)]
fn side_by_side<L: Lanes, const N: usize>(l: L, numbers: &[L::T]) -> [L::V; N] {
    let (whole, rest) = numbers.split_at(numbers.len() / L::WIDTH * L::WIDTH);
    let mut vectors = [l.splat(L::T::ZERO); N];
    each!(q below N => vectors[q] = match L::vectors(whole).get(q) {
        Some(vector) => *vector,
        None => l.read_few(rest),
    });
    vectors
}

#[inline(always)]
fn write_side_by_side<L: Lanes, const N: usize>(l: L, vectors: [L::V; N], numbers: &mut [L::T]) {
    let (whole, rest) = numbers.split_at_mut(numbers.len() / L::WIDTH * L::WIDTH);
    each!(q below N => match L::vectors_mut(whole).get_mut(q) {
        Some(vector) => *vector = vectors[q],
        None => l.write_few(vectors[q], rest),
    });
}
