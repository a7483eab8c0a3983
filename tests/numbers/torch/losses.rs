//! The losses: values and output gradients, for arrays and classes, with logits of any size.

use std::collections::BTreeSet;

use sizednet::{
    BinaryCrossEntropy, Class, CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError,
    Scalar,
};

use super::{FIGURES, Record, assert_each, assert_near, scalars};

/// The loss and its gradient, written over what was there.
fn of<T: Scalar, X: ?Sized>(loss: &impl Loss<T, X>, output: &[T], target: &X) -> (T, Vec<T>) {
    let mut gradient = vec![T::INFINITY; output.len()];
    (loss.loss(output, target, &mut gradient), gradient)
}

/// Compares a record with the loss it names, and returns what it covers.
fn compare<T: Scalar>(mut record: Record) -> (String, usize) {
    let name = record.text("loss");
    let output = scalars::<T>(&record.numbers("output"));
    let (found, width) = if record.has("class") {
        assert_eq!(name, "CrossEntropy");
        let class = Class(record.number("class") as usize);
        (of(&CrossEntropy, &output, &class), 0)
    } else {
        let target = &scalars::<T>(&record.numbers("target"))[..];
        let found = match name.as_str() {
            "MeanSquaredError" => of(&MeanSquaredError, &output, target),
            "MeanAbsoluteError" => of(&MeanAbsoluteError, &output, target),
            "Huber" => {
                let delta = T::from_f64(record.number("delta"));
                if delta == T::ONE {
                    assert_eq!(Huber::default(), Huber { delta });
                }
                of(&Huber { delta }, &output, target)
            }
            "BinaryCrossEntropy" => of(&BinaryCrossEntropy, &output, target),
            "CrossEntropy" => of(&CrossEntropy, &output, target),
            other => panic!("no loss is called {other}"),
        };
        (found, target.len())
    };
    let (loss, gradient) = found;
    let value = record.number("value");
    let (size, roundings) = match name.as_str() {
        // the value: PyTorch adds logits that cancel; the gradient: sigmoid - target is down to a 30th of each
        "BinaryCrossEntropy" => {
            let logits = output.iter().map(|y| y.to_f64().abs());
            (logits.fold(value, f64::max), 100.0)
        }
        // PyTorch's exp(ln p) has as many roundings as ln p is large, here 80
        "CrossEntropy" => (value, 80.0),
        // a difference is down to half of what it is between
        _ => (value, 5.0),
    };
    assert_near(&name, &[loss], &[value], &[size], 5.0);
    assert_each(&name, &gradient, &record.numbers("gradient"), roundings);
    record.finish();
    (name, width)
}

#[test]
fn values_and_output_gradients() {
    let records = FIGURES.clone().records("losses");
    assert_eq!(records.len(), 51);
    let mut covered = BTreeSet::new();
    for record in records {
        covered.insert(compare::<f64>(record.clone()));
        compare::<f32>(record);
    }
    let covered: Vec<(&str, usize)> = covered
        .iter()
        .map(|(name, n)| (name.as_str(), *n))
        .collect();
    let all = [
        ("BinaryCrossEntropy", 4),
        ("CrossEntropy", 0),
        ("CrossEntropy", 4),
        ("Huber", 4),
        ("MeanAbsoluteError", 4),
        ("MeanSquaredError", 4),
    ];
    assert_eq!(covered, all);
}

const LN_2: f64 = core::f64::consts::LN_2;

#[test]
fn the_absolute_error_is_flat_where_output_and_target_are_equal() {
    let (loss, gradient) = of(
        &MeanAbsoluteError,
        &[1.0, 2.0, 3.0, -1.0],
        &[1.0, 2.0, 2.5, 0.0][..],
    );
    assert_eq!(loss, 0.375);
    assert_eq!(gradient, [0.0, 0.0, 0.25, -0.25]);
}

