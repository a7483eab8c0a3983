//! The trainer that uses all cores: the samples of a batch are shared out among the threads of a rayon pool.

use alloc::vec::Vec;
use core::fmt::{Debug, Formatter};
use core::iter;
use core::marker::PhantomData;
use core::mem;
use core::ops::Range;

use generic_array::typenum::Unsigned;
use rayon::prelude::*;

use crate::batching::{Batching, FullBatch, MiniBatch};
use crate::error::{Place, TrainingError};
use crate::gradient::{Batch, Block, divide};
use crate::kernel::{Elementwise, elementwise};
use crate::layer::{Noise, cut, cut_mut};
use crate::loss::TakenBy;
use crate::network::Network;
use crate::optimizer::{Fork, Optimizer, ParameterState, Pass, State};
use crate::order::shuffle;
use crate::sample::{InputArray, Samples, Target, check, refusal};
use crate::storage::{Heap, OwnedStorage, Storage, StorageMut};
use crate::trainer::{Epoch, until_error};
use crate::{Layer, Scalar, Size};

/// A batch has a lane for this many samples, and one for the rest of them,
const LANE_SAMPLES: u32 = 16;
/// but never more lanes than this: each has a gradient of its own.
const MOST_LANES: u32 = 16;
/// A batch whose samples times parameters are fewer is not worth a second thread,
const PARALLEL_FROM: u64 = 100_000;
/// nor is the sum of so many numbers of each lane's gradient,
const SUM_TASK: usize = 2048;
/// nor the update of so many parameters.
const UPDATE_TASK: usize = 8192;

/// A [`Trainer`](crate::Trainer) that shares out the samples of a batch among the threads of a [rayon] pool (feature
/// `rayon`).
///
/// ```
/// use sizednet::{Adam, Class, CrossEntropy, Dense, Heap, Network, ParallelTrainer, Relu, sizes::*};
///
/// type Digits = (Dense<U64, U128, Relu>, Dense<U128, U10>);
/// let samples = vec![([0.5; 64], Class(3)); 1000];
/// let mut network = Network::<Digits, f32, Heap>::default();
/// let mut trainer = ParallelTrainer::mini_batch::<U256>(CrossEntropy, Adam::new(0.01));
/// for epoch in trainer.epochs(&mut network, &samples).take(3) {
///     epoch?;
/// }
/// assert_eq!(network.classify(&[0.5; 64]), Class(3));
/// # Ok::<(), sizednet::TrainingError>(())
/// ```
///
/// # Bits
///
/// They are the same for any number of threads. A batch of `n` samples has `min(ceil(n / 16), 16)` lanes of as many
/// samples each, or one more, in the order of the batch. In a lane the gradients of the samples are added first to last;
/// then those of neighboring lanes are added, then those sums of neighbors, and so on; the last sum is divided by `n`. Losses
/// are added in the same way. So a batch of up to 16 samples has the bits of the sequential trainer; a larger one differs
/// from it in the order of its sums, and thus in its last bits. Batches hold the same samples as there.
///
/// # Speed
///
/// It uses the pool that it is called in, or else the global one (`pool.install(|| trainer.epoch(…))` names another),
/// where a batch has at least two lanes and its samples times parameters are at least 100,000; smaller ones stay on the
/// calling thread, since a second one would cost more than it does. An epoch enters the pool once. Microseconds of an epoch
/// of one step, each of which enters the pool, on an AMD EPYC (Zen 5, AVX-512) with two cores, `f32`; two threads are ahead
/// of the sequential trainer from about 1,500,000 samples times parameters on:
///
/// | network | batch | [`Trainer`](crate::Trainer) | one thread | two threads |
/// |---|---|---|---|---|
/// | 13-64-64-4 tanh, SGD | 32 | 9 | 32 | 21 |
/// | | 256 | 70 | 115 | 71 |
/// | | 1024 | 282 | 316 | 175 |
/// | 784-128-10 ReLU, SGD | 32 | 70 | 105 | 60 |
/// | | 256 | 515 | 635 | 337 |
/// | | 4096 | 8027 | 8271 | 4196 |
/// | 784-128-10 ReLU, Adam | 32 | 84 | 118 | 66 |
///
/// More threads than lanes do not help. On one thread the sequential trainer is faster, and takes less memory.
///
/// # Memory
///
/// All lies on the heap and is made by [`new`](Self::new), but for the order of the samples: what a trainer on the
/// [`Heap`] has, with a gradient and the buffers of a block for each lane ([`TRAINING_BYTES`](Self::TRAINING_BYTES)). What
/// passes between two layers lies on the stacks of the pool's threads: about 512 KiB at most where more than one sample
/// [fits](crate::Fitting).
pub struct ParallelTrainer<L: Layer, E, O: Optimizer<T>, M: Batching = FullBatch, T: Scalar = f32> {
    loss: E,
    optimizer: O,
    state: State<O::State, T, L::Parameters, Heap>,
    first: Lane<L, T, M>,
    others: Vec<Lane<L, T, M>>,
    seed: u64,
    epoch: u32,
    order: Vec<u32>,
    batching: PhantomData<fn() -> M>,
}

