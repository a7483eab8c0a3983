//! A convolution of a sequence one step at a time.

use super::{Conv1d, Patch, flat};
use crate::activation::{self, Activation};
use crate::kernel::Kernel;
use crate::layer::window::{Causal, Padding};
use crate::layer::{Layer, Streaming};
use crate::size::FixedArray;
use crate::sizes::U1;
use crate::{Scalar, Sequence, Size};

/// Implemented for the padding [`Causal`] if the stride is 1.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this convolution does not take one step at a time: it has to have the padding `Causal` and stride 1",
    label = "needs the whole sequence",
    note = "write the padding and the stride, as in `Conv1d<Sequence<U32, U8>, U16, U3, Relu, U1, Causal>`"
)]
pub trait StreamsWith<S> {}

impl StreamsWith<U1> for Causal {}

/// The state is the inputs that are still under the kernel: with dilation, of each of `D` streams that pass in turn.
impl<N: Size, C: Size, F: Size, K: Size, A: Activation, S: Size, P: Padding, D: Size> Streaming
    for Conv1d<Sequence<N, C>, F, K, A, S, P, D>
where
    P: StreamsWith<S>,
    Self: Layer,
{
    type StepInput = C;
    type StepOutput = F;
    type State<T: Scalar> = Taps<K, C, D, T>;

    #[inline]
    fn step<T: Scalar, Q: Kernel>(
        parameters: &[T],
        state: &mut Taps<K, C, D, T>,
        input: &[T],
        output: &mut [T],
    ) {
        Self::affine::<T, Q>(parameters, slide::<K, C, D, T>(state, input), output);
        activation::apply::<A, T>(output);
    }
}

/// The last inputs of a stream: which of the `D` patches is next, and the patches.
pub(crate) type Taps<K, C, D, T> = (u32, <D as Size>::Array<Patch<K, C, T>>);

/// Takes an input in, and gives the values that are now under the kernel.
pub(crate) fn slide<'a, K: Size, C: Size, D: Size, T: Scalar>(
    (next, patches): &'a mut Taps<K, C, D, T>,
    input: &[T],
) -> &'a [T] {
    let now = *next as usize;
    *next = (*next + 1) % D::U32;
    let mut patches = flat::<K, C, T>(patches.as_mut_slice()).chunks_exact_mut(K::USIZE * C::USIZE);
    let patch = patches.nth(now).unwrap_or_default();
    patch.copy_within(C::USIZE.., 0);
    for (slot, x) in patch.iter_mut().skip((K::USIZE - 1) * C::USIZE).zip(input) {
        *slot = *x;
    }
    patch
}
