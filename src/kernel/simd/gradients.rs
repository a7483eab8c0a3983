//! The way back in vectors: the gradients of weights and of inputs.

use super::lanes::Lanes;
use super::pad::{PARTS, ROWS, WIDEST, copy_tails};
use super::product::{Product, Start, Turned, rows};
use super::whole::whole_or_padded;
use crate::kernel::{Dimensions, InputGradient, WeightGradient, portable};
use crate::{Element, Scalar};

/// `weights += inputs^T * output_gradient`, `bias += output_gradient`.
#[inline(always)]
pub(super) fn weight_gradient<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut WeightGradient<'_, L::T>,
) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let start = if pass.fresh {
        pass.bias.fill(-L::T::ZERO);
        Start::Nowhere
    } else {
        Start::There
    };
    for row in pass.output_gradient.chunks_exact(n_out) {
        for (sum, dy) in pass.bias.iter_mut().zip(row) {
            *sum += *dy;
        }
    }
    if n_out >= L::WIDTH && pass.inputs.len() == n_in {
        return outer_product(l, pass);
    }
    let inputs = Turned {
        values: pass.inputs,
        rows: rows(pass.output_gradient, n_out),
        stride: n_in,
        first: 0,
    };
    whole_or_padded(
        l,
        Product {
            rows: n_in,
            a: inputs,
            b: pass.output_gradient,
            columns: n_out,
            start,
            parts: 1,
            c: pass.weights,
        },
    )
}

/// The gradient of one sample's weights, of at least a vector of outputs.
#[inline(always)]
pub(super) fn outer_product<L: Lanes>(l: L, pass: &mut WeightGradient<'_, L::T>) -> Option<()> {
    let WeightGradient {
        inputs,
        output_gradient,
        weights,
        fresh,
        ..
    } = pass;
    let slopes = output_gradient;
    let last_slope = *L::last(slopes)?;
    let nothing = l.splat(-L::T::ZERO);
    for (x, row) in inputs.iter().zip(weights.chunks_exact_mut(slopes.len())) {
        let x = l.splat(*x);
        // before the vectors that it may overlap are written
        let from = if *fresh { nothing } else { *L::last(row)? };
        let last = l.multiply_add(x, last_slope, from);
        for (w, dy) in L::vectors_mut(row).iter_mut().zip(L::vectors(slopes)) {
            let from = if *fresh { nothing } else { *w };
            *w = l.multiply_add(x, *dy, from);
        }
        *L::last_mut(row)? = last;
    }
    Some(())
}

/// A learning rate, and what a step by one sample reads and writes.
pub(super) struct Step<'a, 'b, T> {
    pub(super) rate: T,
    pub(super) pass: &'b mut WeightGradient<'a, T>,
}

/// `weights -= rate * (inputs^T * output_gradient)` for one sample; the same for the bias.
#[inline(always)]
pub(super) fn descend<L: Lanes>(
    l: L,
    dense: Dimensions,
    step: &mut Step<'_, '_, L::T>,
) -> Option<()> {
    let rate = step.rate;
    let WeightGradient {
        inputs,
        output_gradient,
        weights,
        bias,
        ..
    } = &mut *step.pass;
    let slopes = *output_gradient;
    if dense.outputs.get() < L::WIDTH {
        let pass = WeightGradient {
            inputs,
            output_gradient,
            weights,
            bias,
            fresh: false,
        };
        portable::descend(dense, rate, pass);
        return Some(());
    }
    let rate = l.splat(rate);
    let next = |x: L::V, slope: L::V, weight: L::V| {
        l.subtract(weight, l.multiply(rate, l.multiply(x, slope)))
    };
    let last_slopes = *L::last(slopes)?;
    let rows = weights.chunks_exact_mut(slopes.len());
    let inputs = inputs.iter().map(|x| l.splat(*x));
    let one = l.splat(L::T::ONE);
    for (x, row) in inputs.zip(rows).chain([(one, &mut **bias)]) {
        // before the vectors that it may overlap are written
        let last = next(x, last_slopes, *L::last(row)?);
        for (weight, slope) in L::vectors_mut(row).iter_mut().zip(L::vectors(slopes)) {
            *weight = next(x, *slope, *weight);
        }
        *L::last_mut(row)? = last;
    }
    Some(())
}

