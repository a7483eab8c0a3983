use sizednet::{Dense, MeanSquaredError, Network, Trainer, sizes::*};

fn main() {
    let mut network = Network::<Dense<U2, U1>>::zeros();
    let mut trainer = Trainer::full_batch(MeanSquaredError, 0.1);
    println!("{:?}", trainer.epoch(&mut network, &[([0.0, 1.0], [1.0])]));
}
