//! Trainers: steps and epochs, in which order, what is refused, and how good the result is.

mod bits;
mod classes;
mod direct_step;
mod groups;
mod order;
mod overflow;
#[cfg(feature = "rayon")]
mod parallel;
mod refused_steps;
mod trainers;
mod training;
mod visits;
