//! The way forward in vectors.

use super::at_once::{self, SUMS};
use super::lanes::{Job, Lanes};
use super::lines;
use super::loose;
use super::pad::copy_tail;
use super::product::{Product, Samples, Span, Start, tile_columns};
use crate::kernel::{Affine, Dimensions};
use crate::{Activation, Element, Relu, Scalar};

/// `outputs = inputs * weights + bias`, through the rectifier or not.
pub(super) struct Forward<'a, 'b, T> {
    pub(super) pass: &'b mut Affine<'a, T>,
    pub(super) samples: usize,
    pub(super) rectify: bool,
}

/// Of many samples, or of outputs that fill no vector of the widest.
#[inline(always)]
pub(super) fn affine<L: Lanes>(
    l: L,
    dense: Dimensions,
    forward: &mut Forward<'_, '_, L::T>,
) -> Option<()> {
    if forward.samples > 1 && at_once::pays::<L>(dense, forward.samples) {
        return at_once::many(l, dense, forward);
    }
    if forward.samples == 1 && L::SHIFTS && loose::pays(dense) {
        return loose::one(l, dense, forward);
    }
    products(l, dense, forward.samples, forward.pass)?;
    if forward.rectify {
        Relu::apply(forward.pass.outputs);
    }
    Some(())
}

#[inline(always)]
fn products<L: Lanes>(
    l: L,
    dense: Dimensions,
    samples: usize,
    pass: &mut Affine<'_, L::T>,
) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let parts = dense.parts();
    if n_out < L::WIDTH || n_out * size_of::<L::T>() < 64 {
        macro_rules! widths {
            ($($n:literal)*; $($few:literal in $whole:literal)*) => {
                match n_out {
                    $($few if samples >= PADDED_FROM && n_in <= PADDED_ROWS => {
                        l.apart(Narrow::<_, $few, $whole>(pass))
                    })*
                    $($n => l.apart(Narrow::<_, $n, $n>(pass)),)*
                    _ => None,
                }
            };
        }
        if L::IS_WIDEST {
            return widths!(2 4 6 8 10 12 14; 3 in 4 5 in 6 7 in 8);
        }
        return widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; 9 in 16 11 in 16 13 in 16 15 in 16);
    }
    let product = Product {
        rows: samples,
        a: Samples::new(pass.inputs, n_in),
        b: pass.weights,
        columns: n_out,
        start: Start::Bias(pass.bias),
        parts,
        c: pass.outputs,
    };
    l.apart(product)
}

/// Weights that are read in one go before the next columns: they stay in the nearest cache until then.
const IN_ONE_GO: usize = 4096;

/// The outputs of one sample, at least a vector of them.
#[inline(always)]
pub(super) fn one<L: Lanes>(
    l: L,
    dense: Dimensions,
    forward: &mut Forward<'_, '_, L::T>,
) -> Option<()> {
    let (n_out, parts) = (dense.outputs.get(), dense.parts());
    if L::SHIFTS && loose::pays(dense) {
        return loose::one(l, dense, forward);
    }
    let most = L::WIDTH * (SUMS >> parts.trailing_zeros());
    // outputs that fill a vector of the widest are more than these sums of narrower ones
    if !L::IS_WIDEST || !n_out.is_multiple_of(L::WIDTH) || n_out > most {
        strips(l, dense, forward.pass)?;
        if forward.rectify {
            Relu::apply(forward.pass.outputs);
        }
        return Some(());
    }
    at_once::one(l, dense, forward)
}

/// The outputs of one sample, some rows at a time.
#[inline(always)]
fn strips<L: Lanes>(l: L, dense: Dimensions, pass: &mut Affine<'_, L::T>) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let parts = dense.parts();
    if L::SHIFTS
        && parts == 1
        && n_in > 2
        && let Some(before) = lines::crossed::<L>(pass.weights, n_out)
    {
        return lines::affine(l, dense, before, pass);
    }
    // only where outputs are one sum can it be left and taken up again
    let most_rows = if parts == 1 && n_out > SUMS * L::WIDTH {
        (IN_ONE_GO / n_out).max(1)
    } else {
        n_in
    };
    let mut bias = Some(pass.bias);
    let (mut inputs, mut weights) = (pass.inputs, pass.weights);
    while !inputs.is_empty() {
        let rows = most_rows.min(inputs.len());
        let (some_inputs, some_weights);
        (some_inputs, inputs) = inputs.split_at_checked(rows)?;
        (some_weights, weights) = weights.split_at_checked(rows * n_out)?;
        some_rows(l, dense, bias, some_inputs, some_weights, pass.outputs)?;
        bias = None;
    }
    Some(())
}

