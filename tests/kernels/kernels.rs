//! The kernels against plain scalar loops, bit for bit.

use core::num::NonZeroUsize;
use std::sync::Mutex;

use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::Scalar;
use sizednet::initializer::uniform;
use sizednet::kernel::{
    Affine, Dimensions, InputGradient, Kernel, NATIVE_FROM, NativeKernel, PortableKernel, Product,
    Slide, WeightGradient, limit_vector_bits, vector_bits,
};
use sizednet::sizes::U128;

/// A product and a sum of a float, rounded once or twice.
trait Float: Scalar {
    fn fused(self, factor: Self, addend: Self) -> Self;
    fn bits(self) -> u64;
    fn is_nan(self) -> bool;
}
impl Float for f32 {
    fn fused(self, factor: Self, addend: Self) -> Self {
        self.mul_add(factor, addend)
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}
impl Float for f64 {
    fn fused(self, factor: Self, addend: Self) -> Self {
        self.mul_add(factor, addend)
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

/// Whether more widths and random draws are tried.
const LONG: bool = cfg!(feature = "long");

fn random<T: Float>(rng: &mut Xoshiro256PlusPlus, scale: T, count: usize) -> Vec<T> {
    (0..count).map(|_| uniform(-scale, scale, rng)).collect()
}

fn same<T: Float>(got: &[T], right: &[T], what: &str) {
    assert_eq!(got.len(), right.len());
    for (place, (got, right)) in got.iter().zip(right).enumerate() {
        // the sign and payload of NaN depend on the machine
        assert!(
            got.bits() == right.bits() || got.is_nan() && right.is_nan(),
            "{what} at {place}: {got} and {right}"
        );
    }
}

/// The sum of eight partial sums.
fn tree<T: Float>(p: [T; 8]) -> T {
    ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]))
}

/// A copy that begins so many numbers behind the beginning of a cache line.
fn copy_behind<'a, T: Float>(numbers: &[T], behind: usize, room: &'a mut Vec<T>) -> &'a mut [T] {
    *room = vec![T::ONE; numbers.len() + 64];
    let line = room.as_ptr().align_offset(64);
    let copy = &mut room[line + behind..][..numbers.len()];
    copy.copy_from_slice(numbers);
    copy
}

/// What kernels are given.
struct Given<T> {
    sizes: [usize; 3],
    /// Numbers between the beginning of a cache line and the weights.
    behind: usize,
    weights: Vec<T>,
    bias: Vec<T>,
    x: Vec<T>,
    dy: Vec<T>,
}

/// What they make of it.
#[derive(Default)]
struct Made<T> {
    y: Vec<T>,
    rectified: Vec<T>,
    /// Fresh, and added to what was there.
    weights: [Vec<T>; 2],
    bias: [Vec<T>; 2],
    sums: [Vec<T>; 2],
    dx: Vec<T>,
}

const FRESH: [bool; 2] = [true, false];

impl<T: Float> Given<T> {
    fn new(sizes @ [n_in, n_out, samples]: [usize; 3], scale: f64, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut random = |count| -> Vec<T> {
            let numbers = random(&mut rng, T::ONE, count);
            numbers.iter().map(|n| *n * T::from_f64(scale)).collect()
        };
        Self {
            sizes,
            behind: (seed % 16) as usize,
            weights: random(n_in * n_out),
            bias: random(n_out),
            x: random(samples * n_in),
            dy: random(samples * n_out),
        }
    }

    /// By kernels, which write over numbers.
    fn kernels<K: Kernel>(&self) -> Made<T> {
        let [n_in, n_out, _] = self.sizes;
        let dense = dimensions(n_in, n_out);
        let (mut room, mut another) = (Vec::new(), Vec::new());
        let given_weights = &*copy_behind(&self.weights, self.behind, &mut room);
        let [y, rectified] = [K::affine, K::rectified].map(|kernel| {
            let mut y = self.dy.clone();
            let pass = Affine {
                weights: given_weights,
                bias: &self.bias,
                inputs: &self.x,
                outputs: &mut y,
            };
            kernel(dense, pass);
            y
        });
        let mut made = Made {
            y,
            rectified,
            dx: self.x.clone(),
            ..Made::default()
        };
        for (nth, fresh) in FRESH.into_iter().enumerate() {
            let weights = copy_behind(&self.weights, self.behind, &mut another);
            let mut bias = self.bias.clone();
            let pass = WeightGradient {
                inputs: &self.x,
                output_gradient: &self.dy,
                weights,
                bias: &mut bias,
                fresh,
            };
            K::weight_gradient(dense, pass);
            (made.weights[nth], made.bias[nth]) = (weights.to_vec(), bias);
            let mut sums = self.dy.clone();
            let pass = Product {
                left: &self.x,
                right: given_weights,
                sums: &mut sums,
                fresh,
            };
            K::product(dense, pass);
            made.sums[nth] = sums;
        }
        let pass = InputGradient {
            weights: given_weights,
            output_gradient: &self.dy,
            input_gradient: &mut made.dx,
        };
        K::input_gradient(dense, pass);
        made
    }

