//! The gradient of a sample by hand, and of a batch: samples pass through a network in blocks.

use core::fmt::{Debug, Formatter};
use core::ops::Range;

use generic_array::typenum::Unsigned;

use crate::batching::{Batching, FullBatch, Stochastic, fitting, in_fitting_blocks};
use crate::error::DataError;
use crate::evaluation::Evaluation;
use crate::kernel::{Elementwise, NativeKernel, elementwise};
use crate::layer::{self, Backward, Descent, Noise, cut_mut, outputs_of};
use crate::loss::TakenBy;
use crate::network::Network;
use crate::sample::{
    InputArray, OutputArray, Samples, Target, are_finite, check, gather, values, values_mut,
};
use crate::sizes::U1;
use crate::storage::{OwnedStorage, Stack, Storage, StorageMut};
use crate::{Element, Layer, Scalar, Shape, Size};

mod group;

/// A gradient: one number for each parameter, so it has the type of a network, and its layers can be looked at.
pub type Gradient<L, T = f32, S = Stack> = Network<L, T, S>;

/// What [`Network::record`] keeps of one sample for the way back.
pub struct Tape<L: Layer, T: Scalar = f32, S: OwnedStorage = Stack> {
    values: S::Array<T, L::Tape>,
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Tape<L, T, S> {
    /// An empty tape.
    #[must_use]
    pub fn new() -> Self {
        Self { values: S::zeros() }
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Default for Tape<L, T, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Debug for Tape<L, T, S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(f, "Tape of {} values", L::Tape::USIZE)
    }
}

impl<L: Layer, T: Scalar, S: Storage> Network<L, T, S> {
    /// Forward for training by hand: fills the tape for [`backward`](Self::backward).
    pub fn record<P: OwnedStorage>(
        &self,
        input: &InputArray<L, T>,
        tape: &mut Tape<L, T, P>,
    ) -> OutputArray<L, T> {
        let tape = P::borrow_mut(&mut tape.values).as_mut_slice();
        L::record::<T, NativeKernel<U1>>(
            self.parameters(),
            values::<L::Input, T>(input),
            tape,
            Noise::default(),
        );
        let mut output = <OutputArray<L, T>>::ZERO;
        let slots = values_mut::<L::Output, T>(&mut output);
        let recorded = outputs_of(tape, slots.len());
        for (slot, value) in slots.iter_mut().zip(recorded) {
            *slot = *value;
        }
        output
    }

    /// The way back from an output gradient: adds to `gradient`, and returns the gradient of the input.
    ///
    /// ```
    /// use sizednet::{Dense, Gradient, Network, Tape, sizes::*};
    ///
    /// let mut network = Network::<Dense<U2, U1>>::zeros();
    /// network.layers_mut().weights[1][0] = 3.0;
    /// let (mut tape, mut gradient) = (Tape::<Dense<U2, U1>>::new(), Gradient::zeros());
    /// let output = network.record(&[5.0, 7.0], &mut tape);
    /// assert_eq!(output, [21.0]);
    /// assert_eq!(network.backward(&[5.0, 7.0], &tape, &[1.0], &mut gradient), [0.0, 3.0]);
    /// assert_eq!(gradient.layers().weights, &[[5.0], [7.0]]);
    /// ```
    pub fn backward<P: OwnedStorage, G: StorageMut>(
        &self,
        input: &InputArray<L, T>,
        tape: &Tape<L, T, P>,
        output_gradient: &OutputArray<L, T>,
        gradient: &mut Gradient<L, T, G>,
    ) -> InputArray<L, T> {
        use core::borrow::Borrow;
        let mut output_gradient = output_gradient.clone();
        let mut input_gradient = <InputArray<L, T>>::ZERO;
        L::backward::<T, NativeKernel<U1>>(
            self.parameters(),
            Backward {
                inputs: values::<L::Input, T>(input),
                tape: tape.values.borrow(),
                output_gradient: values_mut::<L::Output, T>(&mut output_gradient),
                gradient: gradient.parameters_mut(),
                fresh: false,
                input_gradient: Some(values_mut::<L::Input, T>(&mut input_gradient)),
            },
        );
        input_gradient
    }

