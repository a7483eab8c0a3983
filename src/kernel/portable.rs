//! The kernels as plain loops, product and sum rounded apart.
//!
//! With feature `small`, what constant lengths make smaller is inlined into its layer: sums that
//! stay in registers. The others are one function for all layers.

#![expect(clippy::needless_pass_by_value, reason = "like the kernels")]

use super::{Affine, Dimensions, InputGradient, Product, Slide, WeightGradient, small};
use crate::Scalar;
use crate::layer::cut;

/// Sums that are added to side by side: as many as stay in registers.
const LANES: usize = 8;

/// An output starts at its bias; it is one sum, or several interleaved ones that are added as a
/// tree.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(always))]
pub(super) fn affine<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(pass.weights.len(), n_in * n_out);
    debug_assert_eq!(pass.inputs.len() * n_out, pass.outputs.len() * n_in);
    for (x, y) in pass
        .inputs
        .chunks_exact(n_in)
        .zip(pass.outputs.chunks_exact_mut(n_out))
    {
        for (y, b) in y.iter_mut().zip(pass.bias) {
            *y = *b;
        }
        add_row_of_products(dense, dense.parts(), x, pass.weights, y);
    }
}

/// A sum starts where it is, or at -0, and adds its products first to last.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub(super) fn product<T: Scalar>(dense: Dimensions, pass: Product<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(pass.right.len(), n_in * n_out);
    debug_assert_eq!(pass.left.len() * n_out, pass.sums.len() * n_in);
    if pass.fresh {
        pass.sums.fill(-T::ZERO);
    }
    for (row, sums) in pass
        .left
        .chunks_exact(n_in)
        .zip(pass.sums.chunks_exact_mut(n_out))
    {
        add_row_of_products(dense, 1, row, pass.right, sums);
    }
}

/// An output starts at its bias, or where it is, and adds its products tap by tap.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub(super) fn slide<T: Scalar>(dense: Dimensions, pass: Slide<'_, T>) {
    let (columns, filters) = (dense.inputs.get(), dense.outputs.get());
    let Slide {
        weights,
        bias,
        image,
        places,
        step,
        outputs,
    } = pass;
    let plane = (outputs.len() / filters).max(1);
    for (filter, outputs) in outputs.chunks_exact_mut(plane).enumerate() {
        let (_, weights) = cut(weights, filter);
        for (row, outputs) in outputs.chunks_exact_mut(columns).enumerate() {
            if let Some(bias) = bias.get(filter) {
                outputs.fill(*bias);
            }
            let (_, image) = cut(image, row * step);
            let taps = weights.iter().step_by(filters).zip(places);
            let (eights, ones) = outputs.as_chunks_mut::<LANES>();
            let (_, rest) = cut(image, LANES * eights.len());
            add_taps(&taps, image, eights);
            add_taps(&taps, rest, ones.as_chunks_mut::<1>().0);
        }
    }
}

/// Adds the products of the taps to so many windows at a time, whose sums stay in registers.
#[inline(always)]
fn add_taps<'a, T: Scalar, const N: usize>(
    taps: &(impl Iterator<Item = (&'a T, &'a u32)> + Clone),
    image: &[T],
    outputs: &mut [[T; N]],
) {
    for (block, outputs) in outputs.iter_mut().enumerate() {
        let mut sums = *outputs;
        for (weight, place) in taps.clone() {
            let values = image.get(block * N + *place as usize..);
            if let Some(values) = values.and_then(|values| values.first_chunk::<N>()) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += *weight * *value;
                }
            }
        }
        *outputs = sums;
    }
}

/// `sums += row * matrix`, in so many parts.
#[inline(always)]
fn add_row_of_products<T: Scalar>(
    dense: Dimensions,
    parts: usize,
    row: &[T],
    matrix: &[T],
    sums: &mut [T],
) {
    let (eights, rest) = sums.as_chunks_mut();
    let (fours, ones) = rest.as_chunks_mut();
    add_products::<T, LANES>(dense, parts, row, matrix, eights);
    let (_, columns) = cut(matrix, LANES * eights.len());
    add_products::<T, 4>(dense, parts, row, columns, fours);
    let (_, columns) = cut(columns, 4 * fours.len());
    add_products::<T, 1>(dense, parts, row, columns, ones.as_chunks_mut().0);
}

