//! The gradient of the inputs of few samples: products of rows, an output in each lane.

use super::lanes::{Job, Lanes, each};
use super::transpose::EIGHT;
use crate::kernel::{Dimensions, InputGradient};
use crate::{Element, Scalar};

/// `input_gradient = output_gradient * weights^T`.
pub(super) struct Dots<'a, 'b, T> {
    pub(super) dense: Dimensions,
    pub(super) pass: &'b mut InputGradient<'a, T>,
}

/// Rows of weights that are read for all samples before the next: they stay in the L1 cache.
const BLOCK: usize = 64;

impl<T: Scalar> Job<T> for Dots<'_, '_, T> {
    const WIDE: bool = false;

    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        let (n_in, n_out) = (self.dense.inputs.get(), self.dense.outputs.get());
        let InputGradient {
            weights,
            output_gradient,
            input_gradient,
        } = self.pass;
        let mut block = 0;
        while block < n_in {
            let end = n_in.min(block + BLOCK);
            for (slopes, inputs) in output_gradient
                .chunks_exact(n_out)
                .zip(input_gradient.chunks_exact_mut(n_in))
            {
                let mut row = block;
                while row < end {
                    // the last rows may be some of those before, again
                    let first = row.min(n_in.saturating_sub(L::WIDTH));
                    let sums = dots(l, &weights[first * n_out..], n_in - first, slopes);
                    let here = n_in.min(first + L::WIDTH);
                    let inputs = &mut inputs[first..here];
                    if inputs.len() < L::WIDTH {
                        l.write_few(l.fold_rows(sums), inputs);
                    } else {
                        l.write([l.fold_rows(sums)], inputs);
                    }
                    row = here;
                }
            }
            block = end;
        }
    }
}

/// The eight partial sums of `WIDTH` rows of weights, of which only `count` may be there, as
/// [`Lanes::fold_rows`] takes them.
#[inline(always)]
fn dots<L: Lanes>(l: L, weights: &[L::T], count: usize, slopes: &[L::T]) -> [L::V; EIGHT] {
    let per_row = EIGHT / L::WIDTH;
    let n_out = slopes.len();
    let mut rows = [weights; EIGHT];
    each!(i below EIGHT => if i < L::WIDTH {
        // in place of rows that are not there, the last one again
        rows[i] = &weights[i.min(count - 1) * n_out..][..n_out];
    });
    let mut sums = [l.splat(-L::T::ZERO); EIGHT];
    let (groups, others) = slopes.as_chunks::<EIGHT>();
    let mut group = 0;
    while group < groups.len() {
        let slopes = L::vectors(&groups[group]);
        each!(i below EIGHT => if i < L::WIDTH {
            let row = L::vectors(&rows[i].as_chunks::<EIGHT>().0[group]);
            let mut q = 0;
            while q < per_row {
                let sum = &mut sums[i * per_row + q];
                *sum = l.multiply_add(row[q], slopes[q], *sum);
                q += 1;
            }
        });
        group += 1;
    }
    if !others.is_empty() {
        // 0 * -0 is -0, which leaves every sum as it is
        let mut last = [-L::T::ZERO; EIGHT];
        last[..others.len()].copy_from_slice(others);
        let slopes = L::vectors(&last);
        // whole vectors, which reach into the next row; where there is none, of a copy
        let at = n_out - others.len();
        let mut copy = [[L::T::ZERO; EIGHT]; EIGHT];
        let (values, stride) = if weights.len() >= (L::WIDTH - 1) * n_out + at + EIGHT {
            (&weights[at..], n_out)
        } else {
            each!(i below EIGHT => if i < L::WIDTH {
                copy[i][..others.len()].copy_from_slice(&rows[i][at..]);
            });
            (copy.as_flattened(), EIGHT)
        };
        each!(i below EIGHT => if i < L::WIDTH {
            let mut q = 0;
            while q < per_row {
                let [w] = l.read(&values[i * stride + q * L::WIDTH..][..L::WIDTH]);
                let w = l.first_lanes(w, others.len().saturating_sub(q * L::WIDTH));
                let sum = &mut sums[i * per_row + q];
                *sum = l.multiply_add(w, slopes[q], *sum);
                q += 1;
            }
        });
    }
    sums
}
