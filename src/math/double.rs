//! The functions on `f64`; the bounds in their descriptions were measured against values of 60 digits, made by
//! `tests/figures/math_figures.py`.

/// 1.5 * 2^52: a number added to it is rounded to an integer, which stands in the low bits of the sum.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first has so few bits that its product with an exponent is exact (FreeBSD msun `e_exp.c`).
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The largest number whose exponential is finite.
const EXP_MAX: f64 = 709.782_712_893_384;
/// The smallest number whose exponential is normal.
const EXP_MIN: f64 = -708.396_418_532_264_1;
/// From here down `exp(x) - 1` rounds to -1.
const EXP_M1_FLAT: f64 = -40.0;
/// Up to here `exp(x) - 1` and `ln(1 + x)` round to x, or to within a quarter ulp of it.
const TINY: f64 = f64::EPSILON / 4.0;
/// The bits of sqrt(1/2).
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
/// The bits of 1.
const ONE: u64 = 1023 << 52;
/// The bits of a number's fraction.
const FRACTION: u64 = (1 << 52) - 1;

/// For x = n ln 2 + r with the integer n nearest to x / ln 2: `exp(r) - 1`, and n as an addend to a number's exponent.
///
/// `exp(r) - 1` is r + r^2 / 2 + r^3 p(r), where p is a minimax fit of degree 9, relative error 2^-61, by
/// `tests/figures/math_figures.py fit`. Where `exp(x)` overflows or underflows the two values mean nothing.
#[inline(always)]
fn reduced_exp_m1(x: f64) -> (f64, u64) {
    let rounded = x * core::f64::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    (r + (r * r) * half_plus_p(r), rounded.to_bits() << 52)
}

/// `1/2 + r p(r)`.
#[inline(always)]
fn half_plus_p(r: f64) -> f64 {
    let r2 = r * r;
    // pairs (Estrin) keep the chain of dependent operations short
    let r4 = r2 * r2;
    let low = (0.5 + 0.166_666_666_666_666_77 * r)
        + r2 * (0.041_666_666_666_666_58 + 8.333_333_333_322_158e-3 * r);
    let middle = (1.388_888_888_894_266_8e-3 + 1.984_126_988_494_473_6e-4 * r)
        + r2 * (2.480_158_719_821_472_3e-5 + 2.755_724_529_178_771e-6 * r);
    let high = (2.755_738_705_047_954e-7 + 2.510_868_734_929_890_7e-8 * r)
        + r2 * 2.087_891_014_486_054_5e-9;
    low + r4 * (middle + r4 * high)
}

/// e to the power x, `2^n (1 + (exp(r) - 1))`; 0 where that is below the smallest normal number. Within 1 ulp.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let (q, exponent) = reduced_exp_m1(x);
    // in the exponent's bits even 2^1024 * 0.99 works, which as a factor would be infinite
    let scaled = f64::from_bits((1.0 + q).to_bits().wrapping_add(exponent));
    let positive = if x < EXP_MIN { 0.0 } else { scaled };
    // infinity for all above, and NaN for NaN
    if x <= EXP_MAX {
        positive
    } else {
        x + f64::INFINITY
    }
}

/// `exp(x) - 1`, accurate near 0: `2^n (exp(r) - 1) + (2^n - 1)`. Within 2 ulp.
#[inline(always)]
pub(crate) fn exp_m1(x: f64) -> f64 {
    let (q, exponent) = reduced_exp_m1(x);
    // half of 2^n, as 2^1024 would be infinite
    let half = f64::from_bits(exponent.wrapping_add(ONE - (1 << 52)));
    let scaled = (half * q + (half - 0.5)) * 2.0;
    let bounded = if x < EXP_M1_FLAT { -1.0 } else { scaled };
    // keeps subnormals and the sign of zero
    let near = if x.abs() < TINY { x } else { bounded };
    if x <= EXP_MAX {
        near
    } else {
        x + f64::INFINITY
    }
}

/// For x = n ln 2 + r with the integer n nearest to x / ln 2: `1 - exp(-r)`, and 2^n, for n from -1022 to 1023.
#[inline(always)]
fn reduced_decay(x: f64) -> (f64, f64) {
    // with the exponent's offset, so that the low bits are those of 2^n
    const OFFSET_ROUNDER: f64 = ROUNDER + 1023.0;
    let rounded = x * core::f64::consts::LOG2_E + OFFSET_ROUNDER;
    let n = rounded - OFFSET_ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let power = f64::from_bits(rounded.to_bits() << 52);
    (r - (r * r) * half_plus_p(-r), power)
}