    /// The gradient of the mean loss over samples, written to `gradient`; returns that loss. Both may be infinite or NaN,
    /// as the outputs may: [`Optimizer::apply`](crate::Optimizer::apply) refuses such a gradient. The samples' gradients are
    /// added first and then divided by their number, so their sum has to be finite as well.
    ///
    /// Samples pass through in [`Fitting`](crate::Fitting) blocks, whose inputs and tapes lie on the stack.
    ///
    /// ```
    /// use sizednet::{Dense, Gradient, MeanSquaredError, Network, sizes::U1};
    ///
    /// let network = Network::<Dense<U1, U1>>::zeros();
    /// let mut gradient = Gradient::zeros();
    /// let samples = [([1.0], [2.0]), ([3.0], [4.0])];
    /// let found = network.gradient(&samples, &MeanSquaredError, &mut gradient)?;
    /// assert_eq!(found.loss, 10.0);
    /// assert_eq!(gradient.layers().bias, &[-6.0]);
    /// # Ok::<(), sizednet::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DataError`] if there are no samples, if their slices differ in length, or for a class out of range; `gradient`
    /// is then as before.
    pub fn gradient<D, E, G>(
        &self,
        samples: D,
        loss: &E,
        gradient: &mut Gradient<L, T, G>,
    ) -> Result<Evaluation<T>, DataError>
    where
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        G: StorageMut,
    {
        in_fitting_blocks!(
            (
                (Block::<L, T, Stack, Stochastic>::OF_A_SAMPLE + L::BACKWARD_VALUES) * size_of::<T>(),
                L::BACKWARD_BUFFER * size_of::<T>()
            ),
            B => self.gradient_in_blocks::<B, D, E, G>(samples, loss, gradient)
        )
    }

    /// [`gradient`](Self::gradient) in blocks of `B` samples: fewer take less of the stack.
    ///
    /// # Errors
    ///
    /// As those of [`gradient`](Self::gradient).
    pub fn gradient_in_blocks<B, D, E, G>(
        &self,
        samples: D,
        loss: &E,
        gradient: &mut Gradient<L, T, G>,
    ) -> Result<Evaluation<T>, DataError>
    where
        B: Size,
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        G: StorageMut,
    {
        let count = check::<_, _, L::Output, T>(samples)?;
        let batch = Batch {
            samples,
            count,
            of: T::from_u32(count),
            index: |place| place,
            noise: Noise::default(),
        };
        let mut block = Block::<L, T, Stack, FullBatch<B>>::ZERO;
        let slopes = gradient.parameters_mut().as_mut_slice();
        let loss = block.sum(self.parameters(), loss, &batch, 0..count, slopes);
        divide(slopes, count);
        Ok(Evaluation {
            loss,
            samples: count,
        })
    }
}

/// The samples of one update.
pub(crate) struct Batch<T, D, F> {
    /// The caller's data.
    pub(crate) samples: D,
    /// How many of them are in the batch.
    pub(crate) count: u32,
    /// The number of samples that the mean loss is over, by which each loss is divided, so that their sum can't overflow.
    pub(crate) of: T,
    /// From the place in the batch to the place in the caller's data.
    pub(crate) index: F,
    /// Of the batch's first sample.
    pub(crate) noise: Noise,
}

/// The buffers for samples that pass through together.
pub(crate) struct Block<L: Layer, T: Scalar, S: OwnedStorage, M: Batching> {
    inputs: S::Rows<InputArray<L, T>, M::Block>,
    tape: S::Rows<TapeArray<L, T>, M::Block>,
    output_gradient: S::Rows<OutputArray<L, T>, M::Block>,
}

/// From the sum of the samples' gradients to their mean.
pub(crate) fn divide<T: Scalar>(gradient: &mut [T], count: u32) {
    struct Divide<'a, T>(&'a mut [T], u32);
    impl<T: Scalar> Elementwise for Divide<'_, T> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            let count = T::from_u32(self.1);
            for number in self.0 {
                *number = *number / count;
            }
        }
    }
    if count > 1 {
        elementwise(gradient.len(), Divide(gradient, count));
    }
}

