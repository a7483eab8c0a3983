//! The way forward in vectors.

use super::lanes::Lanes;
use super::pad::{WIDEST, copy_part, write_part};
use super::panel;
use super::product::{Product, Samples, Span, Start, rows, tile_columns};
use crate::kernel::{Affine, Dimensions};
use crate::{Element, Scalar};

/// `outputs = inputs * weights + bias`.
#[inline(always)]
pub(super) fn affine<L: Lanes>(l: L, dense: Dimensions, pass: &mut Affine<'_, L::T>) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let parts = dense.parts();
    if n_out < L::WIDTH && n_out * size_of::<L::T>() > 32 {
        return short::<L>(l, n_out, pass);
    }
    if n_out < L::WIDTH || n_out * size_of::<L::T>() < 64 {
        let samples = rows(pass.outputs, n_out);
        macro_rules! widths {
            ($($n:literal)*; $($odd:literal in $whole:literal)*) => {
                match n_out {
                    $($odd if samples >= PADDED_FROM && n_in <= PADDED_ROWS => {
                        let mut padded = [[L::T::ZERO; $whole]; PADDED_ROWS];
                        for (to, row) in padded.iter_mut().zip(pass.weights.as_chunks::<$odd>().0) {
                            to[..$odd].copy_from_slice(row);
                        }
                        narrow::<L, $odd, $whole>(l, padded.get(..n_in)?, pass)
                    })*
                    $($n => narrow::<L, $n, $n>(l, pass.weights.as_chunks().0, pass),)*
                    _ => None,
                }
            };
        }
        return widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; 9 in 16 11 in 16 13 in 16 15 in 16);
    }
    let product = Product {
        rows: rows(pass.outputs, n_out),
        a: Samples::new(pass.inputs, n_in),
        b: pass.weights,
        columns: n_out,
        start: Start::Bias(pass.bias),
        parts,
        c: pass.outputs,
    };
    panel::product(l, product)
}

/// Rows that fill more than half of a vector, and so of eight sums: a vector from where each begins, whose last lanes hold
/// numbers of the next row, or nothing, and come to nothing.
#[inline(always)]
fn short<L: Lanes>(l: L, n_out: usize, pass: &mut Affine<'_, L::T>) -> Option<()> {
    let n_in = pass.weights.len() / n_out;
    let mut ends = [[L::T::ZERO; 2 * WIDEST]; 2];
    let last_row = pass.weights.get((n_in - 1) * n_out..)?;
    copy_part::<L>(last_row, &mut ends[0])?;
    copy_part::<L>(pass.bias, &mut ends[1])?;
    let last_row = *L::vectors(&ends[0]).first()?;
    let bias = *L::vectors(&ends[1]).first()?;
    let whole = (n_in - 1) / NARROW * NARROW;
    for (inputs, outputs) in pass
        .inputs
        .chunks_exact(n_in)
        .zip(pass.outputs.chunks_exact_mut(n_out))
    {
        let mut sums = [l.splat(-L::T::ZERO); NARROW];
        sums[0] = bias;
        let (groups, others) = inputs.split_at_checked(whole)?;
        let mut rows = pass.weights;
        for group in groups.as_chunks::<NARROW>().0 {
            let mut part = 0;
            while part < NARROW {
                let row = *L::vectors(rows).first()?;
                rows = rows.get(n_out..)?;
                sums[part] = l.multiply_add(l.splat(group[part]), row, sums[part]);
                part += 1;
            }
        }
        let mut part = 0;
        while part < NARROW {
            if let Some(x) = others.get(part) {
                let row = match L::vectors(rows).first() {
                    Some(row) => *row,
                    None => last_row,
                };
                rows = rows.get(n_out..)?;
                sums[part] = l.multiply_add(l.splat(*x), row, sums[part]);
            }
            part += 1;
        }
        let mut total = sums[0];
        let mut part = 1;
        while part < NARROW {
            total = l.add(total, sums[part]);
            part += 1;
        }
        write_part::<L>(total, outputs)?;
    }
    Some(())
}

