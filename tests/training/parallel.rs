//! The parallel trainer: one set of bits for any number of threads, the sums that its documentation states, and what it
//! shares with the sequential trainer.

use core::slice;
use std::sync::Mutex;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use rayon::ThreadPoolBuilder;
use sizednet::initializer::uniform;
use sizednet::optimizer::State;
use sizednet::{
    Adam, AllStates, Batching, Class, CrossEntropy, DataError, Dense, Dropout, Element, FullBatch,
    Gradient, Gru, Heap, HeapArray, InputArray, Layer, LayerNorm, Loss, Lstm, MeanSquaredError,
    MiniBatch, Network, Optimizer, OutputArray, OwnOrder, ParallelTrainer, Place, Portable, Relu,
    Residual, RmsProp, Rprop, Scalar, Sequence, Sgd, Shape, Stochastic, Tanh, Target, Trainer,
    TrainingError, optimizer::ParameterState, sizes::*,
};

use crate::bits::{Bits, bits, with_every_optimizer};
use crate::visits::visits;

type Small = (Dense<U2, U3, Tanh>, Dense<U3, U2>);
/// Enough parameters for two ranges of an update.
type Wide = (Dense<U70, U130, Relu>, Dense<U130, U10>);
type Mixed = (
    Dense<U17, U33, Tanh>,
    Portable<(Dense<U33, U9, Relu>, Dense<U9, U1>)>,
);

/// Layers whose way back goes over steps, and over layers inside.
type Assorted = (
    Gru<Sequence<U4, U3>, U9, AllStates>,
    Lstm<Sequence<U4, U9>, U6>,
    Dropout<U6, U25>,
    Residual<(LayerNorm<U6>, Dense<U6, U6>)>,
);

type Data<L, T> = Vec<(InputArray<L, T>, OutputArray<L, T>)>;

fn data<L: Layer, T: Scalar>(count: usize) -> Data<L, T> {
    fn filled<S: Shape, T: Scalar>(rng: &mut Xoshiro256PlusPlus) -> S::Array<T> {
        let mut array = <S::Array<T>>::ZERO;
        for value in S::flatten_mut(slice::from_mut(&mut array)) {
            *value = uniform(-T::ONE, T::ONE, rng);
        }
        array
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let sample = |_| {
        (
            filled::<L::Input, T>(&mut rng),
            filled::<L::Output, T>(&mut rng),
        )
    };
    (0..count).map(sample).collect()
}

fn first_network<L: Layer, T: Scalar>() -> Network<L, T, Heap> {
    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(2))
}

/// Runs in a pool of so many threads.
fn on<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads").install(run)
}

/// The arrays of a state on the heap.
trait Open<L: Layer, T: Scalar>:
    Optimizer<
        T,
        Step: Sync,
        State: ParameterState<
            T,
            Arrays<HeapArray<T, <L as Layer>::Parameters>>: AsRef<
                [HeapArray<T, <L as Layer>::Parameters>],
            > + AsMut<
                [HeapArray<T, <L as Layer>::Parameters>],
            > + Send,
        >,
    > + Send
    + Sync
{
}

impl<L: Layer, T: Scalar, O> Open<L, T> for O where
    O: Optimizer<
            T,
            Step: Sync,
            State: ParameterState<
                T,
                Arrays<HeapArray<T, <L as Layer>::Parameters>>: AsRef<
                    [HeapArray<T, <L as Layer>::Parameters>],
                > + AsMut<
                    [HeapArray<T, <L as Layer>::Parameters>],
                > + Send,
            >,
        > + Send
        + Sync
{
}

/// The bits of all parameters and of the optimizer's whole state.
fn all_bits<L: Layer, E, O: Open<L, T>, M: Batching, T: Bits>(
    network: &Network<L, T, Heap>,
    trainer: &ParallelTrainer<L, E, O, M, T>,
) -> Vec<u64> {
    let state = trainer.state();
    let arrays = state.arrays.as_ref().iter().flat_map(|array| array.iter());
    let arrays = arrays.map(|number| number.bits()).collect();
    [bits(network), arrays, vec![state.updates.into()]].concat()
}

