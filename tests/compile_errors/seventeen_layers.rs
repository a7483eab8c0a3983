use sizednet::{Dense, Network, Relu, sizes::*};

type Hidden = Dense<U16, U16, Relu>;

struct Agent {
    policy: Network<(
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
        Hidden,
    )>,
}

fn main() {}