/// A share of a batch: its samples pass through one after the other, on one thread.
struct Lane<L: Layer, T: Scalar, M: Batching> {
    gradient: <Heap as Storage>::Array<T, L::Parameters>,
    block: Block<L, T, Heap, M>,
    loss: T,
}

impl<L: Layer, T: Scalar, M: Batching> Lane<L, T, M> {
    fn new() -> Self {
        Self {
            gradient: Heap::zeros(),
            block: Block::zeros(),
            loss: T::ZERO,
        }
    }
}

/// How many lanes a batch has: a function of its size alone.
const fn lanes_of(samples: u32) -> u32 {
    let lanes = samples.div_ceil(LANE_SAMPLES);
    if lanes < MOST_LANES {
        lanes
    } else {
        MOST_LANES
    }
}

/// The places of the batch that are in a lane: as many in each, or one more.
fn places(samples: u32, lanes: u32, lane: u32) -> Range<u32> {
    let start = |lane: u32| (u64::from(samples) * u64::from(lane) / u64::from(lanes)) as u32;
    start(lane)..start(lane + 1)
}

/// Adds all values to the first: neighbors, then the sums of neighbors, and so on.
#[inline(always)]
fn add_in_pairs<A>(values: &mut [A], add: impl Fn(&mut A, &A)) {
    let mut stride = 1;
    while stride < values.len() {
        for pair in values.chunks_mut(2 * stride) {
            if let Some(([left, ..], [right, ..])) = pair.split_at_mut_checked(stride) {
                add(left, right);
            }
        }
        stride *= 2;
    }
}

/// Adds numbers to others.
struct Add<'a, T>(&'a mut [T], &'a [T]);

impl<T: Scalar> Elementwise for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (left, right) in self.0.iter_mut().zip(self.1) {
            *left += *right;
        }
    }
}

/// A part of each lane's gradient; of lanes that there are not, nothing.
type Slices<'a, T> = [&'a mut [T]; MOST_LANES as usize];

/// Writes the mean over the samples to the first lane's part.
fn mean<T: Scalar>(mut slices: Slices<'_, T>, lanes: u32, samples: u32, parallel: bool) {
    let numbers = slices[0].len();
    if parallel && numbers > SUM_TASK {
        let half = half(numbers);
        let right = slices.each_mut().map(|slice| {
            let whole = mem::take(slice);
            let (left, right) = whole.split_at_mut(half.min(whole.len()));
            *slice = left;
            right
        });
        rayon::join(
            || mean(slices, lanes, samples, true),
            || mean(right, lanes, samples, true),
        );
        return;
    }
    let (lanes, _) = cut_mut(&mut slices, lanes as usize);
    add_in_pairs(lanes, |left, right| {
        elementwise(left.len(), Add(left, right));
    });
    let [first, ..] = slices;
    divide(first, samples);
}

/// Half of a length, but whole vectors.
const fn half(length: usize) -> usize {
    (length / 2).next_multiple_of(64)
}

