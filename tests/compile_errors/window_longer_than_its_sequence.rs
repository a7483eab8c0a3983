use sizednet::{MaxPool1d, Network, Sequence, sizes::*};

struct Agent {
    policy: Network<MaxPool1d<Sequence<U4, U2>, U5>>,
}

fn main() {}
