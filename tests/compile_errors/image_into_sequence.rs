use sizednet::{
    Image, Layer, Network, Scalar, Sequence, Shape, generic_array::typenum::U0,
    kernel::Kernel, layer::Backward, sizes::*,
};

/// A layer of one's own from any shape to any other.
struct To<I, O>(core::marker::PhantomData<(I, O)>);

impl<I: Shape, O: Shape> Layer for To<I, O> {
    type Input = I;
    type Output = O;
    type Parameters = U0;
    type Tape = O::Len;
    const NAME: &'static str = "To";

    fn forward<T: Scalar, K: Kernel>(_: &[T], _: &[T], _: &mut [T]) {}
    fn backward<T: Scalar, K: Kernel>(_: &[T], _: Backward<'_, T>) {}
}

struct Agent {
    policy: Network<(To<U5, Image<U1, U20, U8>>, To<Sequence<U20, U8>, U4>)>,
}

fn main() {}
