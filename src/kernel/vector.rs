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
use one::{Outer, Update};
use product::{Left, Right, Start};
use transpose::{EIGHT, Transpose};

mod dots;
mod few;
mod lanes;
mod one;
mod parts;
mod product;
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

/// The vectors of the machine that a kernel computes with, in one arithmetic.
#[derive(Clone, Copy)]
struct Vectors {
    arch: Arch,
    fused: bool,
}

/// The vectors of 256 bits of a machine that has them, or wider ones.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn narrow(arch: Arch) -> pulp::x86::V3 {
    match arch {
        Arch::V4(simd) => *simd,
        Arch::V3(simd) => simd,
        _ => unreachable!("there are vectors"),
    }
}

impl Vectors {
    /// Those that so many numbers fill at least half; `None` where plain loops compute.
    ///
    /// To compile less, the widest vectors are for `f32` in fused arithmetic alone, and `f64` in
    /// portable arithmetic has no vectors.
    #[inline(always)]
    fn of<T>(fused: bool, numbers: usize) -> Option<Self> {
        if size_of::<T>() == 8 && !fused {
            return None;
        }
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
    /// Whether there are 32 registers, not 16.
    #[inline(always)]
    fn have_many_registers(self) -> bool {
        self.bits() != 256
    }
    /// Numbers in a vector.
    #[inline(always)]
    fn width<T>(self) -> usize {
        self.bits() / 8 / size_of::<T>()
    }
    /// Vectors of the first of some strips of columns, all of about the same width: so many at
    /// most.
    #[inline(always)]
    fn of_a_strip<T>(self, columns: usize, most: usize) -> usize {
        // a division takes as long as some products
        let width = self.width::<T>();
        let vectors = (columns + width - 1) >> width.trailing_zeros();
        match vectors {
            _ if vectors <= most => vectors,
            _ if vectors <= 2 * most => vectors.div_ceil(2),
            _ => vectors.div_ceil(vectors.div_ceil(most)),
        }
    }
}

/// The number types of which there are vectors.
trait Run: Scalar {
    /// Runs a job, in a function of its own.
    fn run<J: Job<Self>>(vectors: Vectors, job: J);
}

macro_rules! vectorized {
    ($float:ident, $lanes:ident, wide: $wide:literal, portable: $portable:literal) => {
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
                    #[cfg(target_arch = "x86_64")]
                    Arch::V4(simd) if J::WIDE && $wide => {
                        Simd::vectorize(simd, Apart::<J, true>(job));
                    }
                    #[cfg(target_arch = "x86_64")]
                    Arch::V4(_) | Arch::V3(_) if J::FUSED && (fused || !$portable) => {
                        Simd::vectorize(narrow(arch), Apart::<J, true>(job));
                    }
                    #[cfg(target_arch = "x86_64")]
                    Arch::V4(_) | Arch::V3(_) if $portable => {
                        Simd::vectorize(narrow(arch), Apart::<J, false>(job));
                    }
                    #[cfg(target_arch = "aarch64")]
                    Arch::Neon(simd) if J::FUSED && (fused || !$portable) => {
                        Simd::vectorize(simd, Apart::<J, true>(job));
                    }
                    #[cfg(target_arch = "aarch64")]
                    Arch::Neon(simd) if $portable => {
                        Simd::vectorize(simd, Apart::<J, false>(job));
                    }
                    _ => unreachable!("there are vectors"),
                }
            }
        }
    };
}

vectorized!(f32, F32, wide: true, portable: true);
vectorized!(f64, F64, wide: false, portable: false);

