//! The depthwise convolution of an image: one filter for each channel.

use core::fmt::Debug;
use core::marker::PhantomData;

use generic_array::typenum::Unsigned;
use rand_core::Rng;

use super::convolution::FilterBank;
use super::dense::LENGTHS;
use super::window::{Axis, KernelFits, Padding, Slid, Stride, Valid, Windows};
use super::{Backward, Layer, Module, Noise, Tensor, View, cut, cut_mut};
use crate::activation::{self, Activation, Identity, Keep};
use crate::initializer::{Fan, Initializer};
use crate::kernel::{Elementwise, Kernel, elementwise};
use crate::size::{Count, Element, FixedArray};
use crate::sizes::U1;
use crate::summary::Setting;
use crate::{Image, Scalar, Shape, Size, fingerprint};

mod plane;

use plane::{Plane, ROWS};

/// A depthwise convolution:
/// `output[c][y][x] = A(bias[c] + sum of input[c][y * S + i - before][x * S + j - before] * weights[c][i][j])`, over all places `i`,
/// `j` of a kernel of `K` x `K`, where `before` is as in [`Conv2d`](crate::Conv2d).
///
/// Input an [`Image<C, H, W>`](Image), output an image of as many channels, each of which has a filter of its own. Stride `S`,
/// padding `P` ([`Valid`] or [`Same`](crate::layer::Same)), activation `A`. With a `Conv2d` of kernel 1 behind it, which mixes the
/// channels, it takes the place of a whole convolution at a fraction of the multiplications (Howard and others, 2017).
///
/// Its parameters are the weights, `[channels][kernel rows][kernel columns]`, each channel's as its image lies, then the
/// bias, `[channels]`. In `PyTorch` it is `nn.Conv2d(C, C, K, groups=C)`.
///
/// ```
/// use sizednet::{Conv2d, DepthwiseConv2d, Image, Network, Relu, layer::Same, sizes::*};
///
/// type Separable = (
///     DepthwiseConv2d<Image<U16, U12, U12>, U3, Relu, U1, Same>,
///     Conv2d<Image<U16, U12, U12>, U32, U1, Relu>,
/// );
/// type Whole = Conv2d<Image<U16, U12, U12>, U32, U3, Relu, U1, Same>;
/// assert_eq!(Network::<Separable>::PARAMETERS, 160 + 544);
/// assert_eq!(Network::<Whole>::PARAMETERS, 4640);
/// ```
///
/// # The order of its sums
///
/// It is computed in plain loops from a panel of as many values as 16 rows of the image have: some rows of a channel, with their padding; product and sum are
/// rounded apart: the same bits on every target, with or without [`Portable`](crate::Portable).
///
/// - An output starts at its bias and adds its products by row and column of the kernel; in the padding they are those with 0.
/// - The gradient of a weight adds each sample's sum: eight sums from 0, to which the windows of a row go in turn, added as
///   `((0+4)+(2+6))+((1+5)+(3+7))`; that of a bias likewise.
/// - An input's gradient starts at 0 and adds its windows, first to last.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::type_complexity,
    reason = "it has no values, and is Send and Sync whatever it is made of"
)]
pub struct DepthwiseConv2d<I, K, A = Identity, S = U1, P = Valid>(
    PhantomData<fn() -> (I, K, A, S, P)>,
);

impl<C: Size, H: Size, W: Size, K: Size, A, S: Size, P: Padding>
    DepthwiseConv2d<Image<C, H, W>, K, A, S, P>
{
    const PLANE: Plane = Plane {
        rows: Axis::new::<H, K, S, P>(),
        columns: Axis::new::<W, K, S, P>(),
    };
    const WEIGHTS: usize = C::USIZE * Self::PLANE.taps();

    fn sums<T: Scalar>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        let mut panel = [<W::Array<T>>::ZERO; ROWS];
        let job = Forward {
            plane: Self::PLANE,
            weights,
            bias,
            inputs,
            outputs,
            panel: W::Array::flatten_mut(&mut panel),
        };
        elementwise(job.outputs.len(), job);
    }
}

struct Forward<'a, T> {
    plane: Plane,
    weights: &'a [T],
    bias: &'a [T],
    inputs: &'a [T],
    outputs: &'a mut [T],
    panel: &'a mut [T],
}

impl<T: Scalar> Elementwise for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let plane = self.plane;
        let channels = self.inputs.chunks_exact(plane.inputs());
        let filters = self.weights.chunks_exact(plane.taps()).zip(self.bias);
        for ((inputs, outputs), (weights, bias)) in channels
            .zip(self.outputs.chunks_exact_mut(plane.outputs()))
            .zip(filters.cycle())
        {
            plane.slide(*bias, &weights.iter(), inputs, outputs, self.panel);
        }
    }
}

