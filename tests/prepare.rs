//! Preparing data: scikit-learn's figures, and what holds for any data.

use core::fmt::Debug;

use proptest::prelude::*;
use serde_json::Value;
use sizednet::prepare::{class_weights, one_hot, split, split_stratified, subset};
use sizednet::{
    Class, CrossEntropy, DataError, Dense, Image, Loss, MinMax, Network, PrepareError, Sgd,
    Standardize, Trainer, Weighted, file, sizes::*,
};

fn figures() -> Value {
    serde_json::from_str(include_str!("figures/sklearn.json")).expect("the script wrote it")
}

macro_rules! read {
    ($value:expr) => {
        serde_json::from_value($value.clone()).expect("the script wrote it")
    };
}

/// Within some roundings of a value of this size.
fn near(a: f64, b: f64, size: f64) -> bool {
    (a - b).abs() <= 1e-12 * size.abs().max(b.abs()).max(1e-30)
}

#[test]
fn scales_are_those_of_scikit_learn() {
    let figures = figures();
    let rows: Vec<[f64; 5]> = read!(&figures["rows"]);
    let standard = Standardize::<U5, f64>::fit(&rows).expect("finite");
    let ranged = MinMax::<U5, f64>::fit(&rows).expect("finite");
    let (means, scales): ([f64; 5], [f64; 5]) = (read!(&figures["mean"]), read!(&figures["scale"]));
    let minima: [f64; 5] = read!(&figures["minimum"]);
    for feature in 0..5 {
        assert!(near(standard.mean()[feature], means[feature], 0.0));
        assert!(
            near(standard.scale()[feature], scales[feature], 0.0),
            "feature {feature}: {} is not {}",
            standard.scale()[feature],
            scales[feature]
        );
        assert_eq!(ranged.minimum()[feature], minima[feature]);
    }
    let standardized: Vec<[f64; 5]> = read!(&figures["standardized"]);
    let in_range: Vec<[f64; 5]> = read!(&figures["ranged"]);
    for ((row, standardized), in_range) in rows.iter().zip(&standardized).zip(&in_range) {
        let (ours, ours_in_range) = (standard.applied(row), ranged.applied(row));
        for feature in 0..5 {
            // a mean of a million costs six digits of its distances, in both
            let size = (row[feature] / scales[feature]).abs().max(1.0);
            assert!(near(ours[feature], standardized[feature], size));
            assert!(near(ours_in_range[feature], in_range[feature], size));
        }
    }
}

#[test]
fn weights_and_shares_are_those_of_scikit_learn() {
    let figures = figures();
    let classes: Vec<usize> = read!(&figures["classes"]);
    let wanted: [f64; 4] = read!(&figures["class_weights"]);
    let classes = classes.into_iter().map(Class);
    assert_eq!(class_weights::<U4, f64>(classes), Ok(wanted));

    for case in figures["stratified"].as_array().expect("a list") {
        let counts: Vec<usize> = read!(&case["counts"]);
        let wanted: Vec<usize> = read!(&case["of_each"]);
        let classes: Vec<_> = (0..counts.len())
            .flat_map(|class| vec![Class(class); counts[class]])
            .collect();
        let mut order = vec![0; classes.len()];
        let test: usize = read!(&case["test"]);
        for seed in 0..5 {
            let (_, part) = split_stratified::<U4>(&mut order, seed, test, |i| classes[i])
                .expect("it can be split");
            let mut found = vec![0; counts.len()];
            for sample in part {
                found[classes[*sample as usize].0] += 1;
            }
            assert_eq!(found, wanted);
        }
    }
}