type TapeArray<L, T> = generic_array::GenericArray<T, <L as Layer>::Tape>;

impl<L: Layer, T: Scalar, M: Batching> Block<L, T, Stack, M> {
    pub(crate) const ZERO: Self = Self {
        inputs: Element::ZERO,
        tape: Element::ZERO,
        output_gradient: Element::ZERO,
    };
}

impl<L: Layer, T: Scalar, S: OwnedStorage, M: Batching> Block<L, T, S, M> {
    /// The bytes of the stack that a sample takes on its way.
    const STACK_OF_A_SAMPLE: usize = L::BACKWARD_VALUES * size_of::<T>();
    /// Those that all together take once.
    const STACK_ONCE: usize = L::BACKWARD_BUFFER * size_of::<T>();
    /// The samples that pass through together.
    pub(crate) const SAMPLES: usize = {
        let (most, fitting) = (
            <M::Block as Unsigned>::USIZE,
            fitting(Self::STACK_OF_A_SAMPLE, Self::STACK_ONCE),
        );
        if M::FITS && fitting < most {
            fitting
        } else {
            most
        }
    };
    /// The values of a sample.
    const OF_A_SAMPLE: usize = <<L::Input as Shape>::Len as Unsigned>::USIZE
        + <L::Tape as Unsigned>::USIZE
        + <<L::Output as Shape>::Len as Unsigned>::USIZE;
    /// The values it holds.
    pub(crate) const VALUES: usize = if S::ROWS_ARE_TYPES {
        Self::OF_A_SAMPLE * <M::Block as Unsigned>::USIZE
    } else {
        Self::OF_A_SAMPLE * Self::SAMPLES
    };
    /// The values that a block's way takes of the stack.
    pub(crate) const STACK_VALUES: usize = Self::SAMPLES * L::BACKWARD_VALUES + L::BACKWARD_BUFFER;

    pub(crate) fn zeros() -> Self {
        Self {
            inputs: S::zero_rows(Self::SAMPLES),
            tape: S::zero_rows(Self::SAMPLES),
            output_gradient: S::zero_rows(Self::SAMPLES),
        }
    }

    /// Writes the sum of the gradients of the samples at these places of the batch, and returns their part of the mean loss.
    // compiled once, for a batch and to look for the sample that is to blame
    #[inline(never)]
    pub(crate) fn sum<D, E, F>(
        &mut self,
        parameters: &[T],
        loss: &E,
        batch: &Batch<T, D, F>,
        places: Range<u32>,
        gradient: &mut [T],
    ) -> T
    where
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        F: Fn(u32) -> u32,
    {
        let mut sum = T::ZERO;
        let mut first = places.start;
        while first < places.end {
            let next = places.end.min(first.saturating_add(Self::SAMPLES as u32));
            let gradient = (&mut *gradient, first == places.start);
            sum = if M::FITS {
                in_fitting_blocks!(
                    (Self::STACK_OF_A_SAMPLE, Self::STACK_ONCE),
                    B => self.add_rows::<B, D, E, F>(parameters, loss, batch, first..next, gradient, sum)
                )
            } else {
                self.add_rows::<M::Block, D, E, F>(
                    parameters,
                    loss,
                    batch,
                    first..next,
                    gradient,
                    sum,
                )
            };
            first = next;
        }
        sum
    }

