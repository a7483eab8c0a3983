//! Recurrent layers: a state that each step of a sequence changes.

use core::marker::PhantomData;
use core::num::NonZeroUsize;
use core::ops::{Add, Mul};

use generic_array::typenum::{Prod, Sum, U2, Unsigned};
use rand_core::Rng;

use super::streaming::Streaming;
use super::{Backward, Layer, Module, Noise, Tensor, cut, cut_mut};
use crate::initializer::{Fan, Initializer};
use crate::kernel::{
    Affine, Dimensions, Elementwise, InputGradient, Kernel, WeightGradient, elementwise,
};
use crate::size::{Count, Element, FixedArray, Size};
use crate::sizes::U1;
use crate::{Scalar, Sequence, Shape};

mod cell;
mod view;

use cell::Step;
pub use cell::{Cell, GruCell, LstmCell, RnnCell};
pub use view::{RecurrentMut, RecurrentRef};

/// The gated recurrent unit (Cho and others, 2014), in the variant of `PyTorch` and cuDNN:
///
/// ```text
/// r = sigmoid(x W_ir + b_ir + h W_hr + b_hr)
/// z = sigmoid(x W_iz + b_iz + h W_hz + b_hz)
/// n = tanh(x W_in + b_in + r * (h W_hn + b_hn))
/// h = n + z * (h - n)
/// ```
///
/// ```
/// use sizednet::{AllStates, Dense, Gru, Network, Sequence, layer::State, sizes::*};
///
/// type Detector = (
///     Gru<Sequence<U20, U3>, U16, AllStates>,
///     Gru<Sequence<U20, U16>, U8>, // the last state, of 8 values
///     Dense<U8, U4>,
/// );
/// let network = Network::<Detector>::zeros();
/// let inputs = [[0.5, -1.0, 2.0]; 20];
/// let output = network.forward(&inputs);
///
/// // the same, one step at a time
/// let mut state = State::<Detector>::new();
/// let outputs = inputs.map(|input| network.step(&input, &mut state));
/// assert_eq!(outputs[19], output);
/// ```
///
/// What it takes and gives, and where its parameters lie: see [`Recurrent`].
pub type Gru<I, H, G = LastState> = Recurrent<GruCell, I, H, G>;

/// The long short-term memory (Hochreiter and Schmidhuber, 1997; with a forget gate, Gers and others, 2000):
///
/// ```text
/// i = sigmoid(x W_ii + b_ii + h W_hi + b_hi)
/// f = sigmoid(x W_if + b_if + h W_hf + b_hf)
/// g = tanh(x W_ig + b_ig + h W_hg + b_hg)
/// o = sigmoid(x W_io + b_io + h W_ho + b_ho)
/// c = f * c + i * g
/// h = o * tanh(c)
/// ```
///
/// Its state is two arrays, h and c.
///
/// ```
/// use sizednet::{Layer, Lstm, Sequence, generic_array::typenum::Unsigned, sizes::*};
///
/// type Memory = Lstm<Sequence<U20, U3>, U16>;
/// assert_eq!(<Memory as Layer>::Parameters::USIZE, 4 * 16 * (3 + 16 + 2));
/// ```
///
/// What it takes and gives, and where its parameters lie: see [`Recurrent`].
pub type Lstm<I, H, G = LastState> = Recurrent<LstmCell, I, H, G>;

/// The simple recurrent layer (Elman, 1990): `h = tanh(x W_ih + b_ih + h W_hh + b_hh)`.
///
/// ```
/// use sizednet::{Layer, Rnn, Sequence, generic_array::typenum::Unsigned, sizes::*};
///
/// assert_eq!(<Rnn<Sequence<U20, U3>, U16> as Layer>::Parameters::USIZE, 16 * (3 + 16 + 2));
/// ```
///
/// What it takes and gives, and where its parameters lie: see [`Recurrent`].
pub type Rnn<I, H, G = LastState> = Recurrent<RnnCell, I, H, G>;

