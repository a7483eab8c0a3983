//! Vectors of numbers, in fused and in portable arithmetic.

use pulp::Simd;

use super::transpose::{self, EIGHT};
use crate::{Element, Scalar};

/// `$body` for each number from 0 on below a constant of at most 8, written out. The compiler may
/// leave a loop as it is, and then keeps the sums of its steps in memory, not in registers.
macro_rules! each {
    ($i:ident below 2 => $body:expr) => {
        each!(@ $i 2, $body, 0 1)
    };
    ($i:ident below 3 => $body:expr) => {
        each!(@ $i 3, $body, 0 1 2)
    };
    ($i:ident below 4 => $body:expr) => {
        each!(@ $i 4, $body, 0 1 2 3)
    };
    ($i:ident below $end:expr => $body:expr) => {
        each!(@ $i $end, $body, 0 1 2 3 4 5 6 7)
    };
    (@ $i:ident $end:expr, $body:expr, $($number:literal)*) => {$(
        // unoptimized builds compile nothing of what a constant condition excludes
        if const { $number < $end } {
            let $i: usize = $number;
            $body
        }
    )*};
}
pub(super) use each;

/// The vectors of one instruction set, in one arithmetic.
pub(super) trait Lanes: Copy {
    type T: Scalar;
    type V: Copy;
    /// Numbers in a vector.
    const WIDTH: usize;
    /// Whether there are 32 registers, not 16.
    const MANY_REGISTERS: bool =
        Self::WIDTH * size_of::<Self::T>() == 64 || cfg!(target_arch = "aarch64");

    fn splat(self, value: Self::T) -> Self::V;
    /// The whole vectors at the front of the values.
    fn vectors(values: &[Self::T]) -> &[Self::V];
    fn vectors_mut(values: &mut [Self::T]) -> &mut [Self::V];
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn subtract(self, a: Self::V, b: Self::V) -> Self::V;
    fn multiply(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, rounded once or twice.
    fn multiply_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// [`Relu`](crate::Relu) of each lane.
    fn rectify(self, a: Self::V) -> Self::V;
    /// The first `count` lanes, and zeros.
    fn first_lanes(self, a: Self::V, count: usize) -> Self::V;
    /// [`EIGHT`] vectors hold rows of [`EIGHT`] numbers; returns a column in each.
    fn transpose(self, rows: [Self::V; EIGHT]) -> [Self::V; EIGHT];
    /// The sum of each of the rows that [`transpose`](Self::transpose) takes, in the order of the
    /// contract.
    fn fold_rows(self, rows: [Self::V; EIGHT]) -> Self::V;
    /// `N` vectors. The last one ends where the numbers end, and may overlap the one before it.
    #[inline(always)]
    fn read<const N: usize>(self, numbers: &[Self::T]) -> [Self::V; N] {
        let mut vectors = [Self::vectors(&numbers[numbers.len() - Self::WIDTH..])[0]; N];
        let mut q = 0;
        while q + 1 < N {
            vectors[q] = Self::vectors(numbers)[q];
            q += 1;
        }
        vectors
    }
    /// Fewer numbers than lanes, and zeros.
    #[inline(always)]
    fn read_few(self, numbers: &[Self::T]) -> Self::V {
        let mut lanes = [Self::T::ZERO; MOST_LANES];
        copy_few(numbers, &mut lanes);
        Self::vectors(&lanes)[0]
    }
    /// Writes what [`read`](Self::read) reads.
    #[inline(always)]
    fn write<const N: usize>(self, vectors: [Self::V; N], numbers: &mut [Self::T]) {
        let last = numbers.len() - Self::WIDTH;
        Self::vectors_mut(&mut numbers[last..])[0] = vectors[N - 1];
        let mut q = 0;
        while q + 1 < N {
            Self::vectors_mut(numbers)[q] = vectors[q];
            q += 1;
        }
    }
    /// Writes the first lanes, fewer than there are.
    #[inline(always)]
    fn write_few(self, a: Self::V, numbers: &mut [Self::T]) {
        let mut lanes = [Self::T::ZERO; MOST_LANES];
        Self::vectors_mut(&mut lanes)[0] = a;
        copy_few(&lanes[..numbers.len()], numbers);
    }
}

/// Copies fewer numbers than lanes, without a call.
#[inline(always)]
fn copy_few<T: Scalar>(mut from: &[T], mut to: &mut [T]) {
    macro_rules! copy {
        ($($count:literal)*) => {$(
            if let Some((some, rest)) = from.split_first_chunk::<$count>()
                && let Some((slots, others)) = core::mem::take(&mut to).split_first_chunk_mut()
            {
                *slots = *some;
                (from, to) = (rest, others);
            }
        )*};
    }
    copy!(8 4 2 1);
    let _ = (from, to);
}

/// The lanes of the widest vector.
const MOST_LANES: usize = 16;

/// A loop in vectors.
pub(super) trait Job<T> {
    /// Whether it is compiled for the widest vectors, too.
    const WIDE: bool = true;
    /// Whether it is compiled in fused arithmetic, too.
    const FUSED: bool = true;

