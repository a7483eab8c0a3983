//! The convolution of an image: filters that slide over it.

use core::fmt::Debug;
use core::marker::PhantomData;
use core::ops::Mul;

use generic_array::typenum::{Min, Minimum, Prod, Unsigned};
use rand_core::Rng;

use super::dense::{LENGTHS, WeightsAndBias};
use super::window::{Axis, KernelFits, Padding, Slid, Stride, Valid, Windows};
use super::{Backward, Layer, Module, Noise, Tensor, View, cut, cut_mut};
use crate::activation::{self, Activation, Identity, Keep};
use crate::initializer::{Fan, Initializer};
use crate::kernel::Kernel;
use crate::size::{Count, FixedArray};
use crate::sizes::U1;
use crate::summary::Setting;
use crate::{Image, Scalar, Shape, Size, fingerprint};

mod geometry;
mod panel;
mod passes;

use geometry::{Geometry, HasGeometry, Most};
use passes::WayBack;

/// A convolution: `output[f][y][x] = A(bias[f] + sum of input[c][y * S + i - before][x * S + j - before] * weights[c][i][j][f])`,
/// over all channels `c` and places `i`, `j` of a kernel of `K` x `K`; `before` is 0, or the zeros of [`Same`](crate::layer::Same)
/// before the first row, or column.
///
/// Input an [`Image<C, H, W>`](Image), output an image of `F` channels, one for each filter, and as many rows and columns
/// as there are windows. Stride `S`, padding `P` ([`Valid`] or [`Same`](crate::layer::Same)), activation `A`. As in other
/// libraries of neural networks it is a cross-correlation: the kernel is not turned (Fukushima, 1980).
///
/// Its parameters are the weights, `[channels][kernel rows][kernel columns][filters]`, then the bias, `[filters]`.
///
/// ```
/// use sizednet::{Conv2d, Dense, Image, MaxPool2d, Network, Relu, layer::Same, sizes::*};
///
/// type Digits = (
///     Conv2d<Image<U1, U28, U28>, U8, U5, Relu>,            // 8x24x24
///     MaxPool2d<Image<U8, U24, U24>, U2>,                   // 8x12x12
///     Conv2d<Image<U8, U12, U12>, U16, U3, Relu, U1, Same>, // 16x12x12
///     Dense<Image<U16, U12, U12>, U10>,
/// );
/// assert_eq!(Network::<Digits>::PARAMETERS, 208 + 1168 + 23050);
/// ```
///
/// # The order of its sums
///
/// It is computed by the [kernels](crate::kernel) of the crate, from a panel of at most 64 windows by 64 taps, with the sums of
/// those windows beside it (on the way back twice as many values), or, without padding and where a row has 16 windows of stride 1 or
/// more, from the image as it lies:
///
/// - An output starts at its bias and adds its products first to last: by channel, row and column of the kernel. In the
///   padding the products are those with 0.
/// - The gradient of a weight adds its windows first to last, sample by sample; an input's adds its taps, strip by strip, each
///   a sum over the filters. A strip depends on the shape alone.
///
/// So no bit depends on the batch; `Portable` has the same bits everywhere.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::type_complexity,
    reason = "it has no values, and is Send and Sync whatever it is made of"
)]
pub struct Conv2d<I, F, K, A = Identity, S = U1, P = Valid>(
    PhantomData<fn() -> (I, F, K, A, S, P)>,
);

/// The number of parameters of `F` filters of `K` x `K` over `Self` channels.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the number of parameters is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Conv2d<Image<U1, U8, U8>, F, U3>, Dense<Image<F, U6, U6>, U10>): Layer`"
)]
pub trait FilterBank<K, F> {
    type Parameters: Count;
}

#[diagnostic::do_not_recommend]
impl<C: Mul<Prod<K, K>>, K: Mul<K>, F> FilterBank<K, F> for C
where
    Prod<C, Prod<K, K>>: WeightsAndBias<F>,
{
    type Parameters = <Prod<C, Prod<K, K>> as WeightsAndBias<F>>::Number;
}

