use sizednet::{Dense, Layer, Network, sizes::*};

fn count<L: Layer>() -> usize {
    Network::<L>::PARAMETERS
}

fn main() {
    println!("{}", count::<(Dense<U2, U3>, Dense<U4, U1>)>());
}