    /// By plain loops.
    fn loops(&self, fused: bool) -> Made<T> {
        let [n_in, n_out, samples] = self.sizes;
        let round =
            |fused: bool| move |a: T, b: T, c: T| if fused { a.fused(b, c) } else { a * b + c };
        // a layer of few outputs is portable, a product of few columns is not
        let (step, product_step) = (round(fused && n_out >= 8), round(fused));
        let Self {
            weights,
            bias,
            x,
            dy,
            ..
        } = self;
        let parts = match n_out {
            _ if n_in * n_out < NATIVE_FROM => 1,
            ..=16 => 8,
            17..=32 => 4,
            33..=64 => 2,
            _ => 1,
        };
        let mut made = Made::default();
        for s in 0..samples {
            for o in 0..n_out {
                let mut sums = [-T::ZERO; 8];
                sums[0] = bias[o];
                for i in 0..n_in {
                    let sum = &mut sums[i % parts];
                    *sum = step(x[s * n_in + i], weights[i * n_out + o], *sum);
                }
                let total = match parts {
                    1 => sums[0],
                    2 => sums[0] + sums[1],
                    4 => (sums[0] + sums[2]) + (sums[1] + sums[3]),
                    _ => tree(sums),
                };
                made.y.push(total);
                // as PyTorch has it, NaN stays NaN
                let above = if total.is_nan() || total > T::ZERO {
                    total
                } else {
                    T::ZERO
                };
                made.rectified.push(above);
            }
        }
        for (nth, fresh) in FRESH.into_iter().enumerate() {
            let start = |there: &T| if fresh { -T::ZERO } else { *there };
            let mut dw: Vec<T> = weights.iter().map(start).collect();
            let mut db: Vec<T> = bias.iter().map(start).collect();
            for s in 0..samples {
                for o in 0..n_out {
                    for i in 0..n_in {
                        let sum = &mut dw[i * n_out + o];
                        *sum = step(x[s * n_in + i], dy[s * n_out + o], *sum);
                    }
                    db[o] += dy[s * n_out + o];
                }
            }
            (made.weights[nth], made.bias[nth]) = (dw, db);
            for s in 0..samples {
                for o in 0..n_out {
                    let sum = (0..n_in).fold(start(&dy[s * n_out + o]), |sum, i| {
                        product_step(x[s * n_in + i], weights[i * n_out + o], sum)
                    });
                    made.sums[nth].push(sum);
                }
            }
        }
        for s in 0..samples {
            for i in 0..n_in {
                let mut p = [-T::ZERO; 8];
                for o in 0..n_out {
                    p[o % 8] = step(weights[i * n_out + o], dy[s * n_out + o], p[o % 8]);
                }
                made.dx.push(tree(p));
            }
        }
        made
    }
}

impl<T: Float> Made<T> {
    fn check(&self, right: &Self, what: &str) {
        same(&self.y, &right.y, &format!("forward, {what}"));
        same(
            &self.rectified,
            &right.rectified,
            &format!("rectified, {what}"),
        );
        for (nth, fresh) in FRESH.into_iter().enumerate() {
            let what = format!("{what}, fresh: {fresh}");
            same(
                &self.weights[nth],
                &right.weights[nth],
                &format!("weights, {what}"),
            );
            same(&self.bias[nth], &right.bias[nth], &format!("bias, {what}"));
            same(
                &self.sums[nth],
                &right.sums[nth],
                &format!("product, {what}"),
            );
        }
        same(&self.dx, &right.dx, &format!("inputs, {what}"));
    }
}

fn dimensions(n_in: usize, n_out: usize) -> Dimensions {
    let size = |n| NonZeroUsize::new(n).expect("not 0");
    Dimensions::new(size(n_in), size(n_out))
}

