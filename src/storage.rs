//! Where a flat array lies: on the stack, on the heap, or with somebody else.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec};
use core::borrow::Borrow;
use core::fmt::{Debug, Formatter};
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use generic_array::GenericArray;

use crate::size::FixedArray;
use crate::{Count, Element, Scalar, Size};

/// A kind of place for the parameters of a [`Network`](crate::Network).
///
/// | kind | an array is | made by | |
/// |---|---|---|---|
/// | [`Stack`] | a [`StackArray`] | `zeros`, `random`, `default` | part of the value that holds it, in a `static` too |
/// | `Heap` | a `HeapArray` | `random`, `default` | feature `alloc`; built in place, never on the stack first |
/// | [`Borrowed`] | a shared reference | `borrowed`, `split` | weights in flash, or a part of another network |
/// | [`BorrowedMut`] | an exclusive reference | `borrowed_mut`, `split_mut` | a part of another network, to train |
///
/// Code for networks in any of them takes the storage as a type:
///
/// ```
/// use sizednet::{Layer, Network, Storage, sizes::{U1, U2}};
///
/// fn answer<L: Layer<Input = U2, Output = U1>, S: Storage>(network: &Network<L, f32, S>) -> f32 {
///     network.forward(&[0.0, 1.0])[0]
/// }
/// ```
pub trait Storage {
    /// An array of `N` numbers.
    type Array<T: Scalar, N: Count>: Borrow<GenericArray<T, N>>;
}

/// A [`Storage`] that can be written: all but [`Borrowed`].
///
/// ```
/// use sizednet::{Layer, Network, StorageMut};
///
/// fn forget<L: Layer, S: StorageMut>(network: &mut Network<L, f32, S>) {
///     network.parameters_mut().fill(0.0);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be written",
    label = "can't be written",
    note = "`network.to_storage::<Stack>()` makes a copy that can"
)]
pub trait StorageMut: Storage {
    /// The array, to write.
    fn borrow_mut<T: Scalar, N: Count>(array: &mut Self::Array<T, N>) -> &mut GenericArray<T, N>;
}

/// A [`Storage`] that owns its arrays: [`Stack`] and `Heap`. A trainer keeps its gradient and its buffers in one.
///
/// ```
/// use sizednet::{Layer, Network, OwnedStorage, Storage};
///
/// /// A copy to train, of a network that may lie in flash.
/// fn trainable<L: Layer, S: Storage, D: OwnedStorage>(network: &Network<L, f32, S>) -> Network<L, f32, D> {
///     network.to_storage()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not own its numbers",
    label = "neither `Stack` nor `Heap`"
)]
pub trait OwnedStorage: StorageMut {
    /// An array for each sample of a block of `B`.
    type Rows<A: Element, B: Size>;
    /// Whether there are as many rows as the type says, not as many as are asked for.
    const ROWS_ARE_TYPES: bool;

    /// An array of zeros.
    fn zeros<T: Scalar, N: Count>() -> Self::Array<T, N>;
    /// An array of zeros for each sample; of a storage whose [rows are types](Self::ROWS_ARE_TYPES) for all of the block, of
    /// another for the first `rows`.
    fn zero_rows<A: Element, B: Size>(rows: usize) -> Self::Rows<A, B>;
    /// The arrays, to write.
    fn rows_mut<A: Element, B: Size>(rows: &mut Self::Rows<A, B>) -> &mut [A];
}

/// Parameters as a part of the value that holds them: a local variable, a field, a `static`.
///
/// ```
/// use sizednet::{Dense, Network, Stack, sizes::*};
///
/// // the default, so it seldom has to be written
/// struct Agent {
///     policy: Network<Dense<U2, U1>, f32, Stack>,
/// }
/// assert_eq!(size_of::<Agent>(), 3 * size_of::<f32>());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stack;

