//! The kernels of the gradients, by type: in modules of their own they are compiled side by side.

use super::product::rows;
use super::{
    LENGTHS, arch, bits, few_outputs, fills_widest, input_gradient, run_kernel, turned,
    weight_gradient,
};
use crate::kernel::{Dimensions, InputGradient, WeightGradient};

/// What a pass back is made of, in fused or in portable arithmetic, and the step of one sample.
pub trait Gradients: Sized {
    fn weight_gradient(fused: bool, dense: Dimensions, pass: WeightGradient<'_, Self>);
    fn input_gradient(fused: bool, dense: Dimensions, pass: InputGradient<'_, Self>);
    fn descend(dense: Dimensions, rate: Self, pass: WeightGradient<'_, Self>);
}

macro_rules! gradients {
    ($float:ident, $lanes:ident) => {
        impl Gradients for $float {
            #[inline(never)]
            fn weight_gradient(
                fused: bool,
                dense: Dimensions,
                mut pass: WeightGradient<'_, $float>,
            ) {
                // the lanes hold outputs, or inputs where outputs are few
                let lanes = if few_outputs::are(dense) {
                    dense.inputs
                } else {
                    dense.outputs
                };
                let arch = arch(fused && fills_widest::<$float>(lanes));
                let done = run_kernel!(
                    weight_gradient::weight_gradient,
                    $lanes,
                    fused,
                    arch,
                    dense,
                    &mut pass,
                    WeightGradient<'a, $float>
                );
                debug_assert!(done.is_some(), "{LENGTHS}");
            }
            #[inline(never)]
            fn input_gradient(fused: bool, dense: Dimensions, mut pass: InputGradient<'_, $float>) {
                let samples = rows(pass.output_gradient, dense.outputs.get());
                // of the widest vectors where the inputs fill more than half of one, and two in a strip: their registers
                // are twice as many
                let wide =
                    fused && bits(true) == 512 && dense.inputs.get() * size_of::<$float>() > 32;
                let width = bits(wide) as usize / 8 / size_of::<$float>();
                let most = if wide { 2 } else { 1 };
                let done = if few_outputs::are(dense) {
                    // both arithmetics are the same here
                    run_kernel!(
                        few_outputs::input_gradient,
                        $lanes,
                        true,
                        arch(fills_widest::<$float>(dense.inputs)),
                        dense,
                        &mut pass,
                        InputGradient<'a, $float>
                    )
                } else if let Some(cut) = turned::Cut::new::<$float>(dense, samples, width, most) {
                    turned::input_gradient(
                        cut,
                        dense,
                        &mut pass,
                        |turn| {
                            run_kernel!(
                                turned::turn,
                                $lanes,
                                fused,
                                arch(false),
                                dense,
                                turn,
                                turned::Turn<'a, $float>
                            )
                        },
                        |strip| {
                            run_kernel!(
                                turned::strip,
                                $lanes,
                                fused,
                                arch(wide),
                                dense,
                                strip,
                                turned::Strip<'a, $float>
                            )
                        },
                    )
                } else {
                    run_kernel!(
                        input_gradient::input_gradient,
                        $lanes,
                        fused,
                        arch(false),
                        dense,
                        &mut pass,
                        InputGradient<'a, $float>
                    )
                };
                debug_assert!(done.is_some(), "{LENGTHS}");
            }
            #[inline(never)]
            fn descend(dense: Dimensions, rate: $float, mut pass: WeightGradient<'_, $float>) {
                let arch = arch(fills_widest::<$float>(dense.outputs));
                let mut step = weight_gradient::Step {
                    rate,
                    pass: &mut pass,
                };
                // both arithmetics are the same here
                let done = run_kernel!(
                    weight_gradient::descend,
                    $lanes,
                    true,
                    arch,
                    dense,
                    &mut step,
                    weight_gradient::Step<'a, 'b, $float>
                );
                debug_assert!(done.is_some(), "{LENGTHS}");
            }
        }
    };
}

mod single {
    use super::*;
    use crate::kernel::simd::lanes::F32;
    gradients!(f32, F32);
}

mod double {
    use super::*;
    use crate::kernel::simd::lanes::F64;
    gradients!(f64, F64);
}