/// All bits after two epochs, those of the losses as well.
fn trained<L: Layer, M: Batching, T: Bits>(count: usize) -> Vec<u64>
where
    OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
{
    let samples = data::<L, T>(count);
    let mut network = first_network();
    let optimizer = Adam::<T, T>::new(T::from_f64(0.01));
    let mut trainer = ParallelTrainer::<L, _, _, M, T>::new(MeanSquaredError, optimizer);
    trainer.seed(4);
    let epochs = trainer.epochs(&mut network, &samples).take(2);
    let losses = epochs
        .map(|epoch| epoch.expect("finite").loss.bits())
        .collect();
    [all_bits(&network, &trainer), losses].concat()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    fn check<L: Layer, M: Batching, T: Bits>()
    where
        OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
    {
        for count in [1, 7, 33, 65, 1000] {
            let one = on(1, || trained::<L, M, T>(count));
            for threads in [2, 3, 7] {
                assert_eq!(
                    on(threads, || trained::<L, M, T>(count)),
                    one,
                    "{count} on {threads}"
                );
            }
            // the pool that all share
            assert_eq!(trained::<L, M, T>(count), one, "{count}");
        }
    }
    check::<Small, FullBatch, f32>();
    check::<Small, MiniBatch<U40>, f64>();
    check::<Wide, FullBatch, f32>();
    check::<Wide, FullBatch, f64>();
    check::<Wide, MiniBatch<U300>, f32>();
    check::<Mixed, FullBatch, f32>();
    check::<Mixed, MiniBatch<U64>, f64>();
    check::<Assorted, MiniBatch<U40>, f32>();
    check::<Assorted, FullBatch, f64>();
}

#[test]
fn blocks_change_no_bit() {
    let wanted = trained::<Wide, FullBatch, f32>(150);
    assert_eq!(trained::<Wide, FullBatch<U1>, f32>(150), wanted);
    assert_eq!(trained::<Wide, FullBatch<U5>, f32>(150), wanted);
    assert_eq!(trained::<Wide, FullBatch<U64>, f32>(150), wanted);
    assert_eq!(trained::<Wide, MiniBatch<U150>, f32>(150), wanted);
    assert_eq!(trained::<Wide, MiniBatch<U1000>, f32>(150), wanted);
    let wanted = trained::<Assorted, FullBatch, f32>(150);
    assert_eq!(trained::<Assorted, FullBatch<U1>, f32>(150), wanted);
    assert_eq!(trained::<Assorted, FullBatch<U5>, f32>(150), wanted);
}

/// Adds neighbors, then the sums of neighbors.
fn tree<T: Scalar>(mut values: Vec<T>) -> T {
    while values.len() > 1 {
        let sum = |pair: &[T]| pair.iter().skip(1).fold(pair[0], |sum, value| sum + *value);
        values = values.chunks(2).map(sum).collect();
    }
    values[0]
}

/// A lane's gradient as a mean over a power of two samples: times that number it is the sum, exactly.
fn the_stated_sum<L: Layer, T: Bits>(count: usize, lanes: usize)
where
    OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
{
    let samples = data::<L, T>(count);
    let mut network = first_network::<L, T>();
    let size = count / lanes;
    let mut gradients = Vec::new();
    let mut losses = Vec::new();
    let scale = T::from_u32(size as u32);
    for lane in samples.chunks(size) {
        let mut gradient = Gradient::<L, T, Heap>::default();
        let found = network.gradient(lane, &MeanSquaredError, &mut gradient);
        losses.push(found.expect("samples").loss * scale);
        gradients.push(gradient);
    }
    let mut mean = Gradient::<L, T, Heap>::default();
    let all = T::from_u32(count as u32);
    for (index, slope) in mean.parameters_mut().iter_mut().enumerate() {
        let lanes = gradients
            .iter()
            .map(|lane| lane.parameters()[index] * scale);
        *slope = tree(lanes.collect()) / all;
    }
    let optimizer = Sgd::<T, T>::new(T::from_f64(0.1));
    let mut expected = network.clone();
    let mut state = State::<_, T, L::Parameters, Heap>::zeros();
    let applied = optimizer.apply(&mut state, &mut expected, &mean);
    applied.expect("finite");

    let mut trainer = ParallelTrainer::full_batch(MeanSquaredError, optimizer);
    let epoch = trainer.epoch(&mut network, &samples).expect("finite");
    assert_eq!(bits(&network), bits(&expected), "{count}");
    if count.is_power_of_two() {
        assert_eq!(epoch.loss, tree(losses) / all);
    }
}

