//! W10: candle's convolution.

use std::hint::black_box;

use candle_core::{Device, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Module};
use harness::convolution::{CHANNELS, FILTERS, IMAGES, KERNEL, SIDE, bias, images, weights};
use harness::work::weighted_sum;
use harness::{Found, Timer};

use crate::FITS;

fn time(timer: &Timer, count: usize) -> Found {
    let tensor = |values: &[f32], shape: &[usize]| {
        Tensor::from_slice(values, shape, &Device::Cpu).expect(FITS)
    };
    let (weights, images) = (weights(), images());
    let layer = Conv2d::new(
        tensor(
            weights.as_flattened().as_flattened().as_flattened(),
            &[FILTERS, CHANNELS, KERNEL, KERNEL],
        ),
        Some(tensor(&bias(), &[FILTERS])),
        Conv2dConfig::default(),
    );
    let images = tensor(
        images[..count].as_flattened().as_flattened().as_flattened(),
        &[count, CHANNELS, SIDE, SIDE],
    );
    let forward = || layer.forward(black_box(&images)).expect(FITS);
    let outputs: Vec<f32> = forward()
        .flatten_all()
        .and_then(|all| all.to_vec1())
        .expect(FITS);
    timer.time(weighted_sum(&outputs), || {
        black_box(forward());
    })
}

pub(crate) fn one(timer: &Timer) -> Found {
    time(timer, 1)
}

pub(crate) fn many(timer: &Timer) -> Found {
    time(timer, IMAGES)
}
