//! The sweep: many runs shared among threads. It teaches that the order in which threads finish need not show: each
//! run depends on its setting and seed alone, and goes back to its place.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{IsTerminal, stderr};
use std::thread;

use crate::curve;
use crate::run::{Run, SEEDS, Setting};
use crate::statistics::{Share, median};

/// A setting and its runs, one for each seed, in their order.
pub(crate) struct Group {
    pub(crate) setting: Setting,
    pub(crate) runs: Vec<Run>,
}

impl Group {
    /// How many of the runs learn XOR.
    pub(crate) fn right(&self) -> Share {
        Share::of(&self.runs, Run::ok)
    }
    /// After how many epochs half of the runs are trained.
    pub(crate) fn half_trained(&self) -> Option<usize> {
        median(self.runs.iter().map(|run| run.trained_after))
    }
}

/// Runs each setting from each seed.
pub(crate) fn sweep(settings: Vec<Setting>, threads: usize) -> Vec<Group> {
    let jobs: Vec<_> = settings
        .iter()
        .flat_map(|setting| (0..SEEDS).map(move |seed| (setting, seed)))
        .collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let progress = stderr().is_terminal();
    let work = || {
        let mut finished = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(setting, seed)) = jobs.get(index) else {
                return finished;
            };
            let mut run = (setting.train)(setting, seed);
            if !curve::is_shown(setting, seed) {
                run.losses = Vec::new();
            }
            finished.push((index, run));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if progress && done.is_multiple_of(20) {
                eprint!("\r{done} of {} runs ", jobs.len());
            }
        }
    };
    let mut runs: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let finished = workers.into_iter().map(thread::ScopedJoinHandle::join);
        finished
            .flat_map(|runs| runs.expect("a run does not panic"))
            .collect()
    });
    if progress {
        eprintln!();
    }
    runs.sort_by_key(|(index, _)| *index);
    let mut runs = runs.into_iter().map(|(_, run)| run);
    settings
        .into_iter()
        .map(|setting| Group {
            setting,
            runs: runs.by_ref().take(SEEDS as usize).collect(),
        })
        .collect()
}
