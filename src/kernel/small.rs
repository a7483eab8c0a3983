//! The kernels of layers that are too small for vectors of weights: sums in registers, lanes over samples.
//!
//! They stay functions of their own, with lengths at run time. Inlined with constant lengths, the compiler would pick
//! vectors for neighboring weights as it likes, and a load that spans two fresh stores waits for both to reach the cache:
//! longer than the whole layer takes.

use super::{Affine, Dimensions, InputGradient, WeightGradient};
use crate::{Activation, Identity, Scalar};

/// Samples that are computed side by side.
const LANES: usize = 4;

/// An output starts at its bias and adds its products first to last; then the activation.
#[inline(always)]
pub(crate) fn affine_then<A: Activation, T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(pass.weights.len(), n_in * n_out);
    debug_assert_eq!(pass.inputs.len() * n_out, pass.outputs.len() * n_in);
    let mut first = 0;
    macro_rules! rows {
        ($lanes:expr) => {
            while let (Some(x), Some(y)) = (
                pass.inputs.get(first * n_in..(first + $lanes) * n_in),
                pass.outputs.get_mut(first * n_out..(first + $lanes) * n_out),
            ) {
                rows::<A, T, { $lanes }>(n_in, pass.weights, pass.bias, x, y);
                first += $lanes;
            }
        };
    }
    rows!(LANES);
    rows!(1);
}

pub(super) fn affine<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
    affine_then::<Identity, T>(dense, pass);
}

/// `N` samples.
#[inline(always)]
fn rows<A: Activation, T: Scalar, const N: usize>(
    n_in: usize,
    weights: &[T],
    bias: &[T],
    inputs: &[T],
    outputs: &mut [T],
) {
    let n_out = bias.len();
    for (o, b) in bias.iter().enumerate() {
        let mut sums = [*b; N];
        let mut weights = weights.get(o..).unwrap_or_default();
        for i in 0..n_in {
            let Some((w, after)) = weights.split_first() else {
                break;
            };
            for (lane, sum) in sums.iter_mut().enumerate() {
                if let Some(x) = inputs.get(lane * n_in + i) {
                    *sum += *x * *w;
                }
            }
            weights = after.get(n_out - 1..).unwrap_or_default();
        }
        for (lane, sum) in sums.map(A::value).into_iter().enumerate() {
            if let Some(y) = outputs.get_mut(lane * n_out + o) {
                *y = sum;
            }
        }
    }
}

/// A weight's gradient adds its samples' products first to last.
#[inline(always)]
pub(super) fn weight_gradient<T: Scalar>(dense: Dimensions, pass: WeightGradient<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(pass.weights.len(), n_in * n_out);
    debug_assert_eq!(pass.inputs.len() * n_out, pass.output_gradient.len() * n_in);
    let rows = pass.weights.chunks_exact_mut(n_out);
    for (i, row) in rows.enumerate() {
        for (o, dw) in row.iter_mut().enumerate() {
            let mut sum = *dw;
            let (mut x, mut dy) = (i, o);
            while let (Some(x_i), Some(dy_o)) = (pass.inputs.get(x), pass.output_gradient.get(dy)) {
                sum += *x_i * *dy_o;
                x += n_in;
                dy += n_out;
            }
            *dw = sum;
        }
    }
    for (o, db) in pass.bias.iter_mut().enumerate() {
        let mut sum = *db;
        let mut dy = o;
        while let Some(dy_o) = pass.output_gradient.get(dy) {
            sum += *dy_o;
            dy += n_out;
        }
        *db = sum;
    }
}

/// An input gradient is eight interleaved partial sums, folded in a fixed tree.
#[inline(always)]
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
            // the other sums are +0, which leaves a sum that started there as it is
            *dx = T::ZERO + *w * *dy;
        }
        slots = rest;
    }
}

/// A step by one sample: each product is a gradient that starts at +0.
#[inline(always)]
pub(super) fn descend<T: Scalar>(dense: Dimensions, rate: T, pass: WeightGradient<'_, T>) {
    super::portable::descend(dense, rate, pass);
}
