//! The bits of recurrent layers: those of plain loops in the order that their documentation tells, whatever the vectors and the
//! blocks.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::{NATIVE_FROM, NativeKernel, limit_vector_bits, vector_bits};
use sizednet::layer::{Backward, Noise};
use sizednet::{
    Activation, AllStates, Gru, Layer, Lstm, Portable, Rnn, Scalar, Sequence, Shape, Sigmoid, Size,
    Tanh, sizes::*,
};

const SAMPLES: usize = 5;

/// Parameters, inputs and output gradients.
fn numbers<L: Layer, T: Scalar>() -> [Vec<T>; 3] {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    [
        L::Parameters::USIZE,
        SAMPLES * <L::Input as Shape>::Len::USIZE,
        SAMPLES * <L::Output as Shape>::Len::USIZE,
    ]
    .map(|length| {
        let number = |_| uniform(-T::ONE, T::ONE, &mut rng);
        (0..length).map(number).collect()
    })
}

/// Outputs, and the gradients of parameters and inputs, in blocks of `B`.
fn passes<L: Layer, T: Scalar, B: Size>() -> [Vec<T>; 3] {
    let [parameters, inputs, mut slopes] = numbers::<L, T>();
    let (of_input, of_output) = (
        <L::Input as Shape>::Len::USIZE,
        <L::Output as Shape>::Len::USIZE,
    );
    let mut outputs = Vec::new();
    let mut gradient = vec![T::ONE; parameters.len()];
    let mut input_gradient = vec![T::ONE; inputs.len()];
    let blocks = inputs
        .chunks(B::USIZE * of_input)
        .zip(slopes.chunks_mut(B::USIZE * of_output))
        .zip(input_gradient.chunks_mut(B::USIZE * of_input));
    for (block, ((inputs, slopes), input_gradient)) in blocks.enumerate() {
        let samples = inputs.len() / of_input;
        let mut tape = vec![T::ONE; samples * L::Tape::USIZE];
        L::record::<T, NativeKernel<B>>(&parameters, inputs, &mut tape, Noise::default());
        let end = tape.len() - samples * of_output;
        let mut inferred = vec![T::ONE; samples * of_output];
        L::forward::<T, NativeKernel<B>>(&parameters, inputs, &mut inferred);
        assert_eq!(bits(&inferred), bits(&tape[end..]));
        outputs.extend(inferred);
        let pass = Backward {
            inputs,
            tape: &tape,
            output_gradient: slopes,
            gradient: &mut gradient,
            fresh: block == 0 && L::WRITES,
            input_gradient: Some(input_gradient),
        };
        L::backward::<T, NativeKernel<B>>(&parameters, pass);
    }
    [outputs, gradient, input_gradient]
}

/// The same in plain loops: a cell with the numbers of its gates and states.
struct Plain<T> {
    gates: usize,
    features: usize,
    width: usize,
    multiply_add: fn(T, T, T) -> T,
}

impl<T: Scalar> Plain<T> {
    /// The arithmetic of a layer of these weights.
    fn multiply_add(&self, weights: &[T], outputs: usize) -> fn(T, T, T) -> T {
        if weights.len() < NATIVE_FROM || outputs < 8 {
            |x, w, sum| sum + x * w
        } else {
            self.multiply_add
        }
    }

    fn affine(&self, weights: &[T], bias: &[T], inputs: &[T]) -> Vec<T> {
        let outputs = bias.len();
        let parts = match outputs {
            _ if weights.len() < NATIVE_FROM => 1,
            1..=16 => 8,
            17..=32 => 4,
            33..=64 => 2,
            _ => 1,
        };
        let multiply_add = self.multiply_add(weights, outputs);
        let output = |o: usize| {
            let mut sums = vec![-T::ZERO; parts];
            sums[0] = bias[o];
            for (i, x) in inputs.iter().enumerate() {
                let part = i % parts;
                sums[part] = multiply_add(*x, weights[i * outputs + o], sums[part]);
            }
            // those half of their number apart are added first
            let mut half = parts / 2;
            while half > 0 {
                for part in 0..half {
                    let other = sums[part + half];
                    sums[part] += other;
                }
                half /= 2;
            }
            let total = sums[0];
            if inputs.len() == 1 {
                // of one feature alone, rounded apart
                return bias[o] + inputs[0] * weights[o];
            }
            total
        };
        (0..outputs).map(output).collect()
    }

