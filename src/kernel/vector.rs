//! The kernels in vectors of the machine, compiled once for all networks.

use core::sync::atomic::{AtomicU32, Ordering};

use pulp::{Arch, Simd, WithSimd};

use super::{
    Affine, Dimensions, Elementwise, InputGradient, Product, Slide, WeightGradient, portable,
};
use crate::size::Lined;
use crate::{Activation, Relu, Scalar};
use dots::Dots;
use few::{FewForward, FewInputs, FewWeights};
use lanes::{F32, F64, Job};
use outer::{Outer, Update};
use parts::{PANEL, with_panel};
use product::{At, Every, Left, Right, Start};
use transpose::{EIGHT, Transpose};

mod dots;
mod few;
mod lanes;
mod outer;
mod parts;
mod product;
mod tile;
mod transpose;

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

/// The bits of the vectors, 0 without any that have a fused multiply-add.
#[inline]
pub(super) fn bits() -> u32 {
    Vectors::of::<f32>(true, usize::MAX).map_or(0, |vectors| vectors.bits() as u32)
}

/// Runs a loop over slices, element by element, with the vectors of the machine: the compiler makes
/// them, and no bit depends on them.
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

/// The number types of which there are vectors. Each function is compiled once, in this crate.
pub trait Vectorized: Sized {
    fn affine(fused: bool, dense: Dimensions, pass: Affine<'_, Self>);
    fn rectified(fused: bool, dense: Dimensions, pass: Affine<'_, Self>);
    fn weight_gradient(fused: bool, dense: Dimensions, pass: WeightGradient<'_, Self>);
    fn input_gradient(fused: bool, dense: Dimensions, pass: InputGradient<'_, Self>);
    fn product(fused: bool, dense: Dimensions, pass: Product<'_, Self>);
    fn slide(fused: bool, dense: Dimensions, pass: Slide<'_, Self>);
    fn descend(dense: Dimensions, rate: Self, pass: WeightGradient<'_, Self>);
}

/// The vectors of the machine that a kernel computes with, in one arithmetic.
#[derive(Clone, Copy)]
struct Vectors {
    arch: Arch,
    fused: bool,
}

impl Vectors {
    /// Those that so many numbers fill at least half; `None` on a machine without any.
    ///
    /// Neither f64 nor portable arithmetic is compiled for the widest: that would take as long as
    /// all else.
    #[inline(always)]
    fn of<T>(fused: bool, numbers: usize) -> Option<Self> {
        let wide = fused && size_of::<T>() == 4 && numbers > 8;
        let vectors = Self {
            arch: arch(wide),
            fused,
        };
        (vectors.bits() > 0).then_some(vectors)
    }
    #[inline(always)]
    fn bits(self) -> usize {
        match self.arch {
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => 512,
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => 256,
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => 128,
            _ => 0,
        }
    }
    /// Numbers in a vector.
    #[inline(always)]
    fn width<T>(self) -> usize {
        self.bits() / 8 / size_of::<T>()
    }
    /// Whether there are 32 registers, not 16.
    #[inline(always)]
    fn have_many_registers(self) -> bool {
        self.bits() != 256
    }
}

/// The number types of which there are vectors.
trait Run: Scalar {
    /// Runs a job, in a function of its own.
    fn run<J: Job<Self>>(vectors: Vectors, job: J);
}

macro_rules! vectorized {
    ($float:ident, $lanes:ident, $($v4:ident)?) => {
        impl Run for $float {
            #[inline(always)]
            fn run<J: Job<$float>>(Vectors { arch, fused }: Vectors, job: J) {
                struct Apart<J, const FUSED: bool>(J);
                impl<J: Job<$float>, const FUSED: bool> WithSimd for Apart<J, FUSED> {
                    type Output = ();
                    #[inline(always)]
                    fn with_simd<S: Simd>(self, simd: S) {
                        self.0.run($lanes::<S, FUSED>(simd));
                    }
                }
                match arch {
                    $(
                        #[cfg(target_arch = "x86_64")]
                        Arch::$v4(simd) => Simd::vectorize(simd, Apart::<J, true>(job)),
                    )?
                    #[cfg(target_arch = "x86_64")]
                    Arch::V3(simd) if fused => Simd::vectorize(simd, Apart::<J, true>(job)),
                    #[cfg(target_arch = "x86_64")]
                    Arch::V3(simd) => Simd::vectorize(simd, Apart::<J, false>(job)),
                    #[cfg(target_arch = "aarch64")]
                    Arch::Neon(simd) if fused => Simd::vectorize(simd, Apart::<J, true>(job)),
                    #[cfg(target_arch = "aarch64")]
                    Arch::Neon(simd) => Simd::vectorize(simd, Apart::<J, false>(job)),
                    _ => unreachable!("there are vectors"),
                }
            }
        }

        impl Vectorized for $float {
            #[inline(never)]
            fn affine(fused: bool, dense: Dimensions, pass: Affine<'_, $float>) {
                affine(fused, dense, pass, false);
            }
            #[inline(never)]
            fn rectified(fused: bool, dense: Dimensions, pass: Affine<'_, $float>) {
                affine(fused, dense, pass, true);
            }
            #[inline(never)]
            fn weight_gradient(fused: bool, dense: Dimensions, pass: WeightGradient<'_, $float>) {
                weight_gradient(fused, dense, pass);
            }
            #[inline(never)]
            fn input_gradient(fused: bool, dense: Dimensions, pass: InputGradient<'_, $float>) {
                input_gradient(fused, dense, pass);
            }
            #[inline(never)]
            fn product(fused: bool, dense: Dimensions, pass: Product<'_, $float>) {
                product(fused, dense, pass);
            }
            #[inline(never)]
            fn slide(fused: bool, dense: Dimensions, pass: Slide<'_, $float>) {
                slide(fused, dense, pass);
            }
            #[inline(never)]
            fn descend(dense: Dimensions, rate: $float, pass: WeightGradient<'_, $float>) {
                descend(dense, rate, pass);
            }
        }
    };
}

vectorized!(f32, F32, V4);
vectorized!(f64, F64,);

/// A copy of the weights, side by side or transposed, pays for more samples than this.
const NO_COPY: usize = 8;

/// Runs a job for a number of outputs that is one of these constants.
macro_rules! run_few {
    ($vectors:expr, $few:ident($pass:expr), $n_out:expr, $($n:literal)*) => {
        match $n_out {
            $($n => T::run($vectors, $few::<_, $n>($pass)),)*
            _ => unreachable!("these are not few"),
        }
    };
    ($vectors:expr, $few:ident($pass:expr), $n_out:expr) => {
        run_few!($vectors, $few($pass), $n_out, 1 2 3 4 5 6 7)
    };
}

#[inline(always)]
fn affine<T: Run>(fused: bool, dense: Dimensions, mut pass: Affine<'_, T>, rectify: bool) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let Some(vectors) = Vectors::of::<T>(fused, n_out) else {
        let outputs = &mut *pass.outputs;
        portable::affine(dense, Affine { outputs, ..pass });
        if rectify {
            Relu::apply(pass.outputs);
        }
        return;
    };
    let samples = rows(pass.outputs, n_out);
    // without a copy such rows fill no vector of the widest kind
    let is_copied = samples > NO_COPY && n_in * 2 * EIGHT <= PANEL;
    // of f64 so many sums would not fit into registers
    if n_out < EIGHT || n_out < 2 * EIGHT && size_of::<T>() == 4 && !is_copied {
        // the weights of eight inputs are whole vectors of the widest kind if outputs are an even
        // number
        let vectors = Vectors::of::<T>(fused, (n_out + 1) % 2 * n_out).unwrap_or(vectors);
        let pass = &mut pass;
        match n_out {
            ..EIGHT => run_few!(vectors, FewForward(pass), n_out),
            _ => run_few!(vectors, FewForward(pass), n_out, 8 9 10 11 12 13 14 15),
        }
        if rectify {
            Relu::apply(pass.outputs);
        }
        return;
    }
    let product = product::Product {
        rows: samples,
        columns: n_out,
        steps: n_in,
        left: Left {
            values: pass.inputs,
            row: n_in,
            step: 1,
        },
        right: Right {
            values: pass.weights,
            rows: Every(n_out),
        },
        start: Start::Columns(pass.bias),
        rectify,
        sums: pass.outputs,
        stride: n_out,
    };
    product.run_in_parts(vectors, dense.parts());
}

/// How many rows there are; a division takes as long as some products.
#[inline(always)]
fn rows<T>(values: &[T], columns: usize) -> usize {
    if values.len() == columns {
        1
    } else {
        values.len() / columns
    }
}

const fn start<'a, T>(fresh: bool) -> Start<'a, T> {
    if fresh { Start::Nothing } else { Start::There }
}

#[inline(always)]
fn product<T: Run>(fused: bool, dense: Dimensions, mut pass: Product<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let Some(vectors) = Vectors::of::<T>(fused, n_out & !15) else {
        return portable::product(dense, pass);
    };
    if n_out < EIGHT {
        return padded(vectors, dense, &mut pass);
    }
    let product = product::Product {
        rows: rows(pass.sums, n_out),
        columns: n_out,
        steps: n_in,
        left: Left {
            values: pass.left,
            row: n_in,
            step: 1,
        },
        right: Right {
            values: pass.right,
            rows: Every(n_out),
        },
        start: start(pass.fresh),
        rectify: false,
        sums: pass.sums,
        stride: n_out,
    };
    product.run(vectors);
}

/// Rows of a copy with room for a vector each.
const PADDED: usize = 64;

/// A product of few columns: rows are copied to whole vectors.
#[inline(never)]
fn padded<T: Run>(vectors: Vectors, dense: Dimensions, pass: &mut Product<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    for (left, sums) in pass
        .left
        .chunks(PADDED * n_in)
        .zip(pass.sums.chunks_mut(PADDED * n_out))
    {
        let mut padded_sums = [[-T::ZERO; EIGHT]; PADDED];
        if !pass.fresh {
            copy_rows(sums, n_out, padded_sums.as_flattened_mut(), EIGHT);
        }
        for (right, first) in pass.right.chunks(PADDED * n_out).zip((0..).step_by(PADDED)) {
            let mut padded_right = [[T::ZERO; EIGHT]; PADDED];
            copy_rows(right, n_out, padded_right.as_flattened_mut(), EIGHT);
            let product = product::Product {
                rows: sums.len() / n_out,
                columns: EIGHT,
                steps: right.len() / n_out,
                left: Left {
                    values: &left[first..],
                    row: n_in,
                    step: 1,
                },
                right: Right {
                    values: padded_right.as_flattened(),
                    rows: Every(EIGHT),
                },
                start: Start::There,
                rectify: false,
                sums: padded_sums.as_flattened_mut(),
                stride: EIGHT,
            };
            product.run(vectors);
        }
        copy_rows(padded_sums.as_flattened(), EIGHT, sums, n_out);
    }
}

/// Copies what there is room for of rows of some numbers to rows of others.
fn copy_rows<T: Copy>(from: &[T], width: usize, to: &mut [T], room: usize) {
    for (to, from) in to.chunks_exact_mut(room).zip(from.chunks_exact(width)) {
        for (slot, number) in to.iter_mut().zip(from) {
            *slot = *number;
        }
    }
}

#[inline(always)]
fn weight_gradient<T: Run>(fused: bool, dense: Dimensions, mut pass: WeightGradient<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    // outputs that do not fill a vector of the widest kind fill one of the others
    let Some(vectors) = Vectors::of::<T>(fused, n_out & !15) else {
        return portable::weight_gradient(dense, pass);
    };
    if n_out < EIGHT {
        return run_few!(vectors, FewWeights(&mut pass), n_out);
    }
    let samples = rows(pass.output_gradient, n_out);
    if samples == 1 {
        let update = if pass.fresh {
            Update::Write
        } else {
            Update::Add
        };
        let job = Outer {
            update,
            inputs: pass.inputs,
            slopes: pass.output_gradient,
            weights: pass.weights,
        };
        T::run(vectors, job);
        if pass.fresh {
            for (sum, slope) in pass.bias.iter_mut().zip(pass.output_gradient) {
                *sum = *slope;
            }
        } else {
            for (sum, slope) in pass.bias.iter_mut().zip(pass.output_gradient) {
                *sum += *slope;
            }
        }
        return;
    }
    let right = Right {
        values: pass.output_gradient,
        rows: Every(n_out),
    };
    let weights = product::Product {
        rows: n_in,
        columns: n_out,
        steps: samples,
        left: Left {
            values: pass.inputs,
            row: 1,
            step: n_in,
        },
        right,
        start: start(pass.fresh),
        rectify: false,
        sums: pass.weights,
        stride: n_out,
    };
    weights.run(vectors);
    if !pass.bias.is_empty() {
        // the row of an input that is always 1
        let bias = product::Product {
            rows: 1,
            columns: n_out,
            steps: samples,
            left: Left {
                values: &[T::ONE],
                row: 0,
                step: 0,
            },
            right,
            start: start(pass.fresh),
            rectify: false,
            sums: pass.bias,
            stride: n_out,
        };
        bias.run(vectors);
    }
}

#[inline(always)]
fn input_gradient<T: Run>(fused: bool, dense: Dimensions, mut pass: InputGradient<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let Some(narrow) = Vectors::of::<T>(fused, 1) else {
        return portable::input_gradient(dense, pass);
    };
    let vectors = Vectors::of::<T>(fused, n_in).unwrap_or(narrow);
    // the other sums are -0, which changes nothing
    let parts = n_out.next_power_of_two().min(EIGHT);
    // whole blocks of eight inputs
    let width = vectors.width::<T>().max(EIGHT);
    let lanes = n_in
        .next_multiple_of(width)
        .min(parts::most(vectors, parts) * width);
    let samples = rows(pass.output_gradient, n_out);
    if n_out < EIGHT && samples == 1 {
        run_few!(narrow, FewInputs(&mut pass), n_out);
    } else if n_out >= EIGHT && samples <= NO_COPY || lanes * n_out > PANEL {
        let pass = &mut pass;
        T::run(narrow, Dots { dense, pass });
    } else {
        let numbers = lanes * n_out;
        with_panel!(
            numbers,
            transposed::<T>((vectors, narrow), dense, &mut pass, lanes, parts)
        );
    }
}

/// The gradient of so many inputs at a time, as a product with their weights transposed.
#[inline(never)]
fn transposed<T: Run, const N: usize>(
    (vectors, narrow): (Vectors, Vectors),
    dense: Dimensions,
    pass: &mut InputGradient<'_, T>,
    lanes: usize,
    parts: usize,
) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let mut panel = Lined::new([T::ZERO; N]);
    // of a length that the compiler does not see: it would compile each product again for it
    let panel = core::hint::black_box(panel.values.as_mut_slice());
    let mut end = 0;
    while end < n_in {
        // the last inputs may be some of those before, again
        let first = end.min(n_in.saturating_sub(lanes));
        end = n_in.min(first + lanes);
        let copy = Transpose {
            weights: &pass.weights[first * n_out..end * n_out],
            outputs: n_out,
            stride: lanes,
            panel,
        };
        T::run(narrow, copy);
        let product = product::Product {
            rows: rows(pass.output_gradient, n_out),
            columns: end - first,
            steps: n_out,
            left: Left {
                values: pass.output_gradient,
                row: n_out,
                step: 1,
            },
            right: Right {
                values: panel,
                rows: Every(lanes),
            },
            start: Start::Nothing,
            rectify: false,
            sums: &mut pass.input_gradient[first..],
            stride: n_in,
        };
        product.run_in_parts(vectors, parts);
    }
}

#[inline(always)]
fn slide<T: Run>(fused: bool, dense: Dimensions, pass: Slide<'_, T>) {
    let (columns, filters) = (dense.inputs.get(), dense.outputs.get());
    let Some(vectors) = Vectors::of::<T>(fused, columns) else {
        return portable::slide(dense, pass);
    };
    let plane = pass.outputs.len() / filters;
    let mut row = 0;
    while row * columns < plane {
        let product = product::Product {
            rows: filters,
            columns,
            steps: pass.places.len(),
            left: Left {
                values: pass.weights,
                row: 1,
                step: filters,
            },
            right: Right {
                values: &pass.image[row * pass.step..],
                rows: At(pass.places),
            },
            start: if pass.bias.is_empty() {
                Start::There
            } else {
                Start::Rows(pass.bias)
            },
            rectify: false,
            sums: &mut pass.outputs[row * columns..],
            stride: plane,
        };
        product.run(vectors);
        row += 1;
    }
}

#[inline(always)]
fn descend<T: Run>(dense: Dimensions, rate: T, pass: WeightGradient<'_, T>) {
    // both arithmetics are the same here
    let slopes = pass.output_gradient;
    match Vectors::of::<T>(true, slopes.len()) {
        Some(vectors) if slopes.len() >= vectors.width::<T>() => {
            let update = Update::Descend(rate);
            let one = &[T::ONE][..];
            for (inputs, weights) in [(pass.inputs, pass.weights), (one, pass.bias)] {
                let job = Outer {
                    update,
                    inputs,
                    slopes,
                    weights,
                };
                T::run(vectors, job);
            }
        }
        _ => portable::descend(dense, rate, pass),
    }
}
