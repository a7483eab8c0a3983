//! What all peers share: the timing loop and the FMA peak.

pub mod peak;
pub mod timing;
