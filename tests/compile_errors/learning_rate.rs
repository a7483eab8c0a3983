use sizednet::{Dense, MeanSquaredError, Network, Sgd, Trainer, sizes::*};

fn train(learning_rate: f64) {
    let mut network = Network::<Dense<U2, U1>>::zeros();
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(learning_rate));
    println!("{:?}", trainer.epoch(&mut network, &[([0.0, 1.0], [1.0])]));
}

fn main() {}
