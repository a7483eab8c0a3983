//! The same sine, learned with Adam for a short time, as each of its steps takes long without a floating-point unit: network,
//! gradient and both moments lie in a `static`, and none is ever on the stack.

use core::hint::black_box;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::{Adam, MeanSquaredError, Network, Trainer, TrainingError, initializer::Recommended};

use crate::board::Board;
use crate::hash::Hash;
use crate::sine::{COUNT, SAMPLES, Sine};

type Learner = Trainer<Sine, MeanSquaredError, Adam>;

/// Network, trainer and the order of the samples.
#[derive(Debug)]
pub struct Memory {
    network: Network<Sine>,
    trainer: Learner,
    order: [u32; COUNT],
}

impl Memory {
    /// Before training.
    pub const NEW: Self = Self {
        network: Network::zeros(),
        trainer: Trainer::stochastic(MeanSquaredError, Adam::new(0.003)),
        order: [0; COUNT],
    };
}

// parameters, gradient, two moments, and the order of the samples
const _: () = assert!(Learner::TRAINING_BYTES + size_of::<[u32; COUNT]>() <= 6 * 1024);

/// Learns, and reports.
pub fn run(memory: &mut Memory, board: &mut impl Board) -> bool {
    let Memory {
        network,
        trainer,
        order,
    } = memory;
    let mut hash = Hash::NEW;
    let start = board.stack_starts();
    let training = learn(network, trainer, order, &mut hash);
    board.stack_ends("training", start, Learner::STACK_BYTES);
    board.line("losses", &hash.halves());
    board.bits("weights", network.parameters());

    let mut worst = 0.0;
    for (input, [target]) in black_box(SAMPLES.as_slice()) {
        let [output] = network.forward(input);
        board.bits("output", &[output]);
        let error = (output - target).abs();
        worst = if error > worst { error } else { worst };
    }
    board.bits("worst", &[worst]);

    let [(input, target), ..] = black_box(&SAMPLES);
    let start = board.count_starts();
    let loss = step(trainer, network, input, target);
    board.count_ends("step", start);
    board.bits("loss", &[loss.unwrap_or(f32::NAN)]);
    training.is_ok() && loss.is_ok() && worst < 0.2
}

#[inline(never)]
fn step(
    trainer: &mut Learner,
    network: &mut Network<Sine>,
    input: &[f32; 1],
    target: &[f32; 1],
) -> Result<f32, TrainingError> {
    trainer.step(network, input, target)
}

#[inline(never)]
fn learn(
    network: &mut Network<Sine>,
    trainer: &mut Learner,
    order: &mut [u32; COUNT],
    hash: &mut Hash,
) -> Result<(), TrainingError> {
    network.initialize(&Recommended, &mut Xoshiro128PlusPlus::seed_from_u64(0));
    for _ in 0..80 {
        hash.add(trainer.epoch_with(network, &SAMPLES, order)?.loss);
    }
    Ok(())
}
