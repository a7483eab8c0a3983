//! The depthwise convolution of a sequence: one filter for each feature.

use core::fmt::Debug;
use core::marker::PhantomData;

use generic_array::typenum::Unsigned;
use rand_core::Rng;

use super::convolution1d::{StreamsWith, Taps, slide};
use super::dense::{LENGTHS, WeightsAndBias};
use super::window::{Along, Axis, Padding, SlidAlong, Stride, Valid};
use super::{Backward, Layer, Module, Noise, Streaming, Tensor, View, cut, cut_mut};
use crate::activation::{self, Activation, Identity, Keep};
use crate::initializer::{Fan, Initializer};
use crate::kernel::{Elementwise, Kernel, elementwise};
use crate::size::{Count, FixedArray};
use crate::sizes::U1;
use crate::summary::Setting;
use crate::{Scalar, Sequence, Shape, Size, fingerprint};

/// A depthwise convolution along steps:
/// `output[t][c] = A(bias[c] + sum of input[t * S + k * D - before][c] * weights[k][c])`, over all places `k` of a kernel of `K`
/// steps.
///
/// Input a [`Sequence<Steps, C>`](Sequence), output a sequence of as many features, each of which has a filter of its own.
/// Stride, padding, dilation and streaming are those of [`Conv1d`](crate::Conv1d). With a `Conv1d` of kernel 1 behind it, which
/// mixes the features, it takes the place of a whole convolution at a fraction of the multiplications.
///
/// Its parameters are the weights, `[kernel][features]`, as a sequence lies, then the bias, `[features]`. In `PyTorch` it is
/// `nn.Conv1d(C, C, K, groups=C)`.
///
/// ```
/// use sizednet::{Conv1d, DepthwiseConv1d, Network, Relu, Sequence, layer::{Causal, State}, sizes::*};
///
/// type Separable = (
///     DepthwiseConv1d<Sequence<U20, U8>, U5, Relu, U1, Causal, U2>,
///     Conv1d<Sequence<U20, U8>, U16, U1, Relu, U1, Causal>,
/// );
/// let network = Network::<Separable>::zeros();
/// let mut state = State::<Separable>::new();
/// assert_eq!(network.step(&[1.0; 8], &mut state), [0.0; 16]);
/// ```
///
/// # The order of its sums
///
/// It is computed in plain loops, product and sum rounded apart: the same bits on every target, with or without
/// [`Portable`](crate::Portable).
///
/// - An output starts at its bias and adds its products first to last; in the padding they are those with 0.
/// - The gradient of a weight adds the products of all windows, first to last, sample by sample.
/// - An input's gradient adds its windows, first to last.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::type_complexity,
    reason = "it has no values, and is Send and Sync whatever it is made of"
)]
pub struct DepthwiseConv1d<I, K, A = Identity, S = U1, P = Valid, D = U1>(
    PhantomData<fn() -> (I, K, A, S, P, D)>,
);

impl<N: Size, C: Size, K: Size, A, S: Size, P: Padding, D: Size>
    DepthwiseConv1d<Sequence<N, C>, K, A, S, P, D>
{
    const TRACK: Track = Track {
        steps: Axis::dilated::<N, K, S, P, D>(),
        features: C::USIZE,
    };
    const WEIGHTS: usize = K::USIZE * C::USIZE;

    fn sums<T: Scalar>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        let job = Forward {
            track: Self::TRACK,
            parameters: cut(parameters, Self::WEIGHTS),
            inputs,
            outputs,
        };
        elementwise(job.outputs.len(), job);
    }
}

/// Windows along steps of some features.
#[derive(Clone, Copy)]
struct Track {
    steps: Axis,
    features: usize,
}

impl Track {
    const fn inputs(self) -> usize {
        self.steps.size * self.features
    }
    const fn outputs(self) -> usize {
        self.steps.outputs * self.features
    }
    /// Where the values under a tap of a window begin, if not in the padding.
    #[inline(always)]
    fn place(self, window: usize, tap: usize) -> Option<usize> {
        Some(self.steps.place(window, tap)? * self.features)
    }
}

/// `sums += values * weights`, each by each.
#[inline(always)]
fn add_products<T: Scalar>(sums: &mut [T], values: &[T], weights: &[T]) {
    for (sum, (x, w)) in sums.iter_mut().zip(values.iter().zip(weights)) {
        *sum += *x * *w;
    }
}

