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
    message = "`{Self}` is not a learning rate for `{T}`, nor a schedule of one"
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