/// The most taps and windows of a panel, for a kernel of `K` x `K`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the size of a panel is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Conv2d<Image<U1, U8, U8>, F, U3>, Dense<Image<F, U6, U6>, U10>): Layer`"
)]
pub trait Patches<K> {
    type Taps: Size;
    type Windows: Size;
}

#[diagnostic::do_not_recommend]
impl<C: Size + Mul<Prod<K, K>>, H: Size + Mul<W>, W: Size, K: Mul<K>> Patches<K> for Image<C, H, W>
where
    Prod<C, Prod<K, K>>: Min<Most, Output: Size>,
    Prod<H, W>: Min<Most, Output: Size>,
{
    type Taps = Minimum<Prod<C, Prod<K, K>>, Most>;
    type Windows = Minimum<Prod<H, W>, Most>;
}

impl<C: Size, H: Size, W: Size, F: Size, K: Size, A, S: Size, P: Padding> HasGeometry
    for Conv2d<Image<C, H, W>, F, K, A, S, P>
{
    const GEOMETRY: Geometry = Geometry {
        channels: C::USIZE,
        rows: Axis::new::<H, K, S, P>(),
        columns: Axis::new::<W, K, S, P>(),
    };
}

impl<C: Size, H: Size, W: Size, F: Size, K: Size, A, S: Size, P: Padding>
    Conv2d<Image<C, H, W>, F, K, A, S, P>
{
    const WEIGHTS: usize = Self::GEOMETRY.taps() * F::USIZE;

    /// The sums of all samples.
    fn sums<T: Scalar, N: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T])
    where
        Image<C, H, W>: Patches<K>,
    {
        let parameters = cut(parameters, Self::WEIGHTS);
        if const { Self::GEOMETRY.slides() } {
            passes::slide::<T, N, F, Self>(parameters, inputs, outputs);
        } else {
            passes::forward::<T, N, F, Image<C, H, W>, K, Self>(parameters, inputs, outputs);
        }
    }
}

impl<C: Size, H: Size, W: Size, F: Size, K: Size, A: Activation, S: Stride, P> Layer
    for Conv2d<Image<C, H, W>, F, K, A, S, P>
where
    P: Padding + KernelFits<H, W, K, K> + Windows<H, K, S> + Windows<W, K, S>,
    <P as Windows<H, K, S>>::Count: Size,
    <P as Windows<W, K, S>>::Count: Size,
    Image<C, H, W>: Shape + Patches<K>,
    Slid<F, H, W, K, S, P>: Shape,
    C: FilterBank<K, F>,
    <A::Keeps as Keep>::Tape<<Slid<F, H, W, K, S, P> as Shape>::Len>: Count,
{
    type Input = Image<C, H, W>;
    type Output = Slid<F, H, W, K, S, P>;
    #[doc(hidden)]
    type Parameters = <C as FilterBank<K, F>>::Parameters;
    #[doc(hidden)]
    type Tape = <A::Keeps as Keep>::Tape<<Slid<F, H, W, K, S, P> as Shape>::Len>;

    const NAME: &'static str = "Conv2d";
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
    const MULTIPLY_ADDS: u64 = Self::WEIGHTS as u64 * Self::GEOMETRY.outputs() as u64;
    const FORWARD_BUFFER: usize = if Self::GEOMETRY.slides() {
        passes::SLIDE_VALUES
    } else {
        passes::forward_values::<F, Image<C, H, W>, K>()
    };
    const BACKWARD_BUFFER: usize = passes::backward_values::<F, Image<C, H, W>, K>();
    const MODULES: usize = if A::IDENTITY { 1 } else { 2 };

    fn initialize<T: Scalar, N: Initializer + ?Sized, R: Rng + ?Sized>(
        parameters: &mut [T],
        initializer: &N,
        rng: &mut R,
    ) {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let fan =
            Fan::new(Self::GEOMETRY.taps(), F::USIZE * K::USIZE * K::USIZE).with_gain(A::GAIN);
        initializer.weights(fan, weights, rng);
        initializer.bias(fan, bias, rng);
    }

    /// `nn.Conv2d` has its weights as `[filters][channels][kernel rows][kernel columns]`.
    fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
        let (channels, kernel, filters) = (C::USIZE, K::USIZE, F::USIZE);
        visit(module.tensor(
            "weight",
            [filters, channels, kernel, kernel],
            [1, kernel * kernel * filters, kernel * filters, filters],
            0,
        ));
        visit(module.tensor("bias", [filters], [1], Self::WEIGHTS));
    }

    fn forward<T: Scalar, N: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        Self::sums::<T, N>(parameters, inputs, outputs);
        activation::apply::<A, T>(outputs);
    }

    fn record<T: Scalar, N: Kernel>(parameters: &[T], inputs: &[T], tape: &mut [T], _noise: Noise) {
        <A::Keeps as Keep>::record::<A, T>(tape, |values| {
            Self::sums::<T, N>(parameters, inputs, values);
        });
    }

    fn backward<T: Scalar, N: Kernel>(parameters: &[T], pass: Backward<'_, T>) {
        let kept = <A::Keeps as Keep>::kept(pass.tape);
        activation::chain::<A, T>(pass.output_gradient, kept);
        let (weight_gradient, bias_gradient) = cut_mut(pass.gradient, Self::WEIGHTS);
        let pass = WayBack {
            weights: cut(parameters, Self::WEIGHTS).0,
            inputs: pass.inputs,
            output_gradient: pass.output_gradient,
            weight_gradient,
            bias_gradient,
            input_gradient: pass.input_gradient,
        };
        passes::backward::<T, N, F, Image<C, H, W>, K, Self>(pass);
    }
}

