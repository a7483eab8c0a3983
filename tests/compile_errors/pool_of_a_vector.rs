use sizednet::{MaxPool2d, Network, sizes::*};

struct Agent {
    policy: Network<MaxPool2d<U64, U2>>,
}

fn main() {}
