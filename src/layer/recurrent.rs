//! Recurrent layers: a state that each step of a sequence changes.

use core::marker::PhantomData;
use core::ops::{Add, Mul};

use generic_array::typenum::{Prod, Sum, U2, UInt, Unsigned};
use rand_core::Rng;

use super::streaming::Streaming;
use super::{Backward, Layer, Module, Noise, Tensor, cut, cut_mut};
use crate::initializer::{Fan, Initializer};
use crate::kernel::Kernel;
use crate::shape::kind::IsSequence;
use crate::size::{Count, FixedArray, Number, Size};
use crate::sizes::U1;
use crate::{Image, Scalar, Sequence, Shape};

mod cell;
mod passes;
mod view;

use cell::Step;
use passes::{Rows, Together, rows};

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
    message = "`{Self}` is not a sequence",
    label = "a recurrent layer takes a sequence",
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

/// For the message of a vector.
impl<U, B> Steps for UInt<U, B>
where
    Self: Size,
    Number<Self>: IsSequence,
{
    type Steps = U1;
    type Features = Self;
}

/// For the message of an image.
impl<C: Size, H: Size, W: Size> Steps for Image<C, H, W>
where
    Self: Shape<Key: IsSequence>,
{
    type Steps = H;
    type Features = W;
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

impl<C: Cell, I: Steps, H: Size, G: Gives<I::Steps, H>> Layer for Recurrent<C, I, H, G>
where
    I::Steps: Lengths<C, I::Features, H, <G::Output as Shape>::Len>,
{
    type Input = I;
    type Output = G::Output;
    #[doc(hidden)]
    type Parameters =
        <I::Steps as Lengths<C, I::Features, H, <G::Output as Shape>::Len>>::Parameters;
    #[doc(hidden)]
    type Tape = <I::Steps as Lengths<C, I::Features, H, <G::Output as Shape>::Len>>::Tape;

    const NAME: &'static str = C::NAME;
    const MULTIPLY_ADDS: u64 =
        Self::STEPS as u64 * (Self::SUMS * (Self::FEATURES + H::USIZE)) as u64;
    const FORWARD_VALUES: usize = 2 * Self::SUMS + Self::STATE + H::USIZE + Self::FEATURES;
    /// Of `record`, which runs as `forward` does.
    const BACKWARD_VALUES: usize = Self::FORWARD_VALUES;
    const BACKWARD_BUFFER: usize =
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
