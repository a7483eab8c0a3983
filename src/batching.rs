//! How many samples make an update, and how many pass through together.

use core::marker::PhantomData;

use crate::Size;
use crate::sizes::{U1, U32};

/// How many samples pass through together where nothing else is said. It changes memory and speed, no bit.
///
/// The methods that end in `_in_blocks` set another number.
pub type DefaultBlock = U32;

/// How samples make an update: [`Stochastic`], [`MiniBatch`] or [`FullBatch`].
pub trait Batching: 'static {
    /// The most samples that pass through together.
    type Block: Size;
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
pub struct MiniBatch<N, B = DefaultBlock>(PhantomData<(N, B)>);

impl<N: Size, B: Size> Batching for MiniBatch<N, B> {
    type Block = B;
    const SAMPLES: Option<usize> = Some(N::USIZE);
}

/// One update for all samples, in their order; made by [`Trainer::full_batch`](crate::Trainer::full_batch).
#[derive(Debug)]
pub struct FullBatch<B = DefaultBlock>(PhantomData<B>);

impl<B: Size> Batching for FullBatch<B> {
    type Block = B;
    const SAMPLES: Option<usize> = None;
}

/// A way to batch for which [`Trainer::epoch`](crate::Trainer::epoch) needs no buffer from the caller: all with feature `alloc`, else
/// [`FullBatch`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` shuffles the samples and needs a buffer for their order",
    note = "call `epoch_with` with a `[u32]`, or enable the feature `alloc`"
)]
pub trait OwnOrder: Batching {}

impl<B: Size> OwnOrder for FullBatch<B> {}
#[cfg(feature = "alloc")]
impl OwnOrder for Stochastic {}
#[cfg(feature = "alloc")]
impl<N: Size, B: Size> OwnOrder for MiniBatch<N, B> {}
