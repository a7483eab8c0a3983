//! burn on the works, on the CPU, with its backend for it, flex.

mod convolution;
mod recurrent;

use std::hint::black_box;
use std::process::ExitCode;

use burn::module::{Module, Param};
use burn::nn::loss::{CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Int, Tensor, TensorData};
use harness::data::{
    Architecture, IMAGES, POLICY, SMALL, XOR, XOR_SAMPLES, images_batch, images_inputs,
    policy_batch, policy_input, small_input,
};
use harness::work::{
    IMAGES_RATE, IMAGES_STEPS, POLICY_RATE, POLICY_STEPS, XOR_RATE, XOR_STEPS, weighted_sum,
};
use harness::{Found, Timer, Work};

fn main() -> ExitCode {
    harness::run(
        "burn",
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

type Activation = fn(Tensor<2>) -> Tensor<2>;

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    fn load(architecture: Architecture, device: &Device) -> Self {
        let layer = |layer: &harness::data::Layer| {
            let shape = [layer.inputs, layer.outputs];
            let mut linear = LinearConfig::new(layer.inputs, layer.outputs).init(device);
            linear.weight = Param::from_tensor(matrix(layer.weights.clone(), shape, device));
            let bias = TensorData::new(layer.bias.clone(), [layer.outputs]);
            linear.bias = Some(Param::from_tensor(Tensor::from_data(bias, device)));
            linear
        };
        Self {
            layers: architecture.layers().iter().map(layer).collect(),
        }
    }

    /// The last layer's sums.
    fn forward(&self, input: Tensor<2>, hidden: Activation) -> Tensor<2> {
        let mut layers = self.layers.iter();
        let first = layers.next().expect("there are layers");
        layers.fold(first.forward(input), |sums, layer| {
            layer.forward(hidden(sums))
        })
    }
}

pub(crate) fn matrix(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn rows<const N: usize>(rows: &[[f32; N]], device: &Device) -> Tensor<2> {
    matrix(rows.as_flattened().to_vec(), [rows.len(), N], device)
}

fn number(tensor: Tensor<1>) -> f64 {
    f64::from(tensor.into_scalar::<f32>())
}

fn squared_error(outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    MseLoss::new().forward(outputs, targets, Reduction::Mean)
}

/// A network that is trained: burn's optimizers take it and give another.
struct Trained {
    network: Option<Network>,
    optimizer: ModuleOptimizer,
    rate: f32,
}

impl Trained {
    fn new(network: Network, optimizer: ModuleOptimizer, rate: f32) -> Self {
        Self {
            network: Some(network),
            optimizer,
            rate,
        }
    }

    fn network(&self) -> &Network {
        self.network.as_ref().expect("a step gives one back")
    }

    /// A step; the loss before it.
    fn step(&mut self, loss: impl FnOnce(&Network) -> Tensor<1>) -> Tensor<1> {
        let network = self.network.take().expect("a step gives one back");
        let loss = loss(&network);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let rate = f64::from(self.rate);
        self.network = Some(self.optimizer.step(rate, network, gradients));
        loss
    }
}

fn xor_outputs(network: &Network, input: Tensor<2>) -> Tensor<2> {
    sigmoid(network.forward(input, sigmoid))
}

fn xor_samples(device: &Device) -> (Tensor<2>, Tensor<2>) {
    (
        rows(&XOR_SAMPLES.map(|(input, _)| input), device),
        rows(&XOR_SAMPLES.map(|(_, target)| target), device),
    )
}

fn xor_loss(network: &Network, device: &Device) -> f64 {
    let (inputs, targets) = xor_samples(device);
    number(squared_error(xor_outputs(network, inputs), targets))
}

fn xor_step(timer: &Timer) -> Found {
    let device = Device::flex().autodiff();
    let sgd = SgdConfig::new().init();
    let mut trained = Trained::new(Network::load(XOR, &device), sgd, XOR_RATE);
    let samples =
        XOR_SAMPLES.map(|(input, target)| (rows(&[input], &device), rows(&[target], &device)));
    let mut turn = 0;
    let mut step = |trained: &mut Trained| {
        let (input, target) = black_box(samples[turn % 4].clone());
        turn += 1;
        trained.step(|network| squared_error(xor_outputs(network, input), target));
    };
    for _ in 0..XOR_STEPS {
        step(&mut trained);
    }
    let loss = xor_loss(trained.network(), &device);
    timer.time(loss, || step(&mut trained))
}

fn xor_epoch(timer: &Timer) -> Found {
    let device = Device::flex().autodiff();
    let sgd = SgdConfig::new().init();
    let mut trained = Trained::new(Network::load(XOR, &device), sgd, XOR_RATE);
    let samples = xor_samples(&device);
    let epoch = |trained: &mut Trained| {
        let (inputs, targets) = black_box(samples.clone());
        trained.step(|network| squared_error(xor_outputs(network, inputs), targets));
    };
    for _ in 0..XOR_STEPS {
        epoch(&mut trained);
    }
    let loss = xor_loss(trained.network(), &device);
    timer.time(loss, || epoch(&mut trained))
}

fn forward(timer: &Timer, network: &Network, input: &Tensor<2>, hidden: Activation) -> Found {
    let forward = || network.forward(black_box(input).clone(), hidden);
    let outputs = forward().into_data().try_to_vec::<f32>();
    let check = weighted_sum(&outputs.expect("outputs are f32"));
    timer.time(check, || {
        black_box(forward());
    })
}

fn policy_forward(timer: &Timer) -> Found {
    let device = Device::flex();
    let input = rows(&[policy_input()], &device);
    forward(timer, &Network::load(POLICY, &device), &input, Tensor::tanh)
}

fn small_forward(timer: &Timer) -> Found {
    let device = Device::flex();
    let input = rows(&[small_input()], &device);
    forward(timer, &Network::load(SMALL, &device), &input, relu)
}

fn images_forward(timer: &Timer) -> Found {
    let device = Device::flex();
    let input = rows(&images_inputs()[..1], &device);
    forward(timer, &Network::load(IMAGES, &device), &input, relu)
}

fn images_forward_many(timer: &Timer) -> Found {
    let device = Device::flex();
    let input = rows(&images_inputs(), &device);
    forward(timer, &Network::load(IMAGES, &device), &input, relu)
}

fn images_step(timer: &Timer) -> Found {
    let device = Device::flex().autodiff();
    let sgd = SgdConfig::new().init();
    let mut trained = Trained::new(Network::load(IMAGES, &device), sgd, IMAGES_RATE);
    let (inputs, classes) = images_batch();
    let inputs = rows(&inputs, &device);
    let classes: Vec<i32> = classes.into_iter().map(|class| class as i32).collect();
    let count = classes.len();
    let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [count]), &device);
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let mut step = || {
        trained.step(|network| {
            cross_entropy.forward(network.forward(inputs.clone(), relu), classes.clone())
        })
    };
    for _ in 0..IMAGES_STEPS {
        step();
    }
    let loss = number(step());
    timer.time(loss, || {
        black_box(step());
    })
}

fn policy_step(timer: &Timer) -> Found {
    let device = Device::flex().autodiff();
    let adam = AdamConfig::new().with_epsilon(1e-8).init();
    let mut trained = Trained::new(Network::load(POLICY, &device), adam, POLICY_RATE);
    let (inputs, targets) = policy_batch();
    let (inputs, targets) = (rows(&inputs, &device), rows(&targets, &device));
    let mut step = || {
        trained.step(|network| {
            squared_error(
                network.forward(inputs.clone(), Tensor::tanh),
                targets.clone(),
            )
        })
    };
    for _ in 0..POLICY_STEPS {
        step();
    }
    let loss = number(step());
    timer.time(loss, || {
        black_box(step());
    })
}
