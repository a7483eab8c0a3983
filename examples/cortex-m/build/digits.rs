//! Handwritten digits: most train a network on the PC, the others go to the devices.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::prepare::{split_stratified, subset};
use sizednet::{Adam, Class, CrossEntropy, Layer, Network, Shape, Trainer, sizes::*};

use crate::tasks::{Camera, Digits, picture, pixels};

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

/// Networks that were trained on most of the images, and the others, which they have never seen.
pub struct Learned {
    pub dense: Network<Digits>,
    pub camera: Network<Camera>,
    pub held_out: Vec<u8>,
}

/// Trains on most of the images.
pub fn learned(file: &Path) -> Result<Learned, Box<dyn Error>> {
    let rows = rows(file)?;
    let mut order = vec![0; rows.len()];
    let class = |sample: usize| Class(rows[sample][64].into());
    let (training, held_out) = split_stratified::<U10>(&mut order, 0, HELD_OUT, class)?;
    Ok(Learned {
        dense: trained(&rows, pixels, training, 0.01, 30)?,
        camera: trained(&rows, picture, training, 0.005, 30)?,
        held_out: held_out
            .iter()
            .flat_map(|sample| rows[*sample as usize])
            .collect(),
    })
}

/// A network after so many epochs.
fn trained<L: Layer<Output = U10>>(
    rows: &[Row],
    input: fn(&[u8; 64]) -> <L::Input as Shape>::Array<f32>,
    training: &[u32],
    rate: f32,
    epochs: u32,
) -> Result<Network<L>, Box<dyn Error>> {
    let samples = rows
        .iter()
        .map(|[image @ .., digit]| (input(image), Class((*digit).into())));
    let samples: Vec<_> = samples.collect();
    let mut network = Network::random(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    let mut trainer = Trainer::mini_batch::<U32>(CrossEntropy, Adam::new(rate));
    let mut order = vec![0; training.len()];
    for _ in 0..epochs {
        let samples = subset(samples.as_slice(), training);
        trainer.epoch_with(&mut network, samples, &mut order)?;
    }
    Ok(network)
}
