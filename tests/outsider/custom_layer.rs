//! An outsider's layer, activation and loss: public API only, trained and gradient-checked.

use core::marker::PhantomData;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::activation::PreActivation;
use sizednet::kernel::Kernel;
use sizednet::layer::Backward;
use sizednet::{
    Activation, Dense, Layer, Loss, MeanSquaredError, Network, Scalar, Sgd, Size, Trainer,
    gradient_check, sizes::*,
};

/// One learned factor for all inputs.
struct Scale<N>(PhantomData<N>);

impl<N: Size> Layer for Scale<N> {
    type Input = N;
    type Output = N;
    type Parameters = U1;
    type Tape = N;
    const NAME: &'static str = "Scale";

    fn forward<T: Scalar, K: Kernel>(p: &[T], inputs: &[T], outputs: &mut [T]) {
        for (x, y) in inputs.iter().zip(outputs) {
            *y = p[0] * *x;
        }
    }
    fn backward<T: Scalar, K: Kernel>(p: &[T], pass: Backward<'_, T>) {
        let dy = pass.output_gradient;
        for (x, dy) in pass.inputs.iter().zip(&*dy) {
            pass.gradient[0] += *x * *dy;
        }
        for (dx, dy) in pass.input_gradient.into_iter().flatten().zip(dy) {
            *dx = p[0] * *dy;
        }
    }
}

struct Square;

impl Activation for Square {
    type Keeps = PreActivation;
    const NAME: &'static str = "Square";
    fn value<T: Scalar>(x: T) -> T {
        x * x
    }
    fn slope<T: Scalar>(x: T) -> T {
        x + x
    }
}

struct FourthPower;

impl<T: Scalar> Loss<T, [T]> for FourthPower {
    fn loss(&self, output: &[T], target: &[T], gradient: &mut [T]) -> T {
        let mut sum = T::ZERO;
        for ((y, t), slope) in output.iter().zip(target).zip(gradient) {
            sum += (*y - *t).powi(4);
            *slope = T::from_f64(4.0) * (*y - *t).powi(3);
        }
        sum
    }
}

type Mixed = (Scale<U3>, (Dense<U3, U4, Square>, Scale<U4>), Dense<U4, U2>);

#[test]
fn a_layer_activation_and_loss_of_ones_own_pass_the_gradient_check() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut network = Network::<Mixed, f64>::random(&mut rng);
    let before = network.clone();
    let check = gradient_check(&mut network, &FourthPower, &[0.3, -0.7, 1.1], &[0.5, -2.0]);
    assert!(check.error() < 1e-6, "{check}");
    assert_eq!(network, before, "the check puts the parameters back");
}

#[test]
fn a_wrong_way_back_fails_the_gradient_check() {
    struct Wrong;
    impl Activation for Wrong {
        type Keeps = PreActivation;
        const NAME: &'static str = "Wrong";
        fn value<T: Scalar>(x: T) -> T {
            x * x
        }
        fn slope<T: Scalar>(x: T) -> T {
            x
        }
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut network = Network::<Dense<U2, U2, Wrong>, f64>::random(&mut rng);
    let check = gradient_check(&mut network, &MeanSquaredError, &[0.3, -0.7], &[0.5, -2.0]);
    assert!(check.error() > 0.1, "{check}");
}

#[test]
fn a_layer_of_ones_own_learns() {
    let samples = [([1.0_f32, 2.0], [3.0, 6.0]), ([-1.0, 0.5], [-3.0, 1.5])];
    let mut network = Network::<Scale<U2>>::zeros();
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    for epoch in trainer.epochs(&mut network, &samples).take(100) {
        epoch.expect("finite");
    }
    assert!((network.parameters()[0] - 3.0).abs() < 1e-4);
    assert!(network.summary().to_string().contains("Scale"));
}
