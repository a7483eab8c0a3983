//! What the scalings share: an offset is taken off and the rest divided, feature by feature.
//!
//! Forward: `x = (x - offset) / divisor`; back: `x = x * divisor + offset`.

use crate::sample::{Samples, values};
use crate::{DataError, Scalar, Shape};

/// The way forward and back of a scaling, whose fields are the two arrays.
macro_rules! affine {
    ($name:ident { $offset:ident, $divisor:ident }) => {
        impl<I: Shape, T: Scalar> $name<I, T> {
            /// Scales an input where it lies.
            ///
            /// ```
            #[doc = concat!("use sizednet::{", stringify!($name), ", sizes::U1};\n")]
            /// let mut input = [5.0];
            #[doc = concat!(stringify!($name), "::<U1>::new([1.0], [2.0]).apply(&mut input);")]
            /// assert_eq!(input, [2.0]);
            /// ```
            pub fn apply(&self, input: &mut I::Array<T>) {
                let inputs = values_mut::<I, T>(input).iter_mut();
                let [offsets, divisors] = self.parts();
                for (x, (offset, divisor)) in inputs.zip(offsets.iter().zip(divisors)) {
                    *x = (*x - *offset) / *divisor;
                }
            }
            /// Back from scaled values to those of the data: the answers of a regression whose targets were scaled.
            ///
            /// ```
            #[doc = concat!("use sizednet::{", stringify!($name), ", sizes::U1};\n")]
            /// let mut answer = [2.0];
            #[doc = concat!(stringify!($name), "::<U1>::new([1.0], [2.0]).undo(&mut answer);")]
            /// assert_eq!(answer, [5.0]);
            /// ```
            pub fn undo(&self, answer: &mut I::Array<T>) {
                let answers = values_mut::<I, T>(answer).iter_mut();
                let [offsets, divisors] = self.parts();
                for (x, (offset, divisor)) in answers.zip(offsets.iter().zip(divisors)) {
                    *x = *x * *divisor + *offset;
                }
            }
            /// The input, scaled.
            pub fn applied(&self, input: &I::Array<T>) -> I::Array<T> {
                let mut scaled = input.clone();
                self.apply(&mut scaled);
                scaled
            }

            /// What is taken off and what is divided by, as flat slices.
            pub(crate) fn parts(&self) -> [&[T]; 2] {
                [
                    values::<I, T>(&self.$offset),
                    values::<I, T>(&self.$divisor),
                ]
            }
            /// What is taken off and what is divided by, as flat slices to write.
            pub(crate) fn parts_mut(&mut self) -> [&mut [T]; 2] {
                [
                    values_mut::<I, T>(&mut self.$offset),
                    values_mut::<I, T>(&mut self.$divisor),
                ]
            }
        }

        /// Takes off 0 and divides by 1, which changes nothing: what a [file](crate::file) is loaded into.
        impl<I: Shape, T: Scalar> Default for $name<I, T> {
            fn default() -> Self {
                let mut identity = Self::new(Element::ZERO, Element::ZERO);
                let [_, divisors] = identity.parts_mut();
                divisors.fill(T::ONE);
                identity
            }
        }
    };
}
pub(super) use affine;

/// The place of the first value that is not finite.
pub(super) fn not_finite<I: Shape, T: Scalar>(input: &I::Array<T>) -> Option<usize> {
    values::<I, T>(input).iter().position(|x| !x.is_finite())
}

/// The inputs of samples, first to last.
pub(super) fn inputs<'a, I: 'a, D: Samples<I>>(
    samples: &'a D,
) -> Result<impl Iterator<Item = Result<&'a I, DataError>> + Clone, DataError> {
    let count = samples.count()?;
    Ok((0..count).map(|sample| {
        let found = samples.sample(sample);
        let (input, _) = found.ok_or(DataError::Missing { sample })?;
        Ok(input)
    }))
}
