//! The convolution of a sequence: filters that slide along its steps.

use core::fmt::Debug;
use core::marker::PhantomData;
use core::num::NonZeroUsize;
use core::ops::Mul;

use generic_array::typenum::{Prod, Unsigned};
use rand_core::Rng;

use super::dense::{LENGTHS, WeightsAndBias};
use super::window::{Along, Axis, Padding, SlidAlong, Stride, Valid};
use super::{Backward, Layer, Module, Noise, Tensor, View, cut, cut_mut};
use crate::activation::{self, Activation, Identity, Keep};
use crate::initializer::{Fan, Initializer};
use crate::kernel::{Affine, Dimensions, InputGradient, Kernel, WeightGradient};
use crate::size::{Count, Element, FixedArray};
use crate::sizes::U1;
use crate::summary::Setting;
use crate::{Scalar, Sequence, Shape, Size, fingerprint};

mod stream;

pub(super) use stream::{StreamsWith, Taps, slide};

/// A convolution along steps:
/// `output[t][f] = A(bias[f] + sum of input[t * S + k * D - before][c] * weights[k][c][f])`, over all places `k` of a kernel
/// of `K` steps and all features `c`.
///
/// Input a [`Sequence<Steps, Features>`](Sequence), output a sequence of `F` features, one for each filter, and as many steps
/// as there are windows. Stride `S`, padding `P` ([`Valid`], [`Same`](crate::layer::Same) or [`Causal`](crate::layer::Causal), which decides
/// `before`), dilation `D`, activation `A` (`WaveNet`, van den Oord and others, 2016, is made of causal, dilated ones).
///
/// Its parameters are the weights, `[kernel][features][filters]`, then the bias, `[filters]`.
///
/// ```
/// use sizednet::{Conv1d, Dense, Gru, Network, Relu, Sequence, layer::Causal, sizes::*};
///
/// type Sounds = (
///     Conv1d<Sequence<U100, U8>, U16, U3, Relu, U2>,             // 49 steps of 16 features
///     Conv1d<Sequence<U49, U16>, U16, U3, Relu, U1, Causal, U4>, // a dilation of 4: again 49
///     Gru<Sequence<U49, U16>, U24>,
///     Dense<U24, U4>,
/// );
/// assert_eq!(Network::<Sounds>::PARAMETERS, 400 + 784 + 3024 + 100);
/// ```
///
/// # Data and weights of `PyTorch`
///
/// Here a sequence is `[steps][features]`, as it arrives; `nn.Conv1d` takes `[channels][steps]`, so data are transposed.
/// Its weights are mapped in [safetensors](crate#files) files. A `Dense` layer that takes the whole sequence reads it step by
/// step: its weights fit an `nn.Linear` behind `x.transpose(1, 2).flatten(1)`, not behind an `nn.Flatten` alone.
///
/// # Streaming
///
/// With the padding [`Causal`](crate::layer::Causal) and stride 1 it [streams](crate::layer::Streaming): one step in, one step out, with the last inputs as state.
/// (With another stride some steps have no output, which a stream has no place for.)
///
/// ```
/// use sizednet::{Conv1d, Network, Sequence, Tanh, layer::{Causal, State}, sizes::*};
///
/// type Filter = Conv1d<Sequence<U5, U2>, U4, U3, Tanh, U1, Causal>;
/// let network = Network::<Filter>::zeros();
/// let inputs = [[0.5, -1.0]; 5];
/// let mut state = State::<Filter>::new();
/// assert_eq!(inputs.map(|input| network.step(&input, &mut state)), network.forward(&inputs));
/// ```
///
/// # The order of its sums
///
/// The values under a window, `[kernel][features]`, are a row of a product of matrices, made by the
/// [kernels](crate::kernel) of the crate from a panel of at most 32 windows (or from the sequence itself, where windows lie side
/// by side):
///
/// - An output is a sum as a dense layer of so many inputs and outputs has it. In the padding the products are those with 0.
/// - The gradient of a weight adds the products of all windows, first to last, sample by sample.
/// - The gradient of the values under a window is that of a dense layer; an input adds those of its windows, first to last.
///
/// So no bit depends on the batch, nor on whether it streams; `Portable` has the same bits everywhere.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::type_complexity,
    reason = "it has no values, and is Send and Sync whatever it is made of"
)]
pub struct Conv1d<I, F, K, A = Identity, S = U1, P = Valid, D = U1>(
    PhantomData<fn() -> (I, F, K, A, S, P, D)>,
);

/// The values under `R` windows.
type Panel<R, K, C, T> = <R as Size>::Array<Patch<K, C, T>>;

