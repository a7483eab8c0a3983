//! Handwritten digits of 8 by 8 pixels.
//!
//! Teaches: look at the mistakes. The accuracy is one number; the confusion matrix tells which digits are taken for
//! which, and the pictures of the mistakes whether a person would have done better.

use std::process::ExitCode;
use std::time::Instant;

use data::options::{self, Common};
use data::readers::{Digit, digits};
use data::{Failure, files::write, fit::fit, pictures};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::optimizer::Momentum;
use sizednet::prepare::{split_stratified, subset};
use sizednet::{
    Class, CrossEntropy, Dense, MiniBatch, Network, Portable, Relu, Sgd, Stack, Trainer, sizes::*,
};

const HELP: &str = "\
Reads handwritten digits.

Usage: cargo run --release --bin digits -- [OPTIONS]

Options:
  --seed N      seed of split and first weights                    [0]
  --epochs N    at most so many epochs                             [50]
  --splits N    instead: fit N splits without early stop, for
                compare_digits.py, which fits scikit-learn's
  --out DIR     where pictures, weights and splits go              [out]
  --help        this text";

type Digits = Portable<(Dense<U64, U32, Relu>, Dense<U32, U10>)>;
type Fit = Trainer<Digits, CrossEntropy, Momentum, MiniBatch<U32>, f32, Stack>;

#[derive(Default)]
struct Own {
    splits: Option<u64>,
}

fn main() -> ExitCode {
    let set = |own: &mut Own, name: &str, arguments: &mut lexopt::Parser| {
        use lexopt::ValueExt;
        if name != "splits" {
            return Ok(false);
        }
        let splits = arguments.value()?.parse()?;
        if splits < 2 {
            return Err("--splits is at least 2".into());
        }
        own.splits = Some(splits);
        Ok(true)
    };
    options::run(HELP, 50, set, |common, own: &Own| {
        let samples = digits()?;
        match own.splits {
            Some(splits) => compare(common, &samples, splits),
            None => run(common, &samples),
        }
    })
}

/// A network and its trainer, as this seed has them.
fn start(seed: u64) -> (Network<Digits>, Fit) {
    let network = Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let optimizer = Sgd::new(0.1).momentum(0.9).nesterov();
    let mut trainer = Fit::new(CrossEntropy, optimizer);
    trainer.seed(seed);
    (network, trainer)
}

fn run(common: &Common, samples: &Vec<(Digit, Class)>) -> Result<(), Failure> {
    let mut order = vec![0; samples.len()];
    let part = samples.len() / 5;
    let (rest, test) = split_stratified::<U10>(&mut order, common.seed, part, |i| samples[i].1)?;
    let (validation, training) = rest.split_at(part);
    println!(
        "{} images to train, {} to validate, {} to test",
        training.len(),
        validation.len(),
        test.len()
    );
    let (mut network, mut trainer) = start(common.seed);
    println!("{network:?}");
    let points = fit(
        &mut network,
        (common.epochs, Some(10)),
        |network| Ok(trainer.epoch(network, subset(samples, training))?.loss),
        |network| {
            Ok(network
                .evaluate(subset(samples, validation), &CrossEntropy)?
                .loss)
        },
    )?;

    // the test part is read here, once
    let confusion = network.confusion(subset(samples, test))?;
    println!("test accuracy {:.3}", confusion.accuracy());
    println!("{confusion}");
    let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    pictures::losses(&common.out.join("digits-losses.svg"), &points)?;
    pictures::confusion(
        &common.out.join("digits-confusion.svg"),
        &confusion.counts,
        &names,
    )?;
    let mistakes: Vec<_> = test
        .iter()
        .filter_map(|sample| {
            let (image, truth) = samples.get(*sample as usize)?;
            let answer = network.classify(image);
            (answer != *truth).then(|| (image.as_slice(), format!("{truth}, read as {answer}")))
        })
        .collect();
    pictures::images(&common.out.join("digits-mistakes.svg"), 8, &mistakes)?;
    let path = common.out.join("digits.rs");
    write(&path, network.rust_source("DIGITS").to_string())?;
    println!(
        "{}: the weights, to be compiled into a firmware",
        path.display()
    );
    Ok(())
}

/// Fits each split for all epochs, and writes what `compare_digits.py` needs: a line for each with accuracy, seconds of the
/// fit alone and the indices of the test part.
fn compare(common: &Common, samples: &Vec<(Digit, Class)>, splits: u64) -> Result<(), Failure> {
    let mut lines = format!("epochs,{}\n", common.epochs);
    for split in 0..splits {
        let seed = common.seed.wrapping_add(split);
        let mut order = vec![0; samples.len()];
        let part = samples.len() / 5;
        let (training, test) = split_stratified::<U10>(&mut order, seed, part, |i| samples[i].1)?;
        let (mut network, mut trainer) = start(seed);
        let training: Vec<_> = training
            .iter()
            .filter_map(|i| samples.get(*i as usize))
            .copied()
            .collect();
        let clock = Instant::now();
        for epoch in trainer
            .epochs(&mut network, &training)
            .take(common.epochs as usize)
        {
            epoch?;
        }
        let seconds = clock.elapsed().as_secs_f64();
        let accuracy = network.confusion(subset(samples, test))?.accuracy();
        println!(
            "split {seed}: accuracy {accuracy:.4}, fit in {:.1} ms",
            seconds * 1e3
        );
        lines += &format!("{accuracy},{seconds}");
        for sample in test {
            lines += &format!(",{sample}");
        }
        lines.push('\n');
    }
    let path = common.out.join("digits-splits.csv");
    write(&path, lines)?;
    println!("{}: now `python compare_digits.py {0}`", path.display());
    Ok(())
}
