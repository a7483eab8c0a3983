//! Files in the compact format: what is written is read, and anything else is an error that changes nothing.

use proptest::prelude::*;
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::file::{self, LoadError};
use sizednet::optimizer::Momentum;
use sizednet::{
    Adam, AdamW, Borrowed, Class, ClipNorm, CrossEntropy, Dense, EarlyStop, Heap, Layer, MaxPool1d,
    MeanSquaredError, MinMax, MiniBatch, Network, Optimizer, Portable, Relu, Reshape, Residual,
    RmsProp, Rprop, Scalar, Sequence, Sgd, Sigmoid, Standardize, Tanh, Trainer, Weights, sizes::*,
};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Classifier = (Dense<U3, U16, Relu>, Dense<U16, U4>);

fn random<L: Layer, T: Scalar>(seed: u64) -> Network<L, T> {
    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(seed))
}

/// Bytes that begin where any number may.
#[repr(align(64))]
struct Aligned<const N: usize>([u8; N]);

/// The format, byte by byte, as its documentation has it: this file was put together by hand.
#[test]
fn the_format_is_the_documented_one() {
    let network = Network::<Dense<U2, U1>>::from_parameters([1.0, -2.0, 0.5].into());
    let mut wanted = Vec::new();
    wanted.extend(*b"SNET");
    wanted.extend([1, 0, 0, 0]); // version
    wanted.extend([48, 0, 0, 0]);
    let section = wanted.len();
    wanted.extend(*b"NET4");
    wanted.extend(Network::<Dense<U2, U1>>::FINGERPRINT.to_le_bytes());
    wanted.extend([12, 0, 0, 0]);
    wanted.extend([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f]); // 1, -2, 0.5
    wanted.extend([0; 4]);
    // CRC-32 bit by bit
    let mut checksum = u32::MAX;
    for byte in &wanted {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = checksum >> 1 ^ if checksum & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    wanted.splice(section..section, (!checksum).to_le_bytes());
    assert_eq!(Network::<Dense<U2, U1>>::FILE_BYTES, wanted.len());
    assert_eq!(file::to_vec(&network), wanted);
}

#[test]
fn networks_go_through_a_file_bit_for_bit() {
    fn check<L: Layer, T: Scalar>() {
        let mut network = random::<L, T>(1);
        network.parameters_mut()[0] = -T::ZERO;
        network.parameters_mut()[1] = T::from_f64(f64::MIN_POSITIVE);
        let file = file::to_vec(&network);
        let mut room = vec![0xff; Network::<L, T>::FILE_BYTES];
        file::save(&network, &mut room).expect("right");
        assert_eq!(room, file);
        assert_eq!(file.len() % 8, 0);
        let mut again = Network::<L, T, Heap>::default();
        file::load(&mut again, &file).expect("right");
        let bits = |number: &T| number.to_f64().to_bits();
        let numbers = network.parameters().iter().map(bits);
        assert!(numbers.eq(again.parameters().iter().map(bits)));
        // neither arithmetic nor nesting is the architecture
        let mut portable = Network::<Portable<(L,)>, T>::zeros();
        file::load(&mut portable, &file).expect("right");
        assert_eq!(portable.parameters(), network.parameters());
    }
    check::<Xor, f32>();
    check::<Xor, f64>();
    check::<Classifier, f32>();
    check::<Dense<U1, U1>, f32>();
    check::<Dense<U65, U7>, f64>();
}

#[test]
fn a_network_lies_over_the_bytes_of_a_file() {
    const BYTES: usize = Network::<Classifier>::FILE_BYTES;
    let network = random::<Classifier, f32>(2);
    let mut room = Aligned([0; BYTES + 8]);
    file::save(&network, &mut room.0[8..]).expect("right");
    let borrowed =
        Network::<Classifier, f32, Borrowed<'_>>::from_file(&room.0[8..]).expect("right");
    assert_eq!(borrowed, network);
    let bytes = room.0.as_ptr_range();
    assert!(bytes.contains(&borrowed.parameters().as_ptr().cast()));

    let mut shifted = Aligned([0; BYTES + 8]);
    shifted.0[1..=BYTES].copy_from_slice(&room.0[8..]);
    let from = |file| Network::<Classifier, f32, Borrowed<'_>>::from_file(file).expect_err("wrong");
    assert_eq!(from(&shifted.0[1..=BYTES]), LoadError::Misaligned);
    let length = LoadError::Length {
        file: 100,
        wanted: BYTES,
    };
    assert_eq!(from(&room.0[8..108]), length);
    // from a checkpoint as well
    let trainer = Trainer::<Classifier, _, _>::stochastic(CrossEntropy, Adam::new(0.1));
    let mut checkpoint = Aligned([0; 4096]);
    let bytes = file::to_vec((&trainer, &network));
    let place = &mut checkpoint.0[..bytes.len()];
    place.copy_from_slice(&bytes);
    let borrowed = Network::<Classifier, f32, Borrowed<'_>>::from_file(place).expect("right");
    assert_eq!(borrowed, network);
}

#[test]
fn compiled_in_weights_are_the_network() {
    static WEIGHTS: Weights<f32, 13> = Weights::new(Network::<Xor>::FINGERPRINT, [0.25; 13]);
    static NETWORK: Network<Xor, f32, Borrowed<'static>> = Network::compiled_in(&WEIGHTS);
    assert_eq!(NETWORK.parameters().as_slice(), WEIGHTS.values());
}

/// Source that was written, committed, and is compiled in here.
#[expect(unreachable_pub, reason = "it is written for any crate")]
mod compiled_in {
    include!("../figures/classifier.rs");
}

#[test]
fn rust_source_is_compiled_to_the_network_it_was_written_from() {
    let network =
        Network::<Portable<Classifier>, f32, Borrowed<'_>>::compiled_in(&compiled_in::CLASSIFIER);
    let written = random::<Portable<Classifier>, f32>(9);
    let bits = |number: &f32| number.to_bits();
    assert!(
        network
            .parameters()
            .iter()
            .map(bits)
            .eq(written.parameters().iter().map(bits))
    );
    let source = written.rust_source("CLASSIFIER").to_string();
    assert_eq!(source, include_str!("../figures/classifier.rs"));
}

#[test]
fn rust_source_is_read_back_bit_for_bit() {
    let mut network = random::<Classifier, f32>(3);
    let odd = [
        f32::MIN_POSITIVE,
        1e-45,
        -0.0,
        f32::MAX,
        16_777_217.0,
        0.1,
        1e16,
    ];
    network.parameters_mut()[..odd.len()].copy_from_slice(&odd);
    let source = format!("{:.2}", network.rust_source("POLICY"));
    let numbers = source
        .split("[\n")
        .nth(1)
        .expect("right")
        .split("]);")
        .next()
        .expect("right");
    let read: Vec<u32> = numbers
        .split(',')
        .map(str::trim)
        .filter(|number| !number.is_empty())
        .map(|number| number.parse::<f32>().expect("right").to_bits())
        .collect();
    let wanted: Vec<u32> = network
        .parameters()
        .iter()
        .map(|number| number.to_bits())
        .collect();
    assert_eq!(read, wanted);

    let infinite = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    let network = Network::<Dense<U2, U1>>::from_parameters(infinite.into());
    let source = network.rust_source("N").to_string();
    assert!(source.contains(" f32::INFINITY, -f32::INFINITY, f32::NAN,"));
}

#[test]
fn rust_source_tells_what_the_summary_does() {
    type Branches = (
        Residual<(Dense<U2, U3, Tanh>, Dense<U3, U2>)>,
        Reshape<U2, Sequence<U2, U1>>,
        MaxPool1d<Sequence<U2, U1>, U2, U1>,
    );
    let source = Network::<Branches>::zeros().rust_source("N").to_string();
    let line = "/// Residual 2 -> 2; - Dense 2 -> 3, Tanh; Dense 3 -> 2, Identity; Reshape 2 -> 2x1; \
                MaxPool1d 2x1 -> 1x1, kernel 2, stride 1: 17 parameters.";
    assert_eq!(source.lines().next(), Some(line));
}

fn three_points() -> Vec<([f32; 3], Class)> {
    (0..41_u8)
        .map(|i| {
            let x = f32::from(i) / 41.0;
            ([x, 1.0 - x, x * x], Class(usize::from(i) % 4))
        })
        .collect()
}

/// Training that was saved after two epochs goes on as if it had not stopped.
fn goes_on<O: Optimizer<f32>>(optimizer: O) {
    type Kind<O> = Trainer<Portable<Classifier>, CrossEntropy, O, MiniBatch<U8>, f32, Heap>;
    let samples = three_points();
    let mut network = random::<Portable<Classifier>, f32>(4);
    let mut stop = EarlyStop::patience(3);
    let mut trainer = Kind::<O>::new(CrossEntropy, optimizer);
    trainer.seed(0x1234_5678_9abc_def0);
    for _ in 0..2 {
        let epoch = trainer.epoch(&mut network, &samples).expect("right");
        stop.see(epoch.loss, &network);
    }
    let checkpoint = file::to_vec((&network, &trainer, &stop));

    let mut network_again = Network::<Portable<Classifier>>::zeros();
    let mut trainer_again = Kind::<O>::new(CrossEntropy, optimizer);
    let mut stop_again = EarlyStop::patience(3);
    file::load(
        (&mut network_again, &mut trainer_again, &mut stop_again),
        &checkpoint,
    )
    .expect("right");
    assert_eq!(stop_again.best(), stop.best());
    for _ in 0..3 {
        let epoch = trainer.epoch(&mut network, &samples).expect("right");
        let again = trainer_again
            .epoch(&mut network_again, &samples)
            .expect("right");
        assert_eq!(epoch.loss.to_bits(), again.loss.to_bits());
        assert_eq!(epoch.number, again.number);
        assert_eq!(
            stop.see(10.0, &network),
            stop_again.see(10.0, &network_again)
        );
    }
    assert_eq!(network, network_again);
    stop.restore(&mut network);
    stop_again.restore(&mut network_again);
    assert_eq!(network, network_again);
    // the network alone
    let mut alone = Network::<Portable<Classifier>>::zeros();
    file::load(&mut alone, &checkpoint).expect("right");
}

#[test]
fn training_goes_on_from_a_checkpoint_bit_for_bit() {
    goes_on(Sgd::new(0.1));
    goes_on(Sgd::new(0.1).momentum(0.9).nesterov());
    goes_on(Adam::new(0.01));
    goes_on(AdamW::new(0.01));
    goes_on(RmsProp::new(0.01));
    goes_on(Rprop::new(0.01));
    goes_on(ClipNorm {
        limit: 0.1,
        optimizer: Adam::new(0.01),
    });
}

#[test]
fn one_network_is_found_among_others() {
    let (actor, critic) = (random::<Xor, f32>(10), random::<Classifier, f32>(11));
    let both = file::to_vec((&actor, &critic));
    let mut alone = Network::<Classifier>::zeros();
    file::load(&mut alone, &both).expect("right");
    assert_eq!(alone, critic);
    // in the order in which they were written
    let error = file::load((&mut alone, &mut Network::<Xor>::zeros()), &both);
    assert_eq!(error, Err(LoadError::Missing { what: "network" }));
    let mut double = Network::<Xor, f64>::zeros();
    let error = file::load(&mut double, &both);
    assert_eq!(error, Err(LoadError::NumberType { file: 4, wanted: 8 }));
}

/// What is shipped with a network is read back, and a file of other features is refused.
#[test]
fn scales_go_through_a_file() {
    let standard = Standardize::<U2>::new([1.0, 2.0], [3.0, 4.0]);
    let ranged = MinMax::<U3>::new([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]);
    let network = Network::<Dense<U2, U3>>::zeros();
    let written = file::to_vec((&standard, &network, &ranged));
    let (mut again, mut again_ranged) = (Standardize::default(), MinMax::default());
    let mut copy = Network::<Dense<U2, U3>>::zeros();
    file::load((&mut again, &mut copy, &mut again_ranged), &written).expect("the same types");
    assert_eq!((again, again_ranged), (standard, ranged));
    let mut other = Standardize::<U3>::default();
    assert!(file::load(&mut other, &written).is_err());
    assert_eq!(other.applied(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
}

#[test]
fn what_is_not_asked_for_is_told() {
    let network = random::<Xor, f32>(5);
    let written = file::to_vec(&network);
    let adam = || Trainer::<Xor, _, _>::stochastic(MeanSquaredError, Adam::new(0.1));
    let checkpoint = file::to_vec((&network, &adam()));

    let mut double = Network::<Xor, f64>::zeros();
    assert_eq!(
        file::load(&mut double, &written)
            .expect_err("wrong")
            .to_string(),
        "the file holds f32, wanted are f64"
    );
    let mut relu = Network::<(Dense<U2, U3, Relu>, Dense<U3, U1, Sigmoid>)>::zeros();
    let error = file::load(&mut relu, &written)
        .expect_err("wrong")
        .to_string();
    assert!(error.starts_with("the file is of another architecture: its network has"));
    let mut copy = Network::<Xor>::zeros();
    assert_eq!(
        file::load((&mut copy, &mut adam()), &written)
            .expect_err("wrong")
            .to_string(),
        "the file holds no optimizer state"
    );
    // as many numbers, another optimizer
    let mut other = Trainer::<Xor, _, _>::stochastic(MeanSquaredError, AdamW::new(0.1));
    let error = file::load((&mut copy, &mut other), &checkpoint).expect_err("wrong");
    assert!(matches!(
        error,
        LoadError::Architecture {
            what: "optimizer state",
            ..
        }
    ));
    type Heavy = Momentum<f32, f32>;
    let mut other =
        Trainer::<Xor, _, Heavy>::stochastic(MeanSquaredError, Sgd::new(0.1).momentum(0.5));
    assert!(file::load((&mut copy, &mut other), &checkpoint).is_err());
    // nothing came through
    assert_eq!(copy, Network::<Xor>::zeros());
    assert_eq!(
        file::load(&mut copy, b"").expect_err("wrong").to_string(),
        "the file is cut: 0 bytes where 16 are needed"
    );
    assert_eq!(
        file::load(&mut copy, b"PK\x03\x04")
            .expect_err("wrong")
            .to_string(),
        "it is not a file of this format"
    );
    let mut later = written.clone();
    later[4] = 2;
    assert_eq!(
        file::load(&mut copy, &later)
            .expect_err("wrong")
            .to_string(),
        "the file is of version 2, known is version 1"
    );
    let mut longer = written.clone();
    longer.push(0);
    assert_eq!(
        file::load(&mut copy, &longer)
            .expect_err("wrong")
            .to_string(),
        "the file is too long: 89 bytes where 88 are needed"
    );
    let mut short = [0; Network::<Xor>::FILE_BYTES - 1];
    assert!(file::save(&network, &mut short).is_err());
    assert_eq!(short, [0; Network::<Xor>::FILE_BYTES - 1]);
}

/// The README shows what these say.
#[test]
fn the_errors_in_the_readme_are_real() {
    let readme = include_str!("../../README.md");
    let written = file::to_vec(&Network::<Dense<U4, U8, Tanh>>::zeros());
    let mut same = Network::<Dense<U4, U8, Tanh>>::zeros();
    let mut other = Network::<Dense<U4, U8, Relu>>::zeros();
    let cut = file::load(&mut same, &written[..100]).expect_err("wrong");
    let foreign = file::load(&mut other, &written).expect_err("wrong");
    for error in [cut, foreign] {
        assert!(readme.contains(&format!("\n{error}\n")), "{error}");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_an_error() {
    let network = random::<Xor, f32>(6);
    let trainer = Trainer::<Xor, _, _>::stochastic(MeanSquaredError, Adam::new(0.1));
    let checkpoint = file::to_vec((&network, &trainer));
    let mut copy = Network::<Xor>::zeros();
    for end in 0..checkpoint.len() {
        assert!(file::load(&mut copy, &checkpoint[..end]).is_err());
    }
    for bit in 0..8 * checkpoint.len() {
        let mut flipped = checkpoint.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(file::load(&mut copy, &flipped).is_err(), "bit {bit}");
    }
    assert_eq!(copy, Network::<Xor>::zeros());
}

/// Makes the checksum right again.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let mut digest = u32::MAX;
    for byte in file[..12].iter().chain(&file[16..]) {
        digest ^= u32::from(*byte);
        for _ in 0..8 {
            digest = digest >> 1 ^ if digest & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    file[12..16].copy_from_slice(&(!digest).to_le_bytes());
    file
}

proptest! {
    /// Also where the checksum has been made right: an error, or a file that loads as a whole.
    #[test]
    fn forged_files_never_load_half(place in 16_usize..400, byte: u8, end in 0_usize..400) {
        let network = random::<Xor, f32>(7);
        let trainer = Trainer::<Xor, _, _>::stochastic(MeanSquaredError, Adam::new(0.1));
        let mut forged = file::to_vec((&network, &trainer));
        let place = place.min(forged.len() - 1);
        forged[place] = byte;
        if end >= 16 && end < forged.len() {
            forged.truncate(end);
            forged[8..12].copy_from_slice(&u32::try_from(end).expect("right").to_le_bytes());
        }
        let forged = sealed(forged);
        let (mut copy, mut its) = (Network::<Xor>::zeros(), Trainer::<Xor, _, _>::stochastic(MeanSquaredError, Adam::new(0.1)));
        its.seed(3);
        let before = file::to_vec((&copy, &its));
        match file::load((&mut copy, &mut its), &forged) {
            Err(_) => prop_assert_eq!(file::to_vec((&copy, &its)), before),
            Ok(()) => prop_assert!(file::to_vec((&copy, &its)).len() == forged.len()),
        }
    }

    #[test]
    fn any_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), known: bool) {
        if known && bytes.len() >= 16 {
            let length = u32::try_from(bytes.len()).expect("right");
            bytes[..8].copy_from_slice(b"SNET\x01\x00\x00\x00");
            bytes[8..12].copy_from_slice(&length.to_le_bytes());
            bytes = sealed(bytes);
        }
        let mut network = Network::<Xor>::zeros();
        prop_assert!(file::load(&mut network, &bytes).is_err());
        prop_assert!(Network::<Xor, f32, Borrowed<'_>>::from_file(&bytes).is_err());
        prop_assert_eq!(network, Network::<Xor>::zeros());
    }
}
