//! What every layer has to hold: the way back against numeric derivatives, batch against single, and PyTorch's figures. For
//! tests whose layers' parameters lie in `tests/figures/<directory>`.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::initializer::uniform;
use sizednet::{
    Element, Gradient, InputArray, Layer, MeanSquaredError, Network, OutputArray, Portable, Scalar,
    Shape, Target, gradient_check, sizes::*,
};

pub(crate) fn random<T: Scalar, A: Element>(
    rng: &mut Xoshiro256PlusPlus,
    flat: fn(&mut [A]) -> &mut [T],
) -> A {
    let mut array = [A::ZERO];
    for value in flat(&mut array) {
        *value = uniform(-T::ONE, T::ONE, rng);
    }
    let [array] = array;
    array
}

/// The largest error of the gradient check of random weights, inputs and targets.
pub(crate) fn check<L: Layer>(seed: u64) -> f64
where
    OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
{
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut network = Network::<L, f64>::random(rng);
    for parameter in network.parameters_mut() {
        // biases as well
        *parameter += uniform(-0.1, 0.1, rng);
    }
    let input = random(rng, L::Input::flatten_mut);
    let target: OutputArray<L, f64> = random(rng, L::Output::flatten_mut);
    gradient_check(&mut network, &MeanSquaredError, &input, &target).error()
}

/// The gradient of a layer is right, in either arithmetic.
pub(crate) fn gradient_is_right<L: Layer>()
where
    OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
{
    let config = Config {
        cases: if cfg!(feature = "long") { 8 } else { 2 },
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    };
    proptest!(config, |(seed in any::<u64>())| {
        let error = check::<L>(seed);
        prop_assert!(error < 1e-6, "{error:e}");
        let error = check::<Portable<L>>(seed);
        prop_assert!(error < 1e-6, "{error:e}");
    });
}

/// Neither the batch nor the block changes a bit, in either arithmetic and number type.
pub(crate) fn batches<L: Layer, T: Scalar>()
where
    OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
{
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(3);
    let network = Network::<L, T>::random(rng);
    let samples: Vec<(InputArray<L, T>, OutputArray<L, T>)> = (0..7)
        .map(|_| {
            (
                random(rng, L::Input::flatten_mut),
                random(rng, L::Output::flatten_mut),
            )
        })
        .collect();
    let inputs: Vec<_> = samples.iter().map(|(input, _)| input.clone()).collect();
    let mut outputs = vec![<OutputArray<L, T>>::ZERO; inputs.len()];
    let lengths = network.forward_batch_in_blocks::<U4>(&inputs, &mut outputs);
    lengths.expect("as many outputs as inputs");
    for (input, output) in inputs.iter().zip(&outputs) {
        assert_eq!(&network.forward(input), output);
    }
    let gradient = |found: &mut Gradient<L, T>, blocks: usize| {
        match blocks {
            1 => network.gradient_in_blocks::<U1, _, _, _>(&samples[..], &MeanSquaredError, found),
            _ => network.gradient_in_blocks::<U4, _, _, _>(&samples[..], &MeanSquaredError, found),
        }
        .expect("samples")
        .loss
    };
    let (mut one, mut four) = (Gradient::zeros(), Gradient::zeros());
    assert_eq!(gradient(&mut one, 1), gradient(&mut four, 4));
    assert_eq!(one.parameters(), four.parameters());
}

#[cfg(feature = "safetensors")]
pub(crate) mod torch {
    use std::fs;

    use serde_json::Value;
    use sizednet::generic_array::typenum::Unsigned;
    use sizednet::safetensors::load;
    use sizednet::{FullBatch, Heap, Sgd, Trainer};

    use super::*;

    /// `tests/figures/<path>`.
    fn figures(path: &str) -> String {
        format!("{}/figures/{path}", env!("CARGO_MANIFEST_DIR"))
    }

    fn json(directory: &str) -> Value {
        let file = figures(&format!("{directory}/figures.json"));
        serde_json::from_str(&fs::read_to_string(file).expect("figures")).expect("JSON")
    }

    fn network<L: Layer, T: Scalar>(path: &str) -> Network<L, T, Heap> {
        let mut network = Network::default();
        let file = fs::read(figures(&format!("{path}.safetensors"))).expect("a file");
        load(&mut network, &file).expect("the module's tensors");
        network
    }

