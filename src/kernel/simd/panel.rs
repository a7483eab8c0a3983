//! Products with a matrix whose rows lie far apart.
//!
//! Where the distance of two rows is a multiple of a kilobyte, the same columns of all rows fall into few sets of the nearest
//! cache, and push each other out before the next tile reads them: they are copied side by side.

use super::lanes::Lanes;
use super::product::{Factors, Product, Span, Start, Strip, strip, strip_end};
use crate::{Element, Scalar};

/// The numbers of a copy of columns.
const PANEL: usize = 4096;
/// From so many rows on, whose sums are computed, a copy pays.
const PANEL_ROWS: usize = 16;
/// Rows this many bytes apart, and so many of them, do not stay in the nearest cache.
const FAR: usize = 3072;
const FAR_ROWS: usize = 256;
/// Distances in bytes that leave few sets.
const SETS: usize = 1024;

/// Whether there are enough rows to compute, and enough of them to read that collide.
#[inline(always)]
pub(super) fn pays<T: Scalar, F: Factors<T>>(job: &Product<'_, T, F>) -> bool {
    let distance = job.columns * size_of::<T>();
    let collide = distance >= FAR && distance.is_multiple_of(SETS) && job.a.steps() >= FAR_ROWS;
    job.parts == 1 && job.rows >= PANEL_ROWS && collide
}

/// Apart, for its frame is large: what is cold is not inlined, and still compiles beside its caller, with whose strips it
/// shares their code.
#[cold]
#[inline]
pub(super) fn product<L: Lanes, F: Factors<L::T>>(
    l: L,
    job: &mut Product<'_, L::T, F>,
) -> Option<()> {
    let steps = job.a.steps();
    let mut panel = [L::T::ZERO; PANEL];
    let mut first = 0;
    while first < job.columns {
        let end = strip_end::<L, F>(job.rows, first, job.columns);
        let width = end - first;
        let mut start = job.start;
        let mut step = 0;
        while step < steps {
            let last = steps.min(step + PANEL / width);
            let b = job.b.get(step * job.columns..last * job.columns)?;
            let panel = panel.get_mut(..(last - step) * width)?;
            for (to, row) in panel
                .chunks_exact_mut(width)
                .zip(b.chunks_exact(job.columns))
            {
                to.copy_from_slice(row.get(first..end)?);
            }
            let some = &mut Strip {
                rows: (0, job.rows),
                a: job.a.part(step..last)?,
                b: panel,
                from: Span {
                    stride: width,
                    first: 0,
                    end: width,
                },
                start,
                parts: 1,
                c: job.c,
                to: Span {
                    stride: job.columns,
                    first,
                    end,
                },
            };
            strip(l, some)?;
            start = Start::There;
            step = last;
        }
        first = end;
    }
    Some(())
}
