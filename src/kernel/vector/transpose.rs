//! Matrices turned over: the weights of some inputs, so that those of one output lie side by side.
//!
//! For `f32` by shuffles of AVX2, which the compiler does not find by itself, else through memory.

use pulp::{Simd, bytemuck};

use super::lanes::{Job, Lanes, each};
use crate::Scalar;

/// The partial sums of an input gradient, and the side of the blocks that are turned over.
pub(super) const EIGHT: usize = 8;

/// Copies the weights of some inputs to a panel of \[outputs\]\[`stride`\].
pub(super) struct Transpose<'a, T> {
    /// \[inputs\]\[outputs\], as many inputs as are copied; `stride` may be more.
    pub(super) weights: &'a [T],
    pub(super) outputs: usize,
    /// A multiple of [`EIGHT`].
    pub(super) stride: usize,
    pub(super) panel: &'a mut [T],
}

impl<T: Scalar> Job<T> for Transpose<'_, T> {
    const WIDE: bool = false;

    #[inline(always)]
    fn run<L: Lanes<T = T>>(self, l: L) {
        let (n_out, stride) = (self.outputs, self.stride);
        let per_row = EIGHT / L::WIDTH;
        let count = self.weights.len() / n_out;
        let mut first = 0;
        while first < count {
            let mut rows = [0; EIGHT];
            let mut i = 0;
            while i < L::WIDTH {
                // in place of rows that are not there, the last one again: nobody looks at their
                // lanes
                rows[i] = (first + i).min(count - 1) * n_out;
                i += 1;
            }
            let mut o = 0;
            while o < n_out {
                let mut block = [l.splat(T::ZERO); EIGHT];
                each!(i below EIGHT => if i < L::WIDTH {
                    let mut q = 0;
                    while q < per_row {
                        // behind the end of a row are others: nobody looks at their columns
                        let at = rows[i] + o + q * L::WIDTH;
                        let rest = self.weights.get(at..).unwrap_or_default();
                        block[i * per_row + q] = match L::vectors(rest).first() {
                            Some(some) => *some,
                            None => l.read_few(rest),
                        };
                        q += 1;
                    }
                });
                let block = l.transpose(block);
                each!(k below EIGHT => if o + k < n_out {
                    let at = (o + k) * stride + first;
                    L::vectors_mut(&mut self.panel[at..at + L::WIDTH])[0] = block[k];
                });
                o += EIGHT;
            }
            first += L::WIDTH;
        }
    }
}

/// Vectors that hold rows of [`EIGHT`] numbers; the same numbers, a column in each vector.
#[inline(always)]
pub(super) fn transpose<S: Simd, T: Scalar + bytemuck::Pod, V: bytemuck::Pod>(
    simd: S,
    rows: [V; EIGHT],
) -> [V; EIGHT] {
    #[cfg(target_arch = "x86_64")]
    if let Some(columns) = x86::transpose(simd, &rows) {
        return columns;
    }
    let _ = simd;
    let mut columns = rows;
    let width = size_of::<V>() / size_of::<T>();
    let numbers: &[T] = bytemuck::cast_slice(&rows);
    for (column, slots) in bytemuck::cast_slice_mut::<V, T>(&mut columns)
        .chunks_exact_mut(width)
        .enumerate()
    {
        for (slot, row) in slots.iter_mut().zip(numbers.chunks_exact(EIGHT)) {
            *slot = row[column];
        }
    }
    columns
}

