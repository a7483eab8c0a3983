//! Handwritten digits: most train a network on the PC, the others go to the devices.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::prepare::{split_stratified, subset};
use sizednet::{Adam, Class, CrossEntropy, Network, Trainer, sizes::*};

use crate::tasks::{Digits, pixels};

/// How many images are held out.
const HELD_OUT: usize = 360;

/// An image, its 64 pixels from 0 to 16, and the digit.
type Row = [u8; 65];

fn rows(file: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut text = String::new();
    GzDecoder::new(File::open(file)?).read_to_string(&mut text)?;
    let row = |line: &str| -> Result<Row, Box<dyn Error>> {
        let values: Result<Vec<u8>, _> =
            line.split(',').map(|value| value.trim().parse()).collect();
        Ok(values?
            .try_into()
            .map_err(|_| "a row of digits has no 65 values")?)
    };
    text.lines().map(row).collect()
}

/// A network that was trained on most of the images, and the others, which it has never seen.
pub fn learned(file: &Path) -> Result<(Network<Digits>, Vec<u8>), Box<dyn Error>> {
    let rows = rows(file)?;
    let samples = rows
        .iter()
        .map(|[image @ .., digit]| (pixels(image), Class((*digit).into())));
    let samples: Vec<_> = samples.collect();
    let mut order = vec![0; samples.len()];
    let (training, held_out) =
        split_stratified::<U10>(&mut order, 0, HELD_OUT, |sample| samples[sample].1)?;

    let mut network = Network::random(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    let mut trainer = Trainer::mini_batch::<U32>(CrossEntropy, Adam::new(0.01));
    let mut order = vec![0; training.len()];
    for _ in 0..30 {
        trainer.epoch_with(
            &mut network,
            subset(samples.as_slice(), training),
            &mut order,
        )?;
    }
    Ok((
        network,
        held_out
            .iter()
            .flat_map(|sample| rows[*sample as usize])
            .collect(),
    ))
}