/// A recurrent layer of cell `C`: [`Gru`], [`Lstm`] or [`Rnn`].
///
/// Input `I`, a [`Sequence<Steps, Features>`](Sequence); the state is 0 before the first step. Output, with `H` the values
/// of a state: the last state `[T; H]` ([`LastState`]), or the state after each step `[[T; H]; Steps]` ([`AllStates`]).
///
/// Its parameters, where `gates` are 3 (r, z, n), 4 (i, f, g, o) or 1: the weights of the input
/// `[features][gates * H]`, the weights of the state `[H][gates * H]`, the bias of each, `[gates * H]`. Both biases are kept,
/// as in `PyTorch`, whose `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0` and `bias_hh_l0` they are in safetensors files. First
/// weights are drawn gate by gate, as those of dense layers from the features and from `H` values to `H`; biases are 0.
///
/// The sums are those of the [kernels](crate::kernel); of one feature alone, product and sum are rounded apart in native
/// arithmetic as well. The way back goes through all steps (backpropagation through time); the tape keeps gates and states. A sample's steps
/// add to a weight's gradient last to first.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::type_complexity,
    reason = "it has no values, and is Send and Sync whatever it is made of"
)]
pub struct Recurrent<C, I, H, G = LastState>(PhantomData<fn() -> (C, I, H, G)>);

/// The output of a recurrent layer is its last state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastState;

/// The output of a recurrent layer is its state after each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllStates;

/// What a recurrent layer of `S` steps gives: [`LastState`] or [`AllStates`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a recurrent layer gives",
    label = "neither `LastState` nor `AllStates`"
)]
pub trait Gives<S, H>: 'static {
    /// The layer's output.
    type Output: Shape;
    /// Whether it is all states.
    #[doc(hidden)]
    const ALL: bool;
}

impl<S: Size, H: Size> Gives<S, H> for LastState {
    type Output = H;
    const ALL: bool = false;
}

impl<S: Size + Mul<H, Output: Count>, H: Size> Gives<S, H> for AllStates {
    type Output = Sequence<S, H>;
    const ALL: bool = true;
}

/// A [`Sequence`], by its dimensions.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a recurrent layer takes a sequence, not `{Self}`",
    label = "not a sequence",
    note = "write steps and features: `Gru<Sequence<U20, U3>, U16>`"
)]
pub trait Steps: Shape {
    type Steps: Size;
    type Features: Size;
}

impl<S: Size, F: Size> Steps for Sequence<S, F>
where
    Self: Shape,
{
    type Steps = S;
    type Features = F;
}

/// The lengths of a recurrent layer's parameters and tape: `gates * H * (features + H + 2)`, and
/// `steps * kept * H + outputs`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the number of parameters is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Dense<U2, H>, Dense<H, U1>): Layer`"
)]
pub trait Lengths<C, F, H, O> {
    type Parameters: Count;
    type Tape: Count;
}

#[diagnostic::do_not_recommend]
impl<S, C: Cell, F, H, O> Lengths<C, F, H, O> for S
where
    F: Add<H, Output: Add<U2>>,
    C::Gates: Mul<H>,
    Prod<C::Gates, H>: Mul<Sum<Sum<F, H>, U2>, Output: Count>,
    C::Kept: Mul<H>,
    S: Mul<Prod<C::Kept, H>, Output: Add<O, Output: Count>>,
{
    type Parameters = Prod<Prod<C::Gates, H>, Sum<Sum<F, H>, U2>>;
    type Tape = Sum<Prod<S, Prod<C::Kept, H>>, O>;
}

/// `N` rows of `G` vectors of `H` values.
type Rows<N, G, H, T> = <N as Size>::Array<<G as Size>::Array<<H as Size>::Array<T>>>;

/// The values of the first rows.
fn rows<N: Size, G: Size, H: Size, T: Scalar>(
    array: &mut Rows<N, G, H, T>,
    count: usize,
) -> &mut [T] {
    let vectors = G::Array::flatten_mut(array.as_mut_slice());
    let values = H::Array::flatten_mut(vectors);
    cut_mut(values, count * G::USIZE * H::USIZE).0
}

