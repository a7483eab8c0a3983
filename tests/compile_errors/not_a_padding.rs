use sizednet::{Conv1d, Network, Relu, Sequence, sizes::*};

struct Agent {
    policy: Network<Conv1d<Sequence<U8, U3>, U4, U3, Relu, U2, U1>>,
}

fn main() {}
