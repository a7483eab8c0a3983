//! The works in plain Rust: fixed arrays and loops, as somebody would write them by hand for one network.

mod convolution;
mod dense;
mod recurrent;

use std::hint::black_box;
use std::process::ExitCode;

use dense::{AdamStep, Dense};
use harness::data::{
    BATCH, IMAGES, POLICY, SMALL, XOR, XOR_SAMPLES, images_batch, images_inputs, policy_batch,
    policy_input, small_input,
};
use harness::work::{
    IMAGES_RATE, IMAGES_STEPS, POLICY_RATE, POLICY_STEPS, XOR_RATE, XOR_STEPS, weighted_sum,
};
use harness::{Found, Timer, Work};

fn main() -> ExitCode {
    harness::run(
        "Rust loops",
        &[
            (Work::W1, xor_step),
            (Work::W2, xor_epoch),
            (Work::W3, policy_forward),
            (Work::W4, small_forward),
            (Work::W5, images_step),
            (Work::W6a, images_forward),
            (Work::W6b, images_forward_many),
            (Work::W7, policy_step),
            (Work::W8a, recurrent::gru::<16, 48>),
            (Work::W8b, recurrent::gru::<32, 96>),
            (Work::W8c, recurrent::gru::<64, 192>),
            (Work::W9a, recurrent::lstm::<16, 64>),
            (Work::W9b, recurrent::lstm::<32, 128>),
            (Work::W9c, recurrent::lstm::<64, 256>),
            (Work::W10a, convolution::one),
            (Work::W10b, convolution::many),
        ],
    )
}

#[inline]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[inline]
fn relu(x: f32) -> f32 {
    x.max(0.0)
}

/// `slopes *= derivative(value)`, the derivative of an activation from its value.
#[inline]
fn through<const N: usize>(
    slopes: &mut [f32; N],
    values: &[f32; N],
    derivative: impl Fn(f32) -> f32,
) {
    for (slope, value) in slopes.iter_mut().zip(values) {
        *slope *= derivative(*value);
    }
}

struct Xor {
    hidden: Dense<2, 3>,
    output: Dense<3, 1>,
}

impl Xor {
    fn load() -> Self {
        let layers = XOR.layers();
        Self {
            hidden: Dense::load(&layers[0]),
            output: Dense::load(&layers[1]),
        }
    }

    #[inline]
    fn forward(&self, input: &[f32; 2]) -> ([f32; 3], [f32; 1]) {
        let hidden = self.hidden.forward(input).map(sigmoid);
        (hidden, self.output.forward(&hidden).map(sigmoid))
    }

    /// The values of the hidden layer, and the slopes in the sums of both layers.
    #[inline]
    fn slopes(&self, input: &[f32; 2], target: &[f32; 1]) -> ([f32; 3], [f32; 3], [f32; 1]) {
        let (hidden, output) = self.forward(input);
        let [y] = output;
        let output_slopes = [2.0 * (y - target[0]) * y * (1.0 - y)];
        let mut hidden_slopes = self.output.backward(&output_slopes);
        through(&mut hidden_slopes, &hidden, |h| h * (1.0 - h));
        (hidden, hidden_slopes, output_slopes)
    }

    fn loss(&self) -> f64 {
        let errors = XOR_SAMPLES.map(|(input, target)| self.forward(&input).1[0] - target[0]);
        let squares = errors.map(|error| f64::from(error * error));
        squares.iter().sum::<f64>() / 4.0
    }
}

fn xor_step(timer: &Timer) -> Found {
    let mut network = Xor::load();
    let mut turn = 0;
    let mut step = |network: &mut Xor| {
        let (input, target) = black_box(&XOR_SAMPLES[turn % 4]);
        turn += 1;
        let (hidden, hidden_slopes, output_slopes) = network.slopes(input, target);
        network
            .output
            .add_gradient(-XOR_RATE, &hidden, &output_slopes);
        network
            .hidden
            .add_gradient(-XOR_RATE, input, &hidden_slopes);
    };
    for _ in 0..XOR_STEPS {
        step(&mut network);
    }
    let found = timer.time(network.loss(), || step(&mut network));
    black_box(network.loss());
    found
}

