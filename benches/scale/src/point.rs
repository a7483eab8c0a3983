//! What is measured: series of points, and the time of a point.

use core::time::Duration;
use std::time::Instant;

/// How long a sample takes at least: far above the resolution of the clock, far below a slice of the scheduler.
const SAMPLE: Duration = Duration::from_micros(100);
/// How long a point is measured in a pass, at least one sample.
const VISIT: Duration = Duration::from_millis(1);

/// Which size changes along a series.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Axis {
    Width,
    Batch,
}

impl Axis {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Width => "width",
            Self::Batch => "batch",
        }
    }
}

/// Points of which all but one size is fixed.
pub(crate) struct Series {
    /// What is done with the samples.
    pub(crate) what: &'static str,
    /// The size that changes.
    pub(crate) axis: Axis,
    /// The other one.
    pub(crate) fixed: usize,
    pub(crate) points: Vec<Point>,
}

impl Series {
    pub(crate) fn name(&self) -> String {
        let other = match self.axis {
            Axis::Width => Axis::Batch,
            Axis::Batch => Axis::Width,
        };
        format!("{}, {} {}", self.what, other.name(), self.fixed)
    }
}

/// A size, and the least time found for it.
pub(crate) struct Point {
    pub(crate) size: usize,
    /// Multiplications with an addition of a call.
    multiply_adds: usize,
    /// Calls that take as long as a sample; 0 before it is known.
    calls: u32,
    /// The time of a call.
    pub(crate) nanoseconds: f64,
    /// Calls it so many times.
    work: Box<dyn FnMut(u32)>,
}

impl Point {
    pub(crate) fn new(size: usize, multiply_adds: usize, work: impl FnMut(u32) + 'static) -> Self {
        Self {
            size,
            multiply_adds,
            calls: 0,
            nanoseconds: f64::INFINITY,
            work: Box::new(work),
        }
    }

    /// Takes samples, after calls that fetch code and data.
    pub(crate) fn measure(&mut self) {
        if self.calls == 0 {
            self.calls = 1;
            while self.sample() < SAMPLE {
                self.calls *= 2;
            }
        } else {
            (self.work)(1);
        }
        let start = Instant::now();
        loop {
            let time = self.sample().as_nanos() as f64 / f64::from(self.calls);
            self.nanoseconds = self.nanoseconds.min(time);
            if start.elapsed() > VISIT {
                break;
            }
        }
    }

    fn sample(&mut self) -> Duration {
        let start = Instant::now();
        (self.work)(self.calls);
        start.elapsed()
    }

    /// Floating-point operations in a nanosecond, two for a multiplication with an addition.
    pub(crate) fn gflops(&self) -> f64 {
        2.0 * self.multiply_adds as f64 / self.nanoseconds
    }
}
