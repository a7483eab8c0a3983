//! Windows that slide over an image or along a sequence: how far apart, over which edge, and how many of them there are.

use core::ops::{Add, BitAnd, Div, Mul, Sub};

use generic_array::typenum::{
    Add1, B1, Const, Diff, GrEq, IsGreaterOrEqual, Max, Maximum, Min, Minimum, Prod, Quot, Sub1,
    Sum, U32, UInt,
};

use crate::size::Number;
use crate::sizes::U1;
use crate::{Image, Sequence, Size};

mod axis;

pub(crate) use axis::Axis;

/// Whether windows stay inside: [`Valid`], reach over the edges: [`Same`], or over the beginning alone: [`Causal`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a padding",
    label = "none of `Valid`, `Same` and `Causal`"
)]
pub trait Padding: sealed::Sealed + 'static {
    /// Which one it is, in a fingerprint.
    #[doc(hidden)]
    const NUMBER: usize;
    /// Which one it is, in a summary; of `Valid` there is nothing to tell.
    #[doc(hidden)]
    const NAME: &'static str;
}

/// Windows stay inside: `(size - kernel) / stride + 1` of them, rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid;

/// Windows reach over the edges, where zeros are: `size / stride` of them, rounded up.
///
/// Of `max((outputs - 1) * stride + kernel - size, 0)` zeros half stand before, the rest, one more if they are odd,
/// after. With stride 1 it is `padding='same'` of `PyTorch`, which has no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Same;

/// Windows along a sequence see no step that comes later: each ends at its own step, and all zeros stand before the first.
///
/// There are `size / stride` of them, rounded up, one for each step with stride 1. What an output is made of is known as
/// soon as its step is, so that a layer can [stream](crate::layer::Streaming).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Causal;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Valid {}
    impl Sealed for super::Same {}
    impl Sealed for super::Causal {}
    impl<U, B> Sealed for super::UInt<U, B> {}
}

impl Padding for Valid {
    const NUMBER: usize = 0;
    const NAME: &'static str = "";
}

impl Padding for Same {
    const NUMBER: usize = 1;
    const NAME: &'static str = "Same";
}

impl Padding for Causal {
    const NUMBER: usize = 2;
    const NAME: &'static str = "Causal";
}

/// For the message of a number in its place, beside which there is no other.
impl<U, B> Padding for UInt<U, B>
where
    Self: Size,
    Number<Self>: IsPadding,
{
    const NUMBER: usize = 0;
    const NAME: &'static str = "";
}
impl<U, B, N, K, S> Windows<N, K, S> for UInt<U, B> {
    type Count = U1;
}
impl<U, B, H, W, KH, KW> KernelFits<H, W, KH, KW> for UInt<U, B> {}
impl<U, B, N, K, D> KernelFitsSteps<N, K, D> for UInt<U, B> {}

/// Implemented by no number; the leaf below carries the message.
#[doc(hidden)]
pub trait IsPadding {}
impl<const N: usize> IsPadding for Const<N> where (): PaddingOfNumber<N> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a padding is `Valid`, `Same` or `Causal`, not the number {N}",
    label = "the number {N} stands where the padding does",
    note = "the stride stands before the padding: `Conv2d<Image<U1, U28, U28>, U8, U3, Relu, U2, Same>`"
)]
pub trait PaddingOfNumber<const N: usize> {}

/// A size, where the stride stands.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stride, which is a number such as `U2`",
    label = "not a stride",
    note = "the stride stands before the padding: `Conv2d<Image<U1, U28, U28>, U8, U3, Relu, U2, Same>`"
)]
pub trait Stride: Size {}

#[diagnostic::do_not_recommend]
impl<N: Size> Stride for N {}

/// For the message of a padding in its place, beside which there is no other.
macro_rules! not_strides {
    ($($padding:ident)*) => {$(
        impl<N, K> Windows<N, K, $padding> for Valid {
            type Count = U1;
        }
    )*};
}

not_strides!(Valid Same Causal);

/// How many windows of `K` there are over `N` values, `S` apart.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "how many windows there are is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Conv2d<Image<U1, U8, U8>, F, U3>, Dense<Image<F, U6, U6>, U10>): Layer`"
)]
pub trait Windows<N, K, S> {
    type Count;
}

// the larger of both: a kernel that does not fit is told by `KernelFits` alone
#[diagnostic::do_not_recommend]
impl<N, K, S: Size> Windows<N, K, S> for Valid
where
    N: Max<K, Output: Sub<K, Output: Div<S, Output: Add<B1>>>>,
{
    type Count = Add1<Quot<Diff<Maximum<N, K>, K>, S>>;
}

#[diagnostic::do_not_recommend]
impl<N, K, S> Windows<N, K, S> for Same
where
    N: Add<S, Output: Sub<B1, Output: Div<S>>>,
{
    type Count = Quot<Sub1<Sum<N, S>>, S>;
}

#[diagnostic::do_not_recommend]
impl<N, K, S> Windows<N, K, S> for Causal
where
    N: Add<S, Output: Sub<B1, Output: Div<S>>>,
{
    type Count = Quot<Sub1<Sum<N, S>>, S>;
}

/// An image of `C` channels with a value for each window.
pub(crate) type Slid<C, H, W, K, S, P> =
    Image<C, <P as Windows<H, K, S>>::Count, <P as Windows<W, K, S>>::Count>;

