use sizednet::{Conv2d, Dense, Image, Network, Relu, sizes::*};

struct Agent {
    policy: Network<(Conv2d<Image<U1, U3, U3>, U8, U5, Relu>, Dense<Image<U8, U1, U1>, U2>)>,
}

fn main() {}
