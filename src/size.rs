//! What may stand as a dimension: a number from a table, with its array.

use core::fmt::Debug;

use const_default::ConstDefault;
use generic_array::typenum::{Const, UInt, UTerm};
use generic_array::{ArrayLength, GenericArray};

use crate::Scalar;

mod table;

/// The sizes by name: `U1` to `U1024`, then each multiple of 64 up to `U16384`.
pub mod sizes {
    pub use super::table::names::*;
}

/// A number of values that typenum computes, such as the number of parameters of a network.
///
/// Any length of a [`GenericArray`] is one. Unlike a [`Size`] it need not stand in a table.
///
/// ```
/// use sizednet::{Dense, Layer, generic_array::typenum::Unsigned, sizes::*};
///
/// // 1,000 * 1,000 weights and 1,000 biases
/// assert_eq!(<Dense<U1000, U1000> as Layer>::Parameters::USIZE, 1_001_000);
/// ```
pub trait Count:
    ArrayLength<ArrayType<f32>: ConstDefault, ArrayType<f64>: ConstDefault> + Place
{
}

impl<N> Count for N where
    N: ArrayLength<ArrayType<f32>: ConstDefault, ArrayType<f64>: ConstDefault> + Place
{
}

/// Where an array of so many numbers begins.
#[doc(hidden)]
pub trait Place {
    /// Takes no room, and is aligned as the array should be.
    type Alignment: Copy + Debug + PartialEq + Send + Sync + 'static;
    /// An alignment is its only value.
    const ALIGNED: Self::Alignment;
}

/// By the binary digits of the count.
macro_rules! place {
    ($alignment:ty, $aligned:expr; $count:ty $(, $digit:ident)*) => {
        impl<$($digit),*> Place for $count {
            type Alignment = $alignment;
            const ALIGNED: $alignment = $aligned;
        }
    };
    (few: $count:ty $(, $digit:ident)*; ) => { place!((), (); $count $(, $digit)*); };
    (few: $count:ty $(, $digit:ident)*; $next:ident $($more:ident)*) => {
        place!((), (); $count $(, $digit)*);
        place!(few: UInt<$count, $next> $(, $digit)*, $next; $($more)*);
    };
    (many: $count:ty $(, $digit:ident)*; ) => { place!([Line; 0], []; $count $(, $digit)*); };
    (many: $count:ty $(, $digit:ident)*; $next:ident $($more:ident)*) => {
        place!(many: UInt<$count, $next> $(, $digit)*, $next; $($more)*);
    };
}

// fewer than 64 numbers lie where they are
place!(few: UTerm; A B C D E F);
// 64 numbers or more begin where a cache line does: a vector that lies across two is read twice
place!(many: U, U; A B C D E F G);

/// Aligned as a cache line, where vectors are read.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "simd", repr(align(64)))]
pub struct Line;

/// A buffer that begins where a cache line does.
pub(crate) struct Lined<A> {
    pub(crate) values: A,
    _alignment: Line,
}

impl<A> Lined<A> {
    #[inline(always)]
    pub(crate) const fn new(values: A) -> Self {
        Self {
            values,
            _alignment: Line,
        }
    }
}

impl<A: Element> Lined<A> {
    pub(crate) const ZERO: Self = Self::new(A::ZERO);
}

/// A dimension: `U1` to `U1024`, or a multiple of 64 up to `U16384`.
///
/// A size is a type of typenum that knows its array: `<U3 as Size>::Array<f32>` is `[f32; 3]`. The trait is
/// implemented for the numbers in [`sizes`] and for nothing else.
///
/// ```
/// use sizednet::{Size, sizes::U3};
///
/// let array: <U3 as Size>::Array<f32> = [1.0, 2.0, 3.0];
/// ```
#[diagnostic::on_unimplemented(
    message = "not a size: sizes are `U1` to `U1024` and the multiples of 64 up to `U16384`",
    label = "not a size",
    note = "find them in `sizednet::sizes`",
    note = "messages spell a number by its binary digits: `UTerm` is 0, `UInt<UInt<UTerm, B1>, B0>` is 2"
)]
pub trait Size: Count {
    /// `[T; N]`.
    type Array<T: Element>: FixedArray<T>;
}

/// What may lie in a fixed array: numbers, and arrays of them.
///
/// Its zero is a constant, so that a network can be made in a `static`.
///
/// ```
/// assert_eq!(<[[f32; 2]; 3] as sizednet::Element>::ZERO, [[0.0; 2]; 3]);
/// ```
pub trait Element: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// Zero, or an array of zeros.
    const ZERO: Self;
}

impl Element for f32 {
    const ZERO: Self = 0.0;
}

impl Element for f64 {
    const ZERO: Self = 0.0;
}

impl Element for u32 {
    const ZERO: Self = 0;
}

/// What a layer without a state keeps from step to step.
impl Element for () {
    const ZERO: Self = ();
}

impl<A: Element, B: Element> Element for (A, B) {
    const ZERO: Self = (A::ZERO, B::ZERO);
}

impl<T: Element, const N: usize> Element for [T; N] {
    const ZERO: Self = [T::ZERO; N];
}

impl<T: Scalar, N: Count> Element for GenericArray<T, N> {
    const ZERO: Self = <T::Zeros<N> as Constant<Self>>::VALUE;
}

/// A value known at compile time; what stable Rust offers in place of a `const` that is generic in its type.
#[doc(hidden)]
pub trait Constant<V> {
    /// The value.
    const VALUE: V;
}

/// A size as rustc prints it in a message: derived, since each type in the table costs compile time.
pub(crate) type Number<N> = <<N as Size>::Array<f32> as FixedArray<f32>>::Number;

/// An array `[T; N]`, whatever its length.
pub trait FixedArray<T>: Element {
    /// `Const<N>`, which rustc prints as a plain number.
    #[doc(hidden)]
    type Number;
    /// Its values.
    fn as_slice(&self) -> &[T];
    /// Its values, to write.
    fn as_mut_slice(&mut self) -> &mut [T];
    /// The values of all arrays, one array after the other.
    fn flatten(arrays: &[Self]) -> &[T];
    /// The values of all arrays, to write.
    fn flatten_mut(arrays: &mut [Self]) -> &mut [T];
    /// The values cut into arrays; a rest too short for one is left out.
    fn chunks(values: &[T]) -> &[Self];
    /// The values cut into arrays, to write.
    fn chunks_mut(values: &mut [T]) -> &mut [Self];
}

impl<T: Element, const N: usize> FixedArray<T> for [T; N] {
    type Number = Const<N>;

    fn as_slice(&self) -> &[T] {
        self
    }
    fn as_mut_slice(&mut self) -> &mut [T] {
        self
    }
    fn flatten(arrays: &[Self]) -> &[T] {
        arrays.as_flattened()
    }
    fn flatten_mut(arrays: &mut [Self]) -> &mut [T] {
        arrays.as_flattened_mut()
    }
    fn chunks(values: &[T]) -> &[Self] {
        values.as_chunks().0
    }
    fn chunks_mut(values: &mut [T]) -> &mut [Self] {
        values.as_chunks_mut().0
    }
}
