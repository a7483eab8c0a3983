//! The gradient of weights in vectors.

use super::few_outputs;
use super::lanes::Lanes;
use super::lines;
use super::product::{Product, Start, Turned, rows};
use crate::kernel::{Dimensions, WeightGradient, portable};
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
    if !pass.bias.is_empty() {
        add_rows(l, pass.bias, pass.output_gradient)?;
    }
    if n_out >= L::WIDTH && pass.inputs.len() == n_in {
        return outer_product(l, pass);
    }
    if few_outputs::are(dense) {
        return few_outputs::weight_gradient(l, dense, pass);
    }
    let samples = rows(pass.output_gradient, n_out);
    l.apart(Product {
        rows: n_in,
        a: Turned::new(pass.inputs, n_in, samples),
        b: pass.output_gradient,
        columns: n_out,
        start,
        parts: 1,
        c: pass.weights,
    })
}

/// Adds rows of `N` numbers.
#[inline(always)]
fn add_arrays<T: Scalar, const N: usize>(sums: &mut [T], rows: &[T]) -> Option<()> {
    let sums = sums.first_chunk_mut::<N>()?;
    let mut totals = *sums;
    for row in rows.as_chunks::<N>().0 {
        for (total, number) in totals.iter_mut().zip(row) {
            *total += *number;
        }
    }
    *sums = totals;
    Some(())
}

/// The vectors of sums that are under way at once.
const SUMS: usize = 4;

/// Adds rows.
#[inline(always)]
fn add_rows<L: Lanes>(l: L, sums: &mut [L::T], rows: &[L::T]) -> Option<()> {
    let columns = sums.len();
    if columns < L::WIDTH {
        macro_rules! widths {
            ($($n:literal)*) => {
                match columns {
                    $($n => add_arrays::<_, $n>(sums, rows),)*
                    _ => None,
                }
            };
        }
        return widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    }
    macro_rules! add {
        ($count:ident from $first:expr) => {{
            let first = $first;
            let mut totals = *L::vectors(sums.get(first..)?).first_chunk::<$count>()?;
            for row in rows.chunks_exact(columns) {
                let row = L::vectors(row.get(first..)?).first_chunk::<$count>()?;
                let mut q = 0;
                while q < $count {
                    totals[q] = l.add(totals[q], row[q]);
                    q += 1;
                }
            }
            totals
        }};
    }
    const ONE: usize = 1;
    // the last vector may overlap the one before it, which is written before it
    let last = add!(ONE from columns - L::WIDTH);
    let mut first = 0;
    while first + SUMS * L::WIDTH < columns {
        let totals = add!(SUMS from first);
        *L::vectors_mut(sums.get_mut(first..)?).first_chunk_mut()? = totals;
        first += SUMS * L::WIDTH;
    }
    while first + L::WIDTH < columns {
        let totals = add!(ONE from first);
        *L::vectors_mut(sums.get_mut(first..)?).first_chunk_mut()? = totals;
        first += L::WIDTH;
    }
    *L::last_mut(sums)? = last[0];
    Some(())
}

/// The gradient of one sample's weights, of at least a vector of outputs.
#[inline(always)]
pub(super) fn outer_product<L: Lanes>(l: L, pass: &mut WeightGradient<'_, L::T>) -> Option<()> {
    let WeightGradient {
        inputs,
        output_gradient: slopes,
        weights,
        fresh,
        ..
    } = pass;
    if *fresh {
        each_weight(l, inputs, slopes, weights, Write)
    } else {
        each_weight(l, inputs, slopes, weights, Add)
    }
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
    let next = Descend(rate);
    each_weight(l, inputs, slopes, weights, next)?;
    rows_of_weights(l, &[L::T::ONE], slopes, bias, next)
}

/// What becomes of a weight, or of its gradient, by its input and output gradient.
pub(super) trait Next<T>: Copy {
    fn next<L: Lanes<T = T>>(self, l: L, x: L::V, slope: L::V, weight: L::V) -> L::V;
}

#[derive(Clone, Copy)]
struct Write;
#[derive(Clone, Copy)]
struct Add;
/// With a learning rate.
#[derive(Clone, Copy)]
struct Descend<T>(T);

impl<T: Scalar> Next<T> for Write {
    #[inline(always)]
    fn next<L: Lanes<T = T>>(self, l: L, x: L::V, slope: L::V, _: L::V) -> L::V {
        l.multiply_add(x, slope, l.splat(-T::ZERO))
    }
}

impl<T: Scalar> Next<T> for Add {
    #[inline(always)]
    fn next<L: Lanes<T = T>>(self, l: L, x: L::V, slope: L::V, weight: L::V) -> L::V {
        l.multiply_add(x, slope, weight)
    }
}

impl<T: Scalar> Next<T> for Descend<T> {
    #[inline(always)]
    fn next<L: Lanes<T = T>>(self, l: L, x: L::V, slope: L::V, weight: L::V) -> L::V {
        l.subtract(weight, l.multiply(l.splat(self.0), l.multiply(x, slope)))
    }
}

/// Every weight of one sample, of at least a vector of outputs.
#[inline(always)]
fn each_weight<L: Lanes>(
    l: L,
    inputs: &[L::T],
    slopes: &[L::T],
    weights: &mut [L::T],
    next: impl Next<L::T>,
) -> Option<()> {
    if L::SHIFTS
        && let Some(before) = lines::crossed::<L>(weights, slopes.len())
    {
        return l.apart(lines::Weights {
            before,
            inputs,
            slopes,
            weights,
            next,
        });
    }
    rows_of_weights(l, inputs, slopes, weights, next)
}

#[inline(always)]
fn rows_of_weights<L: Lanes>(
    l: L,
    inputs: &[L::T],
    slopes: &[L::T],
    weights: &mut [L::T],
    next: impl Next<L::T>,
) -> Option<()> {
    let last_slopes = *L::last(slopes)?;
    for (x, row) in inputs.iter().zip(weights.chunks_exact_mut(slopes.len())) {
        let x = l.splat(*x);
        // the last vector may overlap the one before it, which is written later
        let last = next.next(l, x, last_slopes, *L::last(row)?);
        let (_, others) = row.split_last_mut()?;
        for (weight, slope) in L::vectors_mut(others).iter_mut().zip(L::vectors(slopes)) {
            *weight = next.next(l, x, *slope, *weight);
        }
        *L::last_mut(row)? = last;
    }
    Some(())
}
