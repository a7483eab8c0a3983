//! The training of the networks that the devices have in flash, as Rust source.

use std::error::Error;
use std::fmt::Write;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use sizednet::{MeanSquaredError, Network, Sgd, Trainer};

use crate::digits::Learned;
use crate::tasks::{Policy, ROWS, Xor, any_state, rotors};

/// A `static` for each network.
pub fn source(learned: &Learned) -> Result<String, Box<dyn Error>> {
    let mut source = String::new();
    write!(source, "{}", learned.dense.rust_source("DIGITS"))?;
    write!(source, "{}", learned.camera.rust_source("CAMERA"))?;
    write!(source, "{}", xor()?.rust_source("XOR"))?;
    write!(source, "{}", policy()?.rust_source("POLICY"))?;
    Ok(source)
}

fn xor() -> Result<Network<Xor>, Box<dyn Error>> {
    let mut network = Network::random(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(4.0));
    for _ in 0..2_000 {
        trainer.epoch(&mut network, &ROWS)?;
    }
    Ok(network)
}

fn policy() -> Result<Network<Policy>, Box<dyn Error>> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
    let mut network = Network::random(&mut rng);
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.03));
    for _ in 0..20_000 {
        let state = any_state(&mut rng);
        trainer.step(&mut network, &state, &rotors(&state))?;
    }
    Ok(network)
}
