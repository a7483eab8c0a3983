//! A dense network and its losses in plain f64, with run-time sizes and std's functions: shares no code with the library.

use core::f64::consts::PI;
use core::iter;

/// How far the checked sample stays from every kink, in each layer's sums and in the loss. Numeric derivatives move a
/// parameter by up to 2.5e-4, which layers amplify on its way to other sums.
pub(crate) const MARGIN: f64 = 0.02;

/// A dense layer: weights as `[inputs][outputs]`, then the bias.
pub(crate) struct PlainDense {
    inputs: usize,
    outputs: usize,
    activation: fn(f64) -> f64,
    kinks: &'static [f64],
}

impl PlainDense {
    /// With an activation by its name.
    pub(crate) fn new(inputs: usize, outputs: usize, activation: &str) -> Self {
        let (activation, kinks): (fn(f64) -> f64, &[f64]) = match activation {
            "Identity" => (|x| x, &[]),
            "Relu" => (|x| x.max(0.0), &[0.0]),
            "LeakyRelu" => (|x| x.max(0.01 * x), &[0.0]),
            "Elu" => (|x| if x < 0.0 { x.exp() - 1.0 } else { x }, &[0.0]),
            "Gelu" => (
                |x| 0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh()),
                &[],
            ),
            "Silu" => (|x| x / (1.0 + (-x).exp()), &[]),
            "Softplus" => (|x| (1.0 + x.exp()).ln(), &[]),
            "Sigmoid" => (sigmoid, &[]),
            "Tanh" => (f64::tanh, &[]),
            "HardSigmoid" => (|x| (x / 6.0 + 0.5).clamp(0.0, 1.0), &[-3.0, 3.0]),
            "HardTanh" => (|x| x.clamp(-1.0, 1.0), &[-1.0, 1.0]),
            other => panic!("no plain form of {other}"),
        };
        Self {
            inputs,
            outputs,
            activation,
            kinks,
        }
    }

    fn weights(&self) -> usize {
        self.inputs * self.outputs
    }

    /// What goes into the activation.
    fn sums(&self, parameters: &[f64], input: &[f64]) -> Vec<f64> {
        let (weights, bias) = parameters.split_at(self.weights());
        let mut sums = bias.to_vec();
        for (x, weights) in input.iter().zip(weights.chunks(self.outputs)) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += x * weight;
            }
        }
        sums
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|y| y.exp()).sum();
    logits.iter().map(|y| y.exp() / sum).collect()
}

/// Dense layers in a row; their parameters lie in one slice, layer by layer.
pub(crate) struct PlainNetwork(pub(crate) Vec<PlainDense>);

impl PlainNetwork {
    pub(crate) fn parameters(&self) -> usize {
        let each = |layer: &PlainDense| layer.weights() + layer.outputs;
        self.0.iter().map(each).sum()
    }
    pub(crate) fn inputs(&self) -> usize {
        self.0.first().expect("a layer").inputs
    }
    pub(crate) fn outputs(&self) -> usize {
        self.0.last().expect("a layer").outputs
    }

    pub(crate) fn forward(&self, mut parameters: &[f64], input: &[f64]) -> Vec<f64> {
        let mut values = input.to_vec();
        for layer in &self.0 {
            let (own, rest) = parameters.split_at(layer.weights() + layer.outputs);
            values = layer.sums(own, &values);
            for value in &mut values {
                *value = (layer.activation)(*value);
            }
            parameters = rest;
        }
        values
    }

    /// From numbers of -1 to 1 to parameters that neither saturate nor vanish, all of them exact in f32.
    pub(crate) fn scale(&self, noise: &[f32]) -> Vec<f64> {
        let mut parameters = Vec::new();
        let mut noise = noise.iter();
        for layer in &self.0 {
            let weight = (4.0 / layer.inputs as f64).sqrt();
            let scales = [(layer.weights(), weight), (layer.outputs, 0.5)];
            for (count, scale) in scales {
                let scaled = |x: &f32| rounded(f64::from(*x) * scale);
                parameters.extend(noise.by_ref().take(count).map(scaled));
            }
        }
        parameters
    }

    /// Sets each bias, layer by layer, so that the sums of an input stay off the kinks, and that the first output is
    /// where every activation has a slope.
    pub(crate) fn avoid_kinks(&self, mut parameters: &mut [f64], input: &[f64]) {
        let mut values = input.to_vec();
        for (index, layer) in self.0.iter().enumerate() {
            let (own, rest) = parameters.split_at_mut(layer.weights() + layer.outputs);
            let sums = layer.sums(own, &values);
            let biases = own[layer.weights()..].iter_mut();
            for (output, (bias, sum)) in biases.zip(sums).enumerate() {
                let mut wanted = sum;
                for kink in layer.kinks {
                    if (sum - kink).abs() < 1.5 * MARGIN {
                        wanted = kink + (1.5 * MARGIN).copysign(sum - kink);
                    }
                }
                let first = index + 1 == self.0.len() && output == 0;
                if first && !(0.1..0.9).contains(&sum) {
                    wanted = 0.5;
                }
                if wanted != sum {
                    *bias = rounded(*bias + wanted - sum);
                }
            }
            let sums = layer.sums(own, &values);
            for sum in &sums {
                let near = |kink: &f64| (sum - kink).abs() < MARGIN;
                assert!(!layer.kinks.iter().any(near), "a kink is near {sum}");
            }
            values = sums.into_iter().map(layer.activation).collect();
            parameters = rest;
        }
    }
}

