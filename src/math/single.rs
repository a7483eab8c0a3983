//! The functions on `f32`; the bounds in their descriptions were measured against std's `f64` functions.

/// 1.5 * 2^23: a number added to it is rounded to an integer, which stands in the low bits of the sum.
const ROUNDER: f32 = 12_582_912.0;
/// ln 2 in two parts; the first has so few bits that its product with an exponent is exact (FreeBSD msun `e_expf.c`).
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = 1.428_606_8e-6;
/// The largest number whose exponential is finite.
const EXP_MAX: f32 = 88.722_83;
/// The smallest number whose exponential is normal.
const EXP_MIN: f32 = -87.336_54;
/// From here down `exp(x) - 1` rounds to -1.
const EXP_M1_FLAT: f32 = -20.0;
/// Up to here `exp(x) - 1` and `ln(1 + x)` round to x, or to within a quarter ulp of it.
const TINY: f32 = f32::EPSILON / 4.0;
/// The bits of sqrt(1/2).
const SQRT_HALF: u32 = 0x3f35_04f3;
/// The bits of 1.
const ONE: u32 = 127 << 23;
/// The bits of a number's fraction.
const FRACTION: u32 = (1 << 23) - 1;

/// For x = n ln 2 + r with the integer n nearest to x / ln 2: `exp(r) - 1`, and n as an addend to a number's exponent.
///
/// `exp(r) - 1` is r + r^2 / 2 + r^3 p(r), where p is a minimax fit of degree 4, relative error 2^-31, by
/// `tests/figures/math_figures.py fit`. Where `exp(x)` overflows or underflows the two values mean nothing.
#[inline(always)]
fn reduced_exp_m1(x: f32) -> (f32, u32) {
    let rounded = x * core::f32::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // pairs (Estrin) keep the chain of dependent operations short
    let r2 = r * r;
    let p = (0.5 + 0.166_666_66 * r)
        + r2 * ((0.041_666_48 + 8.333_419e-3 * r) + r2 * (1.393_325_3e-3 + 1.982_412_5e-4 * r));
    (r + r2 * p, rounded.to_bits() << 23)
}

/// e to the power x, `2^n (1 + (exp(r) - 1))`; 0 where that is below the smallest normal number. Within 1 ulp.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let (q, exponent) = reduced_exp_m1(x);
    // in the exponent's bits even 2^128 * 0.99 works, which as a factor would be infinite
    let scaled = f32::from_bits((1.0 + q).to_bits().wrapping_add(exponent));
    let positive = if x < EXP_MIN { 0.0 } else { scaled };
    // infinity for all above, and NaN for NaN
    if x <= EXP_MAX {
        positive
    } else {
        x + f32::INFINITY
    }
}

/// `exp(x) - 1`, accurate near 0: `2^n (exp(r) - 1) + (2^n - 1)`. Within 1.6 ulp.
#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    let (q, exponent) = reduced_exp_m1(x);
    // half of 2^n, as 2^128 would be infinite
    let half = f32::from_bits(exponent.wrapping_add(ONE - (1 << 23)));
    let scaled = (half * q + (half - 0.5)) * 2.0;
    let bounded = if x < EXP_M1_FLAT { -1.0 } else { scaled };
    // keeps subnormals and the sign of zero
    let near = if x.abs() < TINY { x } else { bounded };
    if x <= EXP_MAX {
        near
    } else {
        x + f32::INFINITY
    }
}

/// For x log2(e) = n + f with the nearest integer n, from -126 to 127: n, f and 2^n. The product is rounded, so that f is wrong by up
/// to half of its ulp, which is more the larger x is.
#[inline(always)]
fn binary(x: f32) -> (f32, f32, f32) {
    // with the exponent's offset, so that the low bits are those of 2^n
    const OFFSET_ROUNDER: f32 = ROUNDER + 127.0;
    let scaled = x * core::f32::consts::LOG2_E;
    let rounded = scaled + OFFSET_ROUNDER;
    let n = rounded - OFFSET_ROUNDER;
    (n, scaled - n, f32::from_bits(rounded.to_bits() << 23))
}

