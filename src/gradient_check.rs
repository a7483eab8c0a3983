//! The gradient check: the way back against numbers that know only the way forward.

use core::fmt::{Display, Formatter};

use crate::gradient::{Gradient, Tape};
use crate::loss::TakenBy;
use crate::network::Network;
use crate::sample::{InputArray, OutputArray, Target, values, values_mut};
use crate::storage::OwnedStorage;
use crate::{Element, Layer};

/// What [`gradient_check`] finds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GradientCheck {
    /// The largest difference between an analytic and a numeric derivative.
    pub difference: f64,
    /// The largest derivative, of either kind.
    pub largest: f64,
}

impl GradientCheck {
    /// The largest difference in units of the largest derivative. A right gradient stays below 1e-6; a wrong one is
    /// seldom below 1e-2. NaN where a derivative is, and where all derivatives are 0 and so show nothing.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.difference / self.largest
    }

    fn see(&mut self, analytic: f64, numeric: f64) {
        // comparisons with NaN are false, and a NaN has to stay
        let larger = |a: f64, b: f64| if a > b || a.is_nan() { a } else { b };
        self.difference = larger((analytic - numeric).abs(), self.difference);
        self.largest = larger(analytic.abs(), larger(numeric.abs(), self.largest));
    }
}

impl Display for GradientCheck {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(f, "differs by {:e} of {:e}", self.difference, self.largest)
    }
}

/// Compares the analytic gradient of the loss of a sample with central differences, over all parameters and inputs: for
/// layers, activations and losses of your own.
///
/// It takes a network in `f64`: a difference of two losses keeps about half of their digits, some eight of sixteen in
/// `f64`, but three or four of seven in `f32`, where a wrong gradient would hide behind rounding. The way back is the
/// same code for both.
///
/// A function with a kink (`Relu`, `MeanAbsoluteError`) has no derivative there: choose parameters and targets for which
/// the sample stays away from it. The parameters are changed one at a time and put back, bit for bit.
///
/// ```
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// use sizednet::{Dense, MeanSquaredError, Network, Tanh, gradient_check, sizes::*};
///
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
/// let mut network = Network::<(Dense<U2, U3, Tanh>, Dense<U3, U1>), f64>::random(&mut rng);
/// let check = gradient_check(&mut network, &MeanSquaredError, &[0.5, -1.0], &[2.0]);
/// assert!(check.error() < 1e-6);
/// ```
///
/// A [`Class`](crate::Class) that the network has no output for has no loss: the error is then NaN.
pub fn gradient_check<L, E, X, S>(
    network: &mut Network<L, f64, S>,
    loss: &E,
    input: &InputArray<L, f64>,
    target: &X,
) -> GradientCheck
where
    L: Layer,
    X: Target<L::Output, f64, Kind: TakenBy<E, f64>>,
    S: OwnedStorage,
{
    let Ok(target) = target.kind() else {
        return GradientCheck {
            difference: f64::NAN,
            largest: f64::NAN,
        };
    };
    let mut slopes = <OutputArray<L, f64>>::ZERO;
    let loss_at = |network: &Network<L, f64, S>, input: &InputArray<L, f64>| {
        let mut unused = <OutputArray<L, f64>>::ZERO;
        let output = network.forward(input);
        target.loss(
            loss,
            values::<L::Output, f64>(&output),
            values_mut::<L::Output, f64>(&mut unused),
        )
    };

    let mut tape = Tape::<L, f64, S>::new();
    let mut gradient = Gradient::<L, f64, S>::default();
    let output = network.record(input, &mut tape);
    target.loss(
        loss,
        values::<L::Output, f64>(&output),
        values_mut::<L::Output, f64>(&mut slopes),
    );
    let input_gradient = network.backward(input, &tape, &slopes, &mut gradient);

    let mut check = GradientCheck {
        difference: 0.0,
        largest: 0.0,
    };
    for index in 0..Network::<L, f64, S>::PARAMETERS {
        let before = network.parameters()[index];
        let numeric = derivative(before, |value| {
            network.parameters_mut()[index] = value;
            loss_at(network, input)
        });
        network.parameters_mut()[index] = before;
        check.see(gradient.parameters()[index], numeric);
    }
    let mut moved = input.clone();
    for (index, analytic) in values::<L::Input, f64>(&input_gradient).iter().enumerate() {
        let before = values::<L::Input, f64>(input)[index];
        let numeric = derivative(before, |value| {
            values_mut::<L::Input, f64>(&mut moved)[index] = value;
            loss_at(network, &moved)
        });
        values_mut::<L::Input, f64>(&mut moved)[index] = before;
        check.see(*analytic, numeric);
    }
    check
}

/// The derivative by central differences of two widths, of which Richardson's extrapolation takes away the error of
/// second order, so that a width of 1e-4 leaves an error near that of rounding.
fn derivative(at: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let width = 1e-4 * if at.abs() > 1.0 { at.abs() } else { 1.0 };
    let mut central = |width: f64| (f(at + width) - f(at - width)) / (2.0 * width);
    (4.0 * central(width) - central(2.0 * width)) / 3.0
}
