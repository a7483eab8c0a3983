//! The bits of a convolution of a sequence: those of plain loops in the order that its documentation tells, whatever the
//! vectors. One test, since the limit of the vectors is that of the process.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::{NATIVE_FROM, NativeKernel, limit_vector_bits, vector_bits};
use sizednet::layer::{Backward, Causal, Same, Valid};
use sizednet::{Conv1d, Identity, Layer, Portable, Scalar, Sequence, Shape, sizes::*};

fn random<T: Scalar>(rng: &mut Xoshiro256PlusPlus, length: usize) -> Vec<T> {
    (0..length).map(|_| uniform(-T::ONE, T::ONE, rng)).collect()
}

/// Parameters, and inputs and output gradients of two samples.
fn numbers<L: Layer, T: Scalar>() -> [Vec<T>; 3] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(5);
    [
        L::Parameters::USIZE,
        2 * <L::Input as Shape>::Len::USIZE,
        2 * <L::Output as Shape>::Len::USIZE,
    ]
    .map(|length| random(rng, length))
}

/// Outputs, and the gradients of parameters and inputs.
fn passes<L: Layer, T: Scalar>() -> [Vec<T>; 3] {
    let [parameters, inputs, mut slopes] = numbers::<L, T>();
    let mut outputs = slopes.clone();
    L::forward::<T, NativeKernel<U2>>(&parameters, &inputs, &mut outputs);
    let mut gradient = vec![T::ONE; parameters.len()];
    let mut input_gradient = vec![T::ONE; inputs.len()];
    let pass = Backward {
        inputs: &inputs,
        tape: &outputs,
        output_gradient: &mut slopes,
        gradient: &mut gradient,
        fresh: true,
        input_gradient: Some(&mut input_gradient),
    };
    L::backward::<T, NativeKernel<U2>>(&parameters, pass);
    [outputs, gradient, input_gradient]
}

/// The same by plain loops.
fn naive<L: Layer, T: Scalar>(
    [kernel, stride, before, dilation]: [usize; 4],
    multiply_add: fn(T, T, T) -> T,
) -> [Vec<T>; 3] {
    let [parameters, inputs, slopes] = numbers::<L, T>();
    let [steps, features] = *L::Input::DIMENSIONS else {
        panic!("a sequence");
    };
    let [windows, filters] = *L::Output::DIMENSIONS else {
        panic!("a sequence");
    };
    let patch = kernel * features;
    let parts = match filters {
        _ if patch * filters < NATIVE_FROM => 1,
        ..=16 => 8,
        17..=32 => 4,
        33..=64 => 2,
        _ => 1,
    };
    let (weights, bias) = parameters.split_at(patch * filters);
    let mut outputs = Vec::new();
    let mut gradient = vec![-T::ZERO; parameters.len()];
    let mut input_gradient = vec![-T::ZERO; inputs.len()];
    for sample in 0..2 {
        for window in 0..windows {
            // where the value at `i` of the window lies
            let place = |i: usize| {
                let step = window * stride + i / features * dilation;
                let inside = step >= before && step < steps + before;
                inside.then(|| (sample * steps + step - before) * features + i % features)
            };
            let value = |i: usize| place(i).map_or(T::ZERO, |place| inputs[place]);
            for f in 0..filters {
                let mut sums = [-T::ZERO; 8];
                sums[0] = bias[f];
                for i in 0..patch {
                    sums[i % parts] =
                        multiply_add(value(i), weights[i * filters + f], sums[i % parts]);
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
                outputs.push(sums[0]);
            }
            let slopes = &slopes[(sample * windows + window) * filters..][..filters];
            for (f, dy) in slopes.iter().enumerate() {
                gradient[patch * filters + f] += *dy;
            }
            for i in 0..patch {
                let mut sums = [-T::ZERO; 8];
                for (f, dy) in slopes.iter().enumerate() {
                    let weight = i * filters + f;
                    gradient[weight] = multiply_add(value(i), *dy, gradient[weight]);
                    sums[f % 8] = multiply_add(weights[weight], *dy, sums[f % 8]);
                }
                let [a, b, c, d, e, f, g, h] = sums;
                if let Some(place) = place(i) {
                    input_gradient[place] += ((a + e) + (c + g)) + ((b + f) + (d + h));
                }
            }
        }
    }
    [outputs, gradient, input_gradient]
}

/// The bits: -0 is not 0.
fn bits<T: Scalar>(values: &[Vec<T>; 3]) -> [Vec<u64>; 3] {
    let bits = |value: &T| value.to_f64().to_bits();
    core::array::from_fn(|i| values[i].iter().map(bits).collect())
}

macro_rules! layers {
    ($($layer:ty, $numbers:expr;)*) => {
        /// Each layer's outputs and gradients are the plain loop's, in both number types and arithmetics.
        fn are_those_of_plain_loops() {
            $(
                let [windows, filters] = *<$layer as Layer>::Output::DIMENSIONS else {
                    panic!("a sequence");
                };
                let weights = <$layer>::MULTIPLY_ADDS / windows as u64;
                let fused = vector_bits() > 0 && weights >= NATIVE_FROM as u64 && filters >= 8;
                let wanted = naive::<$layer, f32>($numbers, if fused { f32::mul_add } else { |x, w, sum| sum + x * w });
                assert_eq!(bits(&passes::<$layer, f32>()), bits(&wanted));
                let wanted = naive::<$layer, f64>($numbers, if fused { f64::mul_add } else { |x, w, sum| sum + x * w });
                assert_eq!(bits(&passes::<$layer, f64>()), bits(&wanted));
                let wanted = naive::<$layer, f32>($numbers, |x, w, sum| sum + x * w);
                assert_eq!(bits(&passes::<Portable<$layer>, f32>()), bits(&wanted));
                let wanted = naive::<$layer, f64>($numbers, |x, w, sum| sum + x * w);
                assert_eq!(bits(&passes::<Portable<$layer>, f64>()), bits(&wanted));
            )*
        }
    };
}

layers! {
    // kernel, stride, zeros before, dilation
    Conv1d<Sequence<U40, U8>, U16, U3>, [3, 1, 0, 1];
    Conv1d<Sequence<U7, U3>, U5, U2>, [2, 1, 0, 1]; // fewer than 64 weights
    Conv1d<Sequence<U21, U7>, U5, U3>, [3, 1, 0, 1]; // fewer than eight filters
    Conv1d<Sequence<U20, U6>, U3, U5, Identity, U1, Causal>, [5, 1, 4, 1];
    Conv1d<Sequence<U20, U5>, U17, U4, Identity, U1, Same>, [4, 1, 1, 1];
    Conv1d<Sequence<U33, U6>, U40, U3, Identity, U1, Causal, U4>, [3, 1, 8, 4];
    Conv1d<Sequence<U50, U12>, U70, U5, Identity, U2, Valid, U3>, [5, 2, 0, 3];
    Conv1d<Sequence<U21, U12>, U16, U5, Identity, U3, Causal>, [5, 3, 4, 1];
    // windows side by side
    Conv1d<Sequence<U29, U9>, U8, U1>, [1, 1, 0, 1];
    Conv1d<Sequence<U23, U4>, U24, U4, Identity, U4>, [4, 4, 0, 1];
}

#[test]
fn the_bits_are_those_of_a_plain_loop_at_every_width() {
    let _guard = crate::without_limit();
    for bits in [512, 256, 0] {
        limit_vector_bits(bits);
        are_those_of_plain_loops();
    }
}