/// The hyperbolic tangent: for |2x| = n ln 2 + r and w = 1 - exp(-r) it is `(2^n - 1 + w) / (2^n + 1 - w)`, with the sign
/// of x. Within 2.6 ulp.
#[inline(always)]
pub(crate) fn tanh(x: f64) -> f64 {
    // from here on it rounds to 1
    let flat = 20.0;
    let a = if flat < x.abs() { flat } else { x.abs() };
    let (w, power) = reduced_decay(a + a);
    (((power - 1.0) + w) / ((power + 1.0) - w)).copysign(x)
}

/// `1 / (1 + exp(-x))`: for x = n ln 2 + r and w = 1 - exp(-r) it is `2^n / (2^n + 1 - w)`; 0 where it is below the smallest normal number.
/// Within 2.5 ulp.
#[inline(always)]
pub(crate) fn sigmoid(x: f64) -> f64 {
    // long before it rounds to 1
    let most = 80.0;
    let (w, power) = reduced_decay(if most < x { most } else { x });
    let y = power / ((power + 1.0) - w);
    if x < EXP_MIN { 0.0 } else { y }
}

/// For a normal positive x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2): f and k.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let f = f64::from_bits((shifted & FRACTION).wrapping_add(SQRT_HALF)) - 1.0;
    // an integer in the low bits of 2^52 is that number added to it
    let k = f64::from_bits((shifted >> 52) | 0x4330_0000_0000_0000)
        - (4_503_599_627_370_496.0 + 1023.0);
    (f, k)
}

/// `k ln 2 + ln(1 + f) + c` for 1 + f from sqrt(1/2) to sqrt(2) and a correction c, small against the rest.
///
/// With s = f / (2 + f) it is ln(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + R(s^2)), where the coefficients of the
/// polynomial R are those of FreeBSD msun `e_log.c`.
#[inline(always)]
fn log_sum(f: f64, k: f64, c: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let odd = z
        * (0.666_666_666_666_673_5
            + w * (0.285_714_287_436_623_9
                + w * (0.181_835_721_616_180_5 + w * 0.147_981_986_051_165_86)));
    let even = w
        * (0.399_999_999_994_094_2 + w * (0.222_221_984_321_497_84 + w * 0.153_138_376_992_093_73));
    let r = odd + even;
    let h = 0.5 * f * f;
    (((s * (h + r) + (k * LN_2_LOW + c)) - h) + f) + k * LN_2_HIGH
}

/// The natural logarithm; of 0 it is minus infinity, of a negative number NaN. Within 0.9 ulp.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let (f, k) = split(if subnormal {
        x * 18_014_398_509_481_984.0
    } else {
        x
    });
    let k = if subnormal { k - 54.0 } else { k };
    let zero = if x == 0.0 {
        f64::NEG_INFINITY
    } else {
        f64::NAN
    };
    let finite = if x > 0.0 { log_sum(f, k, 0.0) } else { zero };
    if x < f64::INFINITY { finite } else { x }
}

/// `ln(1 + x)`, accurate near 0; of -1 it is minus infinity, below NaN. Within 0.9 ulp.
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
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
        f64::NEG_INFINITY
    } else {
        f64::NAN
    };
    let finite = if x > -1.0 { near } else { one };
    if x < f64::INFINITY { finite } else { x }
}

/// `ln(1 + exp(x))`, without overflow: `max(x, 0) + ln(1 + exp(-|x|))`; 0 where that is below the smallest normal
/// number. Within 1.7 ulp.
#[inline(always)]
pub(crate) fn softplus(x: f64) -> f64 {
    let ramp = if x > 0.0 { x } else { 0.0 };
    ramp + ln_1p(exp(-x.abs()))
}

/// The square root, correctly rounded; of a negative number NaN.
///
/// An estimate by multiplications, corrected by the exact rest in integers: loops over it use vector instructions, as
/// they could not with an integer square root.
#[cfg(any(test, not(feature = "std")))]
#[inline(always)]
pub(crate) fn sqrt(x: f64) -> f64 {
    // by 2^54, of which the root is 2^27
    let subnormal = x < f64::MIN_POSITIVE;
    let bits = (if subnormal {
        x * 18_014_398_509_481_984.0
    } else {
        x
    })
    .to_bits();
    let root_of_scale = if subnormal { 27 << 52 } else { 0_u64 };
    // x = m 4^e with m from 1 to 4
    let odd = ((bits >> 52) & 1) ^ 1;
    let m = f64::from_bits((bits & FRACTION) | ONE.wrapping_add(odd << 52));
    // an estimate of 1 / sqrt(m) from its bits (C. Lomont 2003), three Newton steps
    let g = f64::from_bits(0x5fe6_eb50_c7b5_37a9_u64.wrapping_sub(m.to_bits() >> 1));
    let g = g * (1.5 - 0.5 * m * g * g);
    let g = g * (1.5 - 0.5 * m * g * g);
    let g = g * (1.5 - 0.5 * m * g * g);
    // and one step for the root itself, which leaves an error below 1.5 units of 2^-52
    let s = m * g;
    let s = s + 0.5 * g * (m - s * s);
    // the rest m - root^2 in units of 2^-104 is small, so that its low 64 bits are all of it
    let root = s.to_bits().wrapping_sub(ONE - (1 << 52));
    let square = ((bits & FRACTION) | (1 << 52)) << odd << 52;
    let rest = square.wrapping_sub(root.wrapping_mul(root)).cast_signed();
    // (root + 1/2)^2 < square, or (root - 1/2)^2 > square: never equal, as squares are integers
    let above = u64::from(rest > root.cast_signed());
    let below = u64::from(rest <= root.wrapping_neg().cast_signed());
    let root = root.wrapping_add(above).wrapping_sub(below);
    let exponent = ((bits >> 52).wrapping_sub(odd).wrapping_add(1023) >> 1).wrapping_sub(1) << 52;
    let positive = f64::from_bits(root.wrapping_add(exponent).wrapping_sub(root_of_scale));
    let zero = if x == 0.0 { x } else { f64::NAN };
    let finite = if x > 0.0 { positive } else { zero };
    if x < f64::INFINITY { finite } else { x }
}

