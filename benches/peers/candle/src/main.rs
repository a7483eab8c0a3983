//! candle on the works, on the CPU: its layers, losses and optimizers as they are.

mod convolution;
mod recurrent;

use std::hint::black_box;
use std::process::ExitCode;

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::loss::{cross_entropy, mse};
use candle_nn::ops::sigmoid;
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, SGD};
use harness::data::{
    Architecture, IMAGES, POLICY, SMALL, XOR, XOR_SAMPLES, images_batch, images_inputs,
    policy_batch, policy_input, small_input,
};
use harness::work::{
    IMAGES_RATE, IMAGES_STEPS, POLICY_RATE, POLICY_STEPS, XOR_RATE, XOR_STEPS, weighted_sum,
};
use harness::{Found, Timer, Work};

pub(crate) const FITS: &str = "shapes fit";

fn main() -> ExitCode {
    harness::run(
        "candle",
        &[
            (Work::W1, xor_step),
            (Work::W2, xor_epoch),
            (Work::W3, policy_forward),
            (Work::W4, small_forward),
            (Work::W5, images_step),
            (Work::W6a, images_forward),
            (Work::W6b, images_forward_many),
            (Work::W7, policy_step),
            (Work::W8a, recurrent::gru::<16>),
            (Work::W8b, recurrent::gru::<32>),
            (Work::W8c, recurrent::gru::<64>),
            (Work::W9a, recurrent::lstm::<16>),
            (Work::W9b, recurrent::lstm::<32>),
            (Work::W9c, recurrent::lstm::<64>),
            (Work::W10a, convolution::one),
            (Work::W10b, convolution::many),
        ],
    )
}

type Activation = fn(&Tensor) -> Result<Tensor>;

struct Network {
    layers: Vec<Linear>,
    variables: Vec<Var>,
    hidden: Activation,
    output: Option<Activation>,
}

impl Network {
    fn load(architecture: Architecture, hidden: Activation, output: Option<Activation>) -> Self {
        let (mut layers, mut variables) = (Vec::new(), Vec::new());
        for layer in architecture.layers() {
            let weights = variable(&layer.transposed(), &[layer.outputs, layer.inputs]);
            let bias = variable(&layer.bias, &[layer.outputs]);
            let linear = Linear::new(weights.as_tensor().clone(), Some(bias.as_tensor().clone()));
            layers.push(linear);
            variables.extend([weights, bias]);
        }
        Self {
            layers,
            variables,
            hidden,
            output,
        }
    }

    /// Without what records gradients.
    fn detached(mut self) -> Self {
        for layer in &mut self.layers {
            *layer = Linear::new(layer.weight().detach(), layer.bias().map(Tensor::detach));
        }
        self
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let last = self.layers.len() - 1;
        let mut values = input.clone();
        for (place, layer) in self.layers.iter().enumerate() {
            values = layer.forward(&values)?;
            if place < last {
                values = (self.hidden)(&values)?;
            } else if let Some(output) = self.output {
                values = output(&values)?;
            }
        }
        Ok(values)
    }
}

fn variable(values: &[f32], shape: &[usize]) -> Var {
    Var::from_slice(values, shape, &Device::Cpu).expect(FITS)
}

fn rows<const N: usize>(rows: &[[f32; N]]) -> Tensor {
    Tensor::from_slice(rows.as_flattened(), (rows.len(), N), &Device::Cpu).expect(FITS)
}

fn number(tensor: &Tensor) -> f64 {
    f64::from(tensor.to_scalar::<f32>().expect(FITS))
}

fn xor_network() -> (Network, SGD) {
    let network = Network::load(XOR, sigmoid, Some(sigmoid));
    let sgd = SGD::new(network.variables.clone(), f64::from(XOR_RATE)).expect(FITS);
    (network, sgd)
}

fn xor_loss(network: &Network) -> f64 {
    let outputs = network.forward(&rows(&XOR_SAMPLES.map(|(input, _)| input)));
    let targets = rows(&XOR_SAMPLES.map(|(_, target)| target));
    number(&mse(&outputs.expect(FITS), &targets).expect(FITS))
}