/// The products of some rows, some columns at a time; without a bias sums start where they are.
#[inline(always)]
pub(super) fn some_rows<L: Lanes>(
    l: L,
    dense: Dimensions,
    bias: Option<&[L::T]>,
    inputs: &[L::T],
    weights: &[L::T],
    outputs: &mut [L::T],
) -> Option<()> {
    let (n_out, parts) = (dense.outputs.get(), dense.parts());
    let mut first = 0;
    while first < n_out {
        let end = tile_columns(L::WIDTH, SUMS >> parts.trailing_zeros(), first, n_out);
        // a vector that the rest does not fill begins before it
        let span = Span {
            stride: n_out,
            first: first.min(end - L::WIDTH),
            end,
        };
        let strip = &mut Strip {
            inputs,
            weights,
            span,
            bias,
            outputs,
        };
        macro_rules! tiles {
            ($($parts:literal: $($main:literal)*;)*) => {
                match (parts, (span.end - span.first).div_ceil(L::WIDTH)) {
                    $($(($parts, count) if count == $main + 1 => l.apart(Tile::<_, $parts, $main>(strip))?,)*)*
                    _ => return None,
                }
            };
        }
        tiles! {
            1: 0 1 2 3 4 5 6 7;
            2: 0 1 2 3;
            4: 0 1;
            8: 0;
        }
        first = end;
    }
    Some(())
}

/// Some columns of one sample.
struct Strip<'a, T> {
    inputs: &'a [T],
    weights: &'a [T],
    span: Span,
    /// Where the sums start; else where they are.
    bias: Option<&'a [T]>,
    outputs: &'a mut [T],
}

/// `PARTS` sums of `MAIN + 1` vectors, as in a tile of [`product`](super::product).
struct Tile<'a, 'b, T, const PARTS: usize, const MAIN: usize>(&'a mut Strip<'b, T>);

impl<T: Scalar, const PARTS: usize, const MAIN: usize> Job<T> for Tile<'_, '_, T, PARTS, MAIN> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Strip {
            inputs,
            weights,
            span,
            bias,
            outputs,
        } = self.0;
        let outputs = outputs.get_mut(span.first..span.end)?;
        let nothing = l.splat(-T::ZERO);
        let mut main = [[nothing; MAIN]; PARTS];
        let mut last = [nothing; PARTS];
        let start = match bias {
            Some(bias) => bias.get(span.first..span.end)?,
            None => outputs,
        };
        main[0] = *L::vectors(start).first_chunk::<MAIN>()?;
        last[0] = *L::last(start)?;
        let (groups, others) = inputs.as_chunks::<PARTS>();
        let mut rows = weights.get(span.first..)?;
        let width = span.end - span.first;
        macro_rules! add {
            ($part:ident, $x:expr) => {
                let row = rows.get(..width)?;
                rows = rows.get(span.stride..).unwrap_or_default();
                let right = L::vectors(row).first_chunk::<MAIN>()?;
                let x = l.splat($x);
                let mut q = 0;
                while q < MAIN {
                    main[$part][q] = l.multiply_add(x, right[q], main[$part][q]);
                    q += 1;
                }
                let right = L::vectors(row.get(width - L::WIDTH..)?).first()?;
                last[$part] = l.multiply_add(x, *right, last[$part]);
            };
        }
        for group in groups {
            let mut part = 0;
            while part < PARTS {
                add!(part, group[part]);
                part += 1;
            }
        }
        let mut part = 0;
        while part + 1 < PARTS {
            if let Some(x) = others.get(part) {
                add!(part, *x);
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
}

/// The sums of an output of a narrow layer.
const NARROW: usize = 8;

/// The vectors that they fill at most: 15 outputs, in vectors of 8 numbers, or 4.
const MOST_VECTORS: usize = if cfg!(target_arch = "x86_64") { 16 } else { 32 };

/// From so many samples on an odd number of outputs is worth a copy of its weights in whole vectors: the others take up to twice
/// as long.
const PADDED_FROM: usize = 4;
/// The most rows of such a copy: to clear more takes longer than it saves.
const PADDED_ROWS: usize = 32;

/// Whether outputs that do not fill one of the widest vectors gain by them: their inputs are then made by a shuffle each,
/// which there is for `f32`, or their weights copied, or read as if their rows did.
#[inline(always)]
pub(super) fn is_narrow_and_wide<T>(dense: Dimensions, samples: usize) -> bool {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    size_of::<T>() == 4
        && match n_out {
            2 | 4 | 6 | 8 | 10 | 12 | 14 => true,
            3 | 5 | 7 => samples >= PADDED_FROM && n_in <= PADDED_ROWS,
            9 | 11 | 13 | 15 if samples == 1 => loose::pays(dense),
            9 | 11 | 13 | 15 => at_once::is_worth_a_copy(dense, 1, samples),
            _ => false,
        }
}

/// `N` outputs, whose weights are copied to rows of `P` if these are longer: apart, for copies and sums make its frame large.
struct Narrow<'a, 'b, T, const N: usize, const P: usize>(&'b mut Affine<'a, T>);

impl<T: Scalar, const N: usize, const P: usize> Job<T> for Narrow<'_, '_, T, N, P> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Self(pass) = self;
        if N == P {
            return narrow::<L, N, P>(l, pass.weights.as_chunks().0, pass);
        }
        let rows = pass.weights.as_chunks::<N>().0;
        let mut padded = [[T::ZERO; P]; PADDED_ROWS];
        for (to, row) in padded.iter_mut().zip(rows) {
            *to.first_chunk_mut()? = *row;
        }
        narrow::<L, N, P>(l, padded.get(..rows.len())?, pass)
    }
}

