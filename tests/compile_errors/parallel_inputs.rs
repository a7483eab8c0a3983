use sizednet::{Dense, Network, Parallel, sizes::*};

struct Agent {
    policy: Network<Parallel<Dense<U4, U3>, Dense<U5, U3>>>,
}

fn main() {}
