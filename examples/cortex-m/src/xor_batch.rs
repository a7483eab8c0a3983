//! XOR, learned on the device, all rows at once, with momentum: the optimizer has a state.

use core::hint::black_box;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::{
    FullBatch, MeanSquaredError, Network, Schedule, Sgd, Trainer, TrainingError,
    initializer::Recommended, optimizer::Momentum, sizes::U4,
};

use crate::board::Board;
use crate::hash::Hash;
use crate::tasks::{ROWS, Xor};

/// The learning rate as a type.
#[derive(Debug, Clone, Copy)]
pub struct Rate;

impl Schedule<f32> for Rate {
    fn rate(&self, _: u32) -> f32 {
        0.5
    }
}

// in blocks of four, as there are no more rows
type Learner = Trainer<Xor, MeanSquaredError, Momentum<f32, Rate>, FullBatch<U4>>;

/// Network and trainer.
#[derive(Debug)]
pub struct Memory {
    network: Network<Xor>,
    trainer: Learner,
}

impl Memory {
    /// Before training.
    pub const NEW: Self = Self {
        network: Network::zeros(),
        trainer: Trainer::<Xor, _, _>::full_batch_in_blocks(
            MeanSquaredError,
            Sgd::new(Rate).momentum(0.9),
        ),
    };
}

/// Learns for 2,000 epochs, and reports.
pub fn run(Memory { network, trainer }: &mut Memory, board: &mut impl Board) -> bool {
    let mut hash = Hash::NEW;
    let start = board.stack_starts();
    let training = learn(network, trainer, &mut hash);
    board.stack_ends("training", start, Learner::STACK_BYTES);
    board.line("losses", &hash.halves());
    board.bits("weights", network.parameters());
    let mut learned = training.is_ok();
    for (input, target) in black_box(ROWS.as_slice()) {
        let [output] = network.forward(input);
        board.bits("output", &[output]);
        learned &= (output > 0.5) == (target[0] > 0.5);
    }
    let start = board.count_starts();
    let last = epoch(trainer, network);
    board.count_ends("epoch", start);
    learned && last.is_ok()
}

#[inline(never)]
fn epoch(trainer: &mut Learner, network: &mut Network<Xor>) -> Result<f32, TrainingError> {
    Ok(trainer.epoch_with(network, &ROWS, &mut [])?.loss)
}

#[inline(never)]
fn learn(
    network: &mut Network<Xor>,
    trainer: &mut Learner,
    hash: &mut Hash,
) -> Result<(), TrainingError> {
    network.initialize(&Recommended, &mut Xoshiro128PlusPlus::seed_from_u64(0));
    for _ in 0..2_000 {
        hash.add(epoch(trainer, network)?);
    }
    Ok(())
}
