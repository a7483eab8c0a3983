//! The trainers: stochastic, mini-batch and full-batch gradient descent.

#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};
use core::fmt::{Debug, Formatter};
use core::marker::PhantomData;

use generic_array::typenum::Unsigned;

use crate::batching::{Batching, FullBatch, MiniBatch, OwnOrder, Stochastic};
use crate::error::{Place, TrainingError};
use crate::gradient::{Batch, Block, divide};
use crate::kernel::group::GROUP;
use crate::layer::Noise;
use crate::loss::TakenBy;
use crate::network::Network;
use crate::optimizer::{Optimizer, ParameterState, State, descend_in_exchange, update_all};
use crate::order::shuffle;
use crate::sample::{InputArray, Samples, Target, check, refusal, values};
use crate::storage::{OwnedStorage, Stack, StorageMut};
use crate::{Element, Layer, Scalar, Shape, Size};

/// What an epoch found.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Epoch<T> {
    /// Its number, from 0.
    pub number: u32,
    /// The mean over the samples of their loss before the step they were part of.
    pub loss: T,
}

/// Trains networks of architecture `L`: a loss, an optimizer with its state, and the buffers of the way back.
///
/// ```
/// use sizednet::{Dense, MeanSquaredError, Network, Sgd, Trainer, sizes::*};
///
/// let samples = [([0.0], [1.0]), ([1.0], [3.0])];
/// let mut network = Network::<Dense<U1, U1>>::zeros();
/// let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(0.5));
/// for epoch in trainer.epochs(&mut network, &samples).take(200) {
///     epoch?;
/// }
/// assert!((network.forward(&[2.0])[0] - 5.0).abs() < 1e-3);
/// # Ok::<(), sizednet::TrainingError>(())
/// ```
pub struct Trainer<
    L: Layer,
    E,
    O: Optimizer<T>,
    M: Batching = Stochastic,
    T: Scalar = f32,
    S: OwnedStorage = Stack,
> {
    loss: E,
    optimizer: O,
    state: State<O::State, T, L::Parameters, S>,
    gradient: S::Array<T, L::Parameters>,
    block: Block<L, T, S, M>,
    seed: u64,
    epoch: u32,
    #[cfg(feature = "alloc")]
    order: Vec<u32>,
    batching: PhantomData<fn() -> M>,
}

impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar> Trainer<L, E, O, M, T, Stack> {
    const fn on_stack(loss: E, optimizer: O) -> Self {
        Self {
            loss,
            optimizer,
            state: State::ZERO,
            gradient: Element::ZERO,
            block: Block::ZERO,
            seed: 0,
            epoch: 0,
            #[cfg(feature = "alloc")]
            order: Vec::new(),
            batching: PhantomData,
        }
    }
}

impl<L: Layer, E, O: Optimizer<T>, T: Scalar> Trainer<L, E, O, Stochastic, T, Stack> {
    /// An update for each sample, in a fresh random order.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Network, Sgd, Trainer, sizes::U1};
    ///
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    /// let loss = trainer.step(&mut network, &[1.0], &[2.0])?; // before the step
    /// assert_eq!(loss, 4.0);
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    pub const fn stochastic(loss: E, optimizer: O) -> Self {
        Self::on_stack(loss, optimizer)
    }
    /// An update for every `N` samples, in a fresh random order.
    ///
    /// ```
    /// use sizednet::{Adam, Class, CrossEntropy, Dense, Network, Trainer, sizes::*};
    ///
    /// let samples = vec![([0.0, 1.0], Class(2)); 100];
    /// let mut network = Network::<Dense<U2, U3>>::zeros();
    /// let mut trainer = Trainer::mini_batch::<U32>(CrossEntropy, Adam::new(0.01));
    /// let epoch = trainer.epoch(&mut network, &samples)?; // 4 updates
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    pub const fn mini_batch<N: Size>(
        loss: E,
        optimizer: O,
    ) -> Trainer<L, E, O, MiniBatch<N>, T, Stack> {
        Trainer::on_stack(loss, optimizer)
    }
    /// [`mini_batch`](Self::mini_batch) in blocks of `B` samples: fewer take less memory.
    pub const fn mini_batch_in_blocks<N: Size, B: Size>(
        loss: E,
        optimizer: O,
    ) -> Trainer<L, E, O, MiniBatch<N, B>, T, Stack> {
        Trainer::on_stack(loss, optimizer)
    }
    /// One update for all samples, in their order; the [type](Self) has an example.
    pub const fn full_batch(loss: E, optimizer: O) -> Trainer<L, E, O, FullBatch, T, Stack> {
        Trainer::on_stack(loss, optimizer)
    }
    /// [`full_batch`](Self::full_batch) in blocks of `B` samples: fewer take less memory.
    pub const fn full_batch_in_blocks<B: Size>(
        loss: E,
        optimizer: O,
    ) -> Trainer<L, E, O, FullBatch<B>, T, Stack> {
        Trainer::on_stack(loss, optimizer)
    }
}

impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar, S: OwnedStorage>
    Trainer<L, E, O, M, T, S>
{
    /// A trainer whose kind the type names, as in
    /// `Trainer::<_, _, _, MiniBatch<U32>, f32, Heap>::new(CrossEntropy, Adam::new(0.001))`.
    pub fn new(loss: E, optimizer: O) -> Self {
        Self {
            loss,
            optimizer,
            state: State::zeros(),
            gradient: S::zeros(),
            block: Block::zeros(),
            seed: 0,
            epoch: 0,
            #[cfg(feature = "alloc")]
            order: Vec::new(),
            batching: PhantomData,
        }
    }

    /// The bytes of training: the network's parameters, gradient, optimizer state, the buffers of a block, and
    /// [`STACK_BYTES`](Self::STACK_BYTES). The settings, frames (with feature `simd` a kernel's copies of up to 8,192 numbers
    /// among them), and the order of the samples where [`epoch`](Self::epoch) keeps it, come on top.
    pub const TRAINING_BYTES: usize = {
        let arrays =
            (2 + <O::State as ParameterState<T>>::COUNT) * <L::Parameters as Unsigned>::USIZE;
        (arrays + Block::<L, T, S, M>::VALUES) * size_of::<T>() + Self::STACK_BYTES
    };
    /// The bytes of training that lie on the stack at most: for each sample of a block the gradients between layers and the values inside
    /// them, the buffers of convolutions and recurrent layers, and the gradients of a sample's outputs. Network and
    /// trainer may lie in a `static`, which this is all that a step adds to; frames come on top.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Sgd, Trainer, sizes::*};
    ///
    /// type Controller = (Dense<U4, U8>, Dense<U8, U2>);
    /// type Learner = Trainer<Controller, MeanSquaredError, Sgd>;
    /// const _: () = assert!(Learner::TRAINING_BYTES <= 1024, "it has to fit 1 KB");
    /// const _: () = assert!(Learner::STACK_BYTES == 4 * (8 + 2));
    /// ```
    pub const STACK_BYTES: usize = {
        let outputs = <<L::Output as Shape>::Len as Unsigned>::USIZE;
        (Block::<L, T, S, M>::STACK_VALUES + outputs) * size_of::<T>()
    };

    /// Sets the seed of the order of the samples, 0 by default.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Sgd, Trainer, sizes::U1};
    ///
    /// let mut trainer = Trainer::<Dense<U1, U1>, _, _>::stochastic(MeanSquaredError, Sgd::new(0.1));
    /// trainer.seed(7);
    /// ```
    pub fn seed(&mut self, seed: u64) -> &mut Self {
        self.seed = seed;
        self
    }
    pub(crate) const fn own_seed(&self) -> u64 {
        self.seed
    }
    /// The number of the next epoch.
    pub const fn next_epoch(&self) -> u32 {
        self.epoch
    }
    /// Goes on from an epoch: with the same parameters, [state](Self::state_mut) and seed, training goes on bit for
    /// bit as if it had not stopped.
    ///
    /// ```
    /// use sizednet::{Adam, Dense, MeanSquaredError, Network, Trainer, sizes::U1};
    ///
    /// let samples = [([0.0], [1.0]), ([1.0], [3.0]), ([2.0], [5.0])];
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// let mut trainer = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
    /// trainer.epoch(&mut network, &samples)?;
    /// // another day: parameters, state, seed and epoch number were saved
    /// let mut again = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
    /// again.state_mut().arrays = trainer.state().arrays.clone();
    /// again.state_mut().updates = trainer.state().updates;
    /// again.resume_at(trainer.next_epoch());
    /// let mut copy = network.clone();
    /// assert_eq!(again.epoch(&mut copy, &samples)?, trainer.epoch(&mut network, &samples)?);
    /// assert_eq!(copy, network);
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    pub fn resume_at(&mut self, epoch: u32) -> &mut Self {
        self.epoch = epoch;
        self
    }
    /// The optimizer's state, to save.
    pub const fn state(&self) -> &State<O::State, T, L::Parameters, S> {
        &self.state
    }
    /// The optimizer's state, to restore.
    pub const fn state_mut(&mut self) -> &mut State<O::State, T, L::Parameters, S> {
        &mut self.state
    }

    /// One update from `count` of the samples, whose places in the caller's data `index` gives. Returns their part of
    /// the mean loss over all samples.
    #[inline]
    fn update<D, P>(
        &mut self,
        network: &mut Network<L, T, P>,
        samples: D,
        (count, all): (u32, u32),
        index: impl Fn(u32) -> u32,
    ) -> Result<T, Option<usize>>
    where
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        P: StorageMut,
    {
        let of = T::from_u32(all);
        let noise = Noise {
            seed: self.seed,
            update: self.state.updates,
            ..Noise::default()
        };
        let parameters = network.parameters_mut().as_mut_slice();
        // with feature `small` only batches of one sample by their type have code of their own
        if L::DESCENDS
            && (M::SAMPLES == Some(1) || !cfg!(feature = "small") && count == 1)
            && let Some(rate) = self.optimizer.plain_rate(self.state.updates)
        {
            let place = index(0) as usize;
            let loss = samples.sample(place).and_then(|(input, target)| {
                let sample = (values::<L::Input, T>(input), target.kind().ok()?);
                self.block
                    .descend(parameters, &self.loss, sample, of, rate, noise)
            });
            if let Some(loss) = loss {
                self.state.updates = self.state.updates.saturating_add(1);
                return Ok(loss);
            }
            // without feature `small` a cheap bound refused it: below each parameter is tried
            if cfg!(feature = "small") {
                return Err(Some(place));
            }
        }
        let batch = Batch {
            samples,
            count,
            of,
            index,
            noise,
        };
        if Block::<L, T, S, M>::GROUPS
            && count == GROUP as u32
            && let Some(rate) = self.optimizer.plain_rate(self.state.updates)
            && let Some(loss) = self
                .block
                .descend_group(parameters, &self.loss, &batch, rate)
        {
            self.state.updates = self.state.updates.saturating_add(1);
            return Ok(loss);
        }
        let gradient = S::borrow_mut(&mut self.gradient).as_mut_slice();
        let loss = self
            .block
            .sum(parameters, &self.loss, &batch, 0..count, gradient);
        // to multiply by a power of two has the same bits, and needs no pass of its own
        let share = if O::READS_GRADIENT || !count.is_power_of_two() {
            divide(gradient, count);
            T::ONE
        } else {
            T::ONE / T::from_u32(count)
        };
        let updated = loss.is_finite()
            && if let Some(rate) = self.optimizer.plain_rate(self.state.updates) {
                let finite = descend_in_exchange(rate, parameters, (gradient, share));
                self.state.updates = self.state.updates.saturating_add(u32::from(finite));
                finite
            } else {
                update_all(
                    &self.optimizer,
                    &mut self.state,
                    parameters,
                    (gradient, share),
                )
                .is_ok()
            };
        if updated {
            return Ok(loss);
        }
        Err(self.block.culprit(parameters, &self.loss, &batch, gradient))
    }

    /// One update from one sample; returns its loss before the update.
    ///
    /// # Errors
    ///
    /// [`TrainingError`] if the class is out of range or a value is not finite; network and state are then as before.
    #[inline]
    pub fn step<X, P>(
        &mut self,
        network: &mut Network<L, T, P>,
        input: &InputArray<L, T>,
        target: &X,
    ) -> Result<T, TrainingError>
    where
        X: Target<L::Output, T, Kind: TakenBy<E, T>>,
        P: StorageMut,
    {
        let sample = One(input, target);
        check::<_, _, L::Output, T>(sample)?;
        let epoch = self.epoch;
        self.update(network, sample, (1, 1), |index| index)
            .map_err(|_| refusal::<L::Input, L::Output, T, _>(sample, epoch, Place::Sample(0)))
    }

    /// One epoch whose order of samples is written to `order`, of which it takes as many numbers as there are samples;
    /// a batch of all samples leaves it alone.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Network, Sgd, Trainer, sizes::U1};
    ///
    /// static SAMPLES: [([f32; 1], [f32; 1]); 2] = [([0.0], [1.0]), ([1.0], [3.0])]; // in flash
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    /// let mut order = [0; 2];
    /// let epoch = trainer.epoch_with(&mut network, &SAMPLES, &mut order)?; // without a heap
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TrainingError`] if the data cannot be used, `order` is too short or a value is not finite.
    pub fn epoch_with<D, P>(
        &mut self,
        network: &mut Network<L, T, P>,
        samples: D,
        order: &mut [u32],
    ) -> Result<Epoch<T>, TrainingError>
    where
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        P: StorageMut,
    {
        let count = check::<_, _, L::Output, T>(samples)?;
        let number = self.epoch;
        let refused = |place| refusal::<L::Input, L::Output, T, _>(samples, number, place);
        // one type for all batches, so that an update is compiled once; the compiler sees that all samples are in their order
        let index = |first: u32, shuffled| {
            move |i: u32| match M::SAMPLES {
                None => i,
                Some(_) => {
                    let place = first + i;
                    <[u32]>::get(shuffled, place as usize)
                        .copied()
                        .unwrap_or(place)
                }
            }
        };
        let Some(batch) = M::SAMPLES else {
            let loss = self
                .update(network, samples, (count, count), index(0, &[]))
                .map_err(|sample| refused(sample.map_or(Place::Batch(0), Place::Sample)))?;
            self.epoch = number.wrapping_add(1);
            return Ok(Epoch { number, loss });
        };
        // of one batch the order is left alone
        let mut shuffled: &[u32] = &[];
        if batch < count as usize {
            let (given, wanted) = (order.len(), count as usize);
            let order = order
                .get_mut(..wanted)
                .ok_or(TrainingError::OrderTooShort { given, wanted })?;
            shuffle(self.seed, number, order);
            shuffled = order;
        }
        let batch = (batch.max(1) as u32).min(count);
        let (mut loss, mut first) = (T::ZERO, 0);
        while first < count {
            let here = batch.min(count - first);
            loss += self
                .update(network, samples, (here, count), index(first, shuffled))
                .map_err(|sample| {
                    // 0 it is never, but the compiler does not see that
                    let batch = Place::Batch(first.checked_div(batch).unwrap_or(0) as usize);
                    refused(sample.map_or(batch, Place::Sample))
                })?;
            first += here;
        }
        self.epoch = number.wrapping_add(1);
        Ok(Epoch { number, loss })
    }

    /// One epoch: every sample once.
    ///
    /// ```
    /// use sizednet::{Dense, EarlyStop, MeanSquaredError, Network, Sgd, Trainer, sizes::U1};
    ///
    /// let (train, validation) = ([([0.0], [1.0]), ([1.0], [3.0])], [([0.5], [2.0])]);
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    /// let mut stop = EarlyStop::patience(10);
    /// for _ in 0..200 {
    ///     trainer.epoch(&mut network, &train)?;
    ///     if stop.see(network.evaluate(&validation, &MeanSquaredError)?.loss, &network) {
    ///         break;
    ///     }
    /// }
    /// stop.restore(&mut network);
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TrainingError`] if the data cannot be used or a value is not finite.
    pub fn epoch<D, P>(
        &mut self,
        network: &mut Network<L, T, P>,
        samples: D,
    ) -> Result<Epoch<T>, TrainingError>
    where
        M: OwnOrder,
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        P: StorageMut,
    {
        #[cfg(feature = "alloc")]
        if let Some(batch) = M::SAMPLES {
            let count = check::<_, _, L::Output, T>(samples)? as usize;
            if batch < count && self.order.len() < count {
                self.order = vec![0; count];
            }
            let mut order = core::mem::take(&mut self.order);
            let result = self.epoch_with(network, samples, &mut order);
            self.order = order;
            return result;
        }
        self.epoch_with(network, samples, &mut [])
    }

    /// Epochs without end (take as many as you want); after an error there are no more. The [type](Self) has an
    /// example.
    pub fn epochs<'a, D, P>(
        &'a mut self,
        network: &'a mut Network<L, T, P>,
        samples: D,
    ) -> impl Iterator<Item = Result<Epoch<T>, TrainingError>>
    where
        M: OwnOrder,
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        P: StorageMut,
    {
        until_error(move || self.epoch(network, samples))
    }
}

/// Epochs without end; after an error there are no more.
pub(crate) fn until_error<T>(
    mut epoch: impl FnMut() -> Result<Epoch<T>, TrainingError>,
) -> impl Iterator<Item = Result<Epoch<T>, TrainingError>> {
    let mut failed = false;
    core::iter::from_fn(move || {
        if failed {
            return None;
        }
        let result = epoch();
        failed = result.is_err();
        Some(result)
    })
}

/// One sample that is borrowed in two halves.
struct One<'a, I, X>(&'a I, &'a X);

impl<I, X> Clone for One<'_, I, X> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, X> Copy for One<'_, I, X> {}

impl<I, X> Samples<I> for One<'_, I, X> {
    type Target = X;

    fn count(&self) -> Result<usize, crate::DataError> {
        Ok(1)
    }
    #[inline]
    fn sample(&self, _: usize) -> Option<(&I, &X)> {
        Some((self.0, self.1))
    }
}

impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar, S: OwnedStorage> Debug
    for Trainer<L, E, O, M, T, S>
{
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Trainer before epoch {} with {:?}",
            self.epoch, self.state
        )
    }
}
