//! Data before training.

mod prepare;
