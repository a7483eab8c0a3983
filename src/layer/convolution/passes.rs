//! A convolution as products of matrices, a strip of windows at a time, by the kernels of the crate.

use core::num::NonZeroUsize;

use generic_array::typenum::Unsigned;

use super::Patches;
use super::geometry::{HasGeometry, MOST, positive};
use super::panel::{Panel, Strip};
use crate::kernel::{Dimensions, Elementwise, Kernel, Product, Slide, WeightGradient, elementwise};
use crate::layer::{cut, cut_mut};
use crate::size::FixedArray;
use crate::{Element, Scalar, Shape, Size};

const fn dimensions(inputs: usize, outputs: usize) -> Dimensions {
    const fn number(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).expect("no size is 0")
    }
    Dimensions::new(number(inputs), number(outputs))
}

/// Values on the stack where filters slide: the places of taps, which are integers of four bytes.
pub(super) const SLIDE_VALUES: usize = MOST;

/// As many as the integers that tell where windows and taps lie.
const STRIP_VALUES: usize = 3 * MOST;

/// Values on the stack on the way forward.
pub(super) const fn forward_values<F: Size, I: Patches<Side>, Side>() -> usize {
    I::Windows::USIZE * (I::Taps::USIZE + F::USIZE) + STRIP_VALUES
}

/// Values on the stack on the way back.
pub(super) const fn backward_values<F: Size, I: Patches<Side>, Side>() -> usize {
    I::Windows::USIZE * (I::Taps::USIZE + 2 * F::USIZE) + STRIP_VALUES
}

/// `outputs = bias + weights^T * patches`, for each sample, where no patch has to be copied.
#[inline(never)]
pub(super) fn slide<T: Scalar, K: Kernel, F: Size, G: HasGeometry>(
    (weights, bias): (&[T], &[T]),
    inputs: &[T],
    outputs: &mut [T],
) {
    let geometry = G::GEOMETRY;
    let (filters, taps) = (F::USIZE, geometry.panel());
    let dense = dimensions(geometry.columns.outputs, filters);
    let samples = inputs.chunks_exact(geometry.inputs());
    let outputs = outputs.chunks_exact_mut(positive(filters * geometry.outputs()));
    for (image, outputs) in samples.zip(outputs) {
        let chunks = weights.chunks(positive(taps * filters));
        for (weights, tap) in chunks.zip((0..).step_by(taps)) {
            let places = geometry.places(tap);
            let (places, _) = cut(&places, weights.len() / filters);
            let step = geometry.rows.stride * geometry.columns.size;
            let pass = Slide {
                weights,
                bias: if tap == 0 { bias } else { &[] },
                image,
                places,
                step,
                outputs: &mut *outputs,
            };
            K::slide(dense, pass);
        }
    }
}

/// `outputs = bias + weights^T * patches`, for each sample. A function of its own, so that the panels of several layers are not on
/// the stack at once.
#[inline(never)]
pub(super) fn forward<T: Scalar, K: Kernel, F: Size, I: Patches<Side>, Side, G: HasGeometry>(
    (weights, bias): (&[T], &[T]),
    inputs: &[T],
    outputs: &mut [T],
) {
    let geometry = G::GEOMETRY;
    let (filters, width, taps) = (F::USIZE, geometry.strip(), geometry.panel());
    let dense = dimensions(filters, width);
    let mut panel = <Panel<I::Taps, I::Windows, T>>::ZERO;
    let mut sums = <Panel<F, I::Windows, T>>::ZERO;
    let sums = cut_mut(
        I::Windows::flatten_mut(sums.as_mut_slice()),
        filters * width,
    )
    .0;
    for (image, outputs) in inputs
        .chunks_exact(geometry.inputs())
        .zip(outputs.chunks_exact_mut(positive(filters * geometry.outputs())))
    {
        for start in (0..geometry.windows()).step_by(width) {
            let strip = Strip::new(geometry, start);
            for (sums, b) in sums.chunks_exact_mut(width).zip(bias) {
                sums.fill(*b);
            }
            for (weights, tap) in weights
                .chunks(positive(taps * filters))
                .zip((0..).step_by(taps))
            {
                let panel = cut_mut(
                    I::Windows::flatten_mut(panel.as_mut_slice()),
                    weights.len() / filters * width,
                )
                .0;
                strip.gather(tap, image, panel);
                // a gradient of weights is such a product: what it adds to are the outputs here
                let product = WeightGradient {
                    inputs: weights,
                    output_gradient: panel,
                    weights: sums,
                    bias: &mut [],
                    fresh: false,
                };
                K::weight_gradient(dense, product);
            }
            strip.store(sums, outputs);
        }
    }
}

