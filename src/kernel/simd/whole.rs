//! Products of matrices of any number of columns: narrow rows are copied, and padded to whole vectors.

use super::lanes::Lanes;
use super::pad::{ROWS, WIDEST, pad, unpad};
use super::product::{Factors, Product, Samples, Start, rows};
use crate::Element;
use crate::kernel::{self, Dimensions};

/// `sums += left * right`.
#[inline(always)]
pub(super) fn product<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut kernel::Product<'_, L::T>,
) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let start = if pass.fresh {
        Start::Nowhere
    } else {
        Start::There
    };
    whole_or_padded(
        l,
        Product {
            rows: rows(pass.sums, n_out),
            a: Samples::new(pass.left, n_in),
            b: pass.right,
            columns: n_out,
            start,
            parts: 1,
            c: pass.sums,
        },
    )
}

/// A product of matrices; narrow rows are copied and padded.
#[inline(always)]
fn whole_or_padded<'a, L: Lanes>(l: L, job: Product<'_, L::T, Samples<'a, L::T>>) -> Option<()> {
    let columns = job.columns;
    if columns >= L::WIDTH {
        return l.apart(job);
    }
    let mut first = 0;
    for c in job.c.chunks_mut(ROWS * columns) {
        let rows = c.len() / columns;
        let mut sums = [[-L::T::ZERO; WIDEST]; ROWS];
        if matches!(job.start, Start::There) {
            pad(c, columns, &mut sums);
        }
        let mut step = 0;
        for b in job.b.chunks(ROWS * columns) {
            let steps = b.len() / columns;
            let mut padded = [[L::T::ZERO; WIDEST]; ROWS];
            pad(b, columns, &mut padded);
            l.apart(Product {
                rows,
                a: job.a.skip(first)?.part(step..step + steps)?,
                b: padded.get(..steps)?.as_flattened(),
                columns: WIDEST,
                start: Start::There,
                parts: 1,
                c: sums.as_flattened_mut(),
            })?;
            step += steps;
        }
        unpad(&sums, columns, c);
        first += rows;
    }
    Some(())
}
