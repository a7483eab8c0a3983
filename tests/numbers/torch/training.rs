//! Training: the losses of fifty epochs, and the parameters after them.

use sizednet::{Dense, MeanSquaredError, Network, Optimizer, Sigmoid, Trainer, sizes::*};

use super::optimizers::{adam, decay, sgd};
use super::{FIGURES, Record, assert_all};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Sample = ([f64; 2], [f64; 1]);

fn compare(record: &mut Record, optimizer: impl Optimizer<f64>) {
    assert_eq!(record.numbers("sizes"), [2.0, 3.0, 1.0]);
    assert_eq!(record.texts("activations"), ["Sigmoid", "Sigmoid"]);
    let inputs = record.rows("inputs").into_iter();
    let samples: Vec<Sample> = inputs
        .zip(record.numbers("targets"))
        .map(|(input, target)| (*input.as_array().expect("two values"), [target]))
        .collect();
    assert_eq!(samples.len(), 4);
    let mut network = Network::<Xor, f64>::zeros();
    let start = record.numbers("start");
    network.parameters_mut().copy_from_slice(&start);
    let mut trainer = Trainer::full_batch(MeanSquaredError, optimizer);
    let wanted = record.numbers("losses");
    assert_eq!(wanted.len(), 50);
    let losses: Vec<f64> = trainer
        .epochs(&mut network, &samples)
        .take(wanted.len())
        .map(|epoch| epoch.expect("finite").loss)
        .collect();
    assert_all("losses", &losses, &wanted, 15.0);
    let wanted = record.numbers("parameters");
    // fifty of Adam's steps, each of 0.05 and right to 13 digits
    assert_all("parameters", network.parameters(), &wanted, 200.0);
}

#[test]
fn fifty_epochs_of_xor() {
    let records = FIGURES.clone().records("training");
    let mut names = Vec::new();
    for mut record in records {
        let name = record.text("name");
        let mut settings = record.record("settings");
        match name.as_str() {
            "Sgd" => {
                let sgd = sgd(&mut settings);
                assert_eq!(decay(&mut settings), None);
                compare(&mut record, sgd);
            }
            "Adam" => compare(&mut record, adam(&mut settings)),
            other => panic!("no training with {other}"),
        }
        settings.finish();
        record.finish();
        names.push(name);
    }
    assert_eq!(names, ["Sgd", "Adam"]);
}
