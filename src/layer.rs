//! The contract of a layer.
//!
//! # For users
//!
//! A layer is a type without values, such as [`Dense<U2, U3, Sigmoid>`](crate::Dense); tuples of layers are layers, and
//! nest. `L: Layer` is the one bound that generic code needs, or `Layer<Input = U2, Output = U1>` where it passes
//! arrays. Over a hidden width, name the whole architecture in the bound:
//!
//! ```
//! use rand_core::Rng;
//! use sizednet::{Dense, Layer, Network, Size, sizes::{U1, U2}};
//!
//! fn answer<H: Size>(rng: &mut impl Rng) -> f32
//! where
//!     (Dense<U2, H>, Dense<H, U1>): Layer<Input = U2, Output = U1>,
//! {
//!     Network::<(Dense<U2, H>, Dense<H, U1>)>::random(rng).forward(&[0.0, 1.0])[0]
//! }
//! ```
//!
//! # For layer authors
//!
//! Implement [`Layer`]: the shapes, the number of parameters, `forward` and `backward`, which see slices whose lengths
//! the types fix. All slices hold the values of one sample after the other, for the samples of a block. A layer has
//! no state but its parameters.

use generic_array::typenum::Unsigned;
use rand_core::Rng;

use crate::initializer::{Fan, Initializer};
use crate::kernel::Kernel;
use crate::summary::{Row, Setting};
use crate::{Count, Scalar, Shape, fingerprint};

mod activate;
mod convolution;
mod convolution1d;
mod dense;
mod depthwise;
mod depthwise1d;
mod dropout;
mod normalization;
mod parallel;
mod pooling;
mod portable;
mod recurrent;
mod refused;
mod residual;
mod streaming;
mod tensor;
mod window;

pub use activate::{Activate, Reshape, Softmax};
pub use convolution::{Conv2d, Conv2dMut, Conv2dRef};
pub use convolution1d::{Conv1d, Conv1dMut, Conv1dRef};
pub use dense::{Dense, DenseMut, DenseRef};
pub use depthwise::{DepthwiseConv2d, DepthwiseConv2dMut, DepthwiseConv2dRef};
pub use depthwise1d::{DepthwiseConv1d, DepthwiseConv1dMut, DepthwiseConv1dRef};
pub use dropout::Dropout;
pub use normalization::{
    Centered, Centering, LayerNorm, LayerNormMut, LayerNormRef, Normalization, RmsNorm, Uncentered,
};
pub use parallel::Parallel;
pub use pooling::{AveragePool1d, AveragePool2d, GlobalAveragePool, MaxPool1d, MaxPool2d};
pub use portable::Portable;
pub use recurrent::{
    AllStates, Cell, Gives, Gru, GruCell, LastState, Lstm, LstmCell, Recurrent, RecurrentMut,
    RecurrentRef, Rnn, RnnCell,
};
pub use residual::Residual;
pub use streaming::{State, Streaming};
pub use tensor::{Module, Tensor};
pub use window::{Causal, Padding, Same, Valid};

