//! The command line.

use std::path::PathBuf;

use harness::Work;

use crate::machine;
use crate::peer::{PEERS, Peer};

pub(crate) const HELP: &str = "\
Measures sizednet and what users would pick instead, and prints a table.

Usage: bash benches/peers/run.sh [OPTIONS]

Options:
  --rounds N      interleaved rounds                                  [7]
  --seconds X     how long each program times a work, in a round      [0.3]
  --only W3,W4    these works alone                                   [all]
  --peers a,b     these peers alone: loops, nalgebra, eigen, fann,
                  candle, burn, dfdx, numpy, torch, sklearn           [all]
  --core N        the core that all run on                            [the last]
  --python PATH   the Python that has numpy, torch and scikit-learn   [python3]
  --help          this text";

/// How it is run.
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) works: Vec<Work>,
    pub(crate) peers: Vec<&'static Peer>,
    pub(crate) core: usize,
    pub(crate) python: PathBuf,
}

impl Options {
    /// `None` for the help.
    pub(crate) fn from_arguments() -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::*;
        let mut options = Self {
            rounds: 7,
            seconds: 0.3,
            works: Work::ALL.to_vec(),
            peers: PEERS.iter().collect(),
            core: machine::last_core(),
            python: "python3".into(),
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("rounds") => {
                    options.rounds = arguments.value()?.parse()?;
                    if options.rounds == 0 {
                        return Err("--rounds is at least 1".into());
                    }
                }
                Long("seconds") => {
                    options.seconds = arguments.value()?.parse()?;
                    if !(options.seconds.is_finite() && options.seconds > 0.0) {
                        return Err("--seconds is a number above 0".into());
                    }
                }
                Long("only") => {
                    let work = |name: &str| Work::parse(name).ok_or(format!("no work `{name}`"));
                    options.works = list(&arguments.value()?.string()?, work)?;
                }
                Long("peers") => {
                    let peer = |name: &str| {
                        let found = PEERS.iter().find(|peer| peer.name == name);
                        found.ok_or(format!("no peer `{name}`"))
                    };
                    options.peers = list(&arguments.value()?.string()?, peer)?;
                }
                Long("core") => options.core = arguments.value()?.parse()?,
                Long("python") => options.python = arguments.value()?.into(),
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

/// What stands between commas.
fn list<T>(text: &str, item: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(item).collect()
}