/// An array on the stack. With feature `simd` one of 64 numbers or more begins where a cache line does.
///
/// ```
/// use sizednet::{Dense, MeanSquaredError, Sgd, StackArray, Trainer, sizes::U3};
///
/// let optimizer = Sgd::new(0.1).momentum(0.9);
/// let trainer = Trainer::<Dense<U3, U3>, _, _>::stochastic(MeanSquaredError, optimizer);
/// let [velocity]: &[StackArray<f32, _>; 1] = &trainer.state().arrays;
/// assert_eq!(velocity.as_slice(), [0.0; 12]);
/// ```
#[derive(Clone)]
pub struct StackArray<T: Scalar, N: Count> {
    _alignment: N::Alignment,
    numbers: GenericArray<T, N>,
}

impl<T: Scalar, N: Count> StackArray<T, N> {
    pub(crate) const fn new(numbers: GenericArray<T, N>) -> Self {
        Self {
            _alignment: N::ALIGNED,
            numbers,
        }
    }
}

impl<T: Scalar, N: Count> Element for StackArray<T, N> {
    const ZERO: Self = Self {
        _alignment: N::ALIGNED,
        numbers: Element::ZERO,
    };
}

macro_rules! lends {
    ($array:ident, |$this:ident| $numbers:expr, $numbers_mut:expr) => {
        impl<T: Scalar, N: Count> Deref for $array<T, N> {
            type Target = GenericArray<T, N>;

            #[inline]
            fn deref(&self) -> &GenericArray<T, N> {
                let $this = self;
                $numbers
            }
        }
        impl<T: Scalar, N: Count> DerefMut for $array<T, N> {
            #[inline]
            fn deref_mut(&mut self) -> &mut GenericArray<T, N> {
                let $this = self;
                $numbers_mut
            }
        }
        impl<T: Scalar, N: Count> Borrow<GenericArray<T, N>> for $array<T, N> {
            #[inline]
            fn borrow(&self) -> &GenericArray<T, N> {
                self
            }
        }
        impl<'a, T: Scalar, N: Count> IntoIterator for &'a $array<T, N> {
            type Item = &'a T;
            type IntoIter = core::slice::Iter<'a, T>;

            fn into_iter(self) -> core::slice::Iter<'a, T> {
                self.iter()
            }
        }
        impl<T: Scalar, N: Count> PartialEq for $array<T, N> {
            fn eq(&self, other: &Self) -> bool {
                **self == **other
            }
        }
        impl<T: Scalar, N: Count> Debug for $array<T, N> {
            fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

lends!(StackArray, |array| &array.numbers, &mut array.numbers);

impl Storage for Stack {
    type Array<T: Scalar, N: Count> = StackArray<T, N>;
}

impl StorageMut for Stack {
    #[inline]
    fn borrow_mut<T: Scalar, N: Count>(array: &mut StackArray<T, N>) -> &mut GenericArray<T, N> {
        array
    }
}

impl OwnedStorage for Stack {
    type Rows<A: Element, B: Size> = B::Array<A>;
    const ROWS_ARE_TYPES: bool = true;

    fn zeros<T: Scalar, N: Count>() -> StackArray<T, N> {
        Element::ZERO
    }
    fn zero_rows<A: Element, B: Size>(_: usize) -> B::Array<A> {
        Element::ZERO
    }
    fn rows_mut<A: Element, B: Size>(rows: &mut B::Array<A>) -> &mut [A] {
        rows.as_mut_slice()
    }
}

/// Parameters in a box, built in place: for networks that are large for a stack. What passes between two layers still
/// lies there, for a block of samples: about 512 KiB at most where more than one sample
/// [fits](crate::Fitting); `Trainer::STACK_BYTES` says how much it is at most. For threads of smaller stacks name a block, as in `MiniBatch<U64, U1>`.
///
/// ```
/// use sizednet::{Adam, CrossEntropy, Dense, Heap, MiniBatch, Network, Relu, Trainer, sizes::*};
///
/// type Digits = (Dense<U784, U512, Relu>, Dense<U512, U10>);
/// let network = Network::<Digits, f32, Heap>::default(); // 1.6 MB
/// // with gradient, Adam's two arrays and the buffers of a batch in boxes as well
/// let trainer =
///     Trainer::<Digits, _, _, MiniBatch<U32>, f32, Heap>::new(CrossEntropy, Adam::new(0.001));
/// ```
#[cfg(feature = "alloc")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heap;

/// An array on the heap, made of zeros there. With feature `simd` it begins where a cache line does.
///
/// ```
/// use sizednet::{Heap, HeapArray, OwnedStorage, sizes::U3};
///
/// let array: HeapArray<f32, U3> = Heap::zeros();
/// assert_eq!(array.as_slice(), [0.0; 3]);
/// ```
#[cfg(feature = "alloc")]
pub struct HeapArray<T: Scalar, N: Count> {
    /// The numbers, from the first place that is aligned; more room than they need.
    room: Box<[T]>,
    first: usize,
    count: PhantomData<fn() -> N>,
}

/// In bytes.
#[cfg(feature = "alloc")]
const CACHE_LINE: usize = if cfg!(feature = "simd") { 64 } else { 1 };

#[cfg(feature = "alloc")]
impl<T: Scalar, N: Count> HeapArray<T, N> {
    fn zeros() -> Self {
        let spare = CACHE_LINE / size_of::<T>();
        let room = vec![T::ZERO; N::USIZE + spare].into_boxed_slice();
        let first = match spare {
            0 => 0,
            _ => room.as_ptr().align_offset(CACHE_LINE).min(spare),
        };
        Self {
            room,
            first,
            count: PhantomData,
        }
    }
    fn numbers(&self) -> &[T] {
        &self.room[self.first..self.first + N::USIZE]
    }
    fn numbers_mut(&mut self) -> &mut [T] {
        &mut self.room[self.first..self.first + N::USIZE]
    }
}

#[cfg(feature = "alloc")]
lends!(
    HeapArray,
    |array| GenericArray::from_slice(array.numbers()),
    GenericArray::from_mut_slice(array.numbers_mut())
);

#[cfg(feature = "alloc")]
impl<T: Scalar, N: Count> Clone for HeapArray<T, N> {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros();
        copy.numbers_mut().copy_from_slice(self.numbers());
        copy
    }
}

#[cfg(feature = "alloc")]
impl Storage for Heap {
    type Array<T: Scalar, N: Count> = HeapArray<T, N>;
}

#[cfg(feature = "alloc")]
impl StorageMut for Heap {
    #[inline]
    fn borrow_mut<T: Scalar, N: Count>(array: &mut HeapArray<T, N>) -> &mut GenericArray<T, N> {
        array
    }
}

#[cfg(feature = "alloc")]
impl OwnedStorage for Heap {
    type Rows<A: Element, B: Size> = Box<[A]>;
    const ROWS_ARE_TYPES: bool = false;

    fn zeros<T: Scalar, N: Count>() -> HeapArray<T, N> {
        HeapArray::zeros()
    }
    fn zero_rows<A: Element, B: Size>(rows: usize) -> Box<[A]> {
        vec![A::ZERO; rows].into_boxed_slice()
    }
    fn rows_mut<A: Element, B: Size>(rows: &mut Box<[A]>) -> &mut [A] {
        rows
    }
}

/// Parameters that lie elsewhere, to read: in flash, or in another network.
///
/// ```
/// use sizednet::{Borrowed, Dense, GenericArray, Network, Parameters, sizes::*};
///
/// static FLASH: Parameters<Dense<U2, U1>> = GenericArray::from_array([1.0, 2.0, 3.0]);
/// static SUM: Network<Dense<U2, U1>, f32, Borrowed<'static>> = Network::borrowed(&FLASH);
/// assert_eq!(SUM.forward(&[1.0, 1.0]), [6.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borrowed<'a>(PhantomData<&'a ()>);

impl<'a> Storage for Borrowed<'a> {
    type Array<T: Scalar, N: Count> = &'a GenericArray<T, N>;
}

/// Parameters that lie elsewhere, to read and write: a part of another network that is trained by itself.
///
/// ```
/// use sizednet::{Dense, Network, sizes::*};
///
/// let mut network = Network::<(Dense<U2, U2>, Dense<U2, U1>)>::zeros();
/// let (_body, mut head) = network.split_mut();
/// head.layers_mut().bias[0] = 1.0; // the head alone
/// assert_eq!(network.forward(&[0.0, 0.0]), [1.0]);
/// ```
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
