//! Layers of fewer outputs than a vector has lanes: the weights of eight inputs lie side by side,
//! and are whole vectors.

use super::lanes::{Job, Lanes};
use super::transpose::EIGHT;
use crate::kernel::{Affine, InputGradient, WeightGradient};
use crate::{Element, Scalar};

/// `outputs = inputs * weights + bias` for `N` outputs.
pub(super) struct FewForward<'a, 'b, T, const N: usize>(pub(super) &'b mut Affine<'a, T>);
/// The gradient of the weights of `N` outputs.
pub(super) struct FewWeights<'a, 'b, T, const N: usize>(pub(super) &'b mut WeightGradient<'a, T>);
/// The gradient of the inputs of `N` outputs.
pub(super) struct FewInputs<'a, 'b, T, const N: usize>(pub(super) &'b mut InputGradient<'a, T>);

impl<T: Scalar, const N: usize> Job<T> for FewForward<'_, '_, T, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        forward::<L, N>(l, self.0);
    }
}

impl<T: Scalar, const N: usize> Job<T> for FewWeights<'_, '_, T, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        weights::<L, N>(l, self.0);
    }
}

impl<T: Scalar, const N: usize> Job<T> for FewInputs<'_, '_, T, N> {
    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        inputs::<L, N>(l, self.0);
    }
}

/// The weights of eight inputs, or as many numbers.
type Block<T, const N: usize> = [[T; N]; EIGHT];
/// The vectors of a block at most: of 15 `f32`, or 7 `f64`, in vectors of 128 bits.
const MOST: usize = 32;

/// Vectors of a block.
#[inline(always)]
fn vectors<L: Lanes, const N: usize>(l: L, block: &Block<L::T, N>) -> [L::V; MOST] {
    let mut vectors = [l.splat(L::T::ZERO); MOST];
    let mut q = 0;
    while q < N * EIGHT / L::WIDTH {
        vectors[q] = L::vectors(block.as_flattened())[q];
        q += 1;
    }
    vectors
}

/// `sums + left * right`, number by number.
#[inline(always)]
fn add_products<L: Lanes, const N: usize>(
    l: L,
    left: &Block<L::T, N>,
    right: &[L::V; MOST],
    mut sums: [L::V; MOST],
) -> [L::V; MOST] {
    let mut q = 0;
    while q < N * EIGHT / L::WIDTH {
        sums[q] = l.multiply_add(L::vectors(left.as_flattened())[q], right[q], sums[q]);
        q += 1;
    }
    sums
}

#[inline(always)]
fn write<L: Lanes, const N: usize>(vectors: [L::V; MOST], block: &mut Block<L::T, N>) {
    let mut q = 0;
    while q < N * EIGHT / L::WIDTH {
        L::vectors_mut(block.as_flattened_mut())[q] = vectors[q];
        q += 1;
    }
}

/// Each of eight inputs as often as there are outputs.
#[inline(always)]
fn spread<T: Scalar, const N: usize>(inputs: &[T; EIGHT]) -> Block<T, N> {
    let mut block = [[T::ZERO; N]; EIGHT];
    let mut i = 0;
    while i < EIGHT {
        block[i] = [inputs[i]; N];
        i += 1;
    }
    block
}

/// Fewer than eight, and others behind them.
#[inline(always)]
fn filled<T: Copy>(some: &[T], other: T) -> [T; EIGHT] {
    let mut eight = [other; EIGHT];
    for (slot, value) in eight.iter_mut().zip(some) {
        *slot = *value;
    }
    eight
}

/// The sum of eight partial sums of each output, in the order of the contract.
#[inline(always)]
fn fold<T: Scalar, const N: usize>(mut parts: Block<T, N>) -> [T; N] {
    let mut half = EIGHT / 2;
    while half > 0 {
        let mut part = 0;
        while part < half {
            let mut o = 0;
            while o < N {
                parts[part][o] += parts[part + half][o];
                o += 1;
            }
            part += 1;
        }
        half /= 2;
    }
    parts[0]
}

