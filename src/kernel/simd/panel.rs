//! The way forward through weights whose rows lie far apart.
//!
//! Where the distance of two rows is a multiple of a kilobyte, the same columns of all rows fall into few sets of the nearest
//! cache, and push each other out before the next samples come.

use super::lanes::Lanes;
use super::product::{Product, Samples, Start};
use crate::Element;

/// The numbers of a copy of columns, and of their sums.
const PANEL: usize = 4096;
/// From so many samples on a copy pays.
const PANEL_ROWS: usize = 16;
/// Rows this many bytes apart, and so many of them, do not stay in the nearest cache.
const FAR: usize = 3072;
const FAR_ROWS: usize = 256;
/// Distances in bytes that leave few sets.
const SETS: usize = 1024;

/// The product of samples and weights, with some columns of the weights copied side by side where they would push each other
/// out of the cache.
#[inline(always)]
pub(super) fn product<'a, L: Lanes>(
    l: L,
    mut job: Product<'a, L::T, Samples<'a, L::T>>,
) -> Option<()> {
    let (steps, distance) = (job.a.steps(), job.columns * size_of::<L::T>());
    let collide = distance >= FAR && distance.is_multiple_of(SETS) && steps >= FAR_ROWS;
    if job.parts > 1 || job.rows < PANEL_ROWS || !collide {
        return l.apart(job);
    }
    copied(l, &mut job)
}

/// Apart, for its frame is large: what is cold is not inlined, and still compiles beside its caller, with whose products it shares
/// their code.
#[cold]
#[inline]
fn copied<'a, L: Lanes>(l: L, job: &mut Product<'a, L::T, Samples<'a, L::T>>) -> Option<()> {
    let steps = job.a.steps();
    let mut panel = [L::T::ZERO; PANEL];
    let mut sums = [L::T::ZERO; PANEL];
    let mut column = 0;
    while column < job.columns {
        // two vectors, and a last one that does not fill
        let rest = job.columns - column;
        let width = if rest < 3 * L::WIDTH {
            rest
        } else {
            2 * L::WIDTH
        };
        let columns = column..column + width;
        for (block, c) in job.c.chunks_mut(PANEL / width * job.columns).enumerate() {
            let rows = c.len() / job.columns;
            let sums = sums.get_mut(..rows * width)?;
            let mut start = match job.start {
                Start::Bias(bias) => Start::Bias(bias.get(columns.clone())?),
                other => other,
            };
            let mut step = 0;
            while step < steps {
                let end = steps.min(step + PANEL / width);
                let b = job.b.get(step * job.columns..end * job.columns)?;
                let panel = panel.get_mut(..(end - step) * width)?;
                for (to, row) in panel
                    .chunks_exact_mut(width)
                    .zip(b.chunks_exact(job.columns))
                {
                    to.copy_from_slice(row.get(columns.clone())?);
                }
                l.apart(Product {
                    rows,
                    a: job.a.part(block * (PANEL / width), step..end)?,
                    b: panel,
                    columns: width,
                    start,
                    parts: 1,
                    c: sums,
                })?;
                start = Start::There;
                step = end;
            }
            for (row, from) in c
                .chunks_exact_mut(job.columns)
                .zip(sums.chunks_exact(width))
            {
                row.get_mut(columns.clone())?.copy_from_slice(from);
            }
        }
        column += width;
    }
    Some(())
}
