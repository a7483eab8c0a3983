//! The convolution from 8x28x28 to 16x26x26, kernel 3, forward and backward, for one sample and for 32. Beside each time
//! stands the number of multiply-adds of the way forward in a second.

use criterion::{Criterion, criterion_group, criterion_main};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::NativeKernel;
use sizednet::layer::{Backward, Noise};
use sizednet::{Conv2d, Heap, Image, Layer, Network, Shape, Size, sizes::*};

mod settings;
use settings::bench;

type Convolution = Conv2d<Image<U8, U28, U28>, U16, U3>;

fn random(rng: &mut Xoshiro256PlusPlus, length: usize) -> Vec<f32> {
    (0..length).map(|_| uniform(-1.0, 1.0, rng)).collect()
}

fn passes<B: Size>(criterion: &mut Criterion) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let network = Network::<Convolution, f32, Heap>::random(&mut rng);
    let parameters = network.parameters();
    let inputs = random(
        &mut rng,
        <<Convolution as Layer>::Input as Shape>::Len::USIZE * B::USIZE,
    );
    let mut tape = random(&mut rng, <Convolution as Layer>::Tape::USIZE * B::USIZE);
    let mut slopes = random(&mut rng, tape.len());
    let mut gradient = Network::<Convolution, f32, Heap>::default();
    let mut input_gradient = inputs.clone();
    let mut time = |pass, run: &mut dyn FnMut()| {
        let name = [pass, "8x28x28-16x26x26"];
        bench(criterion, name, B::USIZE, Convolution::MULTIPLY_ADDS, run);
    };
    time("forward", &mut || {
        Convolution::record::<f32, NativeKernel<B>>(
            parameters,
            &inputs,
            &mut tape,
            Noise::default(),
        );
    });
    for (name, asked) in [("backward", true), ("backward-first", false)] {
        time(name, &mut || {
            let pass = Backward {
                inputs: &inputs,
                tape: &tape,
                output_gradient: &mut slopes,
                gradient: gradient.parameters_mut(),
                fresh: false,
                input_gradient: asked.then_some(&mut *input_gradient),
            };
            Convolution::backward::<f32, NativeKernel<B>>(parameters, pass);
        });
    }
}

fn all(criterion: &mut Criterion) {
    passes::<U1>(criterion);
    passes::<U32>(criterion);
}

criterion_group! {
    name = convolution;
    config = settings::short();
    targets = all
}
criterion_main!(convolution);
