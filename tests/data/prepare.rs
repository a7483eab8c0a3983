//! Scaling, splitting, subsets and class weights, against scikit-learn and against what a split has to be.

use proptest::prelude::*;
use serde_json::Value;
use sizednet::prepare::{class_weights, one_hot, split, split_stratified, subset};
use sizednet::{
    Adam, Class, CrossEntropy, DataError, Dense, Image, Loss, MeanSquaredError, MinMax, Network,
    Place, PrepareError, Samples, Scalar, Sgd, Standardize, Tanh, Trainer, TrainingError, Weighted,
    gradient_check, sizes::*,
};

fn figures() -> Value {
    serde_json::from_str(include_str!("../figures/prepare.json")).expect("valid JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().expect("a number");
    list(value).iter().map(number).collect()
}

fn rows<T: Scalar>(value: &Value) -> Vec<[T; 8]> {
    let row = |row: &Value| {
        let row: [f64; 8] = numbers(row).try_into().expect("eight features");
        row.map(T::from_f64)
    };
    list(value).iter().map(row).collect()
}

fn classes(value: &Value) -> Vec<Class> {
    let class = |value: &Value| Class(value.as_u64().expect("a class") as usize);
    list(value).iter().map(class).collect()
}

fn assert_near<T: Scalar>(what: &str, got: &[T], right: &[f64], bound: f64) {
    assert_eq!(got.len(), right.len());
    for (feature, (got, right)) in got.iter().zip(right).enumerate() {
        let error = (got.to_f64() - right).abs();
        assert!(
            error <= bound * right.abs().max(1e-9),
            "{what} of feature {feature} is {got}, not {right}"
        );
    }
}

/// `rounding` is that of one operation of `T`.
fn scalings_are_those_of_scikit_learn<T: Scalar>(rounding: f64) {
    for figures in list(&figures()["scalings"]) {
        let inputs = rows::<T>(&figures["inputs"]);
        let standardize = Standardize::<U8, T>::fit(&inputs).expect("finite");
        let min_max = MinMax::<U8, T>::fit(&inputs).expect("finite");
        // in f64 the two add up in different orders, and a deviation may be a millionth of its mean
        let bound = rounding.max(1e-14);
        let mean = numbers(&figures["mean"]);
        assert_near("mean", standardize.mean(), &mean, bound);
        let scale = numbers(&figures["scale"]);
        assert_near("scale", standardize.scale(), &scale, rounding.max(1e-12));
        let minimum = numbers(&figures["minimum"]);
        assert_near("minimum", min_max.minimum(), &minimum, 0.0);
        let range = |(max, min): (f64, f64)| if max > min { max - min } else { 1.0 };
        let maximum = numbers(&figures["maximum"]).into_iter();
        let range: Vec<f64> = maximum.zip(minimum).map(range).collect();
        assert_near("range", min_max.range(), &range, rounding);

        let expected = list(&figures["standardized"])
            .iter()
            .zip(list(&figures["min_max"]));
        for (other, (standardized, in_range)) in rows::<T>(&figures["others"]).iter().zip(expected)
        {
            // taking off an offset loses the digits that both have
            let check = |what, got: [T; 8], right: &Value, offset: &[T; 8], divisor: &[T; 8]| {
                for (feature, right) in numbers(right).into_iter().enumerate() {
                    let size = other[feature].abs().to_f64() + offset[feature].abs().to_f64();
                    let bound = 4.0 * rounding.max(1e-14) * size / divisor[feature].to_f64() + 1e-9;
                    let error = (got[feature].to_f64() - right).abs();
                    let allowed = bound + 4.0 * rounding * right.abs();
                    assert!(
                        error <= allowed,
                        "{what} {feature}: {} for {right}",
                        got[feature]
                    );
                }
            };
            let (mean, scale) = (standardize.mean(), standardize.scale());
            check(
                "standardized",
                standardize.applied(other),
                standardized,
                mean,
                scale,
            );
            let (minimum, range) = (min_max.minimum(), min_max.range());
            check("in range", min_max.applied(other), in_range, minimum, range);
        }
    }
}

#[test]
fn scalings_are_those_of_scikit_learn_in_f32() {
    scalings_are_those_of_scikit_learn::<f32>(f32::EPSILON.into());
}

#[test]
fn scalings_are_those_of_scikit_learn_in_f64() {
    scalings_are_those_of_scikit_learn::<f64>(f64::EPSILON);
}

/// Where a deviation is no more than what rounding makes of a constant.
#[test]
fn nearly_constant_features_are_those_of_scikit_learn() {
    for figures in list(&figures()["nearly_constant"]) {
        let inputs: Vec<[f64; 1]> = numbers(&figures["inputs"])
            .into_iter()
            .map(|x| [x])
            .collect();
        let right = figures["scale"].as_f64().expect("a number");
        let [scale] = *Standardize::<U1, f64>::fit(&inputs)
            .expect("finite")
            .scale();
        // what is left of the mean's rounding
        assert!(
            (scale / right - 1.0).abs() < 0.1,
            "{scale:e} for {right:e}: {inputs:?}"
        );
        assert_eq!(scale == 1.0, right == 1.0, "{inputs:?}");
    }
}

#[test]
fn class_weights_are_those_of_scikit_learn() {
    for figures in list(&figures()["weights"]) {
        let (classes, right) = (classes(&figures["classes"]), numbers(&figures["weights"]));
        let weights = class_weights::<U4, f64>(&classes).expect("every class has samples");
        assert_eq!(weights[..], right);
        let single = class_weights::<U4, f32>(classes).expect("every class has samples");
        assert_eq!(single, weights.map(|weight| weight as f32));
    }
}

/// How many of a part are of each class.
fn of_each<const N: usize>(part: &[u32], classes: &[Class]) -> [usize; N] {
    let mut counts = [0; N];
    for sample in part {
        counts[classes[*sample as usize].0] += 1;
    }
    counts
}

#[test]
fn stratified_counts_are_those_of_scikit_learn() {
    for figures in list(&figures()["splits"]) {
        let classes = classes(&figures["classes"]);
        let test = figures["test"].as_u64().expect("a count") as usize;
        let right: Vec<usize> = numbers(&figures["of_each"])
            .iter()
            .map(|n| *n as usize)
            .collect();
        for seed in 0..20 {
            let mut order = vec![0; classes.len()];
            let (_, part) = split_stratified::<U4>(&mut order, seed, test, |i| classes[i])
                .expect("classes below 4");
            assert_eq!(of_each::<4>(part, &classes)[..], right);
        }
    }
}

fn assert_partition(training: &[u32], test: &[u32], samples: usize, wanted: usize) {
    assert_eq!(test.len(), wanted);
    let mut all = [training, test].concat();
    all.sort_unstable();
    assert_eq!(all, Vec::from_iter(0..samples as u32));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_split_loses_and_doubles_nothing(samples in 1..300_usize, share in 0.0..=1.0, seed: u64) {
        let test = (samples as f64 * share) as usize;
        let (mut order, mut again) = (vec![9; samples], vec![7; samples]);
        let (training, part) = split(&mut order, seed, test).expect("enough");
        assert_partition(training, part, samples, test);
        prop_assert_eq!(split(&mut again, seed, test), Ok((training, part)));
    }

    #[test]
    fn a_stratified_split_keeps_each_share_to_within_one_sample(
        classes in prop::collection::vec(0..7_usize, 1..300),
        share in 0.0..=1.0,
        seed: u64,
    ) {
        let classes: Vec<Class> = classes.into_iter().map(Class).collect();
        let samples = classes.len();
        let test = (samples as f64 * share) as usize;
        let (mut order, mut again) = (vec![9; samples], vec![7; samples]);
        let (training, part) =
            split_stratified::<U7>(&mut order, seed, test, |i| classes[i]).expect("below 7");
        assert_partition(training, part, samples, test);
        let (in_training, in_test) = (of_each::<7>(training, &classes), of_each::<7>(part, &classes));
        for (a, b) in in_training.iter().zip(in_test) {
            let exact = (a + b) as f64 * test as f64 / samples as f64;
            prop_assert!((b as f64 - exact).abs() < 1.0, "{} for {}", b, exact);
        }
        let same = split_stratified::<U7>(&mut again, seed, test, |i| classes[i]);
        prop_assert_eq!(same, Ok((training, part)));
    }

    #[test]
    fn undo_goes_back(
        inputs in prop::collection::vec(prop::array::uniform3(-1e3..1e3_f64), 1..50),
        input in prop::array::uniform3(-1e3..1e3_f64),
    ) {
        let (standardize, min_max) = (
            Standardize::<U3, f64>::fit(&inputs).expect("finite"),
            MinMax::<U3, f64>::fit(&inputs).expect("finite"),
        );
        let single: Vec<[f32; 3]> = inputs.iter().map(|input| input.map(|x| x as f32)).collect();
        let (mut a, mut b) = (standardize.applied(&input), min_max.applied(&input));
        standardize.undo(&mut a);
        min_max.undo(&mut b);
        let mut c = input.map(|x| x as f32);
        let scaling = Standardize::<U3>::fit(&single).expect("finite");
        scaling.apply(&mut c);
        scaling.undo(&mut c);
        for feature in 0..3 {
            prop_assert!((a[feature] - input[feature]).abs() < 1e-12 * 1e3);
            prop_assert!((b[feature] - input[feature]).abs() < 1e-12 * 1e3);
            prop_assert!((f64::from(c[feature]) - input[feature]).abs() < 1e-6 * 1e3);
        }
    }

    #[test]
    fn what_was_fitted_has_mean_0_and_deviation_1(
        inputs in prop::collection::vec(prop::array::uniform2(-1e3..1e3_f64), 2..50),
    ) {
        let scaling = Standardize::<U2, f64>::fit(&inputs).expect("finite");
        let in_range = MinMax::<U2, f64>::fit(&inputs).expect("finite");
        for feature in 0..2 {
            let scaled: Vec<f64> = inputs.iter().map(|x| scaling.applied(x)[feature]).collect();
            let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((mean(scaled.iter().map(|x| x * x).collect()) - 1.0).abs() < 1e-9);
            prop_assert!(mean(scaled).abs() < 1e-9);
            let ranged = || inputs.iter().map(|x| in_range.applied(x)[feature]);
            prop_assert_eq!(ranged().fold(2.0, f64::min), 0.0);
            prop_assert_eq!(ranged().fold(-1.0, f64::max), 1.0);
        }
    }
}

/// Pinned, as the order of a trainer is: from a few lines of Python that follow the formula.
#[test]
fn splits_are_the_pinned_ones() {
    let mut order = [0; 5];
    assert_eq!(split(&mut order, 0, 2), Ok((&[1, 2, 0][..], &[4, 3][..])));
    assert_eq!(split(&mut order, 1, 1), Ok((&[0, 4, 1, 2][..], &[3][..])));
    let mut order = [0; 10];
    let found = split_stratified::<U2>(&mut order, 3, 4, |i| Class(usize::from(i % 3 == 0)));
    assert_eq!(found, Ok((&[1, 7, 5, 6, 3, 2][..], &[8, 9, 4, 0][..])));
    // all rests are equal
    let mut order = [0; 8];
    let found = split_stratified::<U4>(&mut order, 9, 3, |i| Class(i % 4));
    assert_eq!(found, Ok((&[3, 6, 1, 4, 7][..], &[5, 2, 0][..])));
}

/// Also where rests are equal: no class and no sample is always or never in the test part.
#[test]
fn every_sample_is_as_often_in_the_test_part() {
    let mut counts = [[0_u32; 10]; 3];
    for seed in 0..3_000 {
        let mut order = [0; 10];
        let (_, part) = split(&mut order, seed, 3).expect("enough");
        part.iter().for_each(|i| counts[0][*i as usize] += 1);
        let (_, part) = split_stratified::<U10>(&mut order, seed, 3, Class).expect("below 10");
        part.iter().for_each(|i| counts[1][*i as usize] += 1);
        let halves = |i| Class(i % 2);
        let (_, part) = split_stratified::<U2>(&mut order, seed, 3, halves).expect("below 2");
        part.iter().for_each(|i| counts[2][*i as usize] += 1);
    }
    for count in counts.as_flattened() {
        // six standard deviations of 3,000 draws with probability 0.3
        assert!(count.abs_diff(900) < 150, "{counts:?}");
    }
}

#[test]
fn parts_of_none_and_of_all() {
    let one_class = |_| Class(0);
    for samples in [1, 2, 7] {
        for test in [0, samples] {
            let mut order = vec![0; samples];
            let (training, part) = split(&mut order, 5, test).expect("enough");
            assert_partition(training, part, samples, test);
            let (training, part) =
                split_stratified::<U3>(&mut order, 5, test, one_class).expect("enough");
            assert_partition(training, part, samples, test);
        }
        let error = PrepareError::TestTooLarge {
            test: samples + 1,
            samples,
        };
        let mut order = vec![0; samples];
        assert_eq!(split(&mut order, 5, samples + 1), Err(error));
        let found = split_stratified::<U3>(&mut order, 5, samples + 1, one_class);
        assert_eq!(found, Err(error));
    }
    let none = PrepareError::Data(DataError::NoSamples);
    assert_eq!(split(&mut [], 0, 0), Err(none));
    assert_eq!(split_stratified::<U1>(&mut [], 0, 0, one_class), Err(none));
    let unknown = DataError::ClassOutOfRange {
        sample: 3,
        class: 3,
        classes: 3,
    };
    let mut order = [0; 5];
    let found = split_stratified::<U3>(&mut order, 0, 1, Class);
    assert_eq!(found, Err(PrepareError::Data(unknown)));
}

#[test]
fn fits_of_one_sample_of_none_and_of_what_is_not_finite() {
    let one = Standardize::<U2>::fit(&[[0.1, -3.0]]).expect("finite");
    assert_eq!(one, Standardize::new([0.1, -3.0], [1.0, 1.0]));
    assert_eq!(one.applied(&[0.1, -2.0]), [0.0, 1.0]);
    let one = MinMax::<U2>::fit(&[[0.1, -3.0]]).expect("finite");
    assert_eq!(one, MinMax::new([0.1, -3.0], [1.0, 1.0]));
    // a thousand times a number that has no exact sum
    let constant = Standardize::<U1, f64>::fit(&[[0.1]; 1000]).expect("finite");
    assert_eq!(constant, Standardize::new([0.1], [1.0]));

    let none = Some(PrepareError::Data(DataError::NoSamples));
    assert_eq!(Standardize::<U2>::fit(&[]).err(), none);
    assert_eq!(MinMax::<U2>::fit(&[]).err(), none);
    for wrong in [f32::NAN, f32::INFINITY, -f32::INFINITY] {
        let inputs = [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, wrong]];
        let error = Some(PrepareError::NotFinite {
            sample: 2,
            feature: 2,
        });
        assert_eq!(Standardize::<U3>::fit(&inputs).err(), error);
        assert_eq!(MinMax::<U3>::fit(&inputs).err(), error);
    }
}

