//! The stack, and constants: the constants against sizes and measured depths of the stack, and large networks on a small stack.
//!
//! Without optimization frames are largest. The promise holds there as well, dependencies included:
//! `CARGO_PROFILE_DEV_OPT_LEVEL=0 cargo test --test memory`. With it buffers and vectors share places, and the bounds are
//! narrower: `cargo test --release --test memory`.

use core::cell::Cell;
use core::hint::black_box;
use core::ptr::from_ref;
use std::thread;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use sizednet::optimizer::Momentum;
use sizednet::{
    Activation, Adam, Batching, Class, Conv2d, CrossEntropy, Dense, EarlyStop, Element, FullBatch,
    Heap, Image, Layer, MaxPool2d, MeanSquaredError, MiniBatch, Network, Optimizer, OwnOrder, Relu,
    Rprop, Scalar, Sgd, Size, Stack, Stochastic, Tanh, Trainer, activation::Output, sizes::*,
};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Runs on a thread with a stack of this size, as tests have one of 2 MiB.
fn on_a_stack_of(bytes: usize, run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(bytes).spawn(run);
    let thread = thread.expect("a thread");
    thread.join().expect("no panic; an overflow would abort");
}

#[test]
fn a_network_of_1_mb_trains_with_adam_on_the_heap_and_a_test_thread() {
    type Large = (Dense<U512, U448, Relu>, Dense<U448, U64>);
    const _: () = assert!(Network::<Large>::BYTES > 1_000_000);
    on_a_stack_of(2 * MIB, || {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut network = Network::<Large, f32, Heap>::random(&mut rng);
        let mut trainer =
            Trainer::<Large, _, _, MiniBatch<U32>, f32, Heap>::new(CrossEntropy, Adam::new(0.001));
        let mut stop = EarlyStop::<Large, f32, Heap>::new(1);
        let samples: Vec<_> = (0..40_u8)
            .map(|i| {
                let class = usize::from(i % 4);
                let mut input = [0.1; 512];
                input[class] = f32::from(i);
                (input, Class(class))
            })
            .collect();
        let loss = |network: &Network<Large, f32, Heap>| {
            let found = network.evaluate(&samples, &CrossEntropy);
            found.expect("samples").loss
        };
        let before = loss(&network);
        for epoch in trainer.epochs(&mut network, &samples).take(2) {
            epoch.expect("finite");
        }
        let after = loss(&network);
        assert!(after < before, "{before} to {after}");
        stop.see(after, &network);
        let copy = network.clone();
        stop.restore(&mut network);
        assert_eq!(copy, network);
    });
}

/// In blocks of 32 samples the values between its layers are more than the 2 MiB of a thread's stack.
type Pictures = (
    Conv2d<Image<U1, U28, U28>, U16, U3, Relu>,
    Conv2d<Image<U16, U26, U26>, U8, U1, Relu>,
    MaxPool2d<Image<U8, U26, U26>, U2>,
    Dense<Image<U8, U13, U13>, U10>,
);
type Picture = [[[f32; 28]; 28]; 1];
type Learner<M> = Trainer<Pictures, CrossEntropy, Sgd, M, f32, Heap>;

const _: () = assert!(Learner::<MiniBatch<U32, U32>>::STACK_BYTES > 2 * MIB);
const _: () = assert!(Learner::<MiniBatch<U32>>::STACK_BYTES < 700 * KIB);

fn pictures(count: usize) -> Vec<(Picture, Class)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut samples = vec![([[[0.0; 28]; 28]; 1], Class(0)); count];
    for (number, (picture, class)) in samples.iter_mut().enumerate() {
        *class = Class(number % 10);
        for value in picture.as_flattened_mut().as_flattened_mut() {
            *value = (rng.next_u32() >> 8) as f32 / 16_777_216.0;
        }
    }
    samples
}

/// The bits of a network after training.
fn trained(train: impl FnOnce(&mut Network<Pictures, f32, Heap>)) -> Vec<u32> {
    let mut network = Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    train(&mut network);
    let bits = network.parameters().iter().map(|value| value.to_bits());
    bits.collect()
}

#[test]
fn convolutions_train_on_the_heap_and_a_thread_of_2_mib() {
    fn after<M: Batching + OwnOrder>(samples: &[(Picture, Class)]) -> Vec<u32> {
        trained(|network| {
            let mut trainer = Learner::<M>::new(CrossEntropy, Sgd::new(0.1));
            trainer.epoch(network, samples).expect("finite");
        })
    }
    on_a_stack_of(2 * MIB, || {
        // two batches, of which the second is one sample
        let samples = pictures(33);
        let first = trained(|_| {});
        let batches = after::<MiniBatch<U32>>(&samples);
        assert_ne!(batches, first);
        assert_eq!(batches, after::<MiniBatch<U32, U1>>(&samples));
        let all = after::<FullBatch>(&samples);
        assert_ne!(all, batches);
        assert_eq!(all, after::<FullBatch<U1>>(&samples));
    });
}

