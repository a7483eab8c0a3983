//! The hot loops by name: whole networks as a user runs them, and one layer with each of its kernels.

use core::hint::black_box;
use core::num::NonZeroUsize;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::{
    Affine, Dimensions, InputGradient, Kernel, NativeKernel, PortableKernel, WeightGradient,
};
use sizednet::{
    Adam, Class, CrossEntropy, Dense, Element, Heap, Layer, Loss, MeanSquaredError, MiniBatch,
    Network, Optimizer, Portable, Relu, Scalar, Schedule, Sgd, Shape, Sigmoid, Size, Tanh, Target,
    Trainer, sizes::*,
};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Policy = (Dense<U13, U64, Tanh>, Dense<U64, U64, Tanh>, Dense<U64, U4>);
type Small = (
    Dense<U64, U64, Relu>,
    Dense<U64, U64, Relu>,
    Dense<U64, U10>,
);
type Images = (Dense<U784, U128, Relu>, Dense<U128, U10>);
type Square = Dense<U64, U64>;

type Array<S, T> = <S as Shape>::Array<T>;

/// Sets a loop up, and runs it so many times.
type Run = fn(u32);

/// A hot loop.
pub(crate) struct Loop {
    /// What, sizes, samples at once, and more.
    pub(crate) name: String,
    /// Times that are enough to count it.
    pub(crate) times: u32,
    pub(crate) run: Run,
}

/// All of them, in no order that matters.
pub(crate) fn all() -> Vec<Loop> {
    let networks: [(&str, u32, Run); 9] = [
        ("step/2-3-1/1", 400, xor_step),
        ("step/2-3-1/4", 400, xor_epoch),
        ("forward/13-64-64-4/1", 100, forward::<Policy, U1>),
        ("forward/64-64-64-10/1", 100, forward::<Small, U1>),
        ("forward/784-128-10/1", 20, forward::<Images, U1>),
        ("forward/784-128-10/64", 2, forward::<Images, U64>),
        ("step/784-128-10/1", 10, images_step::<U1>),
        ("step/784-128-10/32", 2, images_step::<U32>),
        ("step/13-64-64-4/32/adam", 10, policy_step),
    ];
    let mut loops = networks
        .map(|(name, times, run)| Loop {
            name: name.to_owned(),
            times,
            run,
        })
        .into();
    square::<f32, NativeKernel<U1>, Square>(&mut loops, "f32");
    square::<f32, NativeKernel<U32>, Square>(&mut loops, "f32");
    square::<f64, NativeKernel<U1>, Square>(&mut loops, "f64");
    square::<f64, NativeKernel<U32>, Square>(&mut loops, "f64");
    square::<f32, PortableKernel<U1>, Portable<Square>>(&mut loops, "f32/portable");
    square::<f32, PortableKernel<U32>, Portable<Square>>(&mut loops, "f32/portable");
    square::<f64, PortableKernel<U1>, Portable<Square>>(&mut loops, "f64/portable");
    square::<f64, PortableKernel<U32>, Portable<Square>>(&mut loops, "f64/portable");
    loops
}

/// One layer of 64 times 64 weights: its three kernels and a whole step, in the arithmetic of kernel `K` and layer `L`.
fn square<T: Scalar + Schedule<T>, K: Kernel, L: Layer<Input = U64, Output = U64>>(
    loops: &mut Vec<Loop>,
    arithmetic: &str,
) {
    let samples = K::Block::USIZE;
    let mut add = |what, run| {
        loops.push(Loop {
            name: format!("{what}/64-64/{samples}/{arithmetic}"),
            times: if samples == 1 { 100 } else { 10 },
            run,
        });
    };
    add("affine", affine::<T, K>);
    add("weight-gradient", weight_gradient::<T, K>);
    add("input-gradient", input_gradient::<T, K>);
    add("step", |times| {
        let mut rng = rng();
        let targets = arrays::<L::Output, T>(&mut rng, K::Block::USIZE);
        let optimizer = Sgd::new(T::from_f64(0.001));
        step::<L, K::Block, T, _>(times, MeanSquaredError, optimizer, &targets);
    });
}

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(0)
}

fn random<T: Scalar>(rng: &mut Xoshiro256PlusPlus, values: &mut [T]) {
    for value in values {
        *value = uniform(-T::ONE, T::ONE, rng);
    }
}

fn numbers<T: Scalar>(rng: &mut Xoshiro256PlusPlus, count: usize) -> Vec<T> {
    let mut numbers = vec![T::ZERO; count];
    random(rng, &mut numbers);
    numbers
}

/// Random arrays of shape `S`.
fn arrays<S: Shape, T: Scalar>(rng: &mut Xoshiro256PlusPlus, count: usize) -> Vec<Array<S, T>> {
    let mut arrays = vec![<Array<S, T>>::ZERO; count];
    random(rng, S::flatten_mut(&mut arrays));
    arrays
}

/// Runs an iteration once, for what only the first one does, and then so many times counted.
fn repeat(times: u32, mut iteration: impl FnMut()) {
    iteration();
    counted(times, iteration);
}

