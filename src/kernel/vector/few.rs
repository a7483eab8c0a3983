//! Dense layers of fewer than eight outputs, in portable arithmetic: the weights of eight inputs
//! lie side by side, and are whole vectors.

use super::lanes::{Job, Lanes, each};
use super::transpose::EIGHT;
use crate::kernel::{Affine, InputGradient, WeightGradient};
use crate::{Element, Scalar};

/// `outputs = inputs * weights + bias` for `N` outputs.
pub(super) struct FewForward<'a, 'b, T, const N: usize>(pub(super) &'b mut Affine<'a, T>);
/// The gradient of the weights of `N` outputs.
pub(super) struct FewWeights<'a, 'b, T, const N: usize>(pub(super) &'b mut WeightGradient<'a, T>);
/// The gradient of the inputs of `N` outputs.
pub(super) struct FewInputs<'a, 'b, T, const N: usize>(pub(super) &'b mut InputGradient<'a, T>);

macro_rules! job {
    ($($job:ident $run:ident)*) => {$(
        impl<T: Scalar, const N: usize> Job<T> for $job<'_, '_, T, N> {
            const WIDE: bool = false;
            const FUSED: bool = false;

            #[inline(always)]
            fn run<L: Lanes<T = T>>(self, l: L) {
                $run::<L, N>(l, self.0);
            }
        }
    )*};
}

job!(FewForward forward FewWeights weights FewInputs inputs);

/// The weights of eight inputs, or as many numbers.
type Block<T, const N: usize> = [[T; N]; EIGHT];
/// The vectors of a block at most: of 7 outputs, in vectors of 128 bits.
const MOST: usize = 14;

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
    each!(i below EIGHT => block[i] = [inputs[i]; N]);
    block
}

/// Fewer than eight, and others behind them.
#[inline(always)]
fn filled<T: Copy>(some: &[T], other: T) -> [T; EIGHT] {
    let mut eight = [other; EIGHT];
    each!(i below EIGHT => if let Some(value) = some.get(i) {
        eight[i] = *value;
    });
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

/// Eight numbers, in as many vectors as they fill.
type Eight<V> = [V; EIGHT];

#[inline(always)]
fn eight<L: Lanes>(l: L, numbers: &[L::T; EIGHT]) -> Eight<L::V> {
    let mut vectors = [l.splat(L::T::ZERO); EIGHT];
    let mut q = 0;
    while q < EIGHT / L::WIDTH {
        vectors[q] = L::vectors(numbers)[q];
        q += 1;
    }
    vectors
}

/// The weights of eight inputs, those of an output side by side.
#[inline(always)]
fn columns<L: Lanes, const N: usize>(l: L, rows: &Block<L::T, N>) -> [Eight<L::V>; N] {
    let mut columns = [[l.splat(L::T::ZERO); EIGHT]; N];
    each!(o below N => {
        let mut column = [L::T::ZERO; EIGHT];
        each!(i below EIGHT => column[i] = rows[i][o]);
        columns[o] = eight(l, &column);
    });
    columns
}

/// Blocks of eight inputs: the first of each, and how many of it are also in the block before.
fn blocks(n_in: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n_in).step_by(EIGHT).map(move |place| {
        let first = place.min(n_in - EIGHT);
        (first, place - first)
    })
}

#[inline(always)]
fn weights<L: Lanes, const N: usize>(l: L, pass: &mut WeightGradient<'_, L::T>) {
    let slopes = pass.output_gradient.as_chunks::<N>().0;
    if pass.fresh {
        pass.bias.fill(-L::T::ZERO);
    }
    for slopes in slopes {
        for (sum, slope) in pass.bias.iter_mut().zip(slopes) {
            *sum += *slope;
        }
    }
    let weights = pass.weights.as_chunks_mut::<N>().0;
    let n_in = weights.len();
    for (first, again) in blocks(n_in) {
        let rows = &mut weights[first..][..EIGHT];
        let mut sums = [[l.splat(-L::T::ZERO); EIGHT]; N];
        if !pass.fresh
            && let Some(rows) = rows.first_chunk()
        {
            sums = columns(l, rows);
        }
        for (inputs, slopes) in pass.inputs.chunks_exact(n_in).zip(slopes) {
            let Some(inputs) = inputs[first..].first_chunk() else {
                return;
            };
            let inputs = eight(l, inputs);
            each!(o below N => {
                let slope = l.splat(slopes[o]);
                let mut q = 0;
                while q < EIGHT / L::WIDTH {
                    sums[o][q] = l.multiply_add(inputs[q], slope, sums[o][q]);
                    q += 1;
                }
            });
        }
        let mut columns = [[L::T::ZERO; EIGHT]; N];
        each!(o below N => {
            let mut q = 0;
            while q < EIGHT / L::WIDTH {
                L::vectors_mut(&mut columns[o])[q] = sums[o][q];
                q += 1;
            }
        });
        each!(i below EIGHT => if i >= again {
            each!(o below N => rows[i][o] = columns[o][i]);
        });
    }
}

#[inline(always)]
fn inputs<L: Lanes, const N: usize>(l: L, pass: &mut InputGradient<'_, L::T>) {
    let weights = pass.weights.as_chunks::<N>().0;
    let n_in = weights.len();
    for (first, _) in blocks(n_in) {
        let Some(rows) = weights[first..].first_chunk() else {
            return;
        };
        let columns = columns::<L, N>(l, rows);
        for (slots, slopes) in pass
            .input_gradient
            .chunks_exact_mut(n_in)
            .zip(pass.output_gradient.as_chunks::<N>().0)
        {
            let slots = &mut slots[first..][..EIGHT];
            let mut q = 0;
            while q < EIGHT / L::WIDTH {
                // each product is a partial sum
                let mut parts = [l.splat(-L::T::ZERO); EIGHT];
                each!(o below N => parts[o] = l.multiply(columns[o][q], l.splat(slopes[o])));
                each!(i below 4 => parts[i] = l.add(parts[i], parts[i + 4]));
                each!(i below 2 => parts[i] = l.add(parts[i], parts[i + 2]));
                L::vectors_mut(slots)[q] = l.add(parts[0], parts[1]);
                q += 1;
            }
        }
    }
}
