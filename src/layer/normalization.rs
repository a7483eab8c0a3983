//! Normalization of the values of a vector.

use core::marker::PhantomData;

use generic_array::typenum::{B0, UInt, Unsigned};
use rand_core::Rng;

use super::dense::LENGTHS;
use super::streaming::Streaming;
use super::{Backward, Layer, Module, Tensor, View, cut, cut_mut};
use crate::initializer::Initializer;
use crate::kernel::Kernel;
use crate::size::Count;
use crate::{Scalar, Shape};

/// Layer normalization (Ba, Kiros and Hinton, 2016): `y = (x - mean) / sqrt(variance + 1e-5) * weight + bias`.
///
/// Input and output of shape `S`. Mean and variance are over all values of a vector or an image, and over the features of each
/// step of a [`Sequence`](crate::Sequence), whose steps share their weights. Its parameters are the weights, 1 at first,
/// then the bias, as `weight` and `bias` of `PyTorch`'s `nn.LayerNorm`; the variance is divided by the number of values.
///
/// ```
/// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
/// use sizednet::{LayerNorm, Network, sizes::U2};
///
/// let network = Network::<LayerNorm<U2>, f64>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
/// let [a, b] = network.forward(&[100.0, 300.0]);
/// assert!((a + 1.0).abs() < 1e-6 && (b - 1.0).abs() < 1e-6);
/// ```
pub type LayerNorm<S> = Normalization<Centered, S>;

/// Root-mean-square normalization (Zhang and Sennrich, 2019): `y = x / sqrt(mean(x^2) + 1e-5) * weight`.
///
/// Shapes as those of [`LayerNorm`]. Its parameters are the weights, 1 at first, as `weight` of `PyTorch`'s `nn.RMSNorm`
/// with `eps=1e-5`.
///
/// ```
/// use sizednet::{Network, RmsNorm, sizes::U2};
///
/// let mut network = Network::<RmsNorm<U2>, f64>::zeros();
/// network.parameters_mut().copy_from_slice(&[1.0, 10.0]);
/// let [a, b] = network.forward(&[100.0, -100.0]);
/// assert!((a - 1.0).abs() < 1e-6 && (b + 10.0).abs() < 1e-6);
/// ```
pub type RmsNorm<S> = Normalization<Uncentered, S>;

/// [`LayerNorm`] or [`RmsNorm`].
#[derive(Debug, Clone, Copy)]
pub struct Normalization<C, S>(PhantomData<fn() -> (C, S)>);

/// The mean is taken away, and a bias is added: [`LayerNorm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Centered;

/// Neither: [`RmsNorm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncentered;

/// The kind of a normalization of `N` values: [`Centered`] or [`Uncentered`].
pub trait Centering<N>: 'static {
    /// Weights, and the bias if there is one.
    type Parameters: Count;
    /// Its name in a summary.
    const NAME: &'static str;
    /// Whether the mean is taken away, and a bias is added.
    const CENTERED: bool;
}

impl<N> Centering<N> for Centered
where
    UInt<N, B0>: Count,
{
    type Parameters = UInt<N, B0>;
    const NAME: &'static str = "LayerNorm";
    const CENTERED: bool = true;
}

impl<N: Count> Centering<N> for Uncentered {
    type Parameters = N;
    const NAME: &'static str = "RmsNorm";
    const CENTERED: bool = false;
}

/// The values that are normalized together.
type Values<S> = <<S as Shape>::Step as Shape>::Len;

impl<C: Centering<Values<S>>, S: Shape> Normalization<C, S> {
    /// Mean (0 where none is taken away) and the reciprocal of the deviation, each sum first to last.
    fn moments<T: Scalar>(values: &[T]) -> (T, T) {
        let count = T::from_f64(Values::<S>::USIZE as f64);
        let mut mean = T::ZERO;
        if C::CENTERED {
            for x in values {
                mean += *x;
            }
            mean = mean / count;
        }
        let mut squares = T::ZERO;
        for x in values {
            squares += (*x - mean) * (*x - mean);
        }
        let variance = squares / count + T::from_f64(1e-5);
        (mean, T::ONE / variance.sqrt())
    }
}

impl<C: Centering<Values<S>>, S: Shape> Layer for Normalization<C, S> {
    type Input = S;
    type Output = S;
    #[doc(hidden)]
    type Parameters = C::Parameters;
    #[doc(hidden)]
    type Tape = S::Len;

    const NAME: &'static str = C::NAME;

