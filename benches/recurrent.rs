//! A streaming step of recurrent layers with one input, as audio has it: one state, one sample at a time; and whole
//! sequences, forward and in training.
//!
//! `cargo bench --bench recurrent`.

use core::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::layer::{State, Streaming};
use sizednet::{
    AllStates, Element, Gru, InputArray, Layer, Lstm, MeanSquaredError, Network, OutputArray,
    Sequence, Sgd, Target, Trainer, sizes::*,
};

mod settings;
use settings::bench;

/// A sequence of one step has the work of a step.
type Audio = Sequence<U1, U1>;

fn step<L: Streaming<StepInput = U1>>(criterion: &mut Criterion, name: &str) {
    let network = Network::<L>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let mut state = State::<L>::new();
    bench(criterion, ["stream", name], 1, L::MULTIPLY_ADDS, || {
        network.step(black_box(&[0.5]), &mut state)
    });
}

/// A whole sequence: forward for one and for 32, and an update by either.
fn sequence<L: Layer>(criterion: &mut Criterion, name: &str)
where
    OutputArray<L, f32>: Target<L::Output, f32, Kind = [f32]>,
{
    let mut network = Network::<L>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let inputs = [<InputArray<L, f32>>::ZERO; 32];
    let mut outputs = [<OutputArray<L, f32>>::ZERO; 32];
    let work = L::MULTIPLY_ADDS;
    bench(criterion, ["forward", name], 1, work, || {
        network.forward(black_box(&inputs[0]))
    });
    bench(criterion, ["forward", name], 32, work, || {
        network.forward_batch(black_box(&inputs), &mut outputs)
    });
    let samples = [const { (<InputArray<L, f32>>::ZERO, <OutputArray<L, f32>>::ZERO) }; 32];
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.0));
    bench(criterion, ["step", name], 1, work, || {
        trainer.step(&mut network, black_box(&samples[0].0), &samples[0].1)
    });
    let mut trainer = Trainer::mini_batch::<U32>(MeanSquaredError, Sgd::new(0.0));
    bench(criterion, ["step", name], 32, work, || {
        trainer.epoch(&mut network, black_box(&samples))
    });
}

fn all(criterion: &mut Criterion) {
    step::<Gru<Audio, U16>>(criterion, "gru-1-16");
    step::<Gru<Audio, U32>>(criterion, "gru-1-32");
    step::<Gru<Audio, U64>>(criterion, "gru-1-64");
    step::<Lstm<Audio, U16>>(criterion, "lstm-1-16");
    step::<Lstm<Audio, U32>>(criterion, "lstm-1-32");
    step::<Lstm<Audio, U64>>(criterion, "lstm-1-64");
    sequence::<Gru<Sequence<U20, U3>, U32>>(criterion, "gru-20x3-32");
    sequence::<Lstm<Sequence<U20, U3>, U32>>(criterion, "lstm-20x3-32");
    sequence::<Gru<Sequence<U20, U32>, U32, AllStates>>(criterion, "gru-20x32-20x32");
}

criterion_group! {
    name = recurrent;
    config = settings::short();
    targets = all
}
criterion_main!(recurrent);