#[test]
fn wrong_data_is_told() {
    type Scale = Standardize<U2>;
    let none: [[f32; 2]; 0] = [];
    let no_samples = PrepareError::Data(DataError::NoSamples);
    assert_eq!(Scale::fit(&none), Err(no_samples));
    assert_eq!(MinMax::<U2>::fit(&none), Err(no_samples));
    let broken = [[0.0, 1.0], [2.0, f32::NEG_INFINITY]];
    let not_finite = PrepareError::NotFinite {
        sample: 1,
        feature: 1,
    };
    assert_eq!(Scale::fit(&broken), Err(not_finite));
    assert_eq!(MinMax::<U2>::fit(&broken), Err(not_finite));
    let wide = [[0.0, f32::MAX], [0.0, f32::MIN]];
    let too_wide = PrepareError::TooWide { feature: 1 };
    assert_eq!(MinMax::<U2>::fit(&wide), Err(too_wide));
    let wide = [[0.0, f64::MAX], [0.0, f64::MIN]];
    assert_eq!(Standardize::<U2, f64>::fit(&wide), Err(too_wide));

    let beyond = DataError::ClassOutOfRange {
        sample: 0,
        class: 3,
        classes: 3,
    };
    assert_eq!(one_hot::<U3, f32>(Class(3)), Err(beyond));
    assert_eq!(
        class_weights::<U3, f32>([Class(3)]),
        Err(PrepareError::Data(beyond))
    );
    assert_eq!(
        class_weights::<U3, f32>([Class(0), Class(2)]),
        Err(PrepareError::EmptyClass { class: 1 })
    );
    assert_eq!(split(&mut [], 0, 0), Err(no_samples));
    assert_eq!(
        split(&mut [0; 3], 0, 4),
        Err(PrepareError::TestTooLarge {
            test: 4,
            samples: 3
        })
    );
    assert_eq!(
        split_stratified::<U3>(&mut [0; 3], 0, 1, |_| Class(3)),
        Err(PrepareError::Data(beyond))
    );
}

