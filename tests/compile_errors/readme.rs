use sizednet::{Dense, Network, Tanh, sizes::*};

struct Agent {
    policy: Network<(Dense<U13, U64, Tanh>, Dense<U32, U4>)>,
}

fn main() {}
