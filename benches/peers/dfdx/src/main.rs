//! dfdx on the works, on the CPU: shapes in types, gradients from a tape.

use std::hint::black_box;
use std::process::ExitCode;

use dfdx::nn::modules;
use dfdx::optim::{Adam, AdamConfig, Optimizer, Sgd, SgdConfig};
use dfdx::prelude::*;
use harness::data::{
    Architecture, BATCH, IMAGES, Layer, MANY, POLICY, SMALL, XOR, XOR_SAMPLES, images_batch,
    images_inputs, policy_batch, policy_input, small_input,
};
use harness::work::{
    IMAGES_RATE, IMAGES_STEPS, POLICY_RATE, POLICY_STEPS, XOR_RATE, XOR_STEPS, weighted_sum,
};
use harness::{Found, Timer, Work};

mod sizes {
    use dfdx::prelude::*;

    pub(crate) type Xor = ((Linear<2, 3>, Sigmoid), (Linear<3, 1>, Sigmoid));
    pub(crate) type Policy = (
        (Linear<13, 64>, Tanh),
        (Linear<64, 64>, Tanh),
        Linear<64, 4>,
    );
    pub(crate) type Small = (
        (Linear<64, 64>, ReLU),
        (Linear<64, 64>, ReLU),
        Linear<64, 10>,
    );
    pub(crate) type Images = ((Linear<784, 128>, ReLU), Linear<128, 10>);
}

/// The network that sizes stand for.
type Built<S> = <S as BuildOnDevice<Cpu, f32>>::Built;

