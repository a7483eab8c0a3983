//! The gradient of weights in vectors.

use super::lanes::Lanes;
use super::pad::{PARTS, WIDEST};
use super::product::{Product, Start, Turned, rows};
use super::whole::whole_or_padded;
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
    if n_out < PARTS && n_in >= L::WIDTH {
        macro_rules! widths {
            ($($n:literal: $vectors:literal),*) => {
                match n_out {
                    $($n => narrow::<L, $n, $vectors>(l, pass),)*
                    _ => None,
                }
            };
        }
        return widths!(1: 4, 2: 4, 3: 4, 4: 2, 5: 2, 6: 2, 7: 2);
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

/// `N` outputs, few enough that the sums of an input fill no vector: an input in each lane, of `V` vectors at a time.
#[inline(always)]
fn narrow<L: Lanes, const N: usize, const V: usize>(
    l: L,
    pass: &mut WeightGradient<'_, L::T>,
) -> Option<()> {
    let slopes = pass.output_gradient.as_chunks::<N>().0;
    let rows = pass.weights.as_chunks_mut::<N>().0;
    if let ([slopes], true) = (slopes, pass.fresh) {
        for (row, x) in rows.iter_mut().zip(pass.inputs) {
            *row = slopes.map(|dy| *x * dy);
        }
        return Some(());
    }
    let n_in = rows.len();
    let mut first = 0;
    while first < n_in {
        first = if n_in - first >= V * L::WIDTH {
            strip::<L, N, V>(l, pass, first)?
        } else {
            strip::<L, N, 1>(l, pass, first)?
        };
    }
    Some(())
}

/// The rows of weights from `first` on, as many as there are lanes; returns where they end.
#[inline(always)]
fn strip<L: Lanes, const N: usize, const V: usize>(
    l: L,
    pass: &mut WeightGradient<'_, L::T>,
    first: usize,
) -> Option<usize> {
    let rows = pass.weights.as_chunks_mut::<N>().0;
    let (n_in, lanes) = (rows.len(), V * L::WIDTH);
    // the last strip begins before them, if need be, and what it finds there comes to nothing
    let start = first.min(n_in - lanes);
    let (rows, done) = (rows.get_mut(start..start + lanes)?, first - start);
    let mut columns = [[-L::T::ZERO; STRIP]; N];
    if !pass.fresh {
        for (i, row) in rows.iter().enumerate() {
            for (column, w) in columns.iter_mut().zip(row) {
                *column.get_mut(i)? = *w;
            }
        }
    }
    let mut sums = [[l.splat(-L::T::ZERO); V]; N];
    let mut o = 0;
    while o < N {
        sums[o] = *L::vectors(&columns[o]).first_chunk()?;
        o += 1;
    }
    let slopes = pass.output_gradient.as_chunks::<N>().0;
    for (inputs, dy) in pass.inputs.chunks_exact(n_in).zip(slopes) {
        let x = L::vectors(inputs.get(start..start + lanes)?).first_chunk::<V>()?;
        let mut o = 0;
        while o < N {
            let dy = l.splat(dy[o]);
            let mut q = 0;
            while q < V {
                sums[o][q] = l.multiply_add(x[q], dy, sums[o][q]);
                q += 1;
            }
            o += 1;
        }
    }
    let mut o = 0;
    while o < N {
        *L::vectors_mut(&mut columns[o]).first_chunk_mut()? = sums[o];
        o += 1;
    }
    for (i, row) in rows.iter_mut().enumerate().skip(done) {
        for (column, w) in columns.iter().zip(row) {
            *w = *column.get(i)?;
        }
    }
    Some(start + lanes)
}

/// The lanes of a strip at most.
const STRIP: usize = 4 * 2 * WIDEST;

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
        // the last vector may overlap the one before it, which is written later
        let from = if *fresh { nothing } else { *L::last(row)? };
        let last = l.multiply_add(x, last_slope, from);
        let (_, others) = row.split_last_mut()?;
        for (w, dy) in L::vectors_mut(others).iter_mut().zip(L::vectors(slopes)) {
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
        // the last vector may overlap the one before it, which is written later
        let last = next(x, last_slopes, *L::last(row)?);
        let (_, others) = row.split_last_mut()?;
        for (weight, slope) in L::vectors_mut(others).iter_mut().zip(L::vectors(slopes)) {
            *weight = next(x, *slope, *weight);
        }
        *L::last_mut(row)? = last;
    }
    Some(())
}
