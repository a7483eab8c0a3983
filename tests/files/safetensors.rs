//! Safetensors files: to and from PyTorch, and every file that is not the right one.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};
use serde_json::Value;
use sizednet::kernel::Kernel;
use sizednet::layer::Backward;
use sizednet::safetensors::{Safetensors, SafetensorsError, load, save};
use sizednet::{
    Activate, Dense, Dropout, Gru, Layer, LayerNorm, Network, Parallel, Portable, Relu, Reshape,
    Residual, RmsNorm, Scalar, Sequence, Sigmoid, Softmax, Tanh, sizes::*,
};

type Sequential = (Dense<U4, U7, Tanh>, Dense<U7, U5, Relu>, Dense<U5, U3>);
type Nested = (
    Dense<U4, U6>,
    (Dense<U6, U5, Sigmoid>, Dense<U5, U8, Relu>),
    (Dense<U8, U2>,),
);
type Combined = (
    Dense<U4, U8, Tanh>,
    LayerNorm<U8>,
    Dropout<U8, U10>,
    Residual<(Dense<U8, U6, Relu>, RmsNorm<U6>, Dense<U6, U8>)>,
    Parallel<Dense<U8, U4>, (Dense<U8, U5, Tanh>, Dropout<U5, U50>, Dense<U5, U2>)>,
    Activate<U6, Sigmoid>,
    RmsNorm<U6>,
    Reshape<U6, Sequence<U2, U3>>,
    LayerNorm<Sequence<U2, U3>>,
    Gru<Sequence<U2, U3>, U4>,
    Softmax<U4>,
    Dense<U4, U3>,
);
type Named = (Dense<U4, U9, Tanh>, Dense<U9, U2>);

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("figures/safetensors")
        .join(name)
}

fn file(name: &str) -> Vec<u8> {
    fs::read(path(&format!("{name}.safetensors"))).expect("right")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path(name)).expect("right")).expect("right")
}

/// Rows of numbers.
fn rows(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).expect("right")
}

fn random<L: Layer, T: Scalar>(seed: u64) -> Network<L, T> {
    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(seed))
}

/// The network's outputs are PyTorch's for the same file.
fn agrees<L, T, const N: usize>(network: &Network<L, T>, name: &str, bound: f64)
where
    L: Layer<Input = U4>,
    T: Scalar,
    sizednet::OutputArray<L, T>: Into<[T; N]>,
{
    let figures = json("outputs.json");
    for (input, wanted) in rows(&figures["inputs"]).iter().zip(rows(&figures[name])) {
        let input = core::array::from_fn(|i| T::from_f64(input[i]));
        let output: [T; N] = network.forward(&input).into();
        assert_eq!(output.len(), wanted.len());
        for (output, wanted) in output.iter().zip(wanted) {
            let difference = (output.to_f64() - wanted).abs();
            assert!(difference <= bound, "{name}: {output} is not {wanted}");
        }
    }
}

#[test]
fn files_of_torch_give_its_outputs() {
    let mut network = random::<Sequential, f32>(1);
    load(&mut network, &file("sequential")).expect("right");
    agrees(&network, "sequential", 1e-6);
    // the same weights, wherever the layers compute
    let mut portable = random::<Portable<Sequential>, f32>(2);
    load(&mut portable, &file("sequential")).expect("right");
    agrees(&portable, "sequential", 1e-6);
    let mut nested = random::<Nested, f32>(3);
    load(&mut nested, &file("nested")).expect("right");
    agrees(&nested, "nested", 1e-6);
    let mut combined = random::<Combined, f32>(4);
    load(&mut combined, &file("combined")).expect("right");
    agrees(&combined, "combined", 2e-6);
    // what is saved has PyTorch's names, and is its file
    assert_eq!(
        tensors(&save(&combined).expect("right")),
        tensors(&file("combined"))
    );
}

/// Names, shapes and bytes of the tensors of a file.
fn tensors(file: &[u8]) -> Vec<(String, Vec<usize>, Vec<u8>)> {
    let file = safetensors::SafeTensors::deserialize(file).expect("right");
    let tensor = |(name, view): (&str, TensorView<'_>)| {
        (name.to_owned(), view.shape().to_vec(), view.data().to_vec())
    };
    let mut tensors: Vec<_> = file.iter().map(tensor).collect();
    tensors.sort();
    tensors
}

