//! Batch normalizations that are folded into the layer before them: against their formula, and against PyTorch's `eval()`.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::initializer::uniform;
use sizednet::layer::{Causal, Same, View};
use sizednet::{
    BatchNorm, Conv1d, Conv2d, Dense, DepthwiseConv1d, DepthwiseConv2d, Element, Fold, Identity,
    Image, InputArray, Network, OutputArray, Scalar, Sequence, Shape, sizes::*,
};

/// Four features.
fn norm<T: Scalar>(rng: &mut Xoshiro256PlusPlus) -> BatchNorm<U4, T> {
    let mut draw = |low: f64, high: f64| {
        core::array::from_fn(|_| uniform(T::from_f64(low), T::from_f64(high), rng))
    };
    BatchNorm {
        scale: draw(-2.0, 2.0),
        shift: draw(-1.0, 1.0),
        mean: draw(-1.0, 1.0),
        variance: draw(0.1, 2.0),
        epsilon: 1e-5,
    }
}

/// A layer with the normalization folded gives what the formula makes of the layer's outputs; `feature` is the feature of
/// an output.
fn folds<L, T: Scalar>(feature: fn(usize) -> usize, bound: f64)
where
    L: View,
    for<'a> L::Mut<'a, T>: Fold<U4, T>,
{
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(7);
    let mut network = Network::<L, T>::random(rng);
    for parameter in network.parameters_mut() {
        *parameter += uniform(T::from_f64(-0.1), T::from_f64(0.1), rng);
    }
    let mut input = <InputArray<L, T>>::ZERO;
    for value in L::Input::flatten_mut(core::slice::from_mut(&mut input)) {
        *value = uniform(-T::ONE, T::ONE, rng);
    }
    let norm = norm::<T>(rng);
    let before = network.forward(&input);
    norm.fold_into(network.layers_mut());
    let after = network.forward(&input);
    let flat =
        |array: &OutputArray<L, T>| L::Output::flatten(core::slice::from_ref(array)).to_vec();
    for (i, (x, y)) in flat(&before).into_iter().zip(flat(&after)).enumerate() {
        let f = feature(i);
        let [scale, shift, mean, variance] =
            [norm.scale[f], norm.shift[f], norm.mean[f], norm.variance[f]].map(T::to_f64);
        let wanted = (x.to_f64() - mean) / (variance + norm.epsilon).sqrt() * scale + shift;
        assert!(
            (y.to_f64() - wanted).abs() <= bound,
            "{i}: {y} is not {wanted}"
        );
    }
}

fn folds_in_both<L: View>(feature: fn(usize) -> usize)
where
    for<'a> L::Mut<'a, f32>: Fold<U4, f32>,
    for<'a> L::Mut<'a, f64>: Fold<U4, f64>,
{
    folds::<L, f32>(feature, 4e-6);
    folds::<L, f64>(feature, 1e-14);
}

#[test]
fn a_folded_normalization_is_its_formula() {
    folds_in_both::<Dense<U9, U4>>(|i| i);
    folds_in_both::<Dense<Sequence<U3, U2>, U4>>(|i| i);
    folds_in_both::<Conv2d<Image<U3, U6, U5>, U4, U3>>(|i| i / 12);
    folds_in_both::<DepthwiseConv2d<Image<U4, U6, U5>, U3>>(|i| i / 12);
    folds_in_both::<Conv1d<Sequence<U9, U3>, U4, U3, Identity, U1, Causal, U2>>(|i| i % 4);
    folds_in_both::<DepthwiseConv1d<Sequence<U9, U4>, U3, Identity, U2, Same>>(|i| i % 4);
}

#[test]
fn the_activation_comes_behind_the_normalization() {
    let mut network = Network::<Dense<U1, U1, sizednet::Relu>>::zeros();
    *network.layers_mut().weights = [[1.0]];
    let norm = BatchNorm {
        scale: [-1.0],
        shift: [0.0],
        mean: [0.0],
        variance: [0.25],
        epsilon: 0.0,
    };
    norm.fold_into(network.layers_mut());
    assert_eq!(network.forward(&[-3.0]), [6.0]);
    assert_eq!(network.forward(&[3.0]), [0.0]);
}

