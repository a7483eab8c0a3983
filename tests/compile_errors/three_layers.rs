use sizednet::{Dense, Network, Relu, sizes::*};

type Policy = (Dense<U13, U64, Relu>, Dense<U64, U32, Relu>, Dense<U64, U4>);

fn act(policy: &Network<Policy>) {}

fn main() {}