    fn add_gradient(&self, inputs: &[T], slopes: &[T], weights: &mut [T], bias: &mut [T]) {
        let multiply_add = self.multiply_add(weights, slopes.len());
        for (x, row) in inputs.iter().zip(weights.chunks_exact_mut(slopes.len())) {
            for (w, dy) in row.iter_mut().zip(slopes) {
                *w = multiply_add(*x, *dy, *w);
            }
        }
        for (b, dy) in bias.iter_mut().zip(slopes) {
            *b += *dy;
        }
    }

    fn input_gradient(&self, weights: &[T], slopes: &[T]) -> Vec<T> {
        let multiply_add = self.multiply_add(weights, slopes.len());
        let rows = weights.chunks_exact(slopes.len());
        rows.map(|row| {
            let mut s = [-T::ZERO; 8];
            for (o, (w, dy)) in row.iter().zip(slopes).enumerate() {
                s[o % 8] = multiply_add(*w, *dy, s[o % 8]);
            }
            ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
        })
        .collect()
    }

    /// The gates, and the states after the step.
    fn advance(&self, x: &[T], h: &[T], state: &mut [Vec<T>; 2]) -> Vec<T> {
        let width = self.width;
        let mut gates = x.to_vec();
        let bend = |gates: &mut [T], from: usize, to: usize, function: fn(T) -> T| {
            for gate in &mut gates[from * width..to * width] {
                *gate = function(*gate);
            }
        };
        let sums = if self.gates == 3 { 2 * width } else { x.len() };
        for (gate, more) in gates[..sums].iter_mut().zip(h) {
            *gate += *more;
        }
        let [out, cell] = state;
        match self.gates {
            1 => {
                bend(&mut gates, 0, 1, T::tanh);
                out.copy_from_slice(&gates);
            }
            3 => {
                bend(&mut gates, 0, 2, T::sigmoid);
                for i in 0..width {
                    let more = gates[i] * h[2 * width + i];
                    gates[2 * width + i] += more;
                }
                bend(&mut gates, 2, 3, T::tanh);
                for i in 0..width {
                    let (z, n) = (gates[width + i], gates[2 * width + i]);
                    out[i] = n + z * (out[i] - n);
                }
            }
            _ => {
                bend(&mut gates, 0, 2, T::sigmoid);
                bend(&mut gates, 2, 3, T::tanh);
                bend(&mut gates, 3, 4, T::sigmoid);
                for i in 0..width {
                    let [i_, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * width + i]);
                    cell[i] = f * cell[i] + i_ * g;
                    out[i] = o * cell[i].tanh();
                }
            }
        }
        gates
    }

    /// The gradients of both sums; of the state's gradient what does not come through the weights is left.
    fn back(
        &self,
        gates: &[T],
        of_state: &[T],
        (before, after): (&[Vec<T>; 2], &[Vec<T>; 2]),
        slopes: &mut [Vec<T>; 2],
    ) -> [Vec<T>; 2] {
        let width = self.width;
        let mut x = vec![T::ZERO; self.gates * width];
        let mut h = x.clone();
        let [dh, dc] = slopes;
        for i in 0..width {
            let gate = |gate: usize| gates[gate * width + i];
            match self.gates {
                1 => {
                    x[i] = Tanh::chain(dh[i], gate(0));
                    h[i] = x[i];
                    dh[i] = T::ZERO;
                }
                3 => {
                    let (r, z, n) = (gate(0), gate(1), gate(2));
                    let sum_n = Tanh::chain(dh[i] * (T::ONE - z), n);
                    let sum_z = Sigmoid::chain(dh[i] * (before[0][i] - n), z);
                    let sum_r = Sigmoid::chain(sum_n * of_state[2 * width + i], r);
                    for (place, (of_x, of_h)) in
                        [(sum_r, sum_r), (sum_z, sum_z), (sum_n, sum_n * r)]
                            .into_iter()
                            .enumerate()
                    {
                        x[place * width + i] = of_x;
                        h[place * width + i] = of_h;
                    }
                    dh[i] *= z;
                }
                _ => {
                    let bent = after[1][i].tanh();
                    dc[i] += Tanh::chain(dh[i] * gate(3), bent);
                    let sums = [
                        Sigmoid::chain(dc[i] * gate(2), gate(0)),
                        Sigmoid::chain(dc[i] * before[1][i], gate(1)),
                        Tanh::chain(dc[i] * gate(0), gate(2)),
                        Sigmoid::chain(dh[i] * bent, gate(3)),
                    ];
                    for (place, sum) in sums.into_iter().enumerate() {
                        x[place * width + i] = sum;
                        h[place * width + i] = sum;
                    }
                    dc[i] *= gate(1);
                    dh[i] = T::ZERO;
                }
            }
        }
        [x, h]
    }

    /// Outputs, and the gradients of parameters and inputs.
    fn passes(&self, [parameters, inputs, slopes]: &[Vec<T>; 3], steps: usize) -> [Vec<T>; 3] {
        let (f, width, sums) = (self.features, self.width, self.gates * self.width);
        let (w, rest) = parameters.split_at(f * sums);
        let (u, rest) = rest.split_at(width * sums);
        let (b, c) = rest.split_at(sums);
        let (mut outputs, mut input_gradient) = (Vec::new(), Vec::new());
        let mut gradient = vec![-T::ZERO; parameters.len()];
        let all = slopes.len() == SAMPLES * steps * width;
        let given = slopes.chunks(slopes.len() / SAMPLES);
        for (input, slopes) in inputs.chunks(steps * f).zip(given) {
            let zeros = || [vec![T::ZERO; width], vec![T::ZERO; width]];
            let mut states = vec![zeros()];
            let mut kept = Vec::new();
            for x in input.chunks(f) {
                let mut state = states[states.len() - 1].clone();
                let of_state = self.affine(u, c, &state[0]);
                let gates = self.advance(&self.affine(w, b, x), &of_state, &mut state);
                if all {
                    outputs.extend(&state[0]);
                }
                states.push(state);
                kept.push((gates, of_state));
            }
            if !all {
                outputs.extend(&states[steps][0]);
            }
            let mut state_slopes = zeros();
            let mut rows = Vec::new();
            for (step, x) in input.chunks(f).enumerate().rev() {
                let own = match step {
                    step if all => &slopes[step * width..(step + 1) * width],
                    step if step + 1 == steps => slopes,
                    _ => &[],
                };
                for (dh, dy) in state_slopes[0].iter_mut().zip(own) {
                    *dh += *dy;
                }
                let (gates, of_state) = &kept[step];
                let places = (&states[step], &states[step + 1]);
                let [of_x, of_h] = self.back(gates, of_state, places, &mut state_slopes);
                let (dw, rest) = gradient.split_at_mut(f * sums);
                let (du, rest) = rest.split_at_mut(width * sums);
                let (db, dc) = rest.split_at_mut(sums);
                self.add_gradient(x, &of_x, dw, db);
                self.add_gradient(&states[step][0], &of_h, du, dc);
                rows.push(self.input_gradient(w, &of_x));
                if step > 0 {
                    let through = self.input_gradient(u, &of_h);
                    for (dh, more) in state_slopes[0].iter_mut().zip(through) {
                        *dh += more;
                    }
                }
            }
            input_gradient.extend(rows.into_iter().rev().flatten());
        }
        [outputs, gradient, input_gradient]
    }
}

