//! Where sizednet has to be: the median over the rounds of its time by that of the best peer.

use std::cmp::Ordering;

use harness::Work;

use crate::measure::{Measured, Row};

/// The ratio that a work must reach.
pub(crate) const fn of(work: Work) -> f64 {
    match work {
        Work::W1 => 0.95,
        Work::W2 | Work::W3 | Work::W4 => 0.85,
        Work::W5 => 0.93,
        Work::W6a => 1.03,
        Work::W6b => 0.96,
        Work::W7 => 0.90,
        Work::W8a | Work::W8b | Work::W8c | Work::W9a | Work::W9b | Work::W9c => 0.95,
        Work::W10a | Work::W10b => 0.95,
    }
}

/// The peer with the best median, of the builds that are the bar and compute what they should.
pub(crate) fn best(measured: &Measured, work: Work) -> Option<&Row> {
    let median_of = |row: &Row| row.cells.get(&work).map(|cell| median(cell.times.values()));
    measured
        .rows
        .iter()
        .filter(|row| measured.bar.contains(&row.target))
        .filter(|row| row.cells.get(&work).is_some_and(|cell| !cell.differs))
        .min_by(|a, b| order(&median_of(a), &median_of(b)))
}

fn order<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

/// The ratios of two rows, round by round.
pub(crate) fn ratios(ours: &Row, theirs: &Row, work: Work) -> Vec<f64> {
    let (Some(ours), Some(theirs)) = (ours.cells.get(&work), theirs.cells.get(&work)) else {
        return Vec::new();
    };
    let both = ours.times.iter().filter_map(|(round, time)| {
        let other = theirs.times.get(round)?;
        Some(time / other)
    });
    both.collect()
}

/// The one in the middle, or the mean of both; NaN of none.
pub(crate) fn median<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().copied().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.as_slice() {
        [] => f64::NAN,
        values if values.len() % 2 == 1 => values[middle],
        values => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
