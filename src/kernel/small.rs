//! The kernels of layers that are too small for vectors of weights: to be inlined, so that constant
//! lengths unroll them.
//!
//! An output, or a weight, is one variable while its products are added: what passes through memory
//! between two steps of a small network takes longer than the steps.

#![expect(clippy::needless_pass_by_value, reason = "like the kernels")]

pub(super) use super::portable::{product, slide};
use super::{Affine, Dimensions, InputGradient, NATIVE_FROM, WeightGradient, portable};
use crate::Scalar;
use crate::layer::cut;
use crate::scalar::Finite;

/// An output starts at its bias and adds its products first to last.
#[inline]
pub(super) fn affine<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(pass.weights.len(), n_in * n_out);
    debug_assert_eq!(pass.inputs.len() * n_out, pass.outputs.len() * n_in);
    let rows = pass.inputs.chunks_exact(n_in);
    for (x, y) in rows.zip(pass.outputs.chunks_exact_mut(n_out)) {
        for (o, (y, b)) in y.iter_mut().zip(pass.bias).enumerate() {
            let mut sum = *b;
            for (x, w) in x.iter().zip(pass.weights.chunks_exact(n_out)) {
                if let Some(w) = w.get(o) {
                    sum += *x * *w;
                }
            }
            *y = sum;
        }
    }
}

/// A weight's gradient adds its samples' products first to last.
#[inline(always)]
pub(super) fn weight_gradient<T: Scalar>(dense: Dimensions, pass: WeightGradient<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(pass.weights.len(), n_in * n_out);
    debug_assert_eq!(pass.inputs.len() * n_out, pass.output_gradient.len() * n_in);
    let (mut sums, mut bias_sums) = ([-T::ZERO; NATIVE_FROM], [-T::ZERO; NATIVE_FROM]);
    if !pass.fresh {
        for (sum, dw) in sums.iter_mut().zip(&*pass.weights) {
            *sum = *dw;
        }
        for (sum, db) in bias_sums.iter_mut().zip(&*pass.bias) {
            *sum = *db;
        }
    }
    let rows = pass.inputs.chunks_exact(n_in);
    for (x, dy) in rows.zip(pass.output_gradient.chunks_exact(n_out)) {
        for (x, sums) in x.iter().zip(sums.chunks_exact_mut(n_out)) {
            for (sum, dy) in sums.iter_mut().zip(dy) {
                *sum += *x * *dy;
            }
        }
        for (sum, dy) in bias_sums.iter_mut().zip(dy) {
            *sum += *dy;
        }
    }
    for (dw, sum) in pass.weights.iter_mut().zip(&sums) {
        *dw = *sum;
    }
    for (db, sum) in pass.bias.iter_mut().zip(&bias_sums) {
        *db = *sum;
    }
}

/// An input gradient is eight interleaved partial sums, folded in a fixed tree.
#[inline]
pub(super) fn input_gradient<T: Scalar>(dense: Dimensions, pass: InputGradient<'_, T>) {
    if dense.outputs.get() > 1 {
        return portable::input_gradient(dense, pass);
    }
    let mut slots = pass.input_gradient;
    for dy in pass.output_gradient {
        let Some((row, rest)) = slots.split_at_mut_checked(dense.inputs.get()) else {
            return;
        };
        for (dx, w) in row.iter_mut().zip(pass.weights) {
            // the other sums are -0, which changes nothing
            *dx = *w * *dy;
        }
        slots = rest;
    }
}

/// A step by one sample: each product is a gradient.
#[inline]
pub(super) fn descend<T: Scalar>(dense: Dimensions, rate: T, pass: WeightGradient<'_, T>) {
    let n_out = dense.outputs.get();
    for (o, (b, dy)) in pass.bias.iter_mut().zip(pass.output_gradient).enumerate() {
        for (x, w) in pass.inputs.iter().zip(pass.weights.chunks_exact_mut(n_out)) {
            if let Some(w) = w.get_mut(o) {
                *w = *w - rate * (*x * *dy);
            }
        }
        *b = *b - rate * *dy;
    }
}

/// Whether a step by one sample leaves finite parameters: weights, then bias.
#[inline(always)]
pub(super) fn descent_is_finite<T: Scalar>(
    dense: Dimensions,
    rate: T,
    (inputs, output_gradient): (&[T], &[T]),
    parameters: &[T],
) -> bool {
    let mut finite = Finite::new();
    let n_out = dense.outputs.get();
    let (weights, bias) = cut(parameters, dense.inputs.get() * n_out);
    for (x, row) in inputs.iter().zip(weights.chunks_exact(n_out)) {
        for (w, dy) in row.iter().zip(output_gradient) {
            finite.see(*w - rate * (*x * *dy));
        }
    }
    for (b, dy) in bias.iter().zip(output_gradient) {
        finite.see(*b - rate * *dy);
    }
    finite.holds()
}