/// The bits: -0 is not 0.
fn bits<T: Scalar>(values: &[T]) -> Vec<u64> {
    let bits = |value: &T| value.to_f64().to_bits();
    values.iter().map(bits).collect()
}

/// Every block gives the plain loop's bits, native and in portable arithmetic.
fn is_a_plain_loop<L: Layer, T: Scalar>(gates: usize, fused: fn(T, T, T) -> T) {
    let [steps, features] = *L::Input::DIMENSIONS else {
        panic!("a sequence");
    };
    let width = *L::Output::DIMENSIONS.last().expect("a shape");
    let apart: fn(T, T, T) -> T = |x, w, sum| sum + x * w;
    let fused = if vector_bits() > 0 { fused } else { apart };
    let wanted = |multiply_add| {
        let plain = Plain {
            gates,
            features,
            width,
            multiply_add,
        };
        let found = plain.passes(&numbers::<L, T>(), steps);
        found.map(|values| bits(&values))
    };
    let is_native = |found: [Vec<T>; 3]| {
        assert!(found.map(|values| bits(&values)) == wanted(fused));
    };
    let is_portable = |found: [Vec<T>; 3]| {
        assert!(found.map(|values| bits(&values)) == wanted(apart));
    };
    is_native(passes::<L, T, U1>());
    is_native(passes::<L, T, U3>());
    is_portable(passes::<Portable<L>, T, U4>());
    #[cfg(feature = "long")]
    {
        is_native(passes::<L, T, U2>());
        is_native(passes::<L, T, U5>());
        is_native(passes::<L, T, U32>());
        is_portable(passes::<Portable<L>, T, U1>());
        is_portable(passes::<Portable<L>, T, U5>());
    }
}