/// The function whose instructions callgrind collects, by its name: start, setup and exit are outside.
#[inline(never)]
fn counted(times: u32, mut iteration: impl FnMut()) {
    for _ in 0..times {
        iteration();
    }
}

const TABLE: [([f32; 2], [f32; 1]); 4] = [
    ([0.0, 0.0], [0.0]),
    ([0.0, 1.0], [1.0]),
    ([1.0, 0.0], [1.0]),
    ([1.0, 1.0], [0.0]),
];

fn xor_step(times: u32) {
    let mut network = Network::<Xor>::random(&mut rng());
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(1.0));
    let mut samples = TABLE.iter().cycle();
    repeat(times, || {
        let (input, target) = samples.next().expect("it has no end");
        trainer
            .step(&mut network, black_box(input), black_box(target))
            .expect("XOR does not diverge");
    });
    black_box(network);
}

fn xor_epoch(times: u32) {
    let mut network = Network::<Xor>::random(&mut rng());
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(1.0));
    repeat(times, || {
        trainer
            .epoch(&mut network, black_box(&TABLE))
            .expect("XOR does not diverge");
    });
    black_box(network);
}

/// A forward pass of `B` samples; of one by the method for one.
fn forward<L: Layer, B: Size>(times: u32) {
    let mut rng = rng();
    let network = Network::<L, f32, Heap>::random(&mut rng);
    let inputs = arrays::<L::Input, f32>(&mut rng, B::USIZE);
    let mut outputs = arrays::<L::Output, f32>(&mut rng, B::USIZE);
    repeat(times, || {
        match (black_box(&inputs[..]), &mut outputs[..]) {
            ([input], [output]) => *output = network.forward(input),
            (inputs, outputs) => network
                .forward_batch(inputs, outputs)
                .expect("as many outputs as inputs"),
        }
        black_box(&mut outputs);
    });
}

/// A step from `B` samples.
fn step<L: Layer, B: Size, T: Scalar, X: Target<L::Output, T>>(
    times: u32,
    loss: impl Loss<T, X::Kind>,
    optimizer: impl Optimizer<T>,
    targets: &[X],
) {
    let mut rng = rng();
    let mut network = Network::<L, T, Heap>::random(&mut rng);
    let inputs = arrays::<L::Input, T>(&mut rng, B::USIZE);
    let mut trainer = Trainer::<L, _, _, MiniBatch<B, B>, T, Heap>::new(loss, optimizer);
    repeat(times, || {
        trainer
            .epoch(&mut network, (black_box(&inputs[..]), black_box(targets)))
            .expect("a small rate does not diverge");
    });
    black_box(network);
}

fn images_step<B: Size>(times: u32) {
    let targets: Vec<_> = (0..B::USIZE).map(|i| Class(i % 10)).collect();
    step::<Images, B, f32, _>(times, CrossEntropy, Sgd::new(0.001), &targets);
}

fn policy_step(times: u32) {
    let targets = arrays::<U4, f32>(&mut rng(), 32);
    step::<Policy, U32, f32, _>(times, MeanSquaredError, Adam::new(0.001), &targets);
}

const N: usize = 64;
const DENSE: Dimensions = {
    let n = NonZeroUsize::new(N).expect("not 0");
    Dimensions::new(n, n)
};

fn affine<T: Scalar, K: Kernel>(times: u32) {
    let (mut rng, samples) = (rng(), K::Block::USIZE);
    let weights = numbers::<T>(&mut rng, N * N);
    let bias = numbers(&mut rng, N);
    let inputs = numbers(&mut rng, samples * N);
    let mut outputs = numbers(&mut rng, samples * N);
    repeat(times, || {
        let pass = Affine {
            weights: black_box(&weights),
            bias: &bias,
            inputs: &inputs,
            outputs: &mut outputs,
        };
        K::affine(black_box(DENSE), pass);
        black_box(&mut outputs);
    });
}

fn weight_gradient<T: Scalar, K: Kernel>(times: u32) {
    let (mut rng, samples) = (rng(), K::Block::USIZE);
    let mut weights = numbers::<T>(&mut rng, N * N);
    let mut bias = numbers(&mut rng, N);
    let inputs = numbers(&mut rng, samples * N);
    let output_gradient = numbers(&mut rng, samples * N);
    repeat(times, || {
        let pass = WeightGradient {
            inputs: black_box(&inputs),
            output_gradient: &output_gradient,
            weights: &mut weights,
            bias: &mut bias,
            fresh: true,
        };
        K::weight_gradient(black_box(DENSE), pass);
        black_box(&mut weights);
    });
}

fn input_gradient<T: Scalar, K: Kernel>(times: u32) {
    let (mut rng, samples) = (rng(), K::Block::USIZE);
    let weights = numbers::<T>(&mut rng, N * N);
    let output_gradient = numbers(&mut rng, samples * N);
    let mut input_gradient = numbers(&mut rng, samples * N);
    repeat(times, || {
        let pass = InputGradient {
            weights: black_box(&weights),
            output_gradient: &output_gradient,
            input_gradient: &mut input_gradient,
        };
        K::input_gradient(black_box(DENSE), pass);
        black_box(&mut input_gradient);
    });
}
