//! The kernels of small layers for a group of samples side by side: a value is a vector of as many
//! lanes as there are samples.
//!
//! Slices are `[values][samples]`, where those of all other kernels are `[samples][values]`. With
//! lengths that are constants all of a small network's values stay in registers.

use super::{Affine, Dimensions, InputGradient, NATIVE_FROM, WeightGradient};
use crate::Scalar;

/// How many samples there are in a group.
pub(crate) const GROUP: usize = 4;

/// An output starts at its bias and adds its products first to last.
#[inline(always)]
pub(super) fn affine<T: Scalar>(dense: Dimensions, pass: Affine<'_, T>) {
    let Affine {
        weights,
        bias,
        inputs,
        outputs,
    } = pass;
    let (inputs, _) = inputs.as_chunks::<GROUP>();
    let (outputs, _) = outputs.as_chunks_mut::<GROUP>();
    for (o, (y, b)) in outputs.iter_mut().zip(bias).enumerate() {
        let mut sums = [*b; GROUP];
        for (x, w) in inputs.iter().zip(weights.chunks_exact(dense.outputs.get())) {
            if let Some(w) = w.get(o) {
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum += *x * *w;
                }
            }
        }
        *y = sums;
    }
}

/// A weight's gradient adds its samples' products first to last.
#[inline(always)]
pub(super) fn weight_gradient<T: Scalar>(dense: Dimensions, pass: WeightGradient<'_, T>) {
    let WeightGradient {
        inputs,
        output_gradient,
        weights,
        bias,
        fresh,
    } = pass;
    let (inputs, _) = inputs.as_chunks::<GROUP>();
    let (slopes, _) = output_gradient.as_chunks::<GROUP>();
    let mut products = [[T::ZERO; GROUP]; NATIVE_FROM];
    for (x, row) in inputs
        .iter()
        .zip(products.chunks_exact_mut(dense.outputs.get()))
    {
        for (dy, product) in slopes.iter().zip(row) {
            for ((product, x), dy) in product.iter_mut().zip(x).zip(dy) {
                *product = *x * *dy;
            }
        }
    }
    add_samples(&products, weights, fresh);
    add_samples(slopes, bias, fresh);
}

/// Adds to each sum its numbers first to last, or sets it.
#[inline(always)]
fn add_samples<T: Scalar>(numbers: &[[T; GROUP]], sums: &mut [T], fresh: bool) {
    for (sums, numbers) in sums.chunks_mut(GROUP).zip(numbers.chunks(GROUP)) {
        let mut lanes = [-T::ZERO; GROUP];
        if !fresh {
            for (lane, sum) in lanes.iter_mut().zip(&*sums) {
                *lane = *sum;
            }
        }
        for sample in 0..GROUP {
            for (lane, numbers) in lanes.iter_mut().zip(numbers) {
                *lane += numbers[sample];
            }
        }
        for (sum, lane) in sums.iter_mut().zip(lanes) {
            *sum = lane;
        }
    }
}

/// An input gradient is eight interleaved partial sums, folded in a fixed tree.
#[inline(always)]
pub(super) fn input_gradient<T: Scalar>(dense: Dimensions, pass: InputGradient<'_, T>) {
    let InputGradient {
        weights,
        output_gradient,
        input_gradient,
    } = pass;
    let (slopes, _) = output_gradient.as_chunks::<GROUP>();
    let (slots, _) = input_gradient.as_chunks_mut::<GROUP>();
    for (dx, w) in slots
        .iter_mut()
        .zip(weights.chunks_exact(dense.outputs.get()))
    {
        let mut sums = [[-T::ZERO; GROUP]; 8];
        for (w, dy) in w.chunks(8).zip(slopes.chunks(8)) {
            for (sums, (w, dy)) in sums.iter_mut().zip(w.iter().zip(dy)) {
                for (sum, dy) in sums.iter_mut().zip(dy) {
                    *sum += *w * *dy;
                }
            }
        }
        let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
        for (lane, dx) in dx.iter_mut().enumerate() {
            *dx = ((s0[lane] + s4[lane]) + (s2[lane] + s6[lane]))
                + ((s1[lane] + s5[lane]) + (s3[lane] + s7[lane]));
        }
    }
}
