use sizednet::{Dense, Image, Network, Relu, sizes::*};

struct Agent {
    policy: Network<(Dense<U10, U784, Relu>, Dense<Image<U1, U28, U28>, U4>)>,
}

fn main() {}