/// `input_gradient = output_gradient * weights^T`: eight partial sums for each input, folded in a fixed tree.
#[inline(always)]
pub(super) fn input_gradient<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut InputGradient<'_, L::T>,
) -> Option<()> {
    let InputGradient {
        weights,
        output_gradient,
        input_gradient,
    } = pass;
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let whole = n_out / PARTS * PARTS;
    let mut first = 0;
    while first < n_in {
        // the last rows may overlap those before
        let begin = first.min(n_in.saturating_sub(L::WIDTH));
        let rows = ROWS.min(n_in - begin);
        let weights = weights.get(begin * n_out..(begin + rows) * n_out)?;
        let mut tails = [[L::T::ZERO; PARTS]; ROWS];
        if whole < n_out {
            copy_tails(weights, n_out, &mut tails);
        }
        for (slopes, input_gradient) in output_gradient
            .chunks_exact(n_out)
            .zip(input_gradient.chunks_exact_mut(n_in))
        {
            // 0 * -0 is -0, which leaves every sum as it is; +0 would turn a sum of -0
            let mut slopes_tail = [[-L::T::ZERO; PARTS]];
            if whole < n_out {
                copy_tails(slopes, n_out, &mut slopes_tail);
            }
            let mut row = 0;
            while row < rows {
                // the last group may overlap the one before it
                let group = rows.min(L::WIDTH);
                let start = row.min(rows - group);
                let sums = dots::<L>(
                    l,
                    weights.get(start * n_out..)?,
                    (n_out, group),
                    slopes,
                    (tails.get(start..)?, &slopes_tail[0]),
                )?;
                let mut parts = [[L::T::ZERO; PARTS]; PARTS];
                let mut i = 0;
                while i < PARTS {
                    *L::vectors_mut(parts.as_flattened_mut()).get_mut(i)? = sums[i];
                    i += 1;
                }
                let out = input_gradient.get_mut(begin + start..begin + start + group)?;
                for (dx, parts) in out.iter_mut().zip(&parts) {
                    *dx = fold(parts);
                }
                row += group;
            }
        }
        first = begin + rows;
    }
    Some(())
}

/// The numbers of a copy of weights, for `WIDTH` inputs.
const PANEL: usize = 4096;

/// Whether there is room for a turned copy of the weights, and samples enough to be worth it.
pub(super) fn turns(width: usize, dense: Dimensions, samples: usize) -> bool {
    samples >= 8 && dense.inputs.get() > width / 2 && dense.outputs.get() <= PANEL / width
}

/// The same sums for many samples, with an input in each lane: the weights of `WIDTH` inputs are copied so that those of
/// one output lie side by side.
#[inline(always)]
pub(super) fn turned_input_gradient<L: Lanes>(
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

#[inline(always)]
pub(super) fn fold<T: Scalar>(parts: &[T; PARTS]) -> T {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = *parts;
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
}

/// The partial sums of `WIDTH` rows of weights, of which there may be fewer, with the slopes; what is beyond a multiple of
/// `PARTS` outputs is in padded copies.
#[inline(always)]
pub(super) fn dots<L: Lanes>(
    l: L,
    weights: &[L::T],
    (n_out, count): (usize, usize),
    slopes: &[L::T],
    (tails, slopes_tail): (&[[L::T; PARTS]], &[L::T; PARTS]),
) -> Option<[L::V; PARTS]> {
    if L::WIDTH > PARTS {
        return None;
    }
    let per_row = PARTS / L::WIDTH;
    let whole = n_out / PARTS * PARTS;
    let mut rows = [weights; PARTS];
    let mut last = [slopes_tail; PARTS];
    let mut i = 0;
    while i < L::WIDTH {
        // rows that are not there are the last one again
        let row = i.min(count - 1);
        rows[i] = weights.get(row * n_out..row * n_out + whole)?;
        last[i] = tails.get(row)?;
        i += 1;
    }
    let mut sums = [l.splat(-L::T::ZERO); PARTS];
    macro_rules! add {
        ($slopes:expr, $i:ident => $weights:expr) => {
            let dy = L::vectors($slopes);
            let mut $i = 0;
            while $i < L::WIDTH {
                let w = L::vectors($weights);
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
    let mut o = 0;
    for slopes in slopes.get(..whole)?.as_chunks::<PARTS>().0 {
        add!(slopes, i => rows[i].get(o..)?.first_chunk::<PARTS>()?);
        o += PARTS;
    }
    if whole < n_out {
        add!(slopes_tail, i => last[i]);
    }
    Some(sums)
}