/// Filters over an image: some rows of windows, from the bias or from where the outputs are.
fn check_slide<T: Float, K: Kernel>(
    fused: bool,
    [columns, filters, taps, rows]: [usize; 4],
    seed: u64,
) {
    let step = |a: T, b: T, c: T| if fused { a.fused(b, c) } else { a * b + c };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let size = |n| NonZeroUsize::new(n).expect("not 0");
    let dense = Dimensions::new(size(columns), size(filters));
    let weights = random::<T>(&mut rng, T::ONE, taps * filters);
    let bias = random::<T>(&mut rng, T::ONE, filters);
    let width = columns + 5;
    let places: Vec<u32> = (0..taps).map(|tap| (tap * 7 % 40) as u32).collect();
    let image = random::<T>(&mut rng, T::ONE, rows * width + columns + 40);
    let before = random::<T>(&mut rng, T::ONE, filters * rows * columns);
    for bias in [&bias[..], &[]] {
        let mut outputs = before.clone();
        let pass = Slide {
            weights: &weights,
            bias,
            image: &image,
            places: &places,
            step: width,
            outputs: &mut outputs,
        };
        K::slide(dense, pass);
        let mut right = before.clone();
        for (at, sum) in right.iter_mut().enumerate() {
            let (f, row, x) = (at / columns / rows, at / columns % rows, at % columns);
            let start = bias.get(f).copied().unwrap_or(*sum);
            *sum = places.iter().enumerate().fold(start, |sum, (tap, place)| {
                let value = image[*place as usize + row * width + x];
                step(weights[tap * filters + f], value, sum)
            });
        }
        same(&outputs, &right, "slide");
    }
}

/// Held while the process uses vectors of some width.
static BITS: Mutex<()> = Mutex::new(());

/// With vectors of at most so many bits; 0 is a machine without a fused multiply-add.
fn with_bits<R>(bits: u32, run: impl FnOnce() -> R) -> R {
    let _one_at_a_time = BITS.lock();
    limit_vector_bits(bits);
    assert!(vector_bits() <= bits);
    run()
}

/// Whether native kernels round a product and its sum once: found anew, not by what the kernels use.
fn fuses() -> bool {
    #[cfg(target_arch = "x86_64")]
    let machine = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let machine = cfg!(target_arch = "aarch64");
    cfg!(feature = "simd") && machine
}

/// The widths of the vectors that there are here, and 0.
fn widths() -> impl Iterator<Item = u32> {
    let is_there = |bits: &u32| with_bits(*bits, vector_bits) == *bits;
    [512, 256, 128, 0].into_iter().filter(is_there)
}

/// In both arithmetics, with vectors of all widths.
fn check<T: Float>(sizes @ [n_in, n_out, _]: [usize; 3], scale: f64, seed: u64) {
    let given = Given::<T>::new(sizes, scale, seed);
    let (fused, apart) = (given.loops(true), given.loops(false));
    for bits in widths() {
        let is_fused = fuses() && bits > 0 && n_in * n_out >= NATIVE_FROM;
        let right = if is_fused { &fused } else { &apart };
        let native = with_bits(bits, || given.kernels::<NativeKernel<U128>>());
        native.check(right, &format!("native, {bits} bits"));
        let portable = with_bits(bits, || given.kernels::<PortableKernel<U128>>());
        portable.check(&apart, &format!("portable, {bits} bits"));
    }
}

fn check_all(sizes: [usize; 3], seed: u64) {
    // at last zeros of both signs
    for scale in [1.0, 0.0] {
        if scale > 0.0 || LONG || sizes.iter().product::<usize>() < 100_000 {
            check::<f32>(sizes, scale, seed);
            check::<f64>(sizes, scale, seed);
        }
    }
    // products that underflow to such zeros: some machines take a hundred times as long for them
    if sizes.iter().product::<usize>() < 20_000 {
        check::<f32>(sizes, 1e-23, seed);
        check::<f64>(sizes, 1e-162, seed);
        // products that overflow to infinities, and infinities that cancel to NaN
        check::<f32>(sizes, 3e19, seed);
        check::<f64>(sizes, 2e154, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if LONG { 200 } else { 20 }) })]
    #[test]
    fn kernels_equal_scalar_loops(n_in in 1_usize..=130, n_out in 1_usize..=130, samples in 1_usize..=70, seed: u64) {
        check_all([n_in, n_out, samples], seed);
    }
    #[test]
    fn narrow_kernels_equal_scalar_loops(n_in in 1_usize..=130, n_out in 1_usize..16, samples in 1_usize..12, seed: u64) {
        check_all([n_in, n_out, samples], seed);
    }
}

