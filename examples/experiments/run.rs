//! One run: a network trained on XOR from one seed, and what became of it. It teaches how to write an initializer of
//! one's own and how to look at a network while it learns.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use sizednet::initializer::{Fan, normal, uniform};
use sizednet::{
    Dense, Initializer, Layer, MeanSquaredError, Network, Scalar, Sgd, Sigmoid, Size, Trainer,
    sizes::*,
};

const SAMPLES: [([f32; 2], [f32; 1]); 4] = [
    ([0.0, 0.0], [0.0]),
    ([0.0, 1.0], [1.0]),
    ([1.0, 0.0], [1.0]),
    ([1.0, 1.0], [0.0]),
];

const RATES: [f32; 4] = [0.2, 1.0, 4.0, 10.0];
/// The numpy program's 0.1: its gradient lacks the 2 / 4 of a mean of four squares.
pub(crate) const NUMPY_RATE: f32 = 0.2;
pub(crate) const SEEDS: u64 = 200;
/// Below this loss a network counts as trained.
pub(crate) const TRAINED: f32 = 0.01;

/// Where first weights come from.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum First {
    /// `Network::random`.
    Default,
    /// [`Numpy`].
    Numpy,
}

/// The first weights of the numpy program that this crate grew out of: weights from the normal distribution of mean 0
/// and deviation 1, biases uniform in [0, 1).
struct Numpy;

impl Initializer for Numpy {
    fn weights<T: Scalar, R: Rng + ?Sized>(&self, _: Fan, weights: &mut [T], rng: &mut R) {
        weights.fill_with(|| normal(rng));
    }
    fn bias<T: Scalar, R: Rng + ?Sized>(&self, _: Fan, bias: &mut [T], rng: &mut R) {
        bias.fill_with(|| uniform(T::from_f64(0.0), T::ONE, rng));
    }
}

/// What the runs of a group have in common.
pub(crate) struct Setting {
    pub(crate) first: First,
    pub(crate) hidden: u32,
    pub(crate) rate: f32,
    pub(crate) epochs: u32,
    /// Trains from a seed.
    pub(crate) train: fn(&Self, u64) -> Run,
}

/// All settings: for each rate, then for the numpy program, one of each number of hidden nodes.
pub(crate) fn settings() -> Vec<Setting> {
    let default = RATES.map(|rate| (First::Default, rate, 5_000));
    let rows = default
        .into_iter()
        .chain([(First::Numpy, NUMPY_RATE, 10_000)]);
    rows.flat_map(|(first, rate, epochs)| {
        let setting = move |hidden, train| Setting {
            first,
            hidden,
            rate,
            epochs,
            train,
        };
        [
            setting(2, train::<U2>),
            setting(4, train::<U4>),
            setting(8, train::<U8>),
            setting(16, train::<U16>),
        ]
    })
    .collect()
}

/// What became of a run.
pub(crate) struct Run {
    pub(crate) seed: u64,
    /// How many it was trained for; fewer than the setting says if it diverged.
    pub(crate) epochs: usize,
    /// The loss after 0, 1, 2, … epochs.
    pub(crate) losses: Vec<f32>,
    pub(crate) last_loss: f32,
    pub(crate) ending: Ending,
    /// The first epoch after which the loss was below [`TRAINED`].
    pub(crate) trained_after: Option<usize>,
    /// The loss rose by more than 1 % in one epoch at least.
    pub(crate) rose: bool,
    /// The loss fell by less than 1 % over the last tenth of the epochs.
    pub(crate) stopped: bool,
}

impl Run {
    /// Each answer is on its right side of 0.5.
    pub(crate) fn ok(&self) -> bool {
        self.ending == Ending::Right
    }
}

/// What a trained network makes of the four rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// Each answer is on its right side of 0.5.
    Right,
    /// This many rows, not all of one target, get the same answer, give or take 0.1.
    Alike(usize),
    /// An answer is more than 0.9 off its target.
    Opposite,
    /// Wrong in another way.
    Other,
    /// A step would have led to a value that is not finite.
    Diverged,
}

/// A network of `H` hidden nodes.
type Xor<H> = (Dense<U2, H, Sigmoid>, Dense<H, U1, Sigmoid>);

fn train<H: Size>(setting: &Setting, seed: u64) -> Run
where
    Xor<H>: Layer<Input = U2, Output = U1>,
{
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut network = match setting.first {
        First::Default => Network::<Xor<H>>::random(&mut rng),
        First::Numpy => Network::<Xor<H>>::initialized(&Numpy, &mut rng),
    };
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(setting.rate));
    let mut losses = Vec::with_capacity(setting.epochs as usize + 1);
    for epoch in trainer
        .epochs(&mut network, &SAMPLES)
        .take(setting.epochs as usize)
    {
        // an epoch tells its loss before its step; one that diverges has changed nothing
        let Ok(epoch) = epoch else { break };
        losses.push(epoch.loss);
    }
    let epochs = losses.len();
    let evaluation = network.evaluate(&SAMPLES, &MeanSquaredError);
    let last_loss = evaluation.map_or(f32::NAN, |evaluation| evaluation.loss);
    losses.push(last_loss);

    let before = losses[losses.len() - 1 - losses.len() / 10];
    Run {
        seed,
        epochs,
        last_loss,
        ending: if epochs < setting.epochs as usize {
            Ending::Diverged
        } else {
            ending(SAMPLES.map(|(input, _)| network.forward(&input)[0]))
        },
        trained_after: losses.iter().position(|&loss| loss < TRAINED),
        rose: losses.windows(2).any(|pair| pair[1] > 1.01 * pair[0]),
        stopped: last_loss > 0.99 * before,
        losses,
    }
}

fn ending(answers: [f32; 4]) -> Ending {
    let targets = SAMPLES.map(|(_, [target])| target);
    let rows = || answers.into_iter().zip(targets);
    if rows().all(|(answer, target)| (answer - 0.5) * (target - 0.5) > 0.0) {
        return Ending::Right;
    }
    if rows().any(|(answer, target)| (answer - target).abs() > 0.9) {
        return Ending::Opposite;
    }
    let near = |middle: f32| {
        answers
            .iter()
            .filter(|&&a| (a - middle).abs() < 0.1)
            .count()
    };
    let of =
        |wanted| rows().filter_map(move |(answer, target)| (target == wanted).then_some(answer));
    of(0.0)
        .flat_map(|zero| of(1.0).map(move |one| (zero, one)))
        .filter(|(zero, one)| (zero - one).abs() < 0.1)
        .map(|(zero, one)| near((zero + one) / 2.0))
        .max()
        .map_or(Ending::Other, Ending::Alike)
}
