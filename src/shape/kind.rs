//! Layers that take one kind of shape: the messages for another.

use generic_array::typenum::Const;

/// Implemented by the key of an image; as in [`Takes`](super::Takes), the leaf traits below carry the messages.
#[doc(hidden)]
pub trait IsImage {}
impl<C, H, W> IsImage for (C, H, W) {}
impl<const N: usize> IsImage for Const<N> where (): ImageOfVector<N> {}
impl<const S: usize, const F: usize> IsImage for (Const<S>, Const<F>) where (): ImageOfSequence<S, F>
{}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this layer takes an image, not a vector of {N} values",
    label = "takes an image",
    note = "write channels, rows and columns: `Image<U1, U28, U28>`"
)]
pub trait ImageOfVector<const N: usize> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this layer takes an image, not a sequence of {S} steps of {F} values",
    label = "takes an image",
    note = "for sequences there are `Conv1d`, `DepthwiseConv1d`, `MaxPool1d` and `AveragePool1d`"
)]
pub trait ImageOfSequence<const S: usize, const F: usize> {}

/// Implemented by the key of a sequence.
#[doc(hidden)]
pub trait IsSequence {}
impl<S, F> IsSequence for (S, F) {}
impl<const N: usize> IsSequence for Const<N> where (): SequenceOfVector<N> {}
impl<const C: usize, const H: usize, const W: usize> IsSequence for (Const<C>, Const<H>, Const<W>) where
    (): SequenceOfImage<C, H, W>
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this layer takes a sequence, not a vector of {N} values",
    label = "takes a sequence",
    note = "write steps and features: `Sequence<U20, U3>`"
)]
pub trait SequenceOfVector<const N: usize> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this layer takes a sequence, not an image of {C}x{H}x{W}",
    label = "takes a sequence",
    note = "for images there are `Conv2d`, `DepthwiseConv2d`, `MaxPool2d` and `AveragePool2d`"
)]
pub trait SequenceOfImage<const C: usize, const H: usize, const W: usize> {}

/// Implemented by the key of an image or of a sequence.
#[doc(hidden)]
pub trait IsSpread {}
impl<const N: usize> IsSpread for Const<N> where (): SpreadOfVector<N> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this layer takes an image or a sequence, not a vector of {N} values",
    label = "takes an image or a sequence",
    note = "write what it is: `Image<U8, U12, U12>` or `Sequence<U20, U3>`"
)]
pub trait SpreadOfVector<const N: usize> {}

/// Implemented by a shape's key for itself: what layers side by side take.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "layers side by side take the same input, but these take shapes of different kinds",
    label = "a vector, an image or a sequence, but for both the same"
)]
pub trait SameInput<Other> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "layers side by side take the same input, but one takes {A} values, the other {B}",
    label = "one takes {A} values, the other {B}"
)]
pub trait SameVector<const A: usize, const B: usize> {}
impl<const N: usize> SameVector<N, N> for () {}
impl<const A: usize, const B: usize> SameInput<Const<B>> for Const<A> where (): SameVector<A, B> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "layers side by side take the same input, but one takes an image of {AC}x{AH}x{AW}, the other of {BC}x{BH}x{BW}",
    label = "one takes {AC}x{AH}x{AW}, the other {BC}x{BH}x{BW}"
)]
pub trait SameImage<
    const AC: usize,
    const AH: usize,
    const AW: usize,
    const BC: usize,
    const BH: usize,
    const BW: usize,
>
{
}
impl<const C: usize, const H: usize, const W: usize> SameImage<C, H, W, C, H, W> for () {}
impl<
    const AC: usize,
    const AH: usize,
    const AW: usize,
    const BC: usize,
    const BH: usize,
    const BW: usize,
> SameInput<(Const<BC>, Const<BH>, Const<BW>)> for (Const<AC>, Const<AH>, Const<AW>)
where
    (): SameImage<AC, AH, AW, BC, BH, BW>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "layers side by side take the same input, but one takes {AS} steps of {AF} values, the other {BS} of {BF}",
    label = "one takes {AS} steps of {AF} values, the other {BS} of {BF}"
)]
pub trait SameSequence<const AS: usize, const AF: usize, const BS: usize, const BF: usize> {}
impl<const S: usize, const F: usize> SameSequence<S, F, S, F> for () {}
impl<const AS: usize, const AF: usize, const BS: usize, const BF: usize>
    SameInput<(Const<BS>, Const<BF>)> for (Const<AS>, Const<AF>)
where
    (): SameSequence<AS, AF, BS, BF>,
{
}
