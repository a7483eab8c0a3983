use sizednet::{Conv1d, Network, Sequence, Tanh, layer::Causal, sizes::*};

struct Agent {
    policy: Network<Conv1d<Sequence<U100, U8>, U16, U3, Tanh, Causal>>,
}

fn main() {}