fn xor_step(timer: &Timer) -> Found {
    let (network, mut sgd) = xor_network();
    let samples = XOR_SAMPLES.map(|(input, target)| (rows(&[input]), rows(&[target])));
    let mut turn = 0;
    let mut step = || -> Result<()> {
        let (input, target) = black_box(&samples[turn % 4]);
        turn += 1;
        sgd.backward_step(&mse(&network.forward(input)?, target)?)
    };
    for _ in 0..XOR_STEPS {
        step().expect(FITS);
    }
    timer.time(xor_loss(&network), || step().expect(FITS))
}

fn xor_epoch(timer: &Timer) -> Found {
    let (network, mut sgd) = xor_network();
    let inputs = rows(&XOR_SAMPLES.map(|(input, _)| input));
    let targets = rows(&XOR_SAMPLES.map(|(_, target)| target));
    let mut epoch =
        || -> Result<()> { sgd.backward_step(&mse(&network.forward(&inputs)?, &targets)?) };
    for _ in 0..XOR_STEPS {
        epoch().expect(FITS);
    }
    timer.time(xor_loss(&network), || epoch().expect(FITS))
}

fn forward(timer: &Timer, network: Network, input: &Tensor) -> Found {
    let network = network.detached();
    let forward = || network.forward(black_box(input)).expect(FITS);
    let outputs: Vec<f32> = forward()
        .flatten_all()
        .and_then(|all| all.to_vec1())
        .expect(FITS);
    timer.time(weighted_sum(&outputs), || {
        black_box(forward());
    })
}

fn policy_forward(timer: &Timer) -> Found {
    let network = Network::load(POLICY, Tensor::tanh, None);
    forward(timer, network, &rows(&[policy_input()]))
}

fn small_forward(timer: &Timer) -> Found {
    let network = Network::load(SMALL, Tensor::relu, None);
    forward(timer, network, &rows(&[small_input()]))
}

fn images_forward(timer: &Timer) -> Found {
    let network = Network::load(IMAGES, Tensor::relu, None);
    forward(timer, network, &rows(&images_inputs()[..1]))
}

fn images_forward_many(timer: &Timer) -> Found {
    let network = Network::load(IMAGES, Tensor::relu, None);
    forward(timer, network, &rows(&images_inputs()))
}

fn images_step(timer: &Timer) -> Found {
    let network = Network::load(IMAGES, Tensor::relu, None);
    let mut sgd = SGD::new(network.variables.clone(), f64::from(IMAGES_RATE)).expect(FITS);
    let (inputs, classes) = images_batch();
    let inputs = rows(&inputs);
    let classes: Vec<u32> = classes.into_iter().map(|class| class as u32).collect();
    let classes = Tensor::new(classes, &Device::Cpu).expect(FITS);
    let mut step = || -> Result<Tensor> {
        let loss = cross_entropy(&network.forward(&inputs)?, &classes)?;
        sgd.backward_step(&loss)?;
        Ok(loss)
    };
    for _ in 0..IMAGES_STEPS {
        step().expect(FITS);
    }
    timer.time(number(&step().expect(FITS)), || {
        step().expect(FITS);
    })
}

fn policy_step(timer: &Timer) -> Found {
    let network = Network::load(POLICY, Tensor::tanh, None);
    // without decay of the weights it is Adam
    let parameters = ParamsAdamW {
        lr: f64::from(POLICY_RATE),
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.0,
    };
    let mut adam = AdamW::new(network.variables.clone(), parameters).expect(FITS);
    let (inputs, targets) = policy_batch();
    let (inputs, targets) = (rows(&inputs), rows(&targets));
    let mut step = || -> Result<Tensor> {
        let loss = mse(&network.forward(&inputs)?, &targets)?;
        adam.backward_step(&loss)?;
        Ok(loss)
    };
    for _ in 0..POLICY_STEPS {
        step().expect(FITS);
    }
    timer.time(number(&step().expect(FITS)), || {
        step().expect(FITS);
    })
}
