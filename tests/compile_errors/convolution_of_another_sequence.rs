use sizednet::{Conv1d, Dense, Network, Relu, Sequence, layer::Causal, sizes::*};

// with the padding `Causal` there are as many steps as before
struct Agent {
    policy: Network<(
        Conv1d<Sequence<U8, U3>, U4, U3, Relu, U1, Causal>,
        Dense<Sequence<U6, U4>, U2>,
    )>,
}

fn main() {}
