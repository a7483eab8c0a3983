//! Samples: inputs with their targets.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt::{Display, Formatter, Result as FmtResult};
use core::hint::black_box;
use core::ops::Range;

use generic_array::typenum::{Const, Unsigned};

use crate::error::{DataError, Place, TrainingError};
use crate::size::Number;
use crate::{Element, Image, Scalar, Sequence, Shape, Size};

/// A class as a target, by its index among the network's outputs.
///
/// ```
/// use sizednet::Class;
///
/// assert_eq!(Class::from(3), Class(3));
/// assert!(Class(1) < Class(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub usize);

impl From<usize> for Class {
    fn from(index: usize) -> Self {
        Self(index)
    }
}

impl Display for Class {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        self.0.fmt(f)
    }
}

/// What a network whose output has shape `O` can be trained towards: an array of that shape, or a [`Class`].
///
/// ```
/// use sizednet::{Adam, Class, CrossEntropy, Dense, MeanSquaredError, Network, Trainer, sizes::*};
///
/// let mut network = Network::<Dense<U2, U3>>::zeros();
/// let mut fit = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
/// fit.step(&mut network, &[1.0, 2.0], &[0.5, 0.0, 1.0])?;
/// let mut classify = Trainer::stochastic(CrossEntropy, Adam::new(0.1));
/// classify.step(&mut network, &[1.0, 2.0], &Class(2))?;
/// # Ok::<(), sizednet::TrainingError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no target for this network's output",
    note = "a target is an array of the output's shape and number type, or a `Class`"
)]
pub trait Target<O: Shape, T: Scalar> {
    /// What the loss sees: `[T]`, or [`Class`].
    type Kind: ?Sized;
    /// What the loss sees, or how many classes there are if the target is none of them.
    #[doc(hidden)]
    fn kind(&self) -> Result<&Self::Kind, ClassOutOfRange>;
    /// The numbers that it is made of; of a class there are none.
    #[doc(hidden)]
    fn numbers(&self) -> &[T] {
        &[]
    }
}

#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct ClassOutOfRange {
    pub(crate) class: usize,
    pub(crate) classes: usize,
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "target mismatch: the network gives {OUTPUTS} values, the target has {TARGETS}",
    label = "the network gives {OUTPUTS} values, the target has {TARGETS}"
)]
pub trait FitsTarget<const OUTPUTS: usize, const TARGETS: usize> {}
impl<const N: usize> FitsTarget<N, N> for () {}

/// Implemented by a shape's key if a target array of that length fits.
#[doc(hidden)]
pub trait TakesTarget<Given> {}
impl<const N: usize, const TARGETS: usize> TakesTarget<Const<TARGETS>> for Const<N> where
    (): FitsTarget<N, TARGETS>
{
}

impl<O: Size, T: Scalar, const N: usize> Target<O, T> for [T; N]
where
    Number<O>: TakesTarget<Const<N>>,
{
    type Kind = [T];

    #[inline]
    fn kind(&self) -> Result<&[T], ClassOutOfRange> {
        Ok(self)
    }
    fn numbers(&self) -> &[T] {
        self
    }
}

impl<T: Scalar, C: Size, H: Size, W: Size, const NC: usize, const NH: usize, const NW: usize>
    Target<Image<C, H, W>, T> for [[[T; NW]; NH]; NC]
where
    Image<C, H, W>: Shape<Array<T> = Self>,
{
    type Kind = [T];

    #[inline]
    fn kind(&self) -> Result<&[T], ClassOutOfRange> {
        Ok(self.as_flattened().as_flattened())
    }
    fn numbers(&self) -> &[T] {
        self.as_flattened().as_flattened()
    }
}

impl<T: Scalar, S: Size, F: Size, const NS: usize, const NF: usize> Target<Sequence<S, F>, T>
    for [[T; NF]; NS]
where
    Sequence<S, F>: Shape<Array<T> = Self>,
{
    type Kind = [T];

    #[inline]
    fn kind(&self) -> Result<&[T], ClassOutOfRange> {
        Ok(self.as_flattened())
    }
    fn numbers(&self) -> &[T] {
        self.as_flattened()
    }
}

