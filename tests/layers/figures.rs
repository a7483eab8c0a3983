//! Figures of other libraries: numbers in nested lists, and what is near to them.

use serde_json::Value;

/// All numbers in nested lists, in order.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

/// As many numbers, each within 1e-13.
pub(crate) fn near(ours: &[f64], theirs: &[f64], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-13, "{what}: {ours}, {theirs}");
    }
}