/// What the steps of an epoch need, but for the arrays of the optimizer's state.
struct Steps<'a, L: Layer, E, O, T: Scalar, M: Batching> {
    loss: &'a E,
    optimizer: &'a O,
    updates: &'a mut u32,
    first: &'a mut Lane<L, T, M>,
    others: &'a mut [Lane<L, T, M>],
    parameters: &'a mut [T],
    seed: u64,
    parallel: bool,
}

impl<L: Layer, E: Sync, O: Optimizer<T, Step: Sync> + Sync, T: Scalar, M: Batching>
    Steps<'_, L, E, O, T, M>
{
    /// One update from the samples at these places of the caller's data. Returns their part of the mean loss over `all`.
    fn step<D>(
        &mut self,
        arrays: &mut <O::State as ParameterState<T>>::Arrays<&mut [T]>,
        samples: D,
        order: &[u32],
        all: u32,
    ) -> Result<T, Option<usize>>
    where
        D: Samples<InputArray<L, T>> + Sync,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
    {
        let (count, parallel) = (order.len() as u32, self.parallel);
        let batch = Batch {
            samples,
            count,
            of: T::from_u32(all),
            index: |place: u32| order.get(place as usize).copied().unwrap_or_default(),
            noise: Noise {
                seed: self.seed,
                update: *self.updates,
                ..Noise::default()
            },
        };
        let (loss, parameters) = (self.loss, &*self.parameters);
        let lanes = lanes_of(count);
        let pass = |(number, lane): (usize, &mut Lane<L, T, M>)| {
            let places = places(count, lanes, number as u32);
            lane.loss = lane
                .block
                .sum(parameters, loss, &batch, places, &mut lane.gradient);
        };
        let (others, _) = cut_mut(self.others, lanes as usize - 1);
        let first = &mut *self.first;
        if parallel && lanes > 1 {
            let all = rayon::iter::once(&mut *first).chain(others.par_iter_mut());
            all.enumerate().for_each(pass);
        } else {
            let all = iter::once(&mut *first).chain(others.iter_mut());
            all.enumerate().for_each(pass);
        }
        let mut losses = [T::ZERO; MOST_LANES as usize];
        let mut slices = Slices::default();
        let all = iter::once(&mut *first).chain(others);
        for ((lane, loss), slice) in all.zip(&mut losses).zip(&mut slices) {
            *loss = lane.loss;
            *slice = lane.gradient.as_mut_slice();
        }
        mean(slices, lanes, count, parallel);
        // lanes that there are not add 0
        add_in_pairs(&mut losses, |left, right| *left += *right);
        let ([loss, ..], gradient) = (losses, first.gradient.as_slice());
        if loss.is_finite() {
            let step = self.optimizer.prepare(*self.updates, gradient);
            // tried by all, then written by all
            let done = [false, true].into_iter().all(|write| {
                let arrays = O::State::slices(arrays, |array| array);
                update::<O, T>(write, &step, arrays, self.parameters, gradient, parallel)
            });
            if done {
                *self.updates = self.updates.saturating_add(1);
                return Ok(loss);
            }
        }
        Err(first
            .block
            .culprit(self.parameters, self.loss, &batch, &mut first.gradient))
    }
}

/// Two jobs in the pool of threads.
struct Rayon;

impl Fork for Rayon {
    fn join<A: Send, B: Send>(
        left: impl FnOnce() -> A + Send,
        right: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        rayon::join(left, right)
    }
}

/// Whether nothing is or becomes infinite or NaN; with `write` the update itself. No bit depends on how it is cut.
fn update<O: Optimizer<T, Step: Sync>, T: Scalar>(
    write: bool,
    step: &O::Step,
    mut arrays: <O::State as ParameterState<T>>::Arrays<&mut [T]>,
    parameters: &mut [T],
    gradient: &[T],
    parallel: bool,
) -> bool {
    let numbers = parameters.len();
    if parallel && numbers > UPDATE_TASK {
        let at = half(numbers);
        let (parameters, gradient) = (cut_mut(parameters, at), cut(gradient, at));
        let (left, right) = O::State::join::<Rayon, _, _>(
            arrays,
            at,
            |arrays| update::<O, T>(write, step, arrays, parameters.0, gradient.0, true),
            |arrays| update::<O, T>(write, step, arrays, parameters.1, gradient.1, true),
        );
        return left && right;
    }
    let mut pass = Pass::<O, T> {
        step,
        arrays: &mut arrays,
        parameters,
        gradient,
        share: T::ONE,
    };
    if write {
        pass.run::<true>()
    } else {
        pass.is_surely_finite() || pass.run::<false>()
    }
}

