//! What each work should give: the plainest networks there are, in `f64`, a sample at a time.

use crate::convolution;
use crate::data::{
    Architecture, IMAGES, POLICY, SMALL, XOR, XOR_SAMPLES, images_batch, images_inputs,
    policy_batch, policy_input, small_input,
};
use crate::recurrent::Recurrent;
use crate::work::{
    IMAGES_RATE, IMAGES_STEPS, POLICY_RATE, POLICY_STEPS, Work, XOR_RATE, XOR_STEPS,
};

#[derive(Clone, Copy)]
enum Activation {
    Identity,
    Relu,
    Sigmoid,
    Tanh,
}

impl Activation {
    fn of(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(0.0),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
        }
    }

    /// The derivative, from the value.
    fn slope(self, y: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Relu => f64::from(y > 0.0),
            Self::Sigmoid => y * (1.0 - y),
            Self::Tanh => 1.0 - y * y,
        }
    }
}

/// Parameters as in [`Architecture::parameters`].
struct Network {
    sizes: &'static [usize],
    hidden: Activation,
    output: Activation,
    parameters: Vec<f64>,
}

impl Network {
    fn new(architecture: Architecture, hidden: Activation, output: Activation) -> Self {
        Self {
            sizes: architecture.sizes,
            hidden,
            output,
            parameters: wide(&architecture.parameters()),
        }
    }

    /// Inputs, outputs, where its parameters begin, and the activation of each layer.
    fn layers(&self) -> Vec<(usize, usize, usize, Activation)> {
        let last = self.sizes.len() - 2;
        let mut begin = 0;
        let layer = |(place, pair): (usize, &[usize])| {
            let activation = if place == last {
                self.output
            } else {
                self.hidden
            };
            let layer = (pair[0], pair[1], begin, activation);
            begin += (pair[0] + 1) * pair[1];
            layer
        };
        self.sizes.windows(2).enumerate().map(layer).collect()
    }

    /// The input and the values after each layer.
    fn values(&self, input: &[f32]) -> Vec<Vec<f64>> {
        let mut values = vec![wide(input)];
        for (inputs, outputs, begin, activation) in self.layers() {
            let from = &values[values.len() - 1];
            let node = |node: usize| {
                let bias = self.parameters[begin + inputs * outputs + node];
                let weights = self.parameters[begin + node..].iter().step_by(outputs);
                let sum: f64 = from.iter().zip(weights).map(|(x, w)| x * w).sum();
                activation.of(bias + sum)
            };
            values.push((0..outputs).map(node).collect());
        }
        values
    }

    fn outputs(&self, input: &[f32]) -> Vec<f64> {
        self.values(input).pop().unwrap_or_default()
    }

    /// Adds one sample's gradient, from the slope of the loss in the outputs.
    fn add_gradient(&self, values: &[Vec<f64>], slopes: Vec<f64>, gradient: &mut [f64]) {
        let mut slopes = slopes;
        let layers = self.layers().into_iter().zip(values.windows(2)).rev();
        for ((inputs, outputs, begin, activation), pair) in layers {
            for (slope, value) in slopes.iter_mut().zip(&pair[1]) {
                *slope *= activation.slope(*value);
            }
            let mut back = vec![0.0; inputs];
            for (node, slope) in slopes.iter().enumerate() {
                for input in 0..inputs {
                    let place = begin + input * outputs + node;
                    gradient[place] += slope * pair[0][input];
                    back[input] += slope * self.parameters[place];
                }
                gradient[begin + inputs * outputs + node] += slope;
            }
            slopes = back;
        }
    }

    /// The mean loss of a batch and its gradient.
    fn gradient<'a>(
        &self,
        inputs: impl ExactSizeIterator<Item = &'a [f32]>,
        loss: impl Fn(usize, &[f64]) -> (f64, Vec<f64>),
    ) -> (f64, Vec<f64>) {
        let count = inputs.len() as f64;
        let mut gradient = vec![0.0; self.parameters.len()];
        let mut sum = 0.0;
        for (sample, input) in inputs.enumerate() {
            let values = self.values(input);
            let (loss, slopes) = loss(sample, &values[values.len() - 1]);
            sum += loss;
            self.add_gradient(&values, slopes, &mut gradient);
        }
        gradient.iter_mut().for_each(|slope| *slope /= count);
        (sum / count, gradient)
    }

    fn descend(&mut self, rate: f32, gradient: &[f64]) {
        for (parameter, slope) in self.parameters.iter_mut().zip(gradient) {
            *parameter -= f64::from(rate) * slope;
        }
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

fn squared_error(outputs: &[f64], target: &[f32]) -> (f64, Vec<f64>) {
    let count = outputs.len() as f64;
    let errors = outputs.iter().zip(target).map(|(y, t)| y - f64::from(*t));
    let loss = errors.clone().map(|error| error * error).sum::<f64>() / count;
    (loss, errors.map(|error| 2.0 * error / count).collect())
}

fn cross_entropy(logits: &[f64], class: usize) -> (f64, Vec<f64>) {
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    let probability =
        |(node, logit): (usize, &f64)| logit.exp() / sum - f64::from(u8::from(node == class));
    let slopes = logits.iter().enumerate().map(probability).collect();
    (sum.ln() - logits[class], slopes)
}

fn xor(samples_in_a_step: usize) -> f64 {
    let mut network = Network::new(XOR, Activation::Sigmoid, Activation::Sigmoid);
    let mean = |network: &Network, samples: &[([f32; 2], [f32; 1])]| {
        let inputs = samples.iter().map(|(input, _)| input.as_slice());
        network.gradient(inputs, |sample, outputs| {
            squared_error(outputs, &samples[sample].1)
        })
    };
    let batches = XOR_SAMPLES.chunks(samples_in_a_step).cycle();
    for batch in batches.take(XOR_STEPS) {
        let (_, gradient) = mean(&network, batch);
        network.descend(XOR_RATE, &gradient);
    }
    mean(&network, &XOR_SAMPLES).0
}

fn weighted_sum(outputs: impl Iterator<Item = f64>) -> f64 {
    let weights = (1..=7).cycle().map(f64::from);
    outputs.zip(weights).map(|(y, weight)| y * weight).sum()
}

fn forward<'a>(
    architecture: Architecture,
    hidden: Activation,
    inputs: impl Iterator<Item = &'a [f32]>,
) -> f64 {
    let network = Network::new(architecture, hidden, Activation::Identity);
    weighted_sum(inputs.flat_map(|input| network.outputs(input)))
}

