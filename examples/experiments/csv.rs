//! The tables as CSV: numbers as the shortest digits that give the same `f32` back, lines that end in `\n`.

use core::fmt::Write as _;

use crate::curve::Curve;
use crate::run::{Ending, First};
use crate::sweep::Group;

/// A row for each run:
///
/// - `seed`, `hidden` (nodes), `rate` (learning rate);
/// - `last_loss`: the mean squared error over the four rows after the last epoch;
/// - `ok`: each answer is on its right side of 0.5;
/// - `initializer`: `default` (`Network::random`) or `numpy` (the scheme of the program that this crate grew out of:
///   weights normal(0, 1), biases uniform in [0, 1));
/// - `epochs`: how many it was trained for; fewer than its group if it diverged;
/// - `epochs_to_0.01`: after how many the loss was first below 0.01; empty if it never was;
/// - `ending`: `right`; `2_alike`, `3_alike` or `4_alike` (so many rows, not all of one target, get the same answer,
///   give or take 0.1);
///   `opposite` (an answer is more than 0.9 off); `other`; `diverged`.
pub(crate) fn runs(groups: &[Group]) -> String {
    let mut csv =
        "seed,hidden,rate,last_loss,ok,initializer,epochs,epochs_to_0.01,ending\n".to_owned();
    for Group { setting, runs } in groups {
        let initializer = match setting.first {
            First::Default => "default",
            First::Numpy => "numpy",
        };
        for run in runs {
            let trained_after = run
                .trained_after
                .map_or_else(String::new, |n| n.to_string());
            let ending = match run.ending {
                Ending::Right => "right".to_owned(),
                Ending::Alike(rows) => format!("{rows}_alike"),
                Ending::Opposite => "opposite".to_owned(),
                Ending::Other => "other".to_owned(),
                Ending::Diverged => "diverged".to_owned(),
            };
            let _ = writeln!(
                csv,
                "{},{},{},{},{},{initializer},{},{trained_after},{ending}",
                run.seed,
                setting.hidden,
                setting.rate,
                run.last_loss,
                run.ok(),
                run.epochs,
            );
        }
    }
    csv
}

/// The loss after 0, 50, 100, … epochs, a column for each curve under its label; empty after a run diverged.
pub(crate) fn curves(curves: &[Curve]) -> String {
    let mut csv = "epoch".to_owned();
    for curve in curves {
        csv += ",";
        csv += &curve.label;
    }
    csv += "\n";
    let longest = curves.iter().map(|curve| curve.losses.len()).max();
    for epoch in (0..longest.unwrap_or(0)).step_by(50) {
        csv += &epoch.to_string();
        for curve in curves {
            csv += ",";
            if let Some(loss) = curve.losses.get(epoch) {
                csv += &loss.to_string();
            }
        }
        csv += "\n";
    }
    csv
}
