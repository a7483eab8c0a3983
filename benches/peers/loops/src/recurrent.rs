//! W8 and W9: a streaming step of a recurrent layer, with `S` the values of all its gates.

use std::hint::black_box;

use harness::recurrent::{Recurrent, inputs};
use harness::work::{RECURRENT_STEPS, weighted_sum};
use harness::{Found, Timer};

use crate::sigmoid;

/// Aligned, so that no vector lies across two lines of the cache.
#[repr(C, align(64))]
struct Layer<const H: usize, const S: usize> {
    input: [f32; S],
    state: [[f32; S]; H],
    input_bias: [f32; S],
    state_bias: [f32; S],
}

impl<const H: usize, const S: usize> Layer<H, S> {
    fn load() -> Box<Self> {
        let weights = Recurrent {
            gates: S / H,
            width: H,
        }
        .weights();
        let mut layer = Box::new(Self {
            input: [0.0; S],
            state: [[0.0; S]; H],
            input_bias: [0.0; S],
            state_bias: [0.0; S],
        });
        layer.input.copy_from_slice(&weights.input);
        layer
            .state
            .as_flattened_mut()
            .copy_from_slice(&weights.state);
        layer.input_bias.copy_from_slice(&weights.input_bias);
        layer.state_bias.copy_from_slice(&weights.state_bias);
        layer
    }

    /// What the weights give of the input and of the state.
    #[inline]
    fn sums(&self, x: f32, h: &[f32; H]) -> ([f32; S], [f32; S]) {
        let mut from_input = self.input_bias;
        for (sum, w) in from_input.iter_mut().zip(&self.input) {
            *sum = x.mul_add(*w, *sum);
        }
        let mut from_state = self.state_bias;
        for (h, weights) in h.iter().zip(&self.state) {
            for (sum, w) in from_state.iter_mut().zip(weights) {
                *sum = h.mul_add(*w, *sum);
            }
        }
        (from_input, from_state)
    }

    #[inline]
    fn gru(&self, x: f32, h: &mut [f32; H]) {
        let (from_input, from_state) = self.sums(x, h);
        for i in 0..H {
            let r = sigmoid(from_input[i] + from_state[i]);
            let z = sigmoid(from_input[H + i] + from_state[H + i]);
            let n = r
                .mul_add(from_state[2 * H + i], from_input[2 * H + i])
                .tanh();
            h[i] = z.mul_add(h[i] - n, n);
        }
    }

    #[inline]
    fn lstm(&self, x: f32, [h, c]: &mut [[f32; H]; 2]) {
        let (from_input, from_state) = self.sums(x, h);
        let sum = |node: usize| from_input[node] + from_state[node];
        for node in 0..H {
            let (i, f) = (sigmoid(sum(node)), sigmoid(sum(H + node)));
            let (g, o) = (sum(2 * H + node).tanh(), sigmoid(sum(3 * H + node)));
            c[node] = f.mul_add(c[node], i * g);
            h[node] = o * c[node].tanh();
        }
    }
}

pub(crate) fn gru<const H: usize, const S: usize>(timer: &Timer) -> Found {
    let layer = Layer::<H, S>::load();
    time(
        timer,
        [0.0; H],
        |x, h| black_box(&layer).gru(x, h),
        |h| weighted_sum(h),
    )
}

pub(crate) fn lstm<const H: usize, const S: usize>(timer: &Timer) -> Found {
    let layer = Layer::<H, S>::load();
    time(
        timer,
        [[0.0; H]; 2],
        |x, state| black_box(&layer).lstm(x, state),
        |[h, _]| weighted_sum(h),
    )
}

fn time<State>(
    timer: &Timer,
    state: State,
    step: impl Fn(f32, &mut State),
    check: impl Fn(&State) -> f64,
) -> Found {
    let inputs = inputs();
    let mut state = state;
    let mut turn = 0;
    let mut next = |state: &mut State| {
        let x = black_box(inputs[turn % inputs.len()]);
        turn += 1;
        step(x, state);
    };
    for _ in 0..RECURRENT_STEPS {
        next(&mut state);
    }
    let found = timer.time(check(&state), || next(black_box(&mut state)));
    black_box(&state);
    found
}
