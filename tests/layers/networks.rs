//! Networks: their constants, summary, fingerprint and typed weights; in structs, statics and generic code.

use std::sync::Mutex;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::layer::{Causal, Same};
use sizednet::optimizer::Momentum;
use sizednet::{
    Adam, AllStates, AveragePool1d, Conv1d, Conv2d, Dense, DepthwiseConv2d, Dropout,
    GlobalAveragePool, Gru, Heap, Identity, Image, InputArray, Layer, Lstm, MaxPool2d,
    MeanSquaredError, Network, Optimizer, OutputArray, Parallel, Portable, Relu, Residual,
    Sequence, Sgd, Sigmoid, Softmax, Stack, Storage, Tanh, Trainer, sizes::*,
};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Digits = (
    Dense<Image<U1, U8, U8>, U16, Relu>,
    (Dense<U16, U8, Tanh>, Portable<Dense<U8, U3>>),
);

const _: () = assert!(Network::<Xor>::PARAMETERS == 2 * 3 + 3 + 3 + 1);
const _: () = assert!(Network::<Xor>::MULTIPLY_ADDS == 2 * 3 + 3);
const _: () = assert!(Network::<Xor>::INFERENCE_BYTES < 100);
/// More than 32 bits can tell, on any machine.
type Large = Conv2d<Image<U64, U512, U512>, U64, U3, Relu, U1, Same>;
const _: () = {
    let multiply_adds: u64 =
        Network::<(Large, GlobalAveragePool<Image<U64, U512, U512>>)>::MULTIPLY_ADDS;
    assert!(multiply_adds == 512 * 512 * 64 * 64 * 3 * 3);
};
const _: () = assert!(Network::<Digits>::MULTIPLY_ADDS == 64 * 16 + 16 * 8 + 8 * 3);
const _: () = assert!(Network::<Digits>::FINGERPRINT != Network::<Xor>::FINGERPRINT);

#[test]
fn the_bytes_of_a_network_are_its_size() {
    fn check<L: Layer>(parameters: usize) {
        assert_eq!(Network::<L>::PARAMETERS, parameters);
        assert_eq!(Network::<L>::zeros().parameters().len(), parameters);
        // 64 numbers or more begin where a cache line does
        let lines = cfg!(feature = "simd") && parameters >= 64;
        for (size, bytes) in [
            (size_of::<Network<L>>(), Network::<L>::BYTES),
            (size_of::<Network<L, f64>>(), Network::<L, f64>::BYTES),
        ] {
            assert_eq!(
                size,
                if lines {
                    bytes.next_multiple_of(64)
                } else {
                    bytes
                }
            );
        }
        assert_eq!(Network::<L, f32, Heap>::BYTES, 4 * parameters);
    }
    check::<Xor>(13);
    check::<Digits>((64 + 1) * 16 + (16 + 1) * 8 + (8 + 1) * 3);
    check::<Portable<(Dense<U784, U128>, Dense<U128, U10>)>>(101_770);
    check::<(Dense<U1, U1>,)>(2);
}

#[test]
fn the_summary_is_a_table_of_layers() {
    let table = "\
layer                          input      output   parameters
Dense (Relu)                   1x8x8          16         1040
Dense (Tanh)                      16           8          136
Dense (Identity)                   8           3           27
total                          1x8x8           3         1203  (4812 bytes)";
    let mut network = Network::<Digits>::zeros();
    network.parameters_mut().fill(0.123_456);
    assert_eq!(network.summary().to_string(), table);
    // not a thousand numbers
    assert_eq!(format!("{network:?}"), table);
    assert_eq!(format!("{:?}", network.to_storage::<Heap>()), table);
    let double = Network::<Digits, f64>::zeros().summary().to_string();
    assert_eq!(double, table.replace("4812 bytes", "9624 bytes"));
}