#[test]
fn the_gradient_is_the_stated_sum() {
    for (count, lanes) in [(32, 2), (48, 3), (64, 4), (112, 7), (256, 16), (1024, 16)] {
        the_stated_sum::<Small, f32>(count, lanes);
        the_stated_sum::<Small, f64>(count, lanes);
        the_stated_sum::<Wide, f32>(count, lanes);
        the_stated_sum::<Mixed, f64>(count, lanes);
    }
}

#[test]
fn batches_of_up_to_16_have_the_bits_of_the_sequential_trainer() {
    for count in [1, 7, 16] {
        let samples = data::<Wide, f32>(count);
        let (mut network, mut sequential) = (first_network::<Wide, f32>(), first_network());
        let mut trainer = ParallelTrainer::full_batch(MeanSquaredError, RmsProp::new(0.01));
        let mut reference =
            Trainer::<Wide, _, _, FullBatch, f32, Heap>::new(MeanSquaredError, RmsProp::new(0.01));
        for _ in 0..3 {
            let epoch = trainer.epoch(&mut network, &samples);
            assert_eq!(epoch, reference.epoch(&mut sequential, &samples));
        }
        assert_eq!(bits(&network), bits(&sequential));
    }
}

#[test]
fn a_step_is_as_near_to_the_sequential_one_as_two_orders_of_a_sum_are() {
    const COUNT: usize = 100;
    let samples = data::<Wide, f32>(COUNT);
    let (mut network, mut sequential) = (first_network::<Wide, f32>(), first_network());
    // in any order a sum of n terms is off by at most n ulps (half ones, to the first order) of the sum of magnitudes
    let mut magnitudes = vec![0.0; Network::<Wide>::PARAMETERS];
    for sample in &samples {
        let mut gradient = Gradient::<Wide, f32, Heap>::default();
        let one = network.gradient(slice::from_ref(sample), &MeanSquaredError, &mut gradient);
        one.expect("a sample");
        for (sum, slope) in magnitudes.iter_mut().zip(gradient.parameters()) {
            *sum += f64::from(slope.abs()) / COUNT as f64;
        }
    }
    let mut trainer = ParallelTrainer::full_batch(MeanSquaredError, Sgd::new(1.0));
    let mut reference =
        Trainer::<Wide, _, _, FullBatch, f32, Heap>::new(MeanSquaredError, Sgd::new(1.0));
    let loss = trainer.epoch(&mut network, &samples).expect("finite").loss;
    let wanted = reference
        .epoch(&mut sequential, &samples)
        .expect("finite")
        .loss;
    assert!((loss - wanted).abs() <= f32::EPSILON * COUNT as f32 * wanted);
    let pairs = network.parameters().iter().zip(sequential.parameters());
    let mut differ = false;
    for ((got, wanted), magnitude) in pairs.zip(magnitudes) {
        let bound = COUNT as f64 * magnitude + 2.0 * f64::from(wanted.abs()) + magnitude;
        let error = f64::from((got - wanted).abs());
        assert!(error <= f64::from(f32::EPSILON) * bound, "{got} {wanted}");
        differ |= got != wanted;
    }
    assert!(differ, "the bits are others, as is stated");
}

/// A loss of 0 that notes the targets it is given, from any thread.
struct Notes<'a>(&'a Mutex<Vec<usize>>);

impl<T: Scalar> Loss<T, [T]> for Notes<'_> {
    fn loss(&self, _: &[T], target: &[T], gradient: &mut [T]) -> T {
        gradient.fill(T::ZERO);
        let mut notes = self.0.lock().expect("no panic");
        notes.push(target[0].to_f64() as usize);
        T::ZERO
    }
}

