//! The works that every peer does.

use crate::convolution;
use crate::recurrent::Recurrent;

/// A work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// XOR 2-3-1, sigmoid, mean squared error: one step of stochastic SGD. Each step waits for the one before.
    W1,
    /// The same network: one epoch of all 4 samples with one update.
    W2,
    /// 13-64-64-4, tanh, linear output: forward, one sample.
    W3,
    /// 64-64-64-10, ReLU, linear output: forward, one sample.
    W4,
    /// 784-128-10, ReLU, softmax cross-entropy: one SGD step on 32 samples.
    W5,
    /// The same network: forward, one sample.
    W6a,
    /// The same network: forward, 64 samples.
    W6b,
    /// 13-64-64-4, tanh, mean squared error: one step of Adam on 32 samples.
    W7,
    /// GRU of 16, one input: the next state of a stream. Each step waits for the one before.
    W8a,
    /// GRU of 32.
    W8b,
    /// GRU of 64.
    W8c,
    /// LSTM of 16.
    W9a,
    /// LSTM of 32.
    W9b,
    /// LSTM of 64.
    W9c,
    /// A convolution, 8x28x28 to 16x26x26 by kernels of 3x3: forward, one image.
    W10a,
    /// The same, 32 images.
    W10b,
}

/// The learning rate of W1 and W2. Higher ones bring values below 0.01 before the check, where FANN bounds its slopes.
pub const XOR_RATE: f32 = 0.4;
/// The learning rate of W5.
pub const IMAGES_RATE: f32 = 0.01;
/// The learning rate of W7; decays 0.9 and 0.999, epsilon 1e-8.
pub const POLICY_RATE: f32 = 0.001;

/// The check of W1 and W2 is the mean loss of the four samples after so many steps or epochs.
pub const XOR_STEPS: usize = 1_000;
/// The check of W5 is the loss that the step after so many finds.
pub const IMAGES_STEPS: usize = 20;
/// The check of W7 is the loss that the step after so many finds.
pub const POLICY_STEPS: usize = 100;
/// The check of W8 and W9 is the state after so many steps of a stream, as in [`weighted_sum`].
pub const RECURRENT_STEPS: usize = 50;

/// The relative difference between a check and its reference that rounding in `f32` explains.
pub const TOLERANCE: f64 = 2e-5;

/// The check of W3, W4, W6 and W8 to W10: the sum of the outputs, all samples one after the other, with weights 1 to 7 in turn.
pub fn weighted_sum(outputs: &[f32]) -> f64 {
    let weights = (1..=7).cycle();
    let terms = outputs.iter().zip(weights);
    terms
        .map(|(output, weight)| f64::from(*output) * f64::from(weight))
        .sum()
}

impl Work {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::W1,
        Self::W2,
        Self::W3,
        Self::W4,
        Self::W5,
        Self::W6a,
        Self::W6b,
        Self::W7,
        Self::W8a,
        Self::W8b,
        Self::W8c,
        Self::W9a,
        Self::W9b,
        Self::W9c,
        Self::W10a,
        Self::W10b,
    ];

    /// As it stands in tables and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::W1 => "W1",
            Self::W2 => "W2",
            Self::W3 => "W3",
            Self::W4 => "W4",
            Self::W5 => "W5",
            Self::W6a => "W6a",
            Self::W6b => "W6b",
            Self::W7 => "W7",
            Self::W8a => "W8a",
            Self::W8b => "W8b",
            Self::W8c => "W8c",
            Self::W9a => "W9a",
            Self::W9b => "W9b",
            Self::W9c => "W9c",
            Self::W10a => "W10a",
            Self::W10b => "W10b",
        }
    }

    /// In words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::W1 => "XOR 2-3-1 sigmoid, one SGD step, 1 sample",
            Self::W2 => "XOR 2-3-1 sigmoid, one full-batch epoch, 4 samples",
            Self::W3 => "13-64-64-4 tanh, forward, 1 sample",
            Self::W4 => "64-64-64-10 ReLU, forward, 1 sample",
            Self::W5 => "784-128-10 ReLU cross-entropy, one SGD step, 32 samples",
            Self::W6a => "784-128-10 ReLU, forward, 1 sample",
            Self::W6b => "784-128-10 ReLU, forward, 64 samples",
            Self::W7 => "13-64-64-4 tanh, one Adam step, 32 samples",
            Self::W8a => "GRU, 1 input, 16 hidden, one streaming step",
            Self::W8b => "GRU, 1 input, 32 hidden, one streaming step",
            Self::W8c => "GRU, 1 input, 64 hidden, one streaming step",
            Self::W9a => "LSTM, 1 input, 16 hidden, one streaming step",
            Self::W9b => "LSTM, 1 input, 32 hidden, one streaming step",
            Self::W9c => "LSTM, 1 input, 64 hidden, one streaming step",
            Self::W10a => "convolution 8x28x28 to 16x26x26, 3x3, forward, 1 image",
            Self::W10b => "convolution 8x28x28 to 16x26x26, 3x3, forward, 32 images",
        }
    }

    /// The work of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.name() == name)
    }

    /// Floating-point operations of the products: forward, and in a step the weights' gradients of all layers and the
    /// inputs' of all but the first. `None` for XOR, where products are not what takes time.
    pub fn operations(self) -> Option<f64> {
        use crate::data::{BATCH, IMAGES, MANY, POLICY, SMALL};
        if let Some(images) = convolution::images_of(self) {
            return Some((2 * convolution::MULTIPLY_ADDS * images) as f64);
        }
        if let Some(layer) = Recurrent::of(self) {
            return Some((2 * layer.gates * layer.width * (1 + layer.width)) as f64);
        }
        let (architecture, samples, trains) = match self {
            Self::W3 => (POLICY, 1, false),
            Self::W4 => (SMALL, 1, false),
            Self::W5 => (IMAGES, BATCH, true),
            Self::W6a => (IMAGES, 1, false),
            Self::W6b => (IMAGES, MANY, false),
            Self::W7 => (POLICY, BATCH, true),
            _ => return None,
        };
        let layers = architecture.sizes.windows(2).map(|pair| pair[0] * pair[1]);
        let products = layers.enumerate().map(|(layer, multiply_adds)| {
            let times = match (trains, layer) {
                (false, _) => 1,
                (true, 0) => 2,
                (true, _) => 3,
            };
            times * multiply_adds
        });
        Some((2 * samples * products.sum::<usize>()) as f64)
    }
}