    /// Weights are 1 whatever the initializer: the values that come out should be normalized.
    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        _: &I,
        _: &mut R,
    ) {
        cut_mut(parameters, Values::<S>::USIZE).0.fill(T::ONE);
    }

    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        let count = Values::<S>::USIZE;
        let mut tensor = |name, start| match *<S::Step as Shape>::DIMENSIONS {
            [c, h, w] => visit(module.tensor(name, [c, h, w], [h * w, w, 1], start)),
            _ => visit(module.tensor(name, [count], [1], start)),
        };
        tensor("weight", 0);
        if C::CENTERED {
            tensor("bias", count);
        }
    }

    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        let count = Values::<S>::USIZE;
        let (weights, bias) = cut(parameters, count);
        let rows = inputs.chunks_exact(count);
        for (inputs, outputs) in rows.zip(outputs.chunks_exact_mut(count)) {
            let (mean, scale) = Self::moments(inputs);
            for ((y, x), w) in outputs.iter_mut().zip(inputs).zip(weights) {
                *y = (*x - mean) * scale * *w;
            }
            for (y, b) in outputs.iter_mut().zip(bias) {
                *y += *b;
            }
        }
    }

    /// Mean and deviation are taken from the inputs again, which costs less than room on the tape.
    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let count = Values::<S>::USIZE;
        let size = T::from_f64(count as f64);
        let (weights, _) = cut(parameters, count);
        let (weight_gradient, bias_gradient) = cut_mut(pass.gradient, count);
        let mut input_gradient = pass.input_gradient;
        let rows = pass.inputs.chunks_exact(count);
        for (row, (inputs, slopes)) in rows
            .zip(pass.output_gradient.chunks_exact(count))
            .enumerate()
        {
            let (mean, scale) = Self::moments(inputs);
            let (mut sum, mut product) = (T::ZERO, T::ZERO);
            let values = inputs.iter().zip(slopes).zip(weights);
            for (((x, dy), w), dw) in values.zip(&mut *weight_gradient) {
                let normal = (*x - mean) * scale;
                *dw += *dy * normal;
                sum += *dy * *w;
                product += *dy * *w * normal;
            }
            for (db, dy) in bias_gradient.iter_mut().zip(slopes) {
                *db += *dy;
            }
            let slots = input_gradient.as_deref_mut().unwrap_or_default();
            let Some(slots) = slots.chunks_exact_mut(count).nth(row) else {
                continue;
            };
            let sum = if C::CENTERED { sum / size } else { T::ZERO };
            let product = product / size;
            let values = inputs.iter().zip(slopes).zip(weights);
            for (dx, ((x, dy), w)) in slots.iter_mut().zip(values) {
                *dx = scale * (*dy * *w - sum - (*x - mean) * scale * product);
            }
        }
    }
}

impl<C: Centering<Values<S>>, S: Shape> Streaming for Normalization<C, S> {
    type StepInput = S::Step;
    type StepOutput = S::Step;
    type State<T: Scalar> = ();

    fn step<T: Scalar, K: Kernel>(parameters: &[T], _: &mut (), input: &[T], output: &mut [T]) {
        Self::forward::<T, K>(parameters, input, output);
    }
}

/// The parameters of a [`LayerNorm`], to read; of an image or of a step of a sequence as arrays of that shape.
#[derive(Debug)]
pub struct LayerNormRef<'a, S: Shape, T: Scalar> {
    /// A factor for each value.
    pub weights: &'a <S::Step as Shape>::Array<T>,
    /// What is added to each.
    pub bias: &'a <S::Step as Shape>::Array<T>,
}

/// The parameters of a [`LayerNorm`], to write; as in [`LayerNormRef`].
#[derive(Debug)]
pub struct LayerNormMut<'a, S: Shape, T: Scalar> {
    /// A factor for each value.
    pub weights: &'a mut <S::Step as Shape>::Array<T>,
    /// What is added to each.
    pub bias: &'a mut <S::Step as Shape>::Array<T>,
}

impl<S: Shape> View for LayerNorm<S>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = LayerNormRef<'a, S, T>;
    type Mut<'a, T: Scalar> = LayerNormMut<'a, S, T>;

    fn view<T: Scalar>(parameters: &[T]) -> LayerNormRef<'_, S, T> {
        let (weights, bias) = cut(parameters, Values::<S>::USIZE);
        LayerNormRef {
            weights: S::Step::from_flat(weights).expect(LENGTHS),
            bias: S::Step::from_flat(bias).expect(LENGTHS),
        }
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> LayerNormMut<'_, S, T> {
        let (weights, bias) = cut_mut(parameters, Values::<S>::USIZE);
        LayerNormMut {
            weights: S::Step::from_flat_mut(weights).expect(LENGTHS),
            bias: S::Step::from_flat_mut(bias).expect(LENGTHS),
        }
    }
}

/// Its weights.
impl<S: Shape> View for RmsNorm<S>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = &'a <S::Step as Shape>::Array<T>;
    type Mut<'a, T: Scalar> = &'a mut <S::Step as Shape>::Array<T>;

    fn view<T: Scalar>(parameters: &[T]) -> Self::Ref<'_, T> {
        S::Step::from_flat(parameters).expect(LENGTHS)
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> Self::Mut<'_, T> {
        S::Step::from_flat_mut(parameters).expect(LENGTHS)
    }
}
