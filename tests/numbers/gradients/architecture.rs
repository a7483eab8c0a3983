//! Architectures with their losses on flat slices, so that what checks them is compiled once for all.

use core::marker::PhantomData;
use core::slice;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::optimizer::State;
use sizednet::{
    Batching, BinaryCrossEntropy, Borrowed, Class, CrossEntropy, Dense, Element, GenericArray,
    Gradient, Huber, InputArray, Layer, Loss, MeanAbsoluteError, MeanSquaredError, Network,
    Optimizer, OutputArray, Portable, Scalar, Sgd, Shape, Size, Tape, Target, Trainer,
    gradient_check, sizes::U5,
};

use super::plain_network::{PlainDense, PlainLoss, PlainNetwork};

/// Samples of a mini-batch.
type MiniBatchSize = U5;
pub(crate) const MINI_BATCH: usize = 5;
/// The most samples.
pub(crate) const SAMPLES: usize = 8;
/// Epochs of a training.
pub(crate) const EPOCHS: usize = 2;
pub(crate) const LEARNING_RATE: f32 = 0.05;

/// An input with its target, which is flat as well: of a class, 1 at its index and 0 elsewhere.
pub(crate) type Sample<T> = (Vec<T>, Vec<T>);

/// What can be asked of an architecture for one sample.
pub(crate) trait Passes<T> {
    /// Forward and back: adds to the gradient of the parameters; returns the output and the gradient of the input.
    fn pass(
        &self,
        parameters: &[T],
        input: &[T],
        output_gradient: &dyn Fn(&[T]) -> Vec<T>,
        gradient: &mut [T],
    ) -> (Vec<T>, Vec<T>);
    /// The loss of an output, with its gradient.
    fn loss(&self, output: &[T], target: &[T]) -> (T, Vec<T>);
    /// The gradient of the loss for a target that the output fits: an array, also where targets are classes.
    fn loss_gradient_at_fit(&self, output: &[T], target: &[T]) -> Vec<T>;
}

