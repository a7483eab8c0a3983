//! The fit: epochs with a progress bar, validation after each, early stop; its learning rate.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use sizednet::schedule::Cosine;
use sizednet::{DataError, EarlyStop, Layer, Network, OwnedStorage, TrainingError};

use crate::Failure;

/// The losses of an epoch: of the training part, and of the validation part after it.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// The mean over the training part, each sample's before its step.
    pub training: f32,
    /// The mean over the validation part.
    pub validation: f32,
}

/// Trains for at most `epochs`, until the validation loss has not been lower for `patience` of them, and leaves the network
/// with the parameters of the lowest. Without patience, trains for all epochs and leaves the last parameters.
pub fn fit<L: Layer, S: OwnedStorage>(
    network: &mut Network<L, f32, S>,
    (epochs, patience): (u32, Option<u32>),
    mut epoch: impl FnMut(&mut Network<L, f32, S>) -> Result<f32, TrainingError>,
    validate: impl Fn(&Network<L, f32, S>) -> Result<f32, DataError>,
) -> Result<Vec<Point>, Failure> {
    let bar = ProgressBar::new(epochs.into());
    let style = "{bar:32} {pos}/{len} epochs, {elapsed}, {msg}";
    bar.set_style(ProgressStyle::with_template(style)?);
    let mut stop = EarlyStop::<L, f32, S>::new(patience.unwrap_or(u32::MAX));
    let mut points = Vec::new();
    let start = Instant::now();
    for _ in 0..epochs {
        let training = epoch(network)?;
        let validation = validate(network)?;
        points.push(Point {
            training,
            validation,
        });
        bar.set_message(format!("loss {training:.4}, validation {validation:.4}"));
        bar.inc(1);
        if stop.see(validation, network) {
            break;
        }
    }
    bar.abandon();
    if patience.is_some() {
        stop.restore(network);
    }
    let best = points
        .iter()
        .position(|point| Some(point.validation) == stop.best());
    println!(
        "{} epochs in {:.2} s; the lowest validation loss, {:.4}, was that of epoch {}",
        points.len(),
        start.elapsed().as_secs_f64(),
        stop.best().unwrap_or(f32::NAN),
        best.map_or(0, |best| best + 1)
    );
    Ok(points)
}

/// A learning rate that falls from `start` to 0 over all epochs of so many samples.
pub fn falling(start: f32, epochs: u32, samples: usize, batch: usize) -> Cosine<f32> {
    let updates = samples.div_ceil(batch) as u32;
    Cosine {
        start,
        end: 0.0,
        updates: epochs.saturating_mul(updates),
    }
}
