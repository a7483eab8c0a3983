//! The way forward of outputs that few of the widest vectors hold: all their sums are under way at once.

use super::affine::Forward;
use super::lanes::{Job, Lanes};
use crate::kernel::Dimensions;
use crate::size::Lined;
use crate::{Element, Scalar};

/// Sums of a sample that are under way at once, in vectors: enough to hide the latency of an addition.
pub(super) const SUMS: usize = 8;
/// Weights that stay in the nearest cache from some samples to the next, in numbers; of more than two vectors, which other ways
/// read less often.
const NEAR: usize = 8192;
const NEAR_OF_MORE: usize = 4096;
/// Vectors of a copy of the weights, and of small ones, which take less time to clear.
const COPIED: usize = 256;
const SOME: usize = 64;
const FEW: usize = 16;

/// Whether all sums of a sample of many go into registers.
#[inline(always)]
pub(super) fn pays<L: Lanes>(dense: Dimensions, samples: usize) -> bool {
    let (n_in, n_out, parts) = (dense.inputs.get(), dense.outputs.get(), dense.parts());
    let vectors = n_out.div_ceil(L::WIDTH);
    let near = if vectors > 2 { NEAR_OF_MORE } else { NEAR };
    let fit = parts > 1 && parts * vectors <= SUMS && n_in * vectors * L::WIDTH <= near;
    let is_worth = n_out.is_multiple_of(L::WIDTH)
        || 2 * n_out > L::WIDTH && is_worth_a_copy(dense, vectors, samples);
    L::IS_WIDEST && fit && is_worth
}

/// Whether there are enough samples to copy the weights to rows of so many whole vectors: some outputs have another way that is
/// fast, above all those of more than one vector.
#[inline(always)]
pub(super) fn is_worth_a_copy(dense: Dimensions, vectors: usize, samples: usize) -> bool {
    let n_in = dense.inputs.get();
    let from = match dense.outputs.get() {
        10 | 12 if n_in > FEW => 16,
        _ if vectors > 1 => 32,
        _ if n_in > 32 => 8,
        _ => 4,
    };
    samples >= from && n_in * vectors <= COPIED
}

// what is worth a copy pays: `affine` has no other way for all of it
const _: () = assert!(COPIED * 16 <= NEAR_OF_MORE);

/// The outputs of many samples.
#[inline(always)]
pub(super) fn many<L: Lanes>(
    l: L,
    dense: Dimensions,
    forward: &mut Forward<'_, '_, L::T>,
) -> Option<()> {
    let n_out = dense.outputs.get();
    macro_rules! ways {
        ($($parts:literal: $($count:literal)*;)*) => {
            match (dense.parts(), n_out.div_ceil(L::WIDTH)) {
                $($(
                    ($parts, $count) if n_out == $count * L::WIDTH => {
                        l.apart(Whole::<_, $parts, $count>(forward))
                    }
                    ($parts, $count) => l.apart(Copied::<_, $parts, $count>(dense, forward)),
                )*)*
                _ => None,
            }
        };
    }
    ways! {
        2: 3 4;
        4: 2;
        8: 1;
    }
}

/// The outputs of one sample, whose rows of weights are whole vectors.
#[inline(always)]
pub(super) fn one<L: Lanes>(
    l: L,
    dense: Dimensions,
    forward: &mut Forward<'_, '_, L::T>,
) -> Option<()> {
    macro_rules! rows {
        ($($parts:literal: $($count:literal)*;)*) => {
            match (dense.parts(), dense.outputs.get() / L::WIDTH) {
                $($(($parts, $count) => {
                    let (rows, _) = L::vectors(forward.pass.weights).as_chunks();
                    let bias = L::vectors(forward.pass.bias).first_chunk()?;
                    let inputs = [forward.pass.inputs];
                    let outputs = sums::<L, 1, $parts, $count>(l, rows, bias, inputs)?;
                    write(l, outputs, forward.rectify, forward.pass.outputs)
                })*)*
                _ => None,
            }
        };
    }
    rows! {
        1: 5 6 7 8;
        2: 3 4;
        4: 2;
        8: 1;
    }
}

