use sizednet::{AveragePool2d, Image, MaxPool2d, Network, Parallel, sizes::*};

type Picture = Image<U1, U4, U4>;

struct Agent {
    policy: Network<Parallel<MaxPool2d<Picture, U2>, AveragePool2d<Picture, U2>>>,
}

fn main() {}
