use sizednet::{Dense, Network, Sigmoid, sizes::*};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);

fn main() {
    let network = Network::<Xor>::zeros();
    let [answer] = network.forward(&[0.0, 1.0, 0.0]);
    println!("{answer}");
}
