//! Bits: layers against plain loops in the order that their documentation tells, with vectors of every width.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sizednet::kernel::limit_vector_bits;

mod convolution;
mod depthwise;
mod recurrent;
mod sequence;

/// The limit of the vectors is that of the process: one test at a time changes it, and begins without.
fn without_limit() -> MutexGuard<'static, ()> {
    static LIMIT: Mutex<()> = Mutex::new(());
    let guard = LIMIT.lock().unwrap_or_else(PoisonError::into_inner);
    limit_vector_bits(u32::MAX);
    guard
}
