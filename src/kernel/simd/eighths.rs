//! The gradient of inputs for few samples, where rows of weights begin anywhere in a line of the cache.
//!
//! A vector across two lines takes two loads, and waits for both. Here none does: whatever the length of rows, those that are
//! eight apart begin at the same place of a vector, and share the slopes that belong to its lanes. The first lane of a row
//! then holds another partial sum than the first; but sums that are four lanes apart, then two, then one, are the same pairs
//! from whichever lane they are counted, and an addition has the same result with its terms changed about.

use core::ops::Range;

use super::lanes::{Job, Lanes};
use super::lines::BEYOND_NEAREST;
use super::pad::PARTS;
use crate::kernel::{Dimensions, InputGradient};
use crate::{Element, Scalar};

/// From so many rows on: a block has 48, 56 or 64.
const ROWS: usize = 64;
/// From so many outputs on it pays where rows are whole vectors, of which then the first and the last are parts.
const OUTPUTS: usize = 48;

/// Computes the gradients of as many inputs as it pays for, and returns which they are.
#[inline(always)]
pub(super) fn rows<L: Lanes>(
    l: L,
    dense: Dimensions,
    pass: &mut InputGradient<'_, L::T>,
) -> Option<Range<usize>> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let none = Some(0..0);
    if L::WIDTH != PARTS || n_in < ROWS {
        return none;
    }
    // weights before the first whole vector of a line; a block begins with a whole one, for which row 0 then has not enough
    // before it
    let lead = pass
        .weights
        .as_ptr()
        .align_offset(size_of::<[L::T; PARTS]>());
    let start = match (lead, n_out % PARTS) {
        (0, 0) => return none,
        (0, _) => 0,
        (1..PARTS, 1..PARTS) => PARTS,
        // rows in the nearest cache, loaded twice, take less time than parts of vectors
        (1..PARTS, 0) if n_out >= OUTPUTS && pass.weights.len() >= BEYOND_NEAREST => PARTS,
        _ => return none,
    };
    if n_in < start + ROWS {
        return none;
    }
    // of the vector in which a block begins, for its rows are a multiple of eight
    let before = (PARTS - lead) % PARTS;
    let mut first = start;
    loop {
        let weights = pass.weights.get(first * n_out - before..)?;
        // eight rows are as many vectors as a row has numbers, and one more if they begin within one
        let vectors = (weights.len() / PARTS).saturating_sub(usize::from(before > 0));
        let count = PARTS.min(vectors / n_out);
        macro_rules! blocks {
            ($($count:literal)*) => {
                match count {
                    $($count => l.apart(Block::<_, $count> {
                        weights,
                        before,
                        first,
                        dense,
                        output_gradient: pass.output_gradient,
                        input_gradient: pass.input_gradient,
                    })?,)*
                    _ => return Some(start..first),
                }
            };
        }
        blocks!(6 7 8);
        first += count * PARTS;
    }
}

/// Rows of weights, eight times `N`, `N` of them at a time.
struct Block<'a, T, const N: usize> {
    /// From the vector on in which the first row begins.
    weights: &'a [T],
    /// Weights of that vector before the first row.
    before: usize,
    /// The number of the first row.
    first: usize,
    dense: Dimensions,
    output_gradient: &'a [T],
    input_gradient: &'a mut [T],
}

impl<T: Scalar, const N: usize> Job<T> for Block<'_, T, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let (n_in, n_out) = (self.dense.inputs.get(), self.dense.outputs.get());
        let vectors = n_out + usize::from(self.before > 0);
        let mut rows = [L::vectors(self.weights); N];
        let mut rest = rows[0];
        let mut i = 0;
        while i < N {
            rows[i] = rest.get(..vectors)?;
            rest = rest.get(n_out..)?;
            i += 1;
        }
        let (mut slopes, mut gradients) = (self.output_gradient, self.input_gradient);
        while let Some((dy, other_slopes)) = slopes.split_at_checked(n_out)
            && !dy.is_empty()
        {
            let (dx, other_gradients) = gradients.split_at_mut_checked(n_in)?;
            let dx = dx.get_mut(self.first..self.first + N * PARTS)?;
            sample(l, &rows, self.before, dy, dx)?;
            (slopes, gradients) = (other_slopes, other_gradients);
        }
        Some(())
    }
}

/// The gradients of the block's inputs for a sample.
#[inline(always)]
fn sample<L: Lanes, const N: usize>(
    l: L,
    rows: &[&[L::V]; N],
    before: usize,
    slopes: &[L::T],
    gradients: &mut [L::T],
) -> Option<()> {
    let (zero, nothing) = (l.splat(L::T::ZERO), l.splat(-L::T::ZERO));
    let mut totals = [zero; PARTS];
    let mut place = before;
    let mut r = 0;
    while r < PARTS {
        let mut o = place / PARTS;
        let mut sums = [nothing; PARTS];
        macro_rules! add {
            ($o:expr, $dy:expr, $w:ident => $weights:expr) => {
                let dy = $dy;
                let mut i = 0;
                while i < N {
                    let $w = *rows[i].get($o)?;
                    sums[i] = l.multiply_add($weights, dy, sums[i]);
                    i += 1;
                }
            };
        }
        // lanes of other rows: 0 * -0 is -0, which leaves every sum as it is
        let before = place % PARTS;
        let dy = l.rotate(*L::vectors(slopes).first()?, before);
        add!(o, l.joined(nothing, before, dy), w => l.joined(zero, before, w));
        o += 1;
        let rest = slopes.get(PARTS - before..)?;
        for dy in L::vectors(rest) {
            add!(o, *dy, w => w);
            o += 1;
        }
        let left = rest.len() % PARTS;
        if left > 0 {
            let dy = l.rotate(*L::last(slopes)?, left);
            add!(o, l.joined(dy, left, nothing), w => l.joined(w, left, zero));
        }
        totals[r] = l.folded(sums);
        place += slopes.len();
        r += 1;
    }
    // a row of each eight in a vector, to eight rows
    for (dx, total) in L::vectors_mut(gradients).iter_mut().zip(l.turn(totals)) {
        *dx = total;
    }
    Some(())
}
