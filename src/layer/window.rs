//! Windows that slide over an image: how far apart, over which edge, and how many of them there are.

use core::ops::{Add, BitAnd, Div, Sub};

use generic_array::typenum::{
    Add1, B1, Const, Diff, GrEq, IsGreaterOrEqual, Max, Maximum, Quot, Sub1, Sum, Unsigned,
};

use crate::size::Number;
use crate::{Image, Size};

/// Whether windows stay inside the image: [`Valid`], or reach over its edges: [`Same`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a padding",
    label = "neither `Valid` nor `Same`"
)]
pub trait Padding: sealed::Sealed + 'static {
    /// Its name in a summary.
    #[doc(hidden)]
    const SAME: bool;
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

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Valid {}
    impl Sealed for super::Same {}
}

impl Padding for Valid {
    const SAME: bool = false;
}

impl Padding for Same {
    const SAME: bool = true;
}

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
impl<N, K, S> Windows<N, K, S> for Valid
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

/// Windows along one dimension, in numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    /// The values.
    pub(crate) size: usize,
    /// The values under a window.
    pub(crate) kernel: usize,
    /// From one window to the next.
    pub(crate) stride: usize,
    /// Zeros before the first value.
    pub(crate) before: usize,
    /// The windows.
    pub(crate) outputs: usize,
}

impl Axis {
    pub(crate) const fn new<N: Size, K: Size, S: Size, P: Padding>() -> Self {
        let (size, kernel, stride) = (
            <N as Unsigned>::USIZE,
            <K as Unsigned>::USIZE,
            <S as Unsigned>::USIZE,
        );
        let outputs = if P::SAME {
            size.div_ceil(stride)
        } else {
            size.saturating_sub(kernel) / stride + 1
        };
        let before = if P::SAME {
            ((outputs - 1) * stride + kernel).saturating_sub(size) / 2
        } else {
            0
        };
        Self {
            size,
            kernel,
            stride,
            before,
            outputs,
        }
    }
}
