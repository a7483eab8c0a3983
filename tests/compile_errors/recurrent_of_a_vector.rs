use sizednet::{Gru, Network, sizes::*};

struct Agent {
    policy: Network<Gru<U3, U8>>,
}

fn main() {}
