use sizednet::{Dense, Network, Portable, Tanh, sizes::*};

struct Agent {
    policy: Network<Portable<(Dense<U13, U64, Tanh>, Dense<U32, U4>)>>,
}

fn main() {}
