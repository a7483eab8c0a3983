//! A streaming step of recurrent layers with one input, as audio has it: one state, one sample at a time.
//!
//! `cargo bench --bench recurrent`.

use core::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use criterion::{criterion_group, criterion_main};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::layer::{State, Streaming};
use sizednet::{Gru, Lstm, Network, Sequence, sizes::*};

/// A sequence of one step has the work of a step.
type Audio = Sequence<U1, U1>;

fn step<L: Streaming<StepInput = U1>>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str) {
    let network = Network::<L>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let mut state = State::<L>::new();
    group.throughput(Throughput::Elements(L::MULTIPLY_ADDS as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| network.step(black_box(&[0.5]), &mut state));
    });
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
}

criterion_group!(recurrent, all);
criterion_main!(recurrent);
