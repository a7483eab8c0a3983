//! XOR, learned on the device, a sample at a time.

use core::hint::black_box;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::{
    MeanSquaredError, Network, Schedule, Sgd, Trainer, TrainingError, initializer::Recommended,
};

use crate::board::Board;
use crate::hash::Hash;
use crate::tasks::{ROWS, Xor};

/// The learning rate as a type: a memory of nothing but zeros has no copy in flash.
#[derive(Debug, Clone, Copy)]
pub struct Rate;

impl Schedule<f32> for Rate {
    fn rate(&self, _: u32) -> f32 {
        1.0
    }
}

type Learner = Trainer<Xor, MeanSquaredError, Sgd<f32, Rate>>;

/// Network, trainer and the order of the samples.
#[derive(Debug)]
pub struct Memory {
    network: Network<Xor>,
    trainer: Learner,
    order: [u32; 4],
}

impl Memory {
    /// Before training.
    pub const NEW: Self = Self {
        network: Network::zeros(),
        trainer: Trainer::stochastic(MeanSquaredError, Sgd::new(Rate)),
        order: [0; 4],
    };
}

// the budget: what does not fit 2 KB does not compile
const _: () = assert!(Learner::TRAINING_BYTES + size_of::<[u32; 4]>() <= 2048);

/// Learns for 2,000 epochs, and reports.
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

    let mut learned = training.is_ok();
    for (input, target) in black_box(ROWS.as_slice()) {
        let stack = board.stack_starts();
        let count = board.count_starts();
        let output = answer(network, input);
        board.count_ends("forward", count);
        board.stack_ends("running", stack, Network::<Xor>::STACK_BYTES);
        learned &= (output > 0.5) == (target[0] > 0.5);
        let count = board.count_starts();
        let loss = step(trainer, network, input, target);
        board.count_ends("step", count);
        learned &= loss.is_finite();
        board.bits("output, loss", &[output, loss]);
    }
    learned
}

#[inline(never)]
fn answer(network: &Network<Xor>, input: &[f32; 2]) -> f32 {
    let [output] = network.forward(input);
    output
}

/// The loss before a step; NaN if there is none.
#[inline(never)]
fn step(
    trainer: &mut Learner,
    network: &mut Network<Xor>,
    input: &[f32; 2],
    target: &[f32; 1],
) -> f32 {
    trainer.step(network, input, target).unwrap_or(f32::NAN)
}

#[inline(never)]
fn learn(
    network: &mut Network<Xor>,
    trainer: &mut Learner,
    order: &mut [u32; 4],
    hash: &mut Hash,
) -> Result<(), TrainingError> {
    network.initialize(&Recommended, &mut Xoshiro128PlusPlus::seed_from_u64(0));
    for _ in 0..2_000 {
        hash.add(trainer.epoch_with(network, &ROWS, order)?.loss);
    }
    Ok(())
}
