//! A sine, learned on the device by a network of 1-16-16-1.

use core::hint::black_box;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::{
    Dense, MeanSquaredError, Network, Optimizer, Portable, Schedule, Sgd, Tanh, Trainer,
    TrainingError, initializer::Recommended, sizes::*,
};

use crate::board::Board;
use crate::hash::Hash;

pub(crate) type Sine = Portable<(Dense<U1, U16, Tanh>, Dense<U16, U16, Tanh>, Dense<U16, U1>)>;

/// Samples of one period.
pub(crate) const COUNT: usize = 16;

/// Angles from -pi to pi, in thirds of pi, and their sines; made by the compiler, in flash.
static SAMPLES: [([f32; 1], [f32; 1]); COUNT] = {
    let mut samples = [([0.0], [0.0]); COUNT];
    let mut i = 0;
    while i < COUNT {
        let turn = (2 * i + 1) as f64 / COUNT as f64 - 1.0;
        samples[i] = (
            [turn as f32 * 3.0],
            [sine(turn * core::f64::consts::PI) as f32],
        );
        i += 1;
    }
    samples
};

/// Taylor's series up to pi.
const fn sine(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while n < 30.0 {
        term *= -x * x / ((n + 1.0) * (n + 2.0));
        sum += term;
        n += 2.0;
    }
    sum
}

/// Times every sample is seen.
const EPOCHS: u32 = 1_000;

/// The learning rate as a type: a memory of nothing but zeros has no copy in flash. Small at the end, it takes each of the
/// first 40 seeds to a largest error below 0.06.
#[derive(Debug, Clone, Copy)]
pub struct Rate;

impl Schedule<f32> for Rate {
    fn rate(&self, updates: u32) -> f32 {
        if updates < EPOCHS * COUNT as u32 / 4 * 3 {
            0.08
        } else {
            0.02
        }
    }
}

/// Network, trainer and the order of the samples.
#[derive(Debug)]
pub struct Memory<O: Optimizer<f32> = Sgd<f32, Rate>> {
    network: Network<Sine>,
    trainer: Trainer<Sine, MeanSquaredError, O>,
    order: [u32; COUNT],
}

impl<O: Optimizer<f32>> Memory<O> {
    /// Before training with an optimizer.
    pub(crate) const fn new(optimizer: O) -> Self {
        Self {
            network: Network::zeros(),
            trainer: Trainer::stochastic(MeanSquaredError, optimizer),
            order: [0; COUNT],
        }
    }
}

impl Memory {
    /// Before training.
    pub const NEW: Self = Self::new(Sgd::new(Rate));
}

/// Learns, and reports.
pub fn run(memory: &mut Memory, board: &mut impl Board) -> bool {
    learn_and_report(memory, EPOCHS, board) < 0.06
}

/// Trains for so many epochs, and reports; returns the largest error, infinite if training failed.
pub(crate) fn learn_and_report<O: Optimizer<f32>>(
    memory: &mut Memory<O>,
    epochs: u32,
    board: &mut impl Board,
) -> f32 {
    let mut hash = Hash::NEW;
    let start = board.stack_starts();
    let training = learn(memory, epochs, &mut hash);
    let arrays = Trainer::<Sine, MeanSquaredError, O>::STACK_BYTES;
    board.stack_ends("training", start, arrays);
    board.line("losses", &hash.halves());
    board.bits("weights", memory.network.parameters());

    let mut worst = 0.0;
    let start = board.stack_starts();
    for (input, [target]) in black_box(SAMPLES.as_slice()) {
        let output = answer(&memory.network, input);
        board.bits("output", &[output]);
        let error = (output - target).abs();
        worst = if error > worst { error } else { worst };
    }
    board.stack_ends("running", start, Network::<Sine>::STACK_BYTES);
    board.bits("worst", &[worst]);

    let [(input, target), ..] = black_box(&SAMPLES);
    let start = board.count_starts();
    let output = answer(&memory.network, input);
    board.count_ends("forward", start);
    let start = board.count_starts();
    let loss = step(memory, input, target);
    board.count_ends("step", start);
    board.bits("output, loss", &[output, loss.unwrap_or(f32::NAN)]);
    if training.is_ok() && loss.is_ok() {
        worst
    } else {
        f32::INFINITY
    }
}

#[inline(never)]
fn answer(network: &Network<Sine>, input: &[f32; 1]) -> f32 {
    let [output] = network.forward(input);
    output
}

#[inline(never)]
fn step<O: Optimizer<f32>>(
    memory: &mut Memory<O>,
    input: &[f32; 1],
    target: &[f32; 1],
) -> Result<f32, TrainingError> {
    memory.trainer.step(&mut memory.network, input, target)
}

#[inline(never)]
fn learn<O: Optimizer<f32>>(
    memory: &mut Memory<O>,
    epochs: u32,
    hash: &mut Hash,
) -> Result<(), TrainingError> {
    let Memory {
        network,
        trainer,
        order,
    } = memory;
    network.initialize(&Recommended, &mut Xoshiro128PlusPlus::seed_from_u64(0));
    for _ in 0..epochs {
        hash.add(trainer.epoch_with(network, &SAMPLES, order)?.loss);
    }
    Ok(())
}
