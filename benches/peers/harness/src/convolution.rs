//! The convolution of W10: 8x28x28 to 16x26x26 by kernels of 3x3, and what it should give.

use crate::data::{signed, unit};
use crate::work::Work;

/// Channels of an image.
pub const CHANNELS: usize = 8;
/// Rows and columns of an image.
pub const SIDE: usize = 28;
/// Filters, the channels of what comes out.
pub const FILTERS: usize = 16;
/// Rows and columns of a kernel.
pub const KERNEL: usize = 3;
/// Rows and columns of what comes out.
pub const OUT: usize = SIDE - KERNEL + 1;
/// The images of W10b.
pub const IMAGES: usize = 32;

/// Channels of rows.
pub type Image = [[[f32; SIDE]; SIDE]; CHANNELS];
/// Filters of rows.
pub type Output = [[[f32; OUT]; OUT]; FILTERS];
/// Of each filter the kernels of all channels.
pub type Weights = [[[[f32; KERNEL]; KERNEL]; CHANNELS]; FILTERS];

/// How many images a work takes, if it is this convolution.
pub const fn images_of(work: Work) -> Option<usize> {
    match work {
        Work::W10a => Some(1),
        Work::W10b => Some(IMAGES),
        _ => None,
    }
}

/// The multiplications with an addition for an image.
pub const MULTIPLY_ADDS: usize = OUT * OUT * FILTERS * CHANNELS * KERNEL * KERNEL;

/// The images, each value from 0 to 1.
pub fn images() -> Vec<Image> {
    let mut images = vec![[[[0.0; SIDE]; SIDE]; CHANNELS]; IMAGES];
    let values = images
        .as_flattened_mut()
        .as_flattened_mut()
        .as_flattened_mut();
    values.copy_from_slice(&unit(32, (IMAGES * CHANNELS * SIDE * SIDE) as u32));
    images
}

/// The weights, each from -1 to 1 over the root of the products in a sum.
pub fn weights() -> Weights {
    let mut weights = [[[[0.0; KERNEL]; KERNEL]; CHANNELS]; FILTERS];
    let values = weights
        .as_flattened_mut()
        .as_flattened_mut()
        .as_flattened_mut();
    let scale = 1.0 / ((CHANNELS * KERNEL * KERNEL) as f32).sqrt();
    for (value, number) in values
        .iter_mut()
        .zip(signed(30, (FILTERS * CHANNELS * KERNEL * KERNEL) as u32))
    {
        *value = number * scale;
    }
    weights
}

/// One for each filter.
pub fn bias() -> [f32; FILTERS] {
    let mut bias = [0.0; FILTERS];
    bias.copy_from_slice(&signed(31, FILTERS as u32));
    bias
}

/// The outputs for the first images.
pub(crate) fn outputs(count: usize) -> Vec<f64> {
    let (weights, bias) = (weights(), bias());
    let mut outputs = Vec::new();
    for image in &images()[..count] {
        for (kernels, bias) in weights.iter().zip(bias) {
            for (y, x) in (0..OUT).flat_map(|y| (0..OUT).map(move |x| (y, x))) {
                let mut sum = f64::from(bias);
                for (channel, kernel) in image.iter().zip(kernels) {
                    for (i, j) in (0..KERNEL).flat_map(|i| (0..KERNEL).map(move |j| (i, j))) {
                        sum += f64::from(channel[y + i][x + j]) * f64::from(kernel[i][j]);
                    }
                }
                outputs.push(sum);
            }
        }
    }
    outputs
}
