//! Penguins: three species from four measures.
//!
//! Teaches: what is fitted on data, such as the mean and the deviation that features are standardized by, is fitted on the
//! training part alone, and is a part of the model: it is shipped with the network, in one file.

use std::process::ExitCode;

use data::options::{self, Common};
use data::readers::{SPECIES, penguins};
use data::{Failure, files::write, fit::fit, pictures};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::prepare::{split_stratified, subset};
use sizednet::{
    Adam, CrossEntropy, Dense, Network, Portable, Standardize, Tanh, Trainer, file, sizes::*,
};

const HELP: &str = "\
Tells the species of penguins.

Usage: cargo run --release --bin penguins -- [OPTIONS]

Options:
  --seed N      seed of split and first weights    [0]
  --epochs N    at most so many epochs             [200]
  --out DIR     where pictures and weights go      [out]
  --help        this text";

type Species = Portable<(Dense<U4, U16, Tanh>, Dense<U16, U3>)>;

fn main() -> ExitCode {
    options::run(HELP, 200, |(), _, _| Ok(false), |common, ()| run(common))
}

fn run(common: &Common) -> Result<(), Failure> {
    let (mut samples, left_out) = penguins()?;
    println!(
        "{} penguins, {left_out} left out: not all of their measures are known",
        samples.len()
    );

    let mut order = vec![0; samples.len()];
    let classes: Vec<_> = samples.iter().map(|(_, class)| *class).collect();
    let (test, validation) = (samples.len() / 5, samples.len() / 5);
    let (rest, test) = split_stratified::<U3>(&mut order, common.seed, test, |i| classes[i])?;
    let (validation, training) = rest.split_at(validation);

    // fitted on the training part, applied to all
    let scaling = Standardize::<U4>::fit_samples(subset(&samples, training))?;
    for (measures, _) in &mut samples {
        scaling.apply(measures);
    }

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(common.seed);
    let mut network = Network::<Species>::random(&mut rng);
    let mut trainer = Trainer::mini_batch::<U16>(CrossEntropy, Adam::new(0.01));
    trainer.seed(common.seed);
    let (training, validation) = (subset(&samples, training), subset(&samples, validation));
    let points = fit(
        &mut network,
        (common.epochs, Some(20)),
        |network| Ok(trainer.epoch(network, training)?.loss),
        |network| Ok(network.evaluate(validation, &CrossEntropy)?.loss),
    )?;

    // the test part is read here, once
    let confusion = network.confusion(subset(&samples, test))?;
    println!(
        "test accuracy {:.3} of {} penguins",
        confusion.accuracy(),
        test.len()
    );
    println!("{confusion}");
    pictures::losses(&common.out.join("penguins-losses.svg"), &points)?;
    pictures::confusion(
        &common.out.join("penguins-confusion.svg"),
        &confusion.counts,
        &SPECIES,
    )?;
    let path = common.out.join("penguins.snet");
    write(&path, file::to_vec((&scaling, &network)))?;
    println!("{}: scaling and network", path.display());
    Ok(())
}
