//! The numbers a network computes with: `f32` or `f64`.

use core::fmt::{Debug, Display};
use core::ops::{Add, AddAssign, BitOr, Div, Mul, MulAssign, Neg, Sub};

use const_default::ConstDefault;
use generic_array::GenericArray;

use crate::kernel::vector::Vectorized;
use crate::math;
use crate::size::{Constant, Count, Element};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`, with the functions that activations, losses and optimizers need.
///
/// All of them are made of single additions, multiplications and divisions (with feature `std` the square root is the
/// machine's, correctly rounded as ours is), so their bits are the same on every machine and in every build; none panics; NaN stays NaN. For the methods' error bounds see each of them: an ulp is
/// the distance between neighboring numbers.
///
/// ```
/// fn logistic<T: sizednet::Scalar>(x: T) -> T {
///     T::ONE / (T::ONE + (-x).exp())
/// }
/// assert_eq!(logistic(0.0_f32), 0.5);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number type that networks compute with",
    label = "neither `f32` nor `f64`"
)]
pub trait Scalar:
    sealed::Sealed
    + Vectorized
    + Element
    + Copy
    + Default
    + Debug
    + Display
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
{
    /// 1.
    const ONE: Self;
    /// 0.5.
    const HALF: Self;
    /// 2.
    const TWO: Self;
    /// The largest finite number.
    const MAX: Self;
    /// Infinity.
    const INFINITY: Self;
    /// Its name in Rust.
    #[doc(hidden)]
    const NAME: &'static str;
    /// An array of zeros as a constant.
    #[doc(hidden)]
    type Zeros<N: Count>: Constant<GenericArray<Self, N>>;

    /// The bits, whose order is that of the magnitudes, with infinity and then NaN above them.
    #[doc(hidden)]
    type Bits: Copy + Ord + BitOr<Output = Self::Bits>;

    /// The bits.
    #[doc(hidden)]
    fn to_bits(self) -> Self::Bits;
    /// The number of these bits.
    #[doc(hidden)]
    fn from_bits(bits: Self::Bits) -> Self;
    /// Bits whose highest is set just if the number is infinite or NaN.
    #[doc(hidden)]
    fn excess(self) -> Self::Bits;
    /// Writes its bytes, little-endian.
    #[doc(hidden)]
    fn put_le(self, place: &mut [u8]);
    /// The number of these bytes, little-endian; 0 of too few.
    #[doc(hidden)]
    fn from_le(bytes: &[u8]) -> Self;
    /// Bytes as numbers of this machine, if they are aligned and of a whole number's length.
    #[doc(hidden)]
    fn cast(bytes: &[u8]) -> Option<&[Self]>;
    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
    /// The same number as `f64`.
    fn to_f64(self) -> f64;
    /// The nearest number of this type; exact below 2^24.
    fn from_u32(value: u32) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// The number without its sign.
    fn abs(self) -> Self;
    /// This magnitude with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// e to the power `self`.
    fn exp(self) -> Self;
    /// `exp(self) - 1`, accurate near 0.
    fn exp_m1(self) -> Self;
    /// The natural logarithm; of 0 it is minus infinity, of a negative number NaN.
    fn ln(self) -> Self;
    /// `ln(1 + self)`, accurate near 0, for `self` in [0, 1].
    fn ln_1p(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// `1 / (1 + exp(-self))`.
    fn sigmoid(self) -> Self;
    /// `ln(1 + exp(self))`, without overflow.
    fn softplus(self) -> Self;
    /// The square root, correctly rounded; of a negative number NaN.
    fn sqrt(self) -> Self;
    /// `cos(pi * self)`, for `self` in [0, 1].
    fn cos_pi(self) -> Self;
    /// `self` to the power `exponent`, by repeated squaring.
    fn powi(self, exponent: u32) -> Self {
        let (mut result, mut square, mut rest) = (Self::ONE, self, exponent);
        while rest > 0 {
            if rest & 1 == 1 {
                result *= square;
            }
            square *= square;
            rest >>= 1;
        }
        result
    }
}

/// Whether all of many numbers are finite, told without a branch for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finite<T: Scalar>(T::Bits);

impl<T: Scalar> Finite<T> {
    /// So far there are none.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self(T::ZERO.to_bits())
    }
    /// One more number.
    #[inline(always)]
    pub(crate) fn see(&mut self, number: T) {
        self.0 = self.0 | number.excess();
    }
    /// Whether all were finite.
    #[inline(always)]
    pub(crate) fn holds(self) -> bool {
        self.0 < (-T::ZERO).to_bits()
    }
}

/// -1, 0 or 1; NaN stays NaN.
#[inline(always)]
pub(crate) fn sign<T: Scalar>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        x
    }
}

macro_rules! scalar {
    ($float:ident, $bits:ident, $math:ident, $zeros:ident) => {
        #[doc(hidden)]
        #[derive(Debug)]
        pub struct $zeros;

        impl<N: Count> Constant<GenericArray<$float, N>> for $zeros {
            const VALUE: GenericArray<$float, N> =
                <GenericArray<$float, N> as ConstDefault>::DEFAULT;
        }

        impl Scalar for $float {
            const ONE: Self = 1.0;
            const HALF: Self = 0.5;
            const TWO: Self = 2.0;
            const MAX: Self = $float::MAX;
            const INFINITY: Self = $float::INFINITY;
            const NAME: &'static str = stringify!($float);
            type Zeros<N: Count> = $zeros;
            type Bits = $bits;

            #[inline(always)]
            fn to_bits(self) -> $bits {
                $float::to_bits(self)
            }
            #[inline(always)]
            fn from_bits(bits: $bits) -> Self {
                $float::from_bits(bits)
            }

            #[inline(always)]
            fn excess(self) -> $bits {
                // the bits of infinity and NaN overflow if the lowest bit of the exponent is added
                const LOWEST: $bits = $float::MIN_POSITIVE.to_bits();
                self.abs().to_bits().wrapping_add(LOWEST)
            }

            #[inline]
            fn put_le(self, place: &mut [u8]) {
                if let Some(place) = place.first_chunk_mut() {
                    *place = self.to_le_bytes();
                }
            }
            #[inline]
            fn from_le(bytes: &[u8]) -> Self {
                bytes
                    .first_chunk()
                    .map_or(0.0, |bytes| Self::from_le_bytes(*bytes))
            }
            fn cast(bytes: &[u8]) -> Option<&[Self]> {
                bytemuck::try_cast_slice(bytes).ok()
            }

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_u32(value: u32) -> Self {
                value as Self
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $float::is_finite(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $float::abs(self)
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                $float::copysign(self, sign)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                math::$math::exp(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                math::$math::exp_m1(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                math::$math::ln(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                math::$math::ln_1p(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                math::$math::tanh(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                math::$math::sigmoid(self)
            }
            #[inline(always)]
            fn softplus(self) -> Self {
                math::$math::softplus(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                #[cfg(feature = "std")]
                return $float::sqrt(self);
                #[cfg(not(feature = "std"))]
                math::$math::sqrt(self)
            }
            #[inline(always)]
            fn cos_pi(self) -> Self {
                math::$math::cos_pi(self)
            }
        }
    };
}

scalar!(f32, u32, single, ZerosF32);
scalar!(f64, u64, double, ZerosF64);
