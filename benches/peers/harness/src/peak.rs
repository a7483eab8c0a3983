//! The most that a core can do: fused multiply-adds in a second, and the clock.

use std::hint::black_box;
use std::time::Duration;

use pulp::{Arch, Simd, WithSimd};

use crate::timing::fastest;

/// Sums that do not wait for each other: more than latency times units of any core (4 * 2), and with the two factors
/// no more than the 16 registers of AVX2.
const SUMS: usize = 12;
/// Rounds of a call, long enough that the call itself does not count.
const ROUNDS: u32 = 1_000;

/// Fused multiply-adds without memory.
struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        // unknown to the compiler, or it would do the sums itself
        let factor = simd.splat_f32s(black_box(0.999));
        let addend = simd.splat_f32s(black_box(0.001));
        // sums that begin alike would be made one
        let mut sums: [S::f32s; SUMS] = core::array::from_fn(|i| simd.splat_f32s(i as f32));
        for _ in 0..black_box(ROUNDS) {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, addend);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}

/// The most floating-point operations in a nanosecond of these vectors, `f32`; a multiply-add counts as two.
pub fn gflops_of<S: Simd>(simd: S, time: Duration) -> f64 {
    let operations = 2 * SUMS * S::F32_LANES * ROUNDS as usize;
    let nanoseconds = fastest(time, || {
        black_box(simd.vectorize(MultiplyAdds));
    });
    operations as f64 / nanoseconds
}

/// [`gflops_of`] vectors of 256 bits where the machine has AVX2, whatever else there is; else of those it has.
pub fn gflops(time: Duration) -> f64 {
    struct OfAny(Duration);

    impl WithSimd for OfAny {
        type Output = f64;

        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            gflops_of(simd, self.0)
        }
    }

    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return gflops_of(simd, time);
    }
    Arch::new().dispatch(OfAny(time))
}

/// The clock in GHz, from a chain of additions and rotations, each of which takes a cycle and waits for the one before.
pub fn gigahertz(time: Duration) -> f64 {
    let nanoseconds = fastest(time, || {
        let addend = black_box(0x9e37_79b9_u64);
        let mut chain = black_box(1_u64);
        for _ in 0..black_box(ROUNDS) {
            chain = chain.wrapping_add(addend).rotate_left(7);
        }
        black_box(chain);
    });
    f64::from(2 * ROUNDS) / nanoseconds
}