#[test]
fn all_number_types_are_read() {
    for name in [
        "sequential_float64",
        "sequential_float16",
        "sequential_bfloat16",
    ] {
        let mut network = random::<Sequential, f64>(4);
        load(&mut network, &file(name)).expect("right");
        agrees(&network, name, 1e-12);
        let mut single = random::<Sequential, f32>(4);
        load(&mut single, &file(name)).expect("right");
        agrees(&single, name, 1e-6);
    }
}

#[test]
fn other_names_are_mapped_and_extra_tensors_allowed_on_request() {
    let mut network = random::<Named, f32>(5);
    let before = network.clone();
    let names = |name: &str| name.replace("0.", "hidden.").replace("2.", "out.");
    let refused = Safetensors::new()
        .names(names)
        .load(&mut network, &file("named"));
    assert_eq!(
        refused.expect_err("wrong").to_string(),
        "the network has no place for `critic.bias`, `critic.weight`; `allow_extra` passes over them"
    );
    assert_eq!(network, before);
    // the README shows what this says
    let hidden = Network::<Dense<U4, U8>>::zeros();
    let hidden = Safetensors::new()
        .names(|name| format!("hidden.{name}"))
        .save(&hidden);
    let mut sequential = Network::<(Dense<U4, U8>,)>::zeros();
    let missing = load(&mut sequential, &hidden.expect("right")).expect_err("wrong");
    assert!(
        include_str!("../../README.md").contains(&format!("\n{missing}\n")),
        "{missing}"
    );
    Safetensors::new()
        .names(names)
        .allow_extra()
        .load(&mut network, &file("named"))
        .expect("right");
    agrees(&network, "named", 1e-6);
}

/// The file that `tests/figures/safetensors_figures.py` loads into PyTorch is the one that is written today. To write it
/// anew: `SIZEDNET_WRITE=1 cargo test --features safetensors --test files`, then run the script.
#[test]
fn our_file_is_the_one_that_torch_has_read() {
    let network = random::<Portable<Sequential>, f32>(6);
    let written = save(&network).expect("right");
    let inputs = rows(&json("outputs.json")["inputs"]);
    let outputs: Vec<_> = inputs
        .iter()
        .map(|input| network.forward(&core::array::from_fn(|i| input[i] as f32)))
        .collect();
    if std::env::var_os("SIZEDNET_WRITE").is_some() {
        fs::write(path("ours.safetensors"), &written).expect("right");
        let ours = serde_json::json!({ "inputs": inputs, "outputs": outputs });
        fs::write(path("ours.json"), format!("{ours:#}\n")).expect("right");
    }
    assert_eq!(written, file("ours"));
    let committed: Vec<[f32; 3]> =
        serde_json::from_value(json("ours.json")["outputs"].clone()).expect("right");
    assert_eq!(outputs, committed);
    // and we read it ourselves
    let mut again = random::<Sequential, f32>(7);
    load(&mut again, &written).expect("right");
    assert_eq!(again.parameters(), network.parameters());
}

/// A layer of one's own that says nothing of tensors has one, of all its parameters.
struct Scale;

impl Layer for Scale {
    type Input = U3;
    type Output = U3;
    type Parameters = U3;
    type Tape = U3;
    const NAME: &'static str = "Scale";

    fn forward<T: Scalar, K: Kernel>(parameters: &[T], inputs: &[T], outputs: &mut [T]) {
        for ((y, x), p) in outputs
            .iter_mut()
            .zip(inputs)
            .zip(parameters.iter().cycle())
        {
            *y = *p * *x;
        }
    }
    fn backward<T: Scalar, K: Kernel>(_: &[T], _: Backward<'_, T>) {}
}

#[test]
fn a_layer_of_ones_own_is_one_tensor() {
    let network = random::<(Dense<U2, U3, Relu>, Scale), f32>(13);
    let file = save(&network).expect("right");
    let read = safetensors::SafeTensors::deserialize(&file).expect("right");
    let mut names = read.names();
    names.sort_unstable();
    assert_eq!(names, ["0.bias", "0.weight", "2.parameters"]);
    assert_eq!(read.tensor("2.parameters").expect("right").shape(), [3]);
    let mut again = random::<(Dense<U2, U3, Relu>, Scale), f32>(14);
    load(&mut again, &file).expect("right");
    assert_eq!(again, network);
}

#[test]
fn double_precision_goes_through_a_file_unchanged() {
    let network = random::<Nested, f64>(8);
    let mut again = random::<Nested, f64>(9);
    load(&mut again, &save(&network).expect("right")).expect("right");
    assert_eq!(again, network);
}

/// A file with these tensors.
fn with(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, number, shape, bytes)| {
        (
            *name,
            TensorView::new(*number, shape.to_vec(), bytes).expect("right"),
        )
    });
    serialize(views, None).expect("right")
}