/// What a way back reads and writes.
pub(super) struct WayBack<'a, T> {
    pub(super) weights: &'a [T],
    pub(super) inputs: &'a [T],
    pub(super) output_gradient: &'a [T],
    pub(super) weight_gradient: &'a mut [T],
    pub(super) bias_gradient: &'a mut [T],
    pub(super) input_gradient: Option<&'a mut [T]>,
}

/// Adds to the gradients of weights and bias, and writes that of the inputs.
#[inline(never)]
pub(super) fn backward<T: Scalar, K: Kernel, F: Size, I: Patches<Side>, Side, G: HasGeometry>(
    pass: WayBack<'_, T>,
) {
    let geometry = G::GEOMETRY;
    let (filters, width, taps) = (F::USIZE, geometry.strip(), geometry.panel());
    let mut panel = <Panel<I::Taps, I::Windows, T>>::ZERO;
    let (mut slopes, mut turned) = (
        <Panel<F, I::Windows, T>>::ZERO,
        <Panel<F, I::Windows, T>>::ZERO,
    );
    let slopes = cut_mut(
        I::Windows::flatten_mut(slopes.as_mut_slice()),
        filters * width,
    )
    .0;
    let turned = cut_mut(
        I::Windows::flatten_mut(turned.as_mut_slice()),
        width * filters,
    )
    .0;
    let mut images = pass.input_gradient;
    if let Some(images) = &mut images {
        images.fill(-T::ZERO);
    }
    for (inputs, output_gradient) in pass.inputs.chunks_exact(geometry.inputs()).zip(
        pass.output_gradient
            .chunks_exact(positive(filters * geometry.outputs())),
    ) {
        let mut image = None;
        if let Some(rest) = images.take() {
            let (one, rest) = cut_mut(rest, geometry.inputs());
            (image, images) = (Some(one), Some(rest));
        }
        for start in (0..geometry.windows()).step_by(width) {
            let strip = Strip::new(geometry, start);
            strip.load(output_gradient, slopes);
            turn(width, slopes, turned);
            for row in turned.chunks_exact(filters) {
                for (db, dy) in pass.bias_gradient.iter_mut().zip(row) {
                    *db += *dy;
                }
            }
            let chunks = pass.weight_gradient.chunks_mut(positive(taps * filters));
            for (gradient, tap) in chunks.zip((0..).step_by(taps)) {
                let panel = cut_mut(
                    I::Windows::flatten_mut(panel.as_mut_slice()),
                    gradient.len() / filters * width,
                )
                .0;
                strip.gather(tap, inputs, panel);
                let product = Product {
                    left: panel,
                    right: turned,
                    sums: gradient,
                    fresh: false,
                };
                K::product(dimensions(width, filters), product);
            }
            let Some(image) = &mut image else { continue };
            let chunks = pass.weights.chunks(positive(taps * filters));
            for (weights, tap) in chunks.zip((0..).step_by(taps)) {
                let panel = cut_mut(
                    I::Windows::flatten_mut(panel.as_mut_slice()),
                    weights.len() / filters * width,
                )
                .0;
                let product = Product {
                    left: weights,
                    right: slopes,
                    sums: &mut *panel,
                    fresh: true,
                };
                K::product(dimensions(filters, width), product);
                strip.scatter(tap, panel, image);
            }
        }
    }
}

/// \[filters\]\[width\] as \[width\]\[filters\].
fn turn<T: Scalar>(width: usize, slopes: &[T], turned: &mut [T]) {
    struct Turn<'a, T>(usize, &'a [T], &'a mut [T]);
    impl<T: Scalar> Elementwise for Turn<'_, T> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            let Self(width, slopes, turned) = self;
            let width = positive(width);
            let filters = positive(slopes.len() / width);
            for (f, row) in slopes.chunks_exact(width).enumerate() {
                let column = turned.iter_mut().skip(f).step_by(filters);
                for (to, slope) in column.zip(row) {
                    *to = *slope;
                }
            }
        }
    }
    elementwise(slopes.len(), Turn(width, slopes, turned));
}
