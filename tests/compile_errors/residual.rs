use sizednet::{Dense, Network, Residual, sizes::*};

struct Agent {
    policy: Network<Residual<Dense<U4, U3>>>,
}

fn main() {}
