//! One sample with more weights, of `f32`, than the nearest cache has room for, in rows that begin anywhere in a line of it: the
//! way forward, and what becomes of the weights.
//!
//! A vector across two lines takes two loads or stores, and waits for both lines. Here every line is loaded or written once.
//! Forward two that follow each other are shifted to a vector of a row: by a shuffle, for which there is time while lines
//! arrive.

use super::affine::some_rows;
use super::lanes::{Job, Lanes};
use super::product::tile_columns;
use super::weight_gradient::Next;
use crate::Scalar;
use crate::kernel::{Affine, Dimensions};
use crate::size::Line;

/// So many numbers do not fit into the nearest cache.
pub(super) const BEYOND_NEAREST: usize = 12_288;
/// Weights that are read in one go before the next columns: more than elsewhere, for columns are sixteen vectors wide.
const IN_ONE_GO: usize = 16_384;
/// Vectors of sums that are under way at once, in half of the registers.
const SUMS: usize = 16;

/// Of rows beyond the nearest cache that cross lines of it, the numbers before the first whole line.
#[inline(always)]
pub(super) fn crossed<L: Lanes>(rows: &[L::T], columns: usize) -> Option<usize> {
    // what is in it is loaded twice sooner than it is shifted
    if rows.len() < BEYOND_NEAREST {
        return None;
    }
    let before = rows.as_ptr().align_offset(align_of::<Line>());
    let cross = before > 0 || !columns.is_multiple_of(L::WIDTH);
    (cross && before < L::WIDTH).then_some(before)
}

/// `outputs = inputs * weights + bias` for outputs of one sum, which can be left and taken up again, and three inputs or more.
#[inline(always)]
pub(super) fn affine<L: Lanes>(
    l: L,
    dense: Dimensions,
    before: usize,
    pass: &mut Affine<'_, L::T>,
) -> Option<()> {
    let n_out = dense.outputs.get();
    let outputs = &mut *pass.outputs;
    // of the first row and the last there are parts of lines
    let (first, inputs) = pass.inputs.split_at_checked(1)?;
    let (first_row, _) = pass.weights.split_at_checked(n_out)?;
    some_rows(l, dense, Some(pass.bias), first, first_row, outputs)?;
    let (mut inputs, last) = inputs.split_at_checked(inputs.len() - 1)?;
    let lines = pass.weights.get(before..)?;
    let mut row = n_out.checked_sub(before)?;
    while !inputs.is_empty() {
        let some;
        let rows = (IN_ONE_GO / n_out).clamp(1, inputs.len());
        (some, inputs) = inputs.split_at_checked(rows)?;
        let mut first = 0;
        while first < n_out {
            let end = tile_columns(L::WIDTH, SUMS, first, n_out);
            let strip = &mut Strip {
                inputs: some,
                lines,
                first: row + first,
                stride: n_out,
                outputs: outputs.get_mut(first..end)?,
            };
            macro_rules! tiles {
                ($($count:literal)*) => {
                    match (end - first).div_ceil(L::WIDTH) {
                        $($count => l.apart(Tile::<_, $count>(strip))?,)*
                        _ => return None,
                    }
                };
            }
            tiles!(5 6 7 8 9 10 11 12 13 14 15 16);
            first = end;
        }
        row += rows * n_out;
    }
    let (_, last_row) = pass.weights.split_at_checked(pass.weights.len() - n_out)?;
    some_rows(l, dense, None, last, last_row, outputs)
}

/// Some columns of one sample.
struct Strip<'a, T> {
    inputs: &'a [T],
    /// The weights from the first whole line on.
    lines: &'a [T],
    /// Where those of the first input are.
    first: usize,
    stride: usize,
    /// Where the sums start.
    outputs: &'a mut [T],
}

/// Sums of `COUNT` vectors, the last of which may be a part.
struct Tile<'a, 'b, T, const COUNT: usize>(&'a mut Strip<'b, T>);

impl<T: Scalar, const COUNT: usize> Job<T> for Tile<'_, '_, T, COUNT> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Strip {
            inputs,
            lines,
            first,
            stride,
            outputs,
        } = self.0;
        let (whole, part) = outputs.split_at_mut_checked((COUNT - 1) * L::WIDTH)?;
        let mut sums = [l.read_some(part); COUNT];
        for (sum, start) in sums.iter_mut().zip(L::vectors(whole)) {
            *sum = *start;
        }
        let lines = L::vectors(lines);
        let mut place = *first;
        for x in *inputs {
            let (line, next_lines) = lines.get(place / L::WIDTH..)?.split_first()?;
            let next_lines = next_lines.first_chunk::<COUNT>()?;
            let by = place % L::WIDTH;
            let x = l.splat(*x);
            let mut line = *line;
            let mut q = 0;
            while q < COUNT {
                let w = l.shifted(line, next_lines[q], by)?;
                sums[q] = l.multiply_add(x, w, sums[q]);
                line = next_lines[q];
                q += 1;
            }
            place += *stride;
        }
        for (sum, end) in sums.iter().zip(L::vectors_mut(whole)) {
            *end = *sum;
        }
        l.write_some(sums[COUNT - 1], part);
        Some(())
    }
}

/// What becomes of the weights, or of their gradient, written as whole lines: the end of a row and the beginning of the
/// next are one vector, whose inputs and slopes are shifted to where they are.
pub(super) struct Weights<'a, T, N> {
    /// Weights before the first whole line.
    pub(super) before: usize,
    pub(super) inputs: &'a [T],
    pub(super) slopes: &'a [T],
    pub(super) weights: &'a mut [T],
    pub(super) next: N,
}

impl<T: Scalar, N: Next<T>> Job<T> for Weights<'_, T, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Self {
            before,
            inputs,
            slopes,
            weights,
            next,
        } = self;
        let (first_slopes, last_slopes) = (*L::vectors(slopes).first()?, *L::last(slopes)?);
        let (first, weights) = weights.split_at_mut_checked(before)?;
        let (x, mut inputs) = inputs.split_first()?;
        let mut x = l.splat(*x);
        let some = next.next(l, x, first_slopes, l.read_some(first));
        l.write_some(some, first);
        let whole = weights.len() / L::WIDTH * L::WIDTH;
        let (lines, last) = weights.split_at_mut_checked(whole)?;
        let mut lines = L::vectors_mut(lines);
        let mut column = before;
        loop {
            let rest = slopes.get(column..)?;
            let row_slopes = L::vectors(rest);
            let (row, others) = lines.split_at_mut_checked(row_slopes.len())?;
            lines = others;
            for (weight, slope) in row.iter_mut().zip(row_slopes) {
                *weight = next.next(l, x, *slope, *weight);
            }
            let left = rest.len() % L::WIDTH;
            let Some((next_x, next_inputs)) = inputs.split_first() else {
                let slopes = l.read_some(slopes.get(slopes.len() - left..)?);
                let some = next.next(l, x, slopes, l.read_some(last));
                l.write_some(some, last);
                return Some(());
            };
            inputs = next_inputs;
            let next_x = l.splat(*next_x);
            column = 0;
            if left > 0 {
                let by = L::WIDTH - left;
                let slopes = l.shifted(last_slopes, first_slopes, by)?;
                let (weight, others) = core::mem::take(&mut lines).split_first_mut()?;
                lines = others;
                *weight = next.next(l, l.shifted(x, next_x, by)?, slopes, *weight);
                column = by;
            }
            x = next_x;
        }
    }
}
