//! The functions of real numbers without std, for `f32` and for `f64`.
//!
//! They are made of single additions, subtractions, multiplications and divisions, comparisons and integer operations,
//! never of a fused multiply-add, so that results have the same bits on every IEEE target and in every build (but for
//! the bits of a NaN). Selections in place of branches let loops over slices use vector instructions. NaN stays NaN,
//! infinities and the signs of zeros are right, and nothing panics.
//!
//! | function   | method                                                         | error, f32 | error, f64 |
//! |------------|----------------------------------------------------------------|------------|------------|
//! | `exp`      | x = n ln 2 + r; minimax polynomial in r; n into the exponent   | 1.0 ulp    | 1.0 ulp    |
//! | `exp_m1`   | the same polynomial q; 2^n q + (2^n - 1)                       | 1.6 ulp    | 2.0 ulp    |
//! | `tanh`     | \|2x\| = (n + f) ln 2, w = 1 - 2^-f; (2^n - 1 + w) / (2^n + 1 - w) | 3.4 ulp    | 2.6 ulp    |
//! | `sigmoid`  | x = (n + f) ln 2, w as above; 2^n / (2^n + 1 - w)              | 3.7 ulp    | 2.5 ulp    |
//! | `ln`       | x = 2^k (1 + f); polynomial of FreeBSD msun in (f / (2 + f))^2 | 0.9 ulp    | 0.9 ulp    |
//! | `ln_1p`    | the same with what 1 + x loses by rounding                     | 0.9 ulp    | 0.9 ulp    |
//! | `softplus` | max(x, 0) + ln(1 + exp(-\|x\|))                                | 1.7 ulp    | 1.7 ulp    |
//! | `sqrt`     | Newton's method, then the exact rest in integers               | 0.5 ulp    | 0.5 ulp    |
//! | `cos_pi`   | symmetries; Taylor's series up to pi/4                         | 2.0 ulp    | 2.0 ulp    |
//!
//! In f32 `sigmoid` is less exact where x is below -10, and its value less than 5e-5: to 5.9 ulp down to -20, to 20 ulp further down.
//! Below the smallest normal number `exp`, `sigmoid` and `softplus` are 0 (in f32, `sigmoid` may still be subnormal).

pub(crate) mod double;
pub(crate) mod single;
