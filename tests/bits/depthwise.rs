//! The bits of depthwise convolutions: those of plain loops in the order that their documentation tells, whatever the
//! vectors.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::{NativeKernel, limit_vector_bits};
use sizednet::layer::{Backward, Causal, Same, Valid};
use sizednet::{
    DepthwiseConv1d, DepthwiseConv2d, Identity, Image, Layer, Portable, Scalar, Sequence, Shape,
    sizes::*,
};

const SAMPLES: usize = 2;

/// Parameters, and inputs and output gradients of two samples.
fn numbers<L: Layer, T: Scalar>() -> [Vec<T>; 3] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(5);
    [
        L::Parameters::USIZE,
        SAMPLES * <L::Input as Shape>::Len::USIZE,
        SAMPLES * <L::Output as Shape>::Len::USIZE,
    ]
    .map(|length| (0..length).map(|_| uniform(-T::ONE, T::ONE, rng)).collect())
}

/// Outputs, and the gradients of parameters and inputs.
fn passes<L: Layer, T: Scalar>() -> [Vec<T>; 3] {
    let [parameters, inputs, mut slopes] = numbers::<L, T>();
    let mut outputs = slopes.clone();
    L::forward::<T, NativeKernel<U2>>(&parameters, &inputs, &mut outputs);
    let mut gradient = vec![-T::ZERO; parameters.len()];
    let mut input_gradient = vec![T::ONE; inputs.len()];
    let pass = Backward {
        inputs: &inputs,
        tape: &outputs,
        output_gradient: &mut slopes,
        gradient: &mut gradient,
        fresh: false,
        input_gradient: Some(&mut input_gradient),
    };
    L::backward::<T, NativeKernel<U2>>(&parameters, pass);
    [outputs, gradient, input_gradient]
}

/// The same by plain loops, of an image.
fn image<L: Layer, T: Scalar>([kernel, stride, before, _]: [usize; 4]) -> [Vec<T>; 3] {
    let [parameters, inputs, slopes] = numbers::<L, T>();
    let ([channels, height, width], [_, rows, columns]) = (
        <[usize; 3]>::try_from(L::Input::DIMENSIONS).expect("an image"),
        <[usize; 3]>::try_from(L::Output::DIMENSIONS).expect("an image"),
    );
    let taps = kernel * kernel;
    let (weights, bias) = parameters.split_at(channels * taps);
    let mut outputs = Vec::new();
    let mut gradient = vec![-T::ZERO; parameters.len()];
    let mut input_gradient = vec![T::ZERO; inputs.len()];
    let fold = |[a, b, c, d, e, f, g, h]: [T; 8]| ((a + e) + (c + g)) + ((b + f) + (d + h));
    for plane in 0..SAMPLES * channels {
        let c = plane % channels;
        // where the value at `i`, `j` of the window at `y`, `x` lies
        let place = |y: usize, x: usize, i: usize, j: usize| {
            let (y, x) = (y * stride + i, x * stride + j);
            let inside = y >= before && x >= before && y < height + before && x < width + before;
            inside.then(|| (plane * height + y - before) * width + x - before)
        };
        let slope = |y: usize, x: usize| slopes[(plane * rows + y) * columns + x];
        let mut bias_sums = [T::ZERO; 8];
        for y in 0..rows {
            for x in 0..columns {
                let mut sum = bias[c];
                for (i, j) in (0..kernel).flat_map(|i| (0..kernel).map(move |j| (i, j))) {
                    let value = place(y, x, i, j).map_or(T::ZERO, |place| inputs[place]);
                    sum += value * weights[c * taps + i * kernel + j];
                }
                outputs.push(sum);
                bias_sums[x % 8] += slope(y, x);
            }
            for x in 0..columns {
                for (i, j) in (0..kernel).flat_map(|i| (0..kernel).map(move |j| (i, j))) {
                    if let Some(place) = place(y, x, i, j) {
                        input_gradient[place] += slope(y, x) * weights[c * taps + i * kernel + j];
                    }
                }
            }
        }
        gradient[channels * taps + c] += fold(bias_sums);
        for (i, j) in (0..kernel).flat_map(|i| (0..kernel).map(move |j| (i, j))) {
            let mut sums = [T::ZERO; 8];
            for y in 0..rows {
                for x in 0..columns {
                    let value = place(y, x, i, j).map_or(T::ZERO, |place| inputs[place]);
                    sums[x % 8] += value * slope(y, x);
                }
            }
            gradient[c * taps + i * kernel + j] += fold(sums);
        }
    }
    [outputs, gradient, input_gradient]
}