impl<L: Layer, E, O: Optimizer<T>, T: Scalar> ParallelTrainer<L, E, O, FullBatch, T> {
    /// An update for every `N` samples, in a fresh random order; the [type](Self) has an example.
    pub fn mini_batch<N: Size>(loss: E, optimizer: O) -> ParallelTrainer<L, E, O, MiniBatch<N>, T> {
        ParallelTrainer::new(loss, optimizer)
    }
    /// One update for all samples, in their order.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Network, ParallelTrainer, Sgd, sizes::U1};
    ///
    /// let samples = [([0.0], [1.0]), ([1.0], [3.0])];
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// let mut trainer = ParallelTrainer::full_batch(MeanSquaredError, Sgd::new(0.5));
    /// let epoch = trainer.epoch(&mut network, &samples)?; // 1 update
    /// assert_eq!(epoch.loss, 5.0);
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    pub fn full_batch(loss: E, optimizer: O) -> Self {
        Self::new(loss, optimizer)
    }
}

impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar> ParallelTrainer<L, E, O, M, T> {
    /// The lanes of the largest batch.
    const LANES: u32 = match M::SAMPLES {
        Some(0) => 1,
        Some(samples) if samples < (LANE_SAMPLES * MOST_LANES) as usize => lanes_of(samples as u32),
        _ => MOST_LANES,
    };

    /// The bytes of training: the network's parameters, optimizer state, and for each lane of the largest batch a gradient and
    /// the buffers of a block.
    ///
    /// ```
    /// use sizednet::{Adam, CrossEntropy, Dense, MiniBatch, Network, ParallelTrainer, Relu, sizes::*};
    ///
    /// type Digits = (Dense<U784, U128, Relu>, Dense<U128, U10>);
    /// type Trains = ParallelTrainer<Digits, CrossEntropy, Adam, MiniBatch<U64>>;
    /// // four lanes
    /// assert!(Trains::TRAINING_BYTES < (1 + 2 + 4) * Network::<Digits>::BYTES + 600_000);
    /// ```
    pub const TRAINING_BYTES: usize = {
        let parameters = <L::Parameters as Unsigned>::USIZE;
        let block = Block::<L, T, Heap, M>::VALUES + Block::<L, T, Heap, M>::STACK_VALUES;
        let lane = parameters + block;
        let arrays = (1 + <O::State as ParameterState<T>>::COUNT) * parameters;
        (arrays + Self::LANES as usize * lane) * size_of::<T>()
    };

    /// A trainer whose kind the type names, as in
    /// `ParallelTrainer::<_, _, _, MiniBatch<U64, U8>>::new(CrossEntropy, Adam::new(0.001))`, which takes blocks of 8.
    pub fn new(loss: E, optimizer: O) -> Self {
        Self {
            loss,
            optimizer,
            state: State::zeros(),
            first: Lane::new(),
            others: (1..Self::LANES).map(|_| Lane::new()).collect(),
            seed: 0,
            epoch: 0,
            order: Vec::new(),
            batching: PhantomData,
        }
    }

    /// Sets the seed of the order of the samples, 0 by default; [`resume_at`](Self::resume_at) has an example.
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
    /// Goes on from an epoch: with the same parameters, [state](Self::state_mut) and seed, training goes on bit for bit as
    /// if it had not stopped.
    ///
    /// ```
    /// use sizednet::{Adam, Dense, MeanSquaredError, Network, ParallelTrainer, sizes::*};
    ///
    /// let samples = [([0.0], [1.0]), ([1.0], [3.0]), ([2.0], [5.0])];
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// let mut trainer = ParallelTrainer::mini_batch::<U2>(MeanSquaredError, Adam::new(0.1));
    /// trainer.seed(7).epoch(&mut network, &samples)?;
    /// // another day: parameters, state, seed and epoch number were saved
    /// let mut again = ParallelTrainer::mini_batch::<U2>(MeanSquaredError, Adam::new(0.1));
    /// again.state_mut().arrays = trainer.state().arrays.clone();
    /// again.state_mut().updates = trainer.state().updates;
    /// again.seed(7).resume_at(trainer.next_epoch());
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
    pub const fn state(&self) -> &State<O::State, T, L::Parameters, Heap> {
        &self.state
    }
    /// The optimizer's state, to restore.
    pub const fn state_mut(&mut self) -> &mut State<O::State, T, L::Parameters, Heap> {
        &mut self.state
    }
}

