//! The activations: their values and slopes, at `PyTorch`'s points and at their edges.

use core::any::TypeId;

use sizednet::activation::PreActivation;
use sizednet::{Activation, Scalar};

use super::{ACTIVATIONS, FIGURES, Record, assert_each, assert_near, scalars};

/// What the slope is a function of.
fn kept<A: Activation, T: Scalar>(x: T) -> T {
    if TypeId::of::<A::Keeps>() == TypeId::of::<PreActivation>() {
        x
    } else {
        A::value(x)
    }
}

fn slope<A: Activation, T: Scalar>(x: T) -> T {
    A::slope(kept::<A, T>(x))
}

fn compare<A: Activation, T: Scalar>(mut record: Record) {
    let points = record.numbers("x");
    assert_eq!(points.len(), 26);
    let x = scalars::<T>(&points);

    let y = record.numbers("y");
    let sizes: Vec<f64> = match A::NAME {
        // PyTorch's 1 + tanh is right to a rounding of 1, which x then multiplies
        "Gelu" => points.iter().map(|x| x.abs()).collect(),
        // x / 6 + 1 / 2 is right to a rounding of its halves
        "HardSigmoid" => vec![1.0; y.len()],
        _ => y.iter().map(|y| y.abs()).collect(),
    };
    let mut values = x.clone();
    A::apply(&mut values);
    // the functions behind them are within 2.6 ulp, PyTorch's within 1 or 2
    assert_near(A::NAME, &values, &y, &sizes, 5.0);
    let each: Vec<T> = x.iter().map(|x| A::value(*x)).collect();
    assert_eq!(values, each, "{} of a slice", A::NAME);

    let mut slopes = record.numbers("slope");
    if A::NAME == "HardSigmoid" {
        // PyTorch holds this slope as a float32
        for slope in slopes.iter_mut().filter(|slope| **slope != 0.0) {
            assert_eq!(*slope, f64::from(1.0_f32 / 6.0));
            *slope = 1.0 / 6.0;
        }
    }
    let got: Vec<T> = x.iter().map(|x| slope::<A, T>(*x)).collect();
    let what = format!("{} slope", A::NAME);
    // 1 - y * y, y * (1 - y) are right to a rounding of 1, which Gelu multiplies by up to 34
    let roundings = if A::NAME == "Gelu" { 40.0 } else { 5.0 };
    assert_near(&what, &got, &slopes, &vec![1.0; slopes.len()], roundings);
    let factor = T::from_f64(-1.75);
    for (x, slope) in x.iter().zip(got) {
        assert_eq!(A::chain(factor, kept::<A, T>(*x)), factor * slope);
    }
    record.finish();
}

#[test]
fn values_and_slopes() {
    let records = &FIGURES.0["activations"];
    let names = records.as_object().expect("an object").keys();
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    for name in &names {
        let record = Record::of(&records[*name]);
        with_activation!(*name, A => {
            assert_eq!(A::NAME, *name);
            compare::<A, f64>(record.clone());
            compare::<A, f32>(record);
        });
    }
    let mut all = ACTIVATIONS;
    all.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, all);
}

/// Value and slope, exact.
type Pair = (f64, f64);

const INFINITY: f64 = f64::INFINITY;

/// Each activation at minus infinity, 0 and infinity.
const EDGES: [(&str, [Pair; 3]); 11] = [
    ("Identity", [(-INFINITY, 1.0), (0.0, 1.0), (INFINITY, 1.0)]),
    ("Relu", [(0.0, 0.0), (0.0, 0.0), (INFINITY, 1.0)]),
    (
        "LeakyRelu",
        [(-INFINITY, 0.01), (0.0, 0.01), (INFINITY, 1.0)],
    ),
    ("Elu", [(-1.0, 0.0), (0.0, 1.0), (INFINITY, 1.0)]),
    ("Gelu", [(0.0, 0.0), (0.0, 0.5), (INFINITY, 1.0)]),
    ("Silu", [(0.0, 0.0), (0.0, 0.5), (INFINITY, 1.0)]),
    (
        "Softplus",
        [(0.0, 0.0), (core::f64::consts::LN_2, 0.5), (INFINITY, 1.0)],
    ),
    ("Sigmoid", [(0.0, 0.0), (0.5, 0.25), (1.0, 0.0)]),
    ("Tanh", [(-1.0, 0.0), (0.0, 1.0), (1.0, 0.0)]),
    ("HardSigmoid", [(0.0, 0.0), (0.5, 1.0 / 6.0), (1.0, 0.0)]),
    ("HardTanh", [(-1.0, 0.0), (0.0, 1.0), (1.0, 0.0)]),
];

fn edges<A: Activation, T: Scalar>(edges: [Pair; 3]) {
    for (x, (value, slope_there)) in [-T::INFINITY, T::ZERO, T::INFINITY].into_iter().zip(edges) {
        let what = format!("{} at {x}", A::NAME);
        assert_eq!(A::value(x), T::from_f64(value), "{what}");
        assert_eq!(
            slope::<A, T>(x),
            T::from_f64(slope_there),
            "slope of {what}"
        );
    }
    let nan = T::from_f64(f64::NAN);
    assert!(A::value(nan).to_f64().is_nan(), "{} of NaN", A::NAME);
}

#[test]
fn at_zero_at_the_infinities_and_of_nan() {
    assert_eq!(EDGES.map(|(name, _)| name), ACTIVATIONS);
    for (name, at) in EDGES {
        with_activation!(name, A => {
            edges::<A, f64>(at);
            edges::<A, f32>(at);
        });
    }
}

#[test]
fn at_the_kinks_of_the_hard_ones() {
    use sizednet::{HardSigmoid, HardTanh};
    for (x, value) in [(-1.0, -1.0), (1.0, 1.0), (-7.0, -1.0), (7.0, 1.0)] {
        assert_eq!(HardTanh::value(x), value);
        assert_eq!(slope::<HardTanh, f64>(x), 0.0);
    }
    for (x, value) in [(-3.0, 0.0), (3.0, 1.0), (-7.0, 0.0), (7.0, 1.0)] {
        assert_eq!(HardSigmoid::value(x), value);
        assert_eq!(slope::<HardSigmoid, f64>(x), 0.0);
    }
    for x in [(-1.0_f64).next_up(), 1.0_f64.next_down()] {
        assert_eq!(HardTanh::value(x), x);
        assert_eq!(slope::<HardTanh, f64>(x), 1.0);
    }
}

#[test]
fn the_rectifier_gives_no_negative_zero() {
    assert!(sizednet::Relu::value(-0.0_f64).is_sign_positive());
    assert!(sizednet::Relu::value(-1.0_f32).is_sign_positive());
}

/// `x / (1 + exp(-2u))` is the tanh form without the digits that `1 + tanh(u)` loses.
#[test]
fn gelu_keeps_its_digits_where_it_is_small() {
    let root = (2.0 / core::f64::consts::PI).sqrt();
    for x in [-6.0, -4.5, -3.0, -1.0_f64] {
        let inner = root * (x + 0.044715 * x * x * x);
        let wanted = x / (1.0 + (-2.0 * inner).exp());
        // a rounding of 2u, which is up to 25, counts as many times in its exponential
        assert_each("Gelu", &[sizednet::Gelu::value(x)], &[wanted], 7.0);
    }
}
