//! A step of plain gradient descent by one sample, which is written straight into the parameters, against gradient and
//! then update, bit for bit.

use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::initializer::uniform;
use sizednet::optimizer::State;
use sizednet::sizes::*;
use sizednet::{
    Class, CrossEntropy, Dense, Gradient, Heap, Layer, MeanSquaredError, Network, Optimizer,
    Portable, Relu, Scalar, Sgd, Sigmoid, Silu, Stochastic, Tanh, Trainer,
};

/// The bits of a number as `f64`, which tell those of two `f32` apart as well.
fn bits<T: Scalar>(number: T) -> u64 {
    number.to_f64().to_bits()
}

/// Steps of both kinds from the same parameters, by samples of which some inputs are 0 and some outputs are dead.
macro_rules! check {
    ($architecture:ty, $float:ty, $seed:expr, $input:ty, $loss:expr, $target:expr) => {{
        let mut rng = Xoshiro256PlusPlus::seed_from_u64($seed);
        let mut network = Network::<$architecture, $float>::random(&mut rng);
        for parameter in network.parameters_mut().iter_mut() {
            // some of them are zeros, of both signs
            let draw = uniform::<$float, _>(-1.0, 1.0, &mut rng);
            *parameter *= if draw.abs() < 0.1 { 0.0 } else { draw };
        }
        let mut by_hand = network.clone();
        let (rate, loss) = (uniform::<$float, _>(0.0, 2.0, &mut rng), $loss);
        let optimizer = Sgd::new(rate);
        let mut trainer = Trainer::<_, _, _, Stochastic, $float, Heap>::new(loss, optimizer);
        let (mut gradient, mut state) = (Gradient::zeros(), State::new(&optimizer));
        for _ in 0..3 {
            let mut input = <$input as Default>::default();
            for x in &mut input {
                *x = uniform::<$float, _>(-1.0, 1.0, &mut rng);
                if *x < -0.5 {
                    *x = -0.0;
                }
            }
            let target = $target(&mut rng);
            let found = by_hand
                .gradient(&[(input, target)], &loss, &mut gradient)
                .expect("a sample");
            optimizer
                .apply(&mut state, &mut by_hand, &gradient)
                .expect("a finite step");
            let direct = trainer
                .step(&mut network, &input, &target)
                .expect("a finite step");
            prop_assert_eq!(bits(direct), bits(found.loss));
            for (direct, by_hand) in network.parameters().iter().zip(by_hand.parameters()) {
                prop_assert_eq!(bits(*direct), bits(*by_hand));
            }
            prop_assert_eq!(trainer.state().updates, state.updates);
        }
    }};
}

fn numbers<T: Scalar, const N: usize>(rng: &mut Xoshiro256PlusPlus) -> [T; N] {
    [(); N].map(|()| uniform(-T::ONE, T::ONE, rng))
}

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Policy = (Dense<U13, U32, Tanh>, Dense<U32, U17, Relu>, Dense<U17, U4>);
type Wide = (
    Dense<U9, U130, Relu>,
    (Dense<U130, U10, Silu>, Dense<U10, U10>),
);
/// The second layer is larger than the L1 cache, and begins inside a line of it.
type Far = (
    Dense<U9, U130, Tanh>,
    Dense<U130, U97, Relu>,
    Dense<U97, U10>,
);
type Half = (Portable<Dense<U20, U12, Relu>>, Dense<U12, U7>);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]
    #[test]
    fn a_direct_step_equals_gradient_then_update(seed: u64) {
        check!(Xor, f32, seed, [f32; 2], MeanSquaredError, numbers::<f32, 1>);
        check!(Xor, f64, seed, [f64; 2], MeanSquaredError, numbers::<f64, 1>);
        check!(Policy, f32, seed, [f32; 13], MeanSquaredError, numbers::<f32, 4>);
        check!(Policy, f64, seed, [f64; 13], MeanSquaredError, numbers::<f64, 4>);
        check!(Wide, f32, seed, [f32; 9], CrossEntropy, |_: &mut _| Class(seed as usize % 10));
        check!(Far, f32, seed, [f32; 9], CrossEntropy, |_: &mut _| Class(seed as usize % 10));
        check!(Half, f32, seed, [f32; 20], MeanSquaredError, numbers::<f32, 7>);
    }
}

/// A large rate, input or target may overflow: then nothing is written, or the step is the one by hand.
#[test]
fn a_step_that_may_overflow_is_the_one_by_hand_or_refused() {
    fn check<L: Layer<Input = U3, Output = U2>>(rate: f32, input: [f32; 3], weight: f32) -> bool {
        let mut network = Network::<L>::zeros();
        network.parameters_mut().fill(weight);
        let before = network.clone();
        let mut by_hand = network.clone();
        let optimizer = Sgd::new(rate);
        let mut gradient = Gradient::zeros();
        by_hand
            .gradient(&[(input, [1.0, -1.0])], &MeanSquaredError, &mut gradient)
            .expect("a sample");
        let right = optimizer.apply(&mut State::new(&optimizer), &mut by_hand, &gradient);
        let mut trainer = Trainer::stochastic(MeanSquaredError, optimizer);
        let done = trainer.step(&mut network, &input, &[1.0, -1.0]);
        assert_eq!(done.is_ok(), right.is_ok(), "{rate} {input:?} {weight}");
        let right = if right.is_ok() { &by_hand } else { &before };
        for (got, right) in network.parameters().iter().zip(right.parameters()) {
            assert_eq!(got.to_bits(), right.to_bits(), "{rate} {input:?} {weight}");
        }
        done.is_ok()
    }
    let (mut applied, mut refused) = (0, 0);
    for rate in [0.1, 1e6, 1e10, 1e30, f32::MAX] {
        for x in [
            0.0,
            1e-30,
            1.0,
            1e13,
            1e25,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
        ] {
            for weight in [0.0, 0.5, 1e12, 3.4e38, f32::INFINITY, f32::NAN] {
                for done in [
                    check::<Dense<U3, U2>>(rate, [x, -x, 1.0], weight),
                    check::<(Dense<U3, U4, Tanh>, Dense<U4, U2>)>(rate, [x, 0.0, 1.0], weight),
                    check::<(Dense<U3, U40, Sigmoid>, Dense<U40, U2>)>(rate, [x; 3], weight),
                ] {
                    if done {
                        applied += 1;
                    } else {
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(applied > 100 && refused > 100, "{applied} and {refused}");
}
