use sizednet::{Dense, Image, Network, Parallel, sizes::*};

struct Agent {
    policy: Network<Parallel<Dense<Image<U1, U8, U8>, U3>, Dense<U64, U3>>>,
}

fn main() {}
