//! XOR, and which of two steps of a sequence is the larger, learned with neither std nor an allocator: that it links is the
//! proof, and it ends with 0 only if every answer is right.
//!
//! `cargo run --manifest-path tests/no_std/Cargo.toml` on Linux, where libc brings the start code, `memcpy` and `abort`.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::layer::State;
use sizednet::{
    Adam, Dense, FullBatch, Gru, MeanSquaredError, Network, Sequence, Sgd, Sigmoid, Trainer,
    TrainingError, file, sizes::*,
};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);

static SAMPLES: [([f32; 2], [f32; 1]); 4] = [
    ([0.0, 0.0], [0.0]),
    ([0.0, 1.0], [1.0]),
    ([1.0, 0.0], [1.0]),
    ([1.0, 1.0], [0.0]),
];

/// Whether a network knows all rows, after 2,000 epochs from the same first weights.
fn learns(
    mut epoch: impl FnMut(&mut Network<Xor>) -> Result<(), TrainingError>,
) -> Result<bool, TrainingError> {
    let mut network = Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    for _ in 0..2_000 {
        epoch(&mut network)?;
    }
    Ok(SAMPLES
        .iter()
        .all(|(input, [target])| (network.forward(input)[0] > 0.5) == (*target > 0.5)))
}

fn both_ways_learn() -> Result<bool, TrainingError> {
    let mut stochastic = Trainer::stochastic(MeanSquaredError, Sgd::new(1.0));
    let mut order = [0; 4];
    let mut full_batch = Trainer::full_batch(MeanSquaredError, Sgd::new(4.0));
    Ok(learns(|network| {
        stochastic
            .epoch_with(network, &SAMPLES, &mut order)
            .map(drop)
    })? && learns(|network| full_batch.epoch(network, &SAMPLES).map(drop))?)
}

/// Whether training goes on from a checkpoint of fixed length as if it had not stopped.
fn goes_on() -> Result<bool, TrainingError> {
    type Learner = Trainer<Xor, MeanSquaredError, Adam, FullBatch>;
    let mut network = Network::<Xor>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let mut trainer: Learner = Trainer::full_batch(MeanSquaredError, Adam::new(0.1));
    trainer.epoch(&mut network, &SAMPLES)?;
    let mut eeprom = [0; file::length::<(Network<Xor>, Learner)>()];
    let saved = file::save((&network, &trainer), &mut eeprom);

    let mut again = Network::<Xor>::zeros();
    let mut its_trainer = Trainer::full_batch(MeanSquaredError, Adam::new(0.1));
    let loaded = file::load((&mut again, &mut its_trainer), &eeprom);
    trainer.epoch(&mut network, &SAMPLES)?;
    its_trainer.epoch(&mut again, &SAMPLES)?;
    Ok(saved.is_ok() && loaded.is_ok() && again == network)
}

type Listener = (Gru<Sequence<U2, U1>, U4>, Dense<U4, U1, Sigmoid>);

static SEQUENCES: [([[f32; 1]; 2], [f32; 1]); 4] = [
    ([[0.0], [1.0]], [1.0]),
    ([[1.0], [0.0]], [0.0]),
    ([[-1.0], [0.0]], [1.0]),
    ([[0.0], [-1.0]], [0.0]),
];

/// Whether a recurrent layer learns, and hears the same in a stream.
fn listens() -> Result<bool, TrainingError> {
    let mut network = Network::<Listener>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.5));
    for _ in 0..1_000 {
        for (sequence, target) in &SEQUENCES {
            trainer.step(&mut network, sequence, target)?;
        }
    }
    Ok(SEQUENCES.iter().all(|(sequence, [target])| {
        let mut state = State::<Listener>::new();
        let [_, heard] = sequence.map(|input| network.step(&input, &mut state));
        heard == network.forward(sequence) && (heard[0] > 0.5) == (*target > 0.5)
    }))
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    match both_ways_learn().and_then(|learned| Ok(learned && goes_on()? && listens()?)) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(_) => 2,
    }
}

#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// `core` was built with unwinding and names it; nothing calls it where a panic aborts.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
