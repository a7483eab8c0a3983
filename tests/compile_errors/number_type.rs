use sizednet::{Dense, Network, sizes::*};

struct Agent {
    policy: Network<Dense<U2, U1>, i32>,
}

fn main() {}