/// How many sums, in vectors, are under way at once: enough to hide the latency of an addition.
const SUMS: usize = 8;
/// Weights that are read in one go before the next columns: they stay in the nearest cache until then.
const NEAR: usize = 4096;

/// The outputs of one sample, at least a vector of them, by a function that computes some columns at a time.
pub(super) fn one<T: Scalar>(
    width: usize,
    parts: usize,
    pass: &mut Affine<'_, T>,
    mut strip: impl FnMut(&mut Strip<'_, T>) -> Option<()>,
) -> Option<()> {
    let n_out = pass.outputs.len();
    // only where outputs are one sum can it be left and taken up again
    let most_rows = if parts == 1 && n_out > SUMS * width {
        (NEAR / n_out).max(1)
    } else {
        pass.inputs.len()
    };
    let mut bias = Some(pass.bias);
    let mut rest = pass.weights;
    for inputs in pass.inputs.chunks(most_rows) {
        let (weights, after) = rest.split_at_checked(inputs.len() * n_out)?;
        rest = after;
        let mut first = 0;
        while first < n_out {
            let end = tile_columns(width, SUMS >> parts.trailing_zeros(), first, n_out);
            // a vector that the rest does not fill begins before it
            let span = Span {
                stride: n_out,
                first: first.min(end - width),
                end,
            };
            strip(&mut Strip {
                inputs,
                weights,
                span,
                parts,
                bias,
                outputs: pass.outputs,
            })?;
            first = end;
        }
        bias = None;
    }
    Some(())
}

/// What some columns of one sample are computed from.
pub(super) struct Strip<'a, T> {
    inputs: &'a [T],
    weights: &'a [T],
    span: Span,
    parts: usize,
    /// Where the sums start; else where they are.
    bias: Option<&'a [T]>,
    outputs: &'a mut [T],
}

#[inline(always)]
pub(super) fn strip<L: Lanes>(l: L, _: Dimensions, job: &mut Strip<'_, L::T>) -> Option<()> {
    let span = job.span;
    macro_rules! tiles {
        ($($parts:literal: $($main:literal)*;)*) => {
            match (job.parts, (span.end - span.first).div_ceil(L::WIDTH)) {
                $($(($parts, count) if count == $main + 1 => one_tile::<L, $parts, $main>(l, job),)*)*
                _ => None,
            }
        };
    }
    tiles! {
        1: 0 1 2 3 4 5 6 7;
        2: 0 1 2 3;
        4: 0 1;
        8: 0;
    }
}

/// `outputs = start + inputs * weights` for `MAIN + 1` vectors of columns, as in [`tile`](super::product::tile).
#[inline(always)]
fn one_tile<L: Lanes, const PARTS: usize, const MAIN: usize>(
    l: L,
    job: &mut Strip<'_, L::T>,
) -> Option<()> {
    let span = job.span;
    let outputs = job.outputs.get_mut(span.first..span.end)?;
    let nothing = l.splat(-L::T::ZERO);
    let mut main = [[nothing; MAIN]; PARTS];
    let mut last = [nothing; PARTS];
    let start = match job.bias {
        Some(bias) => bias.get(span.first..span.end)?,
        None => outputs,
    };
    main[0] = *L::vectors(start).first_chunk::<MAIN>()?;
    last[0] = *L::last(start)?;
    let mut rest = job.weights;
    let (groups, others) = job.inputs.as_chunks::<PARTS>();
    macro_rules! add {
        ($part:ident, $x:expr, $rows:expr) => {
            let start = $part * span.stride;
            let row = $rows.get(start + span.first..start + span.end)?;
            let right = L::vectors(row).first_chunk::<MAIN>()?;
            let x = l.splat($x);
            let mut q = 0;
            while q < MAIN {
                main[$part][q] = l.multiply_add(x, right[q], main[$part][q]);
                q += 1;
            }
            last[$part] = l.multiply_add(x, *L::last(row)?, last[$part]);
        };
    }
    for group in groups {
        let (rows, after) = rest.split_at_checked(PARTS * span.stride)?;
        rest = after;
        let mut part = 0;
        while part < PARTS {
            add!(part, group[part], rows);
            part += 1;
        }
    }
    let mut part = 0;
    while part + 1 < PARTS {
        if let Some(x) = others.get(part) {
            add!(part, *x, rest);
        }
        part += 1;
    }
    let mut part = 1;
    while part < PARTS {
        let mut q = 0;
        while q < MAIN {
            main[0][q] = l.add(main[0][q], main[part][q]);
            q += 1;
        }
        last[0] = l.add(last[0], last[part]);
        part += 1;
    }
    *L::vectors_mut(outputs).first_chunk_mut::<MAIN>()? = main[0];
    *L::last_mut(outputs)? = last[0];
    Some(())
}

