use sizednet::{Conv1d, Dense, Network, Relu, Sequence, layer::Valid, sizes::*};

struct Agent {
    policy: Network<(
        Conv1d<Sequence<U8, U3>, U4, U5, Relu, U1, Valid, U2>,
        Dense<Sequence<U1, U4>, U2>,
    )>,
}

fn main() {}
