//! Products whose sums are made of several partial sums, which are under way at once.

use core::ops::Range;

use super::lanes::{Job, Lanes, each};
use super::product::{Here, Product, Start, add, fold, rectified};
use crate::{Element, Scalar};

/// Some rows of `N` vectors of columns, from the `first` on, three rows at a time: of `ALL` partial
/// sums, of which `P` are under way at once. The last vector may overlap the one before it.
pub(super) struct Parts<'a, 'b, T, const N: usize, const P: usize, const ALL: usize> {
    pub(super) job: &'b mut Product<'a, T>,
    pub(super) rows: Range<usize>,
    pub(super) first: usize,
}

impl<T: Scalar, const N: usize, const P: usize, const ALL: usize> Job<T>
    for Parts<'_, '_, T, N, P, ALL>
{
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        // not compiled for few registers, which do not hold so many sums
        if const { P * N > 4 && !L::MANY_REGISTERS } {
            unreachable!("half of the partial sums are under way at once");
        }
        let Self { job, rows, first } = self;
        // the last columns, if they fill no vectors, with those before them
        let first = first.min(job.columns.saturating_sub(N * L::WIDTH));
        let width = (job.columns - first).min(N * L::WIDTH);
        let nothing = [l.splat(-T::ZERO); N];
        let mut right = Columns {
            values: &job.right.values[first..],
            stride: job.right.stride,
            width,
            last: None,
        };
        // few columns are read past the end of their row, but for the last row: nobody looks at the
        // lanes behind them
        let is_narrow = P * N == 8 && width < L::WIDTH;
        let start = match job.start {
            Start::Columns(numbers) if is_narrow => [l.read_few(numbers); N],
            Start::Columns(numbers) => l.read(&numbers[first..first + width]),
            _ => nothing,
        };
        if is_narrow {
            right.width = L::WIDTH;
            right.last = Some(l.read_few(&right.values[(job.steps - 1) * right.stride..]));
        }
        let mut row = rows.start;
        while row < rows.end {
            let here = Here {
                row,
                last: rows.end - 1 - row,
                first,
                width,
            };
            let mut left = [job.left.values; 3];
            each!(i below 3 => left[i] = &left[i][here.row(i) * job.left.row..][..job.steps]);
            let mut sums = chains::<L, N, P, ALL>(l, left, &right, start, 0);
            if const { ALL > P } {
                sums = add(l, sums, chains::<L, N, P, ALL>(l, left, &right, nothing, 1));
            }
            each!(i below 3 => {
                if job.rectify {
                    sums[i] = rectified(l, sums[i]);
                }
                let slots = &mut job.sums[here.sums(i, job.stride)];
                if is_narrow {
                    l.write_few(sums[i][0], slots);
                } else {
                    l.write(sums[i], slots);
                }
            });
            row += 3;
        }
    }
}

/// Right factors.
struct Columns<'a, L: Lanes> {
    values: &'a [L::T],
    /// From a row to the next.
    stride: usize,
    /// Numbers that are read of a row.
    width: usize,
    /// The last row, where it is not read as the others are.
    last: Option<L::V>,
}

/// The sum of `P` partial sums: all, or every second, from the first or the second on.
#[inline(always)]
fn chains<L: Lanes, const N: usize, const P: usize, const ALL: usize>(
    l: L,
    left: [&[L::T]; 3],
    right: &Columns<'_, L>,
    start: [L::V; N],
    first: usize,
) -> [[L::V; N]; 3] {
    let every = ALL / P;
    let mut sums = [[[l.splat(-L::T::ZERO); N]; 3]; P];
    sums[0] = [start; 3];
    let mut rest = right.values.get(first * right.stride..).unwrap_or_default();
    macro_rules! add {
        ($part:ident, $step:ident, $factors:expr, $left:expr) => {
            let (factors, left): ([L::V; N], _) = ($factors, $left);
            each!(i below 3 => {
                let x = l.splat(left[i][$step]);
                let mut q = 0;
                while q < N {
                    sums[$part][i][q] = l.multiply_add(x, factors[q], sums[$part][i][q]);
                    q += 1;
                }
            });
        };
    }
    macro_rules! next {
        () => {{
            let row = rest;
            rest = rest.get(every * right.stride..).unwrap_or_default();
            l.read(&row[..right.width])
        }};
    }
    let steps = left[0].len();
    let whole = steps - usize::from(right.last.is_some());
    let mut others = left;
    let mut groups = [&[][..]; 3];
    each!(i below 3 => {
        groups[i] = left[i][..whole].as_chunks::<ALL>().0;
        others[i] = &left[i][whole / ALL * ALL..];
    });
    for ((a, b), c) in groups[0].iter().zip(groups[1]).zip(groups[2]) {
        each!(part below P => {
            let step = part * every + first;
            add!(part, step, next!(), [a, b, c]);
        });
    }
    each!(part below P => {
        let step = part * every + first;
        if step < whole % ALL {
            add!(part, step, next!(), others);
        } else if let Some(row) = right.last && step + 1 == others[0].len() {
            add!(part, step, [row; N], others);
        }
    });
    let _ = rest;
    fold(l, sums)
}