#[test]
fn values_too_far_apart_are_told_by_their_feature() {
    let error = Some(PrepareError::TooWide { feature: 1 });
    let wide = [[0.0, f64::MAX], [1.0, -f64::MAX]];
    assert_eq!(Standardize::<U2, f64>::fit(&wide).err(), error);
    assert_eq!(MinMax::<U2, f64>::fit(&wide).err(), error);
    let wide = [[0.0, f32::MAX], [1.0, -f32::MAX]];
    assert_eq!(MinMax::<U2>::fit(&wide).err(), error);
    // sums are taken in f64, and the deviation is an f32 again
    let scaling = Standardize::<U2>::fit(&wide).expect("a finite deviation");
    assert_eq!(scaling, Standardize::new([0.5, 0.0], [0.5, f32::MAX]));
    // a deviation below the smallest f32 is none
    let narrow = Standardize::<U1>::fit(&[[0.0], [f32::from_bits(1)]]).expect("finite");
    assert_eq!(narrow.scale(), &[1.0]);
}

#[test]
fn images_are_scaled_by_pixel() {
    type Pixels = Image<U1, U2, U2>;
    static SCALING: MinMax<Pixels> = MinMax::new([[[0.0; 2]; 2]], [[[255.0; 2]; 2]]);
    let images = [[[[0.0, 255.0], [10.0, 4.0]]], [[[255.0, 0.0], [20.0, 8.0]]]];
    assert_eq!(SCALING.applied(&images[0])[0][0], [0.0, 1.0]);
    let scaling = Standardize::<Pixels>::fit(&images).expect("finite");
    assert_eq!(scaling.mean(), &[[[127.5, 127.5], [15.0, 6.0]]]);
    assert_eq!(scaling.scale(), &[[[127.5, 127.5], [5.0, 2.0]]]);
    assert_eq!(scaling.applied(&images[1]), [[[1.0, -1.0], [1.0, 1.0]]]);
}

