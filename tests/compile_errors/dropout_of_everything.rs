use sizednet::{Dropout, Network, sizes::*};

struct Agent {
    policy: Network<Dropout<U3, U100>>,
}

fn main() {}
