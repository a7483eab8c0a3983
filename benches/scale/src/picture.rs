//! The chart: shares of the peak, over widths and over batches, of the way forward and of training.

use core::error::Error;
use core::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::kernels::{FORWARD, TRAINING};
use crate::point::{Axis, Series};

const SIZE: (u32, u32) = (1200, 1020);
/// Told apart without red and green as well (Okabe and Ito, 2008).
const COLORS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(213, 94, 0),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(215, 215, 215);
/// Above all panels: what they show.
const TOP: i32 = 52;
/// Above the plot of a panel: its title and legend.
const HEADER: i32 = 70;
/// Left of the plot of a panel: a margin and the axis.
const LEFT: i32 = 100;
const MARGIN: i32 = 10;

/// The chart as SVG.
pub(crate) fn draw(series: &[Series], peak: f64) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (top, rest) = root.split_vertically(TOP);
        let title = format!(
            "A dense layer of n to n values, f32, on one core: share of the FMA peak ({peak:.0} GFLOP/s)"
        );
        top.draw_text(&title, &text(26), (LEFT, TOP / 2))?;
        let panels = [
            (FORWARD, Axis::Width),
            (TRAINING, Axis::Width),
            (FORWARD, Axis::Batch),
            (TRAINING, Axis::Batch),
        ];
        for (area, (what, axis)) in rest.split_evenly((2, 2)).iter().zip(panels) {
            let of = |series: &&Series| series.what == what && series.axis == axis;
            let series: Vec<_> = series.iter().filter(of).collect();
            draw_panel(area, what, axis, &series, peak)?;
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

fn draw_panel(
    area: &Area,
    what: &str,
    axis: Axis,
    series: &[&Series],
    peak: f64,
) -> Result<(), Box<dyn Error>> {
    let (doublings, other) = match axis {
        Axis::Width => (10, Axis::Batch),
        Axis::Batch => (8, Axis::Width),
    };
    let mut chart = ChartBuilder::on(area)
        .margin_top(HEADER)
        .margin_right(2 * MARGIN)
        .margin_bottom(MARGIN)
        .margin_left(MARGIN)
        .x_label_area_size(52)
        .y_label_area_size(LEFT - MARGIN)
        .build_cartesian_2d(Doublings(doublings), 0.0..1.0)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .set_all_tick_mark_size(5)
        .label_style(("sans-serif", 20, &INK))
        .axis_desc_style(("sans-serif", 21, &INK))
        .x_desc(axis.name())
        .y_labels(6)
        .y_label_formatter(&|share| format!("{:.0} %", 100.0 * share))
        .draw()?;

    area.draw_text(
        &format!("{what}, over the {}", axis.name()),
        &text(24),
        (LEFT, 16),
    )?;
    for ((place, series), color) in series.iter().enumerate().zip(COLORS) {
        let points = series
            .points
            .iter()
            .filter(|point| point.size <= 1 << doublings)
            .map(|point| ((point.size as f64).log2(), point.gflops() / peak));
        chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
        let (x, y) = (LEFT + 122 * place as i32, 46);
        area.draw(&PathElement::new(
            [(x, y), (x + 20, y)],
            color.stroke_width(4),
        ))?;
        let label = format!("{} {}", other.name(), series.fixed);
        area.draw_text(&label, &text(19), (x + 25, y))?;
    }
    Ok(())
}

/// An axis from 1 to a power of two, whose numbers are binary logarithms.
struct Doublings(u32);

impl Ranged for Doublings {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = value / f64::from(self.0);
        start + (share * f64::from(end - start)).round() as i32
    }
    fn range(&self) -> Range<f64> {
        0.0..self.0.into()
    }
    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..=self.0).map(f64::from).collect()
    }
}

impl ValueFormatter<f64> for Doublings {
    fn format(doublings: &f64) -> String {
        format!("{}", doublings.exp2())
    }
}
