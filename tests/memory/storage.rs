//! Storage: on the stack, on the heap and borrowed, networks compute, train and are copied alike.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::{
    Adam, Borrowed, BorrowedMut, Dense, GenericArray, Heap, MeanSquaredError, Network, Parameters,
    Relu, Sgd, Stack, Storage, StorageMut, Tanh, Trainer, WrongLength, sizes::*,
};

type Body = Dense<U3, U4, Tanh>;
type Head = (Dense<U4, U4, Relu>, Dense<U4, U2>);
type Both = (Body, Head);

type Samples<const I: usize> = Vec<([f32; I], [f32; 2])>;

fn samples() -> Samples<3> {
    let number = |i: usize| (i as f32 * 0.3).cos();
    let row = |i| {
        (
            [number(i), number(3 * i), number(5 * i)],
            [number(7 * i), number(i + 4)],
        )
    };
    (0..40).map(row).collect()
}

fn first_network() -> Network<Both> {
    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(4))
}

fn bits<S: Storage>(network: &Network<Both, f32, S>) -> Vec<u32> {
    network.parameters().iter().map(|p| p.to_bits()).collect()
}

static FLASH: Parameters<Both> = GenericArray::from_array([0.25; 46]);
static FROM_FLASH: Network<Both, f32, Borrowed<'static>> = Network::borrowed(&FLASH);

/// The bits of all outputs and the loss, one by one and in blocks.
fn outputs<S: Storage>(network: &Network<Both, f32, S>) -> Vec<u32> {
    let inputs: Vec<_> = samples().into_iter().map(|sample| sample.0).collect();
    let one_by_one: Vec<_> = inputs.iter().map(|input| network.forward(input)).collect();
    let mut in_blocks = vec![[0.0; 2]; inputs.len()];
    network
        .forward_batch(&inputs, &mut in_blocks)
        .expect("as many");
    assert_eq!(one_by_one, in_blocks);
    let loss = network.evaluate(&samples(), &MeanSquaredError);
    let loss = loss.expect("samples").loss;
    let values = one_by_one.into_iter().flatten().chain([loss]);
    values.map(f32::to_bits).collect()
}

#[test]
fn every_storage_gives_the_same_outputs() {
    let mut stack = first_network();
    let wanted = outputs(&stack);
    assert_eq!(outputs(&stack.to_storage::<Heap>()), wanted);
    assert_eq!(
        outputs(&stack.to_storage::<Heap>().to_storage::<Stack>()),
        wanted
    );
    let parameters = *stack.parameters();
    assert_eq!(outputs(&Network::borrowed(&parameters)), wanted);
    let slice: Vec<f32> = parameters.to_vec();
    let from_slice = Network::<Both, f32, Borrowed>::from_slice(&slice).expect("46 numbers");
    assert_eq!(outputs(&from_slice), wanted);
    let borrowed = Network::<Both, f32, BorrowedMut>::borrowed_mut(stack.parameters_mut());
    assert_eq!(outputs(&borrowed), wanted);

    let mut quarters = Network::<Both>::zeros();
    quarters.parameters_mut().fill(0.25);
    assert_eq!(outputs(&FROM_FLASH), outputs(&quarters));
    assert_eq!(FROM_FLASH, quarters, "equal across storages");
    assert_ne!(FROM_FLASH, stack);
}

#[test]
fn a_slice_of_another_length_is_a_typed_error() {
    let numbers = [0.0; 50];
    for given in [0, 1, 45, 47, 50] {
        let error = Network::<Both, f32, Borrowed>::from_slice(&numbers[..given]);
        let wanted = WrongLength { given, wanted: 46 };
        assert_eq!(error.err(), Some(wanted), "{given}");
    }
    assert!(Network::<Both, f32, Borrowed>::from_slice(&numbers[..46]).is_ok());

    let network = first_network();
    let mut outputs = [[7.0; 2]; 3];
    let error = network.forward_batch(&[[0.0; 3]; 4], &mut outputs);
    assert_eq!(
        error,
        Err(WrongLength {
            given: 3,
            wanted: 4
        })
    );
    assert_eq!(outputs, [[7.0; 2]; 3], "nothing is written");
}