/// The way back, but for the gradient of the inputs.
struct WeightGradient<'a, T> {
    plane: Plane,
    inputs: &'a [T],
    output_gradient: &'a [T],
    weights: &'a mut [T],
    bias: &'a mut [T],
    panel: &'a mut [T],
}

impl<T: Scalar> Elementwise for WeightGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let plane = self.plane;
        let channels = self.bias.len();
        let samples = self.inputs.chunks_exact(channels * plane.inputs());
        let slopes = self.output_gradient;
        for (inputs, slopes) in samples.zip(slopes.chunks_exact(channels * plane.outputs())) {
            let filters = self.weights.chunks_exact_mut(plane.taps());
            for (((inputs, slopes), weights), bias) in inputs
                .chunks_exact(plane.inputs())
                .zip(slopes.chunks_exact(plane.outputs()))
                .zip(filters)
                .zip(&mut *self.bias)
            {
                plane.add_gradient(inputs, slopes, weights, bias, self.panel);
            }
        }
    }
}

struct InputGradient<'a, T> {
    plane: Plane,
    weights: &'a [T],
    output_gradient: &'a [T],
    input_gradient: &'a mut [T],
    panel: &'a mut [T],
}

impl<T: Scalar> Elementwise for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let plane = self.plane;
        let slopes = self.output_gradient.chunks_exact(plane.outputs());
        for ((slots, slopes), weights) in self
            .input_gradient
            .chunks_exact_mut(plane.inputs())
            .zip(slopes)
            .zip(self.weights.chunks_exact(plane.taps()).cycle())
        {
            if plane.columns.stride == 1 {
                let weights = &weights.iter().rev();
                plane
                    .turned()
                    .slide(T::ZERO, weights, slopes, slots, self.panel);
            } else {
                spread(plane, weights, slopes, slots);
            }
        }
    }
}

/// Each window adds to the values under it, where windows are apart.
#[inline(always)]
fn spread<T: Scalar>(plane: Plane, weights: &[T], slopes: &[T], slots: &mut [T]) {
    let Plane { rows, columns } = plane;
    slots.fill(T::ZERO);
    for (y, dy) in slopes.chunks_exact(columns.outputs).enumerate() {
        for (i, weights) in weights.chunks_exact(columns.kernel).enumerate() {
            let Some(row) = rows.place(y, i) else {
                continue;
            };
            let row = cut_mut(cut_mut(slots, row * columns.size).1, columns.size).0;
            // of a row's windows the first has its last tap there
            for (j, w) in weights.iter().enumerate().rev() {
                let Some((windows, first)) = under(columns, j) else {
                    continue;
                };
                let slots = row.iter_mut().skip(first).step_by(columns.stride);
                for (slot, dy) in slots.zip(dy.get(windows).unwrap_or_default()) {
                    *slot += *dy * *w;
                }
            }
        }
    }
}

/// The windows of which a tap does not lie in the padding, and where it lies for the first of them.
#[inline(always)]
fn under(axis: Axis, tap: usize) -> Option<(core::ops::Range<usize>, usize)> {
    let windows = axis.windows(tap);
    if windows.is_empty() {
        return None;
    }
    let first = axis.place(windows.start, tap)?;
    Some((windows, first))
}

impl<C: Size, H: Size, W: Size, K: Size, A: Activation, S: Stride, P> Layer
    for DepthwiseConv2d<Image<C, H, W>, K, A, S, P>