/// `1 - 2^-f` from f and r = f ln 2.
///
/// It is r - r^2 / 2 + r^3 p(-r), where p is a minimax fit of degree 3, relative error 2^-26, by
/// `tests/figures/math_figures.py fit`; but for the first r it is computed from f, which is there sooner, with the coefficients times
/// powers of ln 2. What is ready first is added first: the sigmoid of a small network waits for it.
#[inline(always)]
fn decay(f: f32, r: f32) -> f32 {
    let f2 = f * f;
    let low = f2 * (0.240_226_5 - 0.055_503_72 * f);
    let high = (9.618_172e-3 - 1.338_589e-3 * f) + f2 * 1.541_388_5e-4;
    (r - low) - (f2 * f2) * high
}

/// The hyperbolic tangent: for |2x| = (n + f) ln 2 and w = 1 - 2^-f it is `(2^n - 1 + w) / (2^n + 1 - w)`, with the sign
/// of x. Within 3.4 ulp.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    // from here on it rounds to 1
    let flat = 10.0;
    let a = if flat < x.abs() { flat } else { x.abs() };
    let (_, f, power) = binary(a + a);
    let w = decay(f, f * core::f32::consts::LN_2);
    (((power - 1.0) + w) / ((power + 1.0) - w)).copysign(x)
}

/// `1 / (1 + exp(-x))`: for x = (n + f) ln 2 and w = 1 - 2^-f it is `2^n / (2^n + 1 - w)`; 0 where it is below the smallest normal
/// number. Within 3.7 ulp from -10 up, 5.9 from -20, 20 below, where its value is less than 3e-9.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    // long before it rounds to 1
    let most = 80.0;
    let x = if most < x { most } else { x };
    let (n, f, power) = binary(x);
    // far from 0 f is less exact than this, which is there as soon as it is needed
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let y = power / ((power + 1.0) - decay(f, r));
    // 2^n is then no normal number
    if n < -126.0 { 0.0 } else { y }
}

/// For a normal positive x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2): f and k.
#[inline(always)]
fn split(x: f32) -> (f32, f32) {
    let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let f = f32::from_bits((shifted & FRACTION).wrapping_add(SQRT_HALF)) - 1.0;
    // an integer in the low bits of 2^23 is that number added to it
    let k = f32::from_bits((shifted >> 23) | 0x4b00_0000) - (8_388_608.0 + 127.0);
    (f, k)
}

/// `k ln 2 + ln(1 + f) + c` for 1 + f from sqrt(1/2) to sqrt(2) and a correction c, small against the rest.
///
/// With s = f / (2 + f) it is ln(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + R(s^2)), where the coefficients of the
/// polynomial R are those of FreeBSD msun `e_logf.c`.
#[inline(always)]
fn log_sum(f: f32, k: f32, c: f32) -> f32 {
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let r = z * (0.666_666_6 + w * 0.284_987_87) + w * (0.400_009_72 + w * 0.242_790_79);
    let h = 0.5 * f * f;
    (((s * (h + r) + (k * LN_2_LOW + c)) - h) + f) + k * LN_2_HIGH
}

/// The natural logarithm; of 0 it is minus infinity, of a negative number NaN. Within 0.9 ulp.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let (f, k) = split(if subnormal { x * 33_554_432.0 } else { x });
    let k = if subnormal { k - 25.0 } else { k };
    let zero = if x == 0.0 {
        f32::NEG_INFINITY
    } else {
        f32::NAN
    };
    let finite = if x > 0.0 { log_sum(f, k, 0.0) } else { zero };
    if x < f32::INFINITY { finite } else { x }
}