/// `cos(pi x)`: symmetries, exact in x, lead to an angle up to pi/4, of which Taylor's series gives the cosine or the
/// sine. Within 2 ulp for every finite x.
#[inline(always)]
pub(crate) fn cos_pi(x: f64) -> f64 {
    let a = x.abs();
    // the distance to the nearest even integer; adding 2^52 rounds to integers
    let d = (a - ((0.5 * a + 4_503_599_627_370_496.0) - 4_503_599_627_370_496.0) * 2.0).abs();
    let left = d > 0.5;
    let g = if left { 1.0 - d } else { d };
    let u = core::f64::consts::PI * g;
    let z = u * u;
    let cos = 1.0
        - z * (0.5
            - z * (0.041_666_666_666_666_664
                - z * (1.388_888_888_888_889e-3
                    - z * (2.480_158_730_158_73e-5
                        - z * (2.755_731_922_398_589e-7
                            - z * (2.087_675_698_786_81e-9
                                - z * (1.147_074_559_772_972_5e-11
                                    - z * 4.779_477_332_387_385e-14)))))));
    let u = core::f64::consts::PI * (0.5 - g);
    let z = u * u;
    let sin = u - u
        * (z * (0.166_666_666_666_666_66
            - z * (8.333_333_333_333_333e-3
                - z * (1.984_126_984_126_984e-4
                    - z * (2.755_731_922_398_589_3e-6
                        - z * (2.505_210_838_544_172e-8
                            - z * (1.605_904_383_682_161_3e-10
                                - z * (7.647_163_731_819_816e-13
                                    - z * 2.811_457_254_345_520_6e-15))))))));
    let magnitude = if g > 0.25 { sin } else { cos };
    let finite = if left { -magnitude } else { magnitude };
    // from 2^53 on every number is an even integer; the product is NaN for infinity and NaN
    if a < 9_007_199_254_740_992.0 {
        finite
    } else {
        1.0 + a * 0.0
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    fn assert_rounded(x: f64) {
        let (got, right) = (sqrt(x), x.sqrt());
        assert!(
            got.to_bits() == right.to_bits() || (got.is_nan() && right.is_nan()),
            "{got:e} at {x:e}, not {right:e}"
        );
    }

    /// Bit patterns from everywhere.
    fn patterns() -> impl Iterator<Item = u64> {
        (0..1_000_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    #[test]
    fn sqrt_is_correctly_rounded_for_all_exponents_and_subnormal_numbers() {
        for bits in patterns() {
            assert_rounded(f64::from_bits(bits));
            assert_rounded(f64::from_bits(bits & FRACTION));
        }
    }

    /// The squares of numbers and of the middles between numbers, where rounding is hardest.
    #[test]
    fn sqrt_is_correctly_rounded_beside_squares() {
        for bits in patterns() {
            let root = f64::from_bits((bits & FRACTION) | ONE);
            let square = root * root;
            // (root + ulp / 2)^2, but for rounding
            let middle = square + root * f64::EPSILON;
            for x in [square, middle] {
                assert_rounded(x.next_down());
                assert_rounded(x);
                assert_rounded(x.next_up());
            }
        }
        for i in 0..2000 {
            assert_rounded(f64::from_bits(ONE + i));
            assert_rounded(f64::from_bits(ONE + (2 << 52) - i));
        }
    }

    #[test]
    fn exp_is_zero_below_normal_numbers_and_infinite_only_above_all() {
        assert!(exp(EXP_MIN) >= f64::MIN_POSITIVE);
        assert_eq!(exp(EXP_MIN.next_down()), 0.0);
        assert!(exp(EXP_MAX) < f64::INFINITY);
        assert_eq!(exp(EXP_MAX.next_up()), f64::INFINITY);
    }
}
