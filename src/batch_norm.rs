//! Batch normalization of networks that were trained elsewhere: folded into the layer before it.

use crate::layer::{Conv1dMut, Conv2dMut, DenseMut, DepthwiseConv1dMut, DepthwiseConv2dMut};
use crate::size::FixedArray;
use crate::{Scalar, Shape, Size};

/// The figures of a batch normalization of `F` features (Ioffe and Szegedy, 2015), for a network that was trained elsewhere:
/// `y = (x - mean) / sqrt(variance + epsilon) * scale + shift`.
///
/// It is no layer, but becomes a part of the one before it, whose weights and bias it changes so that the two in a row and the
/// one alone compute the same. They round differently: by some units in the last place of the larger values. The activation of
/// the layer comes behind both.
///
/// Nothing here trains one: a layer keeps no state but its parameters, so there is no place for running figures.
/// [`LayerNorm`](crate::LayerNorm) and [`RmsNorm`](crate::RmsNorm) are what trains.
///
/// ```
/// use sizednet::{BatchNorm, Dense, Network, Relu, sizes::*};
///
/// // trained as a linear layer, a normalization and ReLU
/// let mut network = Network::<Dense<U2, U1, Relu>>::zeros();
/// *network.layers_mut().weights = [[1.0], [-1.0]];
/// let norm = BatchNorm { scale: [3.0], shift: [1.0], mean: [0.5], variance: [4.0], epsilon: 0.0 };
/// norm.fold_into(network.layers_mut());
/// let [y] = network.forward(&[5.0, 2.5]);
/// assert_eq!(y, (2.5 - 0.5) / 2.0 * 3.0 + 1.0);
/// ```
///
/// Files of `PyTorch` are loaded with theirs folded:
/// [`Safetensors::fold_batch_norm`](crate#files).
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm<F: Size, T: Scalar = f32> {
    /// What the normalized values are multiplied by: `weight` of `PyTorch`'s module.
    pub scale: F::Array<T>,
    /// What is added then: `bias` of `PyTorch`'s module.
    pub shift: F::Array<T>,
    /// The running mean.
    pub mean: F::Array<T>,
    /// The running variance.
    pub variance: F::Array<T>,
    /// What is added to the variance: 1e-5 unless `PyTorch` is told otherwise.
    pub epsilon: f64,
}

impl<F: Size, T: Scalar> BatchNorm<F, T> {
    /// Folds it into the layer that it follows, which gives as many features: each number is computed in `f64` and rounded once.
    pub fn fold_into(&self, mut layer: impl Fold<F, T>) {
        let scales = self.scale.as_slice().iter().zip(self.shift.as_slice());
        let moments = self.mean.as_slice().iter().zip(self.variance.as_slice());
        for (feature, ((scale, shift), (mean, variance))) in scales.zip(moments).enumerate() {
            let line = Line::new(
                [scale.to_f64(), shift.to_f64()],
                [mean.to_f64(), variance.to_f64() + self.epsilon],
            );
            layer.visit(feature, &mut |number, is_bias| {
                let at = if is_bias {
                    line.at(number.to_f64())
                } else {
                    line.factor * number.to_f64()
                };
                *number = T::from_f64(at);
            });
        }
    }
}

/// What a batch normalization does to a feature: `factor * x + offset`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) factor: f64,
    offset: f64,
}

impl Line {
    /// From scale and shift, mean and variance.
    pub(crate) fn new([scale, shift]: [f64; 2], [mean, variance]: [f64; 2]) -> Self {
        let factor = scale / Scalar::sqrt(variance);
        Self {
            factor,
            offset: shift - mean * factor,
        }
    }
    /// Its value.
    pub(crate) fn at(self, x: f64) -> f64 {
        self.factor * x + self.offset
    }
}

/// A layer's parameters that a [`BatchNorm`] of `F` features can be folded into: of a [`Dense`](crate::Dense) layer or a
/// convolution of any kind, lent by [`layers_mut`](crate::Network::layers_mut).
#[diagnostic::on_unimplemented(
    message = "a batch normalization of that many features can't be folded into this layer",
    label = "neither a dense layer nor a convolution that gives as many features"
)]
pub trait Fold<F, T> {
    /// Visits the weights that lead to a feature, and its bias, with whether it is that.
    #[doc(hidden)]
    fn visit(&mut self, feature: usize, change: &mut dyn FnMut(&mut T, bool));
}

/// Visits the column of a feature in rows of features, and its bias.
fn column<T>(
    features: usize,
    (weights, bias): (&mut [T], &mut [T]),
    feature: usize,
    change: &mut dyn FnMut(&mut T, bool),
) {
    for row in weights.chunks_exact_mut(features) {
        if let Some(weight) = row.get_mut(feature) {
            change(weight, false);
        }
    }
    if let Some(bias) = bias.get_mut(feature) {
        change(bias, true);
    }
}

impl<I: Shape, O: Size, T: Scalar> Fold<O, T> for DenseMut<'_, I, O, T> {
    fn visit(&mut self, feature: usize, change: &mut dyn FnMut(&mut T, bool)) {
        let weights = O::Array::flatten_mut(I::flatten_mut(core::slice::from_mut(self.weights)));
        column(
            O::USIZE,
            (weights, self.bias.as_mut_slice()),
            feature,
            change,
        );
    }
}

impl<C: Size, F: Size, K: Size, T: Scalar> Fold<F, T> for Conv2dMut<'_, C, F, K, T> {
    fn visit(&mut self, feature: usize, change: &mut dyn FnMut(&mut T, bool)) {
        let rows = K::Array::flatten_mut(self.weights.as_mut_slice());
        let weights = F::Array::flatten_mut(K::Array::flatten_mut(rows));
        column(
            F::USIZE,
            (weights, self.bias.as_mut_slice()),
            feature,
            change,
        );
    }
}

impl<C: Size, F: Size, K: Size, T: Scalar> Fold<F, T> for Conv1dMut<'_, C, F, K, T> {
    fn visit(&mut self, feature: usize, change: &mut dyn FnMut(&mut T, bool)) {
        let weights = F::Array::flatten_mut(C::Array::flatten_mut(self.weights.as_mut_slice()));
        column(
            F::USIZE,
            (weights, self.bias.as_mut_slice()),
            feature,
            change,
        );
    }
}

impl<C: Size, K: Size, T: Scalar> Fold<C, T> for DepthwiseConv1dMut<'_, C, K, T> {
    fn visit(&mut self, feature: usize, change: &mut dyn FnMut(&mut T, bool)) {
        let weights = C::Array::flatten_mut(self.weights.as_mut_slice());
        column(
            C::USIZE,
            (weights, self.bias.as_mut_slice()),
            feature,
            change,
        );
    }
}

impl<C: Size, K: Size, T: Scalar> Fold<C, T> for DepthwiseConv2dMut<'_, C, K, T> {
    fn visit(&mut self, feature: usize, change: &mut dyn FnMut(&mut T, bool)) {
        // a channel's weights lie together
        if let Some(filter) = self.weights.as_mut_slice().get_mut(feature) {
            for weight in K::Array::flatten_mut(filter.as_mut_slice()) {
                change(weight, false);
            }
        }
        if let Some(bias) = self.bias.as_mut_slice().get_mut(feature) {
            change(bias, true);
        }
    }
}
