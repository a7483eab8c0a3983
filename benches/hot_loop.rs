//! The hot loop: forward, backward and a whole step, of four networks, for one sample and for 32 at once.
//!
//! `cargo bench` runs all; `cargo bench -- forward/13-64-64-4` those whose name begins so. Beside each time stands the
//! number of multiply-adds of the way forward in a second; the way back has about twice as many, so a whole step is
//! about three times as long as a forward pass.

use criterion::{Criterion, criterion_group, criterion_main};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::NativeKernel;
use sizednet::layer::{Backward, Noise};
use sizednet::{
    Dense, Element, Heap, Layer, MeanSquaredError, MiniBatch, Network, Relu, Sgd, Shape, Sigmoid,
    Size, Tanh, Target, Trainer, sizes::*,
};

mod settings;
use settings::bench;

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Policy = (Dense<U13, U64, Tanh>, Dense<U64, U64, Tanh>, Dense<U64, U4>);
type Small = (
    Dense<U64, U64, Relu>,
    Dense<U64, U64, Relu>,
    Dense<U64, U10>,
);
type Images = (Dense<U784, U128, Relu>, Dense<U128, U10>);

type Array<S> = <S as Shape>::Array<f32>;

fn random(rng: &mut Xoshiro256PlusPlus, values: &mut [f32]) {
    for value in values {
        *value = uniform(-1.0, 1.0, rng);
    }
}

/// `B` random arrays of shape `S`.
fn arrays<S: Shape, B: Size>(rng: &mut Xoshiro256PlusPlus) -> Vec<Array<S>> {
    let mut arrays = vec![<Array<S>>::ZERO; B::USIZE];
    random(rng, S::flatten_mut(&mut arrays));
    arrays
}

fn forward<L: Layer, B: Size>(criterion: &mut Criterion, name: &str) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let network = Network::<L, f32, Heap>::random(&mut rng);
    let inputs = arrays::<L::Input, B>(&mut rng);
    let mut outputs = arrays::<L::Output, B>(&mut rng);
    bench(
        criterion,
        ["forward", name],
        B::USIZE,
        L::MULTIPLY_ADDS,
        || network.forward_batch_in_blocks::<B>(&inputs, &mut outputs),
    );
}

fn backward<L: Layer, B: Size>(criterion: &mut Criterion, name: &str) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let network = Network::<L, f32, Heap>::random(&mut rng);
    let inputs = arrays::<L::Input, B>(&mut rng);
    let inputs = L::Input::flatten(&inputs);
    let mut tape = vec![0.0; L::Tape::USIZE * B::USIZE];
    L::record::<f32, NativeKernel<B>>(network.parameters(), inputs, &mut tape, Noise::default());
    let slopes = arrays::<L::Output, B>(&mut rng);
    let mut output_gradient = slopes.clone();
    let mut gradient = Network::<L, f32, Heap>::default();
    bench(
        criterion,
        ["backward", name],
        B::USIZE,
        L::MULTIPLY_ADDS,
        || {
            // the way back overwrites it
            output_gradient.clone_from_slice(&slopes);
            let pass = Backward {
                inputs,
                tape: &tape,
                output_gradient: L::Output::flatten_mut(&mut output_gradient),
                gradient: gradient.parameters_mut(),
                fresh: true,
                input_gradient: None,
            };
            L::backward::<f32, NativeKernel<B>>(network.parameters(), pass);
        },
    );
}

fn step<L: Layer, B: Size>(criterion: &mut Criterion, name: &str)
where
    Array<L::Output>: Target<L::Output, f32, Kind = [f32]>,
{
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut network = Network::<L, f32, Heap>::random(&mut rng);
    let inputs = arrays::<L::Input, B>(&mut rng);
    let targets = arrays::<L::Output, B>(&mut rng);
    let mut trainer =
        Trainer::<L, _, _, MiniBatch<B, B>, f32, Heap>::new(MeanSquaredError, Sgd::new(0.001));
    bench(
        criterion,
        ["step", name],
        B::USIZE,
        L::MULTIPLY_ADDS,
        || {
            trainer
                .epoch(&mut network, (&inputs, &targets))
                .expect("a small rate does not diverge")
        },
    );
}

macro_rules! networks {
    ($criterion:ident, $function:ident) => {
        $function::<Xor, U1>($criterion, "2-3-1");
        $function::<Xor, U32>($criterion, "2-3-1");
        $function::<Policy, U1>($criterion, "13-64-64-4");
        $function::<Policy, U32>($criterion, "13-64-64-4");
        $function::<Small, U1>($criterion, "64-64-64-10");
        $function::<Small, U32>($criterion, "64-64-64-10");
        $function::<Images, U1>($criterion, "784-128-10");
        $function::<Images, U32>($criterion, "784-128-10");
    };
}

fn all(criterion: &mut Criterion) {
    networks!(criterion, forward);
    networks!(criterion, backward);
    networks!(criterion, step);
}

criterion_group! {
    name = hot_loop;
    config = settings::short();
    targets = all
}
criterion_main!(hot_loop);
