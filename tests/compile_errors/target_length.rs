use sizednet::{Dense, MeanSquaredError, Network, Sgd, Trainer, sizes::*};

fn main() {
    let mut network = Network::<Dense<U2, U1>>::zeros();
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    let loss = trainer.step(&mut network, &[0.0, 1.0], &[1.0, 0.0]);
    println!("{loss:?}");
}