/// The same, of a sequence.
fn sequence<L: Layer, T: Scalar>([kernel, stride, before, dilation]: [usize; 4]) -> [Vec<T>; 3] {
    let [parameters, inputs, slopes] = numbers::<L, T>();
    let ([steps, features], [windows, _]) = (
        <[usize; 2]>::try_from(L::Input::DIMENSIONS).expect("a sequence"),
        <[usize; 2]>::try_from(L::Output::DIMENSIONS).expect("a sequence"),
    );
    let (weights, bias) = parameters.split_at(kernel * features);
    let mut outputs = Vec::new();
    let mut gradient = vec![-T::ZERO; parameters.len()];
    let mut input_gradient = vec![-T::ZERO; inputs.len()];
    for (sample, window) in (0..SAMPLES).flat_map(|s| (0..windows).map(move |w| (s, w))) {
        for c in 0..features {
            let (mut sum, dy) = (bias[c], slopes[(sample * windows + window) * features + c]);
            gradient[kernel * features + c] += dy;
            for k in 0..kernel {
                let step = window * stride + k * dilation;
                let w = weights[k * features + c];
                if step >= before && step < steps + before {
                    let place = (sample * steps + step - before) * features + c;
                    sum += inputs[place] * w;
                    gradient[k * features + c] += inputs[place] * dy;
                    input_gradient[place] += w * dy;
                } else {
                    sum += T::ZERO * w;
                }
            }
            outputs.push(sum);
        }
    }
    [outputs, gradient, input_gradient]
}

/// The bits: -0 is not 0.
fn bits<T: Scalar>(values: &[Vec<T>; 3]) -> [Vec<u64>; 3] {
    let bits = |value: &T| value.to_f64().to_bits();
    core::array::from_fn(|i| values[i].iter().map(bits).collect())
}

macro_rules! layers {
    ($some:ident: $($naive:ident $layer:ty, $numbers:expr;)*) => {
        fn $some() {
            $(
                let single = bits(&$naive::<$layer, f32>($numbers));
                let double = bits(&$naive::<$layer, f64>($numbers));
                for width in [512, 256, 0] {
                    limit_vector_bits(width);
                    assert_eq!(bits(&passes::<$layer, f32>()), single);
                    assert_eq!(bits(&passes::<Portable<$layer>, f32>()), single);
                    assert_eq!(bits(&passes::<$layer, f64>()), double);
                    assert_eq!(bits(&passes::<Portable<$layer>, f64>()), double);
                }
            )*
        }
    };
}

layers! {
    few:
    // kernel, stride, zeros before, dilation
    image DepthwiseConv2d<Image<U3, U12, U29>, U3>, [3, 1, 0, 1];
    image DepthwiseConv2d<Image<U2, U7, U9>, U3, Identity, U2, Same>, [3, 2, 1, 1];
    image DepthwiseConv2d<Image<U1, U2, U3>, U5, Identity, U1, Same>, [5, 1, 2, 1];
    // more weights than are summed together
    image DepthwiseConv2d<Image<U2, U9, U12>, U7, Identity, U1, Same>, [7, 1, 3, 1];
    // several panels, and kernels that are too large for one
    image DepthwiseConv2d<Image<U1, U20, U512>, U3, Identity, U1, Same>, [3, 1, 1, 1];
    image DepthwiseConv2d<Image<U2, U24, U30>, U19, Identity, U1, Same>, [19, 1, 9, 1];
    sequence DepthwiseConv1d<Sequence<U11, U19>, U3>, [3, 1, 0, 1];
    sequence DepthwiseConv1d<Sequence<U20, U16>, U3, Identity, U1, Causal, U4>, [3, 1, 8, 4];
    sequence DepthwiseConv1d<Sequence<U20, U5>, U3, Identity, U3, Valid, U2>, [3, 3, 0, 2];
}

#[cfg(feature = "long")]
layers! {
    more:
    image DepthwiseConv2d<Image<U2, U9, U19>, U5, Identity, U1, Same>, [5, 1, 2, 1];
    image DepthwiseConv2d<Image<U2, U13, U33>, U3, Identity, U2>, [3, 2, 0, 1];
    image DepthwiseConv2d<Image<U2, U5, U7>, U2, Identity, U1, Same>, [2, 1, 0, 1];
    image DepthwiseConv2d<Image<U2, U24, U704>, U3, Identity, U2, Same>, [3, 2, 0, 1];
    image DepthwiseConv2d<Image<U2, U4, U2>, U5, Identity, U1, Same>, [5, 1, 2, 1];
    image DepthwiseConv2d<Image<U1, U24, U30>, U19, Identity, U2, Same>, [19, 2, 8, 1];
    sequence DepthwiseConv1d<Sequence<U9, U8>, U4, Identity, U1, Same>, [4, 1, 1, 1];
}

#[test]
fn the_bits_are_those_of_a_plain_loop_at_every_width() {
    let _guard = crate::without_limit();
    few();
    #[cfg(feature = "long")]
    more();
}
