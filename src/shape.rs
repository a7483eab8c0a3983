//! What flows between layers: vectors, images, sequences; with the messages for shapes that do not fit.

use core::fmt::{Display, Formatter, Result};
use core::marker::PhantomData;
use core::ops::Mul;

use generic_array::typenum::{Const, Prod};

use crate::size::{FixedArray, Number};
use crate::{Count, Element, Size};

pub(crate) mod kind;

/// The shape of the values that a layer takes or gives: a [`Size`] (a vector), an [`Image`] or a [`Sequence`].
///
/// Its array is what a user writes: `[T; N]` for a vector, `[[[T; W]; H]; C]` for an image, `[[T; Features]; Steps]` for a
/// sequence.
///
/// ```
/// use sizednet::{Image, Shape, sizes::*};
///
/// let vector: <U3 as Shape>::Array<f32> = [1.0, 2.0, 3.0];
/// let image: <Image<U1, U2, U3> as Shape>::Array<f32> = [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]];
/// assert_eq!(Image::<U1, U2, U3>::flatten(&[image]), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shape",
    label = "neither a size nor an image nor a sequence",
    note = "a shape is a size (`U1` to `U1024`, and the multiples of 64 up to `U16384`), an `Image<C, H, W>` or a `Sequence<Steps, Features>` of sizes"
)]
pub trait Shape: 'static {
    /// The number of values; for an image or a sequence the product of its dimensions, which need not be a [`Size`].
    type Len: Count;
    /// The values as a user writes them.
    type Array<T: Element>: Element;
    /// What one step holds: the features of a sequence; a vector and an image are one step.
    type Step: Shape;
    /// What a mismatch is told by.
    #[doc(hidden)]
    type Key;
    /// The dimensions, outermost first.
    const DIMENSIONS: &'static [usize];

    /// The values of the samples, one after the other.
    fn flatten<T: Element>(samples: &[Self::Array<T>]) -> &[T];
    /// The values of the samples, to write.
    fn flatten_mut<T: Element>(samples: &mut [Self::Array<T>]) -> &mut [T];
    /// The values as an array; `None` if there are too few.
    #[doc(hidden)]
    fn from_flat<T: Element>(values: &[T]) -> Option<&Self::Array<T>>;
    /// The values as an array, to write.
    #[doc(hidden)]
    fn from_flat_mut<T: Element>(values: &mut [T]) -> Option<&mut Self::Array<T>>;
}

impl<N: Size> Shape for N {
    type Len = N;
    type Array<T: Element> = N::Array<T>;
    type Step = N;
    type Key = Number<N>;
    const DIMENSIONS: &'static [usize] = &[N::USIZE];

    fn flatten<T: Element>(samples: &[N::Array<T>]) -> &[T] {
        N::Array::flatten(samples)
    }
    fn flatten_mut<T: Element>(samples: &mut [N::Array<T>]) -> &mut [T] {
        N::Array::flatten_mut(samples)
    }
    fn from_flat<T: Element>(values: &[T]) -> Option<&N::Array<T>> {
        N::Array::chunks(values).first()
    }
    fn from_flat_mut<T: Element>(values: &mut [T]) -> Option<&mut N::Array<T>> {
        N::Array::chunks_mut(values).first_mut()
    }
}

/// An image of `C` channels, `H` rows and `W` columns: `[[[T; W]; H]; C]`.
///
/// ```
/// use sizednet::{Dense, Image, Shape, sizes::*};
///
/// type Digit = Image<U1, U8, U8>;
/// assert_eq!(Digit::DIMENSIONS, [1, 8, 8]);
/// // a dense layer takes any shape, so nothing needs a layer that flattens
/// type Classifier = Dense<Digit, U10>;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<C: Size, H: Size, W: Size>(PhantomData<(C, H, W)>);

impl<C: Size, H: Size + Mul<W>, W: Size> Shape for Image<C, H, W>
where
    C: Mul<Prod<H, W>>,
    Prod<C, Prod<H, W>>: Count,
{
    type Len = Prod<C, Prod<H, W>>;
    type Array<T: Element> = C::Array<H::Array<W::Array<T>>>;
    type Step = Self;
    type Key = (Number<C>, Number<H>, Number<W>);
    const DIMENSIONS: &'static [usize] = &[C::USIZE, H::USIZE, W::USIZE];

    fn flatten<T: Element>(samples: &[Self::Array<T>]) -> &[T] {
        W::Array::flatten(H::Array::flatten(C::Array::flatten(samples)))
    }
    fn flatten_mut<T: Element>(samples: &mut [Self::Array<T>]) -> &mut [T] {
        W::Array::flatten_mut(H::Array::flatten_mut(C::Array::flatten_mut(samples)))
    }
    fn from_flat<T: Element>(values: &[T]) -> Option<&Self::Array<T>> {
        C::Array::chunks(H::Array::chunks(W::Array::chunks(values))).first()
    }
    fn from_flat_mut<T: Element>(values: &mut [T]) -> Option<&mut Self::Array<T>> {
        C::Array::chunks_mut(H::Array::chunks_mut(W::Array::chunks_mut(values))).first_mut()
    }
}

