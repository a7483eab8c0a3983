//! A step on one thread beside a step on all of a pool: from which size on they are worth it.
//!
//! `cargo bench --features rayon --bench parallel` prints microseconds: of `Trainer`, of `ParallelTrainer` on a pool of one
//! thread, and on one of as many as there are cores; each step enters its pool anew, which takes some microseconds of its
//! own. `cargo bench … -- 10` gives each 10 ms in place of 100.

use core::time::Duration;
use std::env;
use std::thread::available_parallelism;
use std::time::Instant;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sizednet::initializer::uniform;
use sizednet::{
    Adam, Dense, Element, FullBatch, Heap, Layer, MeanSquaredError, Network, Optimizer,
    ParallelTrainer, Relu, Sgd, Shape, Sigmoid, Tanh, Target, Trainer, sizes::*,
};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Policy = (Dense<U13, U64, Tanh>, Dense<U64, U64, Tanh>, Dense<U64, U4>);
type Images = (Dense<U784, U128, Relu>, Dense<U128, U10>);
type Large = (Dense<U784, U512, Relu>, Dense<U512, U10>);

type Array<S> = <S as Shape>::Array<f32>;

/// So many random arrays of shape `S`.
fn arrays<S: Shape>(rng: &mut Xoshiro256PlusPlus, count: usize) -> Vec<Array<S>> {
    let mut arrays = vec![<Array<S>>::ZERO; count];
    for value in S::flatten_mut(&mut arrays) {
        *value = uniform(-1.0, 1.0, rng);
    }
    arrays
}

/// The fastest of many runs, in microseconds.
fn fastest(time: Duration, mut run: impl FnMut()) -> f64 {
    run();
    let (mut best, start) = (Duration::MAX, Instant::now());
    while start.elapsed() < time {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    best.as_secs_f64() * 1e6
}

fn compare<L: Layer, O: Optimizer<f32, Step: Sync> + Sync + Send>(
    name: &str,
    optimizer: O,
    time: Duration,
    pools: &[ThreadPool],
) where
    Array<L::Output>: Target<L::Output, f32, Kind = [f32]>,
    ParallelTrainer<L, MeanSquaredError, O>: Send,
{
    for size in [1, 16, 32, 64, 128, 256, 1024, 4096] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut network = Network::<L, f32, Heap>::random(&mut rng);
        let inputs = arrays::<L::Input>(&mut rng, size);
        let targets = arrays::<L::Output>(&mut rng, size);
        let samples = (&inputs, &targets);
        let mut one = Trainer::<L, _, _, FullBatch, f32, Heap>::new(MeanSquaredError, optimizer);
        let sequential = fastest(time, || {
            one.epoch(&mut network, samples).expect("finite");
        });
        print!("{name:<18} {size:>5} {sequential:>10.1}");
        for pool in pools {
            let mut all = ParallelTrainer::<L, _, _, FullBatch>::new(MeanSquaredError, optimizer);
            let parameters = network.parameters_mut();
            let parallel = fastest(time, || {
                let epoch = pool.install(|| {
                    let mut network = Network::<L, f32, _>::borrowed_mut(parameters);
                    all.epoch(&mut network, samples)
                });
                epoch.expect("finite");
            });
            print!(" {parallel:>10.1} {:>5.2}", sequential / parallel);
        }
        println!();
    }
}

fn main() {
    let milliseconds = env::args().find_map(|argument| argument.parse().ok());
    let time = Duration::from_millis(milliseconds.unwrap_or(100));
    let threads = [1, available_parallelism().expect("a number").get()];
    let pools = threads.map(|threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads")
    });
    println!("{:<18} {:>5} {:>10}", "network", "batch", "Trainer");
    compare::<Xor, _>("2-3-1 SGD", Sgd::new(0.001), time, &pools);
    compare::<Policy, _>("13-64-64-4 SGD", Sgd::new(0.001), time, &pools);
    compare::<Images, _>("784-128-10 SGD", Sgd::new(0.001), time, &pools);
    compare::<Images, _>("784-128-10 Adam", Adam::new(0.001), time, &pools);
    compare::<Large, _>("784-512-10 SGD", Sgd::new(0.001), time, &pools);
}
