use sizednet::{Conv2d, Network, Sequence, sizes::*};

struct Agent {
    policy: Network<Conv2d<Sequence<U28, U28>, U8, U3>>,
}

fn main() {}
