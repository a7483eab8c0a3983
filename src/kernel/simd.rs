//! The kernels in vectors of the machine, compiled once for all networks.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU32, Ordering};

use pulp::{Arch, Simd, WithSimd};

use super::Elementwise;

mod affine;
mod at_once;
mod eighths;
mod few_outputs;
mod forward;
mod gradients;
mod input_gradient;
mod lanes;
mod lines;
mod loose;
mod pad;
mod panel;
mod product;
mod slide;
mod turn;
mod turned;
mod weight_gradient;
mod whole;

pub(crate) use forward::Forward;
pub(crate) use gradients::Gradients;

/// Wider vectors than these are left alone.
static MOST_BITS: AtomicU32 = AtomicU32::new(u32::MAX);

pub(super) fn limit(bits: u32) {
    MOST_BITS.store(bits, Ordering::Relaxed);
}

/// The vectors of the machine; narrower ones where the widest don't fit.
#[inline(always)]
fn arch(wide: bool) -> Arch {
    let most = MOST_BITS.load(Ordering::Relaxed);
    match Arch::new() {
        _ if most < 128 => Arch::Scalar,
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) | Arch::V4(_) if most < 256 => Arch::Scalar,
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) if !wide || most < 512 => Arch::V3(*simd),
        arch => arch,
    }
}

/// The bits of these vectors, 0 without any that have a fused multiply-add.
#[inline]
pub(super) fn bits(wide: bool) -> u32 {
    match arch(wide) {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => 512,
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => 256,
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => 128,
        _ => 0,
    }
}

/// Runs a loop over slices, element by element, with the vectors of the machine: the compiler makes them, and no bit
/// depends on them.
#[inline]
pub(super) fn run<J: Elementwise>(job: J) -> J::Output {
    struct Run<J>(J);
    impl<J: Elementwise> WithSimd for Run<J> {
        type Output = J::Output;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> J::Output {
            self.0.run()
        }
    }
    arch(true).dispatch(Run(job))
}

/// The number types for which there are vectors; in fused or in portable arithmetic, if the machine has any.
pub trait Vectorized: Forward + Gradients {}

impl Vectorized for f32 {}
impl Vectorized for f64 {}

/// Runs `lanes::$kernel` on what `$pass` refers to, with the vectors of an [`Arch`]; `None` if lengths don't fit.
macro_rules! run_kernel {
    ($kernel:path, $lanes:ident, $fused:expr, $arch:expr, $dense:expr, $pass:expr, $type:ty) => {{
        // by reference: a copy would wait for the stores of what it copies
        struct Job<'a, 'b, const FUSED: bool>(crate::kernel::Dimensions, &'b mut $type);
        impl<const FUSED: bool> pulp::WithSimd for Job<'_, '_, FUSED> {
            type Output = Option<()>;
            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, simd: S) -> Option<()> {
                // portable arithmetic is not compiled for the widest vectors: that would take as long as all else
                if S::IS_SCALAR || (!FUSED && S::F32_LANES == 16) {
                    return None;
                }
                $kernel($lanes::<S, FUSED>(simd), self.0, self.1)
            }
        }
        if $fused {
            $arch.dispatch(Job::<true>($dense, $pass))
        } else {
            $arch.dispatch(Job::<false>($dense, $pass))
        }
    }};
}
use run_kernel;

/// What [`run_kernel`] returns `None` for.
const LENGTHS: &str = "the lengths are those of the contract";

/// Whether so many numbers fill a vector of the widest.
#[inline(always)]
fn fills_widest<T>(numbers: NonZeroUsize) -> bool {
    numbers.get() * size_of::<T>() >= 64
}
