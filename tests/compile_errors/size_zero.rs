use sizednet::{Dense, Network, generic_array::typenum::U0, sizes::*};

struct Agent {
    policy: Network<(Dense<U2, U0>, Dense<U0, U1>)>,
}

fn main() {}