/// The weights are in whole vectors.
struct Whole<'a, 'b, 'c, T, const PARTS: usize, const COUNT: usize>(&'c mut Forward<'a, 'b, T>);

impl<T: Scalar, const PARTS: usize, const COUNT: usize> Job<T>
    for Whole<'_, '_, '_, T, PARTS, COUNT>
{
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Self(forward) = self;
        let rows = L::vectors(forward.pass.weights).as_chunks().0;
        samples::<L, PARTS, COUNT>(l, rows, forward)
    }
}

/// They are copied to whole vectors: apart, for copies make its frame large.
struct Copied<'a, 'b, 'c, T, const PARTS: usize, const COUNT: usize>(
    Dimensions,
    &'c mut Forward<'a, 'b, T>,
);

impl<T: Scalar, const PARTS: usize, const COUNT: usize> Job<T>
    for Copied<'_, '_, '_, T, PARTS, COUNT>
{
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Self(dense, forward) = self;
        let (mut few, mut some, mut more);
        let vectors = dense.inputs.get() * COUNT;
        let slots = if vectors <= FEW {
            few = Lined::new([l.splat(T::ZERO); FEW]);
            few.values.as_mut_slice()
        } else if vectors <= SOME {
            some = Lined::new([l.splat(T::ZERO); SOME]);
            some.values.as_mut_slice()
        } else {
            more = Lined::new([l.splat(T::ZERO); COPIED]);
            more.values.as_mut_slice()
        };
        let slots = slots.as_chunks_mut().0;
        let rows = copied(l, dense.outputs.get(), forward.pass.weights, slots)?;
        samples::<L, PARTS, COUNT>(l, rows, forward)
    }
}

/// Rows of weights, in whole vectors: behind the numbers of a row are some of the next.
#[inline(always)]
fn copied<'a, L: Lanes, const COUNT: usize>(
    l: L,
    n_out: usize,
    weights: &[L::T],
    rows: &'a mut [[L::V; COUNT]],
) -> Option<&'a [[L::V; COUNT]]> {
    let mut n_in = 0;
    let mut rest = weights;
    while let Some(row) = L::vectors(rest).first_chunk() {
        *rows.get_mut(n_in)? = *row;
        rest = rest.get(n_out..)?;
        n_in += 1;
    }
    while !rest.is_empty() {
        *rows.get_mut(n_in)? = read(l, rest);
        rest = rest.get(n_out..)?;
        n_in += 1;
    }
    rows.get(..n_in)
}

/// A row of fewer numbers than the vectors hold, or as many.
#[inline(always)]
fn read<L: Lanes, const COUNT: usize>(l: L, row: &[L::T]) -> [L::V; COUNT] {
    let mut vectors = [l.splat(L::T::ZERO); COUNT];
    let mut rest = row;
    for vector in &mut vectors {
        let part;
        (part, rest) = rest.split_at(rest.len().min(L::WIDTH));
        *vector = l.read_some(part);
    }
    vectors
}

/// The outputs of many samples, three at a time.
#[inline(always)]
fn samples<L: Lanes, const PARTS: usize, const COUNT: usize>(
    l: L,
    weights: &[[L::V; COUNT]],
    forward: &mut Forward<'_, '_, L::T>,
) -> Option<()> {
    let (n_in, n_out) = (weights.len(), forward.pass.bias.len());
    let bias = &read(l, forward.pass.bias);
    let mut inputs = forward.pass.inputs;
    let mut outputs = &mut *forward.pass.outputs;
    macro_rules! tiles {
        ($($count:literal: $($x:ident)*;)*) => {$(
            while outputs.len() >= $count * n_out {
                let (some, rest) = outputs.split_at_mut_checked($count * n_out)?;
                $(
                    let $x;
                    ($x, inputs) = inputs.split_at_checked(n_in)?;
                )*
                let sums = sums::<L, $count, PARTS, COUNT>(l, weights, bias, [$($x),*])?;
                write(l, sums, forward.rectify, some)?;
                outputs = rest;
            }
        )*};
    }
    tiles! {
        3: a b c;
        2: a b;
        1: a;
    }
    Some(())
}

