//! What the examples share: options, readers, the fit with early stop, pictures, files.

pub mod files;
pub mod fit;
pub mod options;
pub mod pictures;
pub mod readers;

/// What may go wrong in an example: all of it ends with a message.
pub type Failure = Box<dyn core::error::Error>;
