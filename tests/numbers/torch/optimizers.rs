//! The optimizers: ten steps of every configuration.

use serde_json::json;
use sizednet::optimizer::{Momentum, State};
use sizednet::{
    Adam, AdamW, ClipNorm, ClipValue, Dense, Gradient, Layer, Network, Optimizer, RmsProp, Rprop,
    Scalar, Sgd, sizes::*,
};

use super::{FIGURES, Record, assert_all, scalars};

/// Six parameters, as many as a record has.
type Six = Dense<U2, U2>;
pub(super) type StateOf<O, T> = State<<O as Optimizer<T>>::State, T, <Six as Layer>::Parameters>;

pub(super) fn six<T: Scalar>(values: &[T]) -> Network<Six, T> {
    let mut network = Network::zeros();
    network.parameters_mut().copy_from_slice(values);
    network
}

/// Ten steps, each with the optimizer for it.
fn compare<T: Scalar, O: Optimizer<T>>(record: &mut Record, optimizer: impl Fn(usize) -> O) {
    let mut network = six(&scalars::<T>(&record.numbers("start")));
    let mut state = StateOf::<O, T>::new(&optimizer(0));
    let (gradients, after) = (record.rows("gradients"), record.rows("after"));
    assert_eq!((gradients.len(), after.len()), (10, 10));
    for (step, (gradient, after)) in gradients.iter().zip(&after).enumerate() {
        optimizer(step)
            .apply(&mut state, &mut network, &six(&scalars(gradient)))
            .expect("finite");
        // Adam's 1 - 0.999^t has but 13 of 16 digits
        assert_all("parameters", network.parameters(), after, 20.0);
        assert_eq!(state.updates as usize, step + 1);
    }
}

fn rate(settings: &mut Record) -> f64 {
    settings.number("lr")
}

/// A weight decay, if it is not 0.
pub(super) fn decay(settings: &mut Record) -> Option<f64> {
    Some(settings.number("weight_decay")).filter(|decay| *decay != 0.0)
}

/// Without weight decay.
pub(super) fn sgd(settings: &mut Record) -> Sgd<f64> {
    assert_eq!(settings.number("momentum"), 0.0);
    assert_eq!(settings.take("nesterov"), false);
    Sgd::new(rate(settings))
}

/// Without weight decay.
fn momentum(settings: &mut Record) -> Momentum<f64> {
    let momentum = Sgd::new(rate(settings)).momentum(settings.number("momentum"));
    let nesterov = settings.take("nesterov").as_bool().expect("yes or no");
    if nesterov {
        momentum.nesterov()
    } else {
        momentum
    }
}

fn rms_prop(settings: &mut Record) -> RmsProp<f64> {
    assert_eq!(settings.number("momentum"), 0.0);
    let rms_prop = RmsProp::new(rate(settings))
        .smoothing(settings.number("alpha"))
        .epsilon(settings.number("eps"));
    decay(settings).map_or(rms_prop, |decay| rms_prop.weight_decay(decay))
}

pub(super) fn adam(settings: &mut Record) -> Adam<f64> {
    let (mean, square) = settings.pair("betas");
    let adam = Adam::new(rate(settings))
        .betas(mean, square)
        .epsilon(settings.number("eps"));
    decay(settings).map_or(adam, |decay| adam.weight_decay(decay))
}

fn adam_w(settings: &mut Record) -> AdamW<f64> {
    let (mean, square) = settings.pair("betas");
    AdamW::new(rate(settings))
        .betas(mean, square)
        .epsilon(settings.number("eps"))
        .weight_decay(settings.number("weight_decay"))
}

fn rprop(settings: &mut Record) -> Rprop<f64> {
    let (shrink, grow) = settings.pair("etas");
    let (smallest, largest) = settings.pair("step_sizes");
    Rprop::new(rate(settings))
        .factors(shrink, grow)
        .steps(smallest, largest)
}

