//! Normalization against PyTorch's figures, its gradients, and dropout.

use crate::figures::{near, numbers};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use serde_json::Value;
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::NativeKernel;
use sizednet::layer::{Backward, Noise, State};
use sizednet::{
    AllStates, Dense, Dropout, Gradient, Gru, Image, Layer, LayerNorm, MeanSquaredError, Network,
    RmsNorm, Sequence, Sgd, Size, Tanh, Tape, Trainer, gradient_check, sizes::*,
};

fn agrees_with_torch<L: Layer<Input = U5, Output = U5>>(name: &str) {
    let all: Value =
        serde_json::from_str(include_str!("../figures/normalization.json")).expect("JSON");
    let figures = &all[name];
    let mut network = Network::<L, f64>::zeros();
    let parameters = numbers(&figures["parameters"]);
    network.parameters_mut().copy_from_slice(&parameters);
    let rows = |name: &str| numbers(&figures[name]).as_chunks::<5>().0.to_vec();
    let (inputs, targets) = (rows("inputs"), rows("targets"));
    let mut outputs = vec![[0.0; 5]; 4];
    network
        .forward_batch(&inputs, &mut outputs)
        .expect("as many");
    near(
        outputs.as_flattened(),
        rows("outputs").as_flattened(),
        "outputs",
    );

    let mut input_gradient = Vec::new();
    for (input, target) in inputs.iter().zip(&targets) {
        let mut tape = Tape::<L, f64>::new();
        let output = network.record(input, &mut tape);
        let slopes = core::array::from_fn(|i| 2.0 * (output[i] - target[i]) / 20.0);
        input_gradient.extend(network.backward(input, &tape, &slopes, &mut Gradient::zeros()));
    }
    near(
        &input_gradient,
        rows("input_gradient").as_flattened(),
        "input gradient",
    );

    let mut gradient = Gradient::zeros();
    network
        .gradient((&inputs, &targets), &MeanSquaredError, &mut gradient)
        .expect("right");
    near(
        gradient.parameters(),
        &numbers(&figures["gradient"]),
        "gradient",
    );
    Trainer::full_batch(MeanSquaredError, Sgd::new(0.1))
        .epoch(&mut network, (&inputs, &targets))
        .expect("finite");
    near(network.parameters(), &numbers(&figures["stepped"]), "step");
}

#[test]
fn outputs_gradients_and_a_step_are_those_of_torch() {
    agrees_with_torch::<LayerNorm<U5>>("layer_norm");
    agrees_with_torch::<RmsNorm<U5>>("rms_norm");
}

macro_rules! gradient_is_right {
    ($layers:ty, $input:expr, $target:expr) => {
        for seed in 0..8 {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let mut network = Network::<$layers, f64>::zeros();
            for value in network.parameters_mut() {
                *value = uniform(-1.0, 1.0, &mut rng);
            }
            let check = gradient_check(&mut network, &MeanSquaredError, &$input, &$target);
            assert!(check.error() < 1e-6, "{}: {check}", stringify!($layers));
        }
    };
}

#[test]
fn normalization_passes_the_gradient_check_alone_and_in_stacks() {
    let rows = [[0.3, -1.0, 2.0], [1.5, 0.25, -0.5]];
    gradient_is_right!(LayerNorm<U3>, rows[0], [0.5; 3]);
    gradient_is_right!(RmsNorm<U3>, rows[0], [0.5; 3]);
    gradient_is_right!(LayerNorm<Sequence<U2, U3>>, rows, [[0.5; 3]; 2]);
    gradient_is_right!(RmsNorm<Image<U1, U2, U3>>, [rows], [[[0.5; 3]; 2]]);
    gradient_is_right!(
        (
            LayerNorm<Sequence<U2, U3>>,
            Gru<Sequence<U2, U3>, U5, AllStates>,
            RmsNorm<Sequence<U2, U5>>,
            Dense<Sequence<U2, U5>, U4, Tanh>,
            LayerNorm<U4>,
        ),
        rows,
        [0.5; 4]
    );
}

#[test]
fn a_sequence_is_normalized_step_by_step_also_in_a_stream() {
    type Layers = (LayerNorm<Sequence<U3, U4>>, Gru<Sequence<U3, U4>, U5>);
    let network = Network::<Layers>::random(&mut Xoshiro256PlusPlus::seed_from_u64(3));
    let input = [
        [1.0, 2.0, 4.0, -1.0],
        [0.0, 0.5, 0.0, 3.0],
        [7.0, 8.0, 9.0, 1.0],
    ];
    let mut state = State::<Layers>::new();
    let outputs = input.map(|step| network.step(&step, &mut state));
    assert_eq!(outputs[2], network.forward(&input));
}

