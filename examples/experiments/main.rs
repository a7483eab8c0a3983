//! Experiments: what hidden nodes, learning rate and first weights do to the training of XOR, over 4,000 runs.
//!
//! One run shows what happened once; many runs, with intervals, show what happens. So each setting is run from 200
//! seeds, on all cores, and the same files come out on every machine and on any number of cores.
//!
//! Into the folder `target/experiments` (or `--out`) go
//!
//! - `curves.svg`: the loss over the epochs of seed 0, default initializer;
//! - `curves.csv`: the same numbers, every 50th epoch, a column for each curve;
//! - `runs.csv`: a row for each run, see [`csv::runs`].
//!
//! `cargo run --release --example experiments -- --help` lists the options.

mod chart;
mod csv;
mod curve;
mod picture;
mod run;
mod statistics;
mod sweep;
mod tables;
mod words;

use core::error::Error;
use std::fs::{File, OpenOptions, create_dir_all, write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

const HELP: &str = "\
Trains networks on XOR, 200 for each of 20 settings, and compares them.

Usage: cargo run --release --example experiments -- [OPTIONS]

Options:
  --out DIR      the folder of the files           [target/experiments]
  --threads N    threads, 1 to 256                 [as many as cores]
  --help         this text";

/// Where the results go, and who works on them.
struct Options {
    out: PathBuf,
    threads: usize,
}

/// The options, or `None` for the help.
fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        out: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/experiments"),
        threads: available_parallelism().map_or(1, usize::from).min(256),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("out") => options.out = arguments.value()?.into(),
            Long("threads") => {
                options.threads = arguments.value()?.parse()?;
                if !(1..=256).contains(&options.threads) {
                    return Err("--threads is a number from 1 to 256".into());
                }
            }
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
    match experiments(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn experiments(options: &Options) -> Result<(), Box<dyn Error>> {
    create_dir_all(&options.out)
        .map_err(|error| format!("can't make the folder {}: {error}", options.out.display()))?;
    let path = |name| options.out.join(name);
    let (svg, curves_csv, runs_csv) = (path("curves.svg"), path("curves.csv"), path("runs.csv"));
    // better now than after the sweep
    for path in [&svg, &curves_csv, &runs_csv] {
        open(path).map_err(|error| cannot_write(path, &error))?;
    }

    let groups = sweep::sweep(run::settings(), options.threads);
    let curves = curve::curves(&groups);
    for (path, content) in [
        (&svg, picture::draw(&curves)?),
        (&curves_csv, csv::curves(&curves)),
        (&runs_csv, csv::runs(&groups)),
    ] {
        write(path, content).map_err(|error| cannot_write(path, &error))?;
    }

    println!("{}", chart::draw(&curves));
    print!("{}", tables::tables(&groups));
    println!("{}", words::words(&groups));
    println!("Files:");
    for path in [&svg, &curves_csv, &runs_csv] {
        println!("  {}", path.display());
    }
    Ok(())
}

/// Opens a file to write, and leaves what is in it.
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    format!("can't write {}: {error}", path.display())
}