    fn rows<T: Scalar, A: Element>(
        figures: &Value,
        name: &str,
        flat: fn(&mut [A]) -> &mut [T],
    ) -> Vec<A> {
        let rows: Vec<Vec<f64>> = serde_json::from_value(figures[name].clone()).expect("rows");
        rows.iter()
            .map(|row| {
                let mut array = [A::ZERO];
                let values = flat(&mut array);
                assert_eq!(values.len(), row.len());
                for (to, value) in values.iter_mut().zip(row) {
                    *to = T::from_f64(*value);
                }
                let [array] = array;
                array
            })
            .collect()
    }

    fn near<T: Scalar>(what: &str, got: &[T], wanted: &[T], bound: f64) {
        assert_eq!(got.len(), wanted.len());
        for (got, wanted) in got.iter().zip(wanted) {
            let difference = (got.to_f64() - wanted.to_f64()).abs();
            assert!(difference <= bound, "{what}: {got} is not {wanted}");
        }
    }

    /// Outputs, gradients and one step are PyTorch's.
    pub(crate) fn agrees<L: Layer, T: Scalar>(directory: &str, name: &str, bound: f64)
    where
        OutputArray<L, T>: Target<L::Output, T, Kind = [T]>,
    {
        let figures = &json(directory)[name];
        let inputs = rows(figures, "inputs", L::Input::flatten_mut);
        let targets: Vec<OutputArray<L, T>> = rows(figures, "targets", L::Output::flatten_mut);
        let outputs: Vec<OutputArray<L, T>> = rows(figures, "outputs", L::Output::flatten_mut);
        let slopes: Vec<InputArray<L, T>> = rows(figures, "input_gradient", L::Input::flatten_mut);

        let network = network::<L, T>(&format!("{directory}/{name}"));
        let values = <<L::Output as Shape>::Len as Unsigned>::USIZE;
        let mut tape = sizednet::Tape::<L, T, Heap>::new();
        let mut gradient = Gradient::<L, T, Heap>::default();
        for (i, input) in inputs.iter().enumerate() {
            let output = network.forward(input);
            let flat = |array: &OutputArray<L, T>| {
                L::Output::flatten(core::slice::from_ref(array)).to_vec()
            };
            near("output", &flat(&output), &flat(&outputs[i]), bound);
            assert_eq!(network.record(input, &mut tape), output);
            // of the mean over both samples
            let mut slope = [<OutputArray<L, T>>::ZERO];
            let parts = flat(&output).into_iter().zip(flat(&targets[i]));
            for (slope, (y, t)) in L::Output::flatten_mut(&mut slope).iter_mut().zip(parts) {
                *slope = (y - t) / T::from_u32(values as u32);
            }
            let got = network.backward(input, &tape, &slope[0], &mut gradient);
            near(
                "input gradient",
                L::Input::flatten(core::slice::from_ref(&got)),
                L::Input::flatten(&slopes[i..=i]),
                bound,
            );
        }
        let wanted = self::network::<L, T>(&format!("{directory}/{name}_gradient"));
        near(
            "gradient",
            gradient.parameters(),
            wanted.parameters(),
            bound,
        );
    }

    /// One step is PyTorch's.
    pub(crate) fn steps<L: Layer>(directory: &str, name: &str)
    where
        OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
    {
        let figures = json(directory);
        let inputs = rows(&figures[name], "inputs", L::Input::flatten_mut);
        let targets: Vec<OutputArray<L, f64>> =
            rows(&figures[name], "targets", L::Output::flatten_mut);
        let mut network = network::<L, f64>(&format!("{directory}/{name}"));
        let mut trainer =
            Trainer::<L, _, _, FullBatch, f64, Heap>::new(MeanSquaredError, Sgd::new(0.1));
        let epoch = trainer.epoch(&mut network, (&inputs, &targets));
        epoch.expect("a finite step");
        let wanted = self::network::<L, f64>(&format!("{directory}/{name}_step"));
        near("step", network.parameters(), wanted.parameters(), 1e-12);
    }

    /// All of it: in both number types and arithmetics.
    pub(crate) fn figures_agree<L: Layer>(directory: &str, name: &str)
    where
        OutputArray<L, f64>: Target<L::Output, f64, Kind = [f64]>,
        OutputArray<L, f32>: Target<L::Output, f32, Kind = [f32]>,
    {
        agrees::<L, f64>(directory, name, 1e-12);
        agrees::<L, f32>(directory, name, 2e-6);
        agrees::<Portable<L>, f64>(directory, name, 1e-12);
        steps::<L>(directory, name);
    }
}
