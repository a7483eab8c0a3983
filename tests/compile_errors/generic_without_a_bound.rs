use sizednet::{Dense, Network, Size, sizes::*};

struct Agent<H: Size> {
    policy: Network<(Dense<U2, H>, Dense<H, U1>)>,
}

fn main() {}