/// `ln(1 + x)`, accurate near 0; of -1 it is minus infinity, below NaN. Within 0.9 ulp.
#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let (f, k) = split(u);
    // what the sum u has lost by rounding
    let lost = if x < 1.0 {
        x - (u - 1.0)
    } else {
        1.0 - (u - x)
    };
    let unscaled = k == 0.0;
    let c = if unscaled { 0.0 } else { lost / u };
    let sum = log_sum(if unscaled { x } else { f }, k, c);
    // keeps the sign of zero
    let near = if x.abs() < TINY { x } else { sum };
    let one = if x == -1.0 {
        f32::NEG_INFINITY
    } else {
        f32::NAN
    };
    let finite = if x > -1.0 { near } else { one };
    if x < f32::INFINITY { finite } else { x }
}

/// `ln(1 + exp(x))`, without overflow: `max(x, 0) + ln(1 + exp(-|x|))`; 0 where that is below the smallest normal
/// number. Within 1.7 ulp.
#[inline(always)]
pub(crate) fn softplus(x: f32) -> f32 {
    let ramp = if x > 0.0 { x } else { 0.0 };
    ramp + ln_1p(exp(-x.abs()))
}

/// The square root, correctly rounded; of a negative number NaN.
///
/// An estimate by multiplications, corrected by the exact rest in integers: loops over it use vector instructions, as
/// they could not with an integer square root.
#[cfg(any(test, not(feature = "std")))]
#[inline(always)]
pub(crate) fn sqrt(x: f32) -> f32 {
    // by 2^24, of which the root is 2^12
    let subnormal = x < f32::MIN_POSITIVE;
    let bits = (if subnormal { x * 16_777_216.0 } else { x }).to_bits();
    let root_of_scale = if subnormal { 12 << 23 } else { 0_u32 };
    // x = m 4^e with m from 1 to 4
    let odd = ((bits >> 23) & 1) ^ 1;
    let m = f32::from_bits((bits & FRACTION) | ONE.wrapping_add(odd << 23));
    // an estimate of 1 / sqrt(m) from its bits (C. Lomont 2003), two Newton steps
    let g = f32::from_bits(0x5f37_5a86_u32.wrapping_sub(m.to_bits() >> 1));
    let g = g * (1.5 - 0.5 * m * g * g);
    let g = g * (1.5 - 0.5 * m * g * g);
    // and one step for the root itself, which leaves an error below 1.5 units of 2^-23
    let s = m * g;
    let s = s + 0.5 * g * (m - s * s);
    // the rest m - root^2 in units of 2^-46 is small, so that its low 32 bits are all of it
    let root = s.to_bits().wrapping_sub(ONE - (1 << 23));
    let square = ((bits & FRACTION) | (1 << 23)) << odd << 23;
    let rest = square.wrapping_sub(root.wrapping_mul(root)).cast_signed();
    // (root + 1/2)^2 < square, or (root - 1/2)^2 > square: never equal, as squares are integers
    let above = u32::from(rest > root.cast_signed());
    let below = u32::from(rest <= root.wrapping_neg().cast_signed());
    let root = root.wrapping_add(above).wrapping_sub(below);
    let exponent = ((bits >> 23).wrapping_sub(odd).wrapping_add(127) >> 1).wrapping_sub(1) << 23;
    let positive = f32::from_bits(root.wrapping_add(exponent).wrapping_sub(root_of_scale));
    let zero = if x == 0.0 { x } else { f32::NAN };
    let finite = if x > 0.0 { positive } else { zero };
    if x < f32::INFINITY { finite } else { x }
}

