//! The gradient invariants: what holds of every architecture, whatever its weights, inputs and targets.
//!
//! Each architecture draws 4 times, or 16 times with the feature `long`, the same numbers in every run, so a draw that fails
//! does so again. Proptest's variables change that: `PROPTEST_CASES=10000` draws more often, `PROPTEST_RNG_SEED=1` draws
//! other numbers. With `--nocapture`, each test prints the largest errors that it found.

use core::cell::{Cell, RefCell};
use core::iter::zip;
use std::collections::BTreeMap;

use proptest::prelude::any;
use proptest::prop_assert;
use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, RngSeed, TestCaseError, TestError, TestRunner, contextualize_config,
};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use sizednet::Scalar;

pub(crate) use super::architecture::Typed;
use super::architecture::{
    Architecture, EPOCHS, LEARNING_RATE, MINI_BATCH, Passes, SAMPLES, Sample,
};
use super::plain_network::{PlainLoss, numeric_gradient};

/// How often an architecture draws, unless the environment says otherwise.
const DRAWS: u32 = if cfg!(feature = "long") { 16 } else { 4 };

type Outcome = Result<(), TestCaseError>;

/// The largest error of each kind.
type Worst = RefCell<BTreeMap<&'static str, f64>>;

/// Whether the bits are the same.
fn same(what: &str, got: &[f32], right: &[f32]) -> Outcome {
    let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|x| x.to_bits()).collect() };
    let (a, b) = (bits(got), bits(right));
    let place = zip(&a, &b).position(|(a, b)| a != b);
    let pair = place.map(|i| (i, got[i], right[i]));
    prop_assert!(a == b, "{}: other bits, first at {:?}", what, pair);
    Ok(())
}

/// The largest magnitude; NaN if one is.
fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values
        .into_iter()
        .map(f64::abs)
        .fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a })
}

/// The largest difference in units of the largest value.
fn error(a: &[f64], b: &[f64]) -> f64 {
    let difference = largest(zip(a, b).map(|(a, b)| a - b));
    difference / largest(a.iter().chain(b).copied())
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

/// The gradient of a sample's loss: that of the parameters, then that of the input.
fn sample_gradient<T: Scalar>(
    passes: &dyn Passes<T>,
    parameters: &[T],
    (input, target): &Sample<T>,
) -> Vec<T> {
    back(passes, parameters, input, &|output| {
        passes.loss(output, target).1
    })
}

/// The way back from an output gradient: the gradient of the parameters, then that of the input.
fn back<T: Scalar>(
    passes: &dyn Passes<T>,
    parameters: &[T],
    input: &[T],
    output_gradient: &dyn Fn(&[T]) -> Vec<T>,
) -> Vec<T> {
    // the sum of no gradients is -0, which leaves the sign of every first one
    let mut gradient = vec![-T::ZERO; parameters.len()];
    let (_, input_gradient) = passes.pass(parameters, input, output_gradient, &mut gradient);
    gradient.extend(input_gradient);
    gradient
}

/// What is drawn: numbers that are exact in f32. The first sample is the checked one.
struct Draw<'a> {
    architecture: &'a dyn Architecture,
    worst: &'a Worst,
    parameters: Vec<f32>,
    samples: Vec<Sample<f32>>,
    /// How many of the samples make a batch.
    count: usize,
    wide_parameters: Vec<f64>,
    checked: Sample<f64>,
    /// The gradient of the checked sample.
    gradient: Vec<f64>,
}

