//! The kernels in vectors of the machine, compiled once for all networks.

use pulp::{Arch, Simd, WithSimd};

use super::{Affine, Dimensions, Elementwise, InputGradient, WeightGradient};

mod affine;
mod gradients;
mod lanes;
mod pad;
mod product;

use affine::affine;
use gradients::{input_gradient, weight_gradient};
use lanes::{F32, F64};

/// Whether the machine has vectors with a fused multiply-add.
#[inline]
pub(super) fn are_there() -> bool {
    cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))
        && !matches!(Arch::new(), Arch::Scalar)
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
    Arch::new().dispatch(Run(job))
}

/// The number types for which there are vectors; in fused or in portable arithmetic, if [`are_there`].
pub trait Vectorized: Sized {
    fn affine(fused: bool, dense: Dimensions, pass: Affine<'_, Self>);
    fn weight_gradient(fused: bool, dense: Dimensions, pass: WeightGradient<'_, Self>);
    fn input_gradient(fused: bool, dense: Dimensions, pass: InputGradient<'_, Self>);
}

macro_rules! vectorized {
    ($float:ident, $lanes:ident; $($kernel:ident $pass:ident)*) => {
        impl Vectorized for $float {
            $(
                #[inline(never)]
                fn $kernel(fused: bool, dense: Dimensions, pass: $pass<'_, Self>) {
                    struct Job<'a, const FUSED: bool>(Dimensions, $pass<'a, $float>);
                    impl<const FUSED: bool> WithSimd for Job<'_, FUSED> {
                        type Output = Option<()>;
                        #[inline(always)]
                        fn with_simd<S: Simd>(self, simd: S) -> Option<()> {
                            if S::IS_SCALAR {
                                return None;
                            }
                            $kernel($lanes::<S, FUSED>(simd), self.0, self.1)
                        }
                    }
                    let done = if fused {
                        Arch::new().dispatch(Job::<true>(dense, pass))
                    } else {
                        Arch::new().dispatch(Job::<false>(dense, pass))
                    };
                    debug_assert!(done.is_some(), "the lengths are those of the contract");
                }
            )*
        }
    };
}

vectorized!(f32, F32; affine Affine weight_gradient WeightGradient input_gradient InputGradient);
vectorized!(f64, F64; affine Affine weight_gradient WeightGradient input_gradient InputGradient);
