use sizednet::{DepthwiseConv2d, Network, sizes::*};

struct Agent {
    policy: Network<DepthwiseConv2d<U784, U3>>,
}

fn main() {}