where
    P: Padding + KernelFits<H, W, K, K> + Windows<H, K, S> + Windows<W, K, S>,
    <P as Windows<H, K, S>>::Count: Size,
    <P as Windows<W, K, S>>::Count: Size,
    Image<C, H, W>: Shape,
    Slid<C, H, W, K, S, P>: Shape,
    U1: FilterBank<K, C>,
    <A::Keeps as Keep>::Tape<<Slid<C, H, W, K, S, P> as Shape>::Len>: Count,
{
    type Input = Image<C, H, W>;
    type Output = Slid<C, H, W, K, S, P>;
    #[doc(hidden)]
    type Parameters = <U1 as FilterBank<K, C>>::Parameters;
    #[doc(hidden)]
    type Tape = <A::Keeps as Keep>::Tape<<Slid<C, H, W, K, S, P> as Shape>::Len>;

    const NAME: &'static str = "DepthwiseConv2d";
    const DETAIL: &'static str = A::NAME;
    const SETTINGS: &'static [Setting] = &[
        Setting::SquareKernel(K::USIZE),
        Setting::Stride(S::USIZE),
        Setting::Padding(P::NAME),
    ];
    const FINGERPRINT: u64 = fingerprint::with(
        fingerprint::of_layer(
            Self::NAME,
            Self::DETAIL,
            <Self::Input as Shape>::DIMENSIONS,
            <Self::Output as Shape>::DIMENSIONS,
            <Self::Parameters as Unsigned>::USIZE,
        ),
        &[K::USIZE, S::USIZE, P::NUMBER],
    );
    const MULTIPLY_ADDS: u64 = Self::WEIGHTS as u64 * Self::PLANE.outputs() as u64;
    const FORWARD_BUFFER: usize = ROWS * W::USIZE;
    const BACKWARD_BUFFER: usize = ROWS * W::USIZE;
    const MODULES: usize = if A::IDENTITY { 1 } else { 2 };

    fn initialize<T: Scalar, N: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &N,
        rng: &mut R,
    ) {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let fan = Fan::new(Self::PLANE.taps(), Self::PLANE.taps()).with_gain(A::GAIN);
        initializer.weights(fan, weights, rng);
        initializer.bias(fan, bias, rng);
    }

    /// `nn.Conv2d` of as many groups as channels has its weights as `[channels][1][kernel rows][kernel columns]`.
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        let (channels, kernel) = (C::USIZE, K::USIZE);
        visit(module.tensor(
            "weight",
            [channels, 1, kernel, kernel],
            [kernel * kernel, 0, kernel, 1],
            0,
        ));
        visit(module.tensor("bias", [channels], [1], Self::WEIGHTS));
    }

    fn forward<T: Scalar, N: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        Self::sums(parameters, inputs, outputs);
        activation::apply::<A, T>(outputs);
    }

    fn record<T: Scalar, N: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], _noise: Noise) {
        <A::Keeps as Keep>::record::<A, T>(tape, |values| Self::sums(parameters, inputs, values));
    }

    fn backward<T: Scalar, N: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let kept = <A::Keeps as Keep>::kept(pass.tape);
        activation::chain::<A, T>(pass.output_gradient, kept);
        let (weights, bias) = cut_mut(pass.gradient, Self::WEIGHTS);
        let mut panel = [<W::Array<T>>::ZERO; ROWS];
        let panel = W::Array::flatten_mut(&mut panel);
        let job = WeightGradient {
            plane: Self::PLANE,
            inputs: pass.inputs,
            output_gradient: pass.output_gradient,
            weights,
            bias,
            panel: &mut *panel,
        };
        elementwise(job.inputs.len(), job);
        if let Some(input_gradient) = pass.input_gradient {
            let job = InputGradient {
                plane: Self::PLANE,
                weights: cut(parameters, Self::WEIGHTS).0,
                output_gradient: pass.output_gradient,
                input_gradient,
                panel,
            };
            elementwise(job.output_gradient.len(), job);
        }
    }
}

/// `weights[channel][kernel row][kernel column]`.
type Weights<C, K, T> = <C as Size>::Array<<K as Size>::Array<<K as Size>::Array<T>>>;

/// The parameters of a [`DepthwiseConv2d`] layer, to read.
#[derive(Debug)]
pub struct DepthwiseConv2dRef<'a, C: Size, K: Size, T: Scalar> {
    /// `weights[channel][kernel row][kernel column]`.
    pub weights: &'a Weights<C, K, T>,
    /// `bias[channel]`.
    pub bias: &'a C::Array<T>,
}

/// The parameters of a [`DepthwiseConv2d`] layer, to write.
#[derive(Debug)]
pub struct DepthwiseConv2dMut<'a, C: Size, K: Size, T: Scalar> {
    /// `weights[channel][kernel row][kernel column]`.
    pub weights: &'a mut Weights<C, K, T>,
    /// `bias[channel]`.
    pub bias: &'a mut C::Array<T>,
}

impl<C: Size, H: Size, W: Size, K: Size, A, S: Size, P: Padding> View
    for DepthwiseConv2d<Image<C, H, W>, K, A, S, P>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = DepthwiseConv2dRef<'a, C, K, T>;
    type Mut<'a, T: Scalar> = DepthwiseConv2dMut<'a, C, K, T>;

    fn view<T: Scalar>(parameters: &[T]) -> DepthwiseConv2dRef<'_, C, K, T> {
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        let filters = K::Array::chunks(K::Array::chunks(weights));
        DepthwiseConv2dRef {
            weights: C::Array::chunks(filters).first().expect(LENGTHS),
            bias: C::from_flat(bias).expect(LENGTHS),
        }
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> DepthwiseConv2dMut<'_, C, K, T> {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let filters = K::Array::chunks_mut(K::Array::chunks_mut(weights));
        DepthwiseConv2dMut {
            weights: C::Array::chunks_mut(filters).first_mut().expect(LENGTHS),
            bias: C::from_flat_mut(bias).expect(LENGTHS),
        }
    }
}