#[test]
fn training_is_the_same_in_every_storage() {
    fn trained<S: StorageMut>(mut network: Network<Both, f32, S>) -> Vec<u32> {
        let mut trainer = Trainer::mini_batch::<U8>(MeanSquaredError, Adam::new(0.01));
        for epoch in trainer.epochs(&mut network, &samples()).take(5) {
            epoch.expect("finite");
        }
        bits(&network)
    }
    let wanted = trained(first_network());
    assert_ne!(wanted, bits(&first_network()));
    assert_eq!(trained(first_network().to_storage::<Heap>()), wanted);
    let mut memory = *first_network().parameters();
    assert_eq!(trained(Network::borrowed_mut(&mut memory)), wanted);
    let left = memory.iter().map(|p| p.to_bits());
    assert!(left.eq(wanted), "what was lent is trained");
}

#[test]
fn copies_are_independent_and_equal() {
    let mut network = first_network();
    let copy = network.clone();
    let mut boxed = network.to_storage::<Heap>();
    let boxed_copy = boxed.clone();
    let flash = FROM_FLASH.clone();
    assert_eq!(copy, network);
    assert_eq!(boxed_copy, network);
    network.parameters_mut()[45] = 9.0;
    boxed.parameters_mut()[0] = 9.0;
    assert_eq!(copy, first_network());
    assert_eq!(boxed_copy, first_network());
    assert_ne!(copy, network);
    assert_ne!(boxed_copy, boxed);
    assert!(core::ptr::eq(flash.parameters(), FROM_FLASH.parameters()));

    network.copy_from(&FROM_FLASH);
    boxed.copy_from(&network);
    assert_eq!(network, FROM_FLASH);
    assert_eq!(boxed, FROM_FLASH);
    network.parameters_mut()[3] = f32::NAN;
    assert_ne!(network, network.clone(), "as NaN is not NaN");
}

#[test]
fn halves_are_networks_of_their_own() {
    let mut network = first_network();
    let (body, head) = network.split();
    assert_eq!(body.parameters().len() + head.parameters().len(), 46);
    for (input, _) in samples() {
        let output = head.forward(&body.forward(&input));
        assert_eq!(output, network.forward(&input));
    }
    let (first, last) = head.split();
    assert_eq!(first.layers().weights, network.layers().1.0.weights);
    assert_eq!(last.layers().bias, network.layers().1.1.bias);

    let (mut body, head) = network.split_mut();
    body.parameters_mut().fill(1.0);
    assert_eq!(head.parameters()[..], first_network().parameters()[16..]);
    let wanted = [&[1.0; 16][..], &first_network().parameters()[16..]].concat();
    assert_eq!(network.parameters()[..], wanted);
}

/// What comes out of a body, with the targets.
fn features<S: Storage>(body: &Network<Body, f32, S>) -> Samples<4> {
    let feature = |(input, target)| (body.forward(&input), target);
    samples().into_iter().map(feature).collect()
}

#[test]
fn a_head_is_fine_tuned_over_a_body_from_flash() {
    let (body, head) = FROM_FLASH.split();
    let mut head = head.to_storage::<Stack>();
    let before = FROM_FLASH.evaluate(&samples(), &MeanSquaredError);
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.02));
    for epoch in trainer.epochs(&mut head, &features(&body)).take(50) {
        epoch.expect("finite");
    }
    let after = head.evaluate(&features(&body), &MeanSquaredError);
    let [before, after] = [before, after].map(|found| found.expect("samples").loss);
    assert!(after < 0.8 * before, "{before} to {after}");
    assert!(FLASH.iter().all(|p| *p == 0.25));
}

#[test]
fn the_head_alone_changes_in_place() {
    let mut network = first_network();
    let (body, mut head) = network.split_mut();
    let features = features(&body);
    let mut trainer = Trainer::mini_batch::<U8>(MeanSquaredError, Adam::new(0.01));
    trainer.epoch(&mut head, &features).expect("finite");
    let (all, first) = (network.parameters(), first_network());
    assert_eq!(all[..16], first.parameters()[..16]);
    let changed = all[16..].iter().zip(&first.parameters()[16..]);
    // one unit of the rectifier may be silent
    let changed = changed.filter(|(now, before)| now != before).count();
    assert!(changed >= 20, "{changed} of 30");

    // as a copy of the head does on its own
    let mut copy = first.split().1.to_storage::<Heap>();
    let mut trainer = Trainer::mini_batch::<U8>(MeanSquaredError, Adam::new(0.01));
    trainer.epoch(&mut copy, &features).expect("finite");
    assert_eq!(copy, network.split().1);
}