/// Filters over rows of windows, around the seams of tiles.
#[test]
fn filters_that_slide_equal_scalar_loops() {
    for bits in widths() {
        for filters in 1..=20 {
            for columns in [16, 17, 26, 31, 32, 33, 47, 48, 49, 64, 65, 100] {
                let fused = fuses() && bits > 0 && columns * filters >= NATIVE_FROM;
                for sizes in [[columns, filters, 1, 1], [columns, filters, 9, 3]] {
                    with_bits(bits, || {
                        check_slide::<f32, NativeKernel<U128>>(fused, sizes, 7);
                        check_slide::<f64, NativeKernel<U128>>(fused, sizes, 7);
                        check_slide::<f32, PortableKernel<U128>>(false, sizes, 7);
                        check_slide::<f64, PortableKernel<U128>>(false, sizes, 7);
                    });
                }
            }
        }
    }
}

/// Every width and number of samples around those at which the kernels change their ways.
#[test]
fn kernels_equal_scalar_loops_at_their_seams() {
    for bits in [512, 256, 128, 0] {
        if !widths().any(|width| width == bits) {
            println!("not run, for want of such a machine or build: vectors of {bits} bits");
            continue;
        }
        let path = if bits == 0 {
            "portable loops".into()
        } else {
            format!("vectors of {bits} bits with a fused multiply-add")
        };
        println!("native kernels against scalar loops: {path}");
    }
    let widths = (1..=33).chain([47, 48, 49, 63, 64, 65, 127, 128, 129]);
    for n_out in widths.filter(|n_out| LONG || (n_out + 1) % 8 < 3) {
        for (n_in, samples) in [
            (7, 1),
            (8, 3),
            (65, 4),
            (9, 7),
            (13, 10),
            (64, 65),
            (130, 13),
            (32, 33),
            (15, 34),
            (257, 17),
        ] {
            if LONG || n_in * samples < 2_000 || n_out % 16 == 1 {
                check_all([n_in, n_out, samples], 7);
            }
        }
    }
    // so many outputs that the gradient of inputs takes their weights in several turns, or not at all
    for (n_in, samples) in [(12, 11), (17, 10), (47, 12)] {
        for n_out in [513, 263, 1030].into_iter().take(if LONG { 3 } else { 1 }) {
            check_all([n_in, n_out, samples], 7);
        }
    }
    // few outputs of so many inputs that these are cut
    for n_out in 1..8 {
        check_all([700, n_out, 5], 7);
    }
    // outputs that fill no vector, of more inputs than are copied
    for n_out in [8, 9, 10, 15] {
        check::<f32>([520, n_out, 9], 1.0, 7);
        check::<f64>([1030, n_out, 9], 1.0, 7);
    }
    // rows so far apart that their columns are copied side by side
    check_all([300, 768, 16], 7);
    // also in the gradient of weights
    check::<f32>([16, 768, 300], 1.0, 7);
    // more rows than a strip has, and the last one thin by itself
    check::<f32>([256, 768, 97], 1.0, 7);
    // so many inputs, and their rows, that these are read in blocks, from each place in a line on
    for (n_in, n_out, samples) in [(64, 9, 1), (72, 31, 5), (119, 17, 2), (128, 33, 3)] {
        for behind in (0..16).step_by(if LONG { 1 } else { 5 }) {
            check::<f32>([n_in, n_out, samples], 1.0, behind);
        }
    }
    // one sample of outputs that fill no vector, of the fewest inputs on
    for n_out in 9..64 {
        for n_in in [2, 5, 8, 20, 21] {
            check::<f32>([n_in, n_out, 1], 1.0, n_out as u64);
        }
    }
    // one sample whose weights the L1 cache has no room for, from each place in a line on
    for (n_in, n_out) in [
        (190, 65),
        (130, 95),
        (111, 111),
        (96, 128),
        (48, 257),
        (24, 513),
        (3, 4099),
        (150, 130),
        (70, 300),
    ] {
        for behind in (0..16).step_by(if LONG { 1 } else { 5 }) {
            check::<f32>([n_in, n_out, 1], 1.0, behind);
        }
        check_all([n_in, n_out, 1], 7);
    }
    // inputs that are no whole group, and outputs that fill no vector
    for (n_in, samples) in [(5, 4), (6, 3), (7, 5), (9, 1), (15, 33)] {
        for n_out in 10..16 {
            check_all([n_in, n_out, samples], 7);
        }
    }
}

