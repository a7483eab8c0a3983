//! One sample: a forward pass whose partial sums are under way at once, and the product of inputs
//! and output gradient for each weight.

use super::lanes::{Job, Lanes, each};
use super::product::{fold, rectified};
use super::transpose::EIGHT;
use super::{Run, Vectors};
use crate::Scalar;
use crate::kernel::{Affine, Dimensions};

/// Vectors of sums that are under way at once: an addition takes four cycles, in each of which two
/// can begin.
const SUMS: usize = 8;

/// `outputs = inputs * weights + bias` for one sample of at least eight outputs.
#[inline(always)]
pub(super) fn run<T: Run>(
    vectors: Vectors,
    dense: Dimensions,
    pass: &mut Affine<'_, T>,
    rectify: bool,
) {
    let (n_out, parts) = (dense.outputs.get(), dense.parts());
    let count = vectors.of_a_strip::<T>(n_out, SUMS >> parts.trailing_zeros());
    let width = count * vectors.width::<T>();
    let mut end = 0;
    while end < n_out {
        // one that the rest does not fill computes some sums again, to the same bits
        let first = end.min(n_out.saturating_sub(width));
        end = n_out.min(first + width);
        let pass = &mut *pass;
        macro_rules! run {
            ($parts:literal, $count:literal) => {
                T::run(
                    vectors,
                    One::<_, $parts, $count> {
                        pass,
                        first,
                        end,
                        rectify,
                    },
                )
            };
        }
        match (parts, count) {
            (8, _) => run!(8, 1),
            (4, _) => run!(4, 2),
            (2, ..=3) => run!(2, 3),
            (2, _) => run!(2, 4),
            (_, ..=5) => run!(1, 5),
            (_, 6) => run!(1, 6),
            (_, 7) => run!(1, 7),
            _ => run!(1, 8),
        }
    }
}

/// `N` vectors of sums, from the `first` output to the `end`.
struct One<'a, 'b, T, const PARTS: usize, const N: usize> {
    pass: &'b mut Affine<'a, T>,
    first: usize,
    end: usize,
    rectify: bool,
}

impl<T: Scalar, const PARTS: usize, const N: usize> Job<T> for One<'_, '_, T, PARTS, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        let Self {
            pass,
            first,
            end,
            rectify,
        } = self;
        let stride = pass.bias.len();
        let (bias, outputs) = (&pass.bias[first..end], &mut pass.outputs[first..end]);
        let weights = &pass.weights[first..];
        let mut sums = [[[l.splat(-T::ZERO); N]; 1]; PARTS];
        let is_narrow = PARTS == 8 && L::WIDTH > EIGHT && bias.len() < L::WIDTH;
        if is_narrow {
            // rows are read past their end, but for the last: nobody looks at the lanes behind it
            let (last, inputs) = pass.inputs.split_last().expect("there are inputs");
            let row = l.read_few(&weights[inputs.len() * stride..]);
            sums[0] = [[l.read_few(bias); N]];
            sums = add_products(l, inputs, (weights, stride, L::WIDTH), sums);
            each!(part below PARTS => if part == inputs.len() % PARTS {
                sums[part] = [[l.multiply_add(l.splat(*last), row, sums[part][0][0]); N]];
            });
        } else {
            sums[0] = [l.read(bias)];
            sums = add_products(l, pass.inputs, (weights, stride, bias.len()), sums);
        }
        let [mut totals] = fold(l, sums);
        if rectify {
            totals = rectified(l, totals);
        }
        if is_narrow {
            l.write_few(totals[0], outputs);
        } else {
            l.write(totals, outputs);
        }
    }
}

#[inline(always)]
fn add_products<L: Lanes, const PARTS: usize, const N: usize>(
    l: L,
    left: &[L::T],
    (right, stride, width): (&[L::T], usize, usize),
    mut sums: [[[L::V; N]; 1]; PARTS],
) -> [[[L::V; N]; 1]; PARTS] {
    let mut rest = right;
    macro_rules! add {
        ($part:ident, $x:expr) => {
            let row: [L::V; N] = l.read(&rest[..width]);
            rest = rest.get(stride..).unwrap_or_default();
            let x = l.splat($x);
            let mut q = 0;
            while q < N {
                sums[$part][0][q] = l.multiply_add(x, row[q], sums[$part][0][q]);
                q += 1;
            }
        };
    }
    let (groups, others) = left.as_chunks::<PARTS>();
    for group in groups {
        each!(part below PARTS => { add!(part, group[part]); });
    }
    each!(part below PARTS - 1 => if let Some(x) = others.get(part) {
        add!(part, *x);
    });
    let _ = rest;
    sums
}

/// What a weight, or its gradient, becomes by the product of its input and output gradient.
#[derive(Clone, Copy)]
pub(super) enum Update<T> {
    /// The product.
    Write,
    /// The sum with the product.
    Add,
    /// The weight less the product times this rate.
    Descend(T),
}

/// `weights[input][output]`, with at least a vector of outputs.
pub(super) struct Outer<'a, T> {
    pub(super) update: Update<T>,
    pub(super) inputs: &'a [T],
    pub(super) slopes: &'a [T],
    pub(super) weights: &'a mut [T],
}

impl<T: Scalar> Job<T> for Outer<'_, T> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        let Self {
            update,
            inputs,
            slopes,
            weights,
        } = self;
        let nothing = l.splat(-T::ZERO);
        macro_rules! rows {
            (|$x:ident, $slope:ident, $w:ident| $next:expr) => {
                let last = slopes.len() - L::WIDTH;
                let others = last.next_multiple_of(L::WIDTH);
                for (x, row) in inputs.iter().zip(weights.chunks_exact_mut(slopes.len())) {
                    let $x = l.splat(*x);
                    // the last vector may overlap the one before it, which is written before it
                    let ($slope, $w) =
                        (L::vectors(&slopes[last..])[0], L::vectors(&row[last..])[0]);
                    let end = $next;
                    for (w, slope) in L::vectors_mut(&mut row[..others])
                        .iter_mut()
                        .zip(L::vectors(slopes))
                    {
                        let ($slope, $w) = (*slope, *w);
                        *w = $next;
                    }
                    L::vectors_mut(&mut row[last..])[0] = end;
                }
            };
        }
        match update {
            Update::Write => {
                rows!(|x, slope, _w| l.multiply_add(x, slope, nothing));
            }
            Update::Add => {
                rows!(|x, slope, w| l.multiply_add(x, slope, w));
            }
            Update::Descend(rate) => {
                let rate = l.splat(rate);
                rows!(|x, slope, w| l.subtract(w, l.multiply(rate, l.multiply(x, slope))));
            }
        }
    }
}
