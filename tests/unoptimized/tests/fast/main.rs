//! The quick tests of single parts, in one binary so that it links once.

mod gradients;
mod torch;
