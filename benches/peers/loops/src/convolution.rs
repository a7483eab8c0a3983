//! W10: a convolution, by loops that the compiler makes vectors of: a row of the output at a time.

use std::hint::black_box;

use harness::convolution::{
    FILTERS, IMAGES, Image, KERNEL, OUT, Output, Weights, bias, images, weights,
};
use harness::work::weighted_sum;
use harness::{Found, Timer};

/// Filters that read a row of the image together.
const TOGETHER: usize = 4;

fn forward(weights: &Weights, bias: &[f32; FILTERS], image: &Image, output: &mut Output) {
    let filters = weights
        .as_chunks::<TOGETHER>()
        .0
        .iter()
        .zip(bias.as_chunks::<TOGETHER>().0);
    for ((weights, bias), planes) in filters.zip(output.as_chunks_mut::<TOGETHER>().0) {
        for y in 0..OUT {
            let mut sums = bias.map(|bias| [bias; OUT]);
            for (c, channel) in image.iter().enumerate() {
                for i in 0..KERNEL {
                    for j in 0..KERNEL {
                        let row: &[f32; OUT] =
                            channel[y + i][j..j + OUT].try_into().expect("a row");
                        for (sums, weights) in sums.iter_mut().zip(weights) {
                            let w = weights[c][i][j];
                            for (sum, x) in sums.iter_mut().zip(row) {
                                *sum = w.mul_add(*x, *sum);
                            }
                        }
                    }
                }
            }
            for (plane, sums) in planes.iter_mut().zip(sums) {
                plane[y] = sums;
            }
        }
    }
}

fn time(timer: &Timer, count: usize) -> Found {
    let (weights, bias, images) = (weights(), bias(), images());
    let mut outputs = vec![[[[0.0; OUT]; OUT]; FILTERS]; IMAGES.min(count)];
    let all = |outputs: &mut [Output]| {
        for (image, output) in black_box(&images).iter().zip(outputs) {
            forward(black_box(&weights), &bias, image, output);
        }
    };
    all(&mut outputs);
    let check = weighted_sum(outputs.as_flattened().as_flattened().as_flattened());
    timer.time(check, || all(black_box(&mut outputs)))
}

pub(crate) fn one(timer: &Timer) -> Found {
    time(timer, 1)
}

pub(crate) fn many(timer: &Timer) -> Found {
    time(timer, IMAGES)
}
