//! nalgebra's `SMatrix` on the works. A sample is a column, so a batch is a matrix of columns; what is large is boxed.

mod dense;

use std::hint::black_box;
use std::process::ExitCode;

use dense::{AdamState, Dense, Matrix};
use harness::data::{
    BATCH, IMAGES, MANY, POLICY, SMALL, XOR, XOR_SAMPLES, images_batch, images_inputs,
    policy_batch, policy_input, small_input,
};
use harness::work::{
    IMAGES_RATE, IMAGES_STEPS, POLICY_RATE, POLICY_STEPS, XOR_RATE, XOR_STEPS, weighted_sum,
};
use harness::{Found, Timer, Work};

fn main() -> ExitCode {
    harness::run(
        "nalgebra",
        &[
            (Work::W1, xor_step),
            (Work::W2, xor_epoch),
            (Work::W3, policy_forward),
            (Work::W4, small_forward),
            (Work::W5, images_step),
            (Work::W6a, images_forward),
            (Work::W6b, images_forward_many),
            (Work::W7, policy_step),
        ],
    )
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn relu(x: f32) -> f32 {
    x.max(0.0)
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

    fn forward<const B: usize>(&self, input: &Matrix<2, B>) -> (Matrix<3, B>, Matrix<1, B>) {
        let hidden = self.hidden.forward(input).map(sigmoid);
        let output = self.output.forward(&hidden).map(sigmoid);
        (hidden, output)
    }

    #[inline]
    fn step<const B: usize>(&mut self, input: &Matrix<2, B>, target: &Matrix<1, B>) {
        let (hidden, output) = self.forward(input);
        let scale = 2.0 / B as f32;
        let slopes = output.zip_map(target, |y, t| scale * (y - t) * y * (1.0 - y));
        let mut hidden_slopes = self.output.backward(&slopes);
        hidden_slopes.zip_apply(&hidden, |slope, h| *slope *= h * (1.0 - h));
        let output_gradient = Dense::gradient(&hidden, &slopes);
        let hidden_gradient = Dense::gradient(input, &hidden_slopes);
        self.output.descend(XOR_RATE, &output_gradient);
        self.hidden.descend(XOR_RATE, &hidden_gradient);
    }

    fn loss(&self) -> f64 {
        let errors = XOR_SAMPLES.map(|(input, target)| {
            let (_, output) = self.forward(&Matrix::<2, 1>::from(input));
            f64::from(output[0] - target[0])
        });
        errors.map(|error| error * error).iter().sum::<f64>() / 4.0
    }
}

fn xor_step(timer: &Timer) -> Found {
    let mut network = Xor::load();
    let samples = XOR_SAMPLES.map(|(input, target)| {
        (
            Matrix::<2, 1>::from(input),
            Matrix::<1, 1>::from_element(target[0]),
        )
    });
    let mut turn = 0;
    let mut step = |network: &mut Xor| {
        let (input, target) = black_box(&samples[turn % 4]);
        turn += 1;
        network.step(input, target);
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
    let inputs = Matrix::<2, 4>::from_columns(&XOR_SAMPLES.map(|(input, _)| input.into()));
    let targets = Matrix::<1, 4>::from_iterator(XOR_SAMPLES.map(|(_, [target])| target));
    let epoch = |network: &mut Xor| network.step(black_box(&inputs), black_box(&targets));
    for _ in 0..XOR_STEPS {
        epoch(&mut network);
    }
    let found = timer.time(network.loss(), || epoch(&mut network));
    black_box(network.loss());
    found
}

/// Two hidden layers of 64.
struct Deep<const I: usize, const O: usize> {
    first: Dense<I, 64>,
    second: Dense<64, 64>,
    output: Dense<64, O>,
}

impl<const I: usize, const O: usize> Deep<I, O> {
    fn load(architecture: harness::data::Architecture) -> Self {
        let layers = architecture.layers();
        Self {
            first: Dense::load(&layers[0]),
            second: Dense::load(&layers[1]),
            output: Dense::load(&layers[2]),
        }
    }

    /// The values of all layers.
    #[inline]
    fn forward<const B: usize>(
        &self,
        input: &Matrix<I, B>,
        activation: impl Fn(f32) -> f32,
    ) -> (Matrix<64, B>, Matrix<64, B>, Matrix<O, B>) {
        let mut first = self.first.forward(input);
        first.apply(|value| *value = activation(*value));
        let mut second = self.second.forward(&first);
        second.apply(|value| *value = activation(*value));
        let output = self.output.forward(&second);
        (first, second, output)
    }
}

fn policy_forward(timer: &Timer) -> Found {
    let network = Deep::<13, 4>::load(POLICY);
    let input = Matrix::<13, 1>::from(policy_input());
    let forward = || black_box(&network).forward(black_box(&input), f32::tanh).2;
    timer.time(weighted_sum(forward().as_slice()), || {
        black_box(forward());
    })
}

fn small_forward(timer: &Timer) -> Found {
    let network = Deep::<64, 10>::load(SMALL);
    let input = Matrix::<64, 1>::from(small_input());
    let forward = || black_box(&network).forward(black_box(&input), relu).2;
    timer.time(weighted_sum(forward().as_slice()), || {
        black_box(forward());
    })
}

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

    fn forward<const B: usize>(&self, input: &Matrix<784, B>) -> (Matrix<128, B>, Matrix<10, B>) {
        let mut hidden = self.hidden.forward(input);
        hidden.apply(|value| *value = relu(*value));
        let output = self.output.forward(&hidden);
        (hidden, output)
    }

    /// A step of SGD; the loss before it. nalgebra multiplies with a transposed matrix on the left alone.
    fn step(
        &mut self,
        gradient: &mut Dense<784, 128>,
        input: &Matrix<784, BATCH>,
        transposed: &Matrix<BATCH, 784>,
        classes: &[usize],
    ) -> f32 {
        let (hidden, mut slopes) = self.forward(input);
        let mut loss = 0.0;
        for (mut logits, class) in slopes.column_iter_mut().zip(classes) {
            let largest = logits.max();
            loss += largest - logits[*class];
            logits.apply(|logit| *logit = (*logit - largest).exp());
            let sum = logits.sum();
            loss += sum.ln();
            logits /= sum * BATCH as f32;
            logits[*class] -= 1.0 / BATCH as f32;
        }
        let mut hidden_slopes = self.output.backward(&slopes);
        hidden_slopes.zip_apply(&hidden, |slope, h| {
            *slope = if h > 0.0 { *slope } else { 0.0 }
        });
        let output_gradient = Dense::gradient(&hidden, &slopes);
        gradient.set_gradient(transposed, &hidden_slopes);
        self.output.descend(IMAGES_RATE, &output_gradient);
        self.hidden.descend(IMAGES_RATE, gradient);
        loss / BATCH as f32
    }
}

fn images_step(timer: &Timer) -> Found {
    let mut network = Images::load();
    let mut gradient = Box::new(Dense::load(&IMAGES.layers()[0]));
    let (inputs, classes) = images_batch();
    let inputs = Box::new(Matrix::<784, BATCH>::from_column_slice(
        inputs.as_flattened(),
    ));
    let transposed = Box::new(inputs.transpose());
    let mut step = || {
        network.step(
            &mut gradient,
            black_box(&inputs),
            black_box(&transposed),
            black_box(&classes),
        )
    };
    for _ in 0..IMAGES_STEPS {
        step();
    }
    timer.time(f64::from(step()), || {
        black_box(step());
    })
}

fn images_forward(timer: &Timer) -> Found {
    let network = Images::load();
    let input = Matrix::<784, 1>::from(images_inputs()[0]);
    let forward = || black_box(&network).forward(black_box(&input)).1;
    timer.time(weighted_sum(forward().as_slice()), || {
        black_box(forward());
    })
}

fn images_forward_many(timer: &Timer) -> Found {
    let network = Images::load();
    let inputs = Box::new(Matrix::<784, MANY>::from_column_slice(
        images_inputs().as_flattened(),
    ));
    let forward = || black_box(&network).forward(black_box(&inputs)).1;
    timer.time(weighted_sum(forward().as_slice()), || {
        black_box(forward());
    })
}

fn policy_step(timer: &Timer) -> Found {
    let mut network = Deep::<13, 4>::load(POLICY);
    let mut first_state = AdamState::new();
    let mut second_state = AdamState::new();
    let mut output_state = AdamState::new();
    let (inputs, targets) = policy_batch();
    let inputs = Matrix::<13, BATCH>::from_column_slice(inputs.as_flattened());
    let targets = Matrix::<4, BATCH>::from_column_slice(targets.as_flattened());
    let share = 1.0 / (BATCH * 4) as f32;
    let mut steps = 0;
    let mut step = || {
        let input = black_box(&inputs);
        let (first, second, output) = network.forward(input, f32::tanh);
        let errors = output - black_box(&targets);
        let slopes = errors * (2.0 * share);
        let mut second_slopes = network.output.backward(&slopes);
        second_slopes.zip_apply(&second, |slope, value| *slope *= 1.0 - value * value);
        let mut first_slopes = network.second.backward(&second_slopes);
        first_slopes.zip_apply(&first, |slope, value| *slope *= 1.0 - value * value);
        let output_gradient = Dense::gradient(&second, &slopes);
        let second_gradient = Dense::gradient(&first, &second_slopes);
        let first_gradient = Dense::gradient(input, &first_slopes);
        steps += 1;
        let corrections = [0.9_f32, 0.999].map(|decay| 1.0 / (1.0 - decay.powi(steps)));
        network
            .first
            .adapt(POLICY_RATE, corrections, &first_gradient, &mut first_state);
        network.second.adapt(
            POLICY_RATE,
            corrections,
            &second_gradient,
            &mut second_state,
        );
        network.output.adapt(
            POLICY_RATE,
            corrections,
            &output_gradient,
            &mut output_state,
        );
        errors.norm_squared() * share
    };
    for _ in 0..POLICY_STEPS {
        step();
    }
    timer.time(f64::from(step()), || {
        black_box(step());
    })
}