/// The steps whose products with the way back of the weights are taken together: where there are no vectors one, for it
/// takes memory.
#[cfg(feature = "simd")]
type Together = crate::sizes::U4;
#[cfg(not(feature = "simd"))]
type Together = U1;

/// A layer's parameters by what they are.
struct Parts<'a, T> {
    input: (&'a [T], &'a [T]),
    state: (&'a [T], &'a [T]),
}

/// The same of a gradient.
struct PartsMut<'a, T> {
    input: (&'a mut [T], &'a mut [T]),
    state: (&'a mut [T], &'a mut [T]),
}

/// `bias + input * weights`: one product is not worth a call of a kernel.
struct OneFeature<'a, T>(Affine<'a, T>);

impl<T: Scalar> Elementwise for OneFeature<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Affine {
            weights,
            bias,
            inputs,
            outputs,
        } = self.0;
        for (x, row) in inputs.iter().zip(outputs.chunks_exact_mut(bias.len())) {
            for ((y, w), b) in row.iter_mut().zip(weights).zip(bias) {
                *y = *b + *x * *w;
            }
        }
    }
}

const NOT_ZERO: &str = "no size is 0";

impl<C: Cell, I: Steps, H: Size, G> Recurrent<C, I, H, G> {
    const FEATURES: usize = I::Features::USIZE;
    const STEPS: usize = I::Steps::USIZE;
    /// Sums of all gates.
    const SUMS: usize = C::Gates::USIZE * H::USIZE;
    const STATE: usize = C::States::USIZE * H::USIZE;
    const KEPT: usize = C::Kept::USIZE * H::USIZE;
    const OF_INPUT: Dimensions = Dimensions::new(
        NonZeroUsize::new(Self::FEATURES).expect(NOT_ZERO),
        NonZeroUsize::new(Self::SUMS).expect(NOT_ZERO),
    );
    const OF_STATE: Dimensions = Dimensions::new(
        NonZeroUsize::new(H::USIZE).expect(NOT_ZERO),
        NonZeroUsize::new(Self::SUMS).expect(NOT_ZERO),
    );

