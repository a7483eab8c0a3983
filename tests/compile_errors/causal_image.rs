use sizednet::{Conv2d, Network, Relu, Image, layer::Causal, sizes::*};

struct Agent {
    policy: Network<Conv2d<Image<U1, U8, U8>, U4, U3, Relu, U1, Causal>>,
}

fn main() {}