/// What can be asked of an architecture in all. A training gives the losses of its epochs, then the parameters.
pub(crate) trait Architecture: Passes<f32> + Passes<f64> {
    fn plain(&self) -> (PlainNetwork, PlainLoss);
    /// Error and largest derivative of the library's own check.
    fn gradient_check(&self, parameters: &[f64], sample: &Sample<f64>) -> (f64, f64);
    /// One update by gradient descent.
    fn step(&self, parameters: &mut [f64], gradient: &[f64], learning_rate: f64);
    fn random(&self, seed: u64) -> Vec<f32>;
    fn forward(&self, parameters: &[f32], input: &[f32]) -> Vec<f32>;
    fn forward_batch(&self, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32>;
    /// The mean loss, and the gradient.
    fn gradient(&self, parameters: &[f32], samples: &[Sample<f32>]) -> (f32, Vec<f32>);
    fn full_batch(&self, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32>;
    fn mini_batch(&self, seed: u64, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32>;
    fn stochastic(&self, seed: u64, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32>;
}

/// Layers `L` with the loss `F`; batches in blocks of `B` samples.
pub(crate) struct Typed<L, F, B>(PhantomData<(L, F, B)>);

impl<L, F, B> Typed<L, F, B> {
    pub(crate) const NEW: Self = Self(PhantomData);
}

fn array_of<S: Shape, T: Scalar>(values: &[T]) -> S::Array<T> {
    let mut array = <S::Array<T>>::ZERO;
    S::flatten_mut(slice::from_mut(&mut array)).copy_from_slice(values);
    array
}

fn values_of<S: Shape, T: Scalar>(array: &S::Array<T>) -> Vec<T> {
    S::flatten(slice::from_ref(array)).to_vec()
}

fn network_of<L: Layer, T: Scalar>(parameters: &[T]) -> Network<L, T, Borrowed<'_>> {
    Network::from_slice(parameters).expect("as many as the plain network has")
}

impl<L: Layer, F: Objective<L, T>, B, T: Scalar> Passes<T> for Typed<L, F, B> {
    fn pass(
        &self,
        parameters: &[T],
        input: &[T],
        output_gradient: &dyn Fn(&[T]) -> Vec<T>,
        gradient: &mut [T],
    ) -> (Vec<T>, Vec<T>) {
        let network = network_of::<L, T>(parameters);
        let gradient = GenericArray::try_from_mut_slice(gradient).expect("as many as parameters");
        let mut tape = Tape::<L, T>::new();
        let input = array_of::<L::Input, T>(input);
        let output = values_of::<L::Output, T>(&network.record(&input, &mut tape));
        let slopes = array_of::<L::Output, T>(&output_gradient(&output));
        let mut gradient = Gradient::borrowed_mut(gradient);
        let input_gradient = network.backward(&input, &tape, &slopes, &mut gradient);
        (output, values_of::<L::Input, T>(&input_gradient))
    }

    fn loss(&self, output: &[T], target: &[T]) -> (T, Vec<T>) {
        let mut slopes = vec![T::ZERO; output.len()];
        let loss = F::at(output, target, &mut slopes);
        (loss, slopes)
    }

    fn loss_gradient_at_fit(&self, output: &[T], target: &[T]) -> Vec<T> {
        let mut slopes = vec![T::ZERO; output.len()];
        F::at_fit(output, target, &mut slopes);
        slopes
    }
}

impl<L: Layer, F: Objective<L, f32>, B> Typed<L, F, B> {
    fn samples(samples: &[Sample<f32>]) -> Vec<(InputArray<L, f32>, F::Target)> {
        let typed =
            |(input, target): &Sample<f32>| (array_of::<L::Input, f32>(input), F::target(target));
        samples.iter().map(typed).collect()
    }

    fn train<M: Batching>(
        mut trainer: Trainer<L, F::Loss, Sgd, M>,
        seed: u64,
        parameters: &[f32],
        samples: &[Sample<f32>],
    ) -> Vec<f32> {
        let samples = Self::samples(samples);
        let mut network: Network<L> = network_of::<L, f32>(parameters).to_storage();
        let mut results = Vec::new();
        trainer.seed(seed);
        for _ in 0..EPOCHS {
            let epoch = trainer.epoch_with(&mut network, samples.as_slice(), &mut [0; SAMPLES]);
            results.push(epoch.expect("finite").loss);
        }
        results.extend_from_slice(network.parameters());
        results
    }
}

impl<L, F, B> Architecture for Typed<L, F, B>
where
    L: Layer + Described,
    F: Objective<L, f32> + Objective<L, f64>,
    B: Size,
{
    fn plain(&self) -> (PlainNetwork, PlainLoss) {
        let mut layers = Vec::new();
        L::describe(&mut layers);
        (PlainNetwork(layers), <F as Objective<L, f64>>::PLAIN)
    }

    fn gradient_check(&self, parameters: &[f64], (input, target): &Sample<f64>) -> (f64, f64) {
        let mut network: Network<L, f64> = network_of::<L, f64>(parameters).to_storage();
        let loss = <F as Objective<L, f64>>::loss();
        let target = <F as Objective<L, f64>>::target(target);
        let input = array_of::<L::Input, f64>(input);
        let check = gradient_check(&mut network, &loss, &input, &target);
        (check.error(), check.largest)
    }

    fn step(&self, parameters: &mut [f64], gradient: &[f64], learning_rate: f64) {
        let parameters =
            GenericArray::try_from_mut_slice(parameters).expect("as many as the network has");
        let sgd = Sgd::new(learning_rate);
        sgd.apply(
            &mut State::new(&sgd),
            &mut Network::<L, f64, _>::borrowed_mut(parameters),
            &network_of::<L, f64>(gradient),
        )
        .expect("finite");
    }

    fn random(&self, seed: u64) -> Vec<f32> {
        let network = Network::<L>::random(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
        network.parameters().to_vec()
    }

    fn forward(&self, parameters: &[f32], input: &[f32]) -> Vec<f32> {
        let input = array_of::<L::Input, f32>(input);
        values_of::<L::Output, f32>(&network_of::<L, f32>(parameters).forward(&input))
    }

    fn forward_batch(&self, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32> {
        let input = |sample: &Sample<f32>| array_of::<L::Input, f32>(&sample.0);
        let inputs: Vec<_> = samples.iter().map(input).collect();
        let mut outputs = vec![<OutputArray<L, f32>>::ZERO; inputs.len()];
        network_of::<L, f32>(parameters)
            .forward_batch_in_blocks::<B>(&inputs, &mut outputs)
            .expect("as many outputs as inputs");
        L::Output::flatten(&outputs).to_vec()
    }

    fn gradient(&self, parameters: &[f32], samples: &[Sample<f32>]) -> (f32, Vec<f32>) {
        let network = network_of::<L, f32>(parameters);
        // starts from any numbers, which must not matter
        let mut gradient: Gradient<L> = network.to_storage();
        let found = network.gradient_in_blocks::<B, _, _, _>(
            Self::samples(samples).as_slice(),
            &<F as Objective<L, f32>>::loss(),
            &mut gradient,
        );
        (found.expect("samples").loss, gradient.parameters().to_vec())
    }

    fn full_batch(&self, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32> {
        let (loss, sgd) = (<F as Objective<L, f32>>::loss(), Sgd::new(LEARNING_RATE));
        let trainer = Trainer::full_batch_in_blocks::<B>(loss, sgd);
        Self::train(trainer, 0, parameters, samples)
    }

    fn mini_batch(&self, seed: u64, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32> {
        let (loss, sgd) = (<F as Objective<L, f32>>::loss(), Sgd::new(LEARNING_RATE));
        let trainer = Trainer::mini_batch_in_blocks::<MiniBatchSize, B>(loss, sgd);
        Self::train(trainer, seed, parameters, samples)
    }

    fn stochastic(&self, seed: u64, parameters: &[f32], samples: &[Sample<f32>]) -> Vec<f32> {
        let (loss, sgd) = (<F as Objective<L, f32>>::loss(), Sgd::new(LEARNING_RATE));
        Self::train(Trainer::stochastic(loss, sgd), seed, parameters, samples)
    }
}

/// A loss with its targets.
pub(crate) trait Objective<L: Layer, T: Scalar> {
    type Target: Target<L::Output, T>;
    type Loss: Loss<T, <Self::Target as Target<L::Output, T>>::Kind>;
    const PLAIN: PlainLoss;

    fn loss() -> Self::Loss;
    fn target(values: &[T]) -> Self::Target;
    /// The loss of an output; writes its gradient.
    fn at(output: &[T], target: &[T], slopes: &mut [T]) -> T;
    /// The same for a target that the output fits.
    fn at_fit(output: &[T], target: &[T], slopes: &mut [T]) -> T {
        Self::at(output, target, slopes)
    }
}

macro_rules! array_objectives {
    ($($objective:ty: $loss:ty = $value:expr, $plain:ident;)*) => {$(
        impl<L: Layer, T: Scalar> Objective<L, T> for $objective
        where
            OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
        {
            type Target = OutputArray<L, T>;
            type Loss = $loss;
            const PLAIN: PlainLoss = PlainLoss::$plain;

            fn loss() -> $loss {
                $value
            }
            fn target(values: &[T]) -> OutputArray<L, T> {
                array_of::<L::Output, T>(values)
            }
            fn at(output: &[T], target: &[T], slopes: &mut [T]) -> T {
                $value.loss(output, target, slopes)
            }
        }
    )*};
}

array_objectives! {
    MeanSquaredError: MeanSquaredError = MeanSquaredError, Squared;
    MeanAbsoluteError: MeanAbsoluteError = MeanAbsoluteError, Absolute;
    Huber<f32>: Huber<T> = Huber::<T>::default(), Huber;
    BinaryCrossEntropy: BinaryCrossEntropy = BinaryCrossEntropy, Binary;
    CrossEntropy: CrossEntropy = CrossEntropy, Cross;
}

/// The cross-entropy whose targets are classes.
impl<L: Layer, T: Scalar> Objective<L, T> for Class {
    type Target = Self;
    type Loss = CrossEntropy;
    const PLAIN: PlainLoss = PlainLoss::Class;

    fn loss() -> CrossEntropy {
        CrossEntropy
    }
    fn target(values: &[T]) -> Self {
        Self(values.iter().position(|t| *t == T::ONE).expect("a class"))
    }
    fn at(output: &[T], target: &[T], slopes: &mut [T]) -> T {
        let class = <Self as Objective<L, T>>::target(target);
        CrossEntropy.loss(output, &class, slopes)
    }
    fn at_fit(output: &[T], target: &[T], slopes: &mut [T]) -> T {
        CrossEntropy.loss(output, target, slopes)
    }
}

/// The layers of an architecture as plain ones.
pub(crate) trait Described {
    fn describe(layers: &mut Vec<PlainDense>);
}

impl<I: Shape, O: Shape, A> Described for Dense<I, O, A>
where
    Self: Layer,
{
    fn describe(layers: &mut Vec<PlainDense>) {
        let inputs = I::DIMENSIONS.iter().product();
        let outputs = O::DIMENSIONS.iter().product();
        layers.push(PlainDense::new(inputs, outputs, Self::DETAIL));
    }
}

impl<L: Described> Described for Portable<L> {
    fn describe(layers: &mut Vec<PlainDense>) {
        L::describe(layers);
    }
}

macro_rules! described {
    ($($layer:ident)*) => {
        impl<$($layer: Described),*> Described for ($($layer,)*) {
            fn describe(layers: &mut Vec<PlainDense>) {
                $($layer::describe(layers);)*
            }
        }
    };
}

described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
described!(A B C D E);
described!(A B C D E F G H I J K L M N O P);
