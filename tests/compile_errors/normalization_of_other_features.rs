use sizednet::{BatchNorm, Conv2d, Image, Network, sizes::*};

fn fold(norm: &BatchNorm<U8>, network: &mut Network<Conv2d<Image<U1, U8, U8>, U16, U3>>) {
    norm.fold_into(network.layers_mut());
}

fn main() {}