#[test]
fn batches_are_those_of_the_sequential_trainer() {
    fn check<M: Batching + OwnOrder>(count: usize) {
        let samples: Vec<_> = (0..count).map(|index| ([0.0], [index as f32])).collect();
        for (seed, epoch) in [(0, 0), (7, 3), (u64::MAX, 1_000_000)] {
            let notes = Mutex::default();
            let mut trainer =
                ParallelTrainer::<Dense<U1, U1>, _, _, M>::new(Notes(&notes), Sgd::new(0.1));
            trainer.seed(seed).resume_at(epoch);
            let done = trainer.epoch(&mut Network::<Dense<U1, U1>>::zeros(), &samples);
            assert_eq!(done.expect("all is 0").number, epoch);
            assert_eq!(trainer.next_epoch(), epoch + 1);
            let mut found = notes.into_inner().expect("no panic");
            let mut wanted = visits::<M>(seed, epoch, count);
            // within a batch threads may be ahead of each other
            let batch = M::SAMPLES.unwrap_or(count);
            for samples in found.chunks_mut(batch).chain(wanted.chunks_mut(batch)) {
                samples.sort_unstable();
            }
            assert_eq!(found, wanted);
        }
    }
    check::<Stochastic>(35);
    check::<MiniBatch<U8>>(35);
    check::<MiniBatch<U40>>(100);
    check::<MiniBatch<U200>>(100);
    check::<FullBatch>(100);
}

#[test]
fn training_resumes_after_an_epoch_bit_for_bit() {
    let samples = data::<Small, f32>(100);
    let mut network = first_network::<Small, f32>();
    let mut trainer = ParallelTrainer::mini_batch::<U40>(MeanSquaredError, Adam::new(0.01));
    trainer.seed(9);
    trainer.epoch(&mut network, &samples).expect("finite");
    let mut again = ParallelTrainer::mini_batch::<U40>(MeanSquaredError, Adam::new(0.01));
    again.seed(9).resume_at(trainer.next_epoch());
    again.state_mut().arrays = trainer.state().arrays.clone();
    again.state_mut().updates = trainer.state().updates;
    let mut copy = network.clone();
    for _ in 0..2 {
        let epoch = again.epoch(&mut copy, &samples);
        assert_eq!(epoch, trainer.epoch(&mut network, &samples));
    }
    assert_eq!(all_bits(&copy, &again), all_bits(&network, &trainer));
}

/// A healthy epoch, then one of a broken batch, which stops there with all as it was.
fn refused<T: Bits, O: Open<Small, T>>(name: &str, optimizer: O) {
    let healthy = data::<Small, T>(100);
    for value in [T::INFINITY * T::ZERO, T::INFINITY, -T::INFINITY] {
        for bad in [&[0][..], &[99], &[70, 37]] {
            let mut broken = healthy.clone();
            for sample in bad {
                broken[*sample].0[1] = value;
            }
            let mut network = first_network::<Small, T>();
            let mut trainer = ParallelTrainer::full_batch(MeanSquaredError, optimizer);
            trainer.epoch(&mut network, &healthy).expect("finite");
            let before = all_bits(&network, &trainer);
            let error = trainer.epoch(&mut network, &broken).expect_err(name);
            let sample = *bad.iter().min().expect("one");
            let told = TrainingError::SampleNotFinite { epoch: 1, sample };
            assert_eq!(error, told, "{name}");
            assert_eq!(all_bits(&network, &trainer), before, "{name}");
            assert_eq!(
                trainer.next_epoch(),
                1,
                "{name}: that epoch can be repeated"
            );

            // earlier steps stay
            let mut trainer = ParallelTrainer::mini_batch::<U40>(MeanSquaredError, optimizer);
            let mut network = first_network::<Small, T>();
            let error = trainer.epoch(&mut network, &broken).expect_err(name);
            let order = visits::<MiniBatch<U40>>(0, 0, 100);
            let stop = order.iter().position(|sample| bad.contains(sample));
            let stop = stop.expect("a bad sample is in each epoch");
            let sample = order[stop];
            let told = TrainingError::SampleNotFinite { epoch: 0, sample };
            assert_eq!(error, told, "{name}");
            let mut expected = first_network::<Small, T>();
            let mut reference = ParallelTrainer::full_batch(MeanSquaredError, optimizer);
            for batch in order[..stop / 40 * 40].chunks(40) {
                let batch: Vec<_> = batch.iter().map(|sample| healthy[*sample]).collect();
                reference.epoch(&mut expected, &batch).expect("finite");
            }
            assert_eq!(
                all_bits(&network, &trainer),
                all_bits(&expected, &reference),
                "{name}"
            );
        }
    }
}

