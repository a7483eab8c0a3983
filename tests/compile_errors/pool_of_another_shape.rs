use sizednet::{MaxPool2d, Network, Sequence, sizes::*};

struct Agent {
    policy: Network<MaxPool2d<Sequence<U4, U2>, U2>>,
}

fn main() {}
