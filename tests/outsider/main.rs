//! What others write: layers, activations and losses outside of the crate.

mod custom_layer;
