//! The kernels of layers that are too small for vectors of weights: sums in registers, lanes over samples.
//!
//! They stay functions of their own, with lengths at run time. Inlined with constant lengths, the compiler would pick
//! vectors for neighboring weights as it likes, and a load that spans two fresh stores waits for both to reach the cache:
//! longer than the whole layer takes.

use super::{Affine, Dimensions, InputGradient, NATIVE_FROM, WeightGradient};
use crate::Scalar;

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
    // as local variables they become registers
    let (mut weights, mut bias) = ([-T::ZERO; NATIVE_FROM], [-T::ZERO; NATIVE_FROM]);
    if !pass.fresh {
        for (sum, dw) in weights.iter_mut().zip(&*pass.weights) {
            *sum = *dw;
        }
        for (sum, db) in bias.iter_mut().zip(&*pass.bias) {
            *sum = *db;
        }
    }
    let rows = pass.inputs.chunks_exact(n_in);
    for (x, dy) in rows.zip(pass.output_gradient.chunks_exact(n_out)) {
        for (x, sums) in x.iter().zip(weights.chunks_exact_mut(n_out)) {
            for (sum, dy) in sums.iter_mut().zip(dy) {
                *sum += *x * *dy;
            }
        }
        for (sum, dy) in bias.iter_mut().zip(dy) {
            *sum += *dy;
        }
    }
    for (dw, sum) in pass.weights.iter_mut().zip(&weights) {
        *dw = *sum;
    }
    for (db, sum) in pass.bias.iter_mut().zip(&bias) {
        *db = *sum;
    }
}

/// An input gradient is eight interleaved partial sums, folded in a fixed tree.
#[inline]
pub(super) fn input_gradient<T: Scalar>(dense: Dimensions, pass: InputGradient<'_, T>) {
    let n_out = dense.outputs.get();
    if n_out > 1 {
        return super::portable::input_gradient(dense, pass);
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
    let columns = pass.bias.iter_mut().zip(pass.output_gradient);
    for (o, (b, dy)) in columns.enumerate() {
        let rows = pass.weights.chunks_exact_mut(n_out);
        for (x, w) in pass.inputs.iter().zip(rows) {
            if let Some(w) = w.get_mut(o) {
                *w = *w - rate * (*x * *dy);
            }
        }
        *b = *b - rate * *dy;
    }
}
