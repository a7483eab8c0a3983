use sizednet::{Dense, Network, sizes::*};

struct Sine;

struct Agent {
    policy: Network<(Dense<U2, U3, Sine>, Dense<U3, U1>)>,
}

fn main() {}
