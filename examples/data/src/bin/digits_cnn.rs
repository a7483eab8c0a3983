//! Handwritten digits of 8 by 8 pixels with convolutions.
//!
//! Teaches: the same split and the same test part as `digits`, so that both accuracies can be set side by side.

use std::process::ExitCode;

use data::options::{self, Common};
use data::readers::{Digit, digits};
use data::{
    Failure,
    fit::{falling, fit},
    pictures,
};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::layer::Same;
use sizednet::prepare::{split_stratified, subset};
use sizednet::{
    Adam, Class, Conv2d, CrossEntropy, Dense, Image, MaxPool2d, MiniBatch, Network, Portable, Relu,
    Trainer, sizes::*,
};

const HELP: &str = "\
Reads handwritten digits with convolutions.

Usage: cargo run --release --bin digits_cnn -- [OPTIONS]

Options:
  --seed N      seed of split and first weights                    [0]
  --epochs N    at most so many epochs                             [40]
  --out DIR     where pictures go                                  [out]
  --help        this text";

type Digits = Portable<(
    Conv2d<Image<U1, U8, U8>, U16, U3, Relu, U1, Same>, // 16x8x8
    MaxPool2d<Image<U16, U8, U8>, U2>,                  // 16x4x4
    Conv2d<Image<U16, U4, U4>, U32, U3, Relu, U1, Same>, // 32x4x4
    MaxPool2d<Image<U32, U4, U4>, U2>,                  // 32x2x2
    Dense<Image<U32, U2, U2>, U10>,
)>;

/// One channel of 8 rows.
type Picture = [[[f32; 8]; 8]; 1];

fn image(pixels: Digit) -> Picture {
    let mut image = [[[0.0; 8]; 8]; 1];
    image
        .as_flattened_mut()
        .as_flattened_mut()
        .copy_from_slice(&pixels);
    image
}

fn main() -> ExitCode {
    options::run(HELP, 40, |(), _, _| Ok(false), |common, ()| run(common))
}

fn run(common: &Common) -> Result<(), Failure> {
    let samples: Vec<(Picture, Class)> = digits()?
        .into_iter()
        .map(|(pixels, class)| (image(pixels), class))
        .collect();
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
    let mut network =
        Network::<Digits>::random(&mut Xoshiro256PlusPlus::seed_from_u64(common.seed));
    println!("{network:?}");
    let rate = falling(0.003, common.epochs, training.len(), 32);
    let mut trainer = Trainer::<Digits, _, _, MiniBatch<U32>>::new(CrossEntropy, Adam::new(rate));
    trainer.seed(common.seed);
    let points = fit(
        &mut network,
        (common.epochs, Some(10)),
        |network| Ok(trainer.epoch(network, subset(&samples, training))?.loss),
        |network| {
            Ok(network
                .evaluate(subset(&samples, validation), &CrossEntropy)?
                .loss)
        },
    )?;

    // the test part is read here, once
    let confusion = network.confusion(subset(&samples, test))?;
    println!(
        "test accuracy {:.4} of {} images",
        confusion.accuracy(),
        test.len()
    );
    println!("{confusion}");
    pictures::losses(&common.out.join("digits-cnn-losses.svg"), &points)?;
    let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    pictures::confusion(
        &common.out.join("digits-cnn-confusion.svg"),
        &confusion.counts,
        &names,
    )?;
    Ok(())
}