/// `cos(pi x)`: symmetries, exact in x, lead to an angle up to pi/4, of which Taylor's series gives the cosine or the
/// sine. Within 2 ulp for every finite x.
#[inline(always)]
pub(crate) fn cos_pi(x: f32) -> f32 {
    let a = x.abs();
    // the distance to the nearest even integer; adding 2^23 rounds to integers
    let d = (a - ((0.5 * a + 8_388_608.0) - 8_388_608.0) * 2.0).abs();
    let left = d > 0.5;
    let g = if left { 1.0 - d } else { d };
    let u = core::f32::consts::PI * g;
    let z = u * u;
    let cos = 1.0
        - z * (0.5
            - z * (0.041_666_668 - z * (1.388_888_9e-3 - z * (2.480_158_8e-5 - z * 2.755_732e-7))));
    let u = core::f32::consts::PI * (0.5 - g);
    let z = u * u;
    let sin =
        u - u * (z * (0.166_666_67 - z * (8.333_334e-3 - z * (1.984_127e-4 - z * 2.755_731_9e-6))));
    let magnitude = if g > 0.25 { sin } else { cos };
    let finite = if left { -magnitude } else { magnitude };
    // from 2^24 on every number is an even integer; the product is NaN for infinity and NaN
    if a < 16_777_216.0 {
        finite
    } else {
        1.0 + a * 0.0
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    /// The distance in ulps of the `f32` numbers around the value.
    fn error(got: f32, value: f64) -> f64 {
        let nearest = value as f32;
        if nearest.is_nan() || nearest.is_infinite() || got.is_nan() || got.is_infinite() {
            let same = got == nearest || (got.is_nan() && nearest.is_nan());
            return if same { 0.0 } else { f64::INFINITY };
        }
        let magnitude = value.abs().max(f64::from(f32::MIN_POSITIVE));
        // the power of two below, by 2^23
        let ulp = f64::from_bits((magnitude.to_bits() >> 52).wrapping_sub(23) << 52);
        (f64::from(got) - value).abs() / ulp
    }

    /// Numbers at even distances, and bit patterns from everywhere: all exponents, both signs, subnormals, NaN.
    fn numbers(low: f32, high: f32) -> impl Iterator<Item = f32> {
        const COUNT: u32 = 300_000;
        let step = (high - low) / COUNT as f32;
        let even = (0..=COUNT).map(move |i| low + step * i as f32);
        let patterns = (0..COUNT).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761)));
        even.chain(patterns)
    }

    /// The largest error of `function`, where below the smallest normal number 0 is right too if `flushes`.
    fn assert_within(
        bound: f64,
        numbers: impl Iterator<Item = f32>,
        function: fn(f32) -> f32,
        reference: fn(f64) -> f64,
        flushes: bool,
    ) {
        for x in numbers {
            let (got, value) = (function(x), reference(f64::from(x)));
            if flushes && value < f64::from(f32::MIN_POSITIVE) {
                assert!((0.0..=f32::MIN_POSITIVE).contains(&got), "{got:e} at {x:e}");
            } else {
                let error = error(got, value);
                assert!(
                    error <= bound,
                    "{error} ulp at {x:e}: {got:e} for {value:e}"
                );
            }
        }
    }

    #[test]
    fn exp_is_within_1_ulp() {
        assert_within(1.0, numbers(-90.0, 90.0), exp, f64::exp, true);
        assert_within(1.0, numbers(-1.1, 1.1), exp, f64::exp, true);
    }

    #[test]
    fn exp_is_zero_below_normal_numbers_and_infinite_only_above_all() {
        assert!(exp(EXP_MIN) >= f32::MIN_POSITIVE);
        assert_eq!(exp(EXP_MIN.next_down()), 0.0);
        assert!(f64::from(EXP_MIN.next_down()).exp() < f64::from(f32::MIN_POSITIVE));
        assert!(exp(EXP_MAX) < f32::INFINITY);
        assert_eq!(exp(EXP_MAX.next_up()), f32::INFINITY);
        assert!(f64::from(EXP_MAX.next_up()).exp() > f64::from(f32::MAX));
    }

    #[test]
    fn exp_m1_is_within_1_6_ulp() {
        assert_within(1.6, numbers(-90.0, 90.0), exp_m1, f64::exp_m1, false);
        assert_within(1.6, numbers(-1.1, 1.1), exp_m1, f64::exp_m1, false);
    }

    #[test]
    fn tanh_is_within_3_4_ulp_and_at_most_1() {
        assert_within(3.4, numbers(-10.0, 10.0), tanh, f64::tanh, false);
        assert_within(3.4, numbers(-1.0, 1.0), tanh, f64::tanh, false);
        assert!(numbers(-30.0, 30.0).all(|x| x.is_nan() || tanh(x).abs() <= 1.0));
    }

    #[test]
    fn sigmoid_is_within_3_7_ulp_but_far_below_0_and_from_0_to_1() {
        let reference = |x: f64| 1.0 / (1.0 + (-x).exp());
        for (low, high, bound) in [
            (-3.0, 3.0, 3.7),
            (-10.0, 20.0, 3.7),
            (-20.0, -10.0, 5.9),
            (-90.0, -20.0, 20.0),
        ] {
            let these = numbers(low, high).filter(|x| (low..=high).contains(x));
            assert_within(bound, these, sigmoid, reference, true);
        }
        // all magnitudes, and NaN
        let others = numbers(-90.0, 20.0).filter(|x| !(-90.0..=20.0).contains(x));
        assert_within(3.7, others, sigmoid, reference, true);
        assert!(numbers(-100.0, 100.0).all(|x| x.is_nan() || (0.0..=1.0).contains(&sigmoid(x))));
    }

    #[test]
    fn ln_is_within_0_9_ulp_for_subnormal_numbers_too() {
        assert_within(0.9, numbers(0.0, 4.0), ln, f64::ln, false);
        let subnormal = (1..100_000).map(|i| f32::from_bits(i * 83));
        assert_within(0.9, subnormal, ln, f64::ln, false);
    }

    #[test]
    fn ln_1p_is_within_0_9_ulp() {
        assert_within(0.9, numbers(-1.0, 1.0), ln_1p, f64::ln_1p, false);
        assert_within(0.9, numbers(-10.0, 100.0), ln_1p, f64::ln_1p, false);
    }

    #[test]
    fn softplus_is_within_1_7_ulp() {
        // of NaN std's max is the other number
        let reference = |x: f64| {
            if x.is_nan() {
                x
            } else {
                x.max(0.0) + (-x.abs()).exp().ln_1p()
            }
        };
        assert_within(1.7, numbers(-90.0, 20.0), softplus, reference, true);
        assert_within(1.7, numbers(-3.0, 3.0), softplus, reference, true);
    }

    #[test]
    fn cos_pi_is_within_2_ulp_near_its_zero_too() {
        // the sine of what is left to 1/2, as pi x is not exact
        let reference = |x: f64| {
            let a = x.abs() % 2.0;
            let d = if a > 1.0 { 2.0 - a } else { a };
            let sine = |x: f64| (core::f64::consts::PI * x).sin();
            if d < 0.25 {
                (core::f64::consts::PI * d).cos()
            } else if d <= 0.75 {
                sine(0.5 - d)
            } else {
                -(core::f64::consts::PI * (1.0 - d)).cos()
            }
        };
        assert_within(2.0, numbers(0.0, 1.0), cos_pi, reference, false);
        assert_within(2.0, numbers(-20.0, 20.0), cos_pi, reference, false);
        let near_zero = (0..50_000).map(|i| f32::from_bits(0.5_f32.to_bits() - 25_000 + i));
        assert_within(2.0, near_zero, cos_pi, reference, false);
    }

    /// Every fraction with both parities of the exponent: what remains is a power of 4.
    #[test]
    fn sqrt_is_correctly_rounded_for_every_number_from_1_to_4() {
        for bits in 1.0_f32.to_bits()..4.0_f32.to_bits() {
            let x = f32::from_bits(bits);
            assert_eq!(sqrt(x).to_bits(), x.sqrt().to_bits(), "{x:e}");
        }
    }

    #[test]
    fn sqrt_is_correctly_rounded_for_all_exponents_and_subnormal_numbers() {
        let subnormal = (0..1 << 23).step_by(7).map(f32::from_bits);
        for x in numbers(-1.0, 1e9).chain(subnormal) {
            let (got, right) = (sqrt(x), x.sqrt());
            assert!(
                got.to_bits() == right.to_bits() || (got.is_nan() && right.is_nan()),
                "{x:e}"
            );
        }
    }
}
