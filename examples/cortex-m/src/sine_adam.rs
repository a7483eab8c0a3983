//! The same sine, learned with Adam for a short time, as each of its steps takes long without a floating-point unit: network,
//! gradient and both moments lie in a `static`, and none is ever on the stack.

use sizednet::{Adam, MeanSquaredError, Trainer};

use crate::board::Board;
use crate::sine::{self, COUNT, Sine};

type Learner = Trainer<Sine, MeanSquaredError, Adam>;

/// Network, trainer and the order of the samples.
#[derive(Debug)]
pub struct Memory(sine::Memory<Adam>);

impl Memory {
    /// Before training.
    pub const NEW: Self = Self(sine::Memory::new(Adam::new(0.003)));
}

// parameters, gradient, two moments, and the order of the samples
const _: () = assert!(Learner::TRAINING_BYTES + size_of::<[u32; COUNT]>() <= 6 * 1024);

/// Learns, and reports.
pub fn run(Memory(memory): &mut Memory, board: &mut impl Board) -> bool {
    sine::learn_and_report(memory, 80, board) < 0.2
}
