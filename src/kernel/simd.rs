//! The kernels in vectors of the machine, compiled once for all networks.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU32, Ordering};

use pulp::{Arch, Simd, WithSimd};

use super::{Affine, Dimensions, Elementwise, InputGradient, Product, Slide, WeightGradient};

mod affine;
mod few_outputs;
mod input_gradient;
mod lanes;
mod pad;
mod panel;
mod product;
mod slide;
mod turn;
mod turned;
mod weight_gradient;
mod whole;

use lanes::{F32, F64};
use product::rows;

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
pub trait Vectorized: Sized {
    fn affine_or_rectified(fused: bool, dense: Dimensions, pass: Affine<'_, Self>, rectify: bool);
    #[inline(always)]
    fn affine(fused: bool, dense: Dimensions, pass: Affine<'_, Self>) {
        Self::affine_or_rectified(fused, dense, pass, false);
    }
    #[inline(always)]
    fn rectified(fused: bool, dense: Dimensions, pass: Affine<'_, Self>) {
        Self::affine_or_rectified(fused, dense, pass, true);
    }
    fn weight_gradient(fused: bool, dense: Dimensions, pass: WeightGradient<'_, Self>);
    fn input_gradient(fused: bool, dense: Dimensions, pass: InputGradient<'_, Self>);
    fn product(fused: bool, dense: Dimensions, pass: Product<'_, Self>);
    fn slide(fused: bool, dense: Dimensions, pass: Slide<'_, Self>);
    fn descend(dense: Dimensions, rate: Self, pass: WeightGradient<'_, Self>);
}

/// Runs `lanes::$kernel` on what `$pass` refers to, with the vectors of an [`Arch`]; `None` if lengths don't fit.
macro_rules! run {
    ($kernel:path, $lanes:ident, $fused:expr, $arch:expr, $dense:expr, $pass:expr, $type:ty) => {{
        // by reference: a copy would wait for the stores of what it copies
        struct Job<'a, 'b, const FUSED: bool>(Dimensions, &'b mut $type);
        impl<const FUSED: bool> WithSimd for Job<'_, '_, FUSED> {
            type Output = Option<()>;
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> Option<()> {
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

const LENGTHS: &str = "the lengths are those of the contract";

macro_rules! vectorized {
    ($float:ident, $lanes:ident) => {
        impl Vectorized for $float {
            #[inline(never)]
            fn affine_or_rectified(
                fused: bool,
                dense: Dimensions,
                mut pass: Affine<'_, $float>,
                rectify: bool,
            ) {
                let fills = fills_widest::<$float>(dense.outputs);
                let arch = arch(fused && fills);
                let is_one = fills && pass.outputs.len() == dense.outputs.get();
                let mut forward = affine::Forward {
                    pass: &mut pass,
                    rectify,
                };
                let done = if is_one {
                    run!(
                        affine::one,
                        $lanes,
                        fused,
                        arch,
                        dense,
                        &mut forward,
                        affine::Forward<'a, 'b, $float>
                    )
                } else {
                    run!(
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
                let done = run!(
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
                    run!(
                        few_outputs::input_gradient,
                        $lanes,
                        fused,
                        arch(fused && fills_widest::<$float>(dense.inputs)),
                        dense,
                        &mut pass,
                        InputGradient<'a, $float>
                    )
                } else if let Some(cut) = turned::Cut::new(dense, samples, width, most) {
                    turned::input_gradient(
                        cut,
                        dense,
                        &mut pass,
                        |turn| {
                            run!(
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
                            run!(
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
                    run!(
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
            fn product(fused: bool, dense: Dimensions, mut pass: Product<'_, $float>) {
                let arch = arch(fused && fills_widest::<$float>(dense.outputs));
                let done = run!(
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
                let done = run!(
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
            #[inline(never)]
            fn descend(dense: Dimensions, rate: $float, mut pass: WeightGradient<'_, $float>) {
                let arch = arch(fills_widest::<$float>(dense.outputs));
                let mut step = weight_gradient::Step {
                    rate,
                    pass: &mut pass,
                };
                // both arithmetics are the same here
                let done = run!(
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

/// Whether so many numbers fill a vector of the widest.
#[inline(always)]
fn fills_widest<T>(numbers: NonZeroUsize) -> bool {
    numbers.get() * size_of::<T>() >= 64
}

vectorized!(f32, F32);
vectorized!(f64, F64);