/// The sum of each of eight rows, a row in a lane, by shuffles of AVX2; `None` elsewhere.
#[inline(always)]
pub(super) fn fold_rows<S: Simd, V: Copy + 'static>(simd: S, rows: &[V; EIGHT]) -> Option<V> {
    #[cfg(target_arch = "x86_64")]
    return x86::fold_rows(simd, rows);
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// With macros in place of closures: these do not use the vectors of the function that they are in.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::any::Any;

    use pulp::x86::V3;
    use pulp::{Simd, cast, f32x8};

    use super::EIGHT;

    /// If these are `f32` in the vectors of AVX2.
    #[inline(always)]
    pub(super) fn transpose<S: Simd, V: Copy + 'static>(
        simd: S,
        rows: &[V; EIGHT],
    ) -> Option<[V; EIGHT]> {
        let avx = (&simd as &dyn Any).downcast_ref::<V3>()?.avx;
        let rows = (rows as &dyn Any).downcast_ref::<[f32x8; EIGHT]>()?;
        let [a, b, c, d, e, f, g, h] = rows;
        macro_rules! pair {
            ($shuffle:ident($a:ident, $b:ident)) => {
                avx.$shuffle(cast(*$a), cast(*$b))
            };
        }
        let [ab, cd] = [
            pair!(_mm256_unpacklo_ps(a, b)),
            pair!(_mm256_unpacklo_ps(c, d)),
        ];
        let [ef, gh] = [
            pair!(_mm256_unpacklo_ps(e, f)),
            pair!(_mm256_unpacklo_ps(g, h)),
        ];
        let [ab_2, cd_2] = [
            pair!(_mm256_unpackhi_ps(a, b)),
            pair!(_mm256_unpackhi_ps(c, d)),
        ];
        let [ef_2, gh_2] = [
            pair!(_mm256_unpackhi_ps(e, f)),
            pair!(_mm256_unpackhi_ps(g, h)),
        ];
        macro_rules! halves {
            ($a:ident $b:ident, $a_2:ident $b_2:ident) => {
                [
                    avx._mm256_shuffle_ps::<0b01_00_01_00>($a, $b),
                    avx._mm256_shuffle_ps::<0b11_10_11_10>($a, $b),
                    avx._mm256_shuffle_ps::<0b01_00_01_00>($a_2, $b_2),
                    avx._mm256_shuffle_ps::<0b11_10_11_10>($a_2, $b_2),
                ]
            };
        }
        let left = halves!(ab cd, ab_2 cd_2);
        let right = halves!(ef gh, ef_2 gh_2);
        let mut columns = *rows;
        let mut i = 0;
        while i < EIGHT / 2 {
            columns[i] = cast(avx._mm256_permute2f128_ps::<0x20>(left[i], right[i]));
            columns[i + EIGHT / 2] = cast(avx._mm256_permute2f128_ps::<0x31>(left[i], right[i]));
            i += 1;
        }
        (&columns as &dyn Any).downcast_ref().copied()
    }

    /// Adds numbers that are four apart, then two, then one, while the rows are turned: 14
    /// shuffles, where to turn them first takes 24.
    #[inline(always)]
    pub(super) fn fold_rows<S: Simd, V: Copy + 'static>(simd: S, rows: &[V; EIGHT]) -> Option<V> {
        let avx = (&simd as &dyn Any).downcast_ref::<V3>()?.avx;
        let [a, b, c, d, e, f, g, h] = *(rows as &dyn Any).downcast_ref::<[f32x8; EIGHT]>()?;
        macro_rules! fours {
            ($row:ident, $other:ident) => {
                avx._mm256_add_ps(
                    avx._mm256_permute2f128_ps::<0x20>(cast($row), cast($other)),
                    avx._mm256_permute2f128_ps::<0x31>(cast($row), cast($other)),
                )
            };
        }
        macro_rules! pairs {
            ($low:literal, $high:literal: $a:expr, $b:expr) => {{
                let (a, b) = ($a, $b);
                avx._mm256_add_ps(
                    avx._mm256_shuffle_ps::<$low>(a, b),
                    avx._mm256_shuffle_ps::<$high>(a, b),
                )
            }};
        }
        let ab = pairs!(0b01_00_01_00, 0b11_10_11_10: fours!(a, e), fours!(b, f));
        let cd = pairs!(0b01_00_01_00, 0b11_10_11_10: fours!(c, g), fours!(d, h));
        let sums: f32x8 = cast(pairs!(0b10_00_10_00, 0b11_01_11_01: ab, cd));
        (&sums as &dyn Any).downcast_ref().copied()
    }
}