impl<O: Shape, T: Scalar> Target<O, T> for Class {
    type Kind = Self;

    #[inline]
    fn kind(&self) -> Result<&Self, ClassOutOfRange> {
        let classes = <O::Len as Unsigned>::USIZE;
        if self.0 < classes {
            Ok(self)
        } else {
            Err(ClassOutOfRange {
                class: self.0,
                classes,
            })
        }
    }
}

/// Samples with inputs `I`, where they lie: pairs, or a pair of slices.
///
/// Implemented for `&[(I, X)]`, `&[(I, X); N]`, `&Vec<(I, X)>` and for pairs of `&[I]`, `&[I; N]` or `&Vec<I>` with the
/// same of targets. One's own says how many there are and lends each; here each input is its own target:
///
/// ```
/// use sizednet::{DataError, Dense, MeanSquaredError, Network, Samples, sizes::U1};
///
/// #[derive(Clone, Copy)]
/// struct Echo<'a>(&'a [[f32; 1]]);
///
/// impl Samples<[f32; 1]> for Echo<'_> {
///     type Target = [f32; 1];
///     fn count(&self) -> Result<usize, DataError> {
///         Ok(self.0.len())
///     }
///     fn sample(&self, index: usize) -> Option<(&[f32; 1], &[f32; 1])> {
///         self.0.get(index).map(|input| (input, input))
///     }
/// }
///
/// let found = Network::<Dense<U1, U1>>::zeros().evaluate(Echo(&[[1.0], [3.0]]), &MeanSquaredError)?;
/// assert_eq!(found.loss, 5.0);
/// # Ok::<(), DataError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not samples for this network: its input is `{I}`",
    label = "the network's input is `{I}`",
    note = "samples are `&[(input, target)]`, an array or a vector of such pairs, or `(&inputs, &targets)`"
)]
pub trait Samples<I>: Copy {
    /// A target.
    type Target;
    /// How many there are.
    ///
    /// # Errors
    ///
    /// [`DataError::LengthsDiffer`] if there are more inputs than targets or fewer.
    fn count(&self) -> Result<usize, DataError>;
    /// The sample at an index, `None` past the end.
    fn sample(&self, index: usize) -> Option<(&I, &Self::Target)>;
    /// The inputs of some samples where they lie side by side, which then need not be copied: the same as
    /// [`sample`](Self::sample) lends, and as many as the range has; of another number they are left alone. `None`, as by
    /// default, where they lie apart.
    #[inline]
    fn inputs(&self, range: Range<usize>) -> Option<&[I]> {
        let _ = range;
        None
    }
}

macro_rules! pairs {
    ($([$($generics:tt)*] $samples:ty;)*) => {$(
        impl<I, X, $($generics)*> Samples<I> for &$samples {
            type Target = X;

            fn count(&self) -> Result<usize, DataError> {
                Ok(self.len())
            }
            #[inline]
            fn sample(&self, index: usize) -> Option<(&I, &X)> {
                self.get(index).map(|(input, target)| (input, target))
            }
        }
    )*};
}

pairs! {
    [] [(I, X)];
    [const N: usize] [(I, X); N];
}
#[cfg(feature = "alloc")]
pairs! {
    [] Vec<(I, X)>;
}

macro_rules! slices {
    ($([$($generics:tt)*] $inputs:ty, $targets:ty;)*) => {$(
        impl<I, X, $($generics)*> Samples<I> for (&$inputs, &$targets) {
            type Target = X;

            fn count(&self) -> Result<usize, DataError> {
                let (inputs, targets) = (self.0.len(), self.1.len());
                if inputs == targets { Ok(inputs) } else { Err(DataError::LengthsDiffer { inputs, targets }) }
            }
            #[inline]
            fn sample(&self, index: usize) -> Option<(&I, &X)> {
                Some((self.0.get(index)?, self.1.get(index)?))
            }
            #[inline]
            fn inputs(&self, range: Range<usize>) -> Option<&[I]> {
                self.0.get(range)
            }
        }
    )*};
}

