//! Whole steps of networks with two layers: what activations, losses, copies and updates add to the kernels.

use core::hint::black_box;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::generic_array::typenum::Unsigned;
use sizednet::initializer::uniform;
use sizednet::{
    Dense, Element, FullBatch, Heap, Layer, MeanSquaredError, Network, Relu, Sgd, Shape, Target,
    Trainer, sizes::*,
};

use crate::point::{Axis, Point, Series};

const STEP: &str = "step of two layers";

type Two<N> = (Dense<N, N, Relu>, Dense<N, N>);

type Array<S> = <S as Shape>::Array<f32>;

/// Random arrays of shape `S`.
fn arrays<S: Shape>(rng: &mut Xoshiro256PlusPlus, count: usize) -> Vec<Array<S>> {
    let mut arrays = vec![<Array<S>>::ZERO; count];
    for value in S::flatten_mut(&mut arrays) {
        *value = uniform(-1.0, 1.0, rng);
    }
    arrays
}

fn point<L: Layer>(batch: usize) -> Point
where
    Array<L::Output>: Target<L::Output, f32, Kind = [f32]>,
{
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut network = Network::<L, f32, Heap>::random(&mut rng);
    let inputs = arrays::<L::Input>(&mut rng, batch);
    let targets = arrays::<L::Output>(&mut rng, batch);
    let mut trainer =
        Trainer::<L, _, _, FullBatch, f32, Heap>::new(MeanSquaredError, Sgd::new(1e-6));
    // of two layers: forward, both gradients of weights, one of inputs
    let multiply_adds = L::MULTIPLY_ADDS as usize / 2 * 5 * batch;
    Point::new(
        <L::Input as Shape>::Len::USIZE,
        multiply_adds,
        move |calls| {
            for _ in 0..calls {
                trainer
                    .epoch(&mut network, (black_box(&inputs[..]), &targets[..]))
                    .expect("a tiny rate does not diverge");
            }
        },
    )
}

/// A series for each of some batches.
pub(crate) fn series() -> Vec<Series> {
    macro_rules! points {
        ($batch:ident: $($size:ident)*) => {
            vec![$(point::<Two<$size>>($batch)),*]
        };
    }
    let of = |batch| Series {
        what: STEP,
        axis: Axis::Width,
        fixed: batch,
        points: points!(batch:
            U1 U2 U4 U8 U9 U10 U12 U15 U16 U17 U20 U23 U24 U31 U32 U33 U40 U63 U64 U65 U72 U100 U104
            U127 U128 U129 U136 U255 U256 U257 U264),
    };
    [1, 8, 32].map(of).into()
}
