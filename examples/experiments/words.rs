//! What the numbers show, in words. It teaches to make every sentence from the numbers, so that it stays true when they
//! change.

use core::cmp::Reverse;
use core::fmt::Write as _;

use crate::run::{Ending, First, Run, TRAINED};
use crate::statistics::{Comparison, Share, median};
use crate::sweep::Group;

pub(crate) fn words(groups: &[Group]) -> String {
    let (default, numpy): (Vec<_>, Vec<_>) = groups
        .iter()
        .partition(|group| group.setting.first == First::Default);
    [
        two_hidden_nodes(&default),
        more_hidden_nodes(&default),
        first_weights(&default, &numpy),
    ]
    .join("\n")
}

/// Where failed runs with two hidden nodes end.
///
/// Whether that is a local minimum is a fine point. From each finite point of this network's error surface a path leads
/// strictly down to a loss of 0; yet there are regions of local minima, where hidden nodes saturate, which such a path
/// has to leave at their edge (Sprinkhuizen-Kuyper and Boers, The local minima of the error surface of the 2-2-1 XOR
/// network, 1999). Gradient descent does not find the edge.
fn two_hidden_nodes(default: &[&Group]) -> String {
    let all = failures(default, |_| true);
    let two = failures(default, |hidden| hidden == 2);
    let stuck = |run: &&&Run| run.stopped && matches!(run.ending, Ending::Alike(_));
    format!(
        "Two hidden nodes and local minima\n\n\
         With the default initializer {} runs fail, {} of them with two hidden nodes.\n\
         {}\
         {} of these {} have a loss that fell by less than 1 % over the last tenth of the epochs, with\n\
         rows that share an answer: they are in a local minimum, or on a plateau as flat as one.\n",
        all.len(),
        part(two.len(), all.len()),
        endings("with two hidden nodes", &two),
        two.iter().filter(stuck).count(),
        two.len(),
    )
}

/// What each doubling of the hidden nodes changes.
fn more_hidden_nodes(default: &[&Group]) -> String {
    let mut text = format!(
        "More hidden nodes (default initializer; sooner: half of the runs are below {TRAINED} after fewer\n\
         epochs; rougher: the loss rises by more than 1 % in an epoch in more runs)\n\n"
    );
    let with = |hidden| {
        let groups = default.iter().copied();
        groups.filter(move |group| group.setting.hidden == hidden)
    };
    let mut numbers: Vec<_> = default.iter().map(|group| group.setting.hidden).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for pair in numbers.windows(2) {
        let (few, many) = (pair[0], pair[1]);
        let right = |hidden| Share::of(with(hidden).flat_map(|group| &group.runs), Run::ok);
        let success = match right(many).compare(right(few)) {
            Comparison::Higher => "success rises",
            Comparison::Lower => "success falls",
            Comparison::Open => "no clear change of success",
        };
        let rates = || with(few).zip(with(many));
        let sooner = Share::of(rates(), |(few, many)| {
            let epochs = |group: &Group| group.half_trained().unwrap_or(usize::MAX);
            epochs(many) < epochs(few)
        });
        let rougher = Share::of(rates(), |(few, many)| {
            let rough = |group: &Group| Share::of(&group.runs, |run| run.rose).successes;
            rough(many) > rough(few)
        });
        let _ = writeln!(
            text,
            "{few} to {many}: {success} ({:.1} % to {:.1} %), sooner at {} of {} rates, rougher at {} of {}",
            right(few).per_cent(),
            right(many).per_cent(),
            sooner.successes,
            sooner.trials,
            rougher.successes,
            rougher.trials,
        );
    }
    let more = failures(default, |hidden| hidden > 2);
    text + &endings("with more than two hidden nodes", &more)
}

/// The default initializer against the numpy program's, at the rate of the latter.
fn first_weights(default: &[&Group], numpy: &[&Group]) -> String {
    let mut text = "First weights (default against numpy)\n\n".to_owned();
    for numpy in numpy {
        let of = |group: &Group| (group.setting.rate, group.setting.hidden);
        let Some(default) = default.iter().find(|group| of(group) == of(numpy)) else {
            continue;
        };
        let verdict = match default.right().compare(numpy.right()) {
            Comparison::Higher => "default learns more often",
            Comparison::Lower => "numpy learns more often",
            Comparison::Open => "no clear difference",
        };
        let epochs = default.setting.epochs;
        let soon = |group: &Group| {
            let soon = |run: &Run| run.trained_after.is_some_and(|n| n <= epochs as usize);
            Share::of(&group.runs, soon).successes
        };
        let _ = writeln!(
            text,
            "hn_{} lr_{}: {verdict}, {} against {} runs; below {TRAINED} within {epochs} epochs {} against {}",
            default.setting.hidden,
            default.setting.rate,
            default.right().successes,
            numpy.right().successes,
            soon(default),
            soon(numpy),
        );
    }
    let two = failures(numpy, |hidden| hidden == 2);
    text + &endings("of numpy with two hidden nodes", &two)
}

/// How failed runs end, the most frequent way first.
fn endings(which: &str, runs: &[&Run]) -> String {
    let mut endings: Vec<_> = runs.iter().map(|run| run.ending).collect();
    endings.sort_unstable();
    let mut endings: Vec<_> = endings.chunk_by(|a, b| a == b).collect();
    endings.sort_by_key(|alike| Reverse(alike.len()));
    let mut text = format!("How the {} failures {which} end:\n", runs.len());
    for alike in endings {
        let ending = alike[0];
        let what = match ending {
            Ending::Right => "all rows right".to_owned(),
            Ending::Alike(rows) => {
                let best = best_loss(rows);
                format!("{rows} rows share an answer: a loss of {best:.3} at best")
            }
            Ending::Opposite => {
                "an answer is off by more than 0.9: the output saturates".to_owned()
            }
            Ending::Other => "wrong in another way".to_owned(),
            Ending::Diverged => "training diverges".to_owned(),
        };
        let so = runs.iter().filter(|run| run.ending == ending);
        let loss = median(so.map(|run| Some(run.last_loss))).unwrap_or(f32::NAN);
        let _ = writeln!(text, "{:>6}  {what}; median loss {loss:.3}", alike.len());
    }
    text
}

/// The least mean squared error over the four rows if so many rows, not all of one target, get the same answer.
fn best_loss(rows: usize) -> f64 {
    let ones = (rows / 2) as f64 / rows as f64;
    rows as f64 * ones * (1.0 - ones) / 4.0
}

fn failures<'a>(groups: &[&'a Group], hidden: impl Fn(u32) -> bool) -> Vec<&'a Run> {
    let groups = groups.iter().filter(|group| hidden(group.setting.hidden));
    let runs = groups.flat_map(|group| &group.runs);
    runs.filter(|run| !run.ok()).collect()
}

/// A number and its share.
fn part(some: usize, all: usize) -> String {
    format!("{some} ({:.0} %)", 100.0 * some as f64 / all as f64)
}
