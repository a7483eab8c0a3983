use sizednet::{Conv2d, Image, Network, Relu, layer::Same, sizes::*};

struct Agent {
    policy: Network<Conv2d<Image<U1, U28, U28>, U8, U3, Relu, Same, U2>>,
}

fn main() {}
