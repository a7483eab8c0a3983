use sizednet::{Conv1d, Network, sizes::*};

struct Agent {
    policy: Network<Conv1d<U100, U8, U3>>,
}

fn main() {}
