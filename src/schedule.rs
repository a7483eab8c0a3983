//! Learning-rate schedules: from the number of updates so far to a rate.

use crate::Scalar;

/// The learning rate as a function of the number of updates so far; a number is the constant rate.
///
/// ```
/// use sizednet::{Schedule, Sgd, schedule::{Cosine, WarmUp}};
///
/// let rate = WarmUp { updates: 5, then: Cosine { start: 0.1_f32, end: 0.01, updates: 20 } };
/// assert_eq!(rate.rate(4), 0.1);
/// assert_eq!(rate.rate(25), 0.01);
/// let optimizer = Sgd::<f32, _>::new(rate);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a learning rate, nor a schedule of one",
    label = "not a learning rate",
    note = "a learning rate has the number type of its network: `f32`, unless another is named"
)]
pub trait Schedule<T>: Copy {
    /// The rate of the update that comes after this many.
    fn rate(&self, updates: u32) -> T;
}

impl Schedule<Self> for f32 {
    #[inline]
    fn rate(&self, _: u32) -> Self {
        *self
    }
}

impl Schedule<Self> for f64 {
    #[inline]
    fn rate(&self, _: u32) -> Self {
        *self
    }
}

/// `start`, times `factor` after every `every` updates.
///
/// ```
/// use sizednet::{Schedule, schedule::Step};
///
/// let schedule = Step { start: 0.5, factor: 0.5, every: 10 };
/// assert_eq!([0, 9, 10, 20].map(|updates| schedule.rate(updates)), [0.5, 0.5, 0.25, 0.125]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step<T> {
    /// The first rate.
    pub start: T,
    /// What each step multiplies it by.
    pub factor: T,
    /// Updates from step to step; 0 counts as 1.
    pub every: u32,
}

impl<T: Scalar> Schedule<T> for Step<T> {
    fn rate(&self, updates: u32) -> T {
        self.start
            * self
                .factor
                .powi(updates.checked_div(self.every).unwrap_or(updates))
    }
}

/// `start * factor^updates`.
///
/// ```
/// use sizednet::{Schedule, schedule::Exponential};
///
/// let schedule = Exponential { start: 0.5, factor: 0.5 };
/// assert_eq!([0, 1, 2].map(|updates| schedule.rate(updates)), [0.5, 0.25, 0.125]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential<T> {
    /// The first rate.
    pub start: T,
    /// What each update multiplies it by.
    pub factor: T,
}

impl<T: Scalar> Schedule<T> for Exponential<T> {
    fn rate(&self, updates: u32) -> T {
        self.start * self.factor.powi(updates)
    }
}

/// Half a cosine from `start` down to `end` (Loshchilov and Hutter, 2017, eq. 5), which then stays.
///
/// ```
/// use sizednet::{Schedule, schedule::Cosine};
///
/// let schedule = Cosine { start: 1.0, end: 0.0, updates: 2 };
/// assert_eq!([0, 1, 2, 3].map(|updates| schedule.rate(updates)), [1.0, 0.5, 0.0, 0.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosine<T> {
    /// The first rate.
    pub start: T,
    /// The last rate.
    pub end: T,
    /// Updates on the way.
    pub updates: u32,
}

impl<T: Scalar> Schedule<T> for Cosine<T> {
    fn rate(&self, updates: u32) -> T {
        if updates >= self.updates {
            return self.end;
        }
        let way = T::from_u32(updates) / T::from_u32(self.updates);
        self.end + T::HALF * (self.start - self.end) * (T::ONE + way.cos_pi())
    }
}

/// Rises in equal steps to the first rate of `then`, which begins after that.
///
/// ```
/// use sizednet::{Schedule, schedule::WarmUp};
///
/// let schedule = WarmUp { updates: 4, then: 1.0 };
/// assert_eq!([0, 1, 3, 4].map(|updates| schedule.rate(updates)), [0.25, 0.5, 1.0, 1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmUp<S> {
    /// Updates of the rise.
    pub updates: u32,
    /// What comes after it: a number, or another schedule.
    pub then: S,
}

impl<T: Scalar, S: Schedule<T>> Schedule<T> for WarmUp<S> {
    fn rate(&self, updates: u32) -> T {
        match updates.checked_sub(self.updates) {
            Some(after) => self.then.rate(after),
            None => self.then.rate(0) * T::from_u32(updates + 1) / T::from_u32(self.updates),
        }
    }
}