/// A sequence of `Steps` vectors of `Features` values, first to last: `[[T; Features]; Steps]`.
///
/// ```
/// use sizednet::{Sequence, Shape, sizes::*};
///
/// /// A tenth of a second of three sensors that are read a hundred times a second.
/// type Window = Sequence<U10, U3>;
/// assert_eq!(Window::DIMENSIONS, [10, 3]);
/// assert_eq!(Sequence::<U2, U3>::flatten(&[[[1, 2, 3], [4, 5, 6]]]), [1, 2, 3, 4, 5, 6_u32]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence<Steps: Size, Features: Size>(PhantomData<(Steps, Features)>);

impl<Steps: Size + Mul<Features, Output: Count>, Features: Size> Shape
    for Sequence<Steps, Features>
{
    type Len = Prod<Steps, Features>;
    type Array<T: Element> = Steps::Array<Features::Array<T>>;
    type Step = Features;
    type Key = (Number<Steps>, Number<Features>);
    const DIMENSIONS: &'static [usize] = &[Steps::USIZE, Features::USIZE];

    fn flatten<T: Element>(samples: &[Self::Array<T>]) -> &[T] {
        Features::Array::flatten(Steps::Array::flatten(samples))
    }
    fn flatten_mut<T: Element>(samples: &mut [Self::Array<T>]) -> &mut [T] {
        Features::Array::flatten_mut(Steps::Array::flatten_mut(samples))
    }
    fn from_flat<T: Element>(values: &[T]) -> Option<&Self::Array<T>> {
        Steps::Array::chunks(Features::Array::chunks(values)).first()
    }
    fn from_flat_mut<T: Element>(values: &mut [T]) -> Option<&mut Self::Array<T>> {
        Steps::Array::chunks_mut(Features::Array::chunks_mut(values)).first_mut()
    }
}

/// The dimensions of a shape as text: `3`, or `8x26x26`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dimensions(pub(crate) &'static [usize]);

impl Display for Dimensions {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut separator = "";
        for dimension in self.0 {
            write!(f, "{separator}{dimension}")?;
            separator = "x";
        }
        Ok(())
    }
}

/// Implemented by a shape's key if it takes what `Given` gives. The leaf traits below carry the messages; a bound
/// `Layer<Input = …>` beside it would be reported first, in typenum's own words.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "whether these layers fit is not known here",
    label = "not known here",
    note = "where a size or a layer is generic, name the whole architecture in a bound: `where (Dense<U2, H>, Dense<H, U1>): Layer`"
)]
pub trait Takes<Given> {}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives {GIVEN} values, the next takes {WANTED}",
    label = "takes {WANTED} values, is given {GIVEN}",
    note = "the output of a layer must have the shape of the next one's input"
)]
pub trait Fits<const GIVEN: usize, const WANTED: usize> {}
impl<const N: usize> Fits<N, N> for () {}
impl<const GIVEN: usize, const WANTED: usize> Takes<Const<GIVEN>> for Const<WANTED> where
    (): Fits<GIVEN, WANTED>
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives an image of {GC}x{GH}x{GW}, the next takes {WC}x{WH}x{WW}",
    label = "takes an image of {WC}x{WH}x{WW}, is given {GC}x{GH}x{GW}",
    note = "the output of a layer must have the shape of the next one's input"
)]
pub trait FitsImage<
    const GC: usize,
    const GH: usize,
    const GW: usize,
    const WC: usize,
    const WH: usize,
    const WW: usize,
>
{
}
impl<const C: usize, const H: usize, const W: usize> FitsImage<C, H, W, C, H, W> for () {}
impl<
    const GC: usize,
    const GH: usize,
    const GW: usize,
    const WC: usize,
    const WH: usize,
    const WW: usize,
