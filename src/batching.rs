//! How many samples make an update, and how many pass through together.

use core::marker::PhantomData;

use generic_array::typenum::Unsigned;

use crate::Size;
use crate::sizes::{U1, U32};

/// How many samples pass through together where nothing else is said and they [fit](Fitting). It changes memory and speed,
/// no bit.
///
/// The methods that end in `_in_blocks` set another number.
pub type DefaultBlock = U32;

/// Blocks of [`DefaultBlock`] samples, or of 16, 8, 4 or 1 where so many would take more than 512 KiB of the stack, as in
/// large networks of convolutions. No bit depends on it.
///
/// It is what a trainer has where no size is named; one that is named is taken as it is. A trainer on `Stack` has room for 32
/// samples in its own value, however many fit: name a smaller block to make it smaller.
///
/// ```
/// use sizednet::{Adam, Conv2d, CrossEntropy, Heap, Image, MiniBatch, Relu, Trainer, sizes::*};
///
/// type Large = (Conv2d<Image<U1, U64, U64>, U16, U3, Relu>, Conv2d<Image<U16, U62, U62>, U4, U3>);
/// type Fits<M> = Trainer<Large, CrossEntropy, Adam, M, f32, Heap>;
/// assert!(Fits::<MiniBatch<U64>>::STACK_BYTES < 700_000); // blocks of one
/// assert!(Fits::<MiniBatch<U64, U32>>::STACK_BYTES > 7_000_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fitting;

/// The most bytes of the stack that a [`Fitting`] block takes: a quarter of what a thread has, and half of what the main one
/// has on Windows.
const MOST_BYTES: usize = 512 * 1024;

/// How many samples pass through together in a [`Fitting`] block, where each takes so many bytes of the stack, and all
/// together so many more.
pub(crate) const fn fitting(bytes_of_a_sample: usize, bytes_once: usize) -> usize {
    let most = MOST_BYTES.saturating_sub(bytes_once);
    let mut block = <DefaultBlock as Unsigned>::USIZE;
    while block > 4 && block * bytes_of_a_sample > most {
        block /= 2;
    }
    if block * bytes_of_a_sample > most {
        1
    } else {
        block
    }
}

/// Runs code in which a type is the size of a [`Fitting`] block; for the other sizes it is not compiled.
macro_rules! in_fitting_blocks {
    (($bytes_of_a_sample:expr, $bytes_once:expr), $block:ident => $run:expr) => {
        $crate::batching::in_fitting_blocks!(
            ($bytes_of_a_sample, $bytes_once), $block => $run; U32 U16 U8 U4 U1
        )
    };
    (($bytes_of_a_sample:expr, $bytes_once:expr), $block:ident => $run:expr; $last:ident) => {{
        type $block = $crate::sizes::$last;
        $run
    }};
    (($bytes_of_a_sample:expr, $bytes_once:expr), $block:ident => $run:expr; $size:ident $($smaller:ident)+) => {
        if const {
            let size = <$crate::sizes::$size as generic_array::typenum::Unsigned>::USIZE;
            $crate::batching::fitting($bytes_of_a_sample, $bytes_once) == size
        } {
            type $block = $crate::sizes::$size;
            $run
        } else {
            $crate::batching::in_fitting_blocks!(
                ($bytes_of_a_sample, $bytes_once), $block => $run; $($smaller)+
            )
        }
    };
}
pub(crate) use in_fitting_blocks;

/// How samples make an update: [`Stochastic`], [`MiniBatch`] or [`FullBatch`].
pub trait Batching: 'static {
    /// The most samples that pass through together.
    type Block: Size;
    /// Whether a block is [`Fitting`]: of fewer samples where so many would take too much of the stack.
    const FITS: bool = false;
    /// Samples of an update; `None` for all.
    const SAMPLES: Option<usize>;
}

/// An update for each sample, in a fresh random order; made by [`Trainer::stochastic`](crate::Trainer::stochastic).
#[derive(Debug)]
pub struct Stochastic;

impl Batching for Stochastic {
    type Block = U1;
    const SAMPLES: Option<usize> = Some(1);
}

/// An update for every `N` samples, in a fresh random order; the last batch of an epoch may be smaller. Made by
/// [`Trainer::mini_batch`](crate::Trainer::mini_batch).
#[derive(Debug)]
pub struct MiniBatch<N, B = Fitting>(PhantomData<(N, B)>);

impl<N: Size, B: Size> Batching for MiniBatch<N, B> {
    type Block = B;
    const SAMPLES: Option<usize> = Some(N::USIZE);
}

impl<N: Size> Batching for MiniBatch<N> {
    type Block = DefaultBlock;
    const FITS: bool = true;
    const SAMPLES: Option<usize> = Some(N::USIZE);
}

/// One update for all samples, in their order; made by [`Trainer::full_batch`](crate::Trainer::full_batch).
#[derive(Debug)]
pub struct FullBatch<B = Fitting>(PhantomData<B>);

impl<B: Size> Batching for FullBatch<B> {
    type Block = B;
    const SAMPLES: Option<usize> = None;
}

impl Batching for FullBatch {
    type Block = DefaultBlock;
    const FITS: bool = true;
    const SAMPLES: Option<usize> = None;
}

/// A way to batch for which [`Trainer::epoch`](crate::Trainer::epoch) needs no buffer from the caller: all with feature `alloc`, else
/// [`FullBatch`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` shuffles the samples and needs a buffer for their order",
    note = "call `epoch_with` with a `[u32]`, or enable the feature `alloc`"
)]
pub trait OwnOrder: Batching {}

impl<B> OwnOrder for FullBatch<B> where Self: Batching {}
#[cfg(feature = "alloc")]
impl OwnOrder for Stochastic {}
#[cfg(feature = "alloc")]
impl<N, B> OwnOrder for MiniBatch<N, B> where Self: Batching {}