/// The sum of no samples is -0, and adds nothing.
#[test]
fn no_samples_have_a_gradient_of_zeros() {
    fn check<K: Kernel>(n_in: usize, n_out: usize) {
        let size = |n| NonZeroUsize::new(n).expect("not 0");
        for (fresh, right) in [(true, -0.0), (false, 1.0)] {
            let (mut weights, mut bias) = (vec![1.0; n_in * n_out], vec![1.0; n_out]);
            let pass = WeightGradient {
                inputs: &[],
                output_gradient: &[],
                weights: &mut weights,
                bias: &mut bias,
                fresh,
            };
            K::weight_gradient(Dimensions::new(size(n_in), size(n_out)), pass);
            same(&weights, &vec![right; n_in * n_out], "weights");
            same(&bias, &vec![right; n_out], "bias");
        }
    }
    for bits in widths() {
        let _one_at_a_time = BITS.lock();
        limit_vector_bits(bits);
        for (n_in, n_out) in (1..=70).flat_map(|i| [1, 4, 9, 16, 33, 130].map(|o| (i, o))) {
            check::<NativeKernel<U128>>(n_in, n_out);
            check::<PortableKernel<U128>>(n_in, n_out);
        }
    }
}

/// The places of NaN.
fn nans(values: &[f32]) -> Vec<usize> {
    (0..values.len())
        .filter(|place| values[*place].is_nan())
        .collect()
}

/// Vectors that overlap, or that reach into the next row, carry nothing from there.
#[test]
fn what_is_not_a_number_stays_in_its_row_and_column() {
    type K = NativeKernel<U128>;
    let layers = (8..=33).filter(|n_out| LONG || n_out % 4 < 2);
    let layers = layers.chain([65]).map(|n_out| (9, n_out));
    let layers: Vec<_> = layers
        .chain([
            (5, 13),
            (6, 11),
            (7, 10),
            (7, 15),
            (25, 513),
            (9, 63),
            (73, 17),
        ])
        .collect();
    for bits in widths() {
        let _one_at_a_time = BITS.lock();
        limit_vector_bits(bits);
        for &(n_in, n_out) in &layers {
            // so many that narrow rows are copied, and rows of several vectors
            for samples in [1, 16, 33] {
                let size = |n| NonZeroUsize::new(n).expect("not 0");
                let dense = Dimensions::new(size(n_in), size(n_out));
                for (i, o) in (0..n_in).flat_map(|i| [0, n_out / 2, n_out - 1].map(|o| (i, o))) {
                    let mut weights = vec![1.0; n_in * n_out];
                    weights[i * n_out + o] = f32::NAN;
                    let (mut x, mut y) = (vec![1.0; samples * n_in], vec![1.0; samples * n_out]);
                    let pass = InputGradient {
                        weights: &weights,
                        output_gradient: &y,
                        input_gradient: &mut x,
                    };
                    K::input_gradient(dense, pass);
                    let rows: Vec<_> = (0..samples).map(|s| s * n_in + i).collect();
                    assert_eq!(nans(&x), rows, "inputs, {bits} bits, {n_out} outputs");
                    x.fill(1.0);
                    for kernel in [K::affine, K::rectified] {
                        let sample = samples / 2;
                        x[sample * n_in + i] = f32::NAN;
                        let pass = Affine {
                            weights: &vec![1.0; n_in * n_out],
                            bias: &vec![0.0; n_out],
                            inputs: &x,
                            outputs: &mut y,
                        };
                        kernel(dense, pass);
                        let row: Vec<_> = (sample * n_out..(sample + 1) * n_out).collect();
                        assert_eq!(nans(&y), row, "a sample, {bits} bits, {n_out} outputs");
                        x.fill(1.0);
                        y.fill(1.0);
                        let pass = Affine {
                            weights: &weights,
                            bias: &vec![0.0; n_out],
                            inputs: &x,
                            outputs: &mut y,
                        };
                        kernel(dense, pass);
                        let columns: Vec<_> = (0..samples).map(|s| s * n_out + o).collect();
                        assert_eq!(nans(&y), columns, "outputs, {bits} bits, {n_out} outputs");
                    }
                    y.fill(1.0);
                    y[o] = f32::NAN;
                    let mut bias = vec![0.0; n_out];
                    let pass = WeightGradient {
                        inputs: &x,
                        output_gradient: &y,
                        weights: &mut weights,
                        bias: &mut bias,
                        fresh: true,
                    };
                    K::weight_gradient(dense, pass);
                    let column: Vec<_> = (0..n_in).map(|i| i * n_out + o).collect();
                    assert_eq!(nans(&weights), column, "weights, {bits} bits");
                    assert_eq!(nans(&bias), [o], "bias, {bits} bits");
                }
            }
        }
    }
}
