use sizednet::{DepthwiseConv2d, Image, Network, sizes::*};

struct Agent {
    policy: Network<DepthwiseConv2d<Image<U4, U2, U2>, U3>>,
}

fn main() {}