#[test]
fn a_refused_step_names_its_sample_and_changes_no_bit() {
    with_every_optimizer!(refused::<f32>, 0.01);
    with_every_optimizer!(refused::<f64>, 0.01);
}

/// In one of many ranges of parameters, where loss and gradient are finite.
fn refused_update<O: Open<Wide, f32>>(name: &str, optimizer: O, array: usize) {
    let samples = data::<Wide, f32>(100);
    for index in [0, 5_000, Network::<Wide>::PARAMETERS - 1] {
        let mut network = first_network::<Wide, f32>();
        let mut trainer = ParallelTrainer::full_batch(MeanSquaredError, optimizer);
        on(3, || trainer.epoch(&mut network, &samples)).expect("finite");
        trainer.state_mut().arrays.as_mut()[array][index] = f32::NAN;
        let before = all_bits(&network, &trainer);
        let error = on(3, || trainer.epoch(&mut network, &samples));
        let place = Place::Batch(0);
        assert_eq!(
            error,
            Err(TrainingError::NotFinite { epoch: 1, place }),
            "{name}"
        );
        assert_eq!(all_bits(&network, &trainer), before, "{name}");
    }
}

#[test]
fn an_update_that_is_refused_in_one_range_is_made_in_none() {
    refused_update("Momentum", Sgd::new(0.1).momentum(0.9), 0);
    refused_update("Adam", Adam::new(0.01), 0);
    refused_update("Adam", Adam::new(0.01), 1);
    refused_update("Rprop", Rprop::new(0.01), 1);
}

#[test]
fn a_rate_that_is_too_large_is_refused() {
    let samples = data::<Wide, f32>(100);
    let mut network = first_network::<Wide, f32>();
    let before = bits(&network);
    let mut trainer = ParallelTrainer::full_batch(MeanSquaredError, Sgd::new(f32::MAX));
    let mut epochs = trainer.epochs(&mut network, &samples);
    let stop = epochs.by_ref().take(10).last().expect("one");
    assert!(
        matches!(stop, Err(TrainingError::NotFinite { .. })),
        "{stop:?}"
    );
    assert!(epochs.next().is_none(), "after an error there are no more");
    drop(epochs);
    if trainer.next_epoch() == 0 {
        assert_eq!(bits(&network), before);
    }
    assert!(network.parameters().iter().all(|p| p.is_finite()));
}

#[test]
fn data_that_cannot_be_used_is_a_typed_error() {
    let mut network = Network::<Dense<U1, U3>>::zeros();
    let mut trainer = ParallelTrainer::full_batch(CrossEntropy, Adam::new(0.1));
    let mut samples = vec![([1.0], Class(0)); 40];
    trainer.epoch(&mut network, &samples).expect("finite");
    samples[33].1 = Class(3);
    let (sample, class, classes) = (33, 3, 3);
    let error = DataError::ClassOutOfRange {
        sample,
        class,
        classes,
    };
    assert_eq!(trainer.epoch(&mut network, &samples), Err(error.into()));
    samples.clear();
    let error = trainer.epoch(&mut network, &samples);
    assert_eq!(error, Err(DataError::NoSamples.into()));
    assert_eq!(trainer.next_epoch(), 1);
}

#[test]
fn the_bytes_of_training_count_each_lane() {
    type Trains<M> = ParallelTrainer<Small, MeanSquaredError, Adam, M>;
    let parameters = Network::<Small>::PARAMETERS;
    // input, tape, output and what lies between the layers
    let row = 2 + (3 + 2) + 2 + 3;
    let bytes =
        |lanes: usize, block: usize| 4 * (3 * parameters + lanes * (parameters + block * row));
    assert_eq!(Trains::<FullBatch>::TRAINING_BYTES, bytes(16, 32));
    assert_eq!(Trains::<MiniBatch<U32>>::TRAINING_BYTES, bytes(2, 32));
    assert_eq!(Trains::<MiniBatch<U33, U8>>::TRAINING_BYTES, bytes(3, 8));
    assert_eq!(Trains::<MiniBatch<U1024>>::TRAINING_BYTES, bytes(16, 32));
    assert_eq!(Trains::<Stochastic>::TRAINING_BYTES, bytes(1, 1));
}
