//! What `PyTorch` computes: every record of `figures/torch.json` against this crate.
//!
//! Bounds are in roundings: units of the epsilon of the type, 2.2e-16 for `f64` and 1.2e-7 for `f32`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;
use sizednet::Scalar;

/// Evaluates an expression with a type alias for the activation of that name.
macro_rules! with_activation {
    ($name:expr, $alias:ident => $body:expr) => {
        with_activation! {
            $name, $alias => $body;
            Identity Relu LeakyRelu Elu Gelu Silu Softplus Sigmoid Tanh HardSigmoid HardTanh
        }
    };
    ($name:expr, $alias:ident => $body:expr; $($activation:ident)*) => {
        match $name {
            $(stringify!($activation) => {
                type $alias = sizednet::$activation;
                $body
            })*
            other => panic!("no activation is called {other}"),
        }
    };
}

mod activations;
mod losses;
mod networks;
mod optimizers;
mod schedules;
mod training;
mod updates;

/// Every activation of the crate.
const ACTIVATIONS: [&str; 11] = [
    "Identity",
    "Relu",
    "LeakyRelu",
    "Elu",
    "Gelu",
    "Silu",
    "Softplus",
    "Sigmoid",
    "Tanh",
    "HardSigmoid",
    "HardTanh",
];

static FIGURES: LazyLock<Record> = LazyLock::new(|| {
    let text = include_str!("../figures/torch.json");
    Record::of(&serde_json::from_str(text).expect("valid JSON"))
});

/// An object of the file. All that it holds has to be taken, so that no figure is passed over.
#[derive(Clone)]
struct Record(BTreeMap<String, Value>);

impl Record {
    fn of(value: &Value) -> Self {
        let entries = value.as_object().expect("an object");
        Self(entries.clone().into_iter().collect())
    }
    fn take(&mut self, key: &str) -> Value {
        self.0.remove(key).unwrap_or_else(|| panic!("no {key}"))
    }
    fn text(&mut self, key: &str) -> String {
        self.take(key).as_str().expect("a text").to_owned()
    }
    fn number(&mut self, key: &str) -> f64 {
        self.take(key).as_f64().expect("a number")
    }
    /// All numbers of a list, or of a list of lists.
    fn numbers(&mut self, key: &str) -> Vec<f64> {
        flat(&self.take(key))
    }
    fn rows(&mut self, key: &str) -> Vec<Vec<f64>> {
        let rows = self.take(key);
        rows.as_array().expect("a list").iter().map(flat).collect()
    }
    fn texts(&mut self, key: &str) -> Vec<String> {
        let texts = self.take(key);
        let texts = texts.as_array().expect("a list").iter();
        texts
            .map(|text| text.as_str().expect("a text").to_owned())
            .collect()
    }
    fn pair(&mut self, key: &str) -> (f64, f64) {
        let [a, b] = self.numbers(key)[..] else {
            panic!("{key} is no pair")
        };
        (a, b)
    }
    fn record(&mut self, key: &str) -> Self {
        Self::of(&self.take(key))
    }
    fn records(&mut self, key: &str) -> Vec<Self> {
        let records = self.take(key);
        records
            .as_array()
            .expect("a list")
            .iter()
            .map(Self::of)
            .collect()
    }
    fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
    fn finish(&self) {
        assert!(self.0.is_empty(), "no test reads {:?}", self.0.keys());
    }
}

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value.as_f64().expect("a number")],
    }
}

fn scalars<T: Scalar>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().copied().map(T::from_f64).collect()
}

fn epsilon<T: Scalar>() -> f64 {
    if size_of::<T>() == size_of::<f32>() {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    }
}

/// Asserts that each number is within so many roundings, of a number of its size, of the one wanted.
fn assert_near<T: Scalar>(what: &str, got: &[T], wanted: &[f64], sizes: &[f64], roundings: f64) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    assert_eq!(sizes.len(), wanted.len(), "{what}");
    for (index, ((got, wanted), size)) in got.iter().zip(wanted).zip(sizes).enumerate() {
        let got = got.to_f64();
        let difference = (got - wanted).abs();
        let bound = roundings * epsilon::<T>() * size;
        assert!(
            difference <= bound,
            "{what}, number {index}: {got:e} where {wanted:e} is right, {} roundings apart",
            difference / size / epsilon::<T>()
        );
    }
}

/// Asserts that each number is near, in roundings of itself.
fn assert_each<T: Scalar>(what: &str, got: &[T], wanted: &[f64], roundings: f64) {
    let sizes: Vec<f64> = wanted.iter().map(|wanted| wanted.abs()).collect();
    assert_near(what, got, wanted, &sizes, roundings);
}

/// Asserts that each number is near, in roundings of the largest of them.
fn assert_all<T: Scalar>(what: &str, got: &[T], wanted: &[f64], roundings: f64) {
    let largest = wanted.iter().map(|wanted| wanted.abs()).fold(0.0, f64::max);
    assert_near(what, got, wanted, &vec![largest; wanted.len()], roundings);
}

#[test]
fn every_section_of_the_file_is_read() {
    let sections: Vec<&str> = FIGURES.0.keys().map(String::as_str).collect();
    let read = [
        "activations",
        "deep_network",
        "losses",
        "networks",
        "optimizers",
        "schedules",
        "seed",
        "torch",
        "training",
    ];
    assert_eq!(sections, read);
}
