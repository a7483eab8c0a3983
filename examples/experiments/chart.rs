//! The curves as text: a braille character holds two by four dots, and a curve's label stands where the curve ends.

use crate::curve::{Curve, Scales, power_of_ten};

/// Characters of a panel.
const COLUMNS: usize = 50;
const ROWS: usize = 6;
/// Dots of a panel.
const WIDTH: usize = 2 * COLUMNS;
const HEIGHT: usize = 4 * ROWS;
/// The bit of a dot in its braille character, by column and row.
const BITS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A panel for each number of hidden nodes, one below the other.
pub(crate) fn draw(curves: &[Curve]) -> String {
    let scales = Scales::of(curves);
    let mut text = "Loss over epochs of seed 0, both axes logarithmic\n".to_owned();
    for panel in curves.chunk_by(|a, b| a.hidden == b.hidden) {
        text += "\n";
        text += &draw_panel(panel, &scales);
    }
    let mut axis = String::new();
    for decade in 0..=scales.last_epoch as i32 {
        let column = (f64::from(decade) / scales.last_epoch * COLUMNS as f64) as usize;
        axis = format!("{axis:column$}{}", power_of_ten(decade));
    }
    text + &format!("{:9}{axis:COLUMNS$}  epochs\n", "")
}

fn draw_panel(curves: &[Curve], scales: &Scales) -> String {
    let decades = f64::from(scales.highest - scales.lowest);
    let dot = |(epoch, loss): (f64, f64)| {
        let x = epoch / scales.last_epoch * (WIDTH - 1) as f64;
        let y = (f64::from(scales.highest) - loss) / decades * (HEIGHT - 1) as f64;
        (x.round() as usize, (y.round() as usize).min(HEIGHT - 1))
    };
    let mut cells = [[0; COLUMNS]; ROWS];
    let mut ends = Vec::new();
    for curve in curves {
        let mut last = None;
        for here in curve.points().map(dot) {
            for (x, y) in line(last.unwrap_or(here), here) {
                cells[y / 4][x / 2] |= BITS[x % 2][y % 4];
            }
            last = Some(here);
        }
        ends.push((last.map_or(0, |(_, y)| y), curve.label.as_str()));
    }
    let labels = place(ends);
    let mut text = String::new();
    for (row, cells) in cells.iter().enumerate() {
        let tick = match row {
            0 => power_of_ten(scales.highest),
            _ if row == ROWS - 1 => power_of_ten(scales.lowest),
            _ => String::new(),
        };
        let braille: String = cells
            .iter()
            .filter_map(|bits| char::from_u32(0x2800 + bits))
            .collect();
        text += format!("{tick:>8} {braille} {}", labels[row]).trim_end();
        text += "\n";
    }
    text
}

/// The dots from one to another.
fn line(from: (usize, usize), to: (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
    let between = move |a, b, step| (a * (steps - step) + b * step + steps / 2) / steps;
    (0..=steps).map(move |step| (between(from.0, to.0, step), between(from.1, to.1, step)))
}

/// The label of each row: where its curve ends, or the next free row.
fn place(mut ends: Vec<(usize, &str)>) -> [&str; ROWS] {
    ends.sort_by_key(|(y, _)| *y);
    let mut labels = [""; ROWS];
    let (mut free, mut left) = (0, ends.len());
    for (y, label) in ends {
        // as many rows stay free as labels follow
        let row = (y / 4).max(free).min(ROWS.saturating_sub(left));
        labels[row] = label;
        (free, left) = (row + 1, left - 1);
    }
    labels
}
