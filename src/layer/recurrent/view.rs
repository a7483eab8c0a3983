//! The parameters of a recurrent layer as arrays.

use super::{Cell, Gives, Recurrent, Steps};
use crate::layer::dense::LENGTHS;
use crate::layer::{Layer, View};
use crate::size::FixedArray;
use crate::{Scalar, Shape, Size};

/// The numbers of all gates, `[gate][output]`.
type Gates<C, H, T> = <<C as Cell>::Gates as Size>::Array<<H as Size>::Array<T>>;

/// The parameters of a recurrent layer, to read; the gates of a [`Gru`](crate::Gru) are r, z, n, those of an
/// [`Lstm`](crate::Lstm) i, f, g, o.
#[derive(Debug)]
pub struct RecurrentRef<'a, C: Cell, F: Size, H: Size, T: Scalar> {
    /// `input_weights[feature][gate][output]`.
    pub input_weights: &'a F::Array<Gates<C, H, T>>,
    /// `state_weights[state][gate][output]`.
    pub state_weights: &'a H::Array<Gates<C, H, T>>,
    /// `input_bias[gate][output]`.
    pub input_bias: &'a Gates<C, H, T>,
    /// `state_bias[gate][output]`.
    pub state_bias: &'a Gates<C, H, T>,
}

/// The parameters of a recurrent layer, to write; as in [`RecurrentRef`].
#[derive(Debug)]
pub struct RecurrentMut<'a, C: Cell, F: Size, H: Size, T: Scalar> {
    /// `input_weights[feature][gate][output]`.
    pub input_weights: &'a mut F::Array<Gates<C, H, T>>,
    /// `state_weights[state][gate][output]`.
    pub state_weights: &'a mut H::Array<Gates<C, H, T>>,
    /// `input_bias[gate][output]`.
    pub input_bias: &'a mut Gates<C, H, T>,
    /// `state_bias[gate][output]`.
    pub state_bias: &'a mut Gates<C, H, T>,
}

/// Numbers cut into gates.
fn gates<C: Cell, H: Size, T: Scalar>(values: &[T]) -> &[Gates<C, H, T>] {
    <Gates<C, H, T>>::chunks(H::Array::chunks(values))
}

fn gates_mut<C: Cell, H: Size, T: Scalar>(values: &mut [T]) -> &mut [Gates<C, H, T>] {
    <Gates<C, H, T>>::chunks_mut(H::Array::chunks_mut(values))
}

impl<C: Cell, I: Steps, H: Size, G: Gives<I::Steps, H>> View for Recurrent<C, I, H, G>
where
    Self: Layer,
{
    type Ref<'a, T: Scalar> = RecurrentRef<'a, C, I::Features, H, T>;
    type Mut<'a, T: Scalar> = RecurrentMut<'a, C, I::Features, H, T>;

    fn view<T: Scalar>(parameters: &[T]) -> Self::Ref<'_, T> {
        let parts = Self::parts(parameters);
        let ((input, input_bias), (state, state_bias)) = (parts.input, parts.state);
        RecurrentRef {
            input_weights: I::Features::from_flat(gates::<C, H, T>(input)).expect(LENGTHS),
            state_weights: H::from_flat(gates::<C, H, T>(state)).expect(LENGTHS),
            input_bias: gates::<C, H, T>(input_bias).first().expect(LENGTHS),
            state_bias: gates::<C, H, T>(state_bias).first().expect(LENGTHS),
        }
    }
    fn view_mut<T: Scalar>(parameters: &mut [T]) -> Self::Mut<'_, T> {
        let parts = Self::parts_mut(parameters);
        let ((input, input_bias), (state, state_bias)) = (parts.input, parts.state);
        RecurrentMut {
            input_weights: I::Features::from_flat_mut(gates_mut::<C, H, T>(input)).expect(LENGTHS),
            state_weights: H::from_flat_mut(gates_mut::<C, H, T>(state)).expect(LENGTHS),
            input_bias: gates_mut::<C, H, T>(input_bias).first_mut().expect(LENGTHS),
            state_bias: gates_mut::<C, H, T>(state_bias).first_mut().expect(LENGTHS),
        }
    }
}
