//! Every layer: the way forward and the way back, alone, in stacks and in batches.

mod batch_norm;
mod checks;
mod combinators;
mod convolution;
mod figures;
mod networks;
mod normalization;
mod recurrent;
mod sequences;
mod stacks;
