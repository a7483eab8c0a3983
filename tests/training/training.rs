//! Training: XOR is learned, and by the same numbers as the numpy program this crate grew out of.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde_json::Value;
use sizednet::{Dense, Layer, MeanSquaredError, Network, Sgd, Sigmoid, Size, Trainer, sizes::*};

type Xor<H> = (Dense<U2, H, Sigmoid>, Dense<H, U1, Sigmoid>);

#[test]
fn the_default_run_of_the_example_learns_all_four_rows() {
    let samples: [([f32; 2], [f32; 1]); 4] = [
        ([0.0, 0.0], [0.0]),
        ([0.0, 1.0], [1.0]),
        ([1.0, 0.0], [1.0]),
        ([1.0, 1.0], [0.0]),
    ];
    let mut network = Network::<Xor<U3>>::random(&mut Xoshiro256PlusPlus::seed_from_u64(0));
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(4.0));
    for epoch in trainer.epochs(&mut network, &samples).take(2_000) {
        epoch.expect("XOR does not diverge");
    }
    for (input, [target]) in samples {
        let [answer] = network.forward(&input);
        assert_eq!(answer > 0.5, target > 0.5, "{input:?} gives {answer}");
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().expect("a number")],
    }
}

fn golden<H: Size>(run: &Value)
where
    Xor<H>: Layer<Input = U2, Output = U1>,
{
    let samples: [([f64; 2], [f64; 1]); 4] = [
        ([0.0, 0.0], [0.0]),
        ([0.0, 1.0], [1.0]),
        ([1.0, 0.0], [1.0]),
        ([1.0, 1.0], [0.0]),
    ];
    let mut network = Network::<Xor<H>, f64>::zeros();
    let first: Vec<f64> = ["w1", "b1", "w2", "b2"]
        .iter()
        .flat_map(|name| numbers(&run["initial"][name]))
        .collect();
    network.parameters_mut().copy_from_slice(&first);
    // that program leaves the factor 2/4 of the mean squared error out of its gradient
    let rate = 2.0 * run["learning_rate"].as_f64().expect("a rate");
    let epochs = run["epochs"].as_u64().expect("a number of epochs") as usize;
    let mut trainer = Trainer::full_batch(MeanSquaredError, Sgd::new(rate));
    let losses: Vec<f64> = trainer
        .epochs(&mut network, &samples)
        .take(epochs)
        .map(|epoch| epoch.expect("finite").loss)
        .collect();
    for (epoch, loss) in run["loss_before_epoch"]
        .as_object()
        .expect("losses by epoch")
    {
        let (got, loss) = (
            losses[epoch.parse::<usize>().expect("an epoch")],
            loss.as_f64().expect("a loss"),
        );
        assert!(
            (got - loss).abs() <= 1e-9,
            "epoch {epoch}: {got} where numpy has {loss}"
        );
    }
    for ((input, _), output) in samples.iter().zip(numbers(&run["outputs"])) {
        let [got] = network.forward(input);
        assert!(
            (got - output).abs() <= 1e-8,
            "{input:?}: {got} where numpy has {output}"
        );
    }
}

#[test]
fn the_losses_and_outputs_are_those_of_the_numpy_program() {
    let runs: Value =
        serde_json::from_str(include_str!("../figures/xor-golden.json")).expect("valid JSON");
    let runs = runs.as_array().expect("a list of runs");
    assert!(runs.len() >= 4);
    for run in runs {
        match run["hidden"].as_u64() {
            Some(2) => golden::<U2>(run),
            Some(3) => golden::<U3>(run),
            Some(4) => golden::<U4>(run),
            Some(8) => golden::<U8>(run),
            Some(16) => golden::<U16>(run),
            other => panic!("{other:?} hidden nodes"),
        }
    }
}
