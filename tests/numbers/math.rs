//! The functions of `Scalar`: their errors, their special values, and that every build gives the same bits.

use serde_json::Value;
use sizednet::Scalar;

// with their own tests: compiled with the library, these would compile all of its kernels once more
#[expect(dead_code, reason = "the library calls all of it")]
#[path = "../../src/math/double.rs"]
mod double;
#[path = "../../src/math/single.rs"]
mod single;

type Function<T> = fn(T) -> T;

/// Every function by its name, with the largest error allowed for `f64` in ulps.
fn functions<T: Scalar>() -> [(&'static str, Function<T>, f64); 9] {
    [
        ("exp", T::exp, 1.0),
        ("exp_m1", T::exp_m1, 2.0),
        ("tanh", T::tanh, 2.6),
        ("sigmoid", T::sigmoid, 2.5),
        ("ln", T::ln, 0.9),
        ("ln_1p", T::ln_1p, 0.9),
        ("softplus", T::softplus, 1.7),
        ("sqrt", T::sqrt, 0.5),
        ("cos_pi", T::cos_pi, 2.0),
    ]
}

fn number(bits: &Value) -> f64 {
    let digits = bits.as_str().expect("a string of digits");
    f64::from_bits(u64::from_str_radix(digits, 16).expect("hexadecimal digits"))
}

/// The f32 functions are measured where they stand, against std's f64 functions.
#[test]
fn f64_functions_are_within_their_bounds_of_the_true_values() {
    let figures: Value =
        serde_json::from_str(include_str!("../figures/math.json")).expect("valid JSON");
    for (name, function, bound) in functions::<f64>() {
        let rows = figures[name].as_array().expect("a list");
        assert!(rows.len() > 300, "{name} has {} figures", rows.len());
        let flushes = matches!(name, "exp" | "sigmoid" | "softplus");
        for row in rows {
            let (x, nearest) = (number(&row[0]), number(&row[1]));
            let residue = row[2].as_f64().expect("a number");
            let got = function(x);
            if flushes && nearest < f64::MIN_POSITIVE {
                assert!(
                    (0.0..f64::MIN_POSITIVE).contains(&got),
                    "{name} of {x:e} is {got:e}"
                );
                continue;
            }
            let ulp = nearest.abs().next_up() - nearest.abs();
            // residues have four decimals
            let error = ((got - nearest) / ulp - residue).abs() - 1e-4;
            assert!(
                error <= bound,
                "{name} of {x:e} is {got:e}, {error} ulp from {nearest:e}"
            );
        }
    }
}

macro_rules! special_values {
    ($name:ident, $float:ident) => {
        mod $name {
            use sizednet::Scalar;

            use super::functions;

            const INFINITY: $float = $float::INFINITY;
            const SMALLEST: $float = $float::from_bits(1);

            /// Equal with the sign of zero.
            fn assert_same(name: &str, got: $float, right: $float) {
                assert_eq!(
                    got.to_bits(),
                    right.to_bits(),
                    "{name}: {got:e} and {right:e}"
                );
            }

            #[test]
            fn nan_stays_nan() {
                // with the first and the last payload, and the sign
                let quiet = $float::NAN.to_bits();
                for bits in [
                    quiet,
                    quiet | 1,
                    !0,
                    !0 >> 1,
                    $float::INFINITY.to_bits() | 1,
                ] {
                    for (name, function, _) in functions::<$float>() {
                        assert!(
                            function($float::from_bits(bits)).is_nan(),
                            "{name} of {bits:x}"
                        );
                    }
                }
            }

            #[test]
            fn infinities_give_the_limits() {
                assert_same("exp", Scalar::exp(INFINITY), INFINITY);
                assert_same("exp", Scalar::exp(-INFINITY), 0.0);
                assert_same("exp_m1", Scalar::exp_m1(INFINITY), INFINITY);
                assert_same("exp_m1", Scalar::exp_m1(-INFINITY), -1.0);
                assert_same("tanh", Scalar::tanh(INFINITY), 1.0);
                assert_same("tanh", Scalar::tanh(-INFINITY), -1.0);
                assert_same("sigmoid", Scalar::sigmoid(INFINITY), 1.0);
                assert_same("sigmoid", Scalar::sigmoid(-INFINITY), 0.0);
                assert_same("ln", Scalar::ln(INFINITY), INFINITY);
                assert_same("ln_1p", Scalar::ln_1p(INFINITY), INFINITY);
                assert_same("softplus", Scalar::softplus(INFINITY), INFINITY);
                assert_same("softplus", Scalar::softplus(-INFINITY), 0.0);
                assert_same("sqrt", Scalar::sqrt(INFINITY), INFINITY);
                assert!(Scalar::cos_pi(INFINITY).is_nan());
                assert!(Scalar::cos_pi(-INFINITY).is_nan());
            }

            #[test]
            fn largest_numbers_give_the_limits() {
                assert_same("exp", Scalar::exp($float::MAX), INFINITY);
                assert_same("exp", Scalar::exp($float::MIN), 0.0);
                assert_same("exp_m1", Scalar::exp_m1($float::MAX), INFINITY);
                assert_same("exp_m1", Scalar::exp_m1($float::MIN), -1.0);
                assert_same("tanh", Scalar::tanh($float::MAX), 1.0);
                assert_same("tanh", Scalar::tanh($float::MIN), -1.0);
                assert_same("sigmoid", Scalar::sigmoid($float::MAX), 1.0);
                assert_same("sigmoid", Scalar::sigmoid($float::MIN), 0.0);
                assert_same("softplus", Scalar::softplus($float::MAX), $float::MAX);
                assert_same("softplus", Scalar::softplus($float::MIN), 0.0);
                assert_same("cos_pi", Scalar::cos_pi($float::MAX), 1.0);
            }

            #[test]
            fn zeros_keep_their_sign_where_the_function_goes_through_zero() {
                for zero in [0.0, -0.0] {
                    assert_same("exp", Scalar::exp(zero), 1.0);
                    assert_same("exp_m1", Scalar::exp_m1(zero), zero);
                    assert_same("tanh", Scalar::tanh(zero), zero);
                    assert_same("sigmoid", Scalar::sigmoid(zero), 0.5);
                    assert_same("ln", Scalar::ln(zero), -INFINITY);
                    assert_same("ln_1p", Scalar::ln_1p(zero), zero);
                    assert_same("sqrt", Scalar::sqrt(zero), zero);
                    assert_same("cos_pi", Scalar::cos_pi(zero), 1.0);
                }
            }

            #[test]
            fn subnormal_numbers_stay_what_they_are_where_the_slope_is_1() {
                for x in [
                    SMALLEST,
                    -SMALLEST,
                    3.0 * SMALLEST,
                    -$float::MIN_POSITIVE / 2.0,
                ] {
                    assert_same("exp_m1", Scalar::exp_m1(x), x);
                    assert_same("tanh", Scalar::tanh(x), x);
                    assert_same("ln_1p", Scalar::ln_1p(x), x);
                }
            }

            #[test]
            fn logarithms_and_roots_of_what_has_none_are_nan() {
                for x in [-SMALLEST, -0.5, -1.0, $float::MIN, -INFINITY] {
                    assert!(Scalar::ln(x).is_nan(), "ln of {x:e}");
                    assert!(Scalar::sqrt(x).is_nan(), "sqrt of {x:e}");
                }
                for x in [(-1.0 as $float).next_down(), -2.0, $float::MIN, -INFINITY] {
                    assert!(Scalar::ln_1p(x).is_nan(), "ln_1p of {x:e}");
                }
                assert_same("ln_1p", Scalar::ln_1p(-1.0 as $float), -INFINITY);
            }

            #[test]
            fn round_arguments_give_exact_values() {
                assert_same("ln", Scalar::ln(1.0 as $float), 0.0);
                assert_same("sqrt", Scalar::sqrt(2.25 as $float), 1.5);
                assert_same("sqrt", Scalar::sqrt(1.0 as $float), 1.0);
                assert_same("cos_pi", Scalar::cos_pi(0.5 as $float), 0.0);
                assert_same("cos_pi", Scalar::cos_pi(1.0 as $float), -1.0);
                assert_same("cos_pi", Scalar::cos_pi(2.0 as $float), 1.0);
                assert_same("cos_pi", Scalar::cos_pi(-7.0 as $float), -1.0);
            }
        }
    };
}

special_values!(special_values_of_f32, f32);
special_values!(special_values_of_f64, f64);

/// Mixes the bits of a result into a sum over all of them (FNV-1a, by words).
fn mix(sum: u64, bits: u64) -> u64 {
    (sum ^ bits).wrapping_mul(0x0000_0100_0000_01b3)
}

/// The sums were taken once from a build on x86-64: any other target and level of optimization must give them again.
#[test]
fn results_have_the_same_bits_in_every_build() {
    const COUNT: i32 = 20_000;
    let sums = |name: &str, single: Function<f32>, double: Function<f64>| {
        let (mut f32s, mut f64s) = (0, 0);
        for i in -COUNT..COUNT {
            // arguments that are exact in both types: common ones, and others of many magnitudes
            let common = f64::from(i) / 1024.0;
            let many = common * f64::from_bits((1023 + (i % 100).unsigned_abs() as u64 - 50) << 52);
            for x in [common, many] {
                let (a, b) = (single(x as f32), double(x));
                // the bits of a NaN are up to the machine
                f32s = mix(
                    f32s,
                    if a.is_nan() {
                        1
                    } else {
                        u64::from(a.to_bits())
                    },
                );
                f64s = mix(f64s, if b.is_nan() { 1 } else { b.to_bits() });
            }
        }
        format!("{name} {f32s:016x} {f64s:016x}")
    };
    let got: Vec<String> = functions::<f32>()
        .into_iter()
        .zip(functions::<f64>())
        .map(|((name, single, _), (_, double, _))| sums(name, single, double))
        .collect();
    let right = [
        "exp 403339edb985188c becc9a8bd9a56cf8",
        "exp_m1 37eb7b1d1255c1de 4cc9de32fa9419e1",
        "tanh 93f08c7822dad9a4 344b9222ee22dcd4",
        "sigmoid adc4fff01f031a7e bde733fbed556c15",
        "ln c40ae2a9c6fe786c 01e2562144dcd8e1",
        "ln_1p b384ebdac70ea378 7adcbc0ca83dcaca",
        "softplus e70b819dc3efc3a2 802457b8b0740669",
        "sqrt 70503485eee249da 798f157b4ce20c27",
        "cos_pi 4389057081970666 da734f362517ed28",
    ];
    assert_eq!(got, right);
}
