//! Dropout: in training some values are left out at random.

use core::marker::PhantomData;

use generic_array::typenum::{B0, B1, IsLess, U0, U100, UInt, Unsigned};

use super::streaming::Streaming;
use super::{Backward, Layer, Noise, cut, cut_mut};
use crate::kernel::Kernel;
use crate::order::mix;
use crate::size::Count;
use crate::summary::Setting;
use crate::{Scalar, Shape, Size};

/// Dropout (Srivastava and others, 2014): in training each value of shape `S` is 0 with a probability of `Percent` in a
/// hundred, and else divided by the probability that it stays; in inference all pass as they are.
///
/// Which values are left out follows from the trainer's seed, the number of the update, the sample's place in its batch and the
/// layer's place in the network alone. `network.gradient` and `network.record`, which have no trainer, use the same
/// values every time.
///
/// ```
/// use sizednet::{Dense, Dropout, Network, Relu, sizes::*};
///
/// // a value in five is left out
/// type Classifier = (Dense<U64, U32, Relu>, Dropout<U32, U20>, Dense<U32, U10>);
/// assert_eq!(Network::<Dropout<U3, U20>>::zeros().forward(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Dropout<S, Percent>(PhantomData<fn() -> (S, Percent)>);

/// A number of percent that leaves something.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "dropout is of 1 to 99 percent",
    label = "not 1 to 99 percent"
)]
pub trait Below100: Size {}

#[diagnostic::do_not_recommend]
impl<P: Size + IsLess<U100, Output = B1>> Below100 for P {}

impl<S: Shape, Percent: Below100> Dropout<S, Percent> {
    /// A value stays if 32 random bits are at least this.
    const THRESHOLD: u64 = (<Percent as Unsigned>::U64 << 32) / 100;
}

impl<S: Shape, Percent: Below100> Layer for Dropout<S, Percent>
where
    UInt<S::Len, B0>: Count,
{
    type Input = S;
    type Output = S;
    #[doc(hidden)]
    type Parameters = U0;
    /// By what each value was multiplied, and the outputs.
    #[doc(hidden)]
    type Tape = UInt<S::Len, B0>;

    const NAME: &'static str = "Dropout";
    const SETTINGS: &'static [Setting] = &[Setting::Percent(Percent::USIZE)];

    fn forward<T: Scalar, K: Kernel>(_: &[T], inputs: &[T], outputs: &mut [T]) {
        outputs.copy_from_slice(inputs);
    }

    fn record<T: Scalar, K: Kernel>(_: &[T], inputs: &[T], tape: &mut [T], noise: Noise) {
        let kept = T::from_f64(100.0) / T::from_f64(100.0 - Percent::USIZE as f64);
        let half = tape.len() / 2;
        let (factors, outputs) = cut_mut(tape, half);
        for (row, factors) in (0..).zip(factors.chunks_exact_mut(S::Len::USIZE)) {
            let mut state = noise.of_row(row);
            for factor in factors {
                state = mix(state);
                let stays = state >> 32 >= Self::THRESHOLD;
                *factor = if stays { kept } else { T::ZERO };
            }
        }
        for ((y, x), factor) in outputs.iter_mut().zip(inputs).zip(factors) {
            *y = *x * *factor;
        }
    }

    fn backward<T: Scalar, K: Kernel>(_: &[T], pass: Backward<'_, T>) {
        let (factors, _) = cut(pass.tape, pass.tape.len() / 2);
        let slopes = pass.output_gradient.iter().zip(factors);
        for (dx, (dy, factor)) in pass.input_gradient.into_iter().flatten().zip(slopes) {
            *dx = *dy * *factor;
        }
    }
}

impl<S: Shape, Percent: Below100> Streaming for Dropout<S, Percent>
where
    Self: Layer,
{
    type StepInput = S::Step;
    type StepOutput = S::Step;
    type State<T: Scalar> = ();

    fn step<T: Scalar, K: Kernel>(parameters: &[T], _: &mut (), input: &[T], output: &mut [T]) {
        Self::forward::<T, K>(parameters, input, output);
    }
}
