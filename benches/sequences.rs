//! Convolutions along 100 steps, forward and backward, for one sample and for 32, one streaming step of them, and depthwise
//! convolutions. Beside each time stands the number of multiply-adds of the way forward in a second.
//!
//! `cargo bench --bench sequences`.

use core::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::NativeKernel;
use sizednet::layer::{Backward, Causal, Noise, Same, State, Streaming};
use sizednet::{
    Conv1d, DepthwiseConv1d, DepthwiseConv2d, Element, Heap, Identity, Image, Layer, Network,
    Sequence, Shape, Size, sizes::*,
};

mod settings;
use settings::bench;

type Small = Conv1d<Sequence<U100, U8>, U16, U3>;
type Large = Conv1d<Sequence<U100, U32>, U64, U3, Identity, U1, Causal, U2>;
type Pointwise = Conv1d<Sequence<U100, U32>, U64, U1>;
type Depthwise = DepthwiseConv1d<Sequence<U100, U32>, U3, Identity, U1, Causal>;
type Images = DepthwiseConv2d<Image<U16, U28, U28>, U3, Identity, U1, Same>;

fn random(rng: &mut Xoshiro256PlusPlus, length: usize) -> Vec<f32> {
    (0..length).map(|_| uniform(-1.0, 1.0, rng)).collect()
}

fn passes<L: Layer, B: Size>(criterion: &mut Criterion, name: &str) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let network = Network::<L, f32, Heap>::random(&mut rng);
    let parameters = network.parameters();
    let inputs = random(&mut rng, <L::Input as Shape>::Len::USIZE * B::USIZE);
    let mut tape = random(&mut rng, L::Tape::USIZE * B::USIZE);
    let mut slopes = random(&mut rng, tape.len());
    let mut gradient = Network::<L, f32, Heap>::default();
    let mut input_gradient = inputs.clone();
    bench(
        criterion,
        ["forward", name],
        B::USIZE,
        L::MULTIPLY_ADDS,
        || {
            L::record::<f32, NativeKernel<B>>(parameters, &inputs, &mut tape, Noise::default());
        },
    );
    bench(
        criterion,
        ["backward", name],
        B::USIZE,
        L::MULTIPLY_ADDS,
        || {
            let pass = Backward {
                inputs: &inputs,
                tape: &tape,
                output_gradient: &mut slopes,
                gradient: gradient.parameters_mut(),
                fresh: false,
                input_gradient: Some(&mut *input_gradient),
            };
            L::backward::<f32, NativeKernel<B>>(parameters, pass);
        },
    );
}

fn step<L: Streaming>(criterion: &mut Criterion, name: &str, steps: usize) {
    let network = Network::<L, f32, Heap>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let mut state = State::<L>::new();
    let input = <<L::StepInput as Shape>::Array<f32>>::ZERO;
    let work = L::MULTIPLY_ADDS / steps as u64;
    bench(criterion, ["stream", name], 1, work, || {
        network.step(black_box(&input), &mut state)
    });
}

fn all(criterion: &mut Criterion) {
    passes::<Small, U1>(criterion, "100x8-16-kernel-3");
    passes::<Small, U32>(criterion, "100x8-16-kernel-3");
    passes::<Large, U1>(criterion, "100x32-64-kernel-3-causal");
    passes::<Large, U32>(criterion, "100x32-64-kernel-3-causal");
    step::<Large>(criterion, "100x32-64-kernel-3-causal", 100);
    passes::<Pointwise, U1>(criterion, "100x32-64-kernel-1");
    passes::<Depthwise, U1>(criterion, "100x32-depthwise");
    step::<Depthwise>(criterion, "100x32-depthwise", 100);
    passes::<Images, U1>(criterion, "16x28x28-depthwise");
}

criterion_group! {
    name = sequences;
    config = settings::short();
    targets = all
}
criterion_main!(sequences);
