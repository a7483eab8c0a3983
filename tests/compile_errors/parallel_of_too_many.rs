use sizednet::{Dense, Network, Parallel, sizes::*};

struct Agent {
    policy: Network<Parallel<Dense<U4, U1000>, Dense<U4, U86>>>,
}

fn main() {}
