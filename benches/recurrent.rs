//! A streaming step of recurrent layers with one input, as audio has it: one state, one sample at a time; and whole
//! sequences, forward and in training.
//!
//! `cargo bench --bench recurrent`.

use core::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use criterion::{criterion_group, criterion_main};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::layer::{State, Streaming};
use sizednet::{
    AllStates, Element, Gru, InputArray, Layer, Lstm, MeanSquaredError, Network, OutputArray,
    Sequence, Sgd, Target, Trainer, sizes::*,
};

/// A sequence of one step has the work of a step.
type Audio = Sequence<U1, U1>;

fn step<L: Streaming<StepInput = U1>>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str) {
    let network = Network::<L>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let mut state = State::<L>::new();
    group.throughput(Throughput::Elements(L::MULTIPLY_ADDS));
    group.bench_function(name, |bencher| {
        bencher.iter(|| network.step(black_box(&[0.5]), &mut state));
    });
}

/// A whole sequence: forward for one and for 32, and an update by 32.
fn sequence<L: Layer>(criterion: &mut Criterion, name: &str)
where
    OutputArray<L, f32>: Target<L::Output, f32, Kind = [f32]>,
{
    let mut group = criterion.benchmark_group(name);
    let mut network = Network::<L>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let inputs = [<InputArray<L, f32>>::ZERO; 32];
    let mut outputs = [<OutputArray<L, f32>>::ZERO; 32];
    group.bench_function("forward_1", |bencher| {
        bencher.iter(|| network.forward(black_box(&inputs[0])));
    });
    group.bench_function("forward_32", |bencher| {
        bencher.iter(|| network.forward_batch(black_box(&inputs), &mut outputs));
    });
    let samples = [const { (<InputArray<L, f32>>::ZERO, <OutputArray<L, f32>>::ZERO) }; 32];
    let mut trainer = Trainer::mini_batch::<U32>(MeanSquaredError, Sgd::new(0.0));
    group.bench_function("update_32", |bencher| {
        bencher.iter(|| trainer.epoch(&mut network, black_box(&samples)));
    });
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.0));
    group.bench_function("step_1", |bencher| {
        bencher.iter(|| trainer.step(&mut network, black_box(&samples[0].0), &samples[0].1));
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("streaming_step");
    step::<Gru<Audio, U16>>(&mut group, "gru_1_16");
    step::<Gru<Audio, U32>>(&mut group, "gru_1_32");
    step::<Gru<Audio, U64>>(&mut group, "gru_1_64");
    step::<Lstm<Audio, U16>>(&mut group, "lstm_1_16");
    step::<Lstm<Audio, U32>>(&mut group, "lstm_1_32");
    step::<Lstm<Audio, U64>>(&mut group, "lstm_1_64");
    group.finish();
    sequence::<Gru<Sequence<U20, U3>, U32>>(criterion, "gru_20x3_32");
    sequence::<Lstm<Sequence<U20, U3>, U32>>(criterion, "lstm_20x3_32");
    sequence::<Gru<Sequence<U20, U32>, U32, AllStates>>(criterion, "gru_20x32_32_all");
}

criterion_group!(recurrent, all);
criterion_main!(recurrent);