#[inline(always)]
fn forward<L: Lanes, const N: usize>(l: L, pass: &mut Affine<'_, L::T>) {
    let nothing = -L::T::ZERO;
    let weights = pass.weights.as_chunks::<N>().0;
    let (blocks, others) = weights.as_chunks::<EIGHT>();
    // 0 * -0 is -0, which leaves every sum as it is
    let last = filled(others, [nothing; N]);
    let mut start = [[nothing; N]; EIGHT];
    start[0].copy_from_slice(pass.bias);
    let start = vectors(l, &start);
    for (inputs, outputs) in pass
        .inputs
        .chunks_exact(weights.len())
        .zip(pass.outputs.as_chunks_mut::<N>().0)
    {
        let mut sums = start;
        let (groups, rest) = inputs.as_chunks::<EIGHT>();
        for (inputs, block) in groups.iter().zip(blocks) {
            sums = add_products::<L, N>(l, block, &vectors::<L, N>(l, &spread(inputs)), sums);
        }
        if !rest.is_empty() {
            let inputs = filled(rest, L::T::ZERO);
            sums = add_products::<L, N>(l, &last, &vectors::<L, N>(l, &spread(&inputs)), sums);
        }
        let mut parts = [[nothing; N]; EIGHT];
        write::<L, N>(sums, &mut parts);
        *outputs = fold(parts);
    }
}

#[inline(always)]
fn weights<L: Lanes, const N: usize>(l: L, pass: &mut WeightGradient<'_, L::T>) {
    if pass.fresh {
        pass.weights.fill(-L::T::ZERO);
        pass.bias.fill(-L::T::ZERO);
    }
    let weights = pass.weights.as_chunks_mut::<N>().0;
    let n_in = weights.len();
    let (blocks, others) = weights.as_chunks_mut::<EIGHT>();
    for (inputs, slopes) in pass
        .inputs
        .chunks_exact(n_in)
        .zip(pass.output_gradient.as_chunks::<N>().0)
    {
        for (sum, slope) in pass.bias.iter_mut().zip(slopes) {
            *sum += *slope;
        }
        let slopes = vectors(l, &[*slopes; EIGHT]);
        let (groups, rest) = inputs.as_chunks::<EIGHT>();
        for (inputs, block) in groups.iter().zip(&mut *blocks) {
            let sums = vectors(l, block);
            write::<L, N>(
                add_products::<L, N>(l, &spread(inputs), &slopes, sums),
                block,
            );
        }
        if !rest.is_empty() {
            let mut block = filled(others, [L::T::ZERO; N]);
            let sums = vectors(l, &block);
            let inputs = spread(&filled(rest, L::T::ZERO));
            write::<L, N>(add_products::<L, N>(l, &inputs, &slopes, sums), &mut block);
            for (weights, row) in others.iter_mut().zip(block) {
                *weights = row;
            }
        }
    }
}

#[inline(always)]
fn inputs<L: Lanes, const N: usize>(l: L, pass: &mut InputGradient<'_, L::T>) {
    let nothing = [l.splat(-L::T::ZERO); MOST];
    let weights = pass.weights.as_chunks::<N>().0;
    let (blocks, others) = weights.as_chunks::<EIGHT>();
    let last = filled(others, [L::T::ZERO; N]);
    for (slopes, slots) in pass
        .output_gradient
        .as_chunks::<N>()
        .0
        .iter()
        .zip(pass.input_gradient.chunks_exact_mut(weights.len()))
    {
        let slopes = vectors(l, &[*slopes; EIGHT]);
        for (block, slots) in blocks.iter().chain([&last]).zip(slots.chunks_mut(EIGHT)) {
            // each product is a partial sum
            let mut products = [[L::T::ZERO; N]; EIGHT];
            write::<L, N>(
                add_products::<L, N>(l, block, &slopes, nothing),
                &mut products,
            );
            for (slot, products) in slots.iter_mut().zip(products) {
                let mut parts = [[-L::T::ZERO]; EIGHT];
                parts.as_flattened_mut()[..N].copy_from_slice(&products);
                [*slot] = fold(parts);
            }
        }
    }
}
