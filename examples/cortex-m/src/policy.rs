//! A policy of 13-64-64-4 that was trained on the PC runs from flash; its last layer is tuned on the device.

use core::hint::black_box;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::{Borrowed, MeanSquaredError, Network, Schedule, Sgd, Trainer, TrainingError};

use crate::board::Board;
use crate::hash::Hash;
use crate::tasks::{Body, Head, Policy, any_state, rotors};
use crate::weights;

/// In flash, without a copy in RAM.
static POLICY: Network<Policy, f32, Borrowed<'static>> = Network::compiled_in(&weights::POLICY);

/// The learning rate as a type: a memory of nothing but zeros has no copy in flash.
#[derive(Debug, Clone, Copy)]
pub struct Rate;

impl Schedule<f32> for Rate {
    fn rate(&self, _: u32) -> f32 {
        0.02
    }
}

type Tuner = Trainer<Head, MeanSquaredError, Sgd<f32, Rate>>;

/// The last layer and its trainer.
#[derive(Debug)]
pub struct Memory {
    head: Network<Head>,
    trainer: Tuner,
}

impl Memory {
    /// Before training.
    pub const NEW: Self = Self {
        head: Network::zeros(),
        trainer: Trainer::stochastic(MeanSquaredError, Sgd::new(Rate)),
    };
}

/// What the rotors have to do where the first has lost a tenth of its thrust.
fn worn(state: &[f32; 13]) -> [f32; 4] {
    let [first, second, third, fourth] = rotors(state);
    [first * 1.1, second, third, fourth]
}

/// The arrays of [`tune`] on the stack: those of the body and of the trainer, the features and a state.
const TUNING_STACK: usize = Network::<Body>::STACK_BYTES
    + Tuner::STACK_BYTES
    + size_of::<[f32; 64]>()
    + size_of::<[f32; 13]>();

/// Runs, tunes the head and reports.
pub fn run(Memory { head, trainer }: &mut Memory, board: &mut impl Board) -> bool {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
    let mut weights = Hash::NEW;
    for weight in POLICY.parameters() {
        weights.add(*weight);
    }
    board.line("flash", &weights.halves());
    let state = black_box(any_state(&mut rng));
    let start = board.stack_starts();
    let output = rotors_of(&state);
    board.stack_ends("running", start, Network::<Policy>::STACK_BYTES);
    board.bits("output", &output);
    let start = board.count_starts();
    let output = rotors_of(&state);
    board.count_ends("forward", start);
    board.bits("output", &output);

    let (body, its_head) = POLICY.split();
    head.copy_from(&its_head);
    let mut hash = Hash::NEW;
    let start = board.stack_starts();
    let tuning = tune(&body, head, trainer, &mut rng, &mut hash);
    board.stack_ends("training", start, TUNING_STACK);
    board.line("losses", &hash.halves());
    let (before, after) = tuning.unwrap_or_default();
    board.bits("before, after", &[before, after]);
    board.bits("head", head.parameters());

    let features = body.forward(&state);
    let target = worn(&state);
    let start = board.count_starts();
    let loss = step(trainer, head, &features, &target);
    board.count_ends("step", start);
    board.bits("loss", &[loss.unwrap_or(f32::NAN)]);
    loss.is_ok() && after < before
}

#[inline(never)]
fn rotors_of(state: &[f32; 13]) -> [f32; 4] {
    POLICY.forward(state)
}

#[inline(never)]
fn step(
    trainer: &mut Tuner,
    head: &mut Network<Head>,
    features: &[f32; 64],
    target: &[f32; 4],
) -> Result<f32, TrainingError> {
    trainer.step(head, features, target)
}

/// Tunes by 128 samples; the sums of the losses of the first 32 and of the last.
#[inline(never)]
fn tune(
    body: &Network<Body, f32, Borrowed<'_>>,
    head: &mut Network<Head>,
    trainer: &mut Tuner,
    rng: &mut Xoshiro128PlusPlus,
    hash: &mut Hash,
) -> Result<(f32, f32), TrainingError> {
    let (mut before, mut after) = (0.0, 0.0);
    for place in 0..128 {
        let state = any_state(rng);
        let loss = step(trainer, head, &body.forward(&state), &worn(&state))?;
        hash.add(loss);
        match place {
            0..32 => before += loss,
            96.. => after += loss,
            _ => (),
        }
    }
    Ok((before, after))
}
