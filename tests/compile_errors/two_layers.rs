use sizednet::{Dense, Network, Sigmoid, sizes::*};

struct Agent {
    policy: Network<(Dense<U2, U3, Sigmoid>, Dense<U4, U1, Sigmoid>)>,
}

fn main() {}
