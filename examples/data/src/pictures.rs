//! Pictures: losses over epochs, a confusion matrix, images, a fit.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Failure;
use crate::files::make_folder_of;
use crate::fit::Point;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A white picture in a folder that is made if it is not there.
fn canvas(path: &Path, size: (u32, u32)) -> Result<Area<'_>, Failure> {
    make_folder_of(path)?;
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    Ok(area)
}

fn finish(area: &Area<'_>, path: &Path) -> Result<(), Failure> {
    area.present()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

/// The losses of training and validation over the epochs.
pub fn losses(path: &Path, points: &[Point]) -> Result<(), Failure> {
    let area = canvas(path, (720, 360))?;
    let highest = points
        .iter()
        .flat_map(|point| [point.training, point.validation])
        .fold(0.0, f32::max);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(1.0..points.len().max(2) as f32, 0.0..highest * 1.05)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc("loss")
        .light_line_style(WHITE)
        .draw()?;
    let mut curve = |name: &str, color: RGBColor, value: fn(&Point) -> f32| {
        let line = points
            .iter()
            .zip(1_u32..)
            .map(|(point, epoch)| (epoch as f32, value(point)));
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))
            .map(|series| {
                series
                    .label(name)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
            })
    };
    curve("training", BLUE, |point| point.training)?;
    curve("validation", RED, |point| point.validation)?;
    chart
        .configure_series_labels()
        .border_style(BLACK.mix(0.2))
        .background_style(WHITE)
        .draw()?;
    finish(&area, path)
}

/// A confusion matrix: rows are what the samples are, columns what they were taken for.
pub fn confusion<const N: usize>(
    path: &Path,
    counts: &[[u32; N]; N],
    names: &[&str; N],
) -> Result<(), Failure> {
    let (cell, edge) = (52, 110);
    let side = edge + cell * N as i32 + 12;
    let area = canvas(path, (side as u32, side as u32))?;
    let words = ("sans-serif", 13).into_font().color(&BLACK);
    for (row, (line, name)) in counts.iter().zip(names).enumerate() {
        let of = line.iter().sum::<u32>().max(1);
        let y = edge + cell * row as i32;
        area.draw(&Text::new(
            (*name).to_owned(),
            (8, y + cell / 2 - 6),
            &words,
        ))?;
        let short: String = name.chars().take(8).collect();
        area.draw(&Text::new(short, (y + 4, edge - 22), &words))?;
        for (column, count) in line.iter().enumerate() {
            let x = edge + cell * column as i32;
            let share = f64::from(*count) / f64::from(of);
            let color = if row == column { BLUE } else { RED };
            let place = [(x, y), (x + cell - 2, y + cell - 2)];
            area.draw(&Rectangle::new(
                place,
                color.mix(0.06 + 0.6 * share).filled(),
            ))?;
            let text = Text::new(count.to_string(), (x + 8, y + cell / 2 - 6), &words);
            area.draw(&text)?;
        }
    }
    finish(&area, path)
}

/// Gray images of `side` by `side` pixels from 0 (white) to 1 (black), each with words under it.
pub fn images(path: &Path, side: usize, images: &[(&[f32], String)]) -> Result<(), Failure> {
    let (pixel, columns) = ((96 / side).max(2) as i32, 8);
    let (width, height) = (pixel * side as i32 + 24, pixel * side as i32 + 40);
    let rows = images.len().div_ceil(columns).max(1) as i32;
    let size = (width * columns as i32, height * rows);
    let area = canvas(path, (size.0 as u32, size.1 as u32))?;
    let words = ("sans-serif", 12).into_font().color(&BLACK);
    for (number, (image, text)) in images.iter().enumerate() {
        let x = width * (number % columns) as i32 + 12;
        let y = height * (number / columns) as i32 + 8;
        for (place, value) in image.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            let left = x + pixel * (place % side) as i32;
            let top = y + pixel * (place / side) as i32;
            let square = [(left, top), (left + pixel, top + pixel)];
            let color = BLACK.mix(f64::from(*value));
            area.draw(&Rectangle::new(square, color.filled()))?;
        }
        let under = (x, y + pixel * side as i32 + 6);
        area.draw(&Text::new(text.clone(), under, &words))?;
    }
    finish(&area, path)
}

/// Points, the line they were drawn around, and the line that was fitted.
pub fn curve(
    path: &Path,
    points: &[(f32, f32)],
    truth: &[(f32, f32)],
    fitted: &[(f32, f32)],
) -> Result<(), Failure> {
    let area = canvas(path, (720, 400))?;
    let end = truth.iter().fold(0.0, |end, (x, _)| f32::max(end, *x));
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..end, -1.3..1.3_f32)?;
    chart
        .configure_mesh()
        .x_desc("time, s")
        .y_desc("deflection, m")
        .light_line_style(WHITE)
        .draw()?;
    let dots = points
        .iter()
        .map(|place| Circle::new(*place, 2, BLACK.mix(0.35).filled()));
    chart
        .draw_series(dots)?
        .label("measured")
        .legend(|(x, y)| Circle::new((x + 8, y), 2, BLACK.mix(0.35).filled()));
    for (name, line, color) in [("true", truth, BLUE), ("learned", fitted, RED)] {
        chart
            .draw_series(LineSeries::new(line.iter().copied(), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(BLACK.mix(0.2))
        .background_style(WHITE)
        .draw()?;
    finish(&area, path)
}
