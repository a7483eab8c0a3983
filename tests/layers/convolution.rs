//! Convolutions and pooling: the way back against numeric derivatives, and both ways against PyTorch's figures.

use crate::checks::{batches, gradient_is_right};
use sizednet::layer::Same;
use sizednet::{
    AveragePool2d, Conv2d, Dense, DepthwiseConv2d, GlobalAveragePool, Gradient, Image, Layer,
    MaxPool2d, Network, Portable, Sigmoid, Silu, Tanh, sizes::*,
};

macro_rules! gradients {
    ($($name:ident: $layer:ty;)*) => { $(
        #[test]
        fn $name() {
            gradient_is_right::<$layer>();
        }
    )* };
}

gradients! {
    valid: Conv2d<Image<U3, U6, U7>, U5, U3, Tanh>;
    one_by_one: Conv2d<Image<U4, U3, U3>, U2, U1>;
    one_value: Conv2d<Image<U1, U1, U1>, U1, U1>;
    whole_image: Conv2d<Image<U2, U5, U4>, U3, U4, Sigmoid>;
    same_odd: Conv2d<Image<U2, U5, U6>, U3, U3, Silu, U1, Same>;
    same_even: Conv2d<Image<U2, U5, U6>, U17, U4, Tanh, U1, Same>;
    same_larger_than_the_image: Conv2d<Image<U1, U2, U3>, U3, U5, Tanh, U1, Same>;
    stride: Conv2d<Image<U2, U9, U8>, U3, U3, Sigmoid, U2>;
    stride_beyond_the_kernel: Conv2d<Image<U2, U9, U8>, U3, U2, Tanh, U3>;
    stride_same: Conv2d<Image<U2, U8, U5>, U16, U3, Tanh, U2, Same>;
    several_strips: Conv2d<Image<U1, U10, U9>, U2, U2, Silu>;
    depthwise: DepthwiseConv2d<Image<U3, U6, U11>, U3, Tanh>;
    depthwise_same: DepthwiseConv2d<Image<U2, U5, U4>, U4, Silu, U1, Same>;
    depthwise_larger_than_the_image: DepthwiseConv2d<Image<U2, U2, U3>, U5, Tanh, U1, Same>;
    depthwise_stride: DepthwiseConv2d<Image<U2, U9, U8>, U3, Sigmoid, U2>;
    depthwise_stride_same: DepthwiseConv2d<Image<U2, U8, U5>, U2, Tanh, U3, Same>;
    separable: (
        DepthwiseConv2d<Image<U3, U7, U7>, U3, Silu, U2>, Conv2d<Image<U3, U3, U3>, U5, U1, Tanh>,
        Dense<Image<U5, U3, U3>, U2>,
    );
    several_panels: Conv2d<Image<U8, U4, U4>, U3, U3, Tanh>;
    max: MaxPool2d<Image<U2, U6, U4>, U2>;
    max_overlapping: MaxPool2d<Image<U2, U7, U9>, U3, U2>;
    average: AveragePool2d<Image<U2, U6, U5>, U2>;
    average_overlapping: AveragePool2d<Image<U2, U5, U5>, U3, U1>;
    global: GlobalAveragePool<Image<U3, U4, U5>>;
    stack_of_max: (
        Conv2d<Image<U2, U9, U8>, U3, U3, Tanh, U1, Same>, MaxPool2d<Image<U3, U9, U8>, U2>,
        Conv2d<Image<U3, U4, U4>, U4, U2, Silu>, Dense<Image<U4, U3, U3>, U3>,
    );
    stack_of_averages: (
        Conv2d<Image<U1, U9, U9>, U4, U3, Tanh, U2>, AveragePool2d<Image<U4, U4, U4>, U2, U1>,
        (Conv2d<Image<U4, U3, U3>, U5, U3, Sigmoid, U1, Same>, GlobalAveragePool<Image<U5, U3, U3>>), Dense<U5, U2>,
    );
    stack_of_strides: (
        Conv2d<Image<U1, U11, U7>, U3, U3, Silu, U2, Same>, Conv2d<Image<U3, U6, U4>, U4, U2, Tanh, U2>,
        Dense<Image<U4, U3, U2>, U2>,
    );
}

type Batched = (
    Conv2d<Image<U2, U9, U10>, U6, U3, Tanh, U1, Same>,
    MaxPool2d<Image<U6, U9, U10>, U2>,
    DepthwiseConv2d<Image<U6, U4, U5>, U3, Tanh, U1, Same>,
    Conv2d<Image<U6, U4, U5>, U17, U2, Silu>,
    Dense<Image<U17, U3, U4>, U3>,
);

