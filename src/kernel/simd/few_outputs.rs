//! The gradients of layers of few outputs, whose rows fill no vector: an input in each lane.

use super::input_gradient::fold;
use super::lanes::Lanes;
use super::pad::{PARTS, WIDEST};
use crate::kernel::{Dimensions, InputGradient, WeightGradient};
use crate::{Element, Scalar};

/// The lanes of a strip at most: four vectors of the widest.
const STRIP: usize = 4 * 2 * WIDEST;

/// Fewer outputs than an input gradient has partial sums, each of which is then a product at most. Of so many weights as a layer in
/// vectors has, inputs then fill a vector of half the widest.
#[inline(always)]
pub(super) fn are(dense: Dimensions) -> bool {
    dense.outputs.get() < PARTS && dense.inputs.get() >= WIDEST
}

/// `$gradient::<L, N, V>` for `N` outputs and `V` vectors of inputs at a time, as many as there are registers for.
macro_rules! few {
    ($gradient:ident($l:expr, $n_out:expr, $pass:expr); $($n:literal: $vectors:literal),*) => {
        match $n_out {
            $($n => $gradient::<L, $n, $vectors>($l, $pass),)*
            _ => None,
        }
    };
    ($gradient:ident($($arguments:tt)*)) => {
        few!($gradient($($arguments)*); 1: 4, 2: 4, 3: 4, 4: 2, 5: 2, 6: 2, 7: 2)
    };
}

/// `weights += inputs^T * output_gradient`, or `=`.
#[inline(always)]
pub(super) fn weight_gradient<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut WeightGradient<'_, L::T>,
) -> Option<()> {
    few!(weights(l, dense.outputs.get(), pass))
}

/// `input_gradient = output_gradient * weights^T`.
#[inline(always)]
pub(super) fn input_gradient<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut InputGradient<'_, L::T>,
) -> Option<()> {
    few!(inputs(l, dense.outputs.get(), pass))
}

#[inline(always)]
fn weights<L: Lanes, const N: usize, const V: usize>(
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
            some_weights::<L, N, V>(l, pass, first)?
        } else {
            some_weights::<L, N, 1>(l, pass, first)?
        };
    }
    Some(())
}

/// The rows of weights from `first` on, as many as there are lanes; returns where they end.
#[inline(always)]
fn some_weights<L: Lanes, const N: usize, const V: usize>(
    l: L,
    pass: &mut WeightGradient<'_, L::T>,
    first: usize,
) -> Option<usize> {
    let rows = pass.weights.as_chunks_mut::<N>().0;
    let (n_in, lanes) = (rows.len(), V * L::WIDTH);
    // the last lanes may begin before them, and what they find there comes to nothing
    let start = first.min(n_in - lanes);
    let (rows, done) = (rows.get_mut(start..start + lanes)?, first - start);
    let mut columns = [[-L::T::ZERO; STRIP]; N];
    if !pass.fresh {
        turn(rows, &mut columns);
    }
    let mut sums = vectors::<L, N, V>(l, &columns)?;
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

#[inline(always)]
fn inputs<L: Lanes, const N: usize, const V: usize>(
    l: L,
    pass: &mut InputGradient<'_, L::T>,
) -> Option<()> {
    let n_in = pass.weights.len() / N;
    let mut first = 0;
    while first < n_in {
        first = if n_in - first >= V * L::WIDTH {
            some_inputs::<L, N, V>(l, pass, first)?
        } else {
            some_inputs::<L, N, 1>(l, pass, first)?
        };
    }
    Some(())
}

/// The gradients of inputs from `first` on, as many as there are lanes; returns where they end.
#[inline(always)]
fn some_inputs<L: Lanes, const N: usize, const V: usize>(
    l: L,
    pass: &mut InputGradient<'_, L::T>,
    first: usize,
) -> Option<usize> {
    let rows = pass.weights.as_chunks::<N>().0;
    let (n_in, lanes) = (rows.len(), V * L::WIDTH);
    // the last lanes may overlap those before, twice to the same bits
    let start = first.min(n_in - lanes);
    let mut columns = [[-L::T::ZERO; STRIP]; N];
    turn(rows.get(start..start + lanes)?, &mut columns);
    let columns = vectors::<L, N, V>(l, &columns)?;
    let slopes = pass.output_gradient.as_chunks::<N>().0;
    for (dx, dy) in pass.input_gradient.chunks_exact_mut(n_in).zip(slopes) {
        let dx = L::vectors_mut(dx.get_mut(start..start + lanes)?).first_chunk_mut::<V>()?;
        let mut products = [[l.splat(-L::T::ZERO); V]; PARTS];
        let mut o = 0;
        while o < N {
            let dy = l.splat(dy[o]);
            let mut q = 0;
            while q < V {
                products[o][q] = l.multiply(columns[o][q], dy);
                q += 1;
            }
            o += 1;
        }
        let mut q = 0;
        while q < V {
            let mut parts = [products[0][q]; PARTS];
            let mut o = 1;
            while o < PARTS {
                parts[o] = products[o][q];
                o += 1;
            }
            dx[q] = fold(l, parts);
            q += 1;
        }
    }
    Some(start + lanes)
}

/// A column of the rows side by side.
#[inline(always)]
fn turn<T: Scalar, const N: usize>(rows: &[[T; N]], columns: &mut [[T; STRIP]; N]) {
    for (i, row) in rows.iter().enumerate() {
        for (column, w) in columns.iter_mut().zip(row) {
            if let Some(slot) = column.get_mut(i) {
                *slot = *w;
            }
        }
    }
}

/// The first vectors of each column.
#[inline(always)]
fn vectors<L: Lanes, const N: usize, const V: usize>(
    l: L,
    columns: &[[L::T; STRIP]; N],
) -> Option<[[L::V; V]; N]> {
    let mut vectors = [[l.splat(-L::T::ZERO); V]; N];
    let mut o = 0;
    while o < N {
        vectors[o] = *L::vectors(&columns[o]).first_chunk()?;
        o += 1;
    }
    Some(vectors)
}