/// `N` outputs, fewer than the widest vector has room for, and so of eight sums: the sums of all outputs lie side by side, as
/// their weights do, in rows of `P`.
#[inline(always)]
fn narrow<L: Lanes, const N: usize, const P: usize>(
    l: L,
    weights: &[[L::T; P]],
    pass: &mut Affine<'_, L::T>,
) -> Option<()> {
    // the sums fill whole vectors
    if !(P * NARROW).is_multiple_of(L::WIDTH) || N * size_of::<L::T>() >= 64 {
        return None;
    }
    let vectors = P * NARROW / L::WIDTH;
    let places = const { places::<P>() };
    let mut start = [[-L::T::ZERO; P]; NARROW];
    *start[0].first_chunk_mut::<N>()? = *pass.bias.first_chunk::<N>()?;
    let (whole, others) = weights.as_chunks::<NARROW>();
    // 0 * -0 is -0, which leaves every sum as it is
    let mut last_rows = [[-L::T::ZERO; P]; NARROW];
    for (to, row) in last_rows.iter_mut().zip(others) {
        *to = *row;
    }
    // of the eight inputs before the end of a sample, those behind whole groups
    let last_places = if others.is_empty() {
        None
    } else {
        let mut last_places = places;
        for place in last_places.as_flattened_mut() {
            *place += (NARROW - others.len()) as u32;
        }
        Some(last_places)
    };
    let mut end = 0;
    for outputs in pass.outputs.as_chunks_mut::<N>().0 {
        let begin = end;
        end += weights.len();
        let inputs = pass.inputs.get(begin..end)?;
        let mut sums = [l.splat(L::T::ZERO); MOST_VECTORS];
        let mut q = 0;
        while q < vectors {
            sums[q] = *L::vectors(start.as_flattened()).get(q)?;
            q += 1;
        }
        macro_rules! add {
            ($inputs:expr, $rows:expr, $q:ident => $picked:expr) => {
                let spread = $inputs.map(|x| [x; P]);
                let mut $q = 0;
                while $q < vectors {
                    let x = match $picked {
                        Some(x) => x,
                        None => *L::vectors(spread.as_flattened()).get($q)?,
                    };
                    let w = L::vectors($rows.as_flattened()).get($q)?;
                    sums[$q] = l.multiply_add(x, *w, sums[$q]);
                    $q += 1;
                }
            };
        }
        let (groups, rest) = inputs.as_chunks::<NARROW>();
        for (inputs, rows) in groups.iter().zip(whole) {
            add!(inputs, rows, q => l.pick(inputs, &places[q]));
        }
        if let Some(places) = &last_places {
            let mut last_inputs = [L::T::ZERO; NARROW];
            copy_tail(rest, &mut last_inputs);
            let seen = pass.inputs.get(..end)?.last_chunk::<NARROW>();
            let lanes = others.len() * P;
            add!(last_inputs, last_rows, q => seen
                .and_then(|seen| l.pick(seen, &places[q]))
                .map(|x| l.joined(x, lanes.saturating_sub(q * L::WIDTH), l.splat(L::T::ZERO))));
        }
        let mut parts = [[L::T::ZERO; P]; NARROW];
        let mut q = 0;
        while q < vectors {
            *L::vectors_mut(parts.as_flattened_mut()).get_mut(q)? = sums[q];
            q += 1;
        }
        let [mut total, parts @ ..] = parts;
        for part in parts {
            for (total, part) in total.iter_mut().zip(part) {
                *total += part;
            }
        }
        *outputs = *total.first_chunk::<N>()?;
    }
    Some(())
}

/// The input that each lane of vectors of 16 sums holds products of.
const fn places<const P: usize>() -> [[u32; 2 * NARROW]; MOST_VECTORS] {
    let mut places = [[0; 2 * NARROW]; MOST_VECTORS];
    let mut lane = 0;
    while lane < P * NARROW {
        places[lane / (2 * NARROW)][lane % (2 * NARROW)] = (lane / P) as u32;
        lane += 1;
    }
    places
}