#[test]
fn the_summary_tells_kernels_strides_and_branches() {
    type Images = (
        Conv2d<Image<U1, U12, U12>, U4, U3, Relu, U2, Same>,
        Residual<(
            DepthwiseConv2d<Image<U4, U6, U6>, U3, Identity, U1, Same>,
            Conv2d<Image<U4, U6, U6>, U4, U1>,
        )>,
        MaxPool2d<Image<U4, U6, U6>, U2, U1>,
        Dropout<Image<U4, U5, U5>, U20>,
        Parallel<
            GlobalAveragePool<Image<U4, U5, U5>>,
            Portable<(
                Dense<Image<U4, U5, U5>, U6>,
                Parallel<Residual<Dense<U6, U6>>, Softmax<U6>>,
            )>,
        >,
    );
    let table = "\
layer                                                                    input      output   parameters
Conv2d (kernel 3x3, stride 2, padding Same, Relu)                      1x12x12       4x6x6           40
Residual                                                                 4x6x6       4x6x6
  - DepthwiseConv2d (kernel 3x3, stride 1, padding Same, Identity)       4x6x6       4x6x6           40
    Conv2d (kernel 1x1, stride 1, Identity)                              4x6x6       4x6x6           20
MaxPool2d (kernel 2x2, stride 1)                                         4x6x6       4x5x5            0
Dropout (20 %)                                                           4x5x5       4x5x5            0
Parallel                                                                 4x5x5          16
  - GlobalAveragePool                                                    4x5x5           4            0
  - Dense (Identity)                                                     4x5x5           6          606
    Parallel                                                                 6          12
      - Residual                                                             6           6
          - Dense (Identity)                                                 6           6           42
      - Softmax                                                              6           6            0
total                                                                  1x12x12          16          748  (2992 bytes)";
    assert_eq!(Network::<Images>::zeros().summary().to_string(), table);

    type Sounds = (
        Conv1d<Sequence<U9, U2>, U4, U3, Relu, U1, Causal, U4>,
        AveragePool1d<Sequence<U9, U4>, U3>,
        Gru<Sequence<U3, U4>, U5, AllStates>,
        Lstm<Sequence<U3, U5>, U2>,
    );
    let table = "\
layer                                                               input      output   parameters
Conv1d (kernel 3, stride 1, padding Causal, dilation 4, Relu)         9x2         9x4           28
AveragePool1d (kernel 3, stride 3)                                    9x4         3x4            0
Gru                                                                   3x4         3x5          165
Lstm                                                                  3x5           2           72
total                                                                 9x2           2          265  (1060 bytes)";
    assert_eq!(Network::<Sounds>::zeros().summary().to_string(), table);
}

/// From a few lines of Python that follow `src/fingerprint.rs`: files name architectures by these numbers.
#[test]
fn the_fingerprints_are_the_pinned_ones() {
    assert_eq!(Network::<Xor>::FINGERPRINT, 0xf9f5_6549_2ae2_8d44);
    assert_eq!(Network::<Digits>::FINGERPRINT, 0xcfae_0b65_f388_a95d);
}

#[test]
fn fingerprints_tell_architectures_apart_and_nothing_else() {
    type A = Dense<U4, U4, Tanh>;
    type B = Dense<U4, U4, Sigmoid>;
    type C = Dense<U4, U4>;
    const fn of<L: Layer>() -> u64 {
        Network::<L>::FINGERPRINT
    }
    let same = [
        of::<(A, B, C)>(),
        of::<((A, B), C)>(),
        of::<(A, (B, C))>(),
        of::<((A,), (B, (C,)))>(),
        of::<Portable<(A, B, C)>>(),
        of::<(A, Portable<(Portable<B>, C)>)>(),
        Network::<(A, B, C), f64>::FINGERPRINT,
        Network::<(A, B, C), f32, Heap>::FINGERPRINT,
    ];
    assert_eq!(same, [same[0]; 8]);
    let mut different = vec![
        same[0],
        of::<(A, C, B)>(),
        of::<(B, A, C)>(),
        of::<(C, B, A)>(),
        of::<(A, B)>(),
        of::<(A, A)>(),
        of::<(A, A, A)>(),
        of::<(A, B, C, C)>(),
        of::<(C, A, B, C)>(),
        of::<A>(),
        of::<B>(),
        of::<C>(),
        of::<(A, B, Dense<U4, U4, Relu>)>(),
        of::<(A, B, Dense<U4, U5>)>(),
        of::<(A, Dense<U4, U3, Sigmoid>, Dense<U3, U4>)>(),
        of::<(Dense<U3, U4, Tanh>, B, C)>(),
        of::<(Dense<Image<U1, U2, U2>, U4, Tanh>, B, C)>(),
        of::<(Dense<Image<U2, U1, U2>, U4, Tanh>, B, C)>(),
        of::<(Dense<U2, U6>, Dense<U6, U1>)>(),
        of::<(Dense<U6, U2>, Dense<U2, U1>)>(),
    ];
    let all = different.len();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), all);
}

