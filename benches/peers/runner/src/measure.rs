//! Runs programs round by round and keeps what they found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use harness::work::TOLERANCE;
use harness::{Work, reference};
use serde::Deserialize;

use crate::build::{Built, Program};
use crate::machine;
use crate::options::Options;
use crate::peer::Target;

/// A line that a program prints.
#[derive(Deserialize)]
struct Line {
    peer: String,
    work: String,
    ns: f64,
    check: f64,
}

/// What a core can do.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Peak {
    pub(crate) gflops: f64,
    pub(crate) gflops_512: f64,
    pub(crate) gigahertz: f64,
}

/// What a program found of a work.
#[derive(Default)]
pub(crate) struct Cell {
    /// Nanoseconds, by the number of the round.
    pub(crate) times: BTreeMap<usize, f64>,
    /// Whether any check was not what it should be.
    pub(crate) differs: bool,
}

impl Cell {
    pub(crate) fn fastest(&self) -> f64 {
        self.times.values().copied().fold(f64::INFINITY, f64::min)
    }
}

/// A row of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) cells: BTreeMap<Work, Cell>,
}

/// What all rounds found.
pub(crate) struct Measured {
    /// Ours first, in the order of the programs.
    pub(crate) rows: Vec<Row>,
    /// The best of all rounds.
    pub(crate) peak: Peak,
    /// The builds whose best is the bar.
    pub(crate) bar: &'static [Target],
    /// Checks that are not what they should be.
    pub(crate) differences: Vec<String>,
}

/// The relative difference that is allowed.
fn tolerance(peer: &str, work: Work) -> f64 {
    match (peer, work) {
        // it adds the epsilon of Adam before it corrects the mean square
        ("scikit-learn", Work::W7) => 2e-4,
        _ => TOLERANCE,
    }
}

/// The builds whose best is the bar: those for AVX2 where the machine has AVX-512, which many a user's build would not use.
fn bar() -> &'static [Target] {
    if machine::has_avx512() {
        &[Target::V3]
    } else {
        &[Target::V3, Target::Native]
    }
}

/// What a command prints when it runs on that core with one thread.
fn output(core: usize, command: &[PathBuf], arguments: &[&str]) -> Result<String, String> {
    let result = Command::new("taskset")
        .args(["-c", &core.to_string()])
        .args(command)
        .args(arguments)
        .env("RAYON_NUM_THREADS", "1")
        .env("OMP_NUM_THREADS", "1")
        .env("OPENBLAS_NUM_THREADS", "1")
        .env("MKL_NUM_THREADS", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("taskset: {error}"))?;
    if result.status.success() {
        Ok(String::from_utf8_lossy(&result.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {}", result.status))
    }
}

impl Measured {
    /// Runs all rounds. Within a round a work is done by one program after the other, so that the times that are
    /// compared lie close together; every other round goes the other way round.
    pub(crate) fn new(options: &Options, built: &Built) -> Result<Self, String> {
        let mut measured = Self {
            rows: Vec::new(),
            peak: Peak::default(),
            bar: bar(),
            differences: Vec::new(),
        };
        let references: BTreeMap<Work, f64> = options
            .works
            .iter()
            .map(|work| (*work, reference::value(*work)))
            .collect();
        let (slow, quick): (Vec<&Program>, Vec<_>) = built
            .programs
            .iter()
            .partition(|program| program.starts_slowly);
        for round in 0..options.rounds {
            measured.add_peak(options, built)?;
            for work in &options.works {
                eprintln!("round {} of {}: {}", round + 1, options.rounds, work.name());
                let mut programs = quick.clone();
                if round % 2 == 1 {
                    programs.reverse();
                }
                for program in programs {
                    measured.add(options, program, round, &[*work], &references);
                }
            }
            for program in &slow {
                measured.add(options, program, round, &options.works, &references);
            }
        }
        // stable: the rows of a target stay in the order of the programs
        measured.rows.sort_by_key(|row| row.target);
        Ok(measured)
    }

    fn add_peak(&mut self, options: &Options, built: &Built) -> Result<(), String> {
        let text = output(options.core, std::slice::from_ref(&built.peak), &[])?;
        let peak: Peak = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        self.peak.gflops = self.peak.gflops.max(peak.gflops);
        self.peak.gflops_512 = self.peak.gflops_512.max(peak.gflops_512);
        self.peak.gigahertz = self.peak.gigahertz.max(peak.gigahertz);
        Ok(())
    }

    /// A program that fails leaves an empty cell and a line.
    fn add(
        &mut self,
        options: &Options,
        program: &Program,
        round: usize,
        works: &[Work],
        references: &BTreeMap<Work, f64>,
    ) {
        let seconds = options.seconds.to_string();
        let mut arguments = vec!["--seconds", &seconds];
        arguments.extend(works.iter().map(|work| work.name()));
        match output(options.core, &program.command, &arguments) {
            Ok(text) => {
                for line in text.lines() {
                    match serde_json::from_str(line) {
                        Ok(line) => self.add_line(program, round, &line, references),
                        Err(error) => eprintln!("{:?}: {line}: {error}", program.command),
                    }
                }
            }
            Err(error) => eprintln!("{error}"),
        }
    }

    fn add_line(
        &mut self,
        program: &Program,
        round: usize,
        line: &Line,
        references: &BTreeMap<Work, f64>,
    ) {
        let name = format!("{}, {}", line.peer, program.label);
        let Some((work, reference)) =
            Work::parse(&line.work).and_then(|work| Some((work, references.get(&work)?)))
        else {
            return;
        };
        let place = self.rows.iter().position(|row| row.name == name);
        let place = place.unwrap_or_else(|| {
            self.rows.push(Row {
                name: name.clone(),
                target: program.target,
                cells: BTreeMap::new(),
            });
            self.rows.len() - 1
        });
        let cell = self.rows[place].cells.entry(work).or_default();
        cell.times.insert(round, line.ns);
        // a NaN is no agreement
        let agrees =
            (line.check - reference).abs() <= tolerance(&line.peer, work) * reference.abs();
        if !agrees && !cell.differs {
            cell.differs = true;
            self.differences.push(format!(
                "{name}: {} gives {}, should be {reference:.9}",
                work.name(),
                line.check
            ));
        }
    }

    /// Our own row, if we did any work.
    pub(crate) fn ours(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.target == Target::Default)
    }

    pub(crate) fn all_agree(&self) -> bool {
        self.differences.is_empty()
    }
}