    fn parts<T>(parameters: &[T]) -> Parts<'_, T> {
        let (of_input, rest) = cut(parameters, Self::FEATURES * Self::SUMS);
        let (of_state, bias) = cut(rest, H::USIZE * Self::SUMS);
        let (input_bias, state_bias) = cut(bias, Self::SUMS);
        Parts {
            input: (of_input, input_bias),
            state: (of_state, state_bias),
        }
    }
    fn parts_mut<T>(parameters: &mut [T]) -> PartsMut<'_, T> {
        let (of_input, rest) = cut_mut(parameters, Self::FEATURES * Self::SUMS);
        let (of_state, bias) = cut_mut(rest, H::USIZE * Self::SUMS);
        let (input_bias, state_bias) = cut_mut(bias, Self::SUMS);
        PartsMut {
            input: (of_input, input_bias),
            state: (of_state, state_bias),
        }
    }

    /// What the weights give of the input and of the state `h` of each sample.
    #[inline]
    fn products<T: Scalar, K: Kernel>(
        parameters: &[T],
        [inputs, hidden]: [&[T]; 2],
        [from_input, from_state]: [&mut [T]; 2],
    ) {
        let parts = Self::parts(parameters);
        let (weights, bias) = parts.input;
        let pass = Affine {
            weights,
            bias,
            inputs,
            outputs: from_input,
        };
        if Self::FEATURES == 1 {
            elementwise(Self::SUMS, OneFeature(pass));
        } else {
            K::affine(Self::OF_INPUT, pass);
        }
        let (weights, bias) = parts.state;
        let pass = Affine {
            weights,
            bias,
            inputs: hidden,
            outputs: from_state,
        };
        K::affine(Self::OF_STATE, pass);
    }

    /// All steps, each of all samples of the block; `keep` is called with the number of the step among those of all samples,
    /// and with the gates.
    #[inline]
    fn run<T: Scalar, K: Kernel>(
        parameters: &[T],
        inputs: &[T],
        outputs: &mut [T],
        mut keep: impl FnMut(usize, &[T], &[T], &[T]),
    ) where
        G: Gives<I::Steps, H>,
    {
        let values = Self::STEPS * Self::FEATURES;
        let samples = inputs.len() / values;
        let mut step_inputs = <Rows<K::Block, U1, I::Features, T>>::ZERO;
        let mut states = <Rows<K::Block, C::States, H, T>>::ZERO;
        let mut hidden = <Rows<K::Block, U1, H, T>>::ZERO;
        let mut from_input = <Rows<K::Block, C::Gates, H, T>>::ZERO;
        let mut from_state = <Rows<K::Block, C::Gates, H, T>>::ZERO;
        let step_inputs = rows::<K::Block, U1, I::Features, T>(&mut step_inputs, samples);
        let states = rows::<K::Block, C::States, H, T>(&mut states, samples);
        let hidden = rows::<K::Block, U1, H, T>(&mut hidden, samples);
        let from_input = rows::<K::Block, C::Gates, H, T>(&mut from_input, samples);
        let from_state = rows::<K::Block, C::Gates, H, T>(&mut from_state, samples);
        for step in 0..Self::STEPS {
            let samples = inputs.chunks_exact(values);
            for (to, input) in step_inputs.chunks_exact_mut(Self::FEATURES).zip(samples) {
                let (_, input) = cut(input, step * Self::FEATURES);
                to.copy_from_slice(cut(input, Self::FEATURES).0);
            }
            Self::products::<T, K>(
                parameters,
                [step_inputs, hidden],
                [&mut *from_input, &mut *from_state],
            );
            let samples = from_input.chunks_exact_mut(Self::SUMS);
            let samples = samples.zip(from_state.chunks_exact_mut(Self::SUMS));
            let samples = samples.zip(states.chunks_exact_mut(Self::STATE));
            let samples = samples.zip(hidden.chunks_exact_mut(H::USIZE));
            let samples = samples.zip(outputs.chunks_exact_mut(<G::Output as Shape>::Len::USIZE));
            for (sample, ((((sums, from_state), state), hidden), output)) in samples.enumerate() {
                let gates = Step {
                    sums: &mut *sums,
                    from_state: &mut *from_state,
                    state: &mut *state,
                };
                cell::advance::<C, T>(H::USIZE, gates);
                keep(sample * Self::STEPS + step, sums, from_state, state);
                hidden.copy_from_slice(cut(state, H::USIZE).0);
                // of the last state alone, each step overwrites what the one before has written
                let row = if G::ALL { step } else { 0 };
                if let Some(output) = output.chunks_exact_mut(H::USIZE).nth(row) {
                    output.copy_from_slice(hidden);
                }
            }
        }
    }

    /// The way back of one sample, some steps at a time.
    fn back<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>)
    where
        G: Gives<I::Steps, H>,
    {
        let parts = Self::parts(parameters);
        let gradient = Self::parts_mut(pass.gradient);
        let mut input_gradient = pass.input_gradient;
        let mut fresh = pass.fresh;
        let mut state_gradient = <Rows<U1, C::States, H, T>>::ZERO;
        let state_gradient = rows::<U1, C::States, H, T>(&mut state_gradient, 1);
        let mut zeros = <Rows<U1, C::States, H, T>>::ZERO;
        let zeros = &*rows::<U1, C::States, H, T>(&mut zeros, 1);
        let mut through = <H::Array<T>>::ZERO;
        let mut inputs = <Rows<Together, U1, I::Features, T>>::ZERO;
        let mut hidden = <Rows<Together, U1, H, T>>::ZERO;
        let mut from_input = <Rows<Together, C::Gates, H, T>>::ZERO;
        let mut from_state = <Rows<Together, C::Gates, H, T>>::ZERO;
        let mut end = Self::STEPS;
        while end > 0 {
            let count = end.min(Together::USIZE);
            let inputs = rows::<Together, U1, I::Features, T>(&mut inputs, count);
            let hidden = rows::<Together, U1, H, T>(&mut hidden, count);
            let from_input = rows::<Together, C::Gates, H, T>(&mut from_input, count);
            let from_state = rows::<Together, C::Gates, H, T>(&mut from_state, count);
            let steps = inputs.chunks_exact_mut(Self::FEATURES);
            let steps = steps.zip(hidden.chunks_exact_mut(H::USIZE));
            let steps = steps.zip(from_input.chunks_exact_mut(Self::SUMS));
            let steps = steps.zip(from_state.chunks_exact_mut(Self::SUMS));
            for ((((input, hidden), from_input), from_state), step) in
                steps.zip((end - count..end).rev())
            {
                let mut slopes = pass.output_gradient.chunks_exact(H::USIZE);
                let given = if G::ALL {
                    slopes.nth(step)
                } else {
                    slopes.next().filter(|_| step + 1 == Self::STEPS)
                };
                for (dh, dy) in state_gradient.iter_mut().zip(given.unwrap_or_default()) {
                    *dh += *dy;
                }
                let (earlier, later) = cut(pass.tape, step * Self::KEPT);
                let (kept, _) = cut(later, Self::KEPT);
                let before = match step {
                    0 => zeros,
                    _ => super::outputs_of(earlier, Self::STATE),
                };
                let sums = Step {
                    sums: from_input,
                    from_state: &mut *from_state,
                    state: &mut *state_gradient,
                };
                cell::back::<C, T>(H::USIZE, kept, before, sums);
                let (_, later) = cut(pass.inputs, step * Self::FEATURES);
                input.copy_from_slice(cut(later, Self::FEATURES).0);
                hidden.copy_from_slice(cut(before, H::USIZE).0);
                if step > 0 {
                    let pass = InputGradient {
                        weights: parts.state.0,
                        output_gradient: from_state,
                        input_gradient: through.as_mut_slice(),
                    };
                    K::input_gradient(Self::OF_STATE, pass);
                    for (dh, more) in state_gradient.iter_mut().zip(through.as_slice()) {
                        *dh += *more;
                    }
                }
            }
            end -= count;

            let sums = WeightGradient {
                inputs,
                output_gradient: from_input,
                weights: &mut *gradient.input.0,
                bias: &mut *gradient.input.1,
                fresh,
            };
            K::weight_gradient(Self::OF_INPUT, sums);
            let sums = WeightGradient {
                inputs: hidden,
                output_gradient: from_state,
                weights: &mut *gradient.state.0,
                bias: &mut *gradient.state.1,
                fresh,
            };
            K::weight_gradient(Self::OF_STATE, sums);
            fresh = false;
            if let Some(slots) = input_gradient.as_deref_mut() {
                let pass = InputGradient {
                    weights: parts.input.0,
                    output_gradient: from_input,
                    input_gradient: inputs,
                };
                K::input_gradient(Self::OF_INPUT, pass);
                let (_, slots) = cut_mut(slots, end * Self::FEATURES);
                let slots = slots.chunks_exact_mut(Self::FEATURES).take(count).rev();
                for (slot, slopes) in slots.zip(inputs.chunks_exact(Self::FEATURES)) {
                    slot.copy_from_slice(slopes);
                }
            }
        }
    }
}

