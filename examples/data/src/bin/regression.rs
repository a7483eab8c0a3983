//! A damped oscillation, measured with noise.
//!
//! Teaches: an error has a floor. The noise of the measurements is known here, since it was made, so no model of the
//! measured points can have a root mean square error below it, other than by luck; how far the learned curve is from the true
//! one says what is left to gain.

use std::process::ExitCode;

use data::options::{self, Common};
use data::{
    Failure,
    fit::{falling, fit},
    pictures,
};
use rand_distr::{Distribution, Normal, Uniform};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::prepare::{split, subset};
use sizednet::{
    Adam, Dense, MeanSquaredError, Network, Portable, Standardize, Tanh, Trainer, sizes::*,
};

const HELP: &str = "\
Learns a damped oscillation from noisy measurements.

Usage: cargo run --release --bin regression -- [OPTIONS]

Options:
  --seed N      seed of the noise, of the split and of the first weights    [0]
  --epochs N    at most so many epochs                                      [2000]
  --noise X     standard deviation of the noise, in m                       [0.1]
  --out DIR     where pictures go                                           [out]
  --help        this text";

type Curve = Portable<(Dense<U1, U16, Tanh>, Dense<U16, U16, Tanh>, Dense<U16, U1>)>;

/// In seconds.
const DURATION: f32 = 10.0;

/// The deflection, in m, at a time: 1 m at first, decaying in 4 s, with a period of 2.5 s.
fn deflection(time: f32) -> f32 {
    (-time / 4.0).exp() * (core::f32::consts::TAU * time / 2.5).cos()
}

struct Own {
    noise: f32,
}

impl Default for Own {
    fn default() -> Self {
        Self { noise: 0.1 }
    }
}

fn main() -> ExitCode {
    let set = |own: &mut Own, name: &str, arguments: &mut lexopt::Parser| {
        use lexopt::ValueExt;
        if name != "noise" {
            return Ok(false);
        }
        own.noise = arguments.value()?.parse()?;
        if !(own.noise.is_finite() && own.noise >= 0.0) {
            return Err("--noise is a number, at least 0".into());
        }
        Ok(true)
    };
    options::run(HELP, 2000, set, run)
}

/// The root of a mean square.
fn root(sum: f32, count: usize) -> f32 {
    (sum / count as f32).sqrt()
}

fn run(common: &Common, own: &Own) -> Result<(), Failure> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(common.seed);
    let (times, noise) = (Uniform::new(0.0, DURATION)?, Normal::new(0.0, own.noise)?);
    let measured: Vec<([f32; 1], [f32; 1])> = (0..1000)
        .map(|_| {
            let time = times.sample(&mut rng);
            ([time], [deflection(time) + noise.sample(&mut rng)])
        })
        .collect();

    let mut order = vec![0; measured.len()];
    let (rest, test) = split(&mut order, common.seed, 250)?;
    let (validation, training) = rest.split_at(150);
    let scaling = Standardize::<U1>::fit_samples(subset(&measured, training))?;
    let scaled: Vec<_> = measured
        .iter()
        .map(|(time, y)| (scaling.applied(time), *y))
        .collect();

    let mut network = Network::<Curve>::random(&mut rng);
    let rate = falling(0.01, common.epochs, training.len(), 32);
    let mut trainer = Trainer::mini_batch::<U32>(MeanSquaredError, Adam::new(rate));
    trainer.seed(common.seed);
    let points = fit(
        &mut network,
        (common.epochs, Some(200)),
        |network| Ok(trainer.epoch(network, subset(&scaled, training))?.loss),
        |network| {
            Ok(network
                .evaluate(subset(&scaled, validation), &MeanSquaredError)?
                .loss)
        },
    )?;

    // the test part is read here, once
    let error = network
        .evaluate(subset(&scaled, test), &MeanSquaredError)?
        .loss
        .sqrt();
    let in_test = test.iter().filter_map(|i| measured.get(*i as usize));
    let noise = in_test
        .map(|([time], [y])| (y - deflection(*time)).powi(2))
        .sum();
    let noise = root(noise, test.len());
    let answer = |time: f32| {
        let [deflection] = network.forward(&scaling.applied(&[time]));
        (time, deflection)
    };
    let grid = || (0..=500_u16).map(|i| f32::from(i) * DURATION / 500.0);
    let truth: Vec<_> = grid().map(|time| (time, deflection(time))).collect();
    let fitted: Vec<_> = grid().map(answer).collect();
    let off = truth
        .iter()
        .zip(&fitted)
        .map(|((_, a), (_, b))| (a - b).powi(2))
        .sum();
    println!("test error (root of the mean square) {error:.4} m");
    println!("the noise of these points            {noise:.4} m");
    println!(
        "from the true curve                  {:.4} m",
        root(off, truth.len())
    );
    let in_test = test.iter().filter_map(|i| measured.get(*i as usize));
    let dots: Vec<_> = in_test.map(|([time], [y])| (*time, *y)).collect();
    pictures::losses(&common.out.join("regression-losses.svg"), &points)?;
    pictures::curve(
        &common.out.join("regression-fit.svg"),
        &dots,
        &truth,
        &fitted,
    )
}