/// Implemented if a kernel of `KH` x `KW` lies inside an image of `H` x `W`, or may reach over its edges.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "whether the kernel fits is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound"
)]
pub trait KernelFits<H, W, KH, KW> {}

impl<H, W, KH, KW> KernelFits<H, W, KH, KW> for Same {}

impl<H, W, KH, KW> KernelFits<H, W, KH, KW> for Causal where (): OfImages<(H, W)> {}

/// Implemented for nothing: an image has no beginning.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the padding `Causal` is for sequences",
    label = "an image has no step that comes later",
    note = "for an image it is `Valid` or `Same`"
)]
pub trait OfImages<I> {}

impl<H, W, KH, KW> KernelFits<H, W, KH, KW> for Valid
where
    H: Size + IsGreaterOrEqual<KH, Output: BitAnd<GrEq<W, KW>>>,
    W: Size + IsGreaterOrEqual<KW>,
    KH: Size,
    KW: Size,
    (Number<H>, Number<W>):
        Holds<(Number<KH>, Number<KW>), <GrEq<H, KH> as BitAnd<GrEq<W, KW>>>::Output>,
{
}

/// The leaf below carries the message.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "whether the kernel fits is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound"
)]
pub trait Holds<Kernel, Answer> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the kernel of {KH}x{KW} does not fit an image of {H}x{W}",
    label = "the kernel of {KH}x{KW} does not fit an image of {H}x{W}",
    note = "a kernel is at most as high and as wide as its image; with the padding `Same` it may reach over the edges"
)]
pub trait KernelWithin<const KH: usize, const KW: usize, const H: usize, const W: usize, Answer> {}

impl<const KH: usize, const KW: usize, const H: usize, const W: usize>
    KernelWithin<KH, KW, H, W, B1> for ()
{
}

impl<const KH: usize, const KW: usize, const H: usize, const W: usize, Answer>
    Holds<(Const<KH>, Const<KW>), Answer> for (Const<H>, Const<W>)
where
    (): KernelWithin<KH, KW, H, W, Answer>,
{
}

/// The steps from the first to the last value under a kernel of `Self` values, `D` apart.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "how far a kernel reaches is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound"
)]
pub trait Reach<D> {
    type Steps;
}

#[diagnostic::do_not_recommend]
impl<K: Sub<B1, Output: Mul<D, Output: Add<B1>>>, D> Reach<D> for K {
    type Steps = Add1<Prod<Sub1<K>, D>>;
}

/// Windows of `K` values, `D` apart, along `N` steps, `S` from one window to the next.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "how many windows there are is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Conv1d<Sequence<U8, U1>, F, U3>, Dense<Sequence<U6, F>, U10>): Layer`"
)]
pub trait Along<N, K, S, D>: Padding {
    type Count: Size;
    /// The windows that pass through together.
    type Together: Size;
}

impl<N, K, S, D, P> Along<N, K, S, D> for P
where
    K: Reach<D>,
    P: Padding + KernelFitsSteps<N, K, D> + Windows<N, <K as Reach<D>>::Steps, S>,
    <P as Windows<N, <K as Reach<D>>::Steps, S>>::Count: Size + Min<U32, Output: Size>,
{
    type Count = <P as Windows<N, <K as Reach<D>>::Steps, S>>::Count;
    type Together = Minimum<Self::Count, U32>;
}

/// A sequence of `F` features with a step for each window.
pub(crate) type SlidAlong<F, N, K, S, P, D> = Sequence<<P as Along<N, K, S, D>>::Count, F>;

/// Implemented if a kernel lies inside a sequence of `N` steps, or may reach over its edges.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "whether the kernel fits is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound"
)]
pub trait KernelFitsSteps<N, K, D> {}

impl<N, K, D> KernelFitsSteps<N, K, D> for Same {}

impl<N, K, D> KernelFitsSteps<N, K, D> for Causal {}

impl<N, K, D> KernelFitsSteps<N, K, D> for Valid
where
    N: Size + IsGreaterOrEqual<<K as Reach<D>>::Steps>,
    K: Size + Reach<D>,
    D: Size,
    Number<N>: HoldsSteps<(Number<K>, Number<D>), GrEq<N, <K as Reach<D>>::Steps>>,
{
}

/// The leaf below carries the message.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "whether the kernel fits is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound"
)]
pub trait HoldsSteps<Kernel, Answer> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the kernel of {K} steps with dilation {D} does not fit a sequence of {N} steps",
    label = "the kernel of {K} steps with dilation {D} does not fit a sequence of {N} steps",
    note = "with dilation a kernel of K steps reaches over (K - 1) * dilation + 1, at most as many as its sequence has; with the padding `Same` or `Causal` it may reach over the edges"
)]
pub trait KernelWithinSteps<const K: usize, const D: usize, const N: usize, Answer> {}

impl<const K: usize, const D: usize, const N: usize> KernelWithinSteps<K, D, N, B1> for () {}

impl<const K: usize, const D: usize, const N: usize, Answer>
    HoldsSteps<(Const<K>, Const<D>), Answer> for Const<N>
where
    (): KernelWithinSteps<K, D, N, Answer>,
{
}