#[test]
fn typed_weights_are_the_flat_ones_in_order() {
    let mut network = Network::<(Dense<U2, U3>, Dense<U3, U2>)>::zeros();
    for (number, parameter) in (0_u8..).zip(network.parameters_mut()) {
        *parameter = number.into();
    }
    let (hidden, output) = network.layers();
    assert_eq!(hidden.weights, &[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    assert_eq!(hidden.bias, &[6.0, 7.0, 8.0]);
    assert_eq!(output.weights, &[[9.0, 10.0], [11.0, 12.0], [13.0, 14.0]]);
    assert_eq!(output.bias, &[15.0, 16.0]);
    assert_eq!(hidden.weights[1][2], network.parameters()[3 + 2]);

    let (hidden, output) = network.layers_mut();
    hidden.weights[1][0] = -3.0;
    hidden.bias[1] = -7.0;
    output.weights[2][1] = -14.0;
    output.bias[0] = -15.0;
    for (number, parameter) in (0_u8..).zip(network.parameters()) {
        let sign = if [3, 7, 14, 15].contains(&number) {
            -1.0
        } else {
            1.0
        };
        assert_eq!(*parameter, sign * f32::from(number));
    }

    // of an image a weight has channel, row and column
    let mut network =
        Network::<(Dense<Image<U2, U3, U4>, U5>, (Portable<Dense<U5, U1>>,))>::zeros();
    let (image, (head,)) = network.layers_mut();
    image.weights[1][2][3][4] = 1.0;
    head.bias[0] = 2.0;
    let place = ((3 + 2) * 4 + 3) * 5 + 4;
    assert_eq!(network.parameters()[place], 1.0);
    assert_eq!(network.parameters().last(), Some(&2.0));
}

#[test]
fn a_soft_update_moves_by_its_rate() {
    let random = |seed| Network::<Xor>::random(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let (online, target) = (random(1), random(2));
    let mut moved = target.clone();
    moved.soft_update(&online, 0.0);
    assert_eq!(moved, target);
    moved.soft_update(&online, 1.0);
    assert_eq!(moved, online);

    let mut moved = target.to_storage::<Heap>();
    for _ in 0..3 {
        moved.soft_update(&online, 0.25);
    }
    // three quarters of the distance stay at each update
    let stays = 0.75_f32.powi(3);
    for ((moved, from), to) in moved
        .parameters()
        .iter()
        .zip(target.parameters())
        .zip(online.parameters())
    {
        assert!((moved - (to + stays * (from - to))).abs() < 1e-6);
    }
}

#[test]
fn a_soft_update_at_rate_0_changes_nothing_and_at_rate_1_copies() {
    let odd = [-0.0, f32::INFINITY, f32::NAN, f32::MAX];
    let network = |numbers: [f32; 4]| {
        let mut network = Network::<Dense<U1, U2>>::zeros();
        network.parameters_mut().copy_from_slice(&numbers);
        network
    };
    let bits = |network: &Network<Dense<U1, U2>>| -> Vec<u32> {
        network.parameters().iter().map(|p| p.to_bits()).collect()
    };
    let mut own = network([1.0, 2.0, 3.0, 4.0]);
    own.soft_update(&network(odd), 0.0);
    assert_eq!(bits(&own), bits(&network([1.0, 2.0, 3.0, 4.0])));
    own.soft_update(&network(odd), 1.0);
    assert_eq!(bits(&own), bits(&network(odd)));
    own.soft_update(&network([1.0, 2.0, 3.0, 4.0]), 0.0);
    assert_eq!(bits(&own), bits(&network(odd)));
    own.soft_update(&network([1.0, 2.0, 3.0, 4.0]), 1.0);
    assert_eq!(bits(&own), bits(&network([1.0, 2.0, 3.0, 4.0])));
}

const SAMPLES: [([f32; 2], [f32; 1]); 4] = [
    ([0.0, 0.0], [0.0]),
    ([0.0, 1.0], [1.0]),
    ([1.0, 0.0], [1.0]),
    ([1.0, 1.0], [0.0]),
];

type Learner = (Network<Xor>, Trainer<Xor, MeanSquaredError, Momentum>);

static LEARNER: Mutex<Learner> = Mutex::new((
    Network::zeros(),
    Trainer::stochastic(MeanSquaredError, Sgd::new(0.1).momentum(0.9)),
));

#[test]
fn a_network_and_its_trainer_live_in_a_static() {
    let mut learner = LEARNER.lock().expect("one user");
    let (network, trainer) = &mut *learner;
    let first = Network::<Xor>::random(&mut Xoshiro256PlusPlus::seed_from_u64(2));
    network.copy_from(&first);
    trainer.epoch(network, &SAMPLES).expect("finite");
    assert_eq!(trainer.state().updates, 4);
    assert_ne!(*network, first);
}

/// A user's own generic code: one bound for the layers, one for the optimizer.
fn fit<L, O>(network: &mut Network<L>, optimizer: O) -> f32
where
    L: Layer<Input = U2, Output = U1>,
    O: Optimizer<f32>,
{
    let mut trainer = Trainer::full_batch(MeanSquaredError, optimizer);
    let epochs = trainer.epochs(network, &SAMPLES).take(400);
    epochs.last().expect("400").expect("finite").loss
}

fn answers<L: Layer, S: Storage, const N: usize>(
    network: &Network<L, f32, S>,
    inputs: [InputArray<L, f32>; N],
) -> [OutputArray<L, f32>; N] {
    inputs.map(|input| network.forward(&input))
}

#[test]
fn generic_code_and_structs_hold_and_train_networks() {
    struct Agent {
        policy: Network<Xor>,
        memory: Network<Dense<U2, U1>, f32, Stack>,
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut agent = Agent {
        policy: Network::random(&mut rng),
        memory: Network::zeros(),
    };
    assert!(fit(&mut agent.policy, Adam::new(0.1)) < 0.01);
    let answers = answers(&agent.policy, SAMPLES.map(|sample| sample.0));
    for ([answer], (_, [target])) in answers.into_iter().zip(SAMPLES) {
        assert_eq!(answer > 0.5, target > 0.5);
    }
    // a line can do no better than the mean
    let loss = fit(&mut agent.memory, Sgd::new(0.1));
    assert!((loss - 0.25).abs() < 1e-3, "{loss}");
}