/// A loss; `Class` is the cross-entropy whose target is an index, here 1 at that index and 0 elsewhere.
#[derive(Clone, Copy)]
pub(crate) enum PlainLoss {
    Squared,
    Absolute,
    Huber,
    Binary,
    Cross,
    Class,
}

impl PlainLoss {
    pub(crate) fn loss(self, output: &[f64], target: &[f64]) -> f64 {
        let each = |(y, t): (&f64, &f64)| match self {
            Self::Squared => (y - t).powi(2),
            Self::Absolute => (y - t).abs(),
            Self::Huber if (y - t).abs() > 1.0 => (y - t).abs() - 0.5,
            Self::Huber => (y - t).powi(2) / 2.0,
            Self::Binary => -(t * sigmoid(*y).ln() + (1.0 - t) * sigmoid(-y).ln()),
            Self::Cross | Self::Class => t * (output.iter().map(|z| z.exp()).sum::<f64>().ln() - y),
        };
        let sum: f64 = output.iter().zip(target).map(each).sum();
        match self {
            Self::Cross | Self::Class => sum,
            _ => sum / output.len() as f64,
        }
    }

    /// A random target that stays off the loss's kinks and leaves its slope for the first output above 0.005; from a
    /// number of -1 to 1 for each output.
    pub(crate) fn target(self, output: &[f64], noise: &[f32]) -> Vec<f64> {
        let noise = noise.iter().map(|x| f64::from(*x));
        let away = |from: f64, by: f64| if from > 0.5 { from - by } else { from + by };
        let target: Vec<f64> = match self {
            Self::Squared | Self::Absolute | Self::Huber => {
                let error = |x: f64| match 0.5 + 1.5 * x.abs() {
                    near if (near - 1.0).abs() < 2.0 * MARGIN => 1.1_f64.copysign(x),
                    size => size.copysign(x),
                };
                let pairs = output.iter().zip(noise);
                pairs.map(|(y, x)| y + error(x)).collect()
            }
            Self::Binary => {
                let pairs = output.iter().zip(noise);
                let each = |(y, x): (&f64, f64)| away(sigmoid(*y), 0.25 + 0.25 * x.abs());
                pairs.map(each).collect()
            }
            Self::Cross => {
                // the others share what the first leaves
                let first = away(softmax(output)[0], 0.3);
                let shares: Vec<f64> = noise.skip(1).map(|x| 1.5 + x).collect();
                let sum: f64 = shares.iter().sum();
                let others = shares.iter().map(|share| share * (1.0 - first) / sum);
                iter::once(first).chain(others).collect()
            }
            Self::Class => {
                let drawn = noise.map(|x| (x + 1.0) / 2.0 * output.len() as f64).next();
                let class = drawn.map_or(0, |x| x as usize).min(output.len() - 1);
                let first = softmax(output)[0];
                let flat = (first - f64::from(u8::from(class == 0))).abs() < 0.02;
                let class = if flat { usize::from(class == 0) } else { class };
                let indices = 0..output.len();
                indices.map(|i| f64::from(u8::from(i == class))).collect()
            }
        };
        target.into_iter().map(rounded).collect()
    }

    /// The target that an output fits exactly: itself, or the probabilities that it stands for.
    pub(crate) fn fit(self, output: &[f64]) -> Vec<f64> {
        match self {
            Self::Squared | Self::Absolute | Self::Huber => output.to_vec(),
            Self::Binary => output.iter().map(|y| sigmoid(*y)).collect(),
            Self::Cross | Self::Class => softmax(output),
        }
    }
}

/// The derivatives of `f` by central differences of fourth order.
pub(crate) fn numeric_gradient(at: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    // a power of two, so that most numbers move by exactly as much
    const STEP: f64 = 1.0 / 8192.0;
    let mut moved = at.to_vec();
    let mut derivative = |index: usize| {
        let mut difference = |step: f64| {
            moved[index] = at[index] + step;
            let after = f(&moved);
            moved[index] = at[index] - step;
            let before = f(&moved);
            moved[index] = at[index];
            after - before
        };
        (8.0 * difference(STEP) - difference(2.0 * STEP)) / (12.0 * STEP)
    };
    (0..at.len()).map(&mut derivative).collect()
}

fn rounded(x: f64) -> f64 {
    f64::from(x as f32)
}
