use sizednet::{Dense, Network, sizes::*};

struct Agent {
    policy: Network<Dense<[f32; 2], U1>>,
}

fn main() {}
