//! The text that a run ends with, in Markdown.

use std::fmt::Write;

use harness::Work;
use harness::work::TOLERANCE;

use crate::build::Built;
use crate::measure::{Measured, Row};
use crate::options::Options;
use crate::{cited, goal, machine};

const NONE: &str = "–";

pub(crate) fn text(options: &Options, built: &Built, measured: &Measured) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", conditions(options, measured));
    let _ = writeln!(text, "{}", markdown(&times(options, measured)));
    let _ = writeln!(text, "{}", legend(options));
    let _ = writeln!(text, "{}", markdown(&goals(options, measured)));
    let _ = writeln!(text, "{}", checks(measured));
    for line in &built.skipped {
        let _ = writeln!(text, "- skipped {line}");
    }
    text
}

fn conditions(options: &Options, measured: &Measured) -> String {
    let peak = measured.peak;
    let mut peak_512 = String::new();
    if peak.gflops_512 > 0.0 {
        peak_512 = format!(
            ", {:.0} with AVX-512, which sizednet finds at run time",
            peak.gflops_512
        );
    }
    format!(
        "{}; core {}, {} rounds, {} s each\n\
         {}\n\
         FMA peak of a core in this run: {:.0} GFLOP/s `f32` with AVX2{peak_512}, at about \
         {:.1} GHz\n",
        machine::processor(),
        options.core,
        options.rounds,
        options.seconds,
        machine::compilers(),
        peak.gflops,
        peak.gigahertz,
    )
}

/// Whether a work is told in microseconds.
fn in_microseconds(work: Work) -> bool {
    matches!(work, Work::W5 | Work::W6a | Work::W6b | Work::W7)
}

/// A time in the unit of its column, with three digits.
fn time(work: Work, nanoseconds: f64) -> String {
    let value = if in_microseconds(work) {
        nanoseconds / 1e3
    } else {
        nanoseconds
    };
    digits(value)
}

fn digits(value: f64) -> String {
    match value {
        value if value < 9.995 => format!("{value:.2}"),
        value if value < 99.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// The share of a peak, where there is one to speak of.
fn share(peak: f64, work: Work, nanoseconds: f64) -> String {
    work.operations().map_or(NONE.into(), |operations| {
        format!("{:.0} %", 100.0 * operations / nanoseconds / peak)
    })
}

fn times(options: &Options, measured: &Measured) -> Vec<Vec<String>> {
    let mut head = vec!["peer".into()];
    head.extend(options.works.iter().map(|work| {
        let unit = if in_microseconds(*work) { "µs" } else { "ns" };
        format!("{} {unit}", work.name())
    }));
    let mut table = vec![head];
    for row in &measured.rows {
        let mut cells = vec![row.name.clone()];
        cells.extend(options.works.iter().map(|work| cell(measured, row, *work)));
        table.push(cells);
    }
    for row in &cited::ROWS {
        let mut cells = vec![format!("† {}", row.name)];
        cells.extend(options.works.iter().map(|work| {
            let found = row.times.iter().find(|(cited, _)| cited == work);
            found.map_or(NONE.into(), |(_, nanoseconds)| time(*work, *nanoseconds))
        }));
        table.push(cells);
    }
    table
}

/// A time and its ratio to ours.
fn cell(measured: &Measured, row: &Row, work: Work) -> String {
    let Some(found) = row.cells.get(&work) else {
        return NONE.into();
    };
    let mut text = time(work, found.fastest());
    if let Some(ours) = measured.ours().and_then(|ours| ours.cells.get(&work)) {
        let _ = write!(text, " ({})", digits(found.fastest() / ours.fastest()));
    }
    if found.differs {
        text.push('*');
    }
    if goal::best(measured, work).is_some_and(|best| best.name == row.name) {
        text = format!("**{text}**");
    }
    text
}

fn legend(options: &Options) -> String {
    let mut text = String::from(
        "The fastest of all rounds; in parentheses the ratio to ours, above 1 where we are faster. In bold the best \
         peer, which\nthe goals below are about. `*`: the check differs. v3, native: built for x86-64-v3, for this \
         machine.\n",
    );
    let _ = writeln!(
        text,
        "†: not measured here; cited from {}.\nIts first row is measured here too, for comparison.\n",
        cited::MACHINE
    );
    for work in &options.works {
        let _ = writeln!(text, "- {}: {}", work.name(), work.title());
    }
    text
}

fn goals(options: &Options, measured: &Measured) -> Vec<Vec<String>> {
    let widest = measured.peak.gflops.max(measured.peak.gflops_512);
    let head = [
        "work",
        "ours",
        "best peer",
        "its time",
        "ours / its, median (all)",
        "goal",
        "",
        "our share of the widest vectors' FMA peak",
        "its share of AVX2's",
    ];
    let mut table = vec![head.map(String::from).to_vec()];
    let Some(ours) = measured.ours() else {
        return table;
    };
    for work in &options.works {
        let found = goal::best(measured, *work);
        let (Some(best), Some(own)) = (found, ours.cells.get(work)) else {
            continue;
        };
        let its = best.cells.get(work).map_or(f64::NAN, |cell| cell.fastest());
        let mut ratios = goal::ratios(ours, best, *work);
        ratios.sort_by(f64::total_cmp);
        let median = goal::median(&ratios);
        let (least, most) = (ratios.first(), ratios.last());
        let reached = if median <= goal::of(*work) {
            "reached"
        } else {
            "not reached"
        };
        table.push(vec![
            work.name().into(),
            time(*work, own.fastest()),
            best.name.clone(),
            time(*work, its),
            format!(
                "{median:.2} ({:.2} to {:.2})",
                least.unwrap_or(&f64::NAN),
                most.unwrap_or(&f64::NAN)
            ),
            format!("{:.2}", goal::of(*work)),
            reached.into(),
            share(widest, *work, own.fastest()),
            share(measured.peak.gflops, *work, its),
        ]);
    }
    table
}

fn checks(measured: &Measured) -> String {
    if measured.all_agree() {
        return format!(
            "Checks: all agree with a plain reference in f64, to {TOLERANCE:e} of its value (scikit-learn's W7 to \
             2e-4: its Adam adds epsilon elsewhere).\n"
        );
    }
    let mut text = String::from("Checks that differ from the reference:\n\n");
    for line in &measured.differences {
        let _ = writeln!(text, "- {line}");
    }
    text
}

/// A table, padded so that it can be read as it is.
fn markdown(table: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for (place, row) in table.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(text, "| {cell:<width$} ", width = width(column));
        }
        text.push_str("|\n");
        if place == 0 {
            for column in 0..row.len() {
                let _ = write!(text, "|{}", "-".repeat(width(column) + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        assert_eq!(time(Work::W1, 38.123), "38.1");
        assert_eq!(time(Work::W5, 99_960.0), "100");
        assert_eq!(time(Work::W6a, 3_456.0), "3.46");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest() {
        let table = [
            vec!["µs".into(), "b".into()],
            vec!["1".into(), "long".into()],
        ];
        assert_eq!(
            markdown(&table),
            "| µs | b    |\n|----|------|\n| 1  | long |\n"
        );
    }
}