/// `weights[channel][kernel row][kernel column][filter]`.
type Weights<C, K, F, T> =
    <C as Size>::Array<<K as Size>::Array<<K as Size>::Array<<F as Size>::Array<T>>>>;

/// The parameters of a [`Conv2d`] layer, to read.
#[derive(Debug)]
pub struct Conv2dRef<'a, C: Size, F: Size, K: Size, T: Scalar> {
    /// `weights[channel][kernel row][kernel column][filter]`.
    pub weights: &'a Weights<C, K, F, T>,
    /// `bias[filter]`.
    pub bias: &'a F::Array<T>,
}

/// The parameters of a [`Conv2d`] layer, to write.
#[derive(Debug)]
pub struct Conv2dMut<'a, C: Size, F: Size, K: Size, T: Scalar> {
    /// `weights[channel][kernel row][kernel column][filter]`.
    pub weights: &'a mut Weights<C, K, F, T>,
    /// `bias[filter]`.
    pub bias: &'a mut F::Array<T>,
}

impl<C: Size, H: Size, W: Size, F: Size, K: Size, A, S: Size, P: Padding> View
    for Conv2d<Image<C, H, W>, F, K, A, S, P>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = Conv2dRef<'a, C, F, K, T>;
    type Mut<'a, T: Scalar> = Conv2dMut<'a, C, F, K, T>;

    fn view<T: Scalar>(parameters: &[T]) -> Conv2dRef<'_, C, F, K, T> {
        let (weights, bias) = cut(parameters, Self::WEIGHTS);
        let rows = K::Array::chunks(K::Array::chunks(F::Array::chunks(weights)));
        Conv2dRef {
            weights: C::Array::chunks(rows).first().expect(LENGTHS),
            bias: F::from_flat(bias).expect(LENGTHS),
        }
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> Conv2dMut<'_, C, F, K, T> {
        let (weights, bias) = cut_mut(parameters, Self::WEIGHTS);
        let rows = K::Array::chunks_mut(K::Array::chunks_mut(F::Array::chunks_mut(weights)));
        Conv2dMut {
            weights: C::Array::chunks_mut(rows).first_mut().expect(LENGTHS),
            bias: F::from_flat_mut(bias).expect(LENGTHS),
        }
    }
}
