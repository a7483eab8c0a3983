//! The bits of a convolution: those of a plain loop in the order that its documentation tells, whatever the vectors.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::kernel::{NativeKernel, limit_vector_bits, vector_bits};
use sizednet::layer::{Backward, Same};
use sizednet::{Conv2d, Identity, Image, Layer, Portable, Scalar, Shape, sizes::*};

fn random<T: Scalar>(rng: &mut Xoshiro256PlusPlus, length: usize) -> Vec<T> {
    (0..length).map(|_| uniform(-T::ONE, T::ONE, rng)).collect()
}

/// Outputs, and the gradients of parameters and inputs, of two samples.
fn passes<L: Layer, T: Scalar>() -> [Vec<T>; 3] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(5);
    let parameters: Vec<T> = random(rng, L::Parameters::USIZE);
    let inputs: Vec<T> = random(rng, 2 * <L::Input as Shape>::Len::USIZE);
    let mut slopes: Vec<T> = random(rng, 2 * <L::Output as Shape>::Len::USIZE);
    let mut outputs = slopes.clone();
    L::forward::<T, NativeKernel<U2>>(&parameters, &inputs, &mut outputs);
    let mut gradient = vec![-T::ZERO; parameters.len()];
    let mut input_gradient = vec![T::ONE; inputs.len()];
    let pass = Backward {
        inputs: &inputs,
        tape: &outputs,
        output_gradient: &mut slopes,
        gradient: &mut gradient,
        fresh: false,
        input_gradient: Some(&mut input_gradient),
    };
    L::backward::<T, NativeKernel<U2>>(&parameters, pass);
    [outputs, gradient, input_gradient]
}

/// The outputs for the same numbers: an output starts at its bias and adds its products first to last.
fn naive<L: Layer, T: Scalar>(
    (kernel, stride, before): (usize, usize, usize),
    multiply_add: fn(T, T, T) -> T,
) -> Vec<T> {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(5);
    let parameters: Vec<T> = random(rng, L::Parameters::USIZE);
    let inputs: Vec<T> = random(rng, 2 * <L::Input as Shape>::Len::USIZE);
    let [channels, height, width] = *L::Input::DIMENSIONS else {
        panic!("an image");
    };
    let [filters, rows, columns] = *L::Output::DIMENSIONS else {
        panic!("an image");
    };
    let bias = channels * kernel * kernel * filters;
    let mut outputs = Vec::new();
    for image in inputs.chunks(channels * height * width) {
        for f in 0..filters {
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                let mut sum = parameters[bias + f];
                for tap in 0..channels * kernel * kernel {
                    let (c, i, j) = (tap / kernel / kernel, tap / kernel % kernel, tap % kernel);
                    let (y, x) = (y * stride + i, x * stride + j);
                    let inside =
                        y >= before && x >= before && y < height + before && x < width + before;
                    let value = if inside {
                        image[(c * height + y - before) * width + x - before]
                    } else {
                        T::ZERO
                    };
                    sum = multiply_add(value, parameters[tap * filters + f], sum);
                }
                outputs.push(sum);
            }
        }
    }
    outputs
}

/// The bits: -0 is not 0.
fn bits<T: Scalar>(values: &[T]) -> Vec<u64> {
    let bits = |value: &T| value.to_f64().to_bits();
    values.iter().map(bits).collect()
}

macro_rules! layers {
    ($($layer:ty, $numbers:expr;)*) => {
        /// Each layer's outputs are the plain loop's, in both number types and arithmetics.
        fn are_those_of_plain_loops() {
            let fused = vector_bits() > 0;
            $(
                let wanted = naive::<$layer, f32>($numbers, if fused { f32::mul_add } else { |x, w, sum| sum + x * w });
                assert_eq!(bits(&passes::<$layer, f32>()[0]), bits(&wanted));
                let wanted = naive::<$layer, f64>($numbers, if fused { f64::mul_add } else { |x, w, sum| sum + x * w });
                assert_eq!(bits(&passes::<$layer, f64>()[0]), bits(&wanted));
                let wanted = naive::<$layer, f32>($numbers, |x, w, sum| sum + x * w);
                assert_eq!(bits(&passes::<Portable<$layer>, f32>()[0]), bits(&wanted));
                let wanted = naive::<$layer, f64>($numbers, |x, w, sum| sum + x * w);
                assert_eq!(bits(&passes::<Portable<$layer>, f64>()[0]), bits(&wanted));
            )*
        }

        /// The bits of outputs and gradients in native, and in portable arithmetic.
        fn all() -> [Vec<Vec<u64>>; 2] {
            let (mut native, mut portable) = (Vec::new(), Vec::new());
            $(
                native.extend(passes::<$layer, f32>().iter().map(|values| bits(values)));
                native.extend(passes::<$layer, f64>().iter().map(|values| bits(values)));
                portable.extend(passes::<Portable<$layer>, f32>().iter().map(|values| bits(values)));
                portable.extend(passes::<Portable<$layer>, f64>().iter().map(|values| bits(values)));
            )*
            [native, portable]
        }
    };
}

layers! {
    Conv2d<Image<U8, U28, U28>, U16, U3>, (3, 1, 0);
    Conv2d<Image<U3, U6, U7>, U5, U3>, (3, 1, 0);
    Conv2d<Image<U2, U11, U12>, U17, U3, Identity, U1, Same>, (3, 1, 1);
    Conv2d<Image<U9, U6, U5>, U4, U5, Identity, U1, Same>, (5, 1, 2);
    Conv2d<Image<U2, U19, U21>, U6, U3, Identity, U2>, (3, 2, 0);
    Conv2d<Image<U1, U9, U9>, U8, U3, Identity, U2, Same>, (3, 2, 1);
}

#[test]
fn the_bits_are_those_of_a_plain_loop_and_of_every_width() {
    let _guard = crate::without_limit();
    are_those_of_plain_loops();
    let [native, portable] = all();
    limit_vector_bits(256);
    let narrower = all();
    assert!(vector_bits() == 0 || native == narrower[0]);
    assert!(portable == narrower[1]);
    limit_vector_bits(0);
    are_those_of_plain_loops();
    let [plain, plain_portable] = all();
    assert!(portable == plain_portable);
    assert!(plain == plain_portable);
}