/// The values under a window.
type Patch<K, C, T> = <K as Size>::Array<<C as Size>::Array<T>>;

/// The number of parameters of `F` filters of `Self` steps over `C` features.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the number of parameters is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Conv1d<Sequence<U8, U1>, F, U3>, Dense<Sequence<U6, F>, U10>): Layer`"
)]
pub trait Filters<C, F> {
    type Parameters: Count;
}

#[diagnostic::do_not_recommend]
impl<K: Mul<C, Output: WeightsAndBias<F>>, C, F> Filters<C, F> for K {
    type Parameters = <Prod<K, C> as WeightsAndBias<F>>::Number;
}

impl<N: Size, C: Size, F: Size, K: Size, A, S: Size, P: Padding, D: Size>
    Conv1d<Sequence<N, C>, F, K, A, S, P, D>
{
    const STEPS: Axis = Axis::dilated::<N, K, S, P, D>();
    /// The values under a window.
    const PATCH: usize = K::USIZE * C::USIZE;
    const WEIGHTS: usize = Self::PATCH * F::USIZE;
    const INPUTS: usize = N::USIZE * C::USIZE;
    const OUTPUTS: usize = Self::STEPS.outputs * F::USIZE;
    const DIMENSIONS: Dimensions = Dimensions::new(
        NonZeroUsize::new(Self::PATCH).expect("no size is 0"),
        NonZeroUsize::new(F::USIZE).expect("no size is 0"),
    );

    /// `outputs = patches * weights + bias`.
    #[inline]
    fn affine<T: Scalar, Q: Kernel>(parameters: &[T], patches: &[T], outputs: &mut [T]) {
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        let pass = Affine {
            weights,
            bias,
            inputs: patches,
            outputs,
        };
        Q::affine(Self::DIMENSIONS, pass);
    }

    /// The sums of all samples, in a panel of `R` windows or in none.
    fn sums<T: Scalar, Q: Kernel, R: Size>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        if const { Self::STEPS.is_cut() } {
            let together = Self::STEPS.outputs;
            Self::sums_in::<T, Q>((together, &mut []), parameters, inputs, outputs);
        } else {
            Self::sums_in_a_panel::<T, Q, R>(parameters, inputs, outputs);
        }
    }

    /// A function of its own, so that the panels of several layers are not on the stack at once.
    #[inline(never)]
    fn sums_in_a_panel<T: Scalar, Q: Kernel, R: Size>(
        parameters: &[T],
        inputs: &[T],
        outputs: &mut [T],
    ) {
        let mut panel = <Panel<R, K, C, T>>::ZERO;
        let panel = flat::<K, C, T>(panel.as_mut_slice());
        Self::sums_in::<T, Q>((R::USIZE, panel), parameters, inputs, outputs);
    }

    #[inline]
    fn sums_in<T: Scalar, Q: Kernel>(
        (together, panel): (usize, &mut [T]),
        parameters: &[T],
        inputs: &[T],
        outputs: &mut [T],
    ) {
        let samples = inputs.chunks_exact(Self::INPUTS);
        for (sequence, outputs) in samples.zip(outputs.chunks_exact_mut(Self::OUTPUTS)) {
            for (outputs, first) in outputs
                .chunks_mut(together * F::USIZE)
                .zip((0..).step_by(together))
            {
                let windows = outputs.len() / F::USIZE;
                let patches = Self::patches(first, windows, sequence, panel);
                Self::affine::<T, Q>(parameters, patches, outputs);
            }
        }
    }

    /// The way back in a panel of `R` windows, from the gradient of the sums.
    #[inline(never)]
    fn backward_in_a_panel<T: Scalar, Q: Kernel, R: Size>(parameters: &[T], pass: Backward<'_, T>) {
        let mut panel = <Panel<R, K, C, T>>::ZERO;
        let panel = flat::<K, C, T>(panel.as_mut_slice());
        Self::backward_in::<T, Q>((R::USIZE, panel), parameters, pass);
    }

    #[inline]
    fn backward_in<T: Scalar, Q: Kernel>(
        (together, panel): (usize, &mut [T]),
        parameters: &[T],
        pass: Backward<'_, T>,
    ) {
        let (weight_gradient, bias_gradient) = cut_mut(pass.gradient, Self::WEIGHTS);
        let mut fresh = pass.fresh;
        let mut all_slots = pass.input_gradient;
        if let Some(slots) = &mut all_slots {
            slots.fill(-T::ZERO);
        }
        let samples = pass.inputs.chunks_exact(Self::INPUTS);
        let slopes = pass.output_gradient.chunks_exact(Self::OUTPUTS);
        for (sample, (sequence, slopes)) in samples.zip(slopes).enumerate() {
            let slots = all_slots.as_deref_mut();
            let mut slots =
                slots.and_then(|slots| slots.chunks_exact_mut(Self::INPUTS).nth(sample));
            for (slopes, first) in slopes
                .chunks(together * F::USIZE)
                .zip((0..).step_by(together))
            {
                let sums = WeightGradient {
                    inputs: Self::patches(first, slopes.len() / F::USIZE, sequence, panel),
                    output_gradient: slopes,
                    weights: &mut *weight_gradient,
                    bias: &mut *bias_gradient,
                    fresh,
                };
                Q::weight_gradient(Self::DIMENSIONS, sums);
                fresh = false;
                if let Some(slots) = slots.as_deref_mut() {
                    let (weights, _) = cut(parameters, Self::WEIGHTS);
                    Self::back::<T, Q>(weights, first, slopes, panel, slots);
                }
            }
        }
    }

    /// The values under some windows, side by side: where they lie, or gathered in the panel.
    #[inline]
    fn patches<'a, T: Scalar>(
        first: usize,
        windows: usize,
        sequence: &'a [T],
        panel: &'a mut [T],
    ) -> &'a [T] {
        if Self::STEPS.is_cut() {
            let (_, from) = cut(sequence, first * Self::PATCH);
            return cut(from, windows * Self::PATCH).0;
        }
        let (patches, _) = cut_mut(panel, windows * Self::PATCH);
        for (patch, window) in patches.chunks_exact_mut(Self::PATCH).zip(first..) {
            if let Some(step) = Self::STEPS.whole(window) {
                let (_, from) = cut(sequence, step * C::USIZE);
                patch.copy_from_slice(cut(from, Self::PATCH).0);
                continue;
            }
            for (tap, to) in patch.chunks_exact_mut(C::USIZE).enumerate() {
                let step = Self::STEPS.place(window, tap);
                match step.and_then(|step| sequence.chunks_exact(C::USIZE).nth(step)) {
                    Some(from) => to.copy_from_slice(from),
                    None => to.fill(T::ZERO),
                }
            }
        }
        patches
    }

    /// Adds the gradient of the values under windows to that of the steps they lie at.
    #[inline]
    fn spread<T: Scalar>(first: usize, patches: &[T], slots: &mut [T]) {
        for (patch, window) in patches.chunks_exact(Self::PATCH).zip(first..) {
            if let Some(step) = Self::STEPS.whole(window) {
                for (slot, value) in cut_mut(slots, step * C::USIZE).1.iter_mut().zip(patch) {
                    *slot += *value;
                }
                continue;
            }
            for (tap, from) in patch.chunks_exact(C::USIZE).enumerate() {
                let step = Self::STEPS.place(window, tap);
                let to = step.and_then(|step| slots.chunks_exact_mut(C::USIZE).nth(step));
                for (slot, value) in to.unwrap_or_default().iter_mut().zip(from) {
                    *slot += *value;
                }
            }
        }
    }

    /// The gradient of the inputs of a sample under some windows.
    #[inline]
    fn back<T: Scalar, Q: Kernel>(
        weights: &[T],
        first: usize,
        output_gradient: &[T],
        panel: &mut [T],
        slots: &mut [T],
    ) {
        let values = output_gradient.len() / F::USIZE * Self::PATCH;
        let product = |patches: &mut [T]| {
            let pass = InputGradient {
                weights,
                output_gradient,
                input_gradient: patches,
            };
            Q::input_gradient(Self::DIMENSIONS, pass);
        };
        if Self::STEPS.is_cut() {
            product(cut_mut(cut_mut(slots, first * Self::PATCH).1, values).0);
        } else {
            let (patches, _) = cut_mut(panel, values);
            product(patches);
            Self::spread(first, patches, slots);
        }
    }
}