/// Runs the optimizer of a record; false if the crate has none with these settings.
fn run(name: &str, record: &mut Record) -> bool {
    let mut settings = record.record("settings");
    let settings = &mut settings;
    match name {
        "Sgd" if settings.0["momentum"] == 0.0 => {
            let sgd = sgd(settings);
            match decay(settings) {
                Some(decay) => compare(record, |_| sgd.weight_decay(decay)),
                None => compare(record, |_| sgd),
            }
        }
        "Sgd" => {
            let momentum = momentum(settings);
            match decay(settings) {
                Some(decay) => compare(record, |_| momentum.weight_decay(decay)),
                None => compare(record, |_| momentum),
            }
        }
        "RmsProp" if settings.0["momentum"] != 0.0 => return false,
        "RmsProp" => {
            let rms_prop = rms_prop(settings);
            compare(record, |_| rms_prop);
        }
        "Adam" => {
            let adam = adam(settings);
            compare(record, |_| adam);
        }
        "AdamW" => {
            let adam_w = adam_w(settings);
            compare(record, |_| adam_w);
        }
        "Rprop" => {
            let rprop = rprop(settings);
            compare(record, |_| rprop);
        }
        "ClipNorm" => {
            let optimizer = Sgd::new(rate(settings));
            let limit = settings.number("max_norm");
            let epsilon = record.number("clip_epsilon");
            let norms = record.numbers("norms");
            // PyTorch scales by limit / (norm + epsilon): as this limit does without an epsilon
            compare(record, |step| ClipNorm {
                limit: limit * (norms[step] / (norms[step] + epsilon)),
                optimizer,
            });
        }
        "ClipValue" => {
            let optimizer = Sgd::new(rate(settings));
            let limit = settings.number("max_value");
            compare(record, |_| ClipValue { limit, optimizer });
        }
        other => panic!("no optimizer is called {other}"),
    }
    settings.finish();
    record.finish();
    true
}

#[test]
fn ten_steps_of_every_configuration() {
    let records = FIGURES.clone().records("optimizers");
    let (mut compared, mut not_offered) = (Vec::new(), Vec::new());
    for mut record in records {
        let name = record.text("name");
        let settings = record.0["settings"].clone();
        if run(&name, &mut record) {
            compared.push(name);
        } else {
            not_offered.push((name, settings));
        }
    }
    let all = [
        "Sgd",
        "Sgd",
        "Sgd",
        "Sgd",
        "Sgd",
        "RmsProp",
        "RmsProp",
        "Adam",
        "Adam",
        "Adam",
        "AdamW",
        "AdamW",
        "Rprop",
        "Rprop",
        "ClipNorm",
        "ClipValue",
    ];
    assert_eq!(compared, all);
    // Hinton's RMSprop has no momentum, nor has PyTorch's by default
    let settings =
        json!({"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.9, "weight_decay": 0.0});
    assert_eq!(not_offered, [("RmsProp".to_owned(), settings)]);
}

/// The settings of the first record of an optimizer, which are `PyTorch`'s defaults.
fn defaults(name: &str) -> Record {
    let mut records = FIGURES.clone().records("optimizers").into_iter();
    let mut first = records
        .find(|record| record.0["name"] == name)
        .expect("a record of each optimizer");
    first.record("settings")
}

/// A parameter after each of three updates.
fn updates<O: Optimizer<f64>>(optimizer: O) -> [f64; 3] {
    let mut network = Network::<Dense<U1, U1>, f64>::zeros();
    let mut gradient = Gradient::<Dense<U1, U1>, f64>::zeros();
    let mut state = State::new(&optimizer);
    [0.5, -0.25, 3.0].map(|slope| {
        gradient.parameters_mut()[0] = slope;
        optimizer
            .apply(&mut state, &mut network, &gradient)
            .expect("finite");
        network.parameters()[0]
    })
}

#[test]
fn settings_that_are_not_given_are_those_of_pytorch() {
    assert_eq!(sgd(&mut defaults("Sgd")), Sgd::new(0.1));
    assert_eq!(
        updates(rms_prop(&mut defaults("RmsProp"))),
        updates(RmsProp::new(0.01))
    );
    assert_eq!(
        updates(adam(&mut defaults("Adam"))),
        updates(Adam::new(0.001))
    );
    assert_eq!(
        updates(adam_w(&mut defaults("AdamW"))),
        updates(AdamW::new(0.001))
    );
    assert_eq!(
        updates(rprop(&mut defaults("Rprop"))),
        updates(Rprop::new(0.01))
    );
    let sgd = Sgd::new(0.1);
    assert_eq!(
        sgd.weight_decay(0.5).momentum(0.9),
        sgd.momentum(0.9).weight_decay(0.5)
    );
}
