use sizednet::{
    Image, Layer, Network, Scalar, Shape, generic_array::typenum::U0, kernel::Kernel,
    layer::Backward, sizes::*,
};

/// A layer of one's own that halves an image's height and width.
struct Halve;

impl Layer for Halve {
    type Input = Image<U8, U26, U26>;
    type Output = Image<U8, U13, U13>;
    type Parameters = U0;
    type Tape = <Self::Output as Shape>::Len;
    const NAME: &'static str = "Halve";

    fn forward<T: Scalar, K: Kernel>(_: &[T], _: &[T], _: &mut [T]) {}
    fn backward<T: Scalar, K: Kernel>(_: &[T], _: Backward<'_, T>) {}
}

struct Agent {
    policy: Network<(Halve, Halve)>,
}

fn main() {}
