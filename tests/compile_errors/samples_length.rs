use sizednet::{Dense, MeanSquaredError, Network, Sgd, Trainer, sizes::*};

fn main() {
    let samples = [([0.0, 0.0, 0.0], [0.0]), ([0.0, 1.0, 0.0], [1.0])];
    let mut network = Network::<Dense<U2, U1>>::zeros();
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.1));
    println!("{:?}", trainer.epoch(&mut network, &samples));
}
