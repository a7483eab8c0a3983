use sizednet::{Conv1d, Network, Relu, Sequence, layer::Causal, layer::State, sizes::*};

type Filter = Conv1d<Sequence<U8, U3>, U4, U3, Relu, U2, Causal>;

fn main() {
    let network = Network::<Filter>::zeros();
    let mut state = State::<Filter>::new();
    network.step(&[0.0; 3], &mut state);
}
