//! W8 and W9: burn's recurrent layers on sequences of one step.

use std::hint::black_box;

use burn::module::Param;
use burn::nn::{GateController, GruConfig, Linear, LstmConfig};
use burn::tensor::{Device, Tensor, TensorData};
use harness::recurrent::{Recurrent, Weights, inputs};
use harness::work::{RECURRENT_STEPS, weighted_sum};
use harness::{Found, Timer};

use crate::matrix;

/// Some columns of all gates' weights.
fn load(linear: &mut Linear, weights: &[f32], bias: &[f32], (gate, width): (usize, usize)) {
    let device = linear.weight.device();
    let columns = gate * width..(gate + 1) * width;
    let rows = weights.chunks_exact(bias.len());
    let inputs = rows.len();
    let of_gate: Vec<f32> = rows
        .flat_map(|row| &row[columns.clone()])
        .copied()
        .collect();
    linear.weight = Param::from_tensor(matrix(of_gate, [inputs, width], &device));
    let bias = TensorData::new(bias[columns].to_vec(), [width]);
    linear.bias = Some(Param::from_tensor(Tensor::from_data(bias, &device)));
}

fn load_gate(gate: &mut GateController, weights: &Weights, place: (usize, usize)) {
    load(
        &mut gate.input_transform,
        &weights.input,
        &weights.input_bias,
        place,
    );
    load(
        &mut gate.hidden_transform,
        &weights.state,
        &weights.state_bias,
        place,
    );
}

pub(crate) fn gru<const H: usize>(timer: &Timer) -> Found {
    let device = Device::flex();
    let weights = Recurrent { gates: 3, width: H }.weights();
    let mut layer = GruConfig::new(1, H, true).init(&device);
    load_gate(&mut layer.reset_gate, &weights, (0, H));
    load_gate(&mut layer.update_gate, &weights, (1, H));
    load_gate(&mut layer.new_gate, &weights, (2, H));
    time(
        timer,
        &device,
        |input, state: &mut Option<Tensor<2>>| {
            let output = layer.forward(input, state.take());
            *state = Some(output.squeeze_dim(1));
        },
        |state| state.clone().expect("there were steps"),
    )
}

pub(crate) fn lstm<const H: usize>(timer: &Timer) -> Found {
    let device = Device::flex();
    let weights = Recurrent { gates: 4, width: H }.weights();
    let mut layer = LstmConfig::new(1, H, true).init(&device);
    load_gate(&mut layer.input_gate, &weights, (0, H));
    let forget_gate = layer.forget_gate.as_mut();
    load_gate(forget_gate.expect("not coupled"), &weights, (1, H));
    load_gate(&mut layer.cell_gate, &weights, (2, H));
    load_gate(&mut layer.output_gate, &weights, (3, H));
    time(
        timer,
        &device,
        |input, state| *state = Some(layer.forward(input, state.take()).1),
        |state| state.clone().expect("there were steps").hidden,
    )
}

fn time<State>(
    timer: &Timer,
    device: &Device,
    mut step: impl FnMut(Tensor<3>, &mut Option<State>),
    output: impl Fn(&Option<State>) -> Tensor<2>,
) -> Found {
    let inputs: Vec<Tensor<3>> = inputs()
        .into_iter()
        .map(|x| Tensor::from_data(TensorData::new(vec![x], [1, 1, 1]), device))
        .collect();
    let mut state = None;
    let mut turn = 0;
    let mut next = |state: &mut Option<State>| {
        let input = black_box(inputs[turn % inputs.len()].clone());
        turn += 1;
        step(input, state);
    };
    for _ in 0..RECURRENT_STEPS {
        next(&mut state);
    }
    let values = output(&state).into_data().try_to_vec::<f32>();
    let check = weighted_sum(&values.expect("outputs are f32"));
    timer.time(check, || next(black_box(&mut state)))
}
