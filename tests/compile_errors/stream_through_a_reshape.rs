use sizednet::{Gru, Reshape, Sequence, layer::State, sizes::*};

struct Listener {
    state: State<(Reshape<U12, Sequence<U4, U3>>, Gru<Sequence<U4, U3>, U5>)>,
}

fn main() {}
