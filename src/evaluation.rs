//! How good a network is: its loss over samples, the classes it takes them for.

use core::fmt::{Debug, Display, Formatter};

use generic_array::typenum::Unsigned;

use crate::error::DataError;
use crate::kernel::NativeKernel;
use crate::layer::cut_mut;
use crate::loss::TakenBy;
use crate::sample::{
    Class, InputArray, OutputArray, Samples, Target, check, gather, values, values_mut,
};
use crate::size::FixedArray;
use crate::sizes::U1;
use crate::{DefaultBlock, Element, Layer, Network, Scalar, Shape, Size, Storage};

impl<L: Layer, T: Scalar, S: Storage> Network<L, T, S> {
    /// The class of an input: the index of the largest output, the lowest of equal ones. NaN is never the largest, and
    /// where no output is above minus infinity it is class 0.
    ///
    /// ```
    /// use sizednet::{Class, Dense, Network, sizes::*};
    ///
    /// let mut network = Network::<Dense<U1, U3>>::zeros();
    /// *network.layers_mut().bias = [0.5, 2.0, 2.0];
    /// assert_eq!(network.classify(&[0.0]), Class(1));
    /// ```
    pub fn classify(&self, input: &InputArray<L, T>) -> Class {
        largest::<L::Output, T>(&self.forward(input))
    }

    /// The mean loss over samples. It may be infinite or NaN, as the outputs may.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Network, sizes::U1};
    ///
    /// let network = Network::<Dense<U1, U1>>::zeros();
    /// let found = network.evaluate(&[([0.0], [1.0]), ([0.0], [3.0])], &MeanSquaredError)?;
    /// assert_eq!(found.loss, 5.0);
    /// # Ok::<(), sizednet::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DataError`] if there are no samples, if their slices differ in length, or for a class out of range.
    pub fn evaluate<D, E>(&self, samples: D, loss: &E) -> Result<Evaluation<T>, DataError>
    where
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
    {
        let count = check::<_, _, L::Output, T>(samples)?;
        let mut slopes = <OutputArray<L, T>>::ZERO;
        let (mut sum, of) = (T::ZERO, T::from_u32(count));
        self.for_each_output(samples, count, |output, target| {
            if let Ok(target) = target.kind() {
                let slopes = values_mut::<L::Output, T>(&mut slopes);
                sum += target.loss(loss, values::<L::Output, T>(output), slopes) / of;
            }
        });
        Ok(Evaluation {
            loss: sum,
            samples: count,
        })
    }

    /// How often each class was taken for each, over samples whose targets are classes. The counts take four bytes for each
    /// pair of classes, on the stack: 4 MB for 1,024 classes.
    ///
    /// ```
    /// use sizednet::{Class, Dense, Network, sizes::*};
    ///
    /// let network = Network::<Dense<U1, U2>>::zeros(); // class 0 for all
    /// let confusion = network.confusion(&[([0.0], Class(0)), ([1.0], Class(1))])?;
    /// assert_eq!(confusion.counts, [[1, 0], [1, 0]]);
    /// assert_eq!(confusion.accuracy(), 0.5);
    /// # Ok::<(), sizednet::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DataError`] if there are no samples, if their slices differ in length, or for a class out of range.
    pub fn confusion<D>(&self, samples: D) -> Result<Confusion<L::Output>, DataError>
    where
        L::Output: Size,
        D: Samples<InputArray<L, T>, Target = Class>,
    {
        let count = check::<_, _, L::Output, T>(samples)?;
        let mut confusion = Confusion::ZERO;
        self.for_each_output(samples, count, |output, class| {
            confusion.count(*class, largest::<L::Output, T>(output));
        });
        Ok(confusion)
    }

    /// The output for each sample, in their order; they pass through in blocks, one by one where a sample is large.
    fn for_each_output<D: Samples<InputArray<L, T>>>(
        &self,
        samples: D,
        count: u32,
        see: impl FnMut(&OutputArray<L, T>, &D::Target),
    ) {
        const MOST_VALUES: usize = 2048;
        if const {
            let inputs = <<L::Input as Shape>::Len as Unsigned>::USIZE;
            let outputs = <<L::Output as Shape>::Len as Unsigned>::USIZE;
            inputs + outputs + L::FORWARD_VALUES <= MOST_VALUES
        } {
            self.for_each_output_in_blocks::<DefaultBlock, D>(samples, count, see);
        } else {
            self.for_each_output_in_blocks::<U1, D>(samples, count, see);
        }
    }

    #[inline(never)]
    fn for_each_output_in_blocks<B: Size, D: Samples<InputArray<L, T>>>(
        &self,
        samples: D,
        count: u32,
        mut see: impl FnMut(&OutputArray<L, T>, &D::Target),
    ) {
        let mut inputs = <B::Array<InputArray<L, T>>>::ZERO;
        let mut outputs = <B::Array<OutputArray<L, T>>>::ZERO;
        let mut first = 0;
        while first < count {
            let some = B::U32.min(count - first);
            let (inputs, _) = cut_mut(inputs.as_mut_slice(), some as usize);
            let (outputs, _) = cut_mut(outputs.as_mut_slice(), some as usize);
            let inputs = gather(&samples, first, |place| place, inputs);
            L::forward::<T, NativeKernel<B>>(
                self.parameters(),
                L::Input::flatten(inputs),
                L::Output::flatten_mut(outputs),
            );
            for output in &*outputs {
                if let Some((_, target)) = samples.sample(first as usize) {
                    see(output, target);
                }
                first += 1;
            }
        }
    }
}

/// The index of the largest value.
fn largest<O: Shape, T: Scalar>(output: &O::Array<T>) -> Class {
    let mut largest = (0, -T::INFINITY);
    for (index, value) in values::<O, T>(output).iter().enumerate() {
        if *value > largest.1 {
            largest = (index, *value);
        }
    }
    Class(largest.0)
}

/// What [`Network::evaluate`] finds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Evaluation<T> {
    /// The mean loss.
    pub loss: T,
    /// Over how many samples.
    pub samples: u32,
}

/// How often each class was taken for each; [`Network::confusion`] counts.
#[derive(Clone, PartialEq)]
pub struct Confusion<N: Size> {
    /// `counts[class][taken for]`.
    pub counts: N::Array<N::Array<u32>>,
}

impl<N: Size> Confusion<N> {
    const ZERO: Self = Self {
        counts: Element::ZERO,
    };

    fn count(&mut self, class: Class, taken_for: Class) {
        let row = self.counts.as_mut_slice().get_mut(class.0);
        if let Some(count) = row.and_then(|row| row.as_mut_slice().get_mut(taken_for.0)) {
            *count += 1;
        }
    }
    /// The share of samples that were taken for what they are.
    pub fn accuracy(&self) -> f64 {
        let (mut right, mut all) = (0_u64, 0_u64);
        for (class, row) in self.counts.as_slice().iter().enumerate() {
            for (taken_for, count) in row.as_slice().iter().enumerate() {
                all += u64::from(*count);
                right += if class == taken_for {
                    u64::from(*count)
                } else {
                    0
                };
            }
        }
        right as f64 / all as f64
    }
}

impl<N: Size> Display for Confusion<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(f, "class ")?;
        for taken_for in 0..N::USIZE {
            write!(f, "{taken_for:>6}")?;
        }
        for (class, row) in self.counts.as_slice().iter().enumerate() {
            write!(f, "\n{class:>5} ")?;
            for count in row.as_slice() {
                write!(f, "{count:>6}")?;
            }
        }
        Ok(())
    }
}

impl<N: Size> Debug for Confusion<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        Display::fmt(self, f)
    }
}
