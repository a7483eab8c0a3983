//! The statistics of the report: how sure a share is, and when half of the runs are done.

/// A share, as `successes` of `trials`.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub(crate) successes: usize,
    pub(crate) trials: usize,
}

impl Share {
    /// How many of these are so.
    pub(crate) fn of<T>(all: impl IntoIterator<Item = T>, so: impl Fn(T) -> bool) -> Self {
        let (mut successes, mut trials) = (0, 0);
        for one in all {
            trials += 1;
            successes += usize::from(so(one));
        }
        Self { successes, trials }
    }
    pub(crate) fn per_cent(self) -> f64 {
        100.0 * self.successes as f64 / self.trials as f64
    }
    /// The Wilson score interval at 95 %, in per cent (Wilson, 1927). Unlike the mean plus or minus two deviations, it
    /// is right near 0 and 100 % too.
    pub(crate) fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_963_984_540_054;
        let trials = self.trials as f64;
        let share = self.successes as f64 / trials;
        let middle = share + Z * Z / (2.0 * trials);
        let half = Z * (share * (1.0 - share) / trials + Z * Z / (4.0 * trials * trials)).sqrt();
        let scale = 100.0 / (1.0 + Z * Z / trials);
        (
            (scale * (middle - half)).max(0.0),
            (scale * (middle + half)).min(100.0),
        )
    }
    /// How this share compares with another, as far as their intervals tell.
    pub(crate) fn compare(self, other: Self) -> Comparison {
        let ((low, high), (other_low, other_high)) = (self.interval(), other.interval());
        if low > other_high {
            Comparison::Higher
        } else if high < other_low {
            Comparison::Lower
        } else {
            Comparison::Open
        }
    }
}

/// What two intervals tell.
pub(crate) enum Comparison {
    Higher,
    Lower,
    /// They overlap.
    Open,
}

/// The number that half of them do not exceed; those without a number exceed any.
pub(crate) fn median<T: PartialOrd + Copy>(
    numbers: impl IntoIterator<Item = Option<T>>,
) -> Option<T> {
    let (with, without): (Vec<_>, Vec<_>) = numbers.into_iter().partition(Option::is_some);
    let count = with.len() + without.len();
    let mut with: Vec<T> = with.into_iter().flatten().collect();
    with.sort_by(|a, b| a.partial_cmp(b).unwrap_or(core::cmp::Ordering::Equal));
    with.get(count.div_ceil(2).checked_sub(1)?).copied()
}
