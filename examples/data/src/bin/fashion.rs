//! Fashion-MNIST: ten kinds of garments on 60,000 and 10,000 images of 28 by 28 pixels.
//!
//! Teaches: a network that is large for a stack lies on the heap, by one word, and its gradient, optimizer state and
//! buffers with it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use data::options::{self, Common};
use data::readers::garments;
use data::{
    Failure,
    fit::{falling, fit},
    pictures,
};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::prepare::{split_stratified, subset};
use sizednet::{Adam, CrossEntropy, Dense, Heap, MiniBatch, Network, Relu, Trainer, sizes::*};

const HELP: &str = "\
Tells garments apart.

Usage: cargo run --release --bin fashion -- [OPTIONS]

Options:
  --data DIR    the four files of Fashion-MNIST, compressed    [/usr/share/datasets/fashion-mnist]
  --seed N      seed of split, first weights and order         [0]
  --epochs N    at most so many epochs                         [20]
  --all         all epochs, without early stop, as compare_fashion.py has them
  --out DIR     where pictures go                              [out]
  --help        this text";

const NAMES: [&str; 10] = [
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot",
];

type Fashion = (Dense<U784, U128, Relu>, Dense<U128, U10>);

#[derive(Default)]
struct Own {
    folder: Option<PathBuf>,
    all: bool,
}

fn main() -> ExitCode {
    let set = |own: &mut Own, name: &str, arguments: &mut lexopt::Parser| {
        match name {
            "data" => own.folder = Some(arguments.value()?.into()),
            "all" => own.all = true,
            _ => return Ok(false),
        }
        Ok(true)
    };
    options::run(HELP, 20, set, run)
}

fn run(common: &Common, own: &Own) -> Result<(), Failure> {
    let folder = own.folder.as_deref();
    let folder = folder.unwrap_or(Path::new("/usr/share/datasets/fashion-mnist"));
    if !folder.join("t10k-labels-idx1-ubyte.gz").exists() {
        return Err(format!(
            "Fashion-MNIST is not in {}: on Debian, `apt install dataset-fashion-mnist` puts the files there; elsewhere get \
             the four .gz files from github.com/zalandoresearch/fashion-mnist and name their folder by --data",
            folder.display()
        )
        .into());
    }
    let samples = garments(folder, "train")?;
    let mut order = vec![0; samples.len()];
    let part = samples.len() / 12;
    let (training, validation) =
        split_stratified::<U10>(&mut order, common.seed, part, |i| samples[i].1)?;
    println!(
        "{} images to train, {} to validate",
        training.len(),
        validation.len()
    );

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(common.seed);
    let mut network = Network::<Fashion, f32, Heap>::random(&mut rng);
    let rate = falling(0.001, common.epochs, training.len(), 64);
    let mut trainer =
        Trainer::<Fashion, _, _, MiniBatch<U64>, f32, Heap>::new(CrossEntropy, Adam::new(rate));
    trainer.seed(common.seed);
    let patience = if own.all { None } else { Some(4) };
    let mut fitting = 0.0;
    let points = fit(
        &mut network,
        (common.epochs, patience),
        |network| {
            let clock = Instant::now();
            let epoch = trainer.epoch(network, subset(&samples, training))?;
            fitting += clock.elapsed().as_secs_f64();
            Ok(epoch.loss)
        },
        |network| {
            Ok(network
                .evaluate(subset(&samples, validation), &CrossEntropy)?
                .loss)
        },
    )?;
    println!("the fit alone: {fitting:.2} s");

    // the test part is read here, once
    let test = garments(folder, "t10k")?;
    let confusion = network.confusion(&test)?;
    println!(
        "test accuracy {:.4} of {} images",
        confusion.accuracy(),
        test.len()
    );
    println!("{confusion}");
    pictures::losses(&common.out.join("fashion-losses.svg"), &points)?;
    pictures::confusion(
        &common.out.join("fashion-confusion.svg"),
        &confusion.counts,
        &NAMES,
    )?;
    Ok(())
}