macro_rules! compiled_once {
    ($($kernel:ident $pass:ident),*) => {
        /// The number types of which there are vectors. Each function is compiled once, in this
        /// crate.
        pub trait Vectorized: Sized {
            $(fn $kernel(fused: bool, dense: Dimensions, pass: $pass<'_, Self>);)*
            fn descend(dense: Dimensions, rate: Self, pass: WeightGradient<'_, Self>);
        }
        compiled_once!(@ f32 $($kernel $pass),*);
        compiled_once!(@ f64 $($kernel $pass),*);
    };
    (@ $float:ident $($kernel:ident $pass:ident),*) => {
        impl Vectorized for $float {
            $(
                #[inline(never)]
                fn $kernel(fused: bool, dense: Dimensions, pass: $pass<'_, Self>) {
                    $kernel(fused, dense, pass);
                }
            )*
            #[inline(never)]
            fn descend(dense: Dimensions, rate: Self, pass: WeightGradient<'_, Self>) {
                descend(dense, rate, pass);
            }
        }
    };
}

compiled_once! {
    affine Affine, rectified Affine, weight_gradient WeightGradient,
    input_gradient InputGradient, product Product, slide Slide
}

#[inline(always)]
fn affine<T: Run>(fused: bool, dense: Dimensions, pass: Affine<'_, T>) {
    forward(fused, dense, pass, false);
}

#[inline(always)]
fn rectified<T: Run>(fused: bool, dense: Dimensions, pass: Affine<'_, T>) {
    forward(fused, dense, pass, true);
}

/// The gradient of the inputs of more samples than this pays for a transposed copy of the weights.
const DOTS: usize = 4;

/// The numbers of a copy of the weights: the L1 cache has room for them.
const PANEL: usize = 8192;

/// Runs a job for a number of outputs below eight, which it has as a constant.
macro_rules! run_few {
    ($vectors:expr, $few:ident($pass:expr), $n_out:expr) => {
        run_few!(@ $vectors, $few($pass), $n_out, 1 2 3 4 5 6 7)
    };
    (@ $vectors:expr, $few:ident($pass:expr), $n_out:expr, $($n:literal)*) => {
        match $n_out {
            $($n => T::run($vectors, $few::<_, $n>($pass)),)*
            _ => unreachable!("these are not few"),
        }
    };
}

#[inline(always)]
fn forward<T: Run>(fused: bool, dense: Dimensions, mut pass: Affine<'_, T>, rectify: bool) {
    let n_out = dense.outputs.get();
    let few = n_out < EIGHT;
    match Vectors::of::<T>(fused && !few, n_out) {
        Some(vectors) if !few && pass.outputs.len() == n_out => {
            return one::run(vectors, dense, &mut pass, rectify);
        }
        Some(vectors) if !few => {
            let mut product = product::Product {
                rows: pass.outputs.len() / n_out,
                parts: dense.parts(),
                start: Start::Columns(pass.bias),
                rectify,
                ..plain((pass.inputs, pass.weights), dense, pass.outputs)
            };
            return product.run(vectors);
        }
        Some(vectors) => run_few!(vectors, FewForward(&mut pass), n_out),
        None => {
            let outputs = &mut *pass.outputs;
            portable::affine(dense, Affine { outputs, ..pass });
        }
    }
    if rectify {
        Relu::apply(pass.outputs);
    }
}

/// A product of one row of so many inputs.
#[inline(always)]
fn plain<'a, T>(
    (left, right): (&'a [T], &'a [T]),
    dense: Dimensions,
    sums: &'a mut [T],
) -> product::Product<'a, T> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    product::Product {
        rows: 1,
        columns: n_out,
        steps: n_in,
        parts: 1,
        left: Left {
            values: left,
            row: n_in,
            step: 1,
        },
        right: Right {
            values: right,
            stride: n_out,
            places: &[],
        },
        start: Start::Nothing,
        rectify: false,
        sums,
        stride: n_out,
    }
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
    let n_out = dense.outputs.get();
    let Some(vectors) = Vectors::of::<T>(fused, n_out & !15) else {
        return portable::product(dense, pass);
    };
    if n_out < EIGHT {
        return padded(vectors, dense, &mut pass);
    }
    let mut product = product::Product {
        rows: rows(pass.sums, n_out),
        start: start(pass.fresh),
        ..plain((pass.left, pass.right), dense, pass.sums)
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
            let (left, right_rows) = (&left[first..], padded_right.as_flattened());
            let mut product = product::Product {
                rows: sums.len() / n_out,
                columns: EIGHT,
                steps: right.len() / n_out,
                start: Start::There,
                stride: EIGHT,
                ..plain((left, right_rows), dense, padded_sums.as_flattened_mut())
            };
            product.right.stride = EIGHT;
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
    let few = n_out < EIGHT;
    let samples = rows(pass.output_gradient, n_out);
    let Some(vectors) = Vectors::of::<T>(fused && !few, n_out & !15).filter(|_| samples > 0) else {
        return portable::weight_gradient(dense, pass);
    };
    if few {
        return run_few!(vectors, FewWeights(&mut pass), n_out);
    }
    if samples == 1 {
        let update = if pass.fresh {
            Update::Write
        } else {
            Update::Add
        };
        return outer(vectors, update, pass);
    }
    for (inputs, step, sums) in [
        (pass.inputs, n_in, pass.weights),
        // the bias is the row of an input that is always 1
        (&[T::ONE], 0, pass.bias),
    ] {
        let mut product = product::Product {
            rows: rows(sums, n_out),
            steps: samples,
            left: Left {
                values: inputs,
                row: 1,
                step,
            },
            start: start(pass.fresh),
            ..plain((inputs, pass.output_gradient), dense, sums)
        };
        product.run(vectors);
    }
}

/// An update of weights and bias by one sample.
#[inline(always)]
fn outer<T: Run>(vectors: Vectors, update: Update<T>, pass: WeightGradient<'_, T>) {
    let slopes = pass.output_gradient;
    // the bias is the row of an input that is always 1
    for (inputs, weights) in [(pass.inputs, pass.weights), (&[T::ONE], pass.bias)] {
        let job = Outer {
            update,
            inputs,
            slopes,
            weights,
        };
        T::run(vectors, job);
    }
}

#[inline(always)]
fn input_gradient<T: Run>(fused: bool, dense: Dimensions, mut pass: InputGradient<'_, T>) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let few = n_out < EIGHT;
    let Some(vectors) = Vectors::of::<T>(fused && !few, n_in & !15) else {
        return portable::input_gradient(dense, pass);
    };
    let samples = rows(pass.output_gradient, n_out);
    let pass = &mut pass;
    // transposed weights of as many inputs as there is room for
    let width = vectors.width::<T>().max(EIGHT);
    let room = PANEL / (width * n_out) * width;
    let lanes = n_in.next_multiple_of(width).min(room);
    if few {
        run_few!(vectors, FewInputs(pass), n_out);
    } else if samples <= 2 * DOTS && n_out >= 2 * EIGHT
        || samples <= DOTS
        || room == 0
        || n_in < width
    {
        T::run(vectors, Dots { dense, pass });
    } else if lanes * n_out <= 1024 {
        transposed::<T, 1024>(vectors, dense, pass, lanes);
    } else {
        transposed::<T, PANEL>(vectors, dense, pass, lanes);
    }
}

/// The gradient of so many inputs at a time, as a product with their weights transposed.
#[inline(never)]
fn transposed<T: Run, const N: usize>(
    vectors: Vectors,
    dense: Dimensions,
    pass: &mut InputGradient<'_, T>,
    lanes: usize,
) {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let mut panel = Lined::new([T::ZERO; N]);
    // of a length that the compiler does not see: it would compile each product again for it
    let panel = core::hint::black_box(panel.values.as_mut_slice());
    let width = vectors.width::<T>();
    for first in (0..n_in).step_by(lanes) {
        // the last inputs, if they fill no vector, with some of those before, again
        let (first, end) = (first.min(n_in - width), n_in.min(first + lanes));
        let copy = Transpose {
            weights: &pass.weights[first * n_out..end * n_out],
            outputs: n_out,
            stride: lanes,
            panel,
        };
        T::run(vectors, copy);
        let slots = &mut pass.input_gradient[first..];
        let mut product = product::Product {
            rows: rows(pass.output_gradient, n_out),
            columns: end - first,
            steps: n_out,
            parts: EIGHT,
            stride: n_in,
            ..plain((pass.output_gradient, panel), dense, slots)
        };
        (product.left.row, product.right.stride) = (n_out, lanes);
        product.run(vectors);
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
        let image = &pass.image[row * pass.step..];
        let mut product = product::Product {
            rows: filters,
            columns,
            steps: pass.places.len(),
            left: Left {
                values: pass.weights,
                row: 1,
                step: filters,
            },
            start: if pass.bias.is_empty() {
                Start::There
            } else {
                Start::Rows(pass.bias)
            },
            stride: plane,
            ..plain(
                (pass.weights, image),
                dense,
                &mut pass.outputs[row * columns..],
            )
        };
        product.right.places = pass.places;
        product.run(vectors);
        row += 1;
    }
}

#[inline(always)]
fn descend<T: Run>(dense: Dimensions, rate: T, pass: WeightGradient<'_, T>) {
    let n_out = dense.outputs.get();
    // both arithmetics are the same here
    match Vectors::of::<T>(true, n_out & !15) {
        Some(vectors) if n_out >= EIGHT => outer(vectors, Update::Descend(rate), pass),
        _ => portable::descend(dense, rate, pass),
    }
}
