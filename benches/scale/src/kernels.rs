//! One dense layer as a network runs it, in blocks of samples, by its kernels: they take sizes at run time, so that all
//! of them compile at once.

use core::cell::RefCell;
use core::hint::black_box;
use core::num::NonZeroUsize;
use std::collections::BTreeSet;
use std::rc::Rc;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use sizednet::generic_array::typenum::{Prod, Unsigned};
use sizednet::initializer::uniform;
use sizednet::kernel::{Affine, Dimensions, InputGradient, Kernel, NativeKernel, WeightGradient};
use sizednet::sizes::{U1024, U1088};
use sizednet::{DefaultBlock, Heap, HeapArray, OwnedStorage};

use crate::cliffs::next;
use crate::point::{Axis, Point, Series};

/// A vector more than the chart shows, for the last size's next multiple.
const WIDEST: usize = 1032;
const LARGEST: usize = 264;

/// All widths up to here, and all batches.
const DENSE: usize = 72;
/// From each of these, itself and its neighbors.
const WIDTHS: [usize; 20] = [
    80, 88, 96, 100, 112, 120, 144, 160, 192, 200, 224, 288, 320, 384, 448, 512, 640, 768, 896,
    1000,
];
/// All widths of these spans, with every rest beside a multiple of a vector.
const SPANS: [(usize, usize); 3] = [(120, 137), (248, 265), (1015, 1024)];
const BATCHES: [usize; 6] = [96, 128, 160, 192, 224, 256];

fn with_neighbors(most: usize, middles: &[usize], spans: &[(usize, usize)]) -> BTreeSet<usize> {
    let mut sizes: BTreeSet<_> = (1..=DENSE).collect();
    sizes.extend(middles.iter().flat_map(|middle| middle - 1..=middle + 1));
    sizes.extend(spans.iter().flat_map(|&(first, last)| first..=last));
    let nexts: Vec<_> = sizes.iter().map(|size| next(*size)).collect();
    sizes.extend(nexts);
    sizes.retain(|size| *size <= most);
    sizes
}

/// What is done with a batch.
#[derive(Clone, Copy)]
struct Passes {
    forward: bool,
    weight_gradient: bool,
    input_gradient: bool,
}

pub(crate) const FORWARD: &str = "forward";
pub(crate) const TRAINING: &str = "forward and gradients";

const ALL: [(&str, Passes); 4] = [
    (FORWARD, passes(true, false, false)),
    (TRAINING, passes(true, true, true)),
    ("weight gradient", passes(false, true, false)),
    ("input gradient", passes(false, false, true)),
];

const fn passes(forward: bool, weight_gradient: bool, input_gradient: bool) -> Passes {
    Passes {
        forward,
        weight_gradient,
        input_gradient,
    }
}

/// A series for each of some batches, and for each of some widths.
pub(crate) fn series() -> Vec<Series> {
    let buffers = Rc::new(RefCell::new(Buffers::new()));
    let widths = with_neighbors(WIDEST, &WIDTHS, &SPANS);
    let batches = with_neighbors(LARGEST, &BATCHES, &[]);
    let mut series = Vec::new();
    for (what, passes) in ALL {
        for batch in [1, 8, 32, 256] {
            let point = |width| point(&buffers, passes, width, width, batch);
            series.push(Series {
                what,
                axis: Axis::Width,
                fixed: batch,
                points: widths.iter().copied().map(point).collect(),
            });
        }
        for width in [64, 128] {
            let point = |batch| point(&buffers, passes, batch, width, batch);
            series.push(Series {
                what,
                axis: Axis::Batch,
                fixed: width,
                points: batches.iter().copied().map(point).collect(),
            });
        }
    }
    series
}

fn point(
    buffers: &Rc<RefCell<Buffers>>,
    passes: Passes,
    size: usize,
    width: usize,
    batch: usize,
) -> Point {
    let buffers = Rc::clone(buffers);
    let products = usize::from(passes.forward)
        + usize::from(passes.weight_gradient)
        + usize::from(passes.input_gradient);
    Point::new(size, products * width * width * batch, move |calls| {
        let mut buffers = buffers.borrow_mut();
        for _ in 0..calls {
            buffers.pass(black_box(width), black_box(batch), passes);
        }
    })
}

/// The numbers of the largest layer and batch; smaller ones take the first of them. Parameters and gradient begin where
/// lines of the cache do, as those of a network do; else one sample takes up to half as long again.
struct Buffers {
    weights: Aligned,
    bias: Vec<f32>,
    inputs: Vec<f32>,
    outputs: Vec<f32>,
    output_gradient: Vec<f32>,
    input_gradient: Vec<f32>,
    weight_gradient: Aligned,
    bias_gradient: Vec<f32>,
}

/// Room for the weights of the widest layer.
type Aligned = HeapArray<f32, Prod<U1088, U1024>>;

impl Buffers {
    fn new() -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut random = |count: usize| -> Vec<f32> {
            (0..count).map(|_| uniform(-1.0, 1.0, &mut rng)).collect()
        };
        let values = WIDEST * LARGEST;
        let mut weights: Aligned = Heap::zeros();
        weights[..WIDEST * WIDEST].copy_from_slice(&random(WIDEST * WIDEST));
        let weight_gradient = weights.clone();
        Self {
            weights,
            bias: random(WIDEST),
            inputs: random(values),
            outputs: random(values),
            output_gradient: random(values),
            input_gradient: random(values),
            weight_gradient,
            bias_gradient: random(WIDEST),
        }
    }

    /// A batch through a layer of `n` times `n` weights, block by block.
    #[inline(never)]
    fn pass(&mut self, n: usize, batch: usize, passes: Passes) {
        type K = NativeKernel<DefaultBlock>;
        let wide = NonZeroUsize::new(n).expect("a width is not 0");
        let dense = Dimensions::new(wide, wide);
        let block = DefaultBlock::USIZE;
        let (weights, bias) = (&self.weights[..n * n], &self.bias[..n]);
        for first in (0..batch).step_by(block) {
            let rows = first * n..batch.min(first + block) * n;
            if passes.forward {
                let pass = Affine {
                    weights,
                    bias,
                    inputs: &self.inputs[rows.clone()],
                    outputs: &mut self.outputs[rows.clone()],
                };
                K::affine(dense, pass);
            }
            if passes.weight_gradient {
                let pass = WeightGradient {
                    inputs: &self.inputs[rows.clone()],
                    output_gradient: &self.output_gradient[rows.clone()],
                    weights: &mut self.weight_gradient[..n * n],
                    bias: &mut self.bias_gradient[..n],
                    fresh: true,
                };
                K::weight_gradient(dense, pass);
            }
            if passes.input_gradient {
                let pass = InputGradient {
                    weights,
                    output_gradient: &self.output_gradient[rows.clone()],
                    input_gradient: &mut self.input_gradient[rows],
                };
                K::input_gradient(dense, pass);
            }
        }
        black_box(self);
    }
}
