//! Builds all peers, runs them interleaved on one core, checks that all compute the same, and prints a table.

mod build;
mod cited;
mod goal;
mod machine;
mod measure;
mod options;
mod peer;
mod report;

use std::process::ExitCode;

use measure::Measured;
use options::{HELP, Options};

fn main() -> ExitCode {
    let options = match Options::from_arguments() {
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
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: a check differs from its reference");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all checks agree.
fn run(options: &Options) -> Result<bool, String> {
    let built = build::all(options)?;
    let measured = Measured::new(options, &built)?;
    print!("{}", report::text(options, &built, &measured));
    Ok(measured.all_agree())
}
