use sizednet::{CrossEntropy, Dense, Network, Sgd, Trainer, sizes::*};

fn main() {
    let samples = [([0.0, 0.0], 0), ([0.0, 1.0], 1)];
    let mut network = Network::<Dense<U2, U3>>::zeros();
    let mut trainer = Trainer::full_batch(CrossEntropy, Sgd::new(0.1));
    println!("{:?}", trainer.epoch(&mut network, &samples));
}