#[test]
fn one_hot_arrays() {
    assert_eq!(one_hot::<U3, f64>(Class(0)), Ok([1.0, 0.0, 0.0]));
    assert_eq!(one_hot::<U1, f32>(Class(0)), Ok([1.0]));
    let error = DataError::ClassOutOfRange {
        sample: 0,
        class: 3,
        classes: 3,
    };
    assert_eq!(one_hot::<U3, f32>(Class(3)), Err(error));
}

#[test]
fn weights_need_samples_of_every_class() {
    let none: [Class; 0] = [];
    let error = PrepareError::Data(DataError::NoSamples);
    assert_eq!(class_weights::<U2, f32>(none), Err(error));
    let empty = PrepareError::EmptyClass { class: 1 };
    assert_eq!(class_weights::<U3, f32>([Class(0), Class(2)]), Err(empty));
    let beyond = DataError::ClassOutOfRange {
        sample: 1,
        class: 2,
        classes: 2,
    };
    let found = class_weights::<U2, f32>([Class(0), Class(2)]);
    assert_eq!(found, Err(PrepareError::Data(beyond)));
}

#[test]
fn a_subset_trains_as_a_copy_of_its_samples() {
    let samples: Vec<([f32; 1], [f32; 1])> = (0..20)
        .map(|i| ([i as f32 / 20.0], [1.0 - i as f32 / 10.0]))
        .collect();
    let mut order = [0; 20];
    let (training, test) = split(&mut order, 8, 6).expect("enough");
    let copy: Vec<_> = training.iter().map(|i| samples[*i as usize]).collect();
    let trained = |of_subset: bool| {
        let mut network = Network::<(Dense<U1, U3, Tanh>, Dense<U3, U1>)>::zeros();
        let mut trainer = Trainer::mini_batch::<U4>(MeanSquaredError, Adam::new(0.1));
        for _ in 0..5 {
            let epoch = if of_subset {
                trainer.epoch(&mut network, subset(&samples, training))
            } else {
                trainer.epoch(&mut network, &copy)
            };
            epoch.expect("finite");
        }
        network
    };
    let network = trained(true);
    assert_eq!(network, trained(false));
    let tested = network.evaluate(subset(&samples, test), &MeanSquaredError);
    assert_eq!(tested.expect("samples").samples, 6);

    // a part of a part
    let within = subset(subset(&samples[..], training), &[3, 0]);
    let found = Samples::<[f32; 1]>::sample(&within, 1);
    assert_eq!(
        found,
        samples.get(training[0] as usize).map(|(x, y)| (x, y))
    );
}

