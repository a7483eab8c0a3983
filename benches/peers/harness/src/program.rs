//! A peer's program: it does the works named on its command line, all if none is, and prints a line of JSON for each.
//! `--seconds X` is how long it looks for the fastest batch of each.

use std::process::ExitCode;
use std::time::Duration;

use crate::timing::fastest;
use crate::work::Work;

/// What a work gave.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    check: f64,
    nanoseconds: f64,
}

/// Measures a work.
#[derive(Debug, Clone, Copy)]
pub struct Timer(Duration);

impl Timer {
    /// Times one step, epoch or pass; `check` is what [`reference`](crate::reference) has a value for.
    pub fn time(&self, check: f64, work: impl FnMut()) -> Found {
        Found {
            check,
            nanoseconds: fastest(self.0, work),
        }
    }
}

/// How a peer does a work.
pub type Function = fn(&Timer) -> Found;

/// The `main` of a peer.
pub fn run(peer: &str, works: &[(Work, Function)]) -> ExitCode {
    let (timer, wanted) = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("error: {message}\n\nUsage: {peer} [--seconds X] [WORK]...");
            return ExitCode::from(2);
        }
    };
    for (work, function) in works {
        if wanted.contains(work) {
            let found = function(&timer);
            println!(
                r#"{{"peer":"{peer}","work":"{}","ns":{:.2},"check":{:.9}}}"#,
                work.name(),
                found.nanoseconds,
                found.check
            );
        }
    }
    ExitCode::SUCCESS
}

fn arguments(arguments: impl Iterator<Item = String>) -> Result<(Timer, Vec<Work>), String> {
    let mut arguments = arguments;
    let (mut seconds, mut works) = (0.3, Vec::new());
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let value = arguments.next().and_then(|value| value.parse().ok());
            seconds = value.ok_or("--seconds takes a number")?;
        } else {
            works.push(Work::parse(&argument).ok_or(format!("no work `{argument}`"))?);
        }
    }
    if works.is_empty() {
        works.extend(Work::ALL);
    }
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    Ok((Timer(time), works))
}
