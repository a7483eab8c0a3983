use sizednet::{Image, MaxPool2d, Network, sizes::*};

type Pool = MaxPool2d<Image<U8, U4, U2>, U3>;

fn main() {
    let network = Network::<Pool>::zeros();
}
