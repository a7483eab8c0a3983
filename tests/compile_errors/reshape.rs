use sizednet::{Network, Reshape, Sequence, sizes::*};

struct Agent {
    policy: Network<Reshape<U12, Sequence<U2, U5>>>,
}

fn main() {}