#[cfg(feature = "safetensors")]
mod torch {
    use std::fs;

    use serde_json::Value;
    use sizednet::safetensors::Safetensors;
    use sizednet::{
        Activate, GlobalAveragePool, Layer, MaxPool2d, Parallel, Relu, Residual, Silu, Tanh,
    };

    use super::*;

    type Images = (
        Conv2d<Image<U2, U12, U11>, U8, U3, Relu>,
        MaxPool2d<Image<U8, U10, U9>, U2>,
        DepthwiseConv2d<Image<U8, U5, U4>, U3, Relu>,
        Conv2d<Image<U8, U3, U2>, U16, U1, Silu>,
        GlobalAveragePool<Image<U16, U3, U2>>,
        Dense<U16, U12, Tanh>,
        Dense<U12, U3>,
    );
    type Sequences = (
        Conv1d<Sequence<U20, U3>, U8, U3, Relu, U2>,
        DepthwiseConv1d<Sequence<U9, U8>, U3>,
        Conv1d<Sequence<U7, U8>, U6, U1, Tanh>,
    );
    type Nested = (
        (Dense<U5, U7, Tanh>, Dense<U7, U6>),
        (Dense<U6, U6>,),
        Dense<U6, U4>,
    );

    fn file(name: &str) -> Vec<u8> {
        let path = format!("{}/figures/batch_norm/{name}", env!("CARGO_MANIFEST_DIR"));
        fs::read(path).expect("a file")
    }

    /// The largest difference of an output to PyTorch's, in units of the largest output.
    fn difference<L: Layer, T: Scalar>(name: &str) -> f64 {
        let mut network = Network::<L, T>::zeros();
        let format = Safetensors::new().fold_batch_norm(1e-5).finite();
        let loaded = format.load(&mut network, &file(&format!("{name}.safetensors")));
        loaded.expect("the module's tensors");
        let figures: Value = serde_json::from_slice(&file("figures.json")).expect("JSON");
        let rows = |what: &str| -> Vec<Vec<f64>> {
            serde_json::from_value(figures[name][what].clone()).expect("rows")
        };
        let (mut difference, mut largest) = (0.0_f64, 0.0_f64);
        for (row, wanted) in rows("inputs").iter().zip(rows("outputs")) {
            let mut input = <InputArray<L, T>>::ZERO;
            let values = L::Input::flatten_mut(core::slice::from_mut(&mut input));
            assert_eq!(values.len(), row.len());
            for (to, value) in values.iter_mut().zip(row) {
                *to = T::from_f64(*value);
            }
            let output = network.forward(&input);
            let output = L::Output::flatten(core::slice::from_ref(&output));
            assert_eq!(output.len(), wanted.len());
            for (y, wanted) in output.iter().zip(wanted) {
                difference = difference.max((y.to_f64() - wanted).abs());
                largest = largest.max(wanted.abs());
            }
        }
        difference / largest
    }

    fn agrees<L: Layer>(name: &str) {
        let (single, double) = (difference::<L, f32>(name), difference::<L, f64>(name));
        println!("{name}: {single:.1e} in f32, {double:.1e} in f64");
        // the bounds that `fold_batch_norm` tells
        assert!(single <= 1e-6, "{name}: {single:e}");
        assert!(double <= 1e-14, "{name}: {double:e}");
    }

    #[test]
    fn files_of_torch_give_the_outputs_of_eval() {
        agrees::<Images>("images");
        agrees::<Sequences>("sequences");
        agrees::<Nested>("nested");
    }

    fn refused<L: Layer>(format: Safetensors, file: &[u8]) -> String {
        let mut network = Network::<L>::zeros();
        let before = network.clone();
        let error = format.load(&mut network, file).expect_err("wrong");
        assert_eq!(network, before);
        error.to_string()
    }