fn xor_epoch(timer: &Timer) -> Found {
    let mut network = Xor::load();
    let epoch = |network: &mut Xor| {
        let (mut hidden_gradient, mut output_gradient) = (Dense::ZEROS, Dense::ZEROS);
        for (input, target) in black_box(&XOR_SAMPLES) {
            let (hidden, hidden_slopes, output_slopes) = network.slopes(input, target);
            output_gradient.add_gradient(0.25, &hidden, &output_slopes);
            hidden_gradient.add_gradient(0.25, input, &hidden_slopes);
        }
        network.output.descend(XOR_RATE, &output_gradient);
        network.hidden.descend(XOR_RATE, &hidden_gradient);
    };
    for _ in 0..XOR_STEPS {
        epoch(&mut network);
    }
    let found = timer.time(network.loss(), || epoch(&mut network));
    black_box(network.loss());
    found
}

/// Two hidden layers of 64. Aligned, so that no vector of 8 lies across two lines of the cache.
#[derive(Clone)]
#[repr(C, align(64))]
struct Deep<const I: usize, const O: usize> {
    first: Dense<I, 64>,
    second: Dense<64, 64>,
    output: Dense<64, O>,
}

impl<const I: usize, const O: usize> Deep<I, O> {
    const ZEROS: Self = Self {
        first: Dense::ZEROS,
        second: Dense::ZEROS,
        output: Dense::ZEROS,
    };

    fn load(architecture: harness::data::Architecture) -> Self {
        let layers = architecture.layers();
        Self {
            first: Dense::load(&layers[0]),
            second: Dense::load(&layers[1]),
            output: Dense::load(&layers[2]),
        }
    }

    #[inline]
    fn values(
        &self,
        input: &[f32; I],
        activation: impl Fn(f32) -> f32,
    ) -> ([f32; 64], [f32; 64], [f32; O]) {
        let first = self.first.forward(input).map(&activation);
        let second = self.second.forward(&first).map(activation);
        (first, second, self.output.forward(&second))
    }
}

fn policy_forward(timer: &Timer) -> Found {
    let network = Deep::<13, 4>::load(POLICY);
    let input = policy_input();
    let forward = || black_box(&network).values(black_box(&input), f32::tanh).2;
    timer.time(weighted_sum(&forward()), || {
        black_box(forward());
    })
}

fn small_forward(timer: &Timer) -> Found {
    let network = Deep::<64, 10>::load(SMALL);
    let input = small_input();
    let forward = || black_box(&network).values(black_box(&input), relu).2;
    timer.time(weighted_sum(&forward()), || {
        black_box(forward());
    })
}

/// Aligned as well.
#[derive(Clone)]
#[repr(C, align(64))]
struct Images {
    hidden: Dense<784, 128>,
    output: Dense<128, 10>,
}

impl Images {
    fn load() -> Box<Self> {
        let layers = IMAGES.layers();
        Box::new(Self {
            hidden: Dense::load(&layers[0]),
            output: Dense::load(&layers[1]),
        })
    }

    #[inline]
    fn forward(&self, input: &[f32; 784]) -> ([f32; 128], [f32; 10]) {
        let hidden = self.hidden.forward(input).map(relu);
        (hidden, self.output.forward(&hidden))
    }

    /// A step of SGD; the loss before it.
    fn step(&mut self, gradient: &mut Self, inputs: &[[f32; 784]], classes: &[usize]) -> f32 {
        gradient.hidden.clear();
        gradient.output.clear();
        let mut loss = 0.0;
        for (input, class) in inputs.iter().zip(classes) {
            let (hidden, logits) = self.forward(input);
            let (own, slopes) = cross_entropy(&logits, *class);
            loss += own;
            gradient.output.add_gradient(1.0, &hidden, &slopes);
            let mut hidden_slopes = self.output.backward(&slopes);
            through(
                &mut hidden_slopes,
                &hidden,
                |h| {
                    if h > 0.0 { 1.0 } else { 0.0 }
                },
            );
            gradient.hidden.add_gradient(1.0, input, &hidden_slopes);
        }
        let share = 1.0 / inputs.len() as f32;
        self.hidden.descend(IMAGES_RATE * share, &gradient.hidden);
        self.output.descend(IMAGES_RATE * share, &gradient.output);
        loss * share
    }
}

