//! W10: a convolution.

use std::hint::black_box;

use harness::convolution::{FILTERS, IMAGES, OUT, bias, images, weights};
use harness::work::weighted_sum;
use harness::{Found, Timer};
use sizednet::{Conv2d, Heap, Image, Network, sizes::*};

type Convolution = Conv2d<Image<U8, U28, U28>, U16, U3>;

fn network() -> Network<Convolution, f32, Heap> {
    let mut network = Network::<Convolution, f32, Heap>::default();
    let mut layer = network.layers_mut();
    for (f, filter) in weights().iter().enumerate() {
        for (c, kernel) in filter.iter().enumerate() {
            for (i, row) in kernel.iter().enumerate() {
                for (j, weight) in row.iter().enumerate() {
                    layer.weights[c][i][j][f] = *weight;
                }
            }
        }
    }
    *layer.bias = bias();
    network
}

pub(crate) fn one(timer: &Timer) -> Found {
    let (network, images) = (network(), images());
    let forward = || black_box(&network).forward(black_box(&images[0]));
    let check = weighted_sum(forward().as_flattened().as_flattened());
    timer.time(check, || {
        black_box(forward());
    })
}

pub(crate) fn many(timer: &Timer) -> Found {
    let (network, images) = (network(), images());
    let mut outputs = vec![[[[0.0; OUT]; OUT]; FILTERS]; IMAGES];
    let forward = |outputs: &mut Vec<_>| {
        black_box(&network)
            .forward_batch(black_box(&images), black_box(outputs))
            .expect("as many outputs as inputs");
    };
    forward(&mut outputs);
    let check = weighted_sum(outputs.as_flattened().as_flattened().as_flattened());
    timer.time(check, || forward(&mut outputs))
}
