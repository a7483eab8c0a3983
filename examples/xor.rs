//! XOR: one experiment.
//!
//! The exclusive or of two bits is the smallest problem that a network without a hidden layer can't learn: no straight
//! line parts (0, 0) and (1, 1) from (0, 1) and (1, 0). A hidden layer bends the plane first.
//!
//! `cargo run --release --example xor -- --help` lists the options.

use core::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::{
    Batching, Dense, Layer, MeanSquaredError, Network, OwnOrder, Sgd, Sigmoid, Size, Trainer,
    TrainingError, sizes::*,
};

const HELP: &str = "\
Trains a network on XOR.

Usage: cargo run --release --example xor -- [OPTIONS]

Options:
  --hidden N     hidden nodes: 1, 2, 3, 4, 8, 16 or 32    [3]
  --rate X       learning rate                            [4]
  --epochs N     passes over the four rows                [2000]
  --seed N       seed of the first weights                [0]
  --trainer T    stochastic, mini-batch or full-batch     [full-batch]
  --help         this text";

const SAMPLES: [([f32; 2], [f32; 1]); 4] = [
    ([0.0, 0.0], [0.0]),
    ([0.0, 1.0], [1.0]),
    ([1.0, 0.0], [1.0]),
    ([1.0, 1.0], [0.0]),
];

/// How a run is done.
struct Options {
    hidden: u32,
    rate: f32,
    epochs: u32,
    seed: u64,
    trainer: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Stochastic,
    MiniBatch,
    FullBatch,
}

/// The options, or `None` for the help.
fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        hidden: 3,
        rate: 4.0,
        epochs: 2_000,
        seed: 0,
        trainer: Kind::FullBatch,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("hidden") => {
                options.hidden = arguments.value()?.parse()?;
                if ![1, 2, 3, 4, 8, 16, 32].contains(&options.hidden) {
                    return Err("--hidden is one of 1, 2, 3, 4, 8, 16 and 32".into());
                }
            }
            Long("rate") => {
                options.rate = arguments.value()?.parse()?;
                if !(options.rate.is_finite() && options.rate > 0.0) {
                    return Err("--rate is a number above 0".into());
                }
            }
            Long("epochs") => {
                options.epochs = arguments.value()?.parse()?;
                if options.epochs == 0 {
                    return Err("--epochs is at least 1".into());
                }
            }
            Long("seed") => options.seed = arguments.value()?.parse()?,
            Long("trainer") => {
                options.trainer = match arguments.value()?.string()?.as_str() {
                    "stochastic" => Kind::Stochastic,
                    "mini-batch" => Kind::MiniBatch,
                    "full-batch" => Kind::FullBatch,
                    other => {
                        return Err(format!(
                            "no trainer `{other}`: stochastic, mini-batch or full-batch"
                        )
                        .into());
                    }
                };
            }
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let result = match options.hidden {
        1 => run::<U1>(&options),
        2 => run::<U2>(&options),
        3 => run::<U3>(&options),
        4 => run::<U4>(&options),
        8 => run::<U8>(&options),
        16 => run::<U16>(&options),
        _ => run::<U32>(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A network of `H` hidden nodes.
type Xor<H> = (Dense<U2, H, Sigmoid>, Dense<H, U1, Sigmoid>);

fn run<H: Size>(options: &Options) -> Result<(), Box<dyn Error>>
where
    Xor<H>: Layer<Input = U2, Output = U1>,
{
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let mut network = Network::<Xor<H>>::random(&mut rng);
    println!("{}\n", network.summary());
    let optimizer = Sgd::new(options.rate);
    match options.trainer {
        Kind::Stochastic => train(
            &mut network,
            Trainer::stochastic(MeanSquaredError, optimizer),
            options,
        )?,
        Kind::MiniBatch => train(
            &mut network,
            Trainer::mini_batch::<U2>(MeanSquaredError, optimizer),
            options,
        )?,
        Kind::FullBatch => train(
            &mut network,
            Trainer::full_batch(MeanSquaredError, optimizer),
            options,
        )?,
    }
    println!("\ninput   target   answer");
    let mut right = 0;
    for ([a, b], [target]) in SAMPLES {
        let [answer] = network.forward(&[a, b]);
        println!("{a} {b}   {target:>6}   {answer:.4}");
        right += u32::from((answer > 0.5) == (target > 0.5));
    }
    if right == 4 {
        println!("\nAll four rows are right.");
    } else {
        println!(
            "\n{right} of four rows are right: the descent is stuck in a local minimum, which another seed may avoid."
        );
    }
    Ok(())
}

fn train<L: Layer<Input = U2, Output = U1>, M: Batching + OwnOrder>(
    network: &mut Network<L>,
    mut trainer: Trainer<L, MeanSquaredError, Sgd, M>,
    options: &Options,
) -> Result<(), TrainingError> {
    trainer.seed(options.seed);
    let every = options.epochs.div_ceil(10);
    let start = Instant::now();
    for epoch in trainer
        .epochs(network, &SAMPLES)
        .take(options.epochs as usize)
    {
        let epoch = epoch?;
        if epoch.number % every == 0 || epoch.number == options.epochs - 1 {
            println!("epoch {:>6}   loss {:.6}", epoch.number, epoch.loss);
        }
    }
    let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / f64::from(options.epochs);
    println!(
        "\n{} epochs of four rows, {nanoseconds:.0} ns each",
        options.epochs
    );
    Ok(())
}