    /// The first sample of a batch whose own loss or gradient is not finite, by its place in the caller's data.
    #[cold]
    pub(crate) fn culprit<D, E, F>(
        &mut self,
        parameters: &[T],
        loss: &E,
        batch: &Batch<T, D, F>,
        gradient: &mut [T],
    ) -> Option<usize>
    where
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        F: Fn(u32) -> u32,
    {
        // one sample is its batch
        if batch.count == 1 {
            return Some((batch.index)(0) as usize);
        }
        for place in 0..batch.count {
            let loss = self.sum(parameters, loss, batch, place..place + 1, gradient);
            if !(loss.is_finite() && are_finite(gradient)) {
                return Some((batch.index)(place) as usize);
            }
        }
        None
    }

    /// A step of plain gradient descent by one sample, its inputs and target, straight into the parameters; returns its part
    /// of the mean loss over `of` samples. `None` if a value would not be finite, or, without feature `small`, might not;
    /// nothing is then written.
    #[cfg_attr(not(feature = "small"), inline)]
    #[cfg_attr(feature = "small", inline(never))]
    pub(crate) fn descend<E, K: TakenBy<E, T> + ?Sized>(
        &mut self,
        parameters: &mut [T],
        loss: &E,
        (inputs, target): (&[T], &K),
        of: T,
        rate: T,
        noise: Noise,
    ) -> Option<T> {
        // the compiler sees the lengths of loops
        let inputs = inputs.get(..<L::Input as Shape>::Len::USIZE)?;
        let parameters = parameters.get_mut(..L::Parameters::USIZE)?;
        let tape = S::rows_mut(&mut self.tape).first_mut()?;
        L::record::<T, NativeKernel<U1>>(parameters, inputs, tape, noise);
        let mut slopes = <OutputArray<L, T>>::ZERO;
        let slopes = values_mut::<L::Output, T>(&mut slopes);
        let output = outputs_of(tape, slopes.len());
        let loss = T::ZERO + target.loss(loss, output, slopes) / of;
        let step = Descent {
            rate,
            inputs,
            tape,
            output_gradient: slopes,
            input_gradient: None,
        };
        let applied =
            loss.is_finite() && L::descend::<T, NativeKernel<U1>>(parameters, step, |_| true);
        applied.then_some(loss)
    }

    /// Adds the gradients of the samples at these places of the batch, at most `B`, and returns `sum` with their losses added.
    #[inline]
    fn add_rows<B, D, E, F>(
        &mut self,
        parameters: &[T],
        loss: &E,
        batch: &Batch<T, D, F>,
        places: Range<u32>,
        (gradient, fresh): (&mut [T], bool),
        mut sum: T,
    ) -> T
    where
        B: Size,
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        F: Fn(u32) -> u32,
    {
        let (rows, outputs) = (places.len(), <L::Output as Shape>::Len::USIZE);
        let (inputs, _) = cut_mut(S::rows_mut(&mut self.inputs), rows);
        let inputs = gather(&batch.samples, places.start, &batch.index, inputs);
        let inputs = L::Input::flatten(inputs);
        let (tape, _) = cut_mut(S::rows_mut(&mut self.tape), rows);
        let tape = TapeArray::<L, T>::slice_from_chunks_mut(tape);
        let noise = Noise {
            sample: places.start,
            ..batch.noise
        };
        L::record::<T, NativeKernel<B>>(parameters, inputs, tape, noise);
        let recorded = outputs_of(tape, rows * outputs);
        let (slopes, _) = cut_mut(S::rows_mut(&mut self.output_gradient), rows);
        let mut results = recorded.chunks_exact(outputs).zip(&mut *slopes);
        for place in places {
            if let Some((output, slopes)) = results.next()
                && let Some((_, target)) = batch.samples.sample((batch.index)(place) as usize)
                && let Ok(target) = target.kind()
            {
                sum += target.loss(loss, output, values_mut::<L::Output, T>(slopes)) / batch.of;
            }
        }
        layer::backward::<L, T, NativeKernel<B>>(
            parameters,
            Backward {
                inputs,
                tape,
                output_gradient: L::Output::flatten_mut(slopes),
                gradient,
                fresh,
                input_gradient: None,
            },
        );
        sum
    }
}
