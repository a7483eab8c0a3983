//! W10: burn's convolution.

use std::hint::black_box;

use burn::module::Param;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Tensor, TensorData};
use harness::convolution::{CHANNELS, FILTERS, IMAGES, KERNEL, SIDE, bias, images, weights};
use harness::work::weighted_sum;
use harness::{Found, Timer};

fn time(timer: &Timer, count: usize) -> Found {
    let device = Device::flex();
    let (weights, images) = (weights(), images());
    let weights = weights
        .as_flattened()
        .as_flattened()
        .as_flattened()
        .to_vec();
    let images = images[..count]
        .as_flattened()
        .as_flattened()
        .as_flattened()
        .to_vec();
    let mut layer = Conv2dConfig::new([CHANNELS, FILTERS], [KERNEL, KERNEL]).init(&device);
    let weights = TensorData::new(weights, [FILTERS, CHANNELS, KERNEL, KERNEL]);
    layer.weight = Param::from_tensor(Tensor::from_data(weights, &device));
    let bias = TensorData::new(bias().to_vec(), [FILTERS]);
    layer.bias = Some(Param::from_tensor(Tensor::from_data(bias, &device)));
    let images: Tensor<4> = Tensor::from_data(
        TensorData::new(images, [count, CHANNELS, SIDE, SIDE]),
        &device,
    );
    let forward = || layer.forward(black_box(images.clone()));
    let outputs = forward().into_data().try_to_vec::<f32>();
    let check = weighted_sum(&outputs.expect("outputs are f32"));
    timer.time(check, || {
        black_box(forward());
    })
}

pub(crate) fn one(timer: &Timer) -> Found {
    time(timer, 1)
}

pub(crate) fn many(timer: &Timer) -> Found {
    time(timer, IMAGES)
}
