//! The curves that are shown: loss over epochs of seed 0 with the default initializer, and their logarithmic scales.

use sizednet::Scalar;

use crate::run::{First, Setting};
use crate::sweep::Group;

/// The loss of one run over its epochs.
pub(crate) struct Curve {
    pub(crate) hidden: u32,
    /// Such as `hn_2 lr_0.2 ok_true`.
    pub(crate) label: String,
    /// The loss after 0, 1, 2, … epochs.
    pub(crate) losses: Vec<f32>,
}

/// If a curve is drawn of this run.
pub(crate) fn is_shown(setting: &Setting, seed: u64) -> bool {
    setting.first == First::Default && seed == 0
}

/// The curves by hidden nodes, then by rate.
pub(crate) fn curves(groups: &[Group]) -> Vec<Curve> {
    let mut curves: Vec<_> = groups
        .iter()
        .flat_map(|Group { setting, runs }| {
            let shown = runs.iter().filter(|run| is_shown(setting, run.seed));
            shown.map(move |run| Curve {
                hidden: setting.hidden,
                label: format!("hn_{} lr_{} ok_{}", setting.hidden, setting.rate, run.ok()),
                losses: run.losses.clone(),
            })
        })
        .collect();
    curves.sort_by_key(|curve| curve.hidden);
    curves
}

/// Both axes as decades: epochs from 1 to the last, losses between two powers of ten.
pub(crate) struct Scales {
    pub(crate) last_epoch: f64,
    pub(crate) lowest: i32,
    pub(crate) highest: i32,
}

impl Scales {
    pub(crate) fn of(curves: &[Curve]) -> Self {
        let longest = curves.iter().map(|curve| curve.losses.len()).max();
        let decades = || curves.iter().flat_map(Curve::points).map(|(_, loss)| loss);
        Self {
            // an axis from 1 to 1 has no length
            last_epoch: log10(longest.unwrap_or(0).max(3) as f64 - 1.0),
            lowest: decades().fold(-1.0, f64::min).floor() as i32,
            highest: decades().fold(0.0, f64::max).ceil() as i32,
        }
    }
}

impl Curve {
    /// The decimal logarithms of epoch and loss, from epoch 1.
    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let points = self.losses.iter().enumerate().skip(1);
        points.map(|(epoch, &loss)| {
            // 0 has no logarithm
            let loss = f64::from(loss).max(1e-9);
            (log10(epoch as f64), log10(loss))
        })
    }
}

/// The decimal logarithm by the crate's own arithmetic, so that each point falls on the same pixel on every machine.
pub(crate) fn log10(x: f64) -> f64 {
    Scalar::ln(x) / core::f64::consts::LN_10
}

/// 10 to a power, as digits.
pub(crate) fn power_of_ten(exponent: i32) -> String {
    format!(
        "{:.*}",
        exponent.min(0).unsigned_abs() as usize,
        10_f64.powi(exponent)
    )
}
