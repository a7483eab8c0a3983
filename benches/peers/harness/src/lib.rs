//! What all peers share: the works, their data and first weights, the timing loop, a reference in `f64` that says what
//! each work should give, and the FMA peak.

pub mod convolution;
pub mod data;
pub mod peak;
pub mod program;
pub mod recurrent;
pub mod reference;
pub mod timing;
pub mod work;

pub use program::{Found, Timer, run};
pub use work::Work;
