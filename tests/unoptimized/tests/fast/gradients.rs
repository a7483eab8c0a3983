//! The gradient invariants of 12 of the architectures of the test `gradients`, all activations and losses among them.

use sizednet::{sizes::*, *};

#[path = "../common/invariants.rs"]
mod invariants;

invariants::architectures! {
    sigmoid_2_3_sigmoid_1: (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>), MeanSquaredError, U2;
    identity_7_10: (Dense<U7, U10>,), Class, U4;
    relu_5_1_relu_5: (Dense<U5, U1, Relu>, Dense<U1, U5, Relu>), MeanAbsoluteError, U16;
    leaky_relu_4_8_leaky_relu_2: Portable<(Dense<U4, U8, LeakyRelu>, Dense<U8, U2, LeakyRelu>)>, BinaryCrossEntropy, U3;
    elu_3_9_identity_7: (Dense<U3, U9, Elu>, Dense<U9, U7>), CrossEntropy, U5;
    silu_2_9_gelu_9_tanh_3: (Dense<U2, U9, Silu>, Dense<U9, U9, Gelu>, Dense<U9, U3, Tanh>), Class, U8;
    softplus_1_4_softplus_4_sigmoid_1: (Dense<U1, U4, Softplus>, Dense<U4, U4, Softplus>, Dense<U4, U1, Sigmoid>), Huber<f32>, U3;
    hard_sigmoid_6_6_hard_tanh_6_identity_2: (Dense<U6, U6, HardSigmoid>, Dense<U6, U6, HardTanh>, Dense<U6, U2>), MeanSquaredError, U2;
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