fn refused<T: Scalar>(format: Safetensors, file: &[u8]) -> SafetensorsError {
    let mut network = random::<Dense<U2, U1>, T>(10);
    let before = network.clone();
    let error = format.load(&mut network, file).expect_err("wrong");
    assert_eq!(network, before);
    error
}

#[test]
fn wrong_files_are_told_and_change_nothing() {
    let any = Safetensors::new();
    let two = [0; 8];
    let bias = ("bias", Dtype::F32, &[1][..], &[0; 4][..]);
    let missing = refused::<f32>(any, &with(&[bias]));
    assert_eq!(
        missing.to_string(),
        "the file has no tensor `weight`; it has `bias`"
    );
    let transposed = with(&[bias, ("weight", Dtype::F32, &[2, 1], &two)]);
    assert_eq!(
        refused::<f32>(any, &transposed).to_string(),
        "tensor `weight` has the shape [2, 1] in the file, the network needs [1, 2]"
    );
    let integers = with(&[bias, ("weight", Dtype::I32, &[1, 2], &two)]);
    assert_eq!(
        refused::<f32>(any, &integers).to_string(),
        "tensor `weight` holds numbers of type I32; F32, F64, F16 and BF16 can be read"
    );
    let huge: Vec<u8> = [1.0, 1e300]
        .into_iter()
        .flat_map(f64::to_le_bytes)
        .collect();
    let huge = with(&[bias, ("weight", Dtype::F64, &[1, 2], &huge)]);
    assert_eq!(
        refused::<f32>(any, &huge).to_string(),
        "number 1 of tensor `weight` is too large for the network's numbers"
    );
    let nan: Vec<u8> = [f32::NAN, 1.0]
        .into_iter()
        .flat_map(f32::to_le_bytes)
        .collect();
    let nan = with(&[bias, ("weight", Dtype::F32, &[1, 2], &nan)]);
    assert_eq!(
        refused::<f32>(any.finite(), &nan).to_string(),
        "number 0 of tensor `weight` is infinite or NaN"
    );
    let mut network = random::<Dense<U2, U1>, f32>(10);
    any.load(&mut network, &nan).expect("right");
    assert!(network.parameters()[0].is_nan());
    assert_eq!(
        refused::<f32>(any, b"weights").to_string(),
        "not a whole safetensors file: header too small"
    );
    // one name for two tensors
    let one = any.names(|_| "weight".to_string());
    assert_eq!(
        one.save(&network).expect_err("wrong").to_string(),
        "two tensors have the name `weight`"
    );
    let empty = Safetensors::new().load(&mut network, &with(&[]));
    assert_eq!(
        empty.expect_err("wrong").to_string(),
        "the file has no tensor `weight`; it has none"
    );
}

proptest! {
    /// A cut file, or one with a damaged header, is an error; a damaged weight is another number.
    #[test]
    fn damaged_files_never_load_half(cut in 0.0..1.0_f64, bit in 0_usize..8, place in 0.0..1.0_f64) {
        let file = file("sequential");
        let mut network = random::<Sequential, f32>(11);
        let before = network.clone();
        let end = (cut * file.len() as f64) as usize;
        prop_assert!(load(&mut network, &file[..end]).is_err());
        prop_assert_eq!(&network, &before);

        let mut flipped = file.clone();
        let place = (place * file.len() as f64) as usize;
        flipped[place] ^= 1 << bit;
        let header = 8 + usize::try_from(u64::from_le_bytes(*file.first_chunk().expect("right"))).expect("right");
        match load(&mut network, &flipped) {
            Err(_) => {
                prop_assert_eq!(&network, &before);
                prop_assert!(place < header);
            }
            Ok(()) => {
                let mut whole = before.clone();
                load(&mut whole, &file).expect("right");
                let differ = network.parameters().iter().zip(whole.parameters()).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
                prop_assert_eq!(differ, usize::from(place >= header), "place {} of a header of {}", place, header);
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut network = random::<Sequential, f32>(12);
        prop_assert!(load(&mut network, &bytes).is_err());
    }
}
