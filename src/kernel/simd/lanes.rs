//! Vectors of numbers, in fused and in portable arithmetic.

use pulp::{Simd, WithSimd};

use super::input_gradient::fold;
use super::pad::PARTS;
use super::turn::{folded, pick, rotate_f32, rotate_f64, shifted, turn_f32, turn_f64};
use crate::Scalar;

/// Vectors of numbers, in one arithmetic.
pub(super) trait Lanes: Copy {
    type T: Scalar;
    type V: Copy;
    const WIDTH: usize;
    /// Whether these are the widest vectors that there are, of 64 bytes, which on x86-64 come with twice the registers.
    const IS_WIDEST: bool = Self::WIDTH * size_of::<Self::T>() == 64;

    /// Whether two of these are [shifted](Self::shifted) to one.
    const SHIFTS: bool =
        cfg!(target_arch = "x86_64") && Self::IS_WIDEST && size_of::<Self::T>() == 4;

    fn splat(self, value: Self::T) -> Self::V;
    /// The vectors that the values begin with.
    fn vectors(values: &[Self::T]) -> &[Self::V];
    fn vectors_mut(values: &mut [Self::T]) -> &mut [Self::V];
    /// The vector that the values end with.
    fn last(values: &[Self::T]) -> Option<&Self::V>;
    fn last_mut(values: &mut [Self::T]) -> Option<&mut Self::V>;
    /// The values, and zeros behind them if they are fewer than lanes.
    fn read_some(self, values: &[Self::T]) -> Self::V;
    /// The first lanes, as many as there is room for.
    fn write_some(self, a: Self::V, values: &mut [Self::T]);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn subtract(self, a: Self::V, b: Self::V) -> Self::V;
    fn multiply(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, rounded once or twice.
    fn multiply_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// [`Relu`](crate::Relu) of each.
    fn rectify(self, a: Self::V) -> Self::V;
    /// The last lanes, so many of them, in front, and the others behind them.
    fn rotate(self, a: Self::V, last: usize) -> Self::V;
    /// The first lanes of one vector, so many of them, and the others of another.
    fn joined(self, a: Self::V, first: usize, b: Self::V) -> Self::V;
    /// In each lane the number of a place, by shuffles of the widest vectors of `f32`; `None` elsewhere. Places behind the last
    /// are counted on from the first.
    fn pick(self, numbers: &[Self::T; PARTS], places: &[u32; 2 * PARTS]) -> Option<Self::V>;
    /// As many lanes of two vectors that follow each other, from a place in the first on, by a shuffle; `None` where there is none.
    fn shifted(self, a: Self::V, next: Self::V, by: usize) -> Option<Self::V>;
    /// `PARTS` vectors that hold rows of `PARTS` numbers, turned: a column in each.
    fn turn(self, rows: [Self::V; PARTS]) -> [Self::V; PARTS];
    /// The sum of each of the rows that [turn](Self::turn) takes, a row in a lane, in the order of [`fold`].
    fn folded(self, rows: [Self::V; PARTS]) -> Self::V;
    /// Runs a job as a function of its own, compiled once.
    fn apart<J: Job<Self::T>>(self, job: J) -> Option<()>;
}

/// A loop in vectors; `None` if lengths don't fit.
pub(super) trait Job<T> {
    /// To be inlined.
    fn run<L: Lanes<T = T>>(self, l: L) -> Option<()>;
}

/// Product and sum are rounded once (`FUSED`) or apart.
#[derive(Clone, Copy)]
pub(super) struct F32<S, const FUSED: bool>(pub(super) S);
#[derive(Clone, Copy)]
pub(super) struct F64<S, const FUSED: bool>(pub(super) S);

macro_rules! lanes {
    ($name:ident, $float:ident, $vector:ident, $width:ident, $splat:ident, $as:ident, $as_mut:ident, $last:ident, $last_mut:ident, $read_part:ident, $write_part:ident, $mul_add:ident, $mul:ident, $add:ident, $sub:ident, $less:ident, $less_or_equal:ident, $select:ident, $rotate:ident, $turn:ident) => {
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
            fn last(values: &[$float]) -> Option<&S::$vector> {
                S::$last(values).1.last()
            }
            #[inline(always)]
            fn last_mut(values: &mut [$float]) -> Option<&mut S::$vector> {
                S::$last_mut(values).1.last_mut()
            }
            #[inline(always)]
            fn read_some(self, values: &[$float]) -> S::$vector {
                self.0.$read_part(values)
            }
            #[inline(always)]
            fn write_some(self, a: S::$vector, values: &mut [$float]) {
                self.0.$write_part(values, a);
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
            fn rotate(self, a: S::$vector, last: usize) -> S::$vector {
                $rotate(self.0, a, last)
            }
            #[inline(always)]
            fn joined(self, a: S::$vector, first: usize, b: S::$vector) -> S::$vector {
                const LANES: [$float; 16] = {
                    let mut lanes = [0.0; 16];
                    let mut i = 0;
                    while i < 16 {
                        lanes[i] = i as $float;
                        i += 1;
                    }
                    lanes
                };
                let Some(lanes) = Self::vectors(&LANES).first() else {
                    return a;
                };
                let first = self.splat(first as $float);
                self.0.$select(self.0.$less(*lanes, first), a, b)
            }
            #[inline(always)]
            fn pick(
                self,
                numbers: &[$float; PARTS],
                places: &[u32; 2 * PARTS],
            ) -> Option<S::$vector> {
                pick(self.0, numbers, places)
            }
            #[inline(always)]
            fn shifted(self, a: S::$vector, next: S::$vector, by: usize) -> Option<S::$vector> {
                shifted(self.0, a, next, by)
            }
            #[inline(always)]
            fn turn(self, rows: [S::$vector; PARTS]) -> [S::$vector; PARTS] {
                $turn(self.0, rows)
            }
            #[inline(always)]
            fn folded(self, rows: [S::$vector; PARTS]) -> S::$vector {
                match folded(self.0, &rows) {
                    Some(sums) => sums,
                    None => fold(self, self.turn(rows)),
                }
            }
            #[inline(always)]
            fn apart<J: Job<$float>>(self, job: J) -> Option<()> {
                struct Apart<J, const FUSED: bool>(J);
                impl<J: Job<$float>, const FUSED: bool> WithSimd for Apart<J, FUSED> {
                    type Output = Option<()>;
                    #[inline(always)]
                    fn with_simd<S: Simd>(self, simd: S) -> Option<()> {
                        self.0.run($name::<S, FUSED>(simd))
                    }
                }
                self.0.vectorize(Apart::<J, FUSED>(job))
            }
        }
    };
}

lanes!(
    F32,
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    as_rsimd_f32s,
    as_mut_rsimd_f32s,
    partial_load_f32s,
    partial_store_f32s,
    mul_add_f32s,
    mul_f32s,
    add_f32s,
    sub_f32s,
    less_than_f32s,
    less_than_or_equal_f32s,
    select_f32s,
    rotate_f32,
    turn_f32
);
lanes!(
    F64,
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    as_rsimd_f64s,
    as_mut_rsimd_f64s,
    partial_load_f64s,
    partial_store_f64s,
    mul_add_f64s,
    mul_f64s,
    add_f64s,
    sub_f64s,
    less_than_f64s,
    less_than_or_equal_f64s,
    select_f64s,
    rotate_f64,
    turn_f64
);