impl<'a> Draw<'a> {
    /// A network and samples from the numbers of a seed.
    fn new(architecture: &'a dyn Architecture, worst: &'a Worst, count: usize, seed: u64) -> Self {
        let (plain, loss) = architecture.plain();
        let numbers = plain.parameters() + SAMPLES * (plain.inputs() + plain.outputs());
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        // 24 bits of each, from -1 to 1
        let mut number = || (rng.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0;
        let noise: Vec<f32> = (0..numbers).map(|_| number()).collect();
        let (parameters, noise) = noise.split_at(plain.parameters());
        let (inputs, targets) = noise.split_at(SAMPLES * plain.inputs());
        let mut wide_parameters = plain.scale(parameters);
        plain.avoid_kinks(&mut wide_parameters, &wide(&inputs[..plain.inputs()]));
        let samples: Vec<Sample<f64>> = zip(
            inputs.chunks(plain.inputs()),
            targets.chunks(plain.outputs()),
        )
        .map(|(input, noise)| {
            let input = wide(input);
            let target = loss.target(&plain.forward(&wide_parameters, &input), noise);
            (input, target)
        })
        .collect();
        let checked = samples[0].clone();
        Self {
            architecture,
            worst,
            parameters: narrow(&wide_parameters),
            samples: samples
                .iter()
                .map(|(input, target)| (narrow(input), narrow(target)))
                .collect(),
            count,
            gradient: sample_gradient(architecture, &wide_parameters, &checked),
            wide_parameters,
            checked,
        }
    }

    fn batch(&self) -> &[Sample<f32>] {
        &self.samples[..self.count]
    }

    fn the_gradient_is_the_numeric_one(&self) -> Outcome {
        let (plain, loss) = self.architecture.plain();
        let (input, target) = &self.checked;
        let at = [self.wide_parameters.as_slice(), input].concat();
        let numeric = numeric_gradient(&at, |at| {
            let (parameters, input) = at.split_at(self.wide_parameters.len());
            loss.loss(&plain.forward(parameters, input), target)
        });
        let slope = largest(self.gradient.iter().copied());
        prop_assert!(slope > 1e-3, "no derivative is larger than {:e}", slope);
        let wrong = error(&self.gradient, &numeric);
        self.within("numeric gradient", wrong, 1e-6)?;

        let (wrong, slope) = self
            .architecture
            .gradient_check(&self.wide_parameters, &self.checked);
        prop_assert!(slope > 1e-3, "the largest derivative is {:e}", slope);
        self.within("gradient_check", wrong, 1e-6)
    }

    fn single_precision_gives_nearly_the_same_gradient(&self) -> Outcome {
        let passes: &dyn Passes<f32> = self.architecture;
        let gradient = sample_gradient(passes, &self.parameters, &self.samples[0]);
        let wrong = error(&wide(&gradient), &self.gradient);
        self.within("f32 gradient", wrong, 1e-4)
    }

    fn the_way_back_is_linear(&self) -> Outcome {
        let passes: &dyn Passes<f64> = self.architecture;
        let back = |slope: &dyn Fn(f64) -> f64| {
            let slopes = |output: &[f64]| output.iter().map(|y| slope(*y)).collect();
            back(passes, &self.wide_parameters, &self.checked.0, &slopes)
        };
        // any two output gradients
        let (f, g) = (|y: f64| 1.0 - y, |y: f64| 0.3 + y * y);
        let (a, b) = (back(&f), back(&g));
        let scaled: Vec<f64> = a.iter().map(|slope| -2.0 * slope).collect();
        let found = back(&|y| -2.0 * f(y));
        prop_assert!(
            found == scaled,
            "-2 times an output gradient does not go back as -2 times its gradient"
        );
        let sum = zip(&a, &b).map(|(a, b)| a + b);
        let difference = largest(zip(back(&|y| f(y) + g(y)), sum).map(|(found, sum)| found - sum));
        let size = largest(a.iter().chain(&b).copied());
        self.within("sum of output gradients", difference / size, 1e-12)
    }

    fn a_small_step_downhill_lowers_the_loss(&self) -> Outcome {
        let passes: &dyn Passes<f64> = self.architecture;
        let (input, target) = &self.checked;
        let loss_at = |parameters: &[f64]| {
            let mut unused = vec![0.0; parameters.len()];
            let zeros = |output: &[f64]| vec![0.0; output.len()];
            let (output, _) = passes.pass(parameters, input, &zeros, &mut unused);
            passes.loss(&output, target).0
        };
        let gradient = &self.gradient[..self.parameters.len()];
        let rate = 1e-6 / largest(gradient.iter().copied());
        let mut after = self.wide_parameters.clone();
        self.architecture.step(&mut after, gradient, rate);
        let (before, after) = (loss_at(&self.wide_parameters), loss_at(&after));
        prop_assert!(
            after < before,
            "a step goes from loss {:e} to {:e}",
            before,
            after
        );
        Ok(())
    }

    fn an_exact_fit_has_no_gradient(&self) -> Outcome {
        let (_, loss) = self.architecture.plain();
        let passes: &dyn Passes<f64> = self.architecture;
        let gradient = back(passes, &self.wide_parameters, &self.checked.0, &|output| {
            passes.loss_gradient_at_fit(output, &loss.fit(output))
        });
        let rest = largest(gradient) / largest(self.gradient.iter().copied());
        // probabilities are rounded
        let bound = match loss {
            PlainLoss::Squared | PlainLoss::Absolute | PlainLoss::Huber => 0.0,
            PlainLoss::Binary | PlainLoss::Cross | PlainLoss::Class => 1e-12,
        };
        self.within("gradient at an exact fit", rest, bound)
    }

    fn a_batch_goes_forward_as_its_samples_do(&self) -> Outcome {
        let passes: &dyn Passes<f32> = self.architecture;
        let mut outputs = Vec::new();
        for (input, _) in self.batch() {
            let output = self.architecture.forward(&self.parameters, input);
            let mut unused = vec![0.0; self.parameters.len()];
            let (recorded, _) = passes.pass(&self.parameters, input, &<[f32]>::to_vec, &mut unused);
            same("recorded output", &recorded, &output)?;
            outputs.extend(output);
        }
        let batch = self
            .architecture
            .forward_batch(&self.parameters, self.batch());
        same("batch forward", &batch, &outputs)
    }

    fn the_gradient_of_a_batch_is_the_mean_of_its_samples(&self, portable: bool) -> Outcome {
        let passes: &dyn Passes<f32> = self.architecture;
        let count = self.count as f32;
        let mut losses = 0.0;
        let mut gradient = vec![-0.0; self.parameters.len()];
        for (input, target) in self.batch() {
            let slopes = |output: &[f32]| passes.loss(output, target).1;
            let (output, _) = passes.pass(&self.parameters, input, &slopes, &mut gradient);
            losses += passes.loss(&output, target).0;
        }
        let means = |sums: &[f32]| -> Vec<f32> { sums.iter().map(|sum| sum / count).collect() };
        let mean = means(&gradient);
        let (loss, batch) = self.architecture.gradient(&self.parameters, self.batch());
        same("gradient of a batch", &batch, &mean)?;
        let wrong = f64::from((loss - losses / count).abs() / loss);
        self.within("mean loss", wrong, f64::from(count * f32::EPSILON))?;

        let alone: Vec<Vec<f32>> = self
            .batch()
            .iter()
            .map(|sample| sample_gradient(passes, &self.parameters, sample))
            .collect();
        let sums_of = |f: fn(f32) -> f32| {
            let mut sums = vec![-0.0_f32; self.parameters.len()];
            for gradient in &alone {
                for (sum, slope) in zip(&mut sums, gradient) {
                    *sum += f(*slope);
                }
            }
            sums
        };
        // a fused multiply-add does not round the product that it adds to the gradient
        if portable {
            let mean = means(&sums_of(|slope| slope));
            same("sum of gradients", &batch, &mean)?;
        }

        let backwards: Vec<Sample<f32>> = self.batch().iter().rev().cloned().collect();
        let (_, reversed) = self.architecture.gradient(&self.parameters, &backwards);
        for ((a, b), sum) in zip(zip(&batch, &reversed), sums_of(f32::abs)) {
            // two orders of n numbers differ by at most n times epsilon times the sum of their magnitudes
            let bound = (count + 1.0) * f32::EPSILON * sum / count + f32::MIN_POSITIVE;
            let part = f64::from((a - b).abs() / bound);
            self.within("order of a batch, in units of its rounding", part, 1.0)?;
        }
        Ok(())
    }

    fn a_full_batch_is_a_mini_batch_of_all(&self) -> Outcome {
        let few = &self.samples[..self.count.min(MINI_BATCH)];
        let full_batch = self.architecture.full_batch(&self.parameters, few);
        // any seed: a batch of all samples is not shuffled
        let mini_batch = self.architecture.mini_batch(1, &self.parameters, few);
        same("mini-batch of all", &mini_batch, &full_batch)?;

        let (mut losses, mut parameters) = (Vec::new(), self.parameters.clone());
        for _ in 0..EPOCHS {
            let (loss, gradient) = self.architecture.gradient(&parameters, self.batch());
            losses.push(loss);
            for (parameter, slope) in zip(&mut parameters, gradient) {
                *parameter -= LEARNING_RATE * slope;
            }
        }
        let by_hand = [losses, parameters].concat();
        let full_batch = self.architecture.full_batch(&self.parameters, self.batch());
        same("full batch by hand", &full_batch, &by_hand)
    }

    /// Returns whether another seed gives other bits, which it need not where all outputs are flat.
    fn the_same_seed_gives_the_same_bits(&self) -> Result<bool, TestCaseError> {
        let run = |seed| {
            let (parameters, samples) = (&self.parameters, &self.samples);
            [
                self.architecture.random(seed),
                self.architecture.stochastic(seed, parameters, samples),
                self.architecture.mini_batch(seed, parameters, samples),
            ]
        };
        // any seed
        let seed = u64::from(self.parameters[0].to_bits());
        let [first, again, other] = [run(seed), run(seed), run(seed + 1)];
        for (again, first) in zip(&again, &first) {
            same("the same seed", again, first)?;
        }
        Ok(zip(&first, &other).all(|(first, other)| first != other))
    }

    /// Whether an error is within its bound; keeps the largest.
    fn within(&self, what: &'static str, error: f64, bound: f64) -> Outcome {
        prop_assert!(error <= bound, "{}: {:e}, above {:e}", what, error, bound);
        let mut worst = self.worst.borrow_mut();
        let largest = worst.entry(what).or_default();
        *largest = largest.max(error);
        Ok(())
    }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|x| *x as f32).collect()
}