macro_rules! layers {
    ($are:ident, $hash:ident; $($gates:literal: $layer:ty;)*) => {
        fn $are() {
            $(
                is_a_plain_loop::<$layer, f32>($gates, f32::mul_add);
                is_a_plain_loop::<$layer, f64>($gates, f64::mul_add);
            )*
        }

        /// A number for the bits of these layers in portable arithmetic.
        fn $hash() -> u64 {
            let mut hash = 0_u64;
            let mut see = |bits: u64| {
                hash = (hash.rotate_left(5) ^ bits).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            };
            $(
                for value in passes::<Portable<$layer>, f32, U2>().iter().flatten() {
                    see(value.to_bits().into());
                }
                for value in passes::<Portable<$layer>, f64, U2>().iter().flatten() {
                    see(value.to_bits());
                }
            )*
            hash
        }
    };
}

layers! {
    few, hash_of_few;
    3: Gru<Sequence<U9, U3>, U4>;
    3: Gru<Sequence<U5, U1>, U32, AllStates>;
    4: Lstm<Sequence<U9, U3>, U7, AllStates>;
    4: Lstm<Sequence<U5, U9>, U21>;
    1: Rnn<Sequence<U9, U8>, U13, AllStates>;
    1: Rnn<Sequence<U4, U12>, U65>;
}

#[cfg(feature = "long")]
layers! {
    more, hash_of_more;
    3: Gru<Sequence<U3, U1>, U1>;
    3: Gru<Sequence<U6, U17>, U23>;
    3: Gru<Sequence<U1, U5>, U16, AllStates>;
    4: Lstm<Sequence<U3, U1>, U2>;
    4: Lstm<Sequence<U5, U1>, U16>;
    1: Rnn<Sequence<U3, U2>, U5>;
    1: Rnn<Sequence<U5, U1>, U40>;
}

#[test]
fn the_bits_are_those_of_a_plain_loop_in_every_block_and_width() {
    let _guard = crate::without_limit();
    for bits in [u32::MAX, 256, 0] {
        limit_vector_bits(bits);
        few();
        // the same on every machine, with and without vectors
        let hash = hash_of_few();
        assert_eq!(hash, 0x0C59_6958_F072_5FE8, "{hash:#X}");
        #[cfg(feature = "long")]
        {
            more();
            let hash = hash_of_more();
            assert_eq!(hash, 0x7A71_F5B7_098C_D7BF, "{hash:#X}");
        }
    }
}
