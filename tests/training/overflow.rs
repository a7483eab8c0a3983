//! Overflow: a step is refused if a value of it would be infinite or NaN, and only then.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use sizednet::{
    Adam, AdamW, BinaryCrossEntropy, Class, ClipNorm, ClipValue, CrossEntropy, Dense, GenericArray,
    Gradient, Loss, MeanSquaredError, MiniBatch, Network, Optimizer, Parameters, Place, RmsProp,
    Scalar, Sgd, Stochastic, Trainer, TrainingError, optimizer::State, sizes::*,
};

use crate::bits::{Bits, Open, all_bits, bits, with_every_optimizer};
use crate::visits::visits;

type Line = Dense<U1, U1>;
type Plane = Dense<U2, U1>;

fn at(place: Place) -> TrainingError {
    TrainingError::NotFinite { epoch: 0, place }
}

/// One step of each kind on a sample, which is refused or not; a healthy step comes first.
fn one_sample<T: Bits, O: Open<Line, T>>(name: &str, optimizer: O, sample: [T; 2], fits: bool) {
    let [x, t] = sample;
    let mut network = Network::<Line, T>::zeros();
    let mut one = Trainer::stochastic(MeanSquaredError, optimizer);
    let mut all = Trainer::full_batch(MeanSquaredError, optimizer);
    let healthy = ([T::ZERO], [T::ZERO]);
    one.step(&mut network, &healthy.0, &healthy.1).expect(name);
    let before = (all_bits(&network, &one), all_bits(&network, &all));
    let found = [
        one.step(&mut network, &[x], &[t]).map(|_| ()),
        all.epoch(&mut network, &[([x], [t])]).map(|_| ()),
        all.epoch(&mut network, &[healthy, ([x], [t])]).map(|_| ()),
    ];
    if fits {
        assert_eq!(found, [Ok(()); 3], "{name}");
    } else {
        let wanted = [0, 0, 1].map(|sample| Err(at(Place::Sample(sample))));
        assert_eq!(found, wanted, "{name}");
        let after = (all_bits(&network, &one), all_bits(&network, &all));
        assert_eq!(before, after, "{name}");
    }
}

#[test]
fn one_number_that_is_not_finite_is_seen_among_others() {
    fn check<T: Bits + Scalar>(numbers: impl IntoIterator<Item = T>) {
        let sgd = Sgd::new(T::ONE);
        let mut state = State::new(&sgd);
        let mut gradient = Gradient::<Plane, T>::zeros();
        for number in numbers {
            let gradients = [T::ONE, number, -T::HALF];
            gradient.parameters_mut().copy_from_slice(&gradients);
            let mut network = Network::<Plane, T>::zeros();
            let found = sgd.apply(&mut state, &mut network, &gradient);
            assert_eq!(found.is_ok(), number.is_finite(), "{number:?}");
            let wanted = if number.is_finite() {
                gradients.map(|g| T::ZERO - g)
            } else {
                [T::ZERO; 3]
            };
            assert_eq!(network.parameters().as_slice(), wanted, "{number:?}");
        }
    }
    check((0..1 << 16).map(|high| f32::from_bits(high << 16 | 0xffff)));
    check((0..1 << 16).map(|high| f32::from_bits(high << 16)));
    check((0..1 << 16).map(|high| f64::from_bits(high << 48 | 0xffff)));
    check((0..1 << 16).map(|high| f64::from_bits(high << 48)));
    check([f32::MAX, f32::MIN, f32::MAX.next_up(), f32::NAN, -f32::NAN]);
    check([f64::MAX, f64::MIN, f64::MAX.next_up(), f64::NAN, -f64::NAN]);
}

#[test]
fn a_loss_that_overflows_is_refused() {
    with_every_optimizer!(one_sample::<f32>, 0.01, [1.0, 1e20], false);
    with_every_optimizer!(one_sample::<f64>, 0.01, [1.0, 1e200], false);
}

#[test]
fn a_gradient_that_overflows_is_refused_though_the_loss_is_finite() {
    with_every_optimizer!(one_sample::<f32>, 0.01, [1e30, 1e15], false);
    with_every_optimizer!(one_sample::<f64>, 0.01, [1e200, 1e120], false);
}