/// The values of patches.
fn flat<K: Size, C: Size, T: Scalar>(patches: &mut [Patch<K, C, T>]) -> &mut [T] {
    C::Array::flatten_mut(K::Array::flatten_mut(patches))
}

impl<N: Size, C: Size, F: Size, K: Size, A: Activation, S: Stride, P, D: Size> Layer
    for Conv1d<Sequence<N, C>, F, K, A, S, P, D>
where
    P: Along<N, K, S, D>,
    Sequence<N, C>: Shape,
    SlidAlong<F, N, K, S, P, D>: Shape,
    K: Filters<C, F>,
    <A::Keeps as Keep>::Tape<<SlidAlong<F, N, K, S, P, D> as Shape>::Len>: Count,
{
    type Input = Sequence<N, C>;
    type Output = SlidAlong<F, N, K, S, P, D>;
    #[doc(hidden)]
    type Parameters = <K as Filters<C, F>>::Parameters;
    #[doc(hidden)]
    type Tape = <A::Keeps as Keep>::Tape<<SlidAlong<F, N, K, S, P, D> as Shape>::Len>;

    const NAME: &'static str = "Conv1d";
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
    const MULTIPLY_ADDS: u64 = Self::WEIGHTS as u64 * Self::STEPS.outputs as u64;
    const FORWARD_BUFFER: usize = if Self::STEPS.is_cut() {
        0
    } else {
        <P::Together as Unsigned>::USIZE * Self::PATCH
    };
    const BACKWARD_BUFFER: usize = Self::FORWARD_BUFFER;
    const WRITES: bool = true;
    const MODULES: usize = if A::IDENTITY { 1 } else { 2 };

    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &I,
        rng: &mut R,
    ) {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let fan = Fan::new(Self::PATCH, F::USIZE * K::USIZE).with_gain(A::GAIN);
        initializer.weights(fan, weights, rng);
        initializer.bias(fan, bias, rng);
    }

    /// `nn.Conv1d` has its weights as `[filters][features][kernel]`.
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        let (kernel, features, filters) = (K::USIZE, C::USIZE, F::USIZE);
        visit(module.tensor(
            "weight",
            [filters, features, kernel],
            [1, filters, features * filters],
            0,
        ));
        visit(module.tensor("bias", [filters], [1], Self::WEIGHTS));
    }

    fn forward<T: Scalar, Q: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        Self::sums::<T, Q, P::Together>(parameters, inputs, outputs);
        activation::apply::<A, T>(outputs);
    }

    fn record<T: Scalar, Q: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], _noise: Noise) {
        <A::Keeps as Keep>::record::<A, T>(tape, |values| {
            Self::sums::<T, Q, P::Together>(parameters, inputs, values);
        });
    }

    fn backward<T: Scalar, Q: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let kept = <A::Keeps as Keep>::kept(pass.tape);
        activation::chain::<A, T>(pass.output_gradient, kept);
        if const { Self::STEPS.is_cut() } {
            Self::backward_in::<T, Q>((Self::STEPS.outputs, &mut []), parameters, pass);
        } else {
            Self::backward_in_a_panel::<T, Q, P::Together>(parameters, pass);
        }
    }
}

