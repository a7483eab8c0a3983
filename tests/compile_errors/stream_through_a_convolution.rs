use sizednet::{Conv2d, Image, layer::State, sizes::*};

struct Listener {
    state: State<Conv2d<Image<U1, U4, U4>, U2, U3>>,
}

fn main() {}