fn huge_rate<T: Bits, O: Open<Line, T>>(name: &str, optimizer: O) {
    let mut network = Network::<Line, T>::zeros();
    let mut one = Trainer::stochastic(MeanSquaredError, optimizer);
    let mut all = Trainer::full_batch(MeanSquaredError, optimizer);
    let before = (all_bits(&network, &one), all_bits(&network, &all));
    let sample = ([T::TWO], [T::from_f64(20.0)]);
    let step = one.step(&mut network, &sample.0, &sample.1).map(|_| ());
    if name == "Rprop" {
        assert_eq!(step, Ok(()), "its steps are at most 50");
        return;
    }
    assert_eq!(step, Err(at(Place::Sample(0))), "{name}");
    let epoch = all.epoch(&mut network, &[sample, sample]).map(|_| ());
    assert_eq!(epoch, Err(at(Place::Batch(0))), "{name}");
    let after = (all_bits(&network, &one), all_bits(&network, &all));
    assert_eq!(before, after, "{name}");
}

#[test]
fn an_update_that_overflows_is_refused_though_the_gradient_is_finite() {
    with_every_optimizer!(huge_rate::<f32>, f32::MAX);
    with_every_optimizer!(huge_rate::<f64>, f64::MAX);
}

/// A gradient of 2e38, two of which are more than a number can hold.
const HEAVY: ([f32; 1], [f32; 1]) = ([1e20], [-1e18]);
const LIGHT: ([f32; 1], [f32; 1]) = ([0.0], [1.0]);

#[test]
fn a_gradient_that_overflows_in_its_sum_names_the_batch() {
    let mut network = Network::<Line>::zeros();
    let mut all = Trainer::full_batch(MeanSquaredError, Sgd::new(1e-30));
    let error = all.epoch(&mut network, &[HEAVY, LIGHT, HEAVY]);
    assert_eq!(error, Err(at(Place::Batch(0))));
    assert_eq!(network, Network::zeros());

    // both heavy ones in the second batch
    let seed = (0..1000)
        .find(|seed| visits::<MiniBatch<U2>>(*seed, 0, 4)[..2] == [3, 1])
        .expect("one of some twelve");
    let mut some = Trainer::mini_batch::<U2>(MeanSquaredError, Sgd::new(0.25));
    some.seed(seed);
    let error = some.epoch(&mut network, &[HEAVY, LIGHT, HEAVY, LIGHT]);
    assert_eq!(error, Err(at(Place::Batch(1))));
    assert_eq!(
        network.parameters().as_slice(),
        [0.0, 0.5],
        "the first stays"
    );
}

#[test]
fn losses_that_overflow_in_their_sum_alone_refuse_no_step() {
    let samples = [([0.0_f32], [1.4e19]), ([0.0], [1.4e19])];
    let each = 1.4e19_f32 * 1.4e19;
    assert!(each.is_finite() && (each + each).is_infinite());
    let mut network = Network::<Line>::zeros();
    let mut all = Trainer::full_batch(MeanSquaredError, Sgd::new(1e-30));
    let epoch = all.epoch(&mut network, &samples).expect("all are finite");
    assert_eq!(epoch.loss, each);
    let mut one = Trainer::stochastic(MeanSquaredError, Sgd::new(1e-30));
    let mut network = Network::<Line>::zeros();
    let epoch = one.epoch(&mut network, &samples).expect("all are finite");
    assert_eq!(epoch.loss, each);
}

/// The parameters and the velocity after one update of `Plane`, by hand; `None` if a value is not finite.
fn by_hand(
    parameters: [f32; 3],
    velocity: [f32; 3],
    samples: &[([f32; 2], [f32; 1])],
    rate: f32,
    momentum: f32,
) -> Option<[[f32; 3]; 2]> {
    let mut gradient = [0.0; 3];
    let mut finite = true;
    for ([a, b], [t]) in samples {
        let mut y = parameters[2];
        y += a * parameters[0];
        y += b * parameters[1];
        let error = y - t;
        finite &= (error * error).is_finite();
        let slope = error + error;
        gradient[0] += a * slope;
        gradient[1] += b * slope;
        gradient[2] += slope;
    }
    let mut next = [[0.0; 3]; 2];
    for i in 0..3 {
        gradient[i] /= samples.len() as f32;
        next[1][i] = momentum * velocity[i] + gradient[i];
        next[0][i] = parameters[i] - rate * next[1][i];
    }
    let mut values = next.iter().flatten().chain(&gradient);
    (finite && values.all(|value| value.is_finite())).then_some(next)
}

