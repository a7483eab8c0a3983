use sizednet::{Dense, MeanSquaredError, Network, Sgd, Trainer, sizes::*};

fn train(samples: &[([f64; 2], [f64; 1])]) {
    let mut network = Network::<Dense<U2, U1>>::zeros();
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.1));
    println!("{:?}", trainer.epoch(&mut network, samples));
}

fn main() {}
