use sizednet::{Gru, Network, Sequence, sizes::*};

struct Agent {
    policy: Network<(Gru<Sequence<U20, U3>, U8>, Gru<Sequence<U20, U8>, U8>)>,
}

fn main() {}
