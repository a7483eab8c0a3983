//! Cost against size: how much of the machine's peak layers of all widths get, for batches of all sizes, and where a
//! width or a batch costs more than the next multiple of a vector.
//!
//! Whatever else runs on a machine makes a loop slower and never faster, so each time is the least of many short ones,
//! taken in passes over all points. What looks like a cliff is measured again, beside the size above it, before it is told.

mod cliffs;
mod kernels;
mod networks;
mod peak;
mod picture;
mod point;

use core::error::Error;
use core::fmt::Write;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use point::{Axis, Series};

const HELP: &str = "\
Measures dense layers of widths 1 to 1,024 and batches of 1 to 256 samples, draws the chart of the README, and tells
each width and batch that costs more than 1.1 times the next multiple of 8.

Usage: cargo run --release -p scale -- [OPTIONS]

Options:
  --seconds N    how long to measure, at least a pass     [90]
  --only TEXT    series whose names hold it; no files
  --svg FILE     the chart                                [benches/scale.svg]
  --csv FILE     all numbers                              [target/scale.csv]
  --help         this text";

struct Options {
    time: Duration,
    only: Option<String>,
    svg: PathBuf,
    csv: PathBuf,
}

/// The options, or `None` for the help.
fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    let mut options = Options {
        time: Duration::from_secs(90),
        only: None,
        svg: benches.join("scale.svg"),
        csv: benches.with_file_name("target").join("scale.csv"),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seconds") => options.time = Duration::from_secs(arguments.value()?.parse()?),
            Long("only") => options.only = Some(arguments.value()?.parse()?),
            Long("svg") => options.svg = arguments.value()?.into(),
            Long("csv") => options.csv = arguments.value()?.into(),
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match scale(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn scale(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut series = kernels::series();
    series.extend(networks::series());
    if let Some(only) = &options.only {
        series.retain(|series| series.name().contains(only));
        if series.is_empty() {
            return Err(format!("no series has a name that holds `{only}`").into());
        }
    }
    let start = Instant::now();
    let (mut peak, mut passes) = (0.0_f64, 0);
    while passes == 0 || start.elapsed() < options.time {
        peak = peak.max(peak::gflops());
        for point in series.iter_mut().flat_map(|series| &mut series.points) {
            point.measure();
        }
        passes += 1;
    }
    println!("FMA peak: {peak:.1} GFLOP/s; passes: {passes}");
    println!("\n{}", table(&series, peak));
    println!("{}", cliffs::text(&mut series));

    if options.only.is_some() {
        return Ok(());
    }
    if let Some(folder) = options.csv.parent() {
        fs::create_dir_all(folder)?;
    }
    for (path, content) in [
        (&options.svg, picture::draw(&series, peak)?),
        (&options.csv, csv(&series, peak)),
    ] {
        fs::write(path, content)
            .map_err(|error| format!("can't write {}: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Sizes of the table.
const TELLING: [usize; 12] = [1, 4, 8, 16, 24, 32, 64, 128, 256, 512, 1000, 1024];

/// The share of the peak at some sizes, a row for each series.
fn table(series: &[Series], peak: f64) -> String {
    let mut text = String::new();
    for axis in [Axis::Width, Axis::Batch] {
        _ = write!(text, "{:<34}", format!("% of peak at {}", axis.name()));
        for size in TELLING {
            _ = write!(text, "{size:>6}");
        }
        text += "\n";
        for series in series.iter().filter(|series| series.axis == axis) {
            _ = write!(text, "{:<34}", series.name());
            for size in TELLING {
                match series.points.iter().find(|point| point.size == size) {
                    Some(point) => _ = write!(text, "{:>6.1}", 100.0 * point.gflops() / peak),
                    None => _ = write!(text, "{:>6}", ""),
                }
            }
            text += "\n";
        }
    }
    text
}

/// All numbers.
fn csv(series: &[Series], peak: f64) -> String {
    let mut text = "what,axis,size,nanoseconds,gflops,share_of_peak\n".to_owned();
    for series in series {
        for point in &series.points {
            let (name, axis, gflops) = (series.name(), series.axis.name(), point.gflops());
            _ = writeln!(
                text,
                "\"{name}\",{axis},{},{:.2},{gflops:.3},{:.4}",
                point.size,
                point.nanoseconds,
                gflops / peak
            );
        }
    }
    text
}