/// What 40 samples of ones become in training, with their gradients of ones.
fn dropped(noise: Noise) -> (Vec<f32>, Vec<f32>) {
    type Layers = Dropout<U64, U25>;
    let inputs = vec![1.0_f32; 40 * 64];
    let mut tape = vec![0.0; 40 * <Layers as Layer>::Tape::USIZE];
    Layers::record::<f32, NativeKernel<U64>>(&[], &inputs, &mut tape, noise);
    let mut input_gradient = vec![0.0; inputs.len()];
    let pass = Backward {
        inputs: &inputs,
        tape: &tape,
        output_gradient: &mut vec![1.0; inputs.len()],
        gradient: &mut [],
        fresh: false,
        input_gradient: Some(&mut input_gradient),
    };
    Layers::backward::<f32, NativeKernel<U64>>(&[], pass);
    (tape.split_off(40 * 64), input_gradient)
}

#[test]
fn dropout_leaves_out_what_it_says_and_scales_the_rest() {
    let (outputs, gradient) = dropped(Noise::default());
    assert_eq!(
        outputs, gradient,
        "the way back goes where the way forward went"
    );
    assert!(outputs.iter().all(|y| *y == 0.0 || *y == 100.0 / 75.0));
    let zeros = outputs.iter().filter(|y| **y == 0.0).count() as f64;
    // 2,560 draws of 0.25: five standard deviations are 110
    assert!((zeros - 640.0).abs() < 110.0, "{zeros}");
    for other in [
        Noise {
            seed: 1,
            ..Noise::default()
        },
        Noise {
            update: 1,
            ..Noise::default()
        },
        Noise {
            layer: 1,
            ..Noise::default()
        },
    ] {
        assert_ne!(dropped(other).0, outputs);
    }
    // a sample's values do not depend on the block it is in
    let later = Noise {
        sample: 7,
        ..Noise::default()
    };
    assert_eq!(dropped(later).0[..33 * 64], outputs[7 * 64..]);
}

#[test]
fn dropout_is_the_identity_outside_of_training() {
    let network = Network::<Dropout<U64, U25>>::zeros();
    let input = core::array::from_fn(|i| i as f32);
    assert_eq!(network.forward(&input), input);
}

/// What a trainer makes of 21 samples in batches of 8, as bits.
fn trained<L: Layer<Input = U6, Output = U4>, B: Size>() -> Vec<u32> {
    let samples: Vec<_> = (0..21_u8)
        .map(|i| {
            (
                [0, 1, 2, 3, 4, 5].map(|j| f32::from(i % 7 * 3 + j) / 9.0 - 1.0),
                [0.5; 4],
            )
        })
        .collect();
    let mut network = Network::<L>::random(&mut Xoshiro256PlusPlus::seed_from_u64(4));
    let mut trainer = Trainer::mini_batch_in_blocks::<U8, B>(MeanSquaredError, Sgd::new(0.1));
    trainer.seed(3);
    for epoch in trainer.epochs(&mut network, &samples).take(3) {
        epoch.expect("finite");
    }
    network.parameters().iter().map(|p| p.to_bits()).collect()
}

#[test]
fn what_a_trainer_leaves_out_depends_on_neither_blocks_nor_nesting() {
    type First = Dense<U6, U9, Tanh>;
    type Last = Dense<U9, U4>;
    type Row = (First, Dropout<U9, U40>, Last, Dropout<U4, U10>);
    let wanted = trained::<Row, U8>();
    assert_eq!(trained::<Row, U1>(), wanted);
    assert_eq!(trained::<Row, U3>(), wanted);
    assert_eq!(trained::<Row, U32>(), wanted);
    let left = trained::<(((First, Dropout<U9, U40>), Last), Dropout<U4, U10>), U3>();
    let right = trained::<(First, (Dropout<U9, U40>, (Last, Dropout<U4, U10>))), U5>();
    assert_eq!(left, wanted);
    assert_eq!(right, wanted);
    // that of two layers is not the same, nor is there none
    assert_ne!(trained::<(First, Dropout<U9, U40>, Last), U8>(), wanted);
    assert_ne!(trained::<(First, Last), U8>(), wanted);
}

#[test]
fn a_stream_through_dropout_is_inference() {
    type Layers = (Gru<Sequence<U3, U2>, U5>, Dropout<U5, U50>, Dense<U5, U4>);
    let network = Network::<Layers>::random(&mut Xoshiro256PlusPlus::seed_from_u64(3));
    let input = [[1.0, 2.0], [0.0, 0.5], [7.0, 8.0]];
    let mut state = State::<Layers>::new();
    let outputs = input.map(|step| network.step(&step, &mut state));
    assert_eq!(outputs[2], network.forward(&input));
    type Without = (Gru<Sequence<U3, U2>, U5>, Dense<U5, U4>);
    let mut without = Network::<Without>::zeros();
    without
        .parameters_mut()
        .copy_from_slice(network.parameters());
    assert_eq!(without.forward(&input), network.forward(&input));
}
