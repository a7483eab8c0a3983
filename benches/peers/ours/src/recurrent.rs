//! W8 and W9: a streaming step of a recurrent layer.

use std::hint::black_box;

use harness::recurrent::{Recurrent, inputs};
use harness::work::{RECURRENT_STEPS, weighted_sum};
use harness::{Found, Timer};
use sizednet::generic_array::typenum::Unsigned;
use sizednet::layer::{State, Streaming};
use sizednet::{Network, Sequence, Shape, sizes::U1};

/// The layer's parameters do not depend on how many steps its sequences have.
pub(crate) type Stream = Sequence<U1, U1>;

pub(crate) fn step<L: Streaming<StepInput = U1>>(timer: &Timer) -> Found {
    let width = <L::StepOutput as Shape>::Len::USIZE;
    let gates = L::Parameters::USIZE / (width * (width + 3));
    let mut network = Network::<L>::zeros();
    network
        .parameters_mut()
        .copy_from_slice(&Recurrent { gates, width }.parameters());
    let inputs = inputs();
    let mut state = State::new();
    let mut turn = 0;
    let mut step = || {
        let input = [inputs[turn % inputs.len()]];
        turn += 1;
        black_box(&network).step(black_box(&input), &mut state)
    };
    let mut output = step();
    for _ in 1..RECURRENT_STEPS {
        output = step();
    }
    let output = L::StepOutput::flatten(std::slice::from_ref(&output));
    timer.time(weighted_sum(output), || {
        black_box(step());
    })
}
