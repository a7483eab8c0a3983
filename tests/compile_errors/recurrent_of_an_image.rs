use sizednet::{Image, Lstm, Network, sizes::*};

struct Agent {
    policy: Network<Lstm<Image<U1, U28, U28>, U8>>,
}

fn main() {}