/// `weights[kernel][feature][filter]`.
type Weights<K, C, F, T> = <K as Size>::Array<<C as Size>::Array<<F as Size>::Array<T>>>;

/// The parameters of a [`Conv1d`] layer, to read.
#[derive(Debug)]
pub struct Conv1dRef<'a, C: Size, F: Size, K: Size, T: Scalar> {
    /// `weights[kernel][feature][filter]`.
    pub weights: &'a Weights<K, C, F, T>,
    /// `bias[filter]`.
    pub bias: &'a F::Array<T>,
}

/// The parameters of a [`Conv1d`] layer, to write.
#[derive(Debug)]
pub struct Conv1dMut<'a, C: Size, F: Size, K: Size, T: Scalar> {
    /// `weights[kernel][feature][filter]`.
    pub weights: &'a mut Weights<K, C, F, T>,
    /// `bias[filter]`.
    pub bias: &'a mut F::Array<T>,
}

impl<N: Size, C: Size, F: Size, K: Size, A, S: Size, P: Padding, D: Size> View
    for Conv1d<Sequence<N, C>, F, K, A, S, P, D>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = Conv1dRef<'a, C, F, K, T>;
    type Mut<'a, T: Scalar> = Conv1dMut<'a, C, F, K, T>;

    fn view<T: Scalar>(parameters: &[T]) -> Conv1dRef<'_, C, F, K, T> {
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        let rows = C::Array::chunks(F::Array::chunks(weights));
        Conv1dRef {
            weights: K::Array::chunks(rows).first().expect(LENGTHS),
            bias: F::from_flat(bias).expect(LENGTHS),
        }
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> Conv1dMut<'_, C, F, K, T> {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let rows = C::Array::chunks_mut(F::Array::chunks_mut(weights));
        Conv1dMut {
            weights: K::Array::chunks_mut(rows).first_mut().expect(LENGTHS),
            bias: F::from_flat_mut(bias).expect(LENGTHS),
        }
    }
}
