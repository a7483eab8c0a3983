//! The schedules: the rate of every update.

use sizednet::Schedule;
use sizednet::schedule::{Cosine, Exponential, Step, WarmUp};

use super::{FIGURES, Record, assert_each};

fn rates(schedule: impl Schedule<f64>, updates: usize) -> Vec<f64> {
    (0..updates as u32).map(|k| schedule.rate(k)).collect()
}

fn count(settings: &mut Record, key: &str) -> u32 {
    settings.number(key) as u32
}

#[test]
fn the_rate_of_every_update() {
    let records = FIGURES.clone().records("schedules");
    let mut names = Vec::new();
    for mut record in records {
        let (name, wanted) = (record.text("name"), record.numbers("rates"));
        let mut settings = record.record("settings");
        record.finish();
        let start = settings.number("base");
        let cosine = |settings: &mut Record| Cosine {
            start,
            end: settings.number("eta_min"),
            updates: count(settings, "t_max"),
        };
        let updates = wanted.len();
        assert!(updates > 20);
        let got = match name.as_str() {
            "Constant" => rates(start, updates),
            "Step" => {
                let (factor, every) = (settings.number("gamma"), count(&mut settings, "step_size"));
                let step = Step {
                    start,
                    factor,
                    every,
                };
                rates(step, updates)
            }
            "Exponential" => {
                let factor = settings.number("gamma");
                rates(Exponential { start, factor }, updates)
            }
            "Cosine" => rates(cosine(&mut settings), updates),
            "WarmUp" => {
                let warm_up = WarmUp {
                    updates: count(&mut settings, "warm_up"),
                    then: start,
                };
                rates(warm_up, updates)
            }
            "WarmUpCosine" => {
                let warm_up = WarmUp {
                    updates: count(&mut settings, "warm_up"),
                    then: cosine(&mut settings),
                };
                rates(warm_up, updates)
            }
            other => panic!("no schedule is called {other}"),
        };
        settings.finish();
        // PyTorch multiplies on from update to update, thirty times
        assert_each(&name, &got, &wanted, 10.0);
        names.push(name);
    }
    let all = [
        "Constant",
        "Step",
        "Exponential",
        "Cosine",
        "WarmUp",
        "WarmUpCosine",
    ];
    assert_eq!(names, all);
}

#[test]
fn a_cosine_stays_at_its_end() {
    let cosine = Cosine {
        start: 1.0,
        end: 0.25,
        updates: 4,
    };
    assert_eq!(rates(cosine, 7)[4..], [0.25; 3]);
    let at_once = Cosine {
        updates: 0,
        ..cosine
    };
    assert_eq!(at_once.rate(0), 0.25);
}

#[test]
fn steps_every_zero_updates_are_steps_every_update() {
    let step = Step {
        start: 1.0,
        factor: 0.5,
        every: 0,
    };
    assert_eq!(rates(step, 4), [1.0, 0.5, 0.25, 0.125]);
}
