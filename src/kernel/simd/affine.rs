//! The way forward in vectors.

use super::lanes::Lanes;
use super::pad::{ROWS, WIDEST, pad, unpad};
use super::product::{Product, Samples, Span, tile_columns};
use crate::Element;
use crate::kernel::{Affine, Dimensions};

/// How many rows there are; a division costs as much as some products.
#[inline(always)]
pub(super) fn rows<T>(values: &[T], columns: usize) -> usize {
    if values.len() == columns {
        1
    } else {
        values.len() / columns
    }
}

/// `outputs = inputs * weights + bias`.
#[inline(always)]
pub(super) fn affine<L: Lanes>(l: L, dense: Dimensions, pass: Affine<'_, L::T>) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let samples = rows(pass.outputs, n_out);
    if n_out >= L::WIDTH && samples == 1 {
        one(l, pass)
    } else if n_out >= L::WIDTH {
        let mut rest = &mut *pass.outputs;
        while let Some((row, after)) = rest.split_at_mut_checked(n_out) {
            for (y, b) in row.iter_mut().zip(pass.bias) {
                *y = *b;
            }
            rest = after;
        }
        let inputs = Samples {
            values: pass.inputs,
            stride: n_in,
            first: 0,
            end: n_in,
        };
        l.product(Product {
            rows: samples,
            a: inputs,
            b: pass.weights,
            columns: n_out,
            c: pass.outputs,
        })
    } else if samples < FEW {
        macro_rules! widths {
            ($($n:literal)*) => {
                match n_out {
                    $($n => few::<L, $n>(l, n_in, pass),)*
                    _ => None,
                }
            };
        }
        widths!(1 2 3 4 5 6 7)
    } else {
        let mut bias = [[L::T::ZERO; WIDEST]];
        pad(pass.bias, n_out, &mut bias);
        for (inputs, outputs) in pass
            .inputs
            .chunks(ROWS * n_in)
            .zip(pass.outputs.chunks_mut(ROWS * n_out))
        {
            let samples = outputs.len() / n_out;
            let mut sums = [bias[0]; ROWS];
            let mut first = 0;
            for weights in pass.weights.chunks(ROWS * n_out) {
                let mut padded = [[L::T::ZERO; WIDEST]; ROWS];
                pad(weights, n_out, &mut padded);
                let rows = weights.len() / n_out;
                let left = Samples {
                    values: inputs,
                    stride: n_in,
                    first,
                    end: first + rows,
                };
                let right = padded.get(..rows)?.as_flattened();
                l.product(Product {
                    rows: samples,
                    a: left,
                    b: right,
                    columns: WIDEST,
                    c: sums.as_flattened_mut(),
                })?;
                first += rows;
            }
            unpad(&sums, n_out, outputs);
        }
        Some(())
    }
}

/// The outputs of one sample, at least a vector of them: up to eight vectors at a time, which hides the latency of a sum.
#[inline(always)]
pub(super) fn one<L: Lanes>(l: L, pass: Affine<'_, L::T>) -> Option<()> {
    let Affine {
        weights,
        bias,
        inputs,
        outputs,
    } = pass;
    let columns = outputs.len();
    let mut first = 0;
    while first < columns {
        let end = tile_columns(L::WIDTH, 8, first, columns);
        macro_rules! tiles {
            ($($main:literal)*) => {
                match (end - first).div_ceil(L::WIDTH) - 1 {
                    $($main => {
                        let outputs = outputs.get_mut(first..end)?;
                        let bias = bias.get(first..end)?;
                        let span = Span { stride: columns, first, end };
                        one_tile::<L, $main>(l, inputs, weights, span, bias, outputs)?
                    },)*
                    _ => return None,
                }
            };
        }
        tiles!(0 1 2 3 4 5 6 7);
        first = end;
    }
    Some(())
}

/// `outputs = bias + inputs * weights` for `MAIN + 1` vectors of columns, as in [`tile`].
#[inline(always)]
pub(super) fn one_tile<L: Lanes, const MAIN: usize>(
    l: L,
    inputs: &[L::T],
    weights: &[L::T],
    span: Span,
    bias: &[L::T],
    outputs: &mut [L::T],
) -> Option<()> {
    let mut main = *L::vectors(bias).first_chunk::<MAIN>()?;
    let mut last = *L::last(bias)?;
    let mut rest = weights;
    for x in inputs {
        let (row, after) = rest.split_at_checked(span.stride)?;
        rest = after;
        let row = row.get(span.first..span.end)?;
        let right = L::vectors(row).first_chunk::<MAIN>()?;
        let x = l.splat(*x);
        let mut q = 0;
        while q < MAIN {
            main[q] = l.multiply_add(x, right[q], main[q]);
            q += 1;
        }
        last = l.multiply_add(x, *L::last(row)?, last);
    }
    *L::vectors_mut(outputs).first_chunk_mut::<MAIN>()? = main;
    *L::last_mut(outputs)? = last;
    Some(())
}

/// Fewer samples than this are not worth a padded copy of the weights.
pub(super) const FEW: usize = 4;

/// `N` outputs, fewer than a vector, of few samples: a chain for each, in all lanes.
#[inline(always)]
pub(super) fn few<L: Lanes, const N: usize>(
    l: L,
    n_in: usize,
    pass: Affine<'_, L::T>,
) -> Option<()> {
    let Affine {
        weights,
        bias,
        inputs,
        outputs,
    } = pass;
    let bias = bias.first_chunk::<N>()?;
    for (inputs, outputs) in inputs
        .chunks_exact(n_in)
        .zip(outputs.as_chunks_mut::<N>().0)
    {
        let mut sums = bias.map(|b| l.splat(b));
        for (x, weights) in inputs.iter().zip(weights.as_chunks::<N>().0) {
            let x = l.splat(*x);
            let mut j = 0;
            while j < N {
                sums[j] = l.multiply_add(x, l.splat(weights[j]), sums[j]);
                j += 1;
            }
        }
        let mut j = 0;
        while j < N {
            let mut lanes = [L::T::ZERO; WIDEST];
            *L::vectors_mut(&mut lanes).first_mut()? = sums[j];
            outputs[j] = lanes[0];
            j += 1;
        }
    }
    Some(())
}