struct Forward<'a, T> {
    track: Track,
    parameters: (&'a [T], &'a [T]),
    inputs: &'a [T],
    outputs: &'a mut [T],
}

impl<T: Scalar> Elementwise for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (track, (weights, bias)) = (self.track, self.parameters);
        let samples = self.inputs.chunks_exact(track.inputs());
        for (inputs, outputs) in samples.zip(self.outputs.chunks_exact_mut(track.outputs())) {
            for (window, sums) in outputs.chunks_exact_mut(track.features).enumerate() {
                sums.copy_from_slice(bias);
                for (tap, weights) in weights.chunks_exact(track.features).enumerate() {
                    if let Some(place) = track.place(window, tap) {
                        add_products(sums, cut(inputs, place).1, weights);
                    } else {
                        for (sum, w) in sums.iter_mut().zip(weights) {
                            *sum += T::ZERO * *w;
                        }
                    }
                }
            }
        }
    }
}

struct Back<'a, T> {
    track: Track,
    weights: &'a [T],
    inputs: &'a [T],
    output_gradient: &'a [T],
    weight_gradient: &'a mut [T],
    bias_gradient: &'a mut [T],
    input_gradient: Option<&'a mut [T]>,
}

impl<T: Scalar> Elementwise for Back<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let track = self.track;
        if let Some(slots) = &mut self.input_gradient {
            slots.fill(-T::ZERO);
        }
        let samples = self.inputs.chunks_exact(track.inputs());
        let slopes = self.output_gradient.chunks_exact(track.outputs());
        for (sample, (inputs, slopes)) in samples.zip(slopes).enumerate() {
            let slots = self.input_gradient.as_deref_mut();
            let mut slots =
                slots.and_then(|slots| slots.chunks_exact_mut(track.inputs()).nth(sample));
            for (window, dy) in slopes.chunks_exact(track.features).enumerate() {
                for (db, dy) in self.bias_gradient.iter_mut().zip(dy) {
                    *db += *dy;
                }
                let taps = self.weights.chunks_exact(track.features);
                let taps = taps.zip(self.weight_gradient.chunks_exact_mut(track.features));
                for (tap, (weights, dw)) in taps.enumerate() {
                    let Some(place) = track.place(window, tap) else {
                        continue;
                    };
                    add_products(dw, cut(inputs, place).1, dy);
                    if let Some(slots) = slots.as_deref_mut() {
                        add_products(cut_mut(slots, place).1, dy, weights);
                    }
                }
            }
        }
    }
}

impl<N: Size, C: Size, K: Size, A: Activation, S: Stride, P, D: Size> Layer
    for DepthwiseConv1d<Sequence<N, C>, K, A, S, P, D>
where
    P: Along<N, K, S, D>,
    Sequence<N, C>: Shape,
    SlidAlong<C, N, K, S, P, D>: Shape,
    K: WeightsAndBias<C>,
    <A::Keeps as Keep>::Tape<<SlidAlong<C, N, K, S, P, D> as Shape>::Len>: Count,
{
    type Input = Sequence<N, C>;
    type Output = SlidAlong<C, N, K, S, P, D>;
    #[doc(hidden)]
    type Parameters = <K as WeightsAndBias<C>>::Number;
    #[doc(hidden)]
    type Tape = <A::Keeps as Keep>::Tape<<SlidAlong<C, N, K, S, P, D> as Shape>::Len>;

    const NAME: &'static str = "DepthwiseConv1d";
    const DETAIL: &'static str = A::NAME;
    const SETTINGS: &'static [Setting] = &[
        Setting::Kernel(K::USIZE),
        Setting::Stride(S::USIZE),
        Setting::Padding(P::NAME),
        Setting::Dilation(D::USIZE),
    ];
    const FINGERPRINT: u64 = fingerprint::with(
        fingerprint::of_layer(
            Self::NAME,
            Self::DETAIL,
            <Self::Input as Shape>::DIMENSIONS,
            <Self::Output as Shape>::DIMENSIONS,
            <Self::Parameters as Unsigned>::USIZE,
        ),
        &[K::USIZE, S::USIZE, P::NUMBER, D::USIZE],
    );
    const MULTIPLY_ADDS: u64 = Self::WEIGHTS as u64 * Self::TRACK.steps.outputs as u64;
    const MODULES: usize = if A::IDENTITY { 1 } else { 2 };

    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &I,
        rng: &mut R,
    ) {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let fan = Fan::new(K::USIZE, K::USIZE).with_gain(A::GAIN);
        initializer.weights(fan, weights, rng);
        initializer.bias(fan, bias, rng);
    }

    /// `nn.Conv1d` of as many groups as features has its weights as `[features][1][kernel]`.
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        let (kernel, features) = (K::USIZE, C::USIZE);
        visit(module.tensor("weight", [features, 1, kernel], [1, 0, features], 0));
        visit(module.tensor("bias", [features], [1], Self::WEIGHTS));
    }

    fn forward<T: Scalar, Q: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        Self::sums(parameters, inputs, outputs);
        activation::apply::<A, T>(outputs);
    }

    fn record<T: Scalar, Q: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], _noise: Noise) {
        <A::Keeps as Keep>::record::<A, T>(tape, |values| Self::sums(parameters, inputs, values));
    }

    fn backward<T: Scalar, Q: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let kept = <A::Keeps as Keep>::kept(pass.tape);
        activation::chain::<A, T>(pass.output_gradient, kept);
        let (weight_gradient, bias_gradient) = cut_mut(pass.gradient, Self::WEIGHTS);
        let job = Back {
            track: Self::TRACK,
            weights: cut(parameters, Self::WEIGHTS).0,
            inputs: pass.inputs,
            output_gradient: pass.output_gradient,
            weight_gradient,
            bias_gradient,
            input_gradient: pass.input_gradient,
        };
        elementwise(job.output_gradient.len(), job);
    }
}

