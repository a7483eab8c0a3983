//! Cliffs: sizes that cost more than the next multiple of a vector.

use core::fmt::Write;

use crate::point::{Point, Series};

/// The lanes of a vector on AVX2. From this size on, none should cost more than `LIMIT` times the multiple above it.
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
            let of_next = |point: &Point| point.size == next(size);
            let Some(above) = series.points.iter().position(of_next) else {
                continue;
            };
            let (lines, counts) = if size < VECTOR {
                (&mut below, 0)
            } else {
                (&mut lines, 1)
            };
            sizes += counts;
            let Some(ratio) = confirmed(&mut series.points, place, above) else {
                continue;
            };
            cliffs += counts;
            if last != next(size) {
                last = next(size);
                _ = write!(lines, "\n  {name}, of {last}:");
            }
            _ = write!(lines, " {size} = {ratio:.2},");
        }
    }
    format!(
        "{cliffs} of {sizes} sizes from {VECTOR} on cost more than {LIMIT} times the next multiple of {VECTOR}:{lines}\n\n\
         Below {VECTOR}:{below}\n"
    )
}

/// How many times the cost of the size above this one's is, if that is too much again and again.
fn confirmed(points: &mut [Point], place: usize, above: usize) -> Option<f64> {
    for _ in 0..ROUNDS {
        ratio(points, place, above)?;
        points[place].measure();
        points[above].measure();
    }
    ratio(points, place, above)
}

fn ratio(points: &[Point], place: usize, above: usize) -> Option<f64> {
    let ratio = points[place].nanoseconds / points[above].nanoseconds;
    (ratio > LIMIT).then_some(ratio)
}