    #[test]
    fn what_cannot_be_folded_is_told() {
        let format = Safetensors::new().fold_batch_norm(1e-5);
        type Behind = (Dense<U5, U7, Tanh>, Dense<U7, U6>);
        assert_eq!(
            refused::<Behind>(format, &file("behind_the_activation.safetensors")),
            "the batch normalization of `2.running_mean` does not follow a layer that it can be folded into"
        );
        // nothing is folded unasked
        let unasked = refused::<Nested>(Safetensors::new(), &file("nested.safetensors"));
        assert!(
            unasked.starts_with("the file has no tensor `0.2.weight`; it has `0.0.bias`"),
            "{unasked}"
        );
        type Wider = (
            (Dense<U5, U8, Tanh>, Dense<U8, U6>),
            (Dense<U6, U6>,),
            Dense<U6, U4>,
        );
        assert_eq!(
            refused::<Wider>(format, &file("nested.safetensors")),
            "tensor `0.1.weight` has the shape [7] in the file, the network needs [8]"
        );
    }

    #[test]
    fn a_bias_may_be_missing_before_a_normalization_alone() {
        type Last = ((Dense<U5, U7, Tanh>, Dense<U7, U6>), (Dense<U6, U6>,));
        let format = Safetensors::new().fold_batch_norm(1e-5).allow_extra();
        let mut network = Network::<Last>::zeros();
        format
            .load(&mut network, &file("nested.safetensors"))
            .expect("right");
        // without its normalization the bias is missed
        let format = Safetensors::new().allow_extra();
        assert_eq!(
            refused::<(Dense<U6, U6>,)>(format, &renamed(&file("nested.safetensors")),),
            "the file has no tensor `0.bias`; it has `0.weight`"
        );
    }

    /// A normalization behind a sum does not belong to what was added.
    #[test]
    fn nothing_is_folded_into_a_layer_whose_outputs_are_joined_with_others() {
        let nested = file("nested.safetensors");
        let nested = safetensors::SafeTensors::deserialize(&nested).expect("right");
        let names = [
            ("0.weight", "1.0.weight"),
            ("0.bias", "1.1.bias"),
            ("1.weight", "1.1.weight"),
            ("1.bias", "1.1.bias"),
            ("1.running_mean", "1.1.running_mean"),
            ("1.running_var", "1.1.running_var"),
            ("1.num_batches_tracked", "1.1.num_batches_tracked"),
        ];
        let tensors = || {
            let views = names.map(|(to, from)| {
                let tensor = nested.tensor(from).expect("right");
                (to, tensor)
            });
            safetensors::serialize(views, None).expect("right")
        };
        let format = Safetensors::new().fold_batch_norm(1e-5);
        let mut plain = Network::<(Dense<U6, U6>,)>::zeros();
        format.load(&mut plain, &tensors()).expect("right");
        assert_eq!(
            refused::<(Residual<Dense<U6, U6>>,)>(format, &tensors()),
            "the batch normalization of `1.running_mean` does not follow a layer that it can be folded into"
        );
        assert_eq!(
            refused::<Parallel<Dense<U6, U6>, Activate<U6, Tanh>>>(format, &tensors()),
            "the batch normalization of `1.running_mean` does not follow a layer that it can be folded into"
        );
        // within what is added it belongs to the layer before it
        let mut inside = Network::<Residual<(Dense<U6, U6>,)>>::zeros();
        format.load(&mut inside, &tensors()).expect("right");
        assert_eq!(inside.parameters(), plain.parameters());
    }

    /// The file with `1.0.weight` alone, as `0.weight`.
    fn renamed(file: &[u8]) -> Vec<u8> {
        let file = safetensors::SafeTensors::deserialize(file).expect("right");
        let weight = file.tensor("1.0.weight").expect("right");
        safetensors::serialize([("0.weight", weight)], None).expect("right")
    }
}