    /// To be inlined.
    fn run<L: Lanes<T = T>>(self, l: L);
}

/// Product and sum are rounded once (`FUSED`) or apart.
#[derive(Clone, Copy)]
pub(super) struct F32<S, const FUSED: bool>(pub(super) S);
#[derive(Clone, Copy)]
pub(super) struct F64<S, const FUSED: bool>(pub(super) S);

macro_rules! lanes {
    (
        $name:ident $float:ident $vector:ident $width:ident $splat:ident $as:ident $as_mut:ident
        $mul_add:ident $mul:ident $add:ident $sub:ident
        $less:ident $less_or_equal:ident $select:ident
    ) => {
        impl<S: Simd, const FUSED: bool> Lanes for $name<S, FUSED> {
            type T = $float;
            type V = S::$vector;
            const WIDTH: usize = S::$width;

            #[inline(always)]
            fn splat(self, value: $float) -> S::$vector {
                self.0.$splat(value)
            }
            #[inline(always)]
            fn vectors(values: &[$float]) -> &[S::$vector] {
                S::$as(values).0
            }
            #[inline(always)]
            fn vectors_mut(values: &mut [$float]) -> &mut [S::$vector] {
                S::$as_mut(values).0
            }
            #[inline(always)]
            fn add(self, a: S::$vector, b: S::$vector) -> S::$vector {
                self.0.$add(a, b)
            }
            #[inline(always)]
            fn subtract(self, a: S::$vector, b: S::$vector) -> S::$vector {
                self.0.$sub(a, b)
            }
            #[inline(always)]
            fn multiply(self, a: S::$vector, b: S::$vector) -> S::$vector {
                self.0.$mul(a, b)
            }
            #[inline(always)]
            fn multiply_add(self, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                if FUSED {
                    self.0.$mul_add(a, b, c)
                } else {
                    self.0.$add(self.0.$mul(a, b), c)
                }
            }
            #[inline(always)]
            fn rectify(self, a: S::$vector) -> S::$vector {
                let zero = self.splat(0.0);
                self.0.$select(self.0.$less_or_equal(a, zero), zero, a)
            }
            #[inline(always)]
            fn first_lanes(self, a: S::$vector, count: usize) -> S::$vector {
                const LANES: [$float; MOST_LANES] = {
                    let mut lanes = [0.0; MOST_LANES];
                    let mut i = 0;
                    while i < MOST_LANES {
                        lanes[i] = i as $float;
                        i += 1;
                    }
                    lanes
                };
                let is_first = self
                    .0
                    .$less(Self::vectors(&LANES)[0], self.splat(count as $float));
                self.0.$select(is_first, a, self.splat(0.0))
            }
            #[inline(always)]
            fn transpose(self, rows: [S::$vector; EIGHT]) -> [S::$vector; EIGHT] {
                transpose::transpose::<S, $float, _>(self.0, rows)
            }
            #[inline(always)]
            fn fold_rows(self, rows: [S::$vector; EIGHT]) -> S::$vector {
                if let Some(sums) = transpose::fold_rows(self.0, &rows) {
                    return sums;
                }
                let [s0, s1, s2, s3, s4, s5, s6, s7] = self.transpose(rows);
                let even = self.add(self.add(s0, s4), self.add(s2, s6));
                let odd = self.add(self.add(s1, s5), self.add(s3, s7));
                self.add(even, odd)
            }
        }
    };
}

lanes! {
    F32 f32 f32s F32_LANES splat_f32s as_simd_f32s as_mut_simd_f32s
    mul_add_f32s mul_f32s add_f32s sub_f32s
    less_than_f32s less_than_or_equal_f32s select_f32s
}
lanes! {
    F64 f64 f64s F64_LANES splat_f64s as_simd_f64s as_mut_simd_f64s
    mul_add_f64s mul_f64s add_f64s sub_f64s
    less_than_f64s less_than_or_equal_f64s select_f64s
}