#[test]
fn batch_and_single_have_the_same_bits() {
    batches::<Batched, f32>();
    batches::<Batched, f64>();
    batches::<Portable<Batched>, f32>();
    batches::<Portable<Batched>, f64>();
}

#[test]
fn the_first_of_equal_values_gets_the_gradient_and_nan_stays() {
    type Pool = MaxPool2d<Image<U1, U2, U2>, U2>;
    let network = Network::<Pool>::zeros();
    let slopes = |input| {
        let (mut tape, mut gradient) = (sizednet::Tape::<Pool>::new(), Gradient::zeros());
        network.record(&input, &mut tape);
        network.backward(&input, &tape, &[[[1.0]]], &mut gradient)
    };
    assert_eq!(
        slopes([[[1.0, 2.0], [2.0, 2.0]]]),
        [[[0.0, 1.0], [0.0, 0.0]]]
    );
    assert_eq!(
        slopes([[[-1.0, -1.0], [-3.0, -2.0]]]),
        [[[1.0, 0.0], [0.0, 0.0]]]
    );
    assert!(network.forward(&[[[1.0, f32::NAN], [2.0, 3.0]]])[0][0][0].is_nan());
}

#[test]
fn fingerprints_tell_kernel_stride_and_padding_apart() {
    let fingerprints = [
        <MaxPool2d<Image<U1, U4, U4>, U2> as Layer>::FINGERPRINT,
        <MaxPool2d<Image<U1, U5, U5>, U2> as Layer>::FINGERPRINT,
        <MaxPool2d<Image<U1, U4, U4>, U1, U3> as Layer>::FINGERPRINT,
        <MaxPool2d<Image<U1, U4, U4>, U1, U2> as Layer>::FINGERPRINT,
        <AveragePool2d<Image<U1, U4, U4>, U2> as Layer>::FINGERPRINT,
        <Conv2d<Image<U1, U4, U4>, U1, U1, Tanh, U2> as Layer>::FINGERPRINT,
        <Conv2d<Image<U1, U4, U4>, U1, U1, Tanh, U3> as Layer>::FINGERPRINT,
        <Conv2d<Image<U1, U4, U4>, U1, U1, Tanh, U2, Same> as Layer>::FINGERPRINT,
        <DepthwiseConv2d<Image<U1, U4, U4>, U1, Tanh, U2, Same> as Layer>::FINGERPRINT,
    ];
    for (i, a) in fingerprints.iter().enumerate() {
        assert!(!fingerprints[..i].contains(a), "{i}");
    }
}

#[cfg(feature = "safetensors")]
mod torch {
    use super::*;

    macro_rules! figures {
        ($($name:ident: $layer:ty;)*) => { $(
            #[test]
            fn $name() {
                let name = stringify!($name).trim_start_matches("torch_");
                crate::checks::torch::figures_agree::<$layer>("convolution", name);
            }
        )* };
    }

    figures! {
        torch_valid: (Conv2d<Image<U3, U6, U7>, U5, U3, Tanh>,);
        torch_same: (Conv2d<Image<U2, U5, U6>, U17, U4, sizednet::Identity, U1, Same>,);
        torch_stride: (Conv2d<Image<U2, U9, U8>, U3, U3, Sigmoid, U2>,);
        torch_strips: (Conv2d<Image<U9, U12, U13>, U16, U3, Silu, U1, Same>,);
        torch_max: (Conv2d<Image<U2, U7, U9>, U3, U1>, MaxPool2d<Image<U3, U7, U9>, U3, U2>);
        torch_average: (
            Conv2d<Image<U2, U7, U8>, U3, U2>, AveragePool2d<Image<U3, U6, U7>, U2>, Dense<Image<U3, U3, U3>, U4>,
        );
        torch_stack: (
            Conv2d<Image<U2, U9, U11>, U5, U3, Tanh, U1, Same>, MaxPool2d<Image<U5, U9, U11>, U2>,
            Conv2d<Image<U5, U4, U5>, U4, U2, Sigmoid, U2>, AveragePool2d<Image<U4, U2, U2>, U2, U1>,
            GlobalAveragePool<Image<U4, U1, U1>>, Dense<U4, U3>,
        );
        torch_depthwise: (DepthwiseConv2d<Image<U3, U6, U11>, U3, Tanh>,);
        torch_depthwise_same: (DepthwiseConv2d<Image<U2, U5, U6>, U4, sizednet::Identity, U1, Same>,);
        torch_separable: (
            DepthwiseConv2d<Image<U3, U9, U9>, U3, Silu, U2>, Conv2d<Image<U3, U4, U4>, U5, U1, Tanh>,
            Dense<Image<U5, U4, U4>, U3>,
        );
    }
}