slices! {
    [] [I], [X];
    [const N: usize, const M: usize] [I; N], [X; M];
}
#[cfg(feature = "alloc")]
slices! {
    [] Vec<I>, Vec<X>;
}

/// Checks all samples before anything is changed: that there are some, and that their classes exist.
pub(crate) fn check<I, D: Samples<I>, O: Shape, T: Scalar>(samples: D) -> Result<u32, DataError>
where
    D::Target: Target<O, T>,
{
    let samples_count = samples.count()?;
    let count = u32::try_from(samples_count).map_err(|_| DataError::TooManySamples {
        samples: samples_count,
    })?;
    if count == 0 {
        return Err(DataError::NoSamples);
    }
    for sample in 0..samples_count {
        let (_, target) = samples
            .sample(sample)
            .ok_or(DataError::Missing { sample })?;
        if let Err(ClassOutOfRange { class, classes }) = target.kind() {
            return Err(DataError::ClassOutOfRange {
                sample,
                class,
                classes,
            });
        }
    }
    Ok(count)
}

/// What to tell of a step that was refused: that the data hold what is not finite, if the sample it met does.
#[cold]
pub(crate) fn refusal<I: Shape, O: Shape, T: Scalar, D>(
    samples: D,
    epoch: u32,
    place: Place,
) -> TrainingError
where
    D: Samples<I::Array<T>>,
    D::Target: Target<O, T>,
{
    if let Place::Sample(sample) = place
        && let Some((input, target)) = samples.sample(sample)
        && !(are_finite(values::<I, T>(input)) && are_finite(target.numbers()))
    {
        return TrainingError::SampleNotFinite { epoch, sample };
    }
    TrainingError::NotFinite { epoch, place }
}

#[inline]
pub(crate) fn are_finite<T: Scalar>(numbers: &[T]) -> bool {
    // a loop of known length is unrolled, to a kilobyte of flash for an image
    let numbers = if numbers.len() > 4 {
        black_box(numbers)
    } else {
        numbers
    };
    numbers.iter().all(|number| number.is_finite())
}

/// The inputs at the places that `index` gives: where they lie if that is side by side, else copied to the slots, of which
/// there are as many.
#[inline]
pub(crate) fn gather<'a, I: Element, D: Samples<I>>(
    samples: &'a D,
    first: u32,
    index: impl Fn(u32) -> u32,
    slots: &'a mut [I],
) -> &'a [I] {
    let (begin, count) = (index(first), slots.len());
    let mut side_by_side = true;
    for distance in 0..count as u32 {
        side_by_side &= index(first + distance).wrapping_sub(begin) == distance;
    }
    if side_by_side
        && let Some(inputs) = samples.inputs(begin as usize..begin as usize + count)
        && inputs.len() == count
    {
        return inputs;
    }
    for (place, slot) in (first..).zip(&mut *slots) {
        if let Some((input, _)) = samples.sample(index(place) as usize) {
            slot.clone_from(input);
        }
    }
    slots
}

/// The inputs of a network as a user writes them: `InputArray<Dense<U2, U1>, f32>` is `[f32; 2]`.
pub type InputArray<L, T> = <<L as crate::Layer>::Input as Shape>::Array<T>;
/// The outputs of a network as a user writes them: `OutputArray<Dense<U2, U1>, f32>` is `[f32; 1]`.
pub type OutputArray<L, T> = <<L as crate::Layer>::Output as Shape>::Array<T>;

/// An element as the one value of a slice of values.
#[inline]
pub(crate) fn values<S: Shape, T: Element>(array: &S::Array<T>) -> &[T] {
    S::flatten(core::slice::from_ref(array))
}

/// An element as the one value of a slice of values, to write.
#[inline]
pub(crate) fn values_mut<S: Shape, T: Element>(array: &mut S::Array<T>) -> &mut [T] {
    S::flatten_mut(core::slice::from_mut(array))
}
