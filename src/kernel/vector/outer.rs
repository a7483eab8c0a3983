//! One sample's product of inputs and output gradient, for each weight.

use super::lanes::{Job, Lanes};
use crate::Scalar;

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