/// A layer: shapes, a number of parameters, a way forward and a way back.
///
/// Tuples of 1 to 16 layers are layers too: a chain, in which each layer takes what the one before it gives.
///
/// ```
/// use core::marker::PhantomData;
/// use sizednet::{Layer, Network, Scalar, Size, kernel::Kernel, layer::Backward, sizes::*};
///
/// /// One learned factor for all inputs.
/// struct Scale<N>(PhantomData<N>);
///
/// impl<N: Size> Layer for Scale<N> {
///     type Input = N;
///     type Output = N;
///     type Parameters = U1;
///     type Tape = N;
///     const NAME: &'static str = "Scale";
///
///     fn forward<T: Scalar, K: Kernel>(p: &[T], inputs: &[T], outputs: &mut [T]) {
///         for (x, y) in inputs.iter().zip(outputs) {
///             *y = p[0] * *x;
///         }
///     }
///     fn backward<T: Scalar, K: Kernel>(p: &[T], pass: Backward<'_, T>) {
///         let dy = pass.output_gradient;
///         for (x, dy) in pass.inputs.iter().zip(&*dy) {
///             pass.gradient[0] += *x * *dy;
///         }
///         for (dx, dy) in pass.input_gradient.into_iter().flatten().zip(dy) {
///             *dx = p[0] * *dy;
///         }
///     }
/// }
///
/// let mut network = Network::<Scale<U2>>::zeros();
/// network.parameters_mut()[0] = 3.0;
/// assert_eq!(network.forward(&[1.0, 2.0]), [3.0, 6.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "layers are `Dense`, `Conv1d`, `Conv2d`, `DepthwiseConv1d`, `DepthwiseConv2d`, `MaxPool1d`, `MaxPool2d`, `AveragePool1d`, `AveragePool2d`, `GlobalAveragePool`, `Gru`, `Lstm`, `Rnn`, `LayerNorm`, `RmsNorm`, `Dropout`, `Residual`, `Parallel`, `Reshape`, `Activate`, `Softmax`, `Portable`, tuples of up to 16 layers (which nest), and types that implement `sizednet::Layer`",
    note = "`Conv2d` and `DepthwiseConv2d` take an `Image`, `Conv1d` and `DepthwiseConv1d` a `Sequence`: `Conv2d<Image<U1, U28, U28>, U8, U3>`",
    note = "an activation is a part of its layer: `Dense<U2, U3, Relu>`; by itself it is `Activate<U3, Relu>`"
)]
pub trait Layer: 'static {
    /// What it takes.
    type Input: Shape;
    /// What it gives.
    type Output: Shape;
    // The docs of this trait hide both counts of the crate's own layers, which are long terms of hidden traits.
    /// How many parameters it has.
    type Parameters: Count;
    /// How many values the way back needs of one sample; the last of them are the layer's output.
    type Tape: Count;

    /// Its name in a summary.
    const NAME: &'static str;
    /// What else a summary says of it, such as its activation.
    const DETAIL: &'static str = "";
    /// What a summary says of it before that, such as a stride.
    #[doc(hidden)]
    const SETTINGS: &'static [Setting] = &[];
    /// The layers it is made of; 1 unless it holds others.
    const LAYERS: usize = 1;
    /// The architecture as a number: kind of layer, detail, shapes, number of parameters. Of layers in a row it depends
    /// on their order, not on how they nest.
    const FINGERPRINT: u64 = fingerprint::of_layer(
        Self::NAME,
        Self::DETAIL,
        <Self::Input as Shape>::DIMENSIONS,
        <Self::Output as Shape>::DIMENSIONS,
        <Self::Parameters as Unsigned>::USIZE,
    );
    /// Multiplications with an addition in a forward pass of one sample.
    const MULTIPLY_ADDS: u64 = 0;
    /// Values that `forward` keeps on the stack for each sample of a block, beside input and output.
    const FORWARD_VALUES: usize = 0;
    /// Values that `record` or `backward` keeps on the stack for each sample of a block.
    const BACKWARD_VALUES: usize = 0;
    /// Values that `forward` keeps on the stack once, however many samples there are. Of layers in a row the most counts.
    const FORWARD_BUFFER: usize = 0;
    /// Values that `record` or `backward` keeps on the stack once. Of layers in a row the most counts.
    const BACKWARD_BUFFER: usize = 0;
    /// Whether [`backward`](Self::backward) heeds [`Backward::fresh`]; else the gradient holds -0, to be added to, where it would be set.
    const WRITES: bool = false;
    /// Whether [`descend`](Self::descend) does anything.
    const DESCENDS: bool = false;
    /// Whether it is small, and its functions take any layout of samples that the kernel takes: a group of samples then
    /// passes through side by side.
    #[doc(hidden)]
    const GROUPS: bool = false;
    /// How many numbers it takes in an `nn.Sequential` of `PyTorch`: an activation of a layer is a module of its own there.
    const MODULES: usize = 1;

    /// Writes first parameters, from zeros. As it stands, all parameters are taken for weights.
    fn initialize<T: Scalar, I: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &I,
        rng: &mut R,
    ) {
        let fan = Fan::new(
            <Self::Input as Shape>::Len::USIZE,
            <Self::Output as Shape>::Len::USIZE,
        );
        initializer.weights(fan, parameters, rng);
    }

    /// Inference: writes `outputs`, keeps nothing.
    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]);

    /// Forward for training: fills the tape, whose last values are the outputs of all samples. As it stands, the tape
    /// is the outputs and nothing else.
    fn record<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], noise: Noise) {
        const {
            assert!(
                <Self::Tape as Unsigned>::USIZE
                    == <<Self::Output as Shape>::Len as Unsigned>::USIZE,
                "a layer whose tape is more than its output has to say how to record it"
            );
        };
        let _ = noise;
        Self::forward::<T, K>(parameters, inputs, tape);
    }

    /// The way back: adds to the gradient of the parameters, and writes the gradient of the inputs if it is asked for.
    fn backward<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>);

    /// A step of plain gradient descent by one sample, straight into the parameters: to the same bits as
    /// [`backward`](Self::backward) into a gradient of zeros, and then `parameter -= rate * gradient`.
    ///
    /// It writes the gradient of the inputs if it is asked for, calls `before` with it, which steps the layers before this
    /// one, and only if that returns `true` writes its own parameters and returns `true`. Where a gradient or a new
    /// parameter would be infinite or NaN, it returns `false` and nothing is written; with feature `simd` it may also do so
    /// where it can't tell, and the step is then made by way of `backward`. As it stands, it always does.
    fn descend<T: Scalar, K: Kernel>(
        parameters: &mut [T],
        pass: Descent<'_, T>,
        before: impl FnOnce(&mut [T]) -> bool,
    ) -> bool {
        let _ = (parameters, pass, before);
        false
    }

    /// Visits its tensors as `PyTorch`'s module of that kind has them, for [`safetensors`](crate#files) files. As it stands, all
    /// parameters are one tensor `parameters`.
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        if Self::Parameters::USIZE > 0 {
            visit(module.tensor("parameters", [Self::Parameters::USIZE], [1], 0));
        }
    }

    /// Visits the tensors of the layers from the one at `number` of the `nn.Sequential` that `module` is.
    #[doc(hidden)]
    fn tensors_from(module: Module<'_>, number: usize, visit: &mut dyn FnMut(Tensor<'_>)) {
        Self::tensors(module.child(number), visit);
    }

    /// Visits the rows of the summary; one unless the layer holds others.
    fn rows(visit: &mut impl FnMut(Row)) {
        visit(Row::of::<Self>());
    }
}

