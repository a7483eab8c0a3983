//! The way forward and back through the steps of a sequence.

use core::num::NonZeroUsize;

use generic_array::typenum::Unsigned;

use super::cell::{self, Step};
use super::{Cell, Gives, Recurrent, Steps};
use crate::kernel::{
    Affine, Dimensions, Elementwise, InputGradient, Kernel, WeightGradient, elementwise,
};
use crate::layer::{Backward, cut, cut_mut, outputs_of};
use crate::size::{FixedArray, Lined, Size};
use crate::sizes::U1;
use crate::{Scalar, Shape};

/// `N` rows of `G` vectors of `H` values, from the beginning of a cache line on: a vector that lies across two is written and
/// read again more slowly.
pub(super) type Rows<N, G, H, T> =
    Lined<<N as Size>::Array<<G as Size>::Array<<H as Size>::Array<T>>>>;

/// The values of the first rows.
pub(super) fn rows<N: Size, G: Size, H: Size, T: Scalar>(
    array: &mut Rows<N, G, H, T>,
    count: usize,
) -> &mut [T] {
    let vectors = G::Array::flatten_mut(array.values.as_mut_slice());
    let values = H::Array::flatten_mut(vectors);
    cut_mut(values, count * G::USIZE * H::USIZE).0
}

/// The steps whose products with the way back of the weights are taken together: with feature `small` one, which
/// takes less memory.
#[cfg(not(feature = "small"))]
pub(super) type Together = crate::sizes::U4;
#[cfg(feature = "small")]
pub(super) type Together = U1;

/// A layer's parameters by what they are.
pub(super) struct Parts<'a, T> {
    pub(super) input: (&'a [T], &'a [T]),
    pub(super) state: (&'a [T], &'a [T]),
}

/// The same of a gradient.
pub(super) struct PartsMut<'a, T> {
    pub(super) input: (&'a mut [T], &'a mut [T]),
    pub(super) state: (&'a mut [T], &'a mut [T]),
}

/// `bias + input * weights`: one product is not worth a call of a kernel.
struct OneFeature<'a, T>(Affine<'a, T>);

impl<T: Scalar> Elementwise for OneFeature<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Affine {
            weights,
            bias,
            inputs,
            outputs,
        } = self.0;
        for (x, row) in inputs.iter().zip(outputs.chunks_exact_mut(bias.len())) {
            for ((y, w), b) in row.iter_mut().zip(weights).zip(bias) {
                *y = *b + *x * *w;
            }
        }
    }
}

const NOT_ZERO: &str = "no size is 0";

impl<C: Cell, I: Steps, H: Size, G> Recurrent<C, I, H, G> {
    pub(super) const FEATURES: usize = I::Features::USIZE;
    pub(super) const STEPS: usize = I::Steps::USIZE;
    /// Sums of all gates.
    pub(super) const SUMS: usize = C::Gates::USIZE * H::USIZE;
    pub(super) const STATE: usize = C::States::USIZE * H::USIZE;
    pub(super) const KEPT: usize = C::Kept::USIZE * H::USIZE;
    pub(super) const OF_INPUT: Dimensions = Dimensions::new(
        NonZeroUsize::new(Self::FEATURES).expect(NOT_ZERO),
        NonZeroUsize::new(Self::SUMS).expect(NOT_ZERO),
    );
    pub(super) const OF_STATE: Dimensions = Dimensions::new(
        NonZeroUsize::new(H::USIZE).expect(NOT_ZERO),
        NonZeroUsize::new(Self::SUMS).expect(NOT_ZERO),
    );