#[test]
fn a_subset_of_samples_that_are_not_there_changes_nothing() {
    let samples = [([0.0], [1.0]), ([1.0], [2.0])];
    let mut network = Network::<Dense<U1, U1>>::zeros();
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    let missing = DataError::Missing { sample: 2 };
    let found = trainer.epoch(&mut network, subset(&samples, &[0, 1, 2]));
    assert_eq!(found, Err(TrainingError::Data(missing)));
    assert_eq!(network, Network::zeros());
    let found = trainer.epoch(&mut network, subset(&samples, &[]));
    assert_eq!(found, Err(TrainingError::Data(DataError::NoSamples)));

    let found = Standardize::<U1>::fit_samples(subset(&samples, &[0, 1, u32::MAX]));
    assert_eq!(found, Err(PrepareError::Data(missing)));
    let inputs: &[[f32; 1]] = &[[0.0]];
    let targets: &[[f32; 1]] = &[];
    let differ = DataError::LengthsDiffer {
        inputs: 1,
        targets: 0,
    };
    let found = MinMax::<U1>::fit_samples(subset((inputs, targets), &[0]));
    assert_eq!(found, Err(PrepareError::Data(differ)));
}

#[test]
fn the_gradient_of_a_weighted_loss_is_the_numeric_one() {
    let loss = Weighted {
        weights: [0.25, 3.0, 1.0],
        loss: CrossEntropy,
    };
    let parameters = core::array::from_fn::<f64, 23, _>(|i| ((i * 7 % 11) as f64 - 5.0) / 8.0);
    for class in 0..3 {
        let mut network = Network::<(Dense<U2, U3, Tanh>, Dense<U3, U3>), f64>::zeros();
        for (parameter, value) in network.parameters_mut().iter_mut().zip(parameters) {
            *parameter = value;
        }
        let check = gradient_check(&mut network, &loss, &[0.5, -1.0], &Class(class));
        assert!(check.error() < 1e-6, "{check}");
        assert!(check.largest > 1e-2, "{check}");
    }
}