/// Numbers of all magnitudes, so that losses, gradients and updates overflow in every combination.
fn wild(rng: &mut impl Rng) -> f32 {
    let exponent = f64::from(rng.next_u32() % 77) - 38.0;
    let digits = f64::from(rng.next_u32()) / f64::from(u32::MAX) * 18.0 - 9.0;
    if rng.next_u32().is_multiple_of(8) {
        0.0
    } else {
        (digits * 10_f64.powf(exponent)) as f32
    }
}

type PlaneSamples = [([f32; 2], [f32; 1]); 3];

/// Parameters, velocity, rate and momentum, and samples: mild numbers but for a few, or nearly all would overflow.
fn drawn(rng: &mut impl Rng) -> ([[f32; 3]; 2], [f32; 2], PlaneSamples) {
    let mut number = || match rng.next_u32() % 4 {
        0 => wild(rng),
        _ => (rng.next_u32() % 17) as f32 / 8.0 - 1.0,
    };
    let state = [(); 2].map(|()| [(); 3].map(|()| number()));
    let rates = [(); 2].map(|()| number());
    let samples = [(); 3].map(|()| ([number(), number()], [number()]));
    (state, rates, samples)
}

#[test]
fn a_step_is_refused_if_and_only_if_a_value_of_it_is_not_finite() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let mut outcomes = [0; 2];
    for draw in 0..40_000 {
        let ([parameters, velocity], [rate, momentum], samples) = drawn(&mut rng);
        let samples = &samples[..draw % 3 + 1];

        let mut network = Network::<Plane>::from_parameters(GenericArray::from_array(parameters));
        let optimizer = Sgd::new(rate).momentum(momentum);
        let mut trainer = Trainer::full_batch(MeanSquaredError, optimizer);
        trainer.state_mut().arrays[0].copy_from_slice(&velocity);
        let before = all_bits(&network, &trainer);
        let found = trainer.epoch(&mut network, samples);
        let after = [
            network.parameters().as_slice(),
            trainer.state().arrays[0].as_slice(),
        ];
        match by_hand(parameters, velocity, samples, rate, momentum) {
            Some(next) => {
                found.unwrap_or_else(|error| panic!("draw {draw}: {error}, {samples:?}"));
                assert_eq!(after, next, "draw {draw}");
            }
            None => {
                assert!(found.is_err(), "draw {draw}: {after:?}");
                assert_eq!(all_bits(&network, &trainer), before, "draw {draw}");
            }
        }
        outcomes[usize::from(found.is_ok())] += 1;
    }
    assert!(outcomes.iter().all(|count| *count > 10_000), "{outcomes:?}");
}

/// Of plain gradient descent, which writes before it knows.
#[test]
fn a_plain_step_is_refused_if_and_only_if_a_value_of_it_is_not_finite() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
    let mut outcomes = [0; 2];
    for draw in 0..40_000 {
        let ([parameters, _], [rate, _], samples) = drawn(&mut rng);
        let samples = &samples[..draw % 3 + 1];

        let mut network = Network::<Plane>::from_parameters(GenericArray::from_array(parameters));
        let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(rate));
        let before = all_bits(&network, &trainer);
        let found = trainer.epoch(&mut network, samples);
        match by_hand(parameters, [0.0; 3], samples, rate, 0.0) {
            Some([next, _]) => {
                found.unwrap_or_else(|error| panic!("draw {draw}: {error}, {samples:?}"));
                assert_eq!(network.parameters().as_slice(), next, "draw {draw}");
            }
            None => {
                assert!(found.is_err(), "draw {draw}: {network:?}");
                assert_eq!(all_bits(&network, &trainer), before, "draw {draw}");
            }
        }
        outcomes[usize::from(found.is_ok())] += 1;
    }
    assert!(outcomes.iter().all(|count| *count > 10_000), "{outcomes:?}");
}

