//! A camera that has learned digits on the PC hangs upside down: its convolutions stay in flash, and its last layer is tuned
//! on the device.

use sizednet::{Borrowed, Class, CrossEntropy, Network, Schedule, Sgd, Trainer, TrainingError};

use crate::board::Board;
use crate::digits::HELD_OUT;
use crate::hash::Hash;
use crate::tasks::{Camera, Eye, Picture, Reader, picture};
use crate::weights;

/// In flash, without a copy in RAM.
static CAMERA: Network<Camera, f32, Borrowed<'static>> = Network::compiled_in(&weights::CAMERA);

/// The learning rate as a type: a memory of nothing but zeros has no copy in flash.
#[derive(Debug, Clone, Copy)]
pub struct Rate;

impl Schedule<f32> for Rate {
    fn rate(&self, _: u32) -> f32 {
        0.02
    }
}

type Tuner = Trainer<Reader, CrossEntropy, Sgd<f32, Rate>>;

/// The last layer and its trainer.
#[derive(Debug)]
pub struct Memory {
    reader: Network<Reader>,
    tuner: Tuner,
}

impl Memory {
    /// Before training.
    pub const NEW: Self = Self {
        reader: Network::zeros(),
        tuner: Trainer::stochastic(CrossEntropy, Sgd::new(Rate)),
    };
}

/// What the last layer reads.
type Features = [[[f32; 2]; 2]; 12];

/// The arrays of a step on the stack: those of the convolutions and of the trainer, the features and the picture.
const TUNING_STACK: usize =
    Network::<Eye>::STACK_BYTES + Tuner::STACK_BYTES + size_of::<Features>() + size_of::<Picture>();

/// Images to tune by; the others tell what it was good for.
const TUNED_BY: usize = 240;
/// How often each is seen.
const PASSES: u32 = 4;

/// Tunes by some of the images, upside down, and reads the others before and after.
pub fn run(Memory { reader, tuner }: &mut Memory, board: &mut impl Board) -> bool {
    let (eye, its_reader) = CAMERA.split();
    reader.copy_from(&its_reader);
    let (images, _) = HELD_OUT.as_chunks::<65>();
    let (tuned_by, others) = images.split_at(TUNED_BY.min(images.len()));

    let first = images
        .first()
        .map(|[image @ .., _]| upside_down(image))
        .unwrap_or_default();
    let stack = board.stack_starts();
    let instructions = board.count_starts();
    let answer = answer(&first);
    board.count_ends("forward", instructions);
    board.stack_ends("running", stack, Network::<Camera>::STACK_BYTES);
    board.line("answer", &[answer]);

    let before = right(&eye, reader, others);
    let mut losses = Hash::NEW;
    let stack = board.stack_starts();
    let tuned = tune(&eye, reader, tuner, tuned_by, &mut losses);
    board.stack_ends("training", stack, TUNING_STACK);
    board.line("losses", &losses.halves());
    board.bits("reader", reader.parameters());
    let after = right(&eye, reader, others);
    board.line(
        "right before, after, of",
        &[before, after, others.len() as u32],
    );

    let features = eye.forward(&first);
    let instructions = board.count_starts();
    let loss = step(tuner, reader, &features, Class(0));
    board.count_ends("step", instructions);
    board.bits("loss", &[loss.unwrap_or(f32::NAN)]);
    tuned.is_ok() && after > before
}

/// The image of a camera that hangs upside down.
fn upside_down(image: &[u8; 64]) -> Picture {
    let mut turned = *image;
    turned.reverse();
    picture(&turned)
}

#[inline(never)]
fn answer(image: &Picture) -> u32 {
    let Class(class) = CAMERA.classify(image);
    class as u32
}

#[inline(never)]
fn step(
    tuner: &mut Tuner,
    reader: &mut Network<Reader>,
    features: &Features,
    class: Class,
) -> Result<f32, TrainingError> {
    tuner.step(reader, features, &class)
}

/// [`PASSES`] over the images.
#[inline(never)]
fn tune(
    eye: &Network<Eye, f32, Borrowed<'_>>,
    reader: &mut Network<Reader>,
    tuner: &mut Tuner,
    images: &[[u8; 65]],
    losses: &mut Hash,
) -> Result<(), TrainingError> {
    for _ in 0..PASSES {
        for [image @ .., digit] in images {
            let features = eye.forward(&upside_down(image));
            losses.add(step(tuner, reader, &features, Class((*digit).into()))?);
        }
    }
    Ok(())
}

/// How many of the images are read right.
#[inline(never)]
fn right(
    eye: &Network<Eye, f32, Borrowed<'_>>,
    reader: &Network<Reader>,
    images: &[[u8; 65]],
) -> u32 {
    let mut right = 0;
    for [image @ .., digit] in images {
        let Class(class) = reader.classify(&eye.forward(&upside_down(image)));
        right += u32::from(class == usize::from(*digit));
    }
    right
}
