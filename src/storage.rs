//! Where a flat array lies: on the stack, on the heap, or with somebody else.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec};
use core::borrow::Borrow;
use core::fmt::Debug;
use core::marker::PhantomData;

use generic_array::GenericArray;

use crate::size::FixedArray;
use crate::{Count, Element, Scalar, Size};

/// A kind of place for the parameters of a [`Network`](crate::Network).
///
/// | kind | an array is | |
/// |---|---|---|
/// | [`Stack`] | a `GenericArray` | part of the value that holds it, in a `static` too |
/// | `Heap` | a `Box` of one | feature `alloc`; built in place, never on the stack first |
/// | [`Borrowed`] | a shared reference | weights in flash, or a part of another network |
/// | [`BorrowedMut`] | an exclusive reference | a part of another network, to train |
pub trait Storage {
    /// An array of `N` numbers.
    type Array<T: Scalar, N: Count>: Borrow<GenericArray<T, N>>;
}

/// A [`Storage`] that can be written: all but [`Borrowed`].
pub trait StorageMut: Storage {
    /// The array, to write.
    fn borrow_mut<T: Scalar, N: Count>(array: &mut Self::Array<T, N>) -> &mut GenericArray<T, N>;
}

/// A [`Storage`] that owns its arrays: [`Stack`] and `Heap`. A trainer keeps its gradient and its buffers in one.
pub trait OwnedStorage: StorageMut {
    /// An array for each sample of a block of `B`.
    type Rows<A: Element, B: Size>;

    /// An array of zeros.
    fn zeros<T: Scalar, N: Count>() -> Self::Array<T, N>;
    /// An array of zeros for each sample.
    fn zero_rows<A: Element, B: Size>() -> Self::Rows<A, B>;
    /// The arrays, to write.
    fn rows_mut<A: Element, B: Size>(rows: &mut Self::Rows<A, B>) -> &mut [A];
}

/// Parameters as a part of the value that holds them: a local variable, a field, a `static`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stack;

impl Storage for Stack {
    type Array<T: Scalar, N: Count> = GenericArray<T, N>;
}

impl StorageMut for Stack {
    fn borrow_mut<T: Scalar, N: Count>(array: &mut GenericArray<T, N>) -> &mut GenericArray<T, N> {
        array
    }
}

impl OwnedStorage for Stack {
    type Rows<A: Element, B: Size> = B::Array<A>;

    fn zeros<T: Scalar, N: Count>() -> GenericArray<T, N> {
        Element::ZERO
    }
    fn zero_rows<A: Element, B: Size>() -> B::Array<A> {
        Element::ZERO
    }
    fn rows_mut<A: Element, B: Size>(rows: &mut B::Array<A>) -> &mut [A] {
        rows.as_mut_slice()
    }
}

/// Parameters in a box, built in place: for networks that are large for a stack.
#[cfg(feature = "alloc")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heap;

#[cfg(feature = "alloc")]
impl Storage for Heap {
    type Array<T: Scalar, N: Count> = Box<GenericArray<T, N>>;
}

#[cfg(feature = "alloc")]
impl StorageMut for Heap {
    fn borrow_mut<T: Scalar, N: Count>(
        array: &mut Box<GenericArray<T, N>>,
    ) -> &mut GenericArray<T, N> {
        array
    }
}

#[cfg(feature = "alloc")]
impl OwnedStorage for Heap {
    type Rows<A: Element, B: Size> = Box<[A]>;

    fn zeros<T: Scalar, N: Count>() -> Box<GenericArray<T, N>> {
        GenericArray::default_boxed()
    }
    fn zero_rows<A: Element, B: Size>() -> Box<[A]> {
        vec![A::ZERO; B::USIZE].into_boxed_slice()
    }
    fn rows_mut<A: Element, B: Size>(rows: &mut Box<[A]>) -> &mut [A] {
        rows
    }
}

/// Parameters that lie elsewhere, to read: in flash, or in another network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borrowed<'a>(PhantomData<&'a ()>);

impl<'a> Storage for Borrowed<'a> {
    type Array<T: Scalar, N: Count> = &'a GenericArray<T, N>;
}

/// Parameters that lie elsewhere, to read and write: a part of another network that is trained by itself.
#[derive(Debug, PartialEq, Eq)]
pub struct BorrowedMut<'a>(PhantomData<&'a mut ()>);

impl<'a> Storage for BorrowedMut<'a> {
    type Array<T: Scalar, N: Count> = &'a mut GenericArray<T, N>;
}

impl StorageMut for BorrowedMut<'_> {
    fn borrow_mut<T: Scalar, N: Count>(array: &mut Self::Array<T, N>) -> &mut GenericArray<T, N> {
        array
    }
}