/// The loss and its slopes in the logits.
fn cross_entropy(logits: &[f32; 10], class: usize) -> (f32, [f32; 10]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = powers.iter().sum();
    let mut slopes = powers.map(|power| power / sum);
    slopes[class] -= 1.0;
    (sum.ln() + largest - logits[class], slopes)
}

fn images_step(timer: &Timer) -> Found {
    let (mut network, mut gradient) = (Images::load(), Images::load());
    let (inputs, classes) = images_batch();
    let mut step = || network.step(&mut gradient, black_box(&inputs), black_box(&classes));
    for _ in 0..IMAGES_STEPS {
        step();
    }
    timer.time(f64::from(step()), || {
        black_box(step());
    })
}

fn images_forward(timer: &Timer) -> Found {
    let network = Images::load();
    let inputs = images_inputs();
    let forward = || black_box(&network).forward(black_box(&inputs[0])).1;
    timer.time(weighted_sum(&forward()), || {
        black_box(forward());
    })
}

fn images_forward_many(timer: &Timer) -> Found {
    let network = Images::load();
    let inputs = images_inputs();
    let mut outputs = vec![[0.0; 10]; inputs.len()];
    let forward = |outputs: &mut Vec<[f32; 10]>| {
        for (input, output) in black_box(&inputs).iter().zip(black_box(outputs)) {
            *output = black_box(&network).forward(input).1;
        }
    };
    forward(&mut outputs);
    let check = weighted_sum(outputs.as_flattened());
    timer.time(check, || forward(&mut outputs))
}

/// A network that Adam trains.
struct Trained {
    network: Deep<13, 4>,
    gradient: Deep<13, 4>,
    first: [Dense<13, 64>; 2],
    second: [Dense<64, 64>; 2],
    output: [Dense<64, 4>; 2],
    steps: i32,
}

impl Trained {
    fn load() -> Self {
        Self {
            network: Deep::load(POLICY),
            gradient: Deep::ZEROS,
            first: [const { Dense::ZEROS }; 2],
            second: [const { Dense::ZEROS }; 2],
            output: [const { Dense::ZEROS }; 2],
            steps: 0,
        }
    }

    /// A step of Adam; the loss before it.
    fn step(&mut self, inputs: &[[f32; 13]], targets: &[[f32; 4]]) -> f32 {
        const SHARE: f32 = 1.0 / (BATCH * 4) as f32;
        let (network, gradient) = (&mut self.network, &mut self.gradient);
        gradient.first.clear();
        gradient.second.clear();
        gradient.output.clear();
        let mut loss = 0.0;
        let slope = |value: f32| 1.0 - value * value;
        for (input, target) in inputs.iter().zip(targets) {
            let (first, second, output) = network.values(input, f32::tanh);
            let errors: [f32; 4] = std::array::from_fn(|node| output[node] - target[node]);
            loss += errors.iter().map(|error| error * error).sum::<f32>();
            let slopes = errors.map(|error| 2.0 * SHARE * error);
            gradient.output.add_gradient(1.0, &second, &slopes);
            let mut slopes = network.output.backward(&slopes);
            through(&mut slopes, &second, slope);
            gradient.second.add_gradient(1.0, &first, &slopes);
            let mut slopes = network.second.backward(&slopes);
            through(&mut slopes, &first, slope);
            gradient.first.add_gradient(1.0, input, &slopes);
        }
        self.steps += 1;
        let step = AdamStep::new(POLICY_RATE, self.steps);
        network.first.adapt(&step, &gradient.first, &mut self.first);
        network
            .second
            .adapt(&step, &gradient.second, &mut self.second);
        network
            .output
            .adapt(&step, &gradient.output, &mut self.output);
        loss * SHARE
    }
}

fn policy_step(timer: &Timer) -> Found {
    let mut trained = Box::new(Trained::load());
    let (inputs, targets) = policy_batch();
    let mut step = || trained.step(black_box(&inputs), black_box(&targets));
    for _ in 0..POLICY_STEPS {
        step();
    }
    timer.time(f64::from(step()), || {
        black_box(step());
    })
}
