//! The curves as a picture: a panel for each number of hidden nodes, with its legend above it. It teaches plotters
//! without system fonts: text is placed by its anchor, and nothing depends on how wide a font is.

use core::error::Error;
use core::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::curve::{Curve, Scales, log10, power_of_ten};

const SIZE: (u32, u32) = (1200, 1020);
/// Colors of the learning rates, told apart without red and green as well (Okabe and Ito, 2008).
const COLORS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(213, 94, 0),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(215, 215, 215);
const FAINT: RGBColor = RGBColor(240, 240, 240);
/// Above all panels: what they show.
const TOP: i32 = 52;
/// Above the plot of a panel: its title and legend.
const HEADER: i32 = 96;
/// Left of the plot of a panel: a margin and the axis.
const LEFT: i32 = 114;
const MARGIN: i32 = 10;
/// Decades that a curve may be off: a quarter of a pixel.
const NEAR: f64 = 0.004;

/// The picture as SVG.
pub(crate) fn draw(curves: &[Curve]) -> Result<String, Box<dyn Error>> {
    let scales = Scales::of(curves);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (top, rest) = root.split_vertically(TOP);
        let title =
            "XOR by full-batch gradient descent, seed 0: mean squared error over the epochs";
        top.draw_text(title, &text(29), (LEFT, TOP / 2))?;
        let panels = rest.split_evenly((2, 2));
        let by_hidden = curves.chunk_by(|a, b| a.hidden == b.hidden);
        for (panel, curves) in panels.iter().zip(by_hidden) {
            draw_panel(panel, curves, &scales)?;
        }
        root.present()?;
    }
    Ok(svg)
}

/// Text of a size, placed by its left end.
fn text(size: u32) -> TextStyle<'static> {
    let style = TextStyle::from(("sans-serif", size)).color(&INK);
    style.pos(Pos::new(HPos::Left, VPos::Center))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw_panel(panel: &Area, curves: &[Curve], scales: &Scales) -> Result<(), Box<dyn Error>> {
    let epochs = Axis {
        low: 0.0,
        high: scales.last_epoch,
    };
    let losses = Axis {
        low: scales.lowest.into(),
        high: scales.highest.into(),
    };
    let mut chart = ChartBuilder::on(panel)
        .margin_top(HEADER)
        .margin_right(2 * MARGIN)
        .margin_bottom(MARGIN)
        .margin_left(MARGIN)
        .x_label_area_size(52)
        .y_label_area_size(LEFT - MARGIN)
        .build_cartesian_2d(epochs, losses)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(FAINT)
        .axis_style(INK)
        .set_all_tick_mark_size(5)
        .label_style(("sans-serif", 22, &INK))
        .axis_desc_style(("sans-serif", 23, &INK))
        .x_desc("epochs")
        .y_desc("loss")
        .draw()?;

    if let Some(curve) = curves.first() {
        let title = format!("{} hidden nodes", curve.hidden);
        panel.draw_text(&title, &text(26), (LEFT, 22))?;
    }
    for ((place, curve), color) in curves.iter().enumerate().zip(COLORS) {
        let style = color.stroke_width(3);
        let points: Vec<_> = curve.points().collect();
        let mut line = points.iter().take(1).copied().collect();
        thin(&points, &mut line);
        chart.draw_series(LineSeries::new(line, style))?;
        let (x, y) = (
            LEFT + 245 * (place as i32 / 2),
            51 + 26 * (place as i32 % 2),
        );
        panel.draw(&PathElement::new(
            [(x, y), (x + 28, y)],
            color.stroke_width(4),
        ))?;
        panel.draw_text(&curve.label, &text(22), (x + 36, y))?;
    }
    Ok(())
}

/// An axis whose numbers are decimal logarithms, with a tick for each decade and a faint line for 2 to 9 times it.
struct Axis {
    low: f64,
    high: f64,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        start + (share * f64::from(end - start)).round() as i32
    }
    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let steps = if hint.weight().allow_light_points() {
            1..10
        } else {
            1..2
        };
        (self.low as i32..=self.high as i32)
            .flat_map(|decade| {
                steps
                    .clone()
                    .map(move |n| f64::from(decade) + log10(n.into()))
            })
            .filter(|&point| point <= self.high)
            .collect()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(decade: &f64) -> String {
        power_of_ten(*decade as i32)
    }
}

/// Adds the points after the first that a line through them needs to stay near all (Douglas and Peucker, 1973).
fn thin(points: &[(f64, f64)], thinned: &mut Vec<(f64, f64)>) {
    let [from, between @ .., to] = points else {
        return;
    };
    let slope = (to.1 - from.1) / (to.0 - from.0);
    let off = |&(x, y): &(f64, f64)| (from.1 + slope * (x - from.0) - y).abs();
    let farthest = between
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| off(a).total_cmp(&off(b)));
    match farthest {
        Some((index, point)) if off(point) > NEAR => {
            thin(&points[..index + 2], thinned);
            thin(&points[index + 1..], thinned);
        }
        _ => thinned.push(*to),
    }
}
