use sizednet::{GlobalAveragePool, Network, sizes::*};

struct Agent {
    policy: Network<GlobalAveragePool<U4>>,
}

fn main() {}