    pub(super) fn parts<T>(parameters: &[T]) -> Parts<'_, T> {
        let (of_input, rest) = cut(parameters, Self::FEATURES * Self::SUMS);
        let (of_state, bias) = cut(rest, H::USIZE * Self::SUMS);
        let (input_bias, state_bias) = cut(bias, Self::SUMS);
        Parts {
            input: (of_input, input_bias),
            state: (of_state, state_bias),
        }
    }
    pub(super) fn parts_mut<T>(parameters: &mut [T]) -> PartsMut<'_, T> {
        let (of_input, rest) = cut_mut(parameters, Self::FEATURES * Self::SUMS);
        let (of_state, bias) = cut_mut(rest, H::USIZE * Self::SUMS);
        let (input_bias, state_bias) = cut_mut(bias, Self::SUMS);
        PartsMut {
            input: (of_input, input_bias),
            state: (of_state, state_bias),
        }
    }

    /// What the weights give of the input and of the state `h` of each sample.
    #[inline]
    pub(super) fn products<T: Scalar, K: Kernel>(
        parameters: &[T],
        [inputs, hidden]: [&[T]; 2],
        [from_input, from_state]: [&mut [T]; 2],
    ) {
        let parts = Self::parts(parameters);
        let (weights, bias) = parts.input;
        let pass = Affine {
            weights,
            bias,
            inputs,
            outputs: from_input,
        };
        if Self::FEATURES == 1 {
            elementwise(Self::SUMS, OneFeature(pass));
        } else {
            K::affine(Self::OF_INPUT, pass);
        }
        let (weights, bias) = parts.state;
        let pass = Affine {
            weights,
            bias,
            inputs: hidden,
            outputs: from_state,
        };
        K::affine(Self::OF_STATE, pass);
    }

    /// All steps, each of all samples of the block; `keep` is called with the number of the step among those of all samples,
    /// and with the gates.
    #[inline]
    pub(super) fn run<T: Scalar, K: Kernel>(
        parameters: &[T],
        inputs: &[T],
        outputs: &mut [T],
        mut keep: impl FnMut(usize, &[T], &[T], &[T]),
    ) where
        G: Gives<I::Steps, H>,
    {
        let values = Self::STEPS * Self::FEATURES;
        let samples = inputs.len() / values;
        let mut step_inputs = <Rows<K::Block, U1, I::Features, T>>::ZERO;
        let mut states = <Rows<K::Block, C::States, H, T>>::ZERO;
        let mut hidden = <Rows<K::Block, U1, H, T>>::ZERO;
        let mut from_input = <Rows<K::Block, C::Gates, H, T>>::ZERO;
        let mut from_state = <Rows<K::Block, C::Gates, H, T>>::ZERO;
        let step_inputs = rows::<K::Block, U1, I::Features, T>(&mut step_inputs, samples);
        let states = rows::<K::Block, C::States, H, T>(&mut states, samples);
        let hidden = rows::<K::Block, U1, H, T>(&mut hidden, samples);
        let from_input = rows::<K::Block, C::Gates, H, T>(&mut from_input, samples);
        let from_state = rows::<K::Block, C::Gates, H, T>(&mut from_state, samples);
        for step in 0..Self::STEPS {
            let samples = inputs.chunks_exact(values);
            for (to, input) in step_inputs.chunks_exact_mut(Self::FEATURES).zip(samples) {
                let (_, input) = cut(input, step * Self::FEATURES);
                to.copy_from_slice(cut(input, Self::FEATURES).0);
            }
            Self::products::<T, K>(
                parameters,
                [step_inputs, hidden],
                [&mut *from_input, &mut *from_state],
            );
            let samples = from_input.chunks_exact_mut(Self::SUMS);
            let samples = samples.zip(from_state.chunks_exact_mut(Self::SUMS));
            let samples = samples.zip(states.chunks_exact_mut(Self::STATE));
            let samples = samples.zip(hidden.chunks_exact_mut(H::USIZE));
            let samples = samples.zip(outputs.chunks_exact_mut(<G::Output as Shape>::Len::USIZE));
            for (sample, ((((sums, from_state), state), hidden), output)) in samples.enumerate() {
                let gates = Step {
                    sums: &mut *sums,
                    from_state: &mut *from_state,
                    state: &mut *state,
                };
                cell::advance::<C, T>(H::USIZE, gates);
                keep(sample * Self::STEPS + step, sums, from_state, state);
                hidden.copy_from_slice(cut(state, H::USIZE).0);
                // of the last state alone, each step overwrites what the one before has written
                let row = if G::ALL { step } else { 0 };
                if let Some(output) = output.chunks_exact_mut(H::USIZE).nth(row) {
                    output.copy_from_slice(hidden);
                }
            }
        }
    }

    /// The way back of one sample, some steps at a time.
    pub(super) fn back<T: Scalar, K: Kernel>(parameters: &[T], pass: Backward<'_, T>)
    where
        G: Gives<I::Steps, H>,
    {
        let parts = Self::parts(parameters);
        let gradient = Self::parts_mut(pass.gradient);
        let mut input_gradient = pass.input_gradient;
        let mut fresh = pass.fresh;
        let mut state_gradient = <Rows<U1, C::States, H, T>>::ZERO;
        let state_gradient = rows::<U1, C::States, H, T>(&mut state_gradient, 1);
        let mut zeros = <Rows<U1, C::States, H, T>>::ZERO;
        let zeros = &*rows::<U1, C::States, H, T>(&mut zeros, 1);
        let mut through = <Rows<U1, U1, H, T>>::ZERO;
        let through = rows::<U1, U1, H, T>(&mut through, 1);
        let mut inputs = <Rows<Together, U1, I::Features, T>>::ZERO;
        let mut hidden = <Rows<Together, U1, H, T>>::ZERO;
        let mut from_input = <Rows<Together, C::Gates, H, T>>::ZERO;
        let mut from_state = <Rows<Together, C::Gates, H, T>>::ZERO;
        let mut end = Self::STEPS;
        while end > 0 {
            let count = end.min(Together::USIZE);
            let inputs = rows::<Together, U1, I::Features, T>(&mut inputs, count);
            let hidden = rows::<Together, U1, H, T>(&mut hidden, count);
            let from_input = rows::<Together, C::Gates, H, T>(&mut from_input, count);
            let from_state = rows::<Together, C::Gates, H, T>(&mut from_state, count);
            let steps = inputs.chunks_exact_mut(Self::FEATURES);
            let steps = steps.zip(hidden.chunks_exact_mut(H::USIZE));
            let steps = steps.zip(from_input.chunks_exact_mut(Self::SUMS));
            let steps = steps.zip(from_state.chunks_exact_mut(Self::SUMS));
            for ((((input, hidden), from_input), from_state), step) in
                steps.zip((end - count..end).rev())
            {
                let mut slopes = pass.output_gradient.chunks_exact(H::USIZE);
                let given = if G::ALL {
                    slopes.nth(step)
                } else {
                    slopes.next().filter(|_| step + 1 == Self::STEPS)
                };
                for (dh, dy) in state_gradient.iter_mut().zip(given.unwrap_or_default()) {
                    *dh += *dy;
                }
                let (earlier, later) = cut(pass.tape, step * Self::KEPT);
                let (kept, _) = cut(later, Self::KEPT);
                let before = match step {
                    0 => zeros,
                    _ => outputs_of(earlier, Self::STATE),
                };
                let sums = Step {
                    sums: from_input,
                    from_state: &mut *from_state,
                    state: &mut *state_gradient,
                };
                cell::back::<C, T>(H::USIZE, kept, before, sums);
                let (_, later) = cut(pass.inputs, step * Self::FEATURES);
                input.copy_from_slice(cut(later, Self::FEATURES).0);
                hidden.copy_from_slice(cut(before, H::USIZE).0);
                if step > 0 {
                    let pass = InputGradient {
                        weights: parts.state.0,
                        output_gradient: from_state,
                        input_gradient: through,
                    };
                    K::input_gradient(Self::OF_STATE, pass);
                    for (dh, more) in state_gradient.iter_mut().zip(&*through) {
                        *dh += *more;
                    }
                }
            }
            end -= count;

            let sums = WeightGradient {
                inputs,
                output_gradient: from_input,
                weights: &mut *gradient.input.0,
                bias: &mut *gradient.input.1,
                fresh,
            };
            K::weight_gradient(Self::OF_INPUT, sums);
            let sums = WeightGradient {
                inputs: hidden,
                output_gradient: from_state,
                weights: &mut *gradient.state.0,
                bias: &mut *gradient.state.1,
                fresh,
            };
            K::weight_gradient(Self::OF_STATE, sums);
            fresh = false;
            if let Some(slots) = input_gradient.as_deref_mut() {
                let pass = InputGradient {
                    weights: parts.input.0,
                    output_gradient: from_input,
                    input_gradient: inputs,
                };
                K::input_gradient(Self::OF_INPUT, pass);
                let (_, slots) = cut_mut(slots, end * Self::FEATURES);
                let slots = slots.chunks_exact_mut(Self::FEATURES).take(count).rev();
                for (slot, slopes) in slots.zip(inputs.chunks_exact(Self::FEATURES)) {
                    slot.copy_from_slice(slopes);
                }
            }
        }
    }
}