/// Draws networks and samples of an architecture, and checks all invariants.
pub(crate) fn check(name: &str, portable: bool, architecture: &dyn Architecture) {
    let config = contextualize_config(Config {
        cases: DRAWS,
        rng_seed: RngSeed::Fixed(0),
        failure_persistence: None,
        ..Config::default()
    });
    // the seed is all that a draw is made of, and one is as simple as another
    let draws = (1..=SAMPLES, any::<u64>().no_shrink());
    let worst = Worst::default();
    let seed_matters = Cell::new(false);
    let enough = config.cases >= DRAWS;
    let result = TestRunner::new(config).run(&draws, |(count, seed)| {
        let draw = Draw::new(architecture, &worst, count, seed);
        draw.the_gradient_is_the_numeric_one()?;
        draw.single_precision_gives_nearly_the_same_gradient()?;
        draw.the_way_back_is_linear()?;
        draw.a_small_step_downhill_lowers_the_loss()?;
        draw.an_exact_fit_has_no_gradient()?;
        draw.a_batch_goes_forward_as_its_samples_do()?;
        draw.the_gradient_of_a_batch_is_the_mean_of_its_samples(portable)?;
        draw.a_full_batch_is_a_mini_batch_of_all()?;
        seed_matters.set(draw.the_same_seed_gives_the_same_bits()? || seed_matters.get());
        Ok(())
    });
    match result {
        Ok(()) => println!("{name}: {:?}", worst.borrow()),
        Err(TestError::Fail(reason, (count, seed))) => {
            panic!("{name} with {count} samples of seed {seed}: {reason}")
        }
        Err(error) => panic!("{name}: {error}"),
    }
    assert!(
        seed_matters.get() || !enough,
        "{name}: the seed changes nothing"
    );
}

/// Makes a test of each architecture: its name, its layers, its loss, and a size of the blocks of samples.
macro_rules! architectures {
    ($($name:ident: $layers:ty, $loss:ty, $block:ty;)*) => {$(
        #[test]
        fn $name() {
            let portable = stringify!($layers).starts_with("Portable");
            let architecture = invariants::Typed::<$layers, $loss, $block>::NEW;
            invariants::check(stringify!($name), portable, &architecture);
        }
    )*};
}
pub(crate) use architectures;
