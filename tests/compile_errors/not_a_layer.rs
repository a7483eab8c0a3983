use sizednet::{Dense, Network, sizes::*};

struct Clip;

struct Agent {
    policy: Network<(Dense<U2, U3>, Clip, Dense<U3, U1>)>,
}

fn main() {}
