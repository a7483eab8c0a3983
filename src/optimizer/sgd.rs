//! Gradient descent, plain and with momentum.

use core::marker::PhantomData;

use super::{Extent, Optimizer};
use crate::Scalar;
use crate::schedule::Schedule;

/// Gradient descent: `parameter -= learning_rate * gradient`.
///
/// ```
/// use sizednet::{Optimizer, Sgd};
///
/// let step = Sgd::new(0.5).prepare(0, &[]);
/// assert_eq!(<Sgd as Optimizer<f32>>::update(&step, 3.0, 2.0, []), (2.0, []));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd<T = f32, R = T, D = NoDecay> {
    learning_rate: R,
    weight_decay: D,
    number: PhantomData<T>,
}

/// A weight decay: a number, or [`NoDecay`].
///
/// Whether there is one is a type, so that a program without it has no code for it.
///
/// ```
/// use sizednet::{Sgd, optimizer::NoDecay};
///
/// let plain: Sgd<f32, f32, NoDecay> = Sgd::new(0.5);
/// let decayed: Sgd<f32, f32, f32> = plain.weight_decay(0.01);
/// ```
pub trait Decay<T>: Copy {
    /// The factor, if there is one.
    fn factor(self) -> Option<T>;
}

/// No weight decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoDecay;

impl<T> Decay<T> for NoDecay {
    #[inline(always)]
    fn factor(self) -> Option<T> {
        None
    }
}

impl<T: Scalar> Decay<T> for T {
    #[inline(always)]
    fn factor(self) -> Option<T> {
        Some(self)
    }
}

impl<T: Scalar, R: Schedule<T>> Sgd<T, R> {
    /// With a learning rate: a number or a [`Schedule`].
    pub const fn new(learning_rate: R) -> Self {
        Self {
            learning_rate,
            weight_decay: NoDecay,
            number: PhantomData,
        }
    }
}

impl<T: Scalar, R: Schedule<T>, D: Decay<T>> Sgd<T, R, D> {
    /// Adds `decay * parameter` to each gradient (0 by default).
    #[must_use]
    pub const fn weight_decay(self, decay: T) -> Sgd<T, R, T> {
        Sgd {
            learning_rate: self.learning_rate,
            weight_decay: decay,
            number: PhantomData,
        }
    }
    /// Keeps a velocity: `velocity = momentum * velocity + gradient; parameter -= learning_rate * velocity`.
    #[must_use]
    pub const fn momentum(self, momentum: T) -> Momentum<T, R, D> {
        Momentum {
            sgd: self,
            momentum,
            nesterov: false,
        }
    }
}

/// `gradient + decay * parameter`.
#[inline(always)]
pub(super) fn decayed<T: Scalar>(decay: Option<T>, parameter: T, gradient: T) -> T {
    match decay {
        Some(decay) => gradient + decay * parameter,
        None => gradient,
    }
}

impl<T: Scalar, R: Schedule<T>, D: Decay<T>> Optimizer<T> for Sgd<T, R, D> {
    type State = [T; 0];
    type Step = (T, Option<T>);
    const NAME: &'static str = "Sgd";
    const READS_GRADIENT: bool = false;

    #[inline]
    fn prepare(&self, updates: u32, _: &[T]) -> Self::Step {
        (self.learning_rate.rate(updates), self.weight_decay.factor())
    }
    #[inline(always)]
    fn update(
        &(rate, decay): &Self::Step,
        parameter: T,
        gradient: T,
        state: [T; 0],
    ) -> (T, [T; 0]) {
        (
            parameter - rate * decayed(decay, parameter, gradient),
            state,
        )
    }
    #[inline]
    fn plain_rate(&self, updates: u32) -> Option<T> {
        match self.weight_decay.factor() {
            Some(_) => None,
            None => Some(self.learning_rate.rate(updates)),
        }
    }
    /// The update of magnitudes, with sums in place of differences: rounding is monotone, so no update is larger.
    fn surely_finite(
        &(rate, decay): &Self::Step,
        parameter: T,
        gradient: T,
        []: [Extent<T>; 0],
    ) -> bool {
        let gradient = decayed(decay.map(Scalar::abs), parameter, gradient);
        (parameter + rate.abs() * gradient).is_finite()
    }
}

/// Gradient descent with momentum (Polyak, 1964), or Nesterov's (Sutskever and others, 2013), made by
/// [`Sgd::momentum`].
///
/// ```
/// use sizednet::{Optimizer, Sgd, optimizer::Momentum};
///
/// let optimizer: Momentum = Sgd::new(0.5).momentum(0.5);
/// let step = optimizer.prepare(1, &[]);
/// // velocity 0.5 * 4 + 2
/// assert_eq!(<Momentum as Optimizer<f32>>::update(&step, 3.0, 2.0, [4.0]), (1.0, [4.0]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum<T = f32, R = T, D = NoDecay> {
    sgd: Sgd<T, R, D>,
    momentum: T,
    nesterov: bool,
}

impl<T: Scalar, R: Schedule<T>, D: Decay<T>> Momentum<T, R, D> {
    /// Looks ahead: `parameter -= learning_rate * (gradient + momentum * velocity)`.
    #[must_use]
    pub const fn nesterov(self) -> Self {
        Self {
            nesterov: true,
            ..self
        }
    }
    /// Adds `decay * parameter` to each gradient (0 by default).
    #[must_use]
    pub const fn weight_decay(self, decay: T) -> Momentum<T, R, T> {
        Momentum {
            sgd: self.sgd.weight_decay(decay),
            momentum: self.momentum,
            nesterov: self.nesterov,
        }
    }
}

impl<T: Scalar, R: Schedule<T>, D: Decay<T>> Optimizer<T> for Momentum<T, R, D> {
    type State = [T; 1];
    type Step = (T, Option<T>, T, bool);
    const NAME: &'static str = "Momentum";
    const READS_GRADIENT: bool = false;

    #[inline]
    fn prepare(&self, updates: u32, gradient: &[T]) -> Self::Step {
        let (rate, decay) = self.sgd.prepare(updates, gradient);
        (rate, decay, self.momentum, self.nesterov)
    }
    #[inline(always)]
    fn update(step: &Self::Step, parameter: T, gradient: T, [velocity]: [T; 1]) -> (T, [T; 1]) {
        let &(rate, decay, momentum, nesterov) = step;
        let gradient = decayed(decay, parameter, gradient);
        let velocity = momentum * velocity + gradient;
        let direction = if nesterov {
            gradient + momentum * velocity
        } else {
            velocity
        };
        (parameter - rate * direction, [velocity])
    }
    fn surely_finite(
        &(rate, decay, momentum, _): &Self::Step,
        parameter: T,
        gradient: T,
        [velocity]: [Extent<T>; 1],
    ) -> bool {
        let gradient = decayed(decay.map(Scalar::abs), parameter, gradient);
        let momentum = momentum.abs();
        let velocity = momentum * velocity.largest + gradient;
        // at least the direction of either form
        let direction = velocity + momentum * velocity + gradient;
        (parameter + rate.abs() * direction).is_finite()
    }
}