/// Adds the products to so many outputs at a time, whose sums stay in registers.
#[inline(always)]
fn add_products<T: Scalar, const N: usize>(
    dense: Dimensions,
    parts: usize,
    inputs: &[T],
    weights: &[T],
    outputs: &mut [[T; N]],
) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let mut waiting = [[-T::ZERO; N]; 3];
    for (block, outputs) in outputs.iter_mut().enumerate() {
        let mut sums = *outputs;
        for part in 0..parts {
            let first = part
                .reverse_bits()
                .unbounded_shr(usize::BITS - parts.trailing_zeros());
            if part > 0 {
                sums = [-T::ZERO; N];
            }
            for i in (first..n_in).step_by(parts) {
                let row = weights.get(i * n_out + block * N..);
                if let (Some(x), Some(row)) =
                    (inputs.get(i), row.and_then(|row| row.first_chunk::<N>()))
                {
                    for (sum, w) in sums.iter_mut().zip(row) {
                        *sum += *x * *w;
                    }
                }
            }
            let pairs = part.trailing_ones() as usize;
            for before in waiting.iter().take(pairs) {
                for (sum, before) in sums.iter_mut().zip(before) {
                    *sum = *before + *sum;
                }
            }
            if let Some(slot) = waiting.get_mut(pairs) {
                *slot = sums;
            }
        }
        *outputs = sums;
    }
}

/// A weight's gradient adds its samples' products first to last.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub(super) fn weight_gradient<T: Scalar>(dense: Dimensions, pass: WeightGradient<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    if pass.fresh {
        pass.weights.fill(-T::ZERO);
        pass.bias.fill(-T::ZERO);
    }
    debug_assert_eq!(pass.weights.len(), n_in * n_out);
    debug_assert_eq!(pass.inputs.len() * n_out, pass.output_gradient.len() * n_in);
    for (x, dy) in pass
        .inputs
        .chunks_exact(n_in)
        .zip(pass.output_gradient.chunks_exact(n_out))
    {
        for (x, dw) in x.iter().zip(pass.weights.chunks_exact_mut(n_out)) {
            add_row(dw, *x, dy);
        }
        add_row(pass.bias, T::ONE, dy);
    }
}

/// `row += input * output_gradient`; the bias is the row of an input that is 1.
#[cfg_attr(not(feature = "small"), inline(always))]
#[cfg_attr(feature = "small", inline(never))]
fn add_row<T: Scalar>(row: &mut [T], input: T, output_gradient: &[T]) {
    for (sum, dy) in row.iter_mut().zip(output_gradient) {
        *sum += input * *dy;
    }
}

/// A step by one sample: each product is a gradient.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(never))]
pub(super) fn descend<T: Scalar>(dense: Dimensions, rate: T, pass: WeightGradient<'_, T>) {
    let n_out = dense.outputs.get();
    debug_assert_eq!(pass.output_gradient.len(), n_out);
    for (x, w) in pass.inputs.iter().zip(pass.weights.chunks_exact_mut(n_out)) {
        descend_row(w, *x, pass.output_gradient, rate);
    }
    descend_row(pass.bias, T::ONE, pass.output_gradient, rate);
}

/// `row -= rate * (input * output_gradient)`.
#[cfg_attr(not(feature = "small"), inline(always))]
#[cfg_attr(feature = "small", inline(never))]
fn descend_row<T: Scalar>(row: &mut [T], input: T, output_gradient: &[T], rate: T) {
    for (w, dy) in row.iter_mut().zip(output_gradient) {
        *w = *w - rate * (input * *dy);
    }
}

/// An input gradient is eight interleaved partial sums, folded in a fixed tree.
#[cfg_attr(not(feature = "small"), inline)]
#[cfg_attr(feature = "small", inline(always))]
pub(super) fn input_gradient<T: Scalar>(dense: Dimensions, pass: InputGradient<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    debug_assert_eq!(pass.weights.len(), n_in * n_out);
    debug_assert_eq!(
        pass.input_gradient.len() * n_out,
        pass.output_gradient.len() * n_in
    );
    for (dx, dy) in pass
        .input_gradient
        .chunks_exact_mut(n_in)
        .zip(pass.output_gradient.chunks_exact(n_out))
    {
        for (dx, w) in dx.iter_mut().zip(pass.weights.chunks_exact(n_out)) {
            let mut sums = [-T::ZERO; LANES];
            let ((w, rest_of_w), (dy, rest)) = (w.as_chunks::<LANES>(), dy.as_chunks::<LANES>());
            for (w, dy) in w.iter().zip(dy) {
                for (sum, (w, dy)) in sums.iter_mut().zip(w.iter().zip(dy)) {
                    *sum += *w * *dy;
                }
            }
            for (sum, (w, dy)) in sums.iter_mut().zip(rest_of_w.iter().zip(rest)) {
                *sum += *w * *dy;
            }
            let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
            *dx = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
        }
    }
}

/// Whether a step by one sample leaves finite parameters, as one function for all layers.
#[inline(never)]
pub(super) fn descent_is_finite<T: Scalar>(
    dense: Dimensions,
    rate: T,
    gradient: (&[T], &[T]),
    parameters: &[T],
) -> bool {
    small::descent_is_finite(dense, rate, gradient, parameters)
}
