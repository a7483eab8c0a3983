//! A step by a group of samples, which pass through a tiny network side by side.

use generic_array::typenum::Unsigned;

use super::{Batch, Block, TapeArray};
use crate::batching::Batching;
use crate::kernel::GroupKernel;
use crate::kernel::group::GROUP;
use crate::layer::{Backward, Noise, cut_mut, outputs_of};
use crate::loss::TakenBy;
use crate::optimizer::{FEW, descend_in_exchange};
use crate::sample::{InputArray, OutputArray, Samples, Target, values, values_mut};
use crate::storage::OwnedStorage;
use crate::{Element, Layer, Scalar, Shape};

impl<L: Layer, T: Scalar, S: OwnedStorage, M: Batching> Block<L, T, S, M> {
    /// Whether it offers [`descend_group`](Self::descend_group). Not with feature `small`.
    pub(crate) const GROUPS: bool = !cfg!(feature = "small")
        && L::GROUPS
        && Self::SAMPLES >= GROUP
        && <L::Parameters as Unsigned>::USIZE < FEW;

    /// A step of plain gradient descent by a batch that is one group, straight into the parameters; returns its part of the
    /// mean loss. `None` if a value would not be finite; nothing is then written.
    ///
    /// More samples are faster in blocks: there are wider vectors than a group. On its own, as the compiler makes the most of it
    /// where it knows little of the parameters: else it loads vectors across two that the step before has just written, and such
    /// a load waits for both.
    #[inline(never)]
    pub(crate) fn descend_group<D, E, F>(
        &mut self,
        parameters: &mut [T],
        loss: &E,
        batch: &Batch<T, D, F>,
        rate: T,
    ) -> Option<T>
    where
        D: Samples<InputArray<L, T>>,
        D::Target: Target<L::Output, T, Kind: TakenBy<E, T>>,
        F: Fn(u32) -> u32,
    {
        let sample = |lane: u32| {
            let (input, target) = batch.samples.sample((batch.index)(lane) as usize)?;
            Some((input, target.kind().ok()?))
        };
        let group = [sample(0)?, sample(1)?, sample(2)?, sample(3)?];
        // the compiler sees the lengths of loops
        let parameters = parameters.get_mut(..L::Parameters::USIZE)?;
        let mut inputs = <<L::Input as Shape>::Array<[T; GROUP]>>::ZERO;
        for (lane, (input, _)) in group.iter().enumerate() {
            let slots = values_mut::<L::Input, [T; GROUP]>(&mut inputs);
            for (lanes, value) in slots.iter_mut().zip(values::<L::Input, T>(input)) {
                lanes[lane] = *value;
            }
        }
        let inputs = values::<L::Input, [T; GROUP]>(&inputs).as_flattened();
        let (tape, _) = cut_mut(S::rows_mut(&mut self.tape), GROUP);
        let tape = TapeArray::<L, T>::slice_from_chunks_mut(tape);
        L::record::<T, GroupKernel>(parameters, inputs, tape, Noise::default());

        let recorded = outputs_of(tape, <L::Output as Shape>::Len::USIZE * GROUP);
        let (recorded, _) = recorded.as_chunks::<GROUP>();
        let mut output_gradient = <<L::Output as Shape>::Array<[T; GROUP]>>::ZERO;
        let slots = values_mut::<L::Output, [T; GROUP]>(&mut output_gradient);
        let mut losses = [T::ZERO; GROUP];
        for ((lane, (_, target)), sum) in group.into_iter().enumerate().zip(&mut losses) {
            let (mut output, mut slopes) = (<OutputArray<L, T>>::ZERO, <OutputArray<L, T>>::ZERO);
            let output = values_mut::<L::Output, T>(&mut output);
            let slopes = values_mut::<L::Output, T>(&mut slopes);
            for (y, lanes) in output.iter_mut().zip(recorded) {
                *y = lanes[lane];
            }
            *sum = target.loss(loss, output, slopes);
            for (lanes, slope) in slots.iter_mut().zip(slopes) {
                lanes[lane] = *slope;
            }
        }
        let mut sum = T::ZERO;
        for loss in losses {
            sum += loss / batch.of;
        }

        let mut gradient = [T::ZERO; FEW];
        let gradient = gradient.get_mut(..L::Parameters::USIZE)?;
        let pass = Backward {
            inputs,
            tape,
            output_gradient: slots.as_flattened_mut(),
            gradient: &mut *gradient,
            fresh: true,
            input_gradient: None,
        };
        L::backward::<T, GroupKernel>(parameters, pass);
        let share = T::ONE / T::from_u32(GROUP as u32);
        (sum.is_finite() && descend_in_exchange(rate, parameters, (gradient, share))).then_some(sum)
    }
}
