//! Prints what a core of this machine can do at most, as JSON: `f32` operations in a nanosecond with AVX2, the
//! same with AVX-512 where there is one, and the clock.

use std::time::Duration;

use harness::peak::{gflops, gigahertz};

const TIME: Duration = Duration::from_millis(300);

/// With AVX-512, 0 without.
fn gflops_of_512_bits() -> f64 {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V4::try_new() {
        return harness::peak::gflops_of(simd, TIME);
    }
    0.0
}

fn main() {
    let (gflops, gflops_512, gigahertz) = (gflops(TIME), gflops_of_512_bits(), gigahertz(TIME));
    println!(r#"{{"gflops":{gflops:.1},"gflops_512":{gflops_512:.1},"gigahertz":{gigahertz:.3}}}"#);
}
