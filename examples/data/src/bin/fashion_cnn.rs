//! Fashion-MNIST with convolutions: the same images as in `fashion`, seen as images.
//!
//! Teaches: what a convolution buys. It has fewer parameters than the dense network, and more of the test images are
//! right.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use data::options::{self, Common};
use data::readers::{Garment, garments};
use data::{
    Failure,
    fit::{falling, fit},
    pictures,
};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::prepare::{split_stratified, subset};
use sizednet::{
    Adam, Class, Conv2d, CrossEntropy, Dense, Heap, Image, MaxPool2d, MiniBatch, Network, Relu,
    Trainer, sizes::*,
};

const HELP: &str = "\
Tells garments apart with convolutions.

Usage: cargo run --release --bin fashion_cnn -- [OPTIONS]

Options:
  --data DIR    the four files of Fashion-MNIST, compressed    [/usr/share/datasets/fashion-mnist]
  --seed N      seed of split, first weights and order         [0]
  --epochs N    at most so many epochs                         [12]
  --out DIR     where pictures go                              [out]
  --help        this text";

const NAMES: [&str; 10] = [
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot",
];

type Fashion = (
    Conv2d<Image<U1, U28, U28>, U16, U3, Relu>,  // 16x26x26
    MaxPool2d<Image<U16, U26, U26>, U2>,         // 16x13x13
    Conv2d<Image<U16, U13, U13>, U32, U3, Relu>, // 32x11x11
    MaxPool2d<Image<U32, U11, U11>, U2>,         // 32x5x5
    Dense<Image<U32, U5, U5>, U64, Relu>,
    Dense<U64, U10>,
);

#[derive(Default)]
struct Own {
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    let set = |own: &mut Own, name: &str, arguments: &mut lexopt::Parser| {
        match name {
            "data" => own.folder = Some(arguments.value()?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    };
    options::run(HELP, 12, set, run)
}

/// One channel of 28 rows.
type Picture = [[[f32; 28]; 28]; 1];

fn images(samples: Vec<(Garment, Class)>) -> Vec<(Picture, Class)> {
    let image = |pixels: Garment| {
        let mut image = [[[0.0; 28]; 28]; 1];
        image
            .as_flattened_mut()
            .as_flattened_mut()
            .copy_from_slice(&pixels);
        image
    };
    samples
        .into_iter()
        .map(|(pixels, class)| (image(pixels), class))
        .collect()
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
    let samples = images(garments(folder, "train")?);
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
    println!("{network:?}");
    let rate = falling(0.001, common.epochs, training.len(), 64);
    let mut trainer =
        Trainer::<Fashion, _, _, MiniBatch<U64>, f32, Heap>::new(CrossEntropy, Adam::new(rate));
    trainer.seed(common.seed);
    let mut fitting = 0.0;
    let points = fit(
        &mut network,
        (common.epochs, Some(4)),
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
    let test = images(garments(folder, "t10k")?);
    let confusion = network.confusion(&test)?;
    println!(
        "test accuracy {:.4} of {} images",
        confusion.accuracy(),
        test.len()
    );
    println!("{confusion}");
    pictures::losses(&common.out.join("fashion-cnn-losses.svg"), &points)?;
    pictures::confusion(
        &common.out.join("fashion-cnn-confusion.svg"),
        &confusion.counts,
        &NAMES,
    )?;
    Ok(())
}
