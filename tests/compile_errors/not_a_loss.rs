use sizednet::{Dense, Network, Sgd, Trainer, sizes::*};

struct Error;

fn main() {
    let mut network = Network::<Dense<U2, U1>>::zeros();
    let mut trainer = Trainer::full_batch(Error, Sgd::new(0.1));
    println!("{:?}", trainer.epoch(&mut network, &[([0.0, 1.0], [1.0])]));
}
