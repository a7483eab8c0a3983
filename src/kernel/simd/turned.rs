//! The gradient of the inputs of many samples, with an input in each lane.

use super::lanes::Lanes;
use super::pad::{PARTS, WIDEST};
use crate::kernel::{Dimensions, InputGradient};
use crate::{Element, Scalar};

/// The numbers of a copy of weights, for `WIDTH` inputs.
const PANEL: usize = 4096;

/// Whether there is room for a turned copy of the weights, and samples enough to be worth it.
pub(super) fn turns(width: usize, dense: Dimensions, samples: usize) -> bool {
    samples >= 8 && dense.inputs.get() > width / 2 && dense.outputs.get() <= PANEL / width
}

/// The same sums for many samples, with an input in each lane: the weights of `WIDTH` inputs are copied so that those of
/// one output lie side by side.
#[inline(always)]
pub(super) fn input_gradient<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut InputGradient<'_, L::T>,
) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let mut panel = [L::T::ZERO; PANEL];
    let mut first = 0;
    while first < n_in {
        // the last inputs may overlap those before; fewer than a vector leave lanes empty
        let start = first.min(n_in.saturating_sub(L::WIDTH));
        let rows = pass.weights.get(start * n_out..)?.chunks_exact(n_out);
        for (lane, row) in rows.take(L::WIDTH).enumerate() {
            for (w, slot) in row.iter().zip(panel.chunks_exact_mut(L::WIDTH)) {
                *slot.get_mut(lane)? = *w;
            }
        }
        let weights = L::vectors(panel.get(..n_out * L::WIDTH)?);
        let mut slopes = pass.output_gradient;
        let mut inputs = &mut *pass.input_gradient;
        macro_rules! samples {
            ($($n:literal)*) => {$(
                while let Some((dy, after)) = slopes.split_at_checked($n * n_out)
                    && !dy.is_empty()
                {
                    let (dx, rest) = core::mem::take(&mut inputs).split_at_mut_checked($n * n_in)?;
                    few_samples::<L, $n>(l, weights, dy, dx, (n_in, start))?;
                    (slopes, inputs) = (after, rest);
                }
            )*};
        }
        samples!(3 2 1);
        first += L::WIDTH;
    }
    Some(())
}

/// The gradients of `WIDTH` inputs of `N` samples, from input `start` on.
#[inline(always)]
fn few_samples<L: Lanes, const N: usize>(
    l: L,
    weights: &[L::V],
    output_gradient: &[L::T],
    input_gradient: &mut [L::T],
    (n_in, start): (usize, usize),
) -> Option<()> {
    let n_out = weights.len();
    let mut slopes = [output_gradient; N];
    let mut s = 0;
    while s < N {
        slopes[s] = output_gradient.get(s * n_out..)?.get(..n_out)?;
        s += 1;
    }
    let mut sums = [[l.splat(-L::T::ZERO); PARTS]; N];
    let (groups, others) = weights.as_chunks::<PARTS>();
    let mut o = 0;
    for group in groups {
        let mut part = 0;
        while part < PARTS {
            let mut s = 0;
            while s < N {
                let dy = l.splat(*slopes[s].get(o + part)?);
                sums[s][part] = l.multiply_add(group[part], dy, sums[s][part]);
                s += 1;
            }
            part += 1;
        }
        o += PARTS;
    }
    let mut part = 0;
    while part + 1 < PARTS {
        if let Some(weight) = others.get(part) {
            let mut s = 0;
            while s < N {
                let dy = l.splat(*slopes[s].get(o + part)?);
                sums[s][part] = l.multiply_add(*weight, dy, sums[s][part]);
                s += 1;
            }
        }
        part += 1;
    }
    let mut s = 0;
    while s < N {
        let [s0, s1, s2, s3, s4, s5, s6, s7] = sums[s];
        let even = l.add(l.add(s0, s4), l.add(s2, s6));
        let odd = l.add(l.add(s1, s5), l.add(s3, s7));
        let at = s * n_in + start;
        let total = l.add(even, odd);
        if n_in < L::WIDTH {
            let mut lanes = [L::T::ZERO; WIDEST * 2];
            *L::vectors_mut(&mut lanes).first_mut()? = total;
            let row = input_gradient.get_mut(at..at + n_in)?;
            // more than half of a vector, or the weights would not be turned
            if L::WIDTH == WIDEST * 2 {
                write_halves::<_, WIDEST>(&lanes, row)?;
            } else {
                write_halves::<_, { WIDEST / 2 }>(&lanes, row)?;
            }
        } else {
            *L::vectors_mut(input_gradient.get_mut(at..)?).first_mut()? = total;
        }
        s += 1;
    }
    Some(())
}

/// Writes the first lanes, as many as there is room for: the first `HALF`, then the last, which may overlap them.
#[inline(always)]
fn write_halves<T: Scalar, const HALF: usize>(lanes: &[T], row: &mut [T]) -> Option<()> {
    let lanes = lanes.get(..row.len())?;
    *row.first_chunk_mut::<HALF>()? = *lanes.first_chunk()?;
    *row.last_chunk_mut::<HALF>()? = *lanes.last_chunk()?;
    Some(())
}
