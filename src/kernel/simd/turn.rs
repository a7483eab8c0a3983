//! Numbers that change their lanes.
//!
//! By shuffles of AVX2 where there are any, which the compiler does not find by itself, else through memory.

use pulp::{Simd, bytemuck};

use super::pad::PARTS;
use crate::Element;

macro_rules! turn {
    ($turn:ident, $float:ident, $vector:ident) => {
        /// Vectors that hold rows of `PARTS` numbers; the same numbers, a column in each vector.
        #[inline(always)]
        pub(super) fn $turn<S: Simd>(simd: S, rows: [S::$vector; PARTS]) -> [S::$vector; PARTS] {
            #[cfg(target_arch = "x86_64")]
            if let Some(columns) = x86::$turn(simd, &rows) {
                return columns;
            }
            let _ = simd;
            through_memory::<$float, _>(rows)
        }
    };
}

turn!(turn_f32, f32, f32s);
turn!(turn_f64, f64, f64s);

macro_rules! rotate {
    ($rotate:ident, $float:ident, $vector:ident, $pulp:ident) => {
        /// The last lanes, so many of them, in front, and the others behind them.
        #[inline(always)]
        pub(super) fn $rotate<S: Simd>(simd: S, vector: S::$vector, last: usize) -> S::$vector {
            #[cfg(target_arch = "x86_64")]
            if let Some(rotated) = x86::rotate(simd, &vector, last * size_of::<$float>()) {
                return rotated;
            }
            simd.$pulp(vector, last)
        }
    };
}

rotate!(rotate_f32, f32, f32s, rotate_right_f32s);
rotate!(rotate_f64, f64, f64s, rotate_right_f64s);

/// In each lane the number of a place, by shuffles of the widest vectors of `f32`; `None` elsewhere. Places behind the last
/// are counted on from the first.
#[inline(always)]
pub(super) fn pick<S: Simd, T: 'static, V: Copy + 'static>(
    simd: S,
    numbers: &[T; PARTS],
    places: &[u32; 2 * PARTS],
) -> Option<V> {
    #[cfg(target_arch = "x86_64")]
    return x86::pick(simd, numbers, places);
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// As many lanes of two vectors that follow each other, from a place in the first on, by a shuffle of the widest vectors of
/// `f32`; `None` elsewhere.
#[inline(always)]
pub(super) fn shifted<S: Simd, V: Copy + 'static>(simd: S, a: V, next: V, by: usize) -> Option<V> {
    #[cfg(target_arch = "x86_64")]
    return x86::shifted(simd, &a, &next, by);
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// The sum of each of eight rows, a row in a lane, by shuffles of AVX2; `None` elsewhere.
#[inline(always)]
pub(super) fn folded<S: Simd, V: Copy + 'static>(simd: S, rows: &[V; PARTS]) -> Option<V> {
    #[cfg(target_arch = "x86_64")]
    return x86::folded(simd, rows);
    #[cfg(not(target_arch = "x86_64"))]
    None
}

#[inline(always)]
fn through_memory<T: Element + bytemuck::Pod, V: bytemuck::Pod>(rows: [V; PARTS]) -> [V; PARTS] {
    let mut columns = rows;
    let width = size_of::<V>() / size_of::<T>();
    let numbers: &[T] = bytemuck::cast_slice(&rows);
    for (column, slots) in bytemuck::cast_slice_mut::<V, T>(&mut columns)
        .chunks_exact_mut(width)
        .enumerate()
    {
        for (slot, row) in slots.iter_mut().zip(numbers.chunks_exact(PARTS)) {
            if let Some(number) = row.get(column) {
                *slot = *number;
            }
        }
    }
    columns
}

