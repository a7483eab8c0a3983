//! The bits of networks and of optimizer states, and every optimizer, for tests that compare bit for bit.

use sizednet::optimizer::ParameterState;
use sizednet::{
    Batching, Layer, Network, Optimizer, Scalar, Schedule, StackArray, Storage, Trainer,
};

pub(crate) trait Bits: Scalar + Schedule<Self> {
    /// The bits of a number: -0 is not 0, and a NaN is itself.
    fn bits(self) -> u64;
}

impl Bits for f32 {
    fn bits(self) -> u64 {
        self.to_bits().into()
    }
}

impl Bits for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// An array of the state of an optimizer.
type StateArray<L, T> = StackArray<T, <L as Layer>::Parameters>;

/// An optimizer whose state for `L` can be read as arrays.
pub(crate) trait Open<L: Layer, T: Scalar>:
    Optimizer<
        T,
        State: ParameterState<
            T,
            Arrays<StateArray<L, T>>: AsRef<[StateArray<L, T>]> + AsMut<[StateArray<L, T>]>,
        >,
    >
{
}

impl<L: Layer, T: Scalar, O> Open<L, T> for O where
    O: Optimizer<
            T,
            State: ParameterState<
                T,
                Arrays<StateArray<L, T>>: AsRef<[StateArray<L, T>]> + AsMut<[StateArray<L, T>]>,
            >,
        >
{
}

/// The bits of all parameters.
pub(crate) fn bits<L: Layer, T: Bits, S: Storage>(network: &Network<L, T, S>) -> Vec<u64> {
    network.parameters().iter().map(|p| p.bits()).collect()
}

/// The bits of all parameters and of the optimizer's whole state.
pub(crate) fn all_bits<L: Layer, E, O: Open<L, T>, M: Batching, T: Bits, S: Storage>(
    network: &Network<L, T, S>,
    trainer: &Trainer<L, E, O, M, T>,
) -> Vec<u64> {
    let state = trainer.state();
    let arrays = state
        .arrays
        .as_ref()
        .iter()
        .flat_map(|array| array.iter())
        .map(|s| s.bits());
    [bits(network), arrays.collect(), vec![state.updates.into()]].concat()
}

/// Calls a function, generic in the optimizer, with every optimizer: a schedule-free one with this learning rate.
macro_rules! with_every_optimizer {
    ($check:ident::<$number:ident>, $rate:expr $(, $more:expr)*) => {{
        type T = $number;
        let rate: T = $rate;
        let sgd = sizednet::Sgd::<T, T>::new(rate);
        let adam = sizednet::Adam::<T, T>::new(rate);
        $check::<T, _>("Sgd", sgd $(, $more)*);
        $check::<T, _>("Sgd with weight decay", sgd.weight_decay(0.1) $(, $more)*);
        $check::<T, _>("Momentum", sgd.momentum(0.9) $(, $more)*);
        $check::<T, _>("Nesterov", sgd.momentum(0.9).nesterov() $(, $more)*);
        $check::<T, _>("RmsProp", sizednet::RmsProp::<T, T>::new(rate) $(, $more)*);
        $check::<T, _>("Adam", adam $(, $more)*);
        $check::<T, _>("AdamW", sizednet::AdamW::<T, T>::new(rate) $(, $more)*);
        $check::<T, _>("Rprop", sizednet::Rprop::<T>::new(rate) $(, $more)*);
        $check::<T, _>("ClipNorm", sizednet::ClipNorm { limit: 10.0, optimizer: sgd.momentum(0.9) } $(, $more)*);
        $check::<T, _>("ClipValue", sizednet::ClipValue { limit: 10.0, optimizer: adam } $(, $more)*);
    }};
}
pub(crate) use with_every_optimizer;
