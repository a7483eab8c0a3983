//! Cliffs: sizes that cost more than a larger one.

use std::fmt::Write;

use crate::point::{Point, Series};

/// The lanes of a vector on AVX2. From this size on, none should cost more than `LIMIT` times a larger one up to the next
/// multiple of it.
const VECTOR: usize = 8;
const LIMIT: f64 = 1.1;
/// How often the two points of a pair are measured again, in turns.
const ROUNDS: usize = 20;

/// The multiple of a vector above a size.
pub(crate) const fn next(size: usize) -> usize {
    (size / VECTOR + 1) * VECTOR
}

/// Measures again what looks like a cliff, and tells what stays one: a line for the sizes between two multiples.
pub(crate) fn text(series: &mut [Series]) -> String {
    let (mut lines, mut below, mut sizes, mut cliffs) = (String::new(), String::new(), 0, 0);
    for series in series {
        let name = format!("{}: {}", series.name(), series.axis.name());
        let mut last = 0;
        for place in 0..series.points.len() {
            let size = series.points[place].size;
            let (lines, counts) = if size < VECTOR {
                (&mut below, 0)
            } else {
                (&mut lines, 1)
            };
            sizes += counts;
            let Some((larger, ratio)) = confirmed(&mut series.points, place) else {
                continue;
            };
            cliffs += counts;
            if last != next(size) {
                last = next(size);
                _ = write!(lines, "\n  {name}");
            }
            _ = write!(lines, " {size} = {ratio:.2} * {larger},");
        }
    }
    format!(
        "{cliffs} of {sizes} sizes from {VECTOR} on cost more than {LIMIT} times a larger one up to the next multiple \
         of {VECTOR}:{lines}\n\nBelow {VECTOR}:{below}\n"
    )
}

/// The cheapest of the larger sizes up to the next multiple, and how many times its cost this one's is, if that is too
/// much again and again.
fn confirmed(points: &mut [Point], place: usize) -> Option<(usize, f64)> {
    for _ in 0..ROUNDS {
        let (larger, _) = cheapest(points, place)?;
        points[place].measure();
        points[larger].measure();
    }
    cheapest(points, place).map(|(larger, ratio)| (points[larger].size, ratio))
}

fn cheapest(points: &[Point], place: usize) -> Option<(usize, f64)> {
    let small = &points[place];
    (place + 1..points.len())
        .take_while(|&larger| points[larger].size <= next(small.size))
        .map(|larger| (larger, small.nanoseconds / points[larger].nanoseconds))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .filter(|(_, ratio)| *ratio > LIMIT)
}