#[test]
fn a_weighted_sample_counts_as_often_as_its_weight() {
    let samples = [([1.0], Class(0)), ([-0.5], Class(1)), ([0.25], Class(0))];
    let copies = [samples[0], samples[1], samples[1], samples[1], samples[2]];
    let weighted = Weighted {
        weights: [1.0, 3.0],
        loss: CrossEntropy,
    };
    let network = Network::<Dense<U1, U2>, f64>::zeros();
    let once = network.evaluate(&samples, &weighted).expect("samples").loss;
    let thrice = network
        .evaluate(&copies, &CrossEntropy)
        .expect("samples")
        .loss;
    // means over 3 and over 5 samples
    assert!((once * 3.0 - thrice * 5.0).abs() < 1e-14);

    let mut a = [0.0; 2];
    let mut b = [0.0; 2];
    let loss: f32 = weighted_f32().loss(&[1.0, -1.0], &Class(1), &mut a);
    let plain: f32 = CrossEntropy.loss(&[1.0, -1.0], &Class(1), &mut b);
    assert_eq!((loss, a), (plain * 3.0, b.map(|slope| slope * 3.0)));
}

fn weighted_f32() -> Weighted<[f32; 2]> {
    Weighted {
        weights: [1.0, 3.0],
        loss: CrossEntropy,
    }
}

#[test]
fn weights_for_another_number_of_classes_are_refused() {
    let mut network = Network::<Dense<U1, U3>>::zeros();
    let mut trainer = Trainer::stochastic(weighted_f32(), Sgd::new(0.1));
    for class in 0..3 {
        let found = trainer.epoch(&mut network, &[([1.0], Class(class))]);
        let place = Place::Sample(0);
        assert_eq!(found, Err(TrainingError::NotFinite { epoch: 0, place }));
        assert_eq!(network, Network::zeros());
    }
}
