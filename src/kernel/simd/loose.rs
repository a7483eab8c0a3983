//! The way forward of one sample where rows of weights begin and end anywhere in vectors.
//!
//! A row is read as if it were vectors as a whole: what lies behind its end, numbers of the next row, goes to lanes that are no
//! outputs, and which nobody looks at. Only behind the last row there is nothing to read.

use super::affine::Forward;
use super::lanes::{Job, Lanes};
use crate::Scalar;
use crate::kernel::Dimensions;

/// Of the widest vector of `f32`.
const LANES: usize = 16;
/// Nine to fourteen outputs of more inputs are faster with several rows in a vector.
const INPUTS: usize = 20;

/// Whether outputs are of more than one sum, do not fill their last vector, and are faster so.
#[inline(always)]
pub(super) fn pays(dense: Dimensions) -> bool {
    match dense.outputs.get() {
        ..9 => false,
        9..15 => dense.inputs.get() <= INPUTS,
        n_out => dense.parts() > 1 && !n_out.is_multiple_of(LANES),
    }
}

/// For outputs that it [`pays`] for.
#[inline(always)]
pub(super) fn one<L: Lanes>(
    l: L,
    dense: Dimensions,
    forward: &mut Forward<'_, '_, L::T>,
) -> Option<()> {
    match (dense.parts(), dense.outputs.get().div_ceil(L::WIDTH)) {
        (8, 1) => l.apart(Loose::<_, 8, 1>(forward)),
        (4, 2) => l.apart(Loose::<_, 4, 2>(forward)),
        (2, 3) => l.apart(Loose::<_, 2, 3>(forward)),
        (2, 4) => l.apart(Loose::<_, 2, 4>(forward)),
        _ => None,
    }
}

/// `PARTS` sums of `COUNT` vectors, all under way at once.
struct Loose<'a, 'b, 'c, T, const PARTS: usize, const COUNT: usize>(&'c mut Forward<'a, 'b, T>);

impl<T: Scalar, const PARTS: usize, const COUNT: usize> Job<T>
    for Loose<'_, '_, '_, T, PARTS, COUNT>
{
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()> {
        let Forward { pass, rectify, .. } = self.0;
        let n_out = pass.bias.len();
        let lanes = n_out.checked_sub((COUNT - 1) * L::WIDTH)?;
        let mut sums = [[l.splat(-T::ZERO); COUNT]; PARTS];
        sums[0] = if COUNT == 1 {
            [l.read_some(pass.bias); COUNT]
        } else {
            ending::<L, COUNT>(l, pass.bias, lanes)?
        };
        let (last_x, inputs) = pass.inputs.split_last()?;
        let mut rows = pass.weights;
        macro_rules! add {
            ($part:ident, $x:expr, $row:expr) => {
                let (x, row): (_, [L::V; COUNT]) = (l.splat($x), $row);
                let mut q = 0;
                while q < COUNT {
                    sums[$part][q] = l.multiply_add(x, row[q], sums[$part][q]);
                    q += 1;
                }
            };
        }
        macro_rules! add_next {
            ($part:ident, $x:expr) => {
                add!($part, $x, *L::vectors(rows).first_chunk()?);
                rows = rows.get(n_out..)?;
            };
        }
        let (groups, others) = inputs.as_chunks::<PARTS>();
        for group in groups {
            let mut part = 0;
            while part < PARTS {
                add_next!(part, group[part]);
                part += 1;
            }
        }
        let last_row = ending::<L, COUNT>(l, pass.weights, lanes)?;
        let mut part = 0;
        while part < PARTS {
            if let Some(x) = others.get(part) {
                add_next!(part, *x);
            } else if part == others.len() {
                add!(part, *last_x, last_row);
            }
            part += 1;
        }
        let mut outputs = sums[0];
        let mut part = 1;
        while part < PARTS {
            let mut q = 0;
            while q < COUNT {
                outputs[q] = l.add(outputs[q], sums[part][q]);
                q += 1;
            }
            part += 1;
        }
        let mut q = 0;
        while *rectify && q < COUNT {
            outputs[q] = l.rectify(outputs[q]);
            q += 1;
        }
        let (last, main) = outputs.split_last()?;
        let Some(before) = main.last() else {
            l.write_some(*last, pass.outputs);
            return Some(());
        };
        for (to, from) in L::vectors_mut(pass.outputs).iter_mut().zip(main) {
            *to = *from;
        }
        *L::last_mut(pass.outputs)? = l.shifted(*before, *last, lanes)?;
        Some(())
    }
}

/// Vectors of numbers that others end with, so many of them in the last.
#[inline(always)]
fn ending<L: Lanes, const COUNT: usize>(
    l: L,
    numbers: &[L::T],
    lanes: usize,
) -> Option<[L::V; COUNT]> {
    let end = *L::last(numbers)?;
    let mut vectors = [l.shifted(end, end, L::WIDTH - lanes)?; COUNT];
    let start = numbers.len().checked_sub((COUNT - 1) * L::WIDTH + lanes);
    let mut rest = L::vectors(numbers.get(start?..)?).iter();
    let mut q = 0;
    while q + 1 < COUNT {
        vectors[q] = *rest.next()?;
        q += 1;
    }
    Some(vectors)
}