fn images_step() -> f64 {
    let mut network = Network::new(IMAGES, Activation::Relu, Activation::Identity);
    let (inputs, classes) = images_batch();
    let mean = |network: &Network| {
        let inputs = inputs.iter().map(|input| input.as_slice());
        network.gradient(inputs, |sample, logits| {
            cross_entropy(logits, classes[sample])
        })
    };
    for _ in 0..IMAGES_STEPS {
        let (_, gradient) = mean(&network);
        network.descend(IMAGES_RATE, &gradient);
    }
    mean(&network).0
}

fn policy_step() -> f64 {
    let mut network = Network::new(POLICY, Activation::Tanh, Activation::Identity);
    let (inputs, targets) = policy_batch();
    let mean = |network: &Network| {
        let inputs = inputs.iter().map(|input| input.as_slice());
        network.gradient(inputs, |sample, outputs| {
            squared_error(outputs, &targets[sample])
        })
    };
    let mut state = vec![(0.0, 0.0); network.parameters.len()];
    for step in 1..=POLICY_STEPS as i32 {
        let (_, gradient) = mean(&network);
        let numbers = network.parameters.iter_mut().zip(gradient).zip(&mut state);
        for ((parameter, slope), (first, second)) in numbers {
            *first = 0.9 * *first + 0.1 * slope;
            *second = 0.999 * *second + 0.001 * slope * slope;
            let unbiased = *first / (1.0 - 0.9_f64.powi(step));
            let root = (*second / (1.0 - 0.999_f64.powi(step))).sqrt();
            *parameter -= f64::from(POLICY_RATE) * unbiased / (root + 1e-8);
        }
    }
    mean(&network).0
}

/// What the check of a work should be.
pub fn value(work: Work) -> f64 {
    let images = images_inputs();
    let images = images.iter().map(|input| input.as_slice());
    match work {
        Work::W1 => xor(1),
        Work::W2 => xor(XOR_SAMPLES.len()),
        Work::W3 => forward(
            POLICY,
            Activation::Tanh,
            [policy_input().as_slice()].into_iter(),
        ),
        Work::W4 => forward(
            SMALL,
            Activation::Relu,
            [small_input().as_slice()].into_iter(),
        ),
        Work::W5 => images_step(),
        Work::W6a => forward(IMAGES, Activation::Relu, images.take(1)),
        Work::W6b => forward(IMAGES, Activation::Relu, images),
        Work::W7 => policy_step(),
        Work::W8a | Work::W8b | Work::W8c | Work::W9a | Work::W9b | Work::W9c => {
            let state = Recurrent::of(work).map(Recurrent::state);
            weighted_sum(state.into_iter().flatten())
        }
        Work::W10a => weighted_sum(convolution::outputs(1).into_iter()),
        Work::W10b => weighted_sum(convolution::outputs(convolution::IMAGES).into_iter()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let (inputs, targets) = policy_batch();
        let mut network = Network::new(POLICY, Activation::Tanh, Activation::Identity);
        let mean = |network: &Network| {
            let inputs = inputs.iter().map(|input| input.as_slice());
            network.gradient(inputs, |sample, outputs| {
                squared_error(outputs, &targets[sample])
            })
        };
        let (_, gradient) = mean(&network);
        for place in (0..gradient.len()).step_by(997) {
            let mut loss_at = |move_by: f64| {
                network.parameters[place] += move_by;
                let (loss, _) = mean(&network);
                network.parameters[place] -= move_by;
                loss
            };
            let slope = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
            assert!((slope - gradient[place]).abs() < 1e-8, "{place}");
        }
    }
}