#[cfg(feature = "rayon")]
#[test]
fn convolutions_train_on_all_cores_and_threads_of_2_mib() {
    use sizednet::ParallelTrainer;
    fn after<M: Batching>(samples: &[(Picture, Class)]) -> Vec<u32> {
        type Parallel<M> = ParallelTrainer<Pictures, CrossEntropy, Sgd, M>;
        trained(|network| {
            let mut trainer = Parallel::<M>::new(CrossEntropy, Sgd::new(0.1));
            trainer.epoch(network, samples).expect("finite");
        })
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .stack_size(2 * MIB);
    pool.build().expect("threads").install(|| {
        let samples = pictures(64);
        let found = after::<FullBatch>(&samples);
        assert_ne!(found, trained(|_| {}));
        assert_eq!(found, after::<FullBatch<U1>>(&samples));
    });
}

#[test]
fn convolutions_are_looked_at_in_a_thread_of_2_mib() {
    on_a_stack_of(2 * MIB, || {
        let samples = pictures(33);
        let network: Network<Pictures, f32, Heap> =
            Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
        let inputs: Vec<Picture> = samples.iter().map(|(picture, _)| *picture).collect();
        let mut outputs = vec![[0.0; 10]; inputs.len()];
        network
            .forward_batch(&inputs, &mut outputs)
            .expect("as many");
        let mut alone = outputs.clone();
        network
            .forward_batch_in_blocks::<U1>(&inputs, &mut alone)
            .expect("as many");
        assert_eq!(outputs, alone);
        let mut gradient = Network::<Pictures, f32, Heap>::default();
        let found = network.gradient(&samples, &CrossEntropy, &mut gradient);
        let mut one_by_one = Network::<Pictures, f32, Heap>::default();
        let wanted =
            network.gradient_in_blocks::<U1, _, _, _>(&samples, &CrossEntropy, &mut one_by_one);
        assert!(found.is_ok());
        assert_eq!(found, wanted);
        assert_eq!(gradient, one_by_one);
        assert_eq!(network.evaluate(&samples, &CrossEntropy), found);
    });
}

#[test]
fn a_block_that_is_named_is_taken_and_another_fits() {
    /// Bytes of gradients between layers, for a layer of so many nodes.
    fn between<N: Size, M: Batching>() -> usize
    where
        (Dense<U1, N, Relu>, Dense<N, U1>): Layer<Output = U1>,
    {
        type Two<N> = (Dense<U1, N, Relu>, Dense<N, U1>);
        Trainer::<Two<N>, MeanSquaredError, Sgd, M, f32, Heap>::STACK_BYTES - 4
    }
    assert_eq!(between::<U4096, FullBatch>(), 4 * 32 * 4096);
    assert_eq!(between::<U4160, FullBatch>(), 4 * 16 * 4160);
    assert_eq!(between::<U8192, MiniBatch<U8>>(), 4 * 16 * 8192);
    assert_eq!(between::<U16384, FullBatch>(), 4 * 8 * 16384);
    assert_eq!(between::<U16384, FullBatch<U32>>(), 4 * 32 * 16384);
    assert_eq!(between::<U16384, MiniBatch<U64, U2>>(), 4 * 2 * 16384);
}

#[test]
fn a_trainer_in_boxes_is_small_by_itself() {
    type Large = (Dense<U784, U128, Relu>, Dense<U128, U10>);
    type Boxed = Trainer<Large, CrossEntropy, Adam, MiniBatch<U32>, f32, Heap>;
    assert!(size_of::<Boxed>() <= 248);
    // where the box is, how long, and where in it the first number is
    assert_eq!(
        size_of::<Network<Large, f32, Heap>>(),
        3 * size_of::<usize>()
    );
}

/// What network and trainer hold beside their arrays: settings, seed, counters, the buffer for the order, gaps, and for each
/// of up to four arrays and for both of them the rest of a cache line.
const SETTINGS: usize = 128 + if cfg!(feature = "simd") { 6 * 64 } else { 0 };

#[test]
fn the_bytes_of_training_are_the_sizes_of_network_and_trainer() {
    /// For three layers of 5, 7, 4 and 2 values; between them lie 11, for which the way back needs gradients.
    fn check<O: Optimizer<T>, M: Batching, T: Scalar>(block: usize) {
        type Three = (Dense<U5, U7, Tanh>, (Dense<U7, U4, Relu>, Dense<U4, U2>));
        type Trains<O, M, T> = Trainer<Three, MeanSquaredError, O, M, T, Stack>;
        let bytes = Trains::<O, M, T>::TRAINING_BYTES;
        let stack = Trains::<O, M, T>::STACK_BYTES;
        assert_eq!(stack, (block * (7 + 4) + 2) * size_of::<T>());
        let lasting = bytes - stack;
        let size = size_of::<Network<Three, T>>() + size_of::<Trains<O, M, T>>();
        assert!(
            lasting < size && size <= lasting + SETTINGS,
            "{bytes} {size}"
        );
        assert_eq!(
            Trainer::<Three, MeanSquaredError, O, M, T, Heap>::TRAINING_BYTES,
            bytes
        );
    }
    check::<Sgd, Stochastic, f32>(1);
    check::<Momentum, Stochastic, f32>(1);
    check::<Adam, MiniBatch<U64>, f32>(32);
    check::<Adam<f64>, MiniBatch<U64, U5>, f64>(5);
    check::<Rprop, FullBatch, f32>(32);
    check::<Rprop<f64>, FullBatch<U3>, f64>(3);
}

const _: () = assert!(
    Trainer::<Dense<U2, U1>, MeanSquaredError, Adam>::TRAINING_BYTES == 4 * (4 * 3 + 2 + 1 + 1 + 1)
);

thread_local! {
    /// The lowest address of a local variable that was looked at.
    static LOWEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[inline(never)]
fn look() -> usize {
    let local = 0_u8;
    let address = from_ref(black_box(&local)).addr();
    LOWEST.set(LOWEST.get().min(address));
    address
}

/// How many bytes the stack grows down to the deepest activation.
fn depth<R>(run: impl FnOnce() -> R) -> usize {
    /// A frame of its own, or the arrays would lie in that of the caller.
    #[inline(never)]
    fn apart<R>(run: impl FnOnce() -> R) {
        black_box(run());
    }
    LOWEST.set(usize::MAX);
    let top = look();
    apart(run);
    top - LOWEST.get()
}

/// The identity, which looks how deep in the stack it is.
struct Probe;

impl Activation for Probe {
    type Keeps = Output;
    const NAME: &'static str = "Probe";
    fn value<T: Scalar>(x: T) -> T {
        look();
        x
    }
    fn slope<T: Scalar>(_: T) -> T {
        look();
        T::ONE
    }
}

/// Runs a test again in a process of its own, which an overflow ends, and there the case that the environment names. Whether the
/// case is run to its end on a stack of so many bytes.
#[cfg(target_os = "linux")]
fn fits(test: &str, case: &str, stack: usize) -> bool {
    let program = std::env::current_exe().expect("this program");
    let run = std::process::Command::new(program)
        .args(["--exact", test])
        .env(CASE, format!("{case} {stack}"))
        .output();
    run.expect("a process").status.success()
}

/// What a test runs in a process of its own: its name, and the stack's size.
#[cfg(target_os = "linux")]
const CASE: &str = "MEMORY_TEST_CASE";

/// Buffers count once and not for each sample, those of layers in a row are not there at once, and they are no larger than
/// need be.
#[cfg(target_os = "linux")]
#[test]
fn layers_with_buffers_take_the_stack_that_the_constants_say() {
    use sizednet::{Conv1d, DepthwiseConv2d, Gru, InputArray, Sequence, layer::Same};

    /// Frames, with the copies and sums of a kernel; without optimization each of its vectors has a place of its own.
    const BESIDE: usize = FRAMES
        + match (cfg!(feature = "simd"), cfg!(debug_assertions)) {
            (true, true) => 192 * KIB,
            (true, false) => 32 * KIB,
            (false, _) => 16 * KIB,
        };

    /// `share`: of the constant, in per cent, what is too little.
    fn check<L: Layer<Output = U10>>(name: &str, share: usize) {
        type Trains<L> = Trainer<L, CrossEntropy, Sgd, FullBatch<U8>, f32, Heap>;
        let mut network = Network::<L, f32, Heap>::default();
        let mut trainer = Trains::<L>::new(CrossEntropy, Sgd::new(0.1));
        let samples = vec![(<InputArray<L, f32>>::ZERO, Class(1)); 8];
        let (forward, epoch) = (format!("{name}-forward"), format!("{name}-epoch"));
        if let Ok(case) = std::env::var(CASE) {
            let (case, stack) = case.split_once(' ').expect("a name and a number");
            let stack = stack.parse().expect("a number");
            if case == forward {
                on_a_stack_of(stack, move || {
                    black_box(network.forward(&samples[0].0));
                });
            } else if case == epoch {
                on_a_stack_of(stack, move || {
                    let done = trainer.epoch_with(&mut network, &samples, &mut []);
                    assert!(done.is_ok());
                });
            }
            return;
        }
        let test = "stack::layers_with_buffers_take_the_stack_that_the_constants_say";
        for (case, arrays) in [
            (forward, Network::<L>::STACK_BYTES),
            (epoch, Trains::<L>::STACK_BYTES),
        ] {
            println!("{case}: {arrays} bytes of arrays");
            assert!(fits(test, &case, arrays + BESIDE), "{case} takes more");
            assert!(
                !fits(test, &case, arrays * share / 100),
                "{case} takes less"
            );
        }
    }
    type Padded<I, F> = Conv2d<I, F, U3, Relu, U1, Same>;
    check::<(
        Padded<Image<U3, U16, U16>, U16>,
        Padded<Image<U16, U16, U16>, U8>,
        Dense<Image<U8, U16, U16>, U10>,
    )>("padded", 100);
    // these slide
    check::<(
        Conv2d<Image<U3, U18, U18>, U32, U3, Relu>,
        Dense<Image<U32, U16, U16>, U10>,
    )>("slides", 100);
    check::<(
        DepthwiseConv2d<Image<U1, U8, U512>, U3, Relu, U1, Same>,
        Dense<Image<U1, U8, U512>, U10>,
    )>("depthwise", 100);
    // a panel of six windows, and none where they lie side by side
    check::<(
        Conv1d<Sequence<U8, U512>, U16, U3, Relu>,
        Conv1d<Sequence<U6, U16>, U8, U3, Relu, U3>,
        Dense<Sequence<U2, U8>, U10>,
    )>("sequence", 100);
    // its ways forward and back have each what both are said to take
    check::<(Gru<Sequence<U2, U16>, U512>, Dense<U512, U10>)>("gru", 60);
}

type Probed = (
    Dense<U8, U1024, Probe>,
    Dense<U1024, U512, Probe>,
    Dense<U512, U256, Probe>,
);

/// Bytes of frames, without arrays of a network's sizes.
const FRAMES: usize = 10 * KIB;

#[test]
fn inference_takes_the_stack_that_its_constant_says() {
    on_a_stack_of(8 * MIB, || {
        let network = Network::<Probed, f32, Heap>::default();
        let arrays = Network::<Probed>::STACK_BYTES;
        assert_eq!(arrays, 4 * (1024 + 512 + 256));
        assert_eq!(
            Network::<Probed>::INFERENCE_BYTES,
            arrays + Network::<Probed>::BYTES
        );
        let found = depth(|| network.forward(&[0.0; 8]));
        println!("forward: {arrays} bytes of arrays, {found} of the stack");
        assert!(
            arrays <= found && found <= arrays + FRAMES,
            "{arrays} {found}"
        );
    });
}

#[test]
fn a_step_takes_the_stack_that_its_constant_says() {
    fn check<M: Batching, L: Layer<Input = U8, Output = U256>>(lasting: usize) {
        let mut network = Network::<L, f32, Heap>::default();
        let mut trainer = Trainer::<L, _, Sgd, M, f32, Heap>::new(MeanSquaredError, Sgd::new(0.1));
        let bytes = Trainer::<L, MeanSquaredError, Sgd, M, f32, Heap>::TRAINING_BYTES;
        let arrays = Trainer::<L, MeanSquaredError, Sgd, M, f32, Heap>::STACK_BYTES;
        assert_eq!(arrays, bytes - lasting);
        let samples = vec![([0.0; 8], [0.0; 256]); 8];
        let mut order = [0; 8];
        let found = depth(|| {
            trainer
                .epoch_with(&mut network, &samples, &mut order)
                .is_ok()
        });
        println!("epoch: {arrays} bytes of arrays, {found} of the stack");
        assert!(
            arrays <= found && found <= arrays + FRAMES,
            "{arrays} {found}"
        );
    }
    on_a_stack_of(8 * MIB, || {
        let row = 8 + 1024 + 512 + 256 + 256;
        let lasting = |block: usize| 2 * Network::<Probed>::BYTES + 4 * block * row;
        check::<Stochastic, Probed>(lasting(1));
        check::<FullBatch<U8>, Probed>(lasting(8));
    });
}
