//! Networks and trainers in files: what is written is read, and anything else is an error.

mod compact;
#[cfg(feature = "safetensors")]
mod safetensors;
#[cfg(feature = "serde")]
mod serde;
