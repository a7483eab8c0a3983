//! Preparing data without heap and std: scaling features, splitting samples, classes as numbers and their weights.
//!
//! What is fitted is fitted on the training part alone and kept beside the network: whatever the network is given later
//! passes through it first. All results have the same bits on every machine.
//!
//! ```
//! use sizednet::prepare::{split_stratified, subset};
//! use sizednet::{Adam, Class, CrossEntropy, Dense, Network, Standardize, Trainer, sizes::*};
//!
//! let mut samples = [
//!     ([150.0, 1.2], Class(0)), ([180.0, 3.1], Class(1)), ([155.0, 1.0], Class(0)),
//!     ([190.0, 3.3], Class(1)), ([152.0, 1.1], Class(0)), ([185.0, 3.0], Class(1)),
//! ];
//! let mut order = [0; 6];
//! let (training, test) = split_stratified::<U2>(&mut order, 1, 2, |sample| samples[sample].1)?;
//!
//! let scaling = Standardize::<U2>::fit_samples(subset(&samples, training))?;
//! for (input, _) in &mut samples {
//!     scaling.apply(input);
//! }
//! let mut network = Network::<Dense<U2, U2>>::zeros();
//! let mut trainer = Trainer::full_batch(CrossEntropy, Adam::new(0.1));
//! for epoch in trainer.epochs(&mut network, subset(&samples, training)).take(50) {
//!     epoch?;
//! }
//! assert_eq!(network.confusion(subset(&samples, test))?.accuracy(), 1.0);
//! assert_eq!(network.classify(&scaling.applied(&[181.0, 2.9])), Class(1));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod affine;
mod classes;
mod error;
mod min_max;
mod split;
mod standardize;
mod subset;

pub use classes::{class_weights, one_hot};
pub use error::PrepareError;
pub use min_max::MinMax;
pub use split::{split, split_stratified};
pub use standardize::Standardize;
pub use subset::{Subset, subset};
