//! The recurrent layers of W8 and W9, which take one number a step, and what they should give.

use crate::data::signed;
use crate::work::{RECURRENT_STEPS, Work};

/// A recurrent layer: GRU with the gates r, z, n, or LSTM with i, f, g, o.
#[derive(Debug, Clone, Copy)]
pub struct Recurrent {
    /// 3 or 4.
    pub gates: usize,
    /// Values of its state.
    pub width: usize,
}

/// The weights of a layer, of all gates side by side.
#[derive(Debug)]
pub struct Weights {
    /// \[1\]\[gates * width\].
    pub input: Vec<f32>,
    /// \[width\]\[gates * width\].
    pub state: Vec<f32>,
    /// \[gates * width\].
    pub input_bias: Vec<f32>,
    /// \[gates * width\].
    pub state_bias: Vec<f32>,
}

/// What a network of W8 and W9 takes, in turn.
pub fn inputs() -> Vec<f32> {
    signed(21, INPUTS)
}

const INPUTS: u32 = 64;

impl Recurrent {
    /// The layer of a work, if it has one.
    pub const fn of(work: Work) -> Option<Self> {
        let (gates, width) = match work {
            Work::W8a => (3, 16),
            Work::W8b => (3, 32),
            Work::W8c => (3, 64),
            Work::W9a => (4, 16),
            Work::W9b => (4, 32),
            Work::W9c => (4, 64),
            _ => return None,
        };
        Some(Self { gates, width })
    }

    /// All weights, flat, in the order of [`Weights`]: each from -1 to 1 over the root of the width.
    pub fn parameters(self) -> Vec<f32> {
        let scale = 1.0 / (self.width as f32).sqrt();
        let count = self.gates * self.width * (self.width + 3);
        let numbers = signed(20, count as u32).into_iter();
        numbers.map(|number| number * scale).collect()
    }

    /// The same, cut.
    pub fn weights(self) -> Weights {
        let sums = self.gates * self.width;
        let mut parameters = self.parameters().into_iter();
        let mut take = |count| parameters.by_ref().take(count).collect::<Vec<f32>>();
        Weights {
            input: take(sums),
            state: take(self.width * sums),
            input_bias: take(sums),
            state_bias: take(sums),
        }
    }

    /// The weights of the state as `[gates * width][width]`.
    pub fn transposed_state(self) -> Vec<f32> {
        let (sums, state) = (self.gates * self.width, self.weights().state);
        (0..sums)
            .flat_map(|sum| state.iter().skip(sum).step_by(sums))
            .copied()
            .collect()
    }

    /// The state after [`RECURRENT_STEPS`].
    pub(crate) fn state(self) -> Vec<f64> {
        let weights = self.weights();
        let (width, sums) = (self.width, self.gates * self.width);
        let (mut h, mut c) = (vec![0.0; width], vec![0.0; width]);
        for x in inputs().into_iter().cycle().take(RECURRENT_STEPS) {
            let from_input = |sum: usize| {
                f64::from(weights.input[sum]) * f64::from(x) + f64::from(weights.input_bias[sum])
            };
            let from_state = |sum: usize| {
                let column = weights.state.iter().skip(sum).step_by(sums);
                let products = column.zip(&h).map(|(w, h)| f64::from(*w) * h);
                f64::from(weights.state_bias[sum]) + products.sum::<f64>()
            };
            let both = |sum: usize| from_input(sum) + from_state(sum);
            let next = |node: usize| {
                if self.gates == 3 {
                    let (r, z) = (sigmoid(both(node)), sigmoid(both(width + node)));
                    let n =
                        (from_input(2 * width + node) + r * from_state(2 * width + node)).tanh();
                    ((1.0 - z) * n + z * h[node], 0.0)
                } else {
                    let (i, f) = (sigmoid(both(node)), sigmoid(both(width + node)));
                    let (g, o) = (both(2 * width + node).tanh(), both(3 * width + node));
                    let c = f * c[node] + i * g;
                    (sigmoid(o) * c.tanh(), c)
                }
            };
            (h, c) = (0..width).map(next).unzip();
        }
        h
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
