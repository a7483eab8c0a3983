//! The gradient of inputs in vectors, for few samples.

use super::eighths;
use super::lanes::Lanes;
use super::pad::{PARTS, ROWS, copy_tail, tail};
use crate::kernel::{Dimensions, InputGradient};
use crate::{Element, Scalar};

/// `input_gradient = output_gradient * weights^T`: eight partial sums for each input, folded in a fixed tree.
#[inline(always)]
pub(super) fn input_gradient<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut InputGradient<'_, L::T>,
) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let done = eighths::rows(l, dense, pass)?;
    let group = n_in.min(L::WIDTH);
    for (mut first, end) in [(0, done.start), (done.end, n_in)] {
        while first < end {
            // the last rows may overlap those before
            let begin = first.min(n_in.saturating_sub(L::WIDTH));
            let rows = ROWS.min(end - begin);
            let weights = pass.weights.get(begin * n_out..)?;
            for (slopes, input_gradient) in pass
                .output_gradient
                .chunks_exact(n_out)
                .zip(pass.input_gradient.chunks_exact_mut(n_in))
            {
                let slopes = Slopes::new(slopes);
                let mut row = 0;
                while row < rows {
                    // the last group may overlap the one before it
                    let start = row.min(rows - group);
                    let sums = dots::<L>(l, weights.get(start * n_out..)?, group, &slopes)?;
                    let total = l.folded(sums);
                    let out = input_gradient.get_mut(begin + start..begin + start + group)?;
                    match L::vectors_mut(out).first_mut() {
                        Some(out) => *out = total,
                        None => {
                            let mut lanes = [L::T::ZERO; PARTS];
                            *L::vectors_mut(&mut lanes).first_mut()? = total;
                            for (dx, lane) in out.iter_mut().zip(&lanes) {
                                *dx = *lane;
                            }
                        }
                    }
                    row += group;
                }
            }
            first = begin + rows;
        }
    }
    Some(())
}

/// The sum of the partial sums.
#[inline(always)]
pub(super) fn fold<L: Lanes>(l: L, parts: [L::V; PARTS]) -> L::V {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = parts;
    let even = l.add(l.add(s0, s4), l.add(s2, s6));
    let odd = l.add(l.add(s1, s5), l.add(s3, s7));
    l.add(even, odd)
}

/// The output gradient of a sample.
struct Slopes<'a, T> {
    all: &'a [T],
    /// Those behind whole groups of `PARTS`, and -0: 0 * -0 is -0, which leaves every sum as it is; +0 would turn a sum
    /// of -0.
    tail: [T; PARTS],
}

impl<'a, T: Scalar> Slopes<'a, T> {
    #[inline(always)]
    fn new(all: &'a [T]) -> Self {
        let mut tail = [-T::ZERO; PARTS];
        copy_tail(all.as_chunks::<PARTS>().1, &mut tail);
        Self { all, tail }
    }
}

/// The partial sums of `WIDTH` rows of weights, of which only `count` may be there, with the slopes.
#[inline(always)]
fn dots<L: Lanes>(
    l: L,
    weights: &[L::T],
    count: usize,
    slopes: &Slopes<'_, L::T>,
) -> Option<[L::V; PARTS]> {
    if L::WIDTH > PARTS {
        return None;
    }
    let per_row = PARTS / L::WIDTH;
    let n_out = slopes.all.len();
    let mut rows = [slopes.all; PARTS];
    let mut rest = weights;
    let mut i = 0;
    while i < L::WIDTH {
        let (row, after) = rest.split_at_checked(n_out)?;
        rows[i] = row;
        i += 1;
        // rows that are not there are the last one again
        if i < count {
            rest = after;
        }
    }
    let mut sums = [l.splat(-L::T::ZERO); PARTS];
    macro_rules! add {
        ($slopes:expr, $i:ident => $weights:expr) => {
            let dy = L::vectors($slopes);
            let mut $i = 0;
            while $i < L::WIDTH {
                let w = $weights;
                let mut q = 0;
                while q < per_row {
                    let k = $i * per_row + q;
                    sums[k] = l.multiply_add(*w.get(q)?, *dy.get(q)?, sums[k]);
                    q += 1;
                }
                $i += 1;
            }
        };
    }
    let (groups, others) = slopes.all.as_chunks::<PARTS>();
    for (o, slopes) in groups.iter().enumerate() {
        add!(slopes, i => L::vectors(rows[i].as_chunks::<PARTS>().0.get(o)?));
    }
    if !others.is_empty() {
        add!(&slopes.tail, i => tail(l, rows[i], others.len())?);
    }
    Some(sums)
}