fn main() -> ExitCode {
    harness::run(
        "dfdx",
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

fn load<const I: usize, const O: usize>(
    linear: &mut modules::Linear<I, O, f32, Cpu>,
    layer: &Layer,
) {
    linear.weight.copy_from(&layer.transposed());
    linear.bias.copy_from(&layer.bias);
}

/// Two hidden layers of 64.
type Deep<const I: usize, const O: usize, A> = (
    (modules::Linear<I, 64, f32, Cpu>, A),
    (modules::Linear<64, 64, f32, Cpu>, A),
    modules::Linear<64, O, f32, Cpu>,
);

fn load_deep<const I: usize, const O: usize, A>(
    network: &mut Deep<I, O, A>,
    architecture: Architecture,
) {
    let layers = architecture.layers();
    load(&mut network.0.0, &layers[0]);
    load(&mut network.1.0, &layers[1]);
    load(&mut network.2, &layers[2]);
}

fn xor_network(device: &Cpu) -> Built<sizes::Xor> {
    let mut network = device.build_module::<sizes::Xor, f32>();
    let layers = XOR.layers();
    load(&mut network.0.0, &layers[0]);
    load(&mut network.1.0, &layers[1]);
    network
}

fn policy_network(device: &Cpu) -> Built<sizes::Policy> {
    let mut network = device.build_module::<sizes::Policy, f32>();
    load_deep(&mut network, POLICY);
    network
}

fn images_network(device: &Cpu) -> Built<sizes::Images> {
    let mut network = device.build_module::<sizes::Images, f32>();
    let layers = IMAGES.layers();
    load(&mut network.0.0, &layers[0]);
    load(&mut network.1, &layers[1]);
    network
}

fn sgd<M>(network: &M, rate: f32) -> Sgd<M, f32, Cpu> {
    let config = SgdConfig {
        lr: f64::from(rate),
        ..SgdConfig::default()
    };
    Sgd::new(network, config)
}

/// A step of an optimizer, whose gradients go on to the next; the loss before it.
fn step<M, O, X: Shape, Y>(
    network: &mut M,
    optimizer: &mut O,
    gradients: &mut Gradients<f32, Cpu>,
    input: &Tensor<X, f32, Cpu>,
    loss: impl Fn(Y) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>,
) -> f32
where
    M: ModuleMut<Tensor<X, f32, Cpu, OwnedTape<f32, Cpu>>, Output = Y> + ZeroGrads<f32, Cpu>,
    M::Error: std::fmt::Debug,
    O: Optimizer<M, Cpu, f32>,
{
    let taken = std::mem::replace(gradients, Gradients::leaky());
    let loss = loss(network.forward_mut(input.trace(taken)));
    let value = loss.array();
    *gradients = loss.backward();
    optimizer
        .update(network, gradients)
        .expect("all parameters have a gradient");
    network.zero_grads(gradients);
    value
}

fn xor_loss(device: &Cpu, network: &Built<sizes::Xor>) -> f64 {
    let inputs = device.tensor(XOR_SAMPLES.map(|(input, _)| input));
    let targets = device.tensor(XOR_SAMPLES.map(|(_, target)| target));
    f64::from(mse_loss(network.forward(inputs), targets).array())
}

fn xor_step(timer: &Timer) -> Found {
    let device = Cpu::default();
    let mut network = xor_network(&device);
    let mut sgd = sgd(&network, XOR_RATE);
    let mut gradients = network.alloc_grads();
    let samples =
        XOR_SAMPLES.map(|(input, target)| (device.tensor([input]), device.tensor([target])));
    let mut turn = 0;
    let mut step = |network: &mut Built<sizes::Xor>| {
        let (input, target) = black_box(&samples[turn % 4]);
        turn += 1;
        step(network, &mut sgd, &mut gradients, input, |output| {
            mse_loss(output, target.clone())
        });
    };
    for _ in 0..XOR_STEPS {
        step(&mut network);
    }
    timer.time(xor_loss(&device, &network), || step(&mut network))
}

fn xor_epoch(timer: &Timer) -> Found {
    let device = Cpu::default();
    let mut network = xor_network(&device);
    let mut sgd = sgd(&network, XOR_RATE);
    let mut gradients = network.alloc_grads();
    let inputs = device.tensor(XOR_SAMPLES.map(|(input, _)| input));
    let targets = device.tensor(XOR_SAMPLES.map(|(_, target)| target));
    let mut epoch = |network: &mut Built<sizes::Xor>| {
        step(network, &mut sgd, &mut gradients, &inputs, |output| {
            mse_loss(output, targets.clone())
        });
    };
    for _ in 0..XOR_STEPS {
        epoch(&mut network);
    }
    timer.time(xor_loss(&device, &network), || epoch(&mut network))
}

fn forward<M, X: Shape, Y: Shape>(timer: &Timer, network: &M, input: &Tensor<X, f32, Cpu>) -> Found
where
    M: Module<Tensor<X, f32, Cpu>, Output = Tensor<Y, f32, Cpu>>,
{
    let forward = || network.forward(black_box(input).clone());
    timer.time(weighted_sum(&forward().as_vec()), || {
        black_box(forward());
    })
}

fn policy_forward(timer: &Timer) -> Found {
    let device = Cpu::default();
    let network = policy_network(&device);
    forward(timer, &network, &device.tensor(policy_input()))
}

fn small_forward(timer: &Timer) -> Found {
    let device = Cpu::default();
    let mut network = device.build_module::<sizes::Small, f32>();
    load_deep(&mut network, SMALL);
    forward(timer, &network, &device.tensor(small_input()))
}

fn images_forward(timer: &Timer) -> Found {
    let device = Cpu::default();
    let input = device.tensor(images_inputs()[0]);
    forward(timer, &images_network(&device), &input)
}

fn images_forward_many(timer: &Timer) -> Found {
    let device = Cpu::default();
    let mut input: Tensor<Rank2<MANY, 784>, f32, _> = device.zeros();
    input.copy_from(images_inputs().as_flattened());
    forward(timer, &images_network(&device), &input)
}

fn images_step(timer: &Timer) -> Found {
    let device = Cpu::default();
    let mut network = images_network(&device);
    let mut sgd = sgd(&network, IMAGES_RATE);
    let mut gradients = network.alloc_grads();
    let (inputs, classes) = images_batch();
    let mut input: Tensor<Rank2<BATCH, 784>, f32, _> = device.zeros();
    input.copy_from(inputs.as_flattened());
    let probabilities: Vec<f32> = classes
        .iter()
        .flat_map(|class| (0..10).map(|node| f32::from(u8::from(node == *class))))
        .collect();
    let mut target: Tensor<Rank2<BATCH, 10>, f32, _> = device.zeros();
    target.copy_from(&probabilities);
    let mut step = || {
        step(&mut network, &mut sgd, &mut gradients, &input, |output| {
            cross_entropy_with_logits_loss(output, target.clone())
        })
    };
    for _ in 0..IMAGES_STEPS {
        step();
    }
    timer.time(f64::from(step()), || {
        step();
    })
}

fn policy_step(timer: &Timer) -> Found {
    let device = Cpu::default();
    let mut network = policy_network(&device);
    let config = AdamConfig {
        lr: f64::from(POLICY_RATE),
        betas: [0.9, 0.999],
        eps: 1e-8,
        weight_decay: None,
    };
    let mut adam = Adam::new(&network, config);
    let mut gradients = network.alloc_grads();
    let (inputs, targets) = policy_batch();
    let mut input: Tensor<Rank2<BATCH, 13>, f32, _> = device.zeros();
    input.copy_from(inputs.as_flattened());
    let mut target: Tensor<Rank2<BATCH, 4>, f32, _> = device.zeros();
    target.copy_from(targets.as_flattened());
    let mut step = || {
        step(&mut network, &mut adam, &mut gradients, &input, |output| {
            mse_loss(output, target.clone())
        })
    };
    for _ in 0..POLICY_STEPS {
        step();
    }
    timer.time(f64::from(step()), || {
        step();
    })
}
