//! The most that a core can do with the vectors that the kernels use: fused multiply-adds without memory.

use core::hint::black_box;
use std::time::Instant;

use pulp::{Arch, Simd, WithSimd};

/// Sums that do not wait for each other: more than the latency times the units of any core, and no more than registers.
const SUMS: usize = 12;
const ROUNDS: usize = 20_000;

struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    /// Floating-point operations of a run.
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        // unknown to the compiler, or it would do the sums itself
        let factor = simd.splat_f32s(black_box(0.999));
        let addend = simd.splat_f32s(black_box(0.001));
        let mut sums: [_; SUMS] = core::array::from_fn(|i| simd.splat_f32s(i as f32));
        for _ in 0..black_box(ROUNDS) {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, addend);
            }
        }
        black_box(sums.map(|sum| simd.reduce_sum_f32s(sum)));
        2 * SUMS * ROUNDS * S::F32_LANES
    }
}

/// Floating-point operations in a nanosecond: the most of many short runs.
pub(crate) fn gflops() -> f64 {
    let mut most = 0.0_f64;
    for _ in 0..200 {
        let start = Instant::now();
        let operations = Arch::new().dispatch(MultiplyAdds);
        most = most.max(operations as f64 / start.elapsed().as_nanos() as f64);
    }
    most
}
