//! The gradient invariants of 64 architectures of dense layers; of 12 of them, with all activations and losses, without the
//! feature `long`. `PROPTEST_CASES=10000 cargo test --release --features long --test numbers gradients` draws each 10,000
//! times.

use sizednet::{sizes::*, *};

mod architecture;
mod invariants;
mod plain_network;

invariants::architectures! {
    identity_7_10: (Dense<U7, U10>,), Class, U4;
    sigmoid_2_3_sigmoid_1: (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>), MeanSquaredError, U2;
    relu_5_1_relu_5: (Dense<U5, U1, Relu>, Dense<U1, U5, Relu>), MeanAbsoluteError, U16;
    leaky_relu_4_8_leaky_relu_2: Portable<(Dense<U4, U8, LeakyRelu>, Dense<U8, U2, LeakyRelu>)>, BinaryCrossEntropy, U3;
    elu_3_9_identity_7: (Dense<U3, U9, Elu>, Dense<U9, U7>), CrossEntropy, U5;
    softplus_1_4_softplus_4_sigmoid_1: (Dense<U1, U4, Softplus>, Dense<U4, U4, Softplus>, Dense<U4, U1, Sigmoid>), Huber<f32>, U3;
    hard_sigmoid_6_6_hard_tanh_6_identity_2: (Dense<U6, U6, HardSigmoid>, Dense<U6, U6, HardTanh>, Dense<U6, U2>), MeanSquaredError, U2;
    silu_2_9_gelu_9_tanh_3: (Dense<U2, U9, Silu>, Dense<U9, U9, Gelu>, Dense<U9, U3, Tanh>), Class, U8;
    sixteen: (
        Dense<U3, U4, Tanh>, Dense<U4, U4, Relu>, Dense<U4, U4, Sigmoid>, Dense<U4, U5, Gelu>,
        Dense<U5, U4, Elu>, Dense<U4, U3, LeakyRelu>, Dense<U3, U4, Silu>, Dense<U4, U4, Softplus>,
        Dense<U4, U4>, Dense<U4, U5, HardTanh>, Dense<U5, U4, Tanh>, Dense<U4, U4, HardSigmoid>,
        Dense<U4, U4, Tanh>, Dense<U4, U4, Elu>, Dense<U4, U3, Silu>, Dense<U3, U2>,
    ), MeanSquaredError, U8;
    nested_both: ((Dense<U2, U7, Elu>, Dense<U7, U3, Gelu>), (Dense<U3, U7, LeakyRelu>, Dense<U7, U5>)), Class, U32;
    portable_body: (Portable<(Dense<U7, U17, Gelu>, Dense<U17, U7, Relu>)>, Dense<U7, U3>), CrossEntropy, U6;
    image_1x8x8: Portable<((Dense<Image<U1, U8, U8>, U17, Tanh>, Dense<U17, U7, LeakyRelu>), Dense<U7, U7>)>, CrossEntropy, U5;
}