> Takes<(Const<GC>, Const<GH>, Const<GW>)> for (Const<WC>, Const<WH>, Const<WW>)
where
    (): FitsImage<GC, GH, GW, WC, WH, WW>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives an image of {C}x{H}x{W}, the next takes a vector of {WANTED} values",
    label = "takes a vector of {WANTED} values, is given an image of {C}x{H}x{W}",
    note = "write the image as the input of the layer that takes it, as in `Dense<Image<{C}, {H}, {W}>, …>`"
)]
pub trait FitsVector<const C: usize, const H: usize, const W: usize, const WANTED: usize> {}
impl<const C: usize, const H: usize, const W: usize, const WANTED: usize>
    Takes<(Const<C>, Const<H>, Const<W>)> for Const<WANTED>
where
    (): FitsVector<C, H, W, WANTED>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives a vector of {GIVEN} values, the next takes an image of {C}x{H}x{W}",
    label = "takes an image of {C}x{H}x{W}, is given a vector of {GIVEN} values",
    note = "the output of a layer must have the shape of the next one's input"
)]
pub trait VectorFits<const GIVEN: usize, const C: usize, const H: usize, const W: usize> {}
impl<const C: usize, const H: usize, const W: usize, const GIVEN: usize> Takes<Const<GIVEN>>
    for (Const<C>, Const<H>, Const<W>)
where
    (): VectorFits<GIVEN, C, H, W>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives a sequence of {GS} steps of {GF} values, the next takes {WS} steps of {WF}",
    label = "takes a sequence of {WS} steps of {WF} values, is given {GS} steps of {GF}",
    note = "the output of a layer must have the shape of the next one's input"
)]
pub trait FitsSequence<const GS: usize, const GF: usize, const WS: usize, const WF: usize> {}
impl<const S: usize, const F: usize> FitsSequence<S, F, S, F> for () {}
impl<const GS: usize, const GF: usize, const WS: usize, const WF: usize>
    Takes<(Const<GS>, Const<GF>)> for (Const<WS>, Const<WF>)
where
    (): FitsSequence<GS, GF, WS, WF>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives a sequence of {S} steps of {F} values, the next takes a vector of {WANTED} values",
    label = "takes a vector of {WANTED} values, is given a sequence of {S} steps of {F}",
    note = "write the sequence as the input of the layer that takes it, as in `Dense<Sequence<{S}, {F}>, …>`"
)]
pub trait SequenceFitsVector<const S: usize, const F: usize, const WANTED: usize> {}
impl<const S: usize, const F: usize, const WANTED: usize> Takes<(Const<S>, Const<F>)>
    for Const<WANTED>
where
    (): SequenceFitsVector<S, F, WANTED>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives a vector of {GIVEN} values, the next takes a sequence of {S} steps of {F}",
    label = "takes a sequence of {S} steps of {F} values, is given a vector of {GIVEN}",
    note = "a recurrent layer before it has to give all states, as in `Gru<Sequence<…>, {F}, AllStates>`"
)]
pub trait VectorFitsSequence<const GIVEN: usize, const S: usize, const F: usize> {}
impl<const S: usize, const F: usize, const GIVEN: usize> Takes<Const<GIVEN>>
    for (Const<S>, Const<F>)
where
    (): VectorFitsSequence<GIVEN, S, F>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives a sequence of {S} steps of {F} values, the next takes an image of {C}x{H}x{W}",
    label = "takes an image of {C}x{H}x{W}, is given a sequence of {S} steps of {F} values",
    note = "the output of a layer must have the shape of the next one's input"
)]
pub trait SequenceFitsImage<
    const S: usize,
    const F: usize,
    const C: usize,
    const H: usize,
    const W: usize,
>
{
}
impl<const S: usize, const F: usize, const C: usize, const H: usize, const W: usize>
    Takes<(Const<S>, Const<F>)> for (Const<C>, Const<H>, Const<W>)
where
    (): SequenceFitsImage<S, F, C, H, W>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "shape mismatch: one layer gives an image of {C}x{H}x{W}, the next takes a sequence of {S} steps of {F} values",
    label = "takes a sequence of {S} steps of {F} values, is given an image of {C}x{H}x{W}",
    note = "the output of a layer must have the shape of the next one's input"
)]
pub trait ImageFitsSequence<
    const C: usize,
    const H: usize,
    const W: usize,
    const S: usize,
    const F: usize,
>
{
}
impl<const C: usize, const H: usize, const W: usize, const S: usize, const F: usize>
    Takes<(Const<C>, Const<H>, Const<W>)> for (Const<S>, Const<F>)
where
    (): ImageFitsSequence<C, H, W, S, F>,
{
}
