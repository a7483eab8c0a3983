use sizednet::{Conv2d, Network, sizes::*};

struct Agent {
    policy: Network<Conv2d<U784, U8, U3>>,
}

fn main() {}
