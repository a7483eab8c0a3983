use sizednet::{Conv1d, Image, Network, sizes::*};

struct Agent {
    policy: Network<Conv1d<Image<U1, U8, U3>, U4, U3>>,
}

fn main() {}