impl<L: Layer, E: Sync, O: Optimizer<T, Step: Sync> + Sync, M: Batching, T: Scalar>
    ParallelTrainer<L, E, O, M, T>
{
    /// One epoch: every sample once, in the order that the sequential trainer takes them in.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Network, ParallelTrainer, Sgd, sizes::*};
    ///
    /// let samples = vec![([0.0], [1.0]); 100];
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// let mut trainer = ParallelTrainer::mini_batch::<U32>(MeanSquaredError, Sgd::new(0.1));
    /// let epoch = trainer.epoch(&mut network, &samples)?; // 4 updates
    /// assert_eq!(trainer.next_epoch(), 1);
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TrainingError`] if the data cannot be used or a value is not finite; the step that met it changed nothing, and
    /// steps before it stay.
    pub fn epoch<D, P>(
        &mut self,
        network: &mut Network<L, T, P>,
        samples: D,
    ) -> Result<Epoch<T>, TrainingError>
    where
        D: Samples<InputArray<L, T>> + Sync,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        P: StorageMut,
    {
        let count = check::<_, _, L::Output, T>(samples)?;
        let number = self.epoch;
        let mut order = mem::take(&mut self.order);
        order.clear();
        order.extend(0..count);
        let batch = match M::SAMPLES {
            Some(batch) if batch < order.len() => {
                shuffle(self.seed, number, &mut order);
                batch.max(1)
            }
            _ => order.len(),
        };
        let State { arrays, updates } = &mut self.state;
        let arrays = O::State::slices(arrays, |array| Heap::borrow_mut(array).as_mut_slice());
        let weights = L::MULTIPLY_ADDS.max(L::Parameters::U64);
        let work = weights.saturating_mul(batch as u64);
        let parallel = batch > LANE_SAMPLES as usize && work >= PARALLEL_FROM;
        let mut steps = Steps {
            loss: &self.loss,
            optimizer: &self.optimizer,
            updates,
            first: &mut self.first,
            others: &mut self.others,
            parameters: network.parameters_mut().as_mut_slice(),
            seed: self.seed,
            parallel,
        };
        let batches = order.chunks(batch).enumerate();
        let epoch = |mut arrays| {
            let mut loss = T::ZERO;
            for (place, batch) in batches {
                loss += steps
                    .step(&mut arrays, samples, batch, count)
                    .map_err(|sample| sample.map_or(Place::Batch(place), Place::Sample))?;
            }
            Ok(loss)
        };
        let result = if parallel {
            // once into the pool, not once for each step
            O::State::join::<Rayon, _, _>(arrays, usize::MAX, epoch, |_| ()).0
        } else {
            epoch(arrays)
        };
        self.order = order;
        let loss =
            result.map_err(|place| refusal::<L::Input, L::Output, T, _>(samples, number, place))?;
        self.epoch = number.wrapping_add(1);
        Ok(Epoch { number, loss })
    }

    /// Epochs without end (take as many as you want); after an error there are no more. The [type](Self) has an
    /// example.
    pub fn epochs<'a, D, P>(
        &'a mut self,
        network: &'a mut Network<L, T, P>,
        samples: D,
    ) -> impl Iterator<Item = Result<Epoch<T>, TrainingError>>
    where
        D: Samples<InputArray<L, T>> + Sync,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        P: StorageMut,
    {
        until_error(move || self.epoch(network, samples))
    }
}

impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar> Debug
    for ParallelTrainer<L, E, O, M, T>
{
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "ParallelTrainer before epoch {} with {:?}",
            self.epoch, self.state
        )
    }
}