#[test]
fn extreme_logits_are_refused_only_where_their_loss_is_infinite() {
    let mut network = Network::<Dense<U1, U2>>::zeros();
    let loss = |logits: [f32; 2], class| CrossEntropy.loss(&logits, &Class(class), &mut [0.0; 2]);
    let mut trainer = Trainer::stochastic(CrossEntropy, Sgd::new(0.5));
    for (logits, class) in [
        ([1e30, -1e30], 0),
        ([1e30, -1e30], 1),
        ([f32::MAX, f32::MAX], 1),
        ([f32::MAX, -f32::MAX], 0),
        ([-f32::MAX, -f32::MAX], 0),
    ] {
        *network.layers_mut().bias = logits;
        let found = trainer.step(&mut network, &[1.0], &Class(class));
        assert_eq!(found, Ok(loss(logits, class)), "{logits:?}");
    }
    *network.layers_mut().bias = [f32::MAX, -f32::MAX];
    let before = bits(&network);
    let found = trainer.step(&mut network, &[1.0], &Class(1));
    assert_eq!(found, Err(at(Place::Sample(0))), "2 * MAX is infinite");
    assert_eq!(bits(&network), before);

    let mut trainer = Trainer::stochastic(BinaryCrossEntropy, Sgd::new(0.5));
    for (logits, target, wanted) in [
        ([f32::MAX, -f32::MAX], [1.0, 0.0], 0.0),
        ([1e30, -1e30], [0.0, 1.0], 1e30),
    ] {
        *network.layers_mut().bias = logits;
        let found = trainer.step(&mut network, &[1.0], &target);
        assert_eq!(found, Ok(wanted), "{logits:?}");
    }
}

#[test]
fn the_norm_for_clipping_does_not_overflow() {
    let mut network = Network::<Plane>::zeros();
    let gradient = Network::<Plane>::from_parameters(GenericArray::from_array([
        f32::MAX,
        f32::MAX,
        -f32::MAX,
    ]));
    let optimizer = ClipNorm {
        limit: 3.0,
        optimizer: Sgd::new(1.0),
    };
    optimizer
        .apply(&mut State::new(&optimizer), &mut network, &gradient)
        .expect("the clipped gradient is small");
    let wanted = 3.0_f32.sqrt();
    for (got, sign) in network.parameters().iter().zip([-1.0, -1.0, 1.0]) {
        assert!((got - sign * wanted).abs() < 1e-6, "{got}");
    }
}

#[test]
fn a_refused_update_by_hand_changes_nothing() {
    fn check<T: Bits, O: Open<Plane, T>>(name: &str, optimizer: O) {
        let mut network = Network::<Plane, T>::zeros();
        let mut trainer =
            Trainer::<_, _, _, Stochastic, T>::stochastic(MeanSquaredError, optimizer);
        let mut gradient: Parameters<Plane, T> = GenericArray::from_array([T::ONE; 3]);
        for value in [T::INFINITY, -T::INFINITY, T::INFINITY * T::ZERO] {
            optimizer
                .apply(
                    trainer.state_mut(),
                    &mut network,
                    &Network::<Plane, T>::from_parameters(gradient),
                )
                .expect(name);
            let before = all_bits(&network, &trainer);
            gradient[2] = value;
            optimizer
                .apply(
                    trainer.state_mut(),
                    &mut network,
                    &Network::<Plane, T>::from_parameters(gradient),
                )
                .expect_err(name);
            assert_eq!(all_bits(&network, &trainer), before, "{name}");
            gradient[2] = T::ONE;
        }
    }
    with_every_optimizer!(check::<f32>, 0.01);
    with_every_optimizer!(check::<f64>, 0.01);
}