impl<C: Cell, I: Steps, H: Size, G: Gives<I::Steps, H>> Layer for Recurrent<C, I, H, G>
where
    I::Steps: Lengths<C, I::Features, H, <G::Output as Shape>::Len>,
{
    type Input = I;
    type Output = G::Output;
    type Parameters =
        <I::Steps as Lengths<C, I::Features, H, <G::Output as Shape>::Len>>::Parameters;
    type Tape = <I::Steps as Lengths<C, I::Features, H, <G::Output as Shape>::Len>>::Tape;

    const NAME: &'static str = C::NAME;
    const MULTIPLY_ADDS: usize = Self::STEPS * Self::SUMS * (Self::FEATURES + H::USIZE);
    const FORWARD_VALUES: usize = 2 * Self::SUMS + Self::STATE + H::USIZE + Self::FEATURES;
    const BACKWARD_VALUES: usize =
        Together::USIZE * (2 * Self::SUMS + H::USIZE + Self::FEATURES) + 2 * Self::STATE + H::USIZE;
    const WRITES: bool = true;

    fn initialize<T: Scalar, N: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &N,
        rng: &mut R,
    ) {
        let parts = Self::parts_mut(parameters);
        for (inputs, (weights, bias)) in [(Self::FEATURES, parts.input), (H::USIZE, parts.state)] {
            let fan = Fan::new(inputs, H::USIZE);
            initializer.weights(fan, weights, rng);
            initializer.bias(fan, bias, rng);
        }
    }

    /// `nn.GRU`, `nn.LSTM` and `nn.RNN` have their weights as `[gates * outputs][inputs]`.
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        let (features, sums, bias) = (
            Self::FEATURES,
            Self::SUMS,
            (Self::FEATURES + H::USIZE) * Self::SUMS,
        );
        visit(module.tensor("weight_ih_l0", [sums, features], [1, sums], 0));
        visit(module.tensor("weight_hh_l0", [sums, H::USIZE], [1, sums], features * sums));
        visit(module.tensor("bias_ih_l0", [sums], [1], bias));
        visit(module.tensor("bias_hh_l0", [sums], [1], bias + sums));
    }

    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        Self::run::<T, K>(parameters, inputs, outputs, |_, _, _, _| {});
    }

    /// The tape is gates and states of all steps of all samples, then their outputs.
    fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], _: Noise) {
        let samples = tape.len() / Self::Tape::USIZE;
        let (kept, outputs) = cut_mut(tape, samples * Self::STEPS * Self::KEPT);
        Self::run::<T, K>(parameters, inputs, outputs, |step, sums, more, state| {
            if let Some(kept) = kept.chunks_exact_mut(Self::KEPT).nth(step) {
                C::keep(H::USIZE, sums, more, state, kept);
            }
        });
    }

    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let (values, outputs) = (
            Self::STEPS * Self::FEATURES,
            <G::Output as Shape>::Len::USIZE,
        );
        let mut input_gradient = pass.input_gradient;
        let rows = pass.inputs.chunks_exact(values);
        let rows = rows.zip(pass.tape.chunks_exact(Self::STEPS * Self::KEPT));
        let rows = rows.zip(pass.output_gradient.chunks_exact_mut(outputs));
        for (sample, ((inputs, tape), output_gradient)) in rows.enumerate() {
            let sample_pass = Backward {
                inputs,
                tape,
                output_gradient,
                gradient: &mut *pass.gradient,
                fresh: pass.fresh && sample == 0,
                input_gradient: input_gradient
                    .as_deref_mut()
                    .and_then(|slots| slots.chunks_exact_mut(values).nth(sample)),
            };
            Self::back::<T, K>(parameters, sample_pass);
        }
    }
}

