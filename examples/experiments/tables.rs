//! The tables in the terminal: a row for each learning rate, a column for each number of hidden nodes.

use crate::run::{First, NUMPY_RATE, SEEDS, Setting, TRAINED};
use crate::statistics::Share;
use crate::sweep::Group;

/// How many runs learn XOR, how fast, and how smoothly.
pub(crate) fn tables(groups: &[Group]) -> String {
    let epochs = |first| {
        let mut settings = groups.iter().map(|group| &group.setting);
        settings
            .find(|setting| setting.first == first)
            .map_or(0, |setting| setting.epochs)
    };
    let mut text = format!(
        "hn: hidden nodes. lr: learning rate, with the default initializer and {} epochs. numpy: the initializer\n\
         of the numpy program (weights normal(0, 1), biases uniform in [0, 1)), lr_{NUMPY_RATE} and {} epochs.\n\n",
        epochs(First::Default),
        epochs(First::Numpy),
    );
    text += &table(
        &format!("Runs of {SEEDS} that learn XOR, with the Wilson 95 % interval"),
        groups,
        |group| {
            let right = group.right();
            let (low, high) = right.interval();
            format!("{:>4}  {low:.1}-{high:.1} %", right.successes)
        },
    );
    text += &table(
        &format!("Epochs until half of the runs have a loss below {TRAINED} (-: fewer get there)"),
        groups,
        |group| {
            let epochs = group.half_trained().map(|epochs| epochs.to_string());
            format!("{:>4}", epochs.unwrap_or("-".to_owned()))
        },
    );
    text += &table(
        &format!("Runs of {SEEDS} whose loss rose by more than 1 % in an epoch"),
        groups,
        |group| format!("{:>4}", Share::of(&group.runs, |run| run.rose).successes),
    );
    text
}

fn table(title: &str, groups: &[Group], cell: impl Fn(&Group) -> String) -> String {
    let row = |setting: &Setting| (setting.first, setting.rate);
    let mut head = line("", []);
    let mut text = String::new();
    for groups in groups.chunk_by(|a, b| row(&a.setting) == row(&b.setting)) {
        let hidden = groups.iter().map(|group| group.setting.hidden);
        head = line("", hidden.map(|hidden| format!(" hn_{hidden}")));
        let setting = groups.first().map(|group| &group.setting);
        let name = setting.map_or(String::new(), |setting| match setting.first {
            First::Default => format!("lr_{}", setting.rate),
            First::Numpy => "numpy".to_owned(),
        });
        text += &line(&name, groups.iter().map(&cell));
    }
    format!("{title}\n\n{head}{text}\n")
}

fn line(name: &str, cells: impl IntoIterator<Item = String>) -> String {
    let cells = cells.into_iter().map(|cell| format!("{cell:<19}"));
    let line = format!("{name:<7}{}", cells.collect::<String>());
    format!("{}\n", line.trim_end())
}