#[cfg(feature = "long")]
invariants::architectures! {
    // one layer
    identity_1_1: Dense<U1, U1>, MeanSquaredError, U2;
    identity_65_1: Dense<U65, U1>, MeanAbsoluteError, U3;
    identity_17_2: Portable<Dense<U17, U2>>, CrossEntropy, U5;
    relu_1_7: Dense<U1, U7, Relu>, MeanSquaredError, U6;
    leaky_relu_7_7: Dense<U7, U7, LeakyRelu>, MeanAbsoluteError, U7;
    elu_17_1: Dense<U17, U1, Elu>, Huber<f32>, U8;
    gelu_7_3: Dense<U7, U3, Gelu>, MeanSquaredError, U9;
    silu_3_7: Dense<U3, U7, Silu>, Huber<f32>, U2;
    softplus_5_5: Dense<U5, U5, Softplus>, MeanAbsoluteError, U3;
    sigmoid_1_1: Dense<U1, U1, Sigmoid>, MeanSquaredError, U4;
    tanh_65_7: Portable<Dense<U65, U7, Tanh>>, Huber<f32>, U5;
    hard_sigmoid_7_2: Dense<U7, U2, HardSigmoid>, MeanAbsoluteError, U6;
    hard_tanh_2_17: Dense<U2, U17, HardTanh>, MeanSquaredError, U7;

    // two layers
    tanh_2_2_identity_1: (Dense<U2, U2, Tanh>, Dense<U2, U1>), BinaryCrossEntropy, U3;
    identity_3_3_identity_3: (Dense<U3, U3>, Dense<U3, U3>), MeanSquaredError, U1;
    relu_7_17_identity_3: (Dense<U7, U17, Relu>, Dense<U17, U3>), Class, U4;
    leaky_relu_1_17_identity_1: (Dense<U1, U17, LeakyRelu>, Dense<U17, U1>), Huber<f32>, U2;
    elu_2_16_tanh_2: (Dense<U2, U16, Elu>, Dense<U16, U2, Tanh>), MeanSquaredError, U8;
    gelu_7_8_gelu_1: (Dense<U7, U8, Gelu>, Dense<U8, U1, Gelu>), MeanAbsoluteError, U32;
    gelu_17_7_identity_10: Portable<(Dense<U17, U7, Gelu>, Dense<U7, U10>)>, Class, U3;
    silu_1_1_silu_1: (Dense<U1, U1, Silu>, Dense<U1, U1, Silu>), Huber<f32>, U2;
    silu_8_15_identity_2: (Dense<U8, U15, Silu>, Dense<U15, U2>), BinaryCrossEntropy, U6;
    softplus_3_7_softplus_3: (Dense<U3, U7, Softplus>, Dense<U7, U3, Softplus>), MeanSquaredError, U9;
    softplus_2_65_identity_1: Portable<(Dense<U2, U65, Softplus>, Dense<U65, U1>)>, MeanAbsoluteError, U4;
    sigmoid_7_7_identity_7: (Dense<U7, U7, Sigmoid>, Dense<U7, U7>), CrossEntropy, U2;
    hard_sigmoid_3_17_identity_2: (Dense<U3, U17, HardSigmoid>, Dense<U17, U2>), Class, U5;
    hard_sigmoid_2_3_hard_sigmoid_1: (Dense<U2, U3, HardSigmoid>, Dense<U3, U1, HardSigmoid>), MeanSquaredError, U3;
    hard_tanh_7_4_hard_tanh_4: (Dense<U7, U4, HardTanh>, Dense<U4, U4, HardTanh>), Huber<f32>, U6;
    hard_tanh_1_8_identity_3: Portable<(Dense<U1, U8, HardTanh>, Dense<U8, U3>)>, BinaryCrossEntropy, U4;
    tanh_65_17_tanh_1: (Dense<U65, U17, Tanh>, Dense<U17, U1, Tanh>), MeanSquaredError, U7;

    // three layers
    tanh_3_5_tanh_5_identity_2: (Dense<U3, U5, Tanh>, Dense<U5, U5, Tanh>, Dense<U5, U2>), MeanSquaredError, U4;
    relu_4_8_relu_8_identity_3: (Dense<U4, U8, Relu>, Dense<U8, U8, Relu>, Dense<U8, U3>), Class, U32;
    relu_2_7_sigmoid_7_identity_1: Portable<(Dense<U2, U7, Relu>, Dense<U7, U7, Sigmoid>, Dense<U7, U1>)>, BinaryCrossEntropy, U2;
    leaky_relu_7_1_elu_7_identity_7: (Dense<U7, U1, LeakyRelu>, Dense<U1, U7, Elu>, Dense<U7, U7>), MeanAbsoluteError, U5;
    gelu_5_6_silu_7_identity_4: (Dense<U5, U6, Gelu>, Dense<U6, U7, Silu>, Dense<U7, U4>), CrossEntropy, U6;
    elu_17_17_elu_7_elu_1: Portable<(Dense<U17, U17, Elu>, Dense<U17, U7, Elu>, Dense<U7, U1, Elu>)>, MeanAbsoluteError, U4;
    identity_1_65_relu_3_identity_1: (Dense<U1, U65>, Dense<U65, U3, Relu>, Dense<U3, U1>), Huber<f32>, U5;

    // four and five layers
    tanh_2_4_relu_4_sigmoid_4_identity_2: (Dense<U2, U4, Tanh>, Dense<U4, U4, Relu>, Dense<U4, U4, Sigmoid>, Dense<U4, U2>), CrossEntropy, U7;
    elu_3_3_gelu_3_silu_3_softplus_3: (Dense<U3, U3, Elu>, Dense<U3, U3, Gelu>, Dense<U3, U3, Silu>, Dense<U3, U3, Softplus>), MeanSquaredError, U4;
    leaky_relu_7_7_leaky_relu_7_leaky_relu_7_identity_1: (Dense<U7, U7, LeakyRelu>, Dense<U7, U7, LeakyRelu>, Dense<U7, U7, LeakyRelu>, Dense<U7, U1>), BinaryCrossEntropy, U5;
    hard_tanh_1_1_tanh_1_hard_sigmoid_1_sigmoid_1: Portable<(Dense<U1, U1, HardTanh>, Dense<U1, U1, Tanh>, Dense<U1, U1, HardSigmoid>, Dense<U1, U1, Sigmoid>)>, MeanAbsoluteError, U2;
    tanh_3_8_tanh_7_tanh_6_tanh_5_identity_4: (Dense<U3, U8, Tanh>, Dense<U8, U7, Tanh>, Dense<U7, U6, Tanh>, Dense<U6, U5, Tanh>, Dense<U5, U4>), Class, U6;
    relu_2_6_elu_6_gelu_6_hard_tanh_6_identity_1: (Dense<U2, U6, Relu>, Dense<U6, U6, Elu>, Dense<U6, U6, Gelu>, Dense<U6, U6, HardTanh>, Dense<U6, U1>), Huber<f32>, U7;
    silu_4_4_softplus_4_sigmoid_4_hard_sigmoid_4_identity_3: Portable<(Dense<U4, U4, Silu>, Dense<U4, U4, Softplus>, Dense<U4, U4, Sigmoid>, Dense<U4, U4, HardSigmoid>, Dense<U4, U3>)>, CrossEntropy, U3;

    // nested tuples, and portable layers beside others
    nested_left: ((Dense<U3, U5, Tanh>, Dense<U5, U4, Silu>), Dense<U4, U2>), MeanSquaredError, U2;
    nested_right: (Dense<U3, U5, Sigmoid>, (Dense<U5, U4, Relu>, Dense<U4, U1>)), BinaryCrossEntropy, U3;
    nested_deeply: Portable<((((Dense<U4, U3, Softplus>,), Dense<U3, U3, HardTanh>), Dense<U3, U4, HardSigmoid>), (Dense<U4, U7, Silu>, (Dense<U7, U2>,)))>, Huber<f32>, U5;
    portable_head: (Dense<U65, U7, LeakyRelu>, Portable<Dense<U7, U7, Softplus>>), MeanAbsoluteError, U2;
    portable_twice: Portable<(Dense<U3, U4, HardSigmoid>, Portable<Dense<U4, U2>>)>, MeanAbsoluteError, U6;

    // images
    image_1x4x4: (Dense<Image<U1, U4, U4>, U7, Relu>, Dense<U7, U10>), Class, U4;
    image_3x5x5: Dense<Image<U3, U5, U5>, U2, Sigmoid>, MeanSquaredError, U3;
    image_2x1x7: Portable<(Dense<Image<U2, U1, U7>, U5, Silu>, Dense<U5, U1, HardTanh>)>, Huber<f32>, U1;
}