#[test]
fn one_sample_a_constant_feature_and_images_have_scales() {
    let one = Standardize::<U2>::fit(&[[3.0, -4.0]]).expect("finite");
    assert_eq!((one.mean(), one.scale()), (&[3.0, -4.0], &[1.0, 1.0]));
    // a constant whose sum is not exact
    let constant = Standardize::<U1>::fit(&[[0.1]; 10]).expect("finite");
    assert_eq!((constant.mean(), constant.scale()), (&[0.1], &[1.0]));
    type Picture = Image<U1, U2, U2>;
    let pictures = [[[[0.0, 1.0], [2.0, 3.0]]], [[[4.0, 1.0], [2.0, 5.0]]]];
    let scaling = MinMax::<Picture>::fit(&pictures).expect("finite");
    assert_eq!(scaling.applied(&pictures[1]), [[[1.0, 0.0], [0.0, 1.0]]]);
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

/// The weighted gradient is the numeric one, and weights of 1 change no bit.
#[test]
fn weighted_losses_have_the_gradient_they_say() {
    let plain = CrossEntropy;
    let weighted = Weighted {
        weights: [0.25, 3.0, 1.0],
        loss: CrossEntropy,
    };
    let output = [0.3_f64, -1.2, 0.7];
    for class in (0..3).map(Class) {
        let mut gradient = [0.0; 3];
        let loss: f64 = weighted.loss(&output, &class, &mut gradient);
        let unweighted: f64 = plain.loss(&output, &class, &mut [0.0; 3]);
        assert_eq!(loss, unweighted * weighted.weights[class.0]);
        for place in 0..3 {
            let at = |step: f64| -> f64 {
                let mut moved = output;
                moved[place] += step;
                weighted.loss(&moved, &class, &mut [0.0; 3])
            };
            let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((numeric - gradient[place]).abs() < 1e-9);
        }
    }
    // four samples of weight 1 and one of weight 4 pull alike
    let samples = [
        ([1.0], Class(0)),
        ([1.0], Class(0)),
        ([1.0], Class(0)),
        ([1.0], Class(0)),
        ([1.0], Class(1)),
    ];
    let mut network = Network::<Dense<U1, U2>>::zeros();
    let loss = Weighted {
        weights: class_weights::<U2, f32>(samples.iter().map(|(_, class)| *class)).expect("both"),
        loss: CrossEntropy,
    };
    let mut trainer = Trainer::full_batch(loss, Sgd::new(0.5));
    for epoch in trainer.epochs(&mut network, &samples).take(20) {
        epoch.expect("finite");
    }
    let [a, b] = network.forward(&[1.0]);
    assert!((a - b).abs() < 1e-6, "{a} and {b}");
}

fn sorted(indices: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut sorted: Vec<_> = indices.into_iter().collect();
    sorted.sort_unstable();
    sorted
}

/// Every sample is in one part, once.
fn is_partition<E: Debug>(split: Result<(&[u32], &[u32]), E>, samples: u32, test: usize) {
    let (training, part) = split.expect("it can be split");
    assert_eq!(part.len(), test);
    assert!(
        sorted(training.iter().chain(part).copied())
            .into_iter()
            .eq(0..samples)
    );
}

proptest! {
    #[test]
    fn a_split_loses_no_sample(samples in 1_u32..200, share in 0.0..=1.0_f64, seed: u64) {
        let test = (f64::from(samples) * share) as usize;
        let mut order = vec![0; samples as usize];
        is_partition(split(&mut order, seed, test), samples, test);
        let mut again = vec![7; samples as usize];
        is_partition(split(&mut again, seed, test), samples, test);
        prop_assert_eq!(&order, &again);
    }

    #[test]
    fn a_stratified_split_keeps_shares(classes in prop::collection::vec(0_usize..5, 1..200), share in 0.0..=1.0_f64, seed: u64) {
        let samples = classes.len();
        let test = (samples as f64 * share) as usize;
        let mut order = vec![0; samples];
        is_partition(split_stratified::<U5>(&mut order, seed, test, |i| Class(classes[i])), samples as u32, test);
        let (_, part) = split_stratified::<U5>(&mut order, seed, test, |i| Class(classes[i])).expect("it can be split");
        for class in 0..5 {
            let all = classes.iter().filter(|c| **c == class).count();
            let tested = part.iter().filter(|i| classes[**i as usize] == class).count();
            let fair = all as f64 * test as f64 / samples as f64;
            prop_assert!((tested as f64 - fair).abs() < 1.0, "{} of {}, fair are {}", tested, all, fair);
        }
    }

    #[test]
    fn scales_are_undone(rows in prop::collection::vec(prop::array::uniform3(-1e3..1e3_f64), 1..30)) {
        let (standard, ranged) = (Standardize::<U3, f64>::fit(&rows), MinMax::<U3, f64>::fit(&rows));
        let (standard, ranged) = (standard.expect("finite"), ranged.expect("finite"));
        for row in &rows {
            let (mut a, mut b) = (standard.applied(row), ranged.applied(row));
            prop_assert!(b.iter().all(|x| (0.0..=1.0).contains(x)));
            standard.undo(&mut a);
            ranged.undo(&mut b);
            for feature in 0..3 {
                prop_assert!((a[feature] - row[feature]).abs() < 1e-9);
                prop_assert!((b[feature] - row[feature]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn single_precision_has_the_scales_of_double(rows in prop::collection::vec(prop::array::uniform2(-1e3..1e3_f32), 2..30)) {
        let wide: Vec<_> = rows.iter().map(|row| row.map(f64::from)).collect();
        let (single, double) = (Standardize::<U2>::fit(&rows), Standardize::<U2, f64>::fit(&wide));
        let (single, double) = (single.expect("finite"), double.expect("finite"));
        prop_assert_eq!(*single.mean(), double.mean().map(|x| x as f32));
    }

    #[test]
    fn a_subset_is_its_samples(indices in prop::collection::vec(0_u32..5, 1..12)) {
        let samples: Vec<_> = (0..5_u8).map(|i| ([f32::from(i)], [f32::from(i) * 3.0])).collect();
        let copied: Vec<_> = indices.iter().map(|i| samples[*i as usize]).collect();
        let network = Network::<Dense<U1, U1>>::zeros();
        prop_assert_eq!(
            network.evaluate(subset(&samples, &indices), &sizednet::MeanSquaredError),
            network.evaluate(&copied, &sizednet::MeanSquaredError)
        );
    }
}
