//! The kernels of the way forward, by type: in modules of their own they are compiled side by side.

use super::product::rows;
use super::{LENGTHS, affine, arch, fills_widest, run_kernel, slide, whole};
use crate::kernel::{Affine, Dimensions, Product, Slide};

/// What a pass forward is made of, in fused or in portable arithmetic.
pub trait Forward: Sized {
    fn affine_or_rectified(fused: bool, dense: Dimensions, pass: Affine<'_, Self>, rectify: bool);
    #[inline(always)]
    fn affine(fused: bool, dense: Dimensions, pass: Affine<'_, Self>) {
        Self::affine_or_rectified(fused, dense, pass, false);
    }
    #[inline(always)]
    fn rectified(fused: bool, dense: Dimensions, pass: Affine<'_, Self>) {
        Self::affine_or_rectified(fused, dense, pass, true);
    }
    fn product(fused: bool, dense: Dimensions, pass: Product<'_, Self>);
    fn slide(fused: bool, dense: Dimensions, pass: Slide<'_, Self>);
}

macro_rules! forward {
    ($float:ident, $lanes:ident) => {
        impl Forward for $float {
            #[inline(never)]
            fn affine_or_rectified(
                fused: bool,
                dense: Dimensions,
                mut pass: Affine<'_, $float>,
                rectify: bool,
            ) {
                let fills = fills_widest::<$float>(dense.outputs);
                let samples = rows(pass.outputs, dense.outputs.get());
                let wide = fills || affine::is_narrow_and_wide::<$float>(dense, samples);
                let arch = arch(fused && wide);
                let is_one = fills && samples == 1;
                let mut forward = affine::Forward {
                    pass: &mut pass,
                    samples,
                    rectify,
                };
                let done = if is_one {
                    run_kernel!(
                        affine::one,
                        $lanes,
                        fused,
                        arch,
                        dense,
                        &mut forward,
                        affine::Forward<'a, 'b, $float>
                    )
                } else {
                    run_kernel!(
                        affine::affine,
                        $lanes,
                        fused,
                        arch,
                        dense,
                        &mut forward,
                        affine::Forward<'a, 'b, $float>
                    )
                };
                debug_assert!(done.is_some(), "{LENGTHS}");
            }
            #[inline(never)]
            fn product(fused: bool, dense: Dimensions, mut pass: Product<'_, $float>) {
                let arch = arch(fused && fills_widest::<$float>(dense.outputs));
                let done = run_kernel!(
                    whole::product,
                    $lanes,
                    fused,
                    arch,
                    dense,
                    &mut pass,
                    Product<'a, $float>
                );
                debug_assert!(done.is_some(), "{LENGTHS}");
            }
            #[inline(never)]
            fn slide(fused: bool, dense: Dimensions, mut pass: Slide<'_, $float>) {
                let done = run_kernel!(
                    slide::slide,
                    $lanes,
                    fused,
                    arch(fused),
                    dense,
                    &mut pass,
                    Slide<'a, $float>
                );
                debug_assert!(done.is_some(), "{LENGTHS}");
            }
        }
    };
}

mod single {
    use super::*;
    use crate::kernel::simd::lanes::F32;
    forward!(f32, F32);
}

mod double {
    use super::*;
    use crate::kernel::simd::lanes::F64;
    forward!(f64, F64);
}
