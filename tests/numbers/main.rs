//! Numbers: mathematics, first weights, and the formulas of activations, losses, optimizers and gradients.

mod gradients;
mod initializers;
mod math;
mod sizes;
mod torch;