/// Limits that make no sense are refused where they would do harm, in the parameters and in their silence.
#[test]
fn a_limit_that_is_negative_or_none_lets_nothing_through_that_is_not_finite() {
    for limit in [-3e38_f32, f32::NEG_INFINITY, f32::NAN] {
        let mut network = Network::<Line>::zeros();
        let optimizer = ClipValue {
            limit,
            optimizer: Sgd::new(10.0),
        };
        let mut trainer = Trainer::stochastic(MeanSquaredError, optimizer);
        let error = trainer.step(&mut network, &[1.0], &[0.1]);
        assert_eq!(error, Err(at(Place::Sample(0))), "{limit}");
        assert_eq!(network, Network::zeros());
    }
    let mut network = Network::<Line>::zeros();
    let optimizer = ClipNorm {
        limit: f32::NAN,
        optimizer: Sgd::new(0.5),
    };
    let mut trainer = Trainer::stochastic(MeanSquaredError, optimizer);
    assert!(trainer.step(&mut network, &[1.0], &[0.1]).is_err());
    assert_eq!(network, Network::zeros());
    // a gradient of 0 has no norm to divide by
    assert!(trainer.step(&mut network, &[1.0], &[0.0]).is_ok());
}

/// A mean square is never negative, but a restored state may hold anything: its root is no number.
#[test]
fn a_negative_mean_square_in_the_state_is_refused() {
    fn refuses<O: Open<Line, f32>>(optimizer: O, square: usize) {
        for (value, fits) in [(1.0, true), (-1.0, false)] {
            let mut network = Network::<Line>::zeros();
            let mut trainer = Trainer::stochastic(MeanSquaredError, optimizer);
            trainer.state_mut().arrays.as_mut()[square].fill(value);
            let before = all_bits(&network, &trainer);
            let step = trainer.step(&mut network, &[1.0], &[0.1]);
            assert_eq!(step.is_ok(), fits);
            assert_eq!(all_bits(&network, &trainer) == before, !fits);
        }
    }
    refuses(Adam::new(0.01), 1);
    refuses(AdamW::new(0.01), 1);
    refuses(RmsProp::new(0.01), 0);
}

/// Whatever parameters, state and gradient hold: an update that is made leaves finite numbers, one that is refused
/// changes nothing.
fn leaves_finite_numbers<T: Bits, O: Open<Plane, T>>(name: &str, optimizer: O) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
    let mut made = 0;
    for draw in 0..4_000 {
        // all about as large, so that it is the update that decides
        let size = wild(&mut rng).abs();
        let mut number = || match rng.next_u32() % 8 {
            0 => T::from_f64(wild(&mut rng).into()),
            _ => T::from_f64(f64::from(size) * (f64::from(rng.next_u32() % 17) / 8.0 - 1.0)),
        };
        let mut network = Network::<Plane, T>::zeros();
        let mut gradient = Network::<Plane, T>::zeros();
        let mut trainer =
            Trainer::<_, _, _, Stochastic, T>::stochastic(MeanSquaredError, optimizer);
        network.parameters_mut().fill_with(&mut number);
        gradient.parameters_mut().fill_with(&mut number);
        for array in trainer.state_mut().arrays.as_mut() {
            array.fill_with(&mut number);
        }
        trainer.state_mut().updates = draw % 7;
        let before = all_bits(&network, &trainer);
        let found = optimizer.apply(trainer.state_mut(), &mut network, &gradient);
        if found.is_ok() {
            made += 1;
            let state = trainer
                .state()
                .arrays
                .as_ref()
                .iter()
                .flat_map(|array| array.iter());
            let finite = |value: &T| value.is_finite();
            assert!(
                network.parameters().iter().all(finite),
                "{name}, draw {draw}"
            );
            assert!(state.copied().all(Scalar::is_finite), "{name}, draw {draw}");
        } else {
            assert_eq!(all_bits(&network, &trainer), before, "{name}, draw {draw}");
        }
    }
    assert!(made > 200, "{name} made {made} updates");
}

#[test]
fn an_update_that_is_made_leaves_finite_numbers() {
    for rate in [1e-3, -0.5, 1e20] {
        with_every_optimizer!(leaves_finite_numbers::<f32>, rate);
    }
    with_every_optimizer!(leaves_finite_numbers::<f64>, 1e300);
}
