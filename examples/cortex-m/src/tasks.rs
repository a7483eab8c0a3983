//! What is learned: architectures and samples, the same for the PC that trains and the device that runs.

use rand_xoshiro::rand_core::Rng;
use sizednet::layer::Same;
use sizednet::{Conv2d, Dense, Image, MaxPool2d, Portable, Relu, Sigmoid, Tanh, sizes::*};

/// Solves XOR.
pub type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);

/// The four rows of XOR, in flash.
pub static ROWS: [([f32; 2], [f32; 1]); 4] = [
    ([0.0, 0.0], [0.0]),
    ([0.0, 1.0], [1.0]),
    ([1.0, 0.0], [1.0]),
    ([1.0, 1.0], [0.0]),
];

/// The layers of a policy that stay as they are.
pub type Body = Portable<(Dense<U13, U64, Tanh>, Dense<U64, U64, Tanh>)>;
/// The layer of a policy that is tuned on the device.
pub type Head = Portable<Dense<U64, U4>>;
/// Four rotors, from position, attitude as a quaternion, velocity and rates of turn.
pub type Policy = (Body, Head);

/// A state of the aircraft that could be any: each number from -1 to 1.
pub fn any_state(rng: &mut impl Rng) -> [f32; 13] {
    let mut state = [0.0; 13];
    for value in &mut state {
        // 24 bits: exact on every machine
        *value = (rng.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0;
    }
    state
}

/// What each rotor makes of height and climb, roll, pitch and yaw.
const MIXER: [[f32; 4]; 4] = [
    [0.5, 0.4, 0.4, 0.2],
    [0.5, -0.4, 0.4, -0.2],
    [0.5, -0.4, -0.4, 0.2],
    [0.5, 0.4, -0.4, -0.2],
];

/// The rotors of a hand-written controller, which the policy imitates: proportional and derivative, with limits.
pub fn rotors(state: &[f32; 13]) -> [f32; 4] {
    let [x, y, z, _, qx, qy, qz, vx, vy, vz, wx, wy, wz] = *state;
    let lift = -(z + 0.5 * vz);
    let roll = -(qx + 0.3 * wx + 0.2 * y + 0.1 * vy);
    let pitch = -(qy + 0.3 * wy - 0.2 * x - 0.1 * vx);
    let yaw = -(qz + 0.3 * wz);
    MIXER.map(|[a, b, c, d]| (a * lift + b * roll + c * pitch + d * yaw).clamp(-1.0, 1.0))
}

/// Tells handwritten digits of 8 by 8 pixels.
pub type Digits = Portable<(Dense<U64, U32, Relu>, Dense<U32, U10>)>;

/// The pixels of a digit from 0 to 1: in flash they are from 0 to 16.
pub fn pixels(image: &[u8; 64]) -> [f32; 64] {
    image.map(|pixel| f32::from(pixel) / 16.0)
}

/// What a camera has learned to see in digits: the layers that stay as they are.
pub type Eye = Portable<(
    Conv2d<Image<U1, U8, U8>, U6, U3, Relu, U1, Same>,
    MaxPool2d<Image<U6, U8, U8>, U2>,
    Conv2d<Image<U6, U4, U4>, U12, U3, Relu, U1, Same>,
    MaxPool2d<Image<U12, U4, U4>, U2>,
)>;
/// The layer of a camera that is tuned on the device.
pub type Reader = Portable<Dense<Image<U12, U2, U2>, U10>>;
/// Tells handwritten digits by convolutions.
pub type Camera = (Eye, Reader);

/// One channel of 8 rows.
pub type Picture = [[[f32; 8]; 8]; 1];

/// The pixels of a digit as an image.
pub fn picture(image: &[u8; 64]) -> Picture {
    let mut picture = [[[0.0; 8]; 8]; 1];
    for (slot, pixel) in picture
        .as_flattened_mut()
        .as_flattened_mut()
        .iter_mut()
        .zip(pixels(image))
    {
        *slot = pixel;
    }
    picture
}
