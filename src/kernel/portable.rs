//! The kernels as plain loops, product and sum rounded apart.

use super::{Affine, Dimensions, InputGradient, WeightGradient};
use crate::Scalar;

/// The most outputs of a layer whose outputs are several sums.
const MOST_IN_PARTS: usize = 64;

/// An output starts at its bias and adds its products first to last; if it is several sums, those of every second (fourth,
/// eighth) input, and then the others'.
#[inline]
pub(super) fn affine<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
    let Affine {
        weights,
        bias,
        inputs,
        outputs,
    } = pass;
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let parts = dense.parts();
    debug_assert_eq!(weights.len(), n_in * n_out);
    debug_assert_eq!(inputs.len() * n_out, outputs.len() * n_in);
    for (x, y) in inputs
        .chunks_exact(n_in)
        .zip(outputs.chunks_exact_mut(n_out))
    {
        for (y, b) in y.iter_mut().zip(bias) {
            *y = *b;
        }
        add_products(x.iter(), weights.chunks_exact(n_out), parts, y);
        for part in 1..parts {
            let mut sums = [-T::ZERO; MOST_IN_PARTS];
            let x = x.iter().skip(part);
            add_products(x, weights.chunks_exact(n_out).skip(part), parts, &mut sums);
            for (y, sum) in y.iter_mut().zip(sums) {
                *y += sum;
            }
        }
    }
}

/// Adds the products of every `step`th input.
#[inline(always)]
fn add_products<'a, T: Scalar>(
    inputs: impl Iterator<Item = &'a T>,
    weights: impl Iterator<Item = &'a [T]>,
    step: usize,
    sums: &mut [T],
) {
    for (x, w) in inputs.zip(weights).step_by(step) {
        for (sum, w) in sums.iter_mut().zip(w) {
            *sum += *x * *w;
        }
    }
}

/// A weight's gradient adds its samples' products first to last.
#[inline]
pub(super) fn weight_gradient<T: Scalar>(dense: Dimensions, pass: WeightGradient<'_, T>) {
    let WeightGradient {
        inputs,
        output_gradient,
        weights,
        bias,
        fresh,
    } = pass;
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    if fresh {
        weights.fill(-T::ZERO);
        bias.fill(-T::ZERO);
    }
    debug_assert_eq!(weights.len(), n_in * n_out);
    debug_assert_eq!(inputs.len() * n_out, output_gradient.len() * n_in);
    for (x, dy) in inputs
        .chunks_exact(n_in)
        .zip(output_gradient.chunks_exact(n_out))
    {
        for (x, dw) in x.iter().zip(weights.chunks_exact_mut(n_out)) {
            for (dw, dy) in dw.iter_mut().zip(dy) {
                *dw += *x * *dy;
            }
        }
        for (db, dy) in bias.iter_mut().zip(dy) {
            *db += *dy;
        }
    }
}

/// A step by one sample: each product is a gradient.
#[inline]
pub(super) fn descend<T: Scalar>(dense: Dimensions, rate: T, pass: WeightGradient<'_, T>) {
    let WeightGradient {
        inputs,
        output_gradient,
        weights,
        bias,
        ..
    } = pass;
    let n_out = dense.outputs.get();
    debug_assert_eq!(output_gradient.len(), n_out);
    for (x, w) in inputs.iter().zip(weights.chunks_exact_mut(n_out)) {
        for (w, dy) in w.iter_mut().zip(output_gradient) {
            *w = *w - rate * (*x * *dy);
        }
    }
    for (b, dy) in bias.iter_mut().zip(output_gradient) {
        *b = *b - rate * *dy;
    }
}

/// An input gradient is eight interleaved partial sums, folded in a fixed tree.
#[inline]
pub(super) fn input_gradient<T: Scalar>(dense: Dimensions, pass: InputGradient<'_, T>) {
    let InputGradient {
        weights,
        output_gradient,
        input_gradient,
    } = pass;
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(weights.len(), n_in * n_out);
    debug_assert_eq!(input_gradient.len() * n_out, output_gradient.len() * n_in);
    for (dx, dy) in input_gradient
        .chunks_exact_mut(n_in)
        .zip(output_gradient.chunks_exact(n_out))
    {
        for (dx, w) in dx.iter_mut().zip(weights.chunks_exact(n_out)) {
            let mut sums = [-T::ZERO; 8];
            for (w, dy) in w.chunks(8).zip(dy.chunks(8)) {
                for (sum, (w, dy)) in sums.iter_mut().zip(w.iter().zip(dy)) {
                    *sum += *w * *dy;
                }
            }
            let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
            *dx = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
        }
    }
}
