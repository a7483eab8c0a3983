use sizednet::{Layer, Network};

fn act<A: Layer, B: Layer>(_policy: &Network<(A, B)>) {}

fn main() {}
