//! The one timing loop, which the C++ header and the Python module repeat: the best of many short batches.

use std::time::{Duration, Instant};

/// How long a batch of calls takes: far above the resolution of the clock, far below a slice of the scheduler.
pub const BATCH: Duration = Duration::from_millis(1);

/// How many calls fill a batch: doubled until a batch takes that long, which also warms up.
fn calls_in_a_batch(work: &mut impl FnMut()) -> u64 {
    let mut calls = 1;
    while nanoseconds_of(calls, work) < BATCH.as_nanos() as f64 {
        calls *= 2;
    }
    calls
}

/// How long a number of calls takes.
fn nanoseconds_of(calls: u64, work: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        work();
    }
    start.elapsed().as_nanos() as f64
}

/// The nanoseconds of a call in the fastest batch of all that fit into this time, and of at least three.
///
/// The fastest, since whatever else runs on a machine only ever makes it slower.
pub fn fastest(time: Duration, mut work: impl FnMut()) -> f64 {
    let calls = calls_in_a_batch(&mut work);
    let mut fastest = f64::INFINITY;
    let mut batches = 0;
    let start = Instant::now();
    while batches < 3 || start.elapsed() < time {
        fastest = fastest.min(nanoseconds_of(calls, &mut work));
        batches += 1;
    }
    fastest / calls as f64
}
