use sizednet::{Dense, Network, Relu, sizes::*};

type Policy = (Dense<U2, U3>, Relu, Dense<U3, U1>);

fn main() {
    let network = Network::<Policy>::zeros();
    println!("{:?}", network.forward(&[0.0, 1.0]));
}
