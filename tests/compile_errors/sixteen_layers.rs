use sizednet::{Dense, Network, Relu, sizes::*};

type Hidden = Dense<U16, U16, Relu>;

type Deep = (
    Dense<U3, U16, Relu>,
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
    Dense<U8, U2>,
);

fn act(policy: &Network<Deep>) {}

fn main() {}
