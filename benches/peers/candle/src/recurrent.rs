//! W8 and W9: a step of candle's recurrent layers.

use std::collections::HashMap;
use std::hint::black_box;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_nn::rnn::{GRUConfig, LSTMConfig, RNN, gru as new_gru, lstm as new_lstm};
use harness::recurrent::{Recurrent, inputs};
use harness::work::{RECURRENT_STEPS, weighted_sum};
use harness::{Found, Timer};

use crate::FITS;

fn weights(layer: Recurrent) -> VarBuilder<'static> {
    let (sums, weights) = (layer.gates * layer.width, layer.weights());
    let tensor = |values: &[f32], shape: &[usize]| {
        Tensor::from_slice(values, shape, &Device::Cpu).expect(FITS)
    };
    let tensors = [
        ("weight_ih_l0", tensor(&weights.input, &[sums, 1])),
        (
            "weight_hh_l0",
            tensor(&layer.transposed_state(), &[sums, layer.width]),
        ),
        ("bias_ih_l0", tensor(&weights.input_bias, &[sums])),
        ("bias_hh_l0", tensor(&weights.state_bias, &[sums])),
    ];
    let tensors: HashMap<_, _> = tensors
        .into_iter()
        .map(|(name, tensor)| (name.to_owned(), tensor))
        .collect();
    VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)
}

pub(crate) fn gru<const H: usize>(timer: &Timer) -> Found {
    let weights = weights(Recurrent { gates: 3, width: H });
    let layer = new_gru(1, H, GRUConfig::default(), weights).expect(FITS);
    time(timer, &layer, |state| state.h())
}

pub(crate) fn lstm<const H: usize>(timer: &Timer) -> Found {
    let weights = weights(Recurrent { gates: 4, width: H });
    let layer = new_lstm(1, H, LSTMConfig::default(), weights).expect(FITS);
    time(timer, &layer, |state| state.h())
}

fn time<L: RNN>(timer: &Timer, layer: &L, output: impl Fn(&L::State) -> &Tensor) -> Found {
    let inputs: Vec<Tensor> = inputs()
        .into_iter()
        .map(|x| Tensor::from_slice(&[x], (1, 1), &Device::Cpu).expect(FITS))
        .collect();
    let mut state = layer.zero_state(1).expect(FITS);
    let mut turn = 0;
    let mut step = |state: &mut L::State| {
        let input = black_box(&inputs[turn % inputs.len()]);
        turn += 1;
        *state = layer.step(input, state).expect(FITS);
    };
    for _ in 0..RECURRENT_STEPS {
        step(&mut state);
    }
    let values: Vec<f32> = output(&state)
        .flatten_all()
        .and_then(|all| all.to_vec1())
        .expect(FITS);
    timer.time(weighted_sum(&values), || step(black_box(&mut state)))
}
