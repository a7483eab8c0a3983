//! A word spotter in small: four made sounds with noise, told apart by a network that then listens to a stream.
//!
//! A sound has 2,048 samples at 8 kHz, a quarter of a second. Each frame of 64 samples becomes the strength of eight
//! frequencies; a causal `Conv1d` sees how they change over three frames, a `Gru` reads all 32, and a `Dense` layer names the
//! sound. Training sees whole sequences, a device one frame at a time; both give the same bits.
//!
//! `cargo run --release --example keyword` trains with five seeds. Sizes, activation and learning rate were chosen by
//! validation sounds of other seeds; when to stop is decided by 200 of each, and 400 that nothing was chosen by are the test.

use core::error::Error;
use core::f32::consts::TAU;
use std::process::ExitCode;
use std::time::Instant;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::initializer::{normal, uniform};
use sizednet::layer::{Causal, State};
use sizednet::{
    Adam, Class, Conv1d, CrossEntropy, Dense, EarlyStop, Gru, MiniBatch, Network, Sequence, Tanh,
    Trainer, sizes::*,
};

const RATE: f32 = 8_000.0;
const FRAMES: usize = 32;
const FRAME: usize = 64;
/// The frequencies of a frame, in hertz.
const BANDS: [f32; 8] = [250.0, 500.0, 750.0, 1000.0, 1250.0, 1500.0, 1750.0, 2000.0];
const NAMES: [&str; 4] = [
    "a rising chirp",
    "a falling chirp",
    "a steady tone",
    "a trill",
];

type Spotter = (
    Conv1d<Sequence<U32, U8>, U16, U3, Tanh, U1, Causal>,
    Gru<Sequence<U32, U16>, U24>,
    Dense<U24, U4>,
);
type Frames = [[f32; 8]; FRAMES];

/// A sound of a class: pitch, span, phase and strength of its own, and noise of about half its strength.
fn sound(class: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f32> {
    let low = uniform(300.0, 800.0, rng);
    let high = low * uniform(1.5, 2.2, rng);
    let strength = uniform(0.5, 1.5, rng);
    let mut phase = uniform(0.0, 1.0, rng);
    (0..FRAMES * FRAME)
        .map(|sample| {
            let along = sample as f32 / (FRAMES * FRAME) as f32;
            let pitch = match class {
                0 => low + (high - low) * along,
                1 => high - (high - low) * along,
                2 => (low + high) / 2.0,
                _ if ((along * 8.0) as u32).is_multiple_of(2) => low,
                _ => high,
            };
            phase = (phase + pitch / RATE).fract();
            let noise: f32 = normal(rng);
            strength * ((TAU * phase).sin() + 0.5 * noise)
        })
        .collect()
}

/// The logarithm of the strength of each band in a frame (Goertzel, 1958).
fn bands(frame: &[f32]) -> [f32; 8] {
    BANDS.map(|band| {
        let factor = 2.0 * (TAU * band / RATE).cos();
        let (mut last, mut before) = (0.0, 0.0);
        for sample in frame {
            (last, before) = (sample + factor * last - before, last);
        }
        let power = last * last + before * before - factor * last * before;
        (power / FRAME as f32 + 1e-3).ln() * 0.3
    })
}

fn samples(count: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<(Frames, Class)> {
    (0..count)
        .map(|sample| {
            let class = sample % NAMES.len();
            let sound = sound(class, rng);
            let frames = core::array::from_fn(|i| bands(&sound[i * FRAME..(i + 1) * FRAME]));
            (frames, Class(class))
        })
        .collect()
}

/// A network trained with a seed, and how many epochs it took.
fn train(
    rng: &mut Xoshiro256PlusPlus,
    seed: u64,
) -> Result<(Network<Spotter>, u32), Box<dyn Error>> {
    let (training, validation) = (samples(600, rng), samples(200, rng));
    let mut network = Network::<Spotter>::random(rng);
    let mut trainer = Trainer::<Spotter, _, _, MiniBatch<U32>>::new(CrossEntropy, Adam::new(0.01));
    trainer.seed(seed);
    let mut stop = EarlyStop::patience(8);
    let mut epochs = 0;
    loop {
        trainer.epoch(&mut network, &training)?;
        epochs += 1;
        let loss = network.evaluate(&validation, &CrossEntropy)?.loss;
        if stop.see(loss, &network) || epochs == 60 {
            stop.restore(&mut network);
            return Ok((network, epochs));
        }
    }
}

fn run(seed: u64) -> Result<f64, Box<dyn Error>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let start = Instant::now();
    let (network, epochs) = train(&mut rng, seed)?;
    let time = start.elapsed();
    let test = samples(400, &mut rng);
    let right = test
        .iter()
        .filter(|(frames, class)| network.classify(frames) == *class)
        .count();
    let accuracy = right as f64 / test.len() as f64;

    // the same network over a stream, frame by frame
    let mut same = 0;
    for (frames, _) in &test {
        let mut state = State::<Spotter>::new();
        let mut answer = [0.0; 4];
        for frame in frames {
            answer = network.step(frame, &mut state);
        }
        let whole = network.forward(frames);
        same += usize::from(answer.map(f32::to_bits) == whole.map(f32::to_bits));
    }
    println!(
        "seed {seed}: {:.1} % of {} right after {epochs} epochs, {:.0} ms; {same} of {} streams have the bits of the sequence",
        100.0 * accuracy,
        test.len(),
        time.as_secs_f64() * 1e3,
        test.len(),
    );
    Ok(accuracy)
}

/// What the network hears while a sound goes on.
fn listen(seed: u64) -> Result<(), Box<dyn Error>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (network, _) = train(&mut rng, seed)?;
    let mut state = State::<Spotter>::new();
    println!("\na stream of {}, every fourth frame:", NAMES[1]);
    for (number, frame) in sound(1, &mut rng).chunks_exact(FRAME).enumerate() {
        let answer = network.step(&bands(frame), &mut state);
        if number % 4 == 3 {
            let largest = (0..4).fold(0, |best, i| if answer[i] > answer[best] { i } else { best });
            println!("  frame {:2}: {}", number + 1, NAMES[largest]);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let accuracies: Result<Vec<f64>, Box<dyn Error>> = (0..5).map(run).collect();
    let result = accuracies.and_then(|accuracies| {
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        println!("{:.1} % over {} seeds", 100.0 * mean, accuracies.len());
        listen(0)
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