/// What the way back of a block reads and writes.
#[derive(Debug)]
pub struct Backward<'a, T> {
    /// The inputs of the way forward.
    pub inputs: &'a [T],
    /// What [`Layer::record`] wrote.
    pub tape: &'a [T],
    /// The gradient of the loss with respect to the outputs; may be overwritten.
    pub output_gradient: &'a mut [T],
    /// The gradient with respect to the parameters: add to it.
    pub gradient: &'a mut [T],
    /// Whether the gradient holds nothing yet, and is to be written; only for layers that [write](Layer::WRITES).
    pub fresh: bool,
    /// The gradient with respect to the inputs, to be written; the first layer is not asked for it.
    pub input_gradient: Option<&'a mut [T]>,
}

/// What a step of plain gradient descent reads and writes, of one sample.
#[derive(Debug)]
pub struct Descent<'a, T> {
    /// The learning rate.
    pub rate: T,
    /// The inputs of the way forward.
    pub inputs: &'a [T],
    /// What [`Layer::record`] wrote.
    pub tape: &'a [T],
    /// The gradient of the loss with respect to the outputs; may be overwritten.
    pub output_gradient: &'a mut [T],
    /// The gradient with respect to the inputs, to be written; the first layer is not asked for it.
    pub input_gradient: Option<&'a mut [T]>,
}

/// A layer whose parameters can be looked at as arrays: [`Network::layers`](crate::Network::layers). A layer of one's own
/// that has no view can still be looked at by [`Network::parameters`](crate::Network::parameters).
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no typed view of its parameters; `split` or `parameters` has"
)]
pub trait View: Layer {
    /// The parameters, to read.
    type Ref<'a, T: Scalar>;
    /// The parameters, to write.
    type Mut<'a, T: Scalar>;
    /// The parameters, to read.
    fn view<T: Scalar>(parameters: &[T]) -> Self::Ref<'_, T>;
    /// The parameters, to write.
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> Self::Mut<'_, T>;
}

/// Layers without parameters have nothing to look at.
macro_rules! views_of_nothing {
    ($($layer:ident<$($part:ident),*>)*) => {$(
        impl<$($part),*> View for $layer<$($part),*>
        where
            Self: Layer,
        {
            type Ref<'a, T: Scalar> = ();
            type Mut<'a, T: Scalar> = ();

            fn view<T: Scalar>(_: &[T]) {}
            fn view_mut<T: Scalar>(_: &mut [T]) {}
        }
    )*};
}

views_of_nothing!(Activate<S, A> Softmax<S> Reshape<I, O> Dropout<S, P>);

/// Where a layer that draws random numbers in training (dropout) takes them from: the trainer's seed, the number of the
/// update, the sample's place in its batch and the layer's place in the network, so that they never depend on the size
/// of a block or on nesting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noise {
    /// The trainer's seed.
    pub seed: u64,
    /// Updates so far.
    pub update: u32,
    /// Place of the block's first sample in the batch.
    pub sample: u32,
    /// Layers before this one.
    pub layer: u32,
}

impl Noise {
    /// The seed of a generator for the sample at `row` of the block.
    #[must_use]
    pub const fn of_row(self, row: u32) -> u64 {
        let place = ((self.update as u64) << 32) | self.sample.wrapping_add(row) as u64;
        crate::order::mix(
            self.seed ^ crate::order::mix(place ^ crate::order::mix(self.layer as u64)),
        )
    }
}

/// The larger of two numbers of values.
pub(crate) const fn most(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The way back through a layer that may not write a fresh gradient itself.
#[inline]
pub(crate) fn backward<L: Layer, T: Scalar, K: Kernel>(
    parameters: &[T],
    mut pass: Backward<'_, T>,
) {
    if pass.fresh && !L::WRITES {
        pass.gradient.fill(-T::ZERO);
        pass.fresh = false;
    }
    L::backward::<T, K>(parameters, pass);
}

/// Cuts a slice in two at a length that the types fix.
#[inline]
pub(crate) fn cut<T>(values: &[T], at: usize) -> (&[T], &[T]) {
    debug_assert!(at <= values.len());
    values.split_at(at.min(values.len()))
}

/// Cuts a slice in two at a length that the types fix, to write.
#[inline]
pub(crate) fn cut_mut<T>(values: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
    debug_assert!(at <= values.len());
    let at = at.min(values.len());
    values.split_at_mut(at)
}

/// The last values of a tape: the outputs of its samples.
#[inline]
pub(crate) fn outputs_of<T>(tape: &[T], length: usize) -> &[T] {
    debug_assert!(length <= tape.len());
    tape.split_at(tape.len().saturating_sub(length).min(tape.len()))
        .1
}