/// The state is that of a [`Conv1d`](crate::Conv1d).
impl<N: Size, C: Size, K: Size, A: Activation, S: Size, P: Padding, D: Size> Streaming
    for DepthwiseConv1d<Sequence<N, C>, K, A, S, P, D>
where
    P: StreamsWith<S>,
    Self: Layer,
{
    type StepInput = C;
    type StepOutput = C;
    type State<T: Scalar> = Taps<K, C, D, T>;

    #[inline]
    fn step<T: Scalar, Q: Kernel>(
        parameters: &[T],
        state: &mut Taps<K, C, D, T>,
        input: &[T],
        output: &mut [T],
    ) {
        let job = Forward {
            // the one window over as many steps as the kernel has
            track: Track {
                steps: Axis::new::<K, K, U1, Valid>(),
                features: C::USIZE,
            },
            parameters: cut(parameters, Self::WEIGHTS),
            inputs: slide::<K, C, D, T>(state, input),
            outputs: &mut *output,
        };
        elementwise(job.inputs.len(), job);
        activation::apply::<A, T>(output);
    }
}

/// The parameters of a [`DepthwiseConv1d`] layer, to read.
#[derive(Debug)]
pub struct DepthwiseConv1dRef<'a, C: Size, K: Size, T: Scalar> {
    /// `weights[kernel][feature]`.
    pub weights: &'a K::Array<C::Array<T>>,
    /// `bias[feature]`.
    pub bias: &'a C::Array<T>,
}

/// The parameters of a [`DepthwiseConv1d`] layer, to write.
#[derive(Debug)]
pub struct DepthwiseConv1dMut<'a, C: Size, K: Size, T: Scalar> {
    /// `weights[kernel][feature]`.
    pub weights: &'a mut K::Array<C::Array<T>>,
    /// `bias[feature]`.
    pub bias: &'a mut C::Array<T>,
}

impl<N: Size, C: Size, K: Size, A, S: Size, P: Padding, D: Size> View
    for DepthwiseConv1d<Sequence<N, C>, K, A, S, P, D>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = DepthwiseConv1dRef<'a, C, K, T>;
    type Mut<'a, T: Scalar> = DepthwiseConv1dMut<'a, C, K, T>;

    fn view<T: Scalar>(parameters: &[T]) -> DepthwiseConv1dRef<'_, C, K, T> {
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        let rows = C::Array::chunks(weights);
        DepthwiseConv1dRef {
            weights: K::Array::chunks(rows).first().expect(LENGTHS),
            bias: C::from_flat(bias).expect(LENGTHS),
        }
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> DepthwiseConv1dMut<'_, C, K, T> {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let rows = C::Array::chunks_mut(weights);
        DepthwiseConv1dMut {
            weights: K::Array::chunks_mut(rows).first_mut().expect(LENGTHS),
            bias: C::from_flat_mut(bias).expect(LENGTHS),
        }
    }
}