/// The sums of an output of a narrow layer.
const NARROW: usize = 8;

/// The vectors that they fill at most: 15 outputs, in vectors of 4 numbers.
const MOST_VECTORS: usize = 32;

/// From so many samples on an odd number of outputs is worth a copy of its weights in whole vectors: those of its inputs take
/// twice as long to make.
const PADDED_FROM: usize = 4;
/// The most rows of such a copy: to clear more takes longer than it saves.
const PADDED_ROWS: usize = 32;

/// `N` outputs, fewer than the widest vector has room for, and so of eight sums: the sums of all outputs lie side by side, as
/// their weights do, in rows of `P`.
#[inline(always)]
fn narrow<L: Lanes, const N: usize, const P: usize>(
    l: L,
    weights: &[[L::T; P]],
    pass: &mut Affine<'_, L::T>,
) -> Option<()> {
    if L::WIDTH > NARROW || N * size_of::<L::T>() >= 64 {
        return None;
    }
    let vectors = P * NARROW / L::WIDTH;
    let mut start = [[-L::T::ZERO; P]; NARROW];
    *start[0].first_chunk_mut::<N>()? = *pass.bias.first_chunk::<N>()?;
    // 0 * -0 is -0, which leaves every sum as it is
    let mut last_rows = [[-L::T::ZERO; P]; NARROW];
    let mut last_inputs = [L::T::ZERO; NARROW];
    let (whole, rest) = weights.as_chunks::<NARROW>();
    for (to, row) in last_rows.iter_mut().zip(rest) {
        *to = *row;
    }
    for (inputs, outputs) in pass
        .inputs
        .chunks_exact(weights.len())
        .zip(pass.outputs.as_chunks_mut::<N>().0)
    {
        let mut sums = [l.splat(L::T::ZERO); MOST_VECTORS];
        let mut q = 0;
        while q < vectors {
            sums[q] = *L::vectors(start.as_flattened()).get(q)?;
            q += 1;
        }
        macro_rules! add {
            ($inputs:expr, $rows:expr) => {
                let spread = $inputs.map(|x| [x; P]);
                let (left, right) = (spread.as_flattened(), $rows.as_flattened());
                let mut q = 0;
                while q < vectors {
                    let (x, w) = (L::vectors(left).get(q)?, L::vectors(right).get(q)?);
                    sums[q] = l.multiply_add(*x, *w, sums[q]);
                    q += 1;
                }
            };
        }
        let (groups, others) = inputs.as_chunks::<NARROW>();
        for (inputs, rows) in groups.iter().zip(whole) {
            add!(inputs, rows);
        }
        if !others.is_empty() {
            for (to, x) in last_inputs.iter_mut().zip(others) {
                *to = *x;
            }
            add!(last_inputs, last_rows);
        }
        let mut parts = [[L::T::ZERO; P]; NARROW];
        let mut q = 0;
        while q < vectors {
            *L::vectors_mut(parts.as_flattened_mut()).get_mut(q)? = sums[q];
            q += 1;
        }
        let [mut total, rest @ ..] = parts;
        for part in rest {
            for (total, part) in total.iter_mut().zip(part) {
                *total += part;
            }
        }
        *outputs = *total.first_chunk::<N>()?;
    }
    Some(())
}