/// With macros in place of closures: these do not use the vectors of the function that they are in.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::any::Any;

    use pulp::x86::{V3, V4};
    use pulp::{Simd, cast, f32x8, f32x16, f64x4, u32x8};

    use super::PARTS;

    /// If these are the vectors of AVX2.
    #[inline(always)]
    pub(super) fn turn_f32<S: Simd, V: Copy + 'static>(
        simd: S,
        rows: &[V; PARTS],
    ) -> Option<[V; PARTS]> {
        let avx = (&simd as &dyn Any).downcast_ref::<V3>()?.avx;
        let rows = (rows as &dyn Any).downcast_ref::<[f32x8; PARTS]>()?;
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
        while i < PARTS / 2 {
            columns[i] = cast(avx._mm256_permute2f128_ps::<0x20>(left[i], right[i]));
            columns[i + PARTS / 2] = cast(avx._mm256_permute2f128_ps::<0x31>(left[i], right[i]));
            i += 1;
        }
        (&columns as &dyn Any).downcast_ref().copied()
    }

    /// The same of four rows, two vectors each.
    #[inline(always)]
    pub(super) fn turn_f64<S: Simd, V: Copy + 'static>(
        simd: S,
        rows: &[V; PARTS],
    ) -> Option<[V; PARTS]> {
        let avx = (&simd as &dyn Any).downcast_ref::<V3>()?.avx;
        let rows = (rows as &dyn Any).downcast_ref::<[f64x4; PARTS]>()?;
        let mut columns = *rows;
        let mut half = 0;
        while half < 2 {
            let (a, b) = (cast(rows[half]), cast(rows[2 + half]));
            let (c, d) = (cast(rows[4 + half]), cast(rows[6 + half]));
            let (ab, cd) = (avx._mm256_unpacklo_pd(a, b), avx._mm256_unpacklo_pd(c, d));
            let (ab_2, cd_2) = (avx._mm256_unpackhi_pd(a, b), avx._mm256_unpackhi_pd(c, d));
            columns[4 * half] = cast(avx._mm256_permute2f128_pd::<0x20>(ab, cd));
            columns[4 * half + 1] = cast(avx._mm256_permute2f128_pd::<0x20>(ab_2, cd_2));
            columns[4 * half + 2] = cast(avx._mm256_permute2f128_pd::<0x31>(ab, cd));
            columns[4 * half + 3] = cast(avx._mm256_permute2f128_pd::<0x31>(ab_2, cd_2));
            half += 1;
        }
        (&columns as &dyn Any).downcast_ref().copied()
    }

    /// Adds numbers that are four apart, then two, then one, while the rows are turned: 14 shuffles, where to turn them first
    /// takes 24.
    #[inline(always)]
    pub(super) fn folded<S: Simd, V: Copy + 'static>(simd: S, rows: &[V; PARTS]) -> Option<V> {
        let avx = (&simd as &dyn Any).downcast_ref::<V3>()?.avx;
        let [a, b, c, d, e, f, g, h] = *(rows as &dyn Any).downcast_ref::<[f32x8; PARTS]>()?;
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

    #[inline(always)]
    pub(super) fn pick<S: Simd, T: 'static, V: Copy + 'static>(
        simd: S,
        numbers: &[T; PARTS],
        places: &[u32; 2 * PARTS],
    ) -> Option<V> {
        let avx512f = (&simd as &dyn Any).downcast_ref::<V4>()?.avx512f;
        let numbers = *(numbers as &dyn Any).downcast_ref::<[f32; PARTS]>()?;
        let numbers = cast([numbers, numbers]);
        let picked: f32x16 = cast(avx512f._mm512_permutexvar_ps(cast(*places), numbers));
        (&picked as &dyn Any).downcast_ref().copied()
    }

    #[inline(always)]
    pub(super) fn shifted<S: Simd, V: Copy + 'static>(
        simd: S,
        a: &V,
        next: &V,
        by: usize,
    ) -> Option<V> {
        const LANES: [u32; 32] = {
            let mut lanes = [0; 32];
            let mut i = 0;
            while i < 32 {
                lanes[i] = i as u32;
                i += 1;
            }
            lanes
        };
        let avx512f = (&simd as &dyn Any).downcast_ref::<V4>()?.avx512f;
        let a = cast(*(a as &dyn Any).downcast_ref::<f32x16>()?);
        let next = cast(*(next as &dyn Any).downcast_ref::<f32x16>()?);
        let lanes = cast(*LANES.get(by..)?.first_chunk::<16>()?);
        let shifted: f32x16 = cast(avx512f._mm512_permutex2var_ps(a, lanes, next));
        (&shifted as &dyn Any).downcast_ref().copied()
    }

    /// The last bytes, so many of them, in front: whole numbers of four bytes, fewer than a vector has.
    #[inline(always)]
    pub(super) fn rotate<S: Simd, V: Copy + 'static>(
        simd: S,
        vector: &V,
        last: usize,
    ) -> Option<V> {
        const LANES: [u32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7];
        let avx2 = (&simd as &dyn Any).downcast_ref::<V3>()?.avx2;
        let vector = vector as &dyn Any;
        let lanes = *LANES.get(8 - (last / 4).min(8)..)?.first_chunk::<8>()?;
        let lanes = cast::<_, u32x8>(lanes);
        macro_rules! rotated {
            ($vector:ident) => {{
                let vector = cast(*vector.downcast_ref::<$vector>()?);
                let rotated: $vector = cast(avx2._mm256_permutevar8x32_ps(vector, cast(lanes)));
                (&rotated as &dyn Any).downcast_ref().copied()
            }};
        }
        if vector.is::<f32x8>() {
            rotated!(f32x8)
        } else {
            rotated!(f64x4)
        }
    }
}