#[test]
fn huber_at_its_delta_and_beyond() {
    let (loss, gradient) = of(&Huber { delta: 1.0 }, &[1.0, -1.0, 0.0, 0.5], &[0.0; 4][..]);
    assert_eq!(loss, 1.125 / 4.0);
    assert_eq!(gradient, [0.25, -0.25, 0.0, 0.125]);
    let (loss, gradient) = of(&Huber { delta: 2.0 }, &[3.0, -3.0], &[0.0; 2][..]);
    assert_eq!(loss, 4.0);
    assert_eq!(gradient, [1.0, -1.0]);
}

#[test]
fn one_output_is_its_own_mean() {
    assert_eq!(of(&MeanSquaredError, &[3.0], &[1.0][..]), (4.0, vec![4.0]));
    assert_eq!(of(&MeanAbsoluteError, &[3.0], &[1.0][..]), (2.0, vec![1.0]));
}

#[test]
fn binary_cross_entropy_where_it_is_simple() {
    assert_eq!(
        of(&BinaryCrossEntropy, &[0.0], &[0.5][..]),
        (LN_2, vec![0.0])
    );
    let (sure, gradient) = of(&BinaryCrossEntropy, &[40.0, -40.0], &[1.0, 0.0][..]);
    assert_each("sure", &[sure], &[(-40.0_f64).exp()], 4.0);
    assert_each("sure", &gradient[1..], &[(-40.0_f64).exp() / 2.0], 4.0);
    for logit in [1e4_f32, f32::MAX] {
        let surely = [logit, -logit];
        assert_eq!(
            of(&BinaryCrossEntropy, &surely, &[1.0, 0.0][..]),
            (0.0, vec![0.0; 2])
        );
    }
    let wrong = of(&BinaryCrossEntropy, &[1e4_f32, -1e4], &[0.0, 1.0][..]);
    assert_eq!(wrong, (1e4, vec![0.5, -0.5]));
}

#[test]
fn cross_entropy_where_it_is_simple() {
    assert_eq!(
        of(&CrossEntropy, &[7.0; 2], &Class(0)),
        (LN_2, vec![-0.5, 0.5])
    );
    // targets need not sum to 1
    assert_eq!(
        of(&CrossEntropy, &[7.0; 2], &[1.0; 2][..]),
        (2.0 * LN_2, vec![0.0; 2])
    );
    // a probability of 0 takes no part, however small its logit
    let impossible = [0.0, -f64::INFINITY];
    assert_eq!(
        of(&CrossEntropy, &impossible, &[1.0, 0.0][..]),
        (0.0, vec![0.0; 2])
    );
    assert_eq!(
        of(&CrossEntropy, &impossible, &Class(0)),
        (0.0, vec![0.0; 2])
    );
    let wrong = of(&CrossEntropy, &[f32::MAX, 0.0], &Class(1));
    assert_eq!(wrong, (f32::MAX, vec![1.0, -1.0]));
}

#[test]
fn a_class_is_the_array_that_is_one_there() {
    let logits = [0.3_f32, -0.7, 1.9, -2.4];
    for class in 0..4 {
        let mut target = [0.0; 4];
        target[class] = 1.0;
        let found = of(&CrossEntropy, &logits, &Class(class));
        assert_eq!(found, of(&CrossEntropy, &logits, &target[..]));
    }
}

#[test]
fn logits_become_probabilities() {
    let logits = [0.0, 3.0_f64.ln(), 4.0_f64.ln(), -800.0];
    let softmax = CrossEntropy.probabilities(&logits);
    assert_each("softmax", &softmax, &[0.125, 0.375, 0.5, 0.0], 4.0);
    let logistic = BinaryCrossEntropy.probabilities(&logits);
    assert_each("logistic", &logistic, &[0.5, 0.75, 0.8, 0.0], 4.0);
}

#[test]
fn nan_is_seen_in_loss_and_gradient() {
    let output = [f64::NAN, 1.0];
    let target = &[0.0, 1.0][..];
    for (loss, gradient) in [
        of(&MeanSquaredError, &output, target),
        of(&MeanAbsoluteError, &output, target),
        of(&Huber::default(), &output, target),
        of(&BinaryCrossEntropy, &output, target),
        of(&CrossEntropy, &output, target),
        of(&CrossEntropy, &output, &Class(1)),
    ] {
        assert!(loss.is_nan() && gradient[0].is_nan(), "{loss} {gradient:?}");
    }
}
