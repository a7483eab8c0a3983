//! The way back in vectors: the gradients of weights and of inputs.

use super::affine::rows;
use super::lanes::Lanes;
use super::pad::{PARTS, ROWS, WIDEST, copy_tails, pad, unpad};
use super::product::{Product, Start, Turned};
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
    for row in pass.output_gradient.chunks_exact(n_out) {
        for (sum, dy) in pass.bias.iter_mut().zip(row) {
            *sum += *dy;
        }
    }
    if n_out >= L::WIDTH {
        if pass.inputs.len() == n_in {
            return outer_product(l, pass);
        }
        let inputs = Turned {
            values: pass.inputs,
            rows: rows(pass.output_gradient, n_out),
            stride: n_in,
            first: 0,
        };
        return l.product(Product {
            rows: n_in,
            a: inputs,
            b: pass.output_gradient,
            columns: n_out,
            start: Start::There,
            parts: 1,
            c: pass.weights,
        });
    }
    let mut first = 0;
    for weights in pass.weights.chunks_mut(ROWS * n_out) {
        let rows = weights.len() / n_out;
        let mut sums = [[L::T::ZERO; WIDEST]; ROWS];
        pad(weights, n_out, &mut sums);
        for (inputs, slopes) in pass
            .inputs
            .chunks(ROWS * n_in)
            .zip(pass.output_gradient.chunks(ROWS * n_out))
        {
            let mut padded = [[L::T::ZERO; WIDEST]; ROWS];
            pad(slopes, n_out, &mut padded);
            let left = Turned {
                values: inputs,
                rows: slopes.len() / n_out,
                stride: n_in,
                first,
            };
            let right = padded.get(..slopes.len() / n_out)?.as_flattened();
            l.product(Product {
                rows,
                a: left,
                b: right,
                columns: WIDEST,
                start: Start::There,
                parts: 1,
                c: sums.as_flattened_mut(),
            })?;
        }
        unpad(&sums, n_out, weights);
        first += rows;
    }
    Some(())
}

/// The gradient of one sample's weights, of at least a vector of outputs.
#[inline(always)]
pub(super) fn outer_product<L: Lanes>(l: L, pass: &mut WeightGradient<'_, L::T>) -> Option<()> {
    let WeightGradient {
        inputs,
        output_gradient,
        weights,
        ..
    } = pass;
    let slopes = output_gradient;
    let last_slope = *L::last(slopes)?;
    for (x, row) in inputs.iter().zip(weights.chunks_exact_mut(slopes.len())) {
        let x = l.splat(*x);
        // before the vectors that it may overlap are written
        let last = l.multiply_add(x, last_slope, *L::last(row)?);
        for (w, dy) in L::vectors_mut(row).iter_mut().zip(L::vectors(slopes)) {
            *w = l.multiply_add(x, *dy, *w);
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
    } = &mut *step.pass;
    let slopes = *output_gradient;
    if dense.outputs.get() < L::WIDTH {
        let pass = WeightGradient {
            inputs,
            output_gradient,
            weights,
            bias,
        };
        portable::descend(dense, rate, pass);
        return Some(());
    }
    let (rate, zero) = (l.splat(rate), l.splat(L::T::ZERO));
    let next = |x: L::V, slope: L::V, weight: L::V| {
        let gradient = l.add(zero, l.multiply(x, slope));
        l.subtract(weight, l.multiply(rate, gradient))
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
    for weights in weights.chunks(ROWS * n_out) {
        let rows = weights.len() / n_out;
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
                let group = if rows >= L::WIDTH { L::WIDTH } else { 1 };
                let start = row.min(rows - group);
                let mut parts = [[L::T::ZERO; PARTS]; PARTS];
                let mut sums = [l.splat(L::T::ZERO); PARTS];
                if group == L::WIDTH {
                    dots::<L>(
                        l,
                        weights.get(start * n_out..)?,
                        n_out,
                        whole,
                        slopes,
                        &mut sums,
                    )?;
                    if whole < n_out {
                        let tails = tails.get(start..)?.as_flattened();
                        dots::<L>(
                            l,
                            tails,
                            PARTS,
                            PARTS,
                            slopes_tail.as_flattened(),
                            &mut sums,
                        )?;
                    }
                    let mut i = 0;
                    while i < PARTS {
                        *L::vectors_mut(parts.as_flattened_mut()).get_mut(i)? = sums[i];
                        i += 1;
                    }
                    let out = input_gradient.get_mut(first + start..first + start + group)?;
                    for (dx, parts) in out.iter_mut().zip(&parts) {
                        *dx = fold(parts);
                    }
                } else {
                    let mut parts = [L::T::ZERO; PARTS];
                    let w = weights.get(start * n_out..(start + 1) * n_out)?;
                    for (w, dy) in w.chunks(PARTS).zip(slopes.chunks(PARTS)) {
                        for (part, (w, dy)) in parts.iter_mut().zip(w.iter().zip(dy)) {
                            *part = single(l, *w, *dy, *part);
                        }
                    }
                    *input_gradient.get_mut(first + start)? = fold(&parts);
                }
                row += group;
            }
        }
        first += rows;
    }
    Some(())
}

/// One product and sum, in the arithmetic of the vectors.
#[inline(always)]
pub(super) fn single<L: Lanes>(l: L, a: L::T, b: L::T, c: L::T) -> L::T {
    let mut lanes = [L::T::ZERO; WIDEST];
    let sum = l.multiply_add(l.splat(a), l.splat(b), l.splat(c));
    if let Some(slot) = L::vectors_mut(&mut lanes).first_mut() {
        *slot = sum;
    }
    lanes[0]
}

#[inline(always)]
pub(super) fn fold<T: Scalar>(parts: &[T; PARTS]) -> T {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = *parts;
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
}

/// Adds the products of `WIDTH` rows of weights with the slopes to their partial sums.
#[inline(always)]
pub(super) fn dots<L: Lanes>(
    l: L,
    weights: &[L::T],
    stride: usize,
    whole: usize,
    slopes: &[L::T],
    sums: &mut [L::V; PARTS],
) -> Option<()> {
    if L::WIDTH > PARTS {
        return None;
    }
    let per_row = PARTS / L::WIDTH;
    let mut rows = [weights; PARTS];
    let mut i = 0;
    while i < L::WIDTH {
        rows[i] = weights.get(i * stride..i * stride + whole)?;
        i += 1;
    }
    let mut accumulators = *sums;
    let mut o = 0;
    for slopes in slopes.get(..whole)?.as_chunks::<PARTS>().0 {
        let dy = L::vectors(slopes);
        let mut i = 0;
        while i < L::WIDTH {
            let w = rows[i].get(o..)?.first_chunk::<PARTS>()?;
            let w = L::vectors(w);
            let mut q = 0;
            while q < per_row {
                let k = i * per_row + q;
                accumulators[k] = l.multiply_add(*w.get(q)?, *dy.get(q)?, accumulators[k]);
                q += 1;
            }
            i += 1;
        }
        o += PARTS;
    }
    *sums = accumulators;
    Some(())
}