/// Of `MR` samples `PARTS` sums of `COUNT` vectors each, added; the compiler sees that every load of weights fits.
#[inline(always)]
fn sums<L: Lanes, const MR: usize, const PARTS: usize, const COUNT: usize>(
    l: L,
    weights: &[[L::V; COUNT]],
    bias: &[L::V; COUNT],
    inputs: [&[L::T]; MR],
) -> Option<[[L::V; COUNT]; MR]> {
    let mut sums = [[[l.splat(-L::T::ZERO); COUNT]; PARTS]; MR];
    let mut groups: [&[[L::T; PARTS]]; MR] = [&[]; MR];
    let mut others: [&[L::T]; MR] = [&[]; MR];
    let mut i = 0;
    while i < MR {
        sums[i][0] = *bias;
        (groups[i], others[i]) = inputs[i].as_chunks();
        i += 1;
    }
    macro_rules! add {
        ($part:ident, $row:expr, $values:expr) => {
            let mut i = 0;
            while i < MR {
                let x = l.splat($values[i]);
                let mut q = 0;
                while q < COUNT {
                    sums[i][$part][q] = l.multiply_add(x, $row[q], sums[i][$part][q]);
                    q += 1;
                }
                i += 1;
            }
        };
    }
    let (row_groups, other_rows) = weights.as_chunks::<PARTS>();
    let mut group = 0;
    while group < row_groups.len() {
        let rows = row_groups.get(group)?;
        let mut values = [[L::T::ZERO; MR]; PARTS];
        let mut i = 0;
        while i < MR {
            let inputs = groups[i].get(group)?;
            let mut part = 0;
            while part < PARTS {
                values[part][i] = inputs[part];
                part += 1;
            }
            i += 1;
        }
        let mut part = 0;
        while part < PARTS {
            add!(part, rows[part], values[part]);
            part += 1;
        }
        group += 1;
    }
    let mut part = 0;
    while part + 1 < PARTS {
        if let Some(row) = other_rows.get(part) {
            let mut values = [L::T::ZERO; MR];
            let mut i = 0;
            while i < MR {
                values[i] = *others[i].get(part)?;
                i += 1;
            }
            add!(part, row, values);
        }
        part += 1;
    }
    let mut outputs = [*bias; MR];
    let mut i = 0;
    while i < MR {
        outputs[i] = sums[i][0];
        let mut part = 1;
        while part < PARTS {
            let mut q = 0;
            while q < COUNT {
                outputs[i][q] = l.add(outputs[i][q], sums[i][part][q]);
                q += 1;
            }
            part += 1;
        }
        i += 1;
    }
    Some(outputs)
}

/// Writes rows, one after the other.
#[inline(always)]
fn write<L: Lanes, const MR: usize, const COUNT: usize>(
    l: L,
    outputs: [[L::V; COUNT]; MR],
    rectify: bool,
    rows: &mut [L::T],
) -> Option<()> {
    for (mut sums, row) in outputs
        .into_iter()
        .zip(rows.chunks_exact_mut(rows.len() / MR))
    {
        // here, and not in place: a load of what was just written there waits
        if rectify {
            let mut q = 0;
            while q < COUNT {
                sums[q] = l.rectify(sums[q]);
                q += 1;
            }
        }
        if let Some(row) = L::vectors_mut(row).first_chunk_mut() {
            *row = sums;
            continue;
        }
        let (last, main) = sums.split_last()?;
        let (vectors, part) = row.split_at_mut(main.len() * L::WIDTH);
        L::vectors_mut(vectors).copy_from_slice(main);
        l.write_some(*last, part);
    }
    Some(())
}
