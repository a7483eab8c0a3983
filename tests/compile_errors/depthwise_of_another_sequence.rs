use sizednet::{Conv1d, DepthwiseConv1d, Network, Sequence, sizes::*};

struct Agent {
    policy: Network<(Conv1d<Sequence<U9, U2>, U4, U3>, DepthwiseConv1d<Sequence<U7, U2>, U3>)>,
}

fn main() {}