impl<C: Cell, I: Steps, H: Size, G: Gives<I::Steps, H>> Streaming for Recurrent<C, I, H, G>
where
    Self: Layer,
{
    type StepInput = I::Features;
    type StepOutput = H;
    type State<T: Scalar> = <C::States as Size>::Array<H::Array<T>>;

    #[inline]
    fn step<T: Scalar, K: Kernel>(
        parameters: &[T],
        state: &mut Self::State<T>,
        input: &[T],
        output: &mut [T],
    ) {
        let state = H::Array::flatten_mut(state.as_mut_slice());
        let mut from_input = <Rows<U1, C::Gates, H, T>>::ZERO;
        let mut from_state = <Rows<U1, C::Gates, H, T>>::ZERO;
        let from_input = rows::<U1, C::Gates, H, T>(&mut from_input, 1);
        let from_state = rows::<U1, C::Gates, H, T>(&mut from_state, 1);
        Self::products::<T, K>(
            parameters,
            [input, cut(state, H::USIZE).0],
            [&mut *from_input, &mut *from_state],
        );
        let gates = Step {
            sums: from_input,
            from_state,
            state: &mut *state,
        };
        cell::advance::<C, T>(H::USIZE, gates);
        output.copy_from_slice(cut(state, H::USIZE).0);
    }
}
