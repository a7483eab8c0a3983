use sizednet::{Conv2d, Image, MaxPool2d, Network, Relu, sizes::*};

struct Agent {
    body: Network<(
        Conv2d<Image<U1, U28, U28>, U8, U3, Relu>,
        MaxPool2d<Image<U8, U28, U28>, U2>,
    )>,
}

fn main() {}
