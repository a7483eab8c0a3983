//! sizednet on the works, as a user would write them.

mod convolution;
mod recurrent;

use std::hint::black_box;
use std::process::ExitCode;

use harness::data::{
    Architecture, IMAGES, POLICY, SMALL, XOR, XOR_SAMPLES, images_batch, images_inputs,
    policy_batch, policy_input, small_input,
};
use harness::work::{
    IMAGES_RATE, IMAGES_STEPS, POLICY_RATE, POLICY_STEPS, XOR_RATE, XOR_STEPS, weighted_sum,
};
use harness::{Found, Timer, Work};
use recurrent::Stream;
use sizednet::{
    Adam, Class, CrossEntropy, Dense, Gru, Heap, Layer, Lstm, MeanSquaredError, MiniBatch, Network,
    OwnedStorage, Relu, Sgd, Sigmoid, StorageMut, Tanh, Trainer, sizes::*,
};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Policy = (Dense<U13, U64, Tanh>, Dense<U64, U64, Tanh>, Dense<U64, U4>);
type Small = (
    Dense<U64, U64, Relu>,
    Dense<U64, U64, Relu>,
    Dense<U64, U10>,
);
type Images = (Dense<U784, U128, Relu>, Dense<U128, U10>);

const FINITE: &str = "these rates do not diverge";

fn main() -> ExitCode {
    harness::run(
        "sizednet",
        &[
            (Work::W1, xor_step),
            (Work::W2, xor_epoch),
            (Work::W3, policy_forward),
            (Work::W4, small_forward),
            (Work::W5, images_step),
            (Work::W6a, images_forward),
            (Work::W6b, images_forward_many),
            (Work::W7, policy_step),
            (Work::W8a, recurrent::step::<Gru<Stream, U16>>),
            (Work::W8b, recurrent::step::<Gru<Stream, U32>>),
            (Work::W8c, recurrent::step::<Gru<Stream, U64>>),
            (Work::W9a, recurrent::step::<Lstm<Stream, U16>>),
            (Work::W9b, recurrent::step::<Lstm<Stream, U32>>),
            (Work::W9c, recurrent::step::<Lstm<Stream, U64>>),
            (Work::W10a, convolution::one),
            (Work::W10b, convolution::many),
        ],
    )
}

fn load<L: Layer, S: OwnedStorage>(architecture: Architecture) -> Network<L, f32, S> {
    let mut network = Network::default();
    network
        .parameters_mut()
        .copy_from_slice(&architecture.parameters());
    network
}

fn xor_loss<S: StorageMut>(network: &Network<Xor, f32, S>) -> f64 {
    let found = network.evaluate(&XOR_SAMPLES, &MeanSquaredError);
    f64::from(found.expect("there are samples").loss)
}

fn xor_step(timer: &Timer) -> Found {
    let mut network: Network<Xor> = load(XOR);
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(XOR_RATE));
    let mut turn = 0;
    let mut step = |network: &mut Network<Xor>| {
        let (input, target) = black_box(&XOR_SAMPLES[turn % 4]);
        turn += 1;
        black_box(trainer.step(network, input, target).expect(FINITE));
    };
    for _ in 0..XOR_STEPS {
        step(&mut network);
    }
    timer.time(xor_loss(&network), || step(&mut network))
}

fn xor_epoch(timer: &Timer) -> Found {
    let mut network: Network<Xor> = load(XOR);
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(XOR_RATE));
    let mut epoch = |network: &mut Network<Xor>| {
        let found = trainer.epoch(network, black_box(&XOR_SAMPLES));
        black_box(found.expect(FINITE));
    };
    for _ in 0..XOR_STEPS {
        epoch(&mut network);
    }
    timer.time(xor_loss(&network), || epoch(&mut network))
}

fn policy_forward(timer: &Timer) -> Found {
    let network: Network<Policy> = load(POLICY);
    let input = policy_input();
    let forward = || black_box(&network).forward(black_box(&input));
    timer.time(weighted_sum(&forward()), || {
        black_box(forward());
    })
}

fn small_forward(timer: &Timer) -> Found {
    let network: Network<Small> = load(SMALL);
    let input = small_input();
    let forward = || black_box(&network).forward(black_box(&input));
    timer.time(weighted_sum(&forward()), || {
        black_box(forward());
    })
}

fn images_step(timer: &Timer) -> Found {
    let mut network: Network<Images, f32, Heap> = load(IMAGES);
    let (inputs, classes) = images_batch();
    let classes: Vec<_> = classes.into_iter().map(Class).collect();
    // a batch of all samples is not shuffled
    let mut trainer = Trainer::<Images, _, _, MiniBatch<U32>, f32, Heap>::new(
        CrossEntropy,
        Sgd::new(IMAGES_RATE),
    );
    let mut step = || {
        let found = trainer.epoch(&mut network, black_box((&inputs, &classes)));
        black_box(found.expect(FINITE).loss)
    };
    for _ in 0..IMAGES_STEPS {
        step();
    }
    let loss = step();
    timer.time(f64::from(loss), || {
        step();
    })
}

fn images_forward(timer: &Timer) -> Found {
    let network: Network<Images, f32, Heap> = load(IMAGES);
    let inputs = images_inputs();
    let forward = || black_box(&network).forward(black_box(&inputs[0]));
    timer.time(weighted_sum(&forward()), || {
        black_box(forward());
    })
}

fn images_forward_many(timer: &Timer) -> Found {
    let network: Network<Images, f32, Heap> = load(IMAGES);
    let inputs = images_inputs();
    let mut outputs = vec![[0.0; 10]; inputs.len()];
    let forward = |outputs: &mut Vec<[f32; 10]>| {
        black_box(&network)
            .forward_batch_in_blocks::<U64>(black_box(&inputs), black_box(outputs))
            .expect("as many outputs as inputs");
    };
    forward(&mut outputs);
    let check = weighted_sum(outputs.as_flattened());
    timer.time(check, || forward(&mut outputs))
}

fn policy_step(timer: &Timer) -> Found {
    let mut network: Network<Policy> = load(POLICY);
    let (inputs, targets) = policy_batch();
    // a batch of all samples is not shuffled
    let mut trainer = Trainer::mini_batch::<U32>(MeanSquaredError, Adam::new(POLICY_RATE));
    let mut step = || {
        let found = trainer.epoch(&mut network, black_box((&inputs, &targets)));
        black_box(found.expect(FINITE).loss)
    };
    for _ in 0..POLICY_STEPS {
        step();
    }
    let loss = step();
    timer.time(f64::from(loss), || {
        step();
    })
}
