use sizednet::{Dense, Image, Network, generic_array::typenum::U0, sizes::*};

struct Agent {
    policy: Network<Dense<Image<U0, U8, U8>, U10>>,
}

fn main() {}
