//! Convolutions over a shape that they do not take: implementations whose bound never holds, for the message that it brings.

use generic_array::typenum::{U0, UInt};

use super::{Backward, Conv1d, Conv2d, DepthwiseConv1d, DepthwiseConv2d, Layer};
use crate::kernel::Kernel;
use crate::shape::kind::{IsImage, IsSequence};
use crate::{Image, Scalar, Sequence, Shape, Size};

// Each for one kind of shape: of two implementations that a layer may be, the compiler tells neither's bound.
macro_rules! refused {
    ($([$($generics:tt)*] $layer:ident<$input:ty; $($part:ident),*>: $wanted:ident;)*) => {$(
        #[doc(hidden)]
        impl<$($generics)*, $($part: 'static),*> Layer for $layer<$input, $($part),*>
        where
            $input: Shape<Key: $wanted>,
        {
            type Input = $input;
            type Output = $input;
            type Parameters = U0;
            type Tape = <$input as Shape>::Len;

            const NAME: &'static str = stringify!($layer);

            fn forward<T: Scalar, Q: Kernel>(_: &[T], _: &[T], _: &mut [T]) {}
            fn backward<T: Scalar, Q: Kernel>(_: &[T], _: Backward<'_, T>) {}
        }
    )*};
}

refused! {
    [U, B] Conv2d<UInt<U, B>; F, K, A, S, P>: IsImage;
    [N: Size, C: Size] Conv2d<Sequence<N, C>; F, K, A, S, P>: IsImage;
    [U, B] DepthwiseConv2d<UInt<U, B>; K, A, S, P>: IsImage;
    [N: Size, C: Size] DepthwiseConv2d<Sequence<N, C>; K, A, S, P>: IsImage;
    [U, B] Conv1d<UInt<U, B>; F, K, A, S, P, D>: IsSequence;
    [C: Size, H: Size, W: Size] Conv1d<Image<C, H, W>; F, K, A, S, P, D>: IsSequence;
    [U, B] DepthwiseConv1d<UInt<U, B>; K, A, S, P, D>: IsSequence;
    [C: Size, H: Size, W: Size] DepthwiseConv1d<Image<C, H, W>; K, A, S, P, D>: IsSequence;
}
