//! A layer of matrices.

use harness::data::Layer;
use nalgebra::SMatrix;

pub(crate) type Matrix<const R: usize, const C: usize> = SMatrix<f32, R, C>;

/// The weights of a layer, or their gradient.
pub(crate) struct Dense<const I: usize, const O: usize> {
    weights: Matrix<O, I>,
    bias: Matrix<O, 1>,
}

impl<const I: usize, const O: usize> Dense<I, O> {
    pub(crate) fn load(layer: &Layer) -> Self {
        Self {
            // `[inputs][outputs]` is column by column
            weights: Matrix::from_column_slice(&layer.weights),
            bias: Matrix::from_column_slice(&layer.bias),
        }
    }

    /// The sums, before an activation.
    #[inline]
    pub(crate) fn forward<const B: usize>(&self, input: &Matrix<I, B>) -> Matrix<O, B> {
        let mut sums = Matrix::<O, B>::from_fn(|row, _| self.bias[row]);
        sums.gemm(1.0, &self.weights, input, 1.0);
        sums
    }

    /// The slopes in the input, from those in the sums.
    #[inline]
    pub(crate) fn backward<const B: usize>(&self, slopes: &Matrix<O, B>) -> Matrix<I, B> {
        self.weights.tr_mul(slopes)
    }

    #[inline]
    pub(crate) fn gradient<const B: usize>(input: &Matrix<I, B>, slopes: &Matrix<O, B>) -> Self {
        Self {
            weights: slopes * input.transpose(),
            bias: slopes.column_sum(),
        }
    }

    /// [`gradient`](Self::gradient) in place, from a transposed input, for what is too large for the stack.
    pub(crate) fn set_gradient<const B: usize>(
        &mut self,
        transposed: &Matrix<B, I>,
        slopes: &Matrix<O, B>,
    ) {
        self.weights.gemm(1.0, slopes, transposed, 0.0);
        self.bias = slopes.column_sum();
    }

    #[inline]
    pub(crate) fn descend(&mut self, rate: f32, gradient: &Self) {
        self.weights
            .zip_apply(&gradient.weights, |weight, slope| *weight -= rate * slope);
        self.bias
            .zip_apply(&gradient.bias, |bias, slope| *bias -= rate * slope);
    }

    /// A step of Adam.
    pub(crate) fn adapt(
        &mut self,
        rate: f32,
        corrections: [f32; 2],
        gradient: &Self,
        state: &mut AdamState<I, O>,
    ) {
        let weights = (&mut self.weights, &gradient.weights);
        adapt(rate, corrections, weights, &mut state.weights);
        let bias = (&mut self.bias, &gradient.bias);
        adapt(rate, corrections, bias, &mut state.bias);
    }
}

/// The means and mean squares of a layer's gradients.
pub(crate) struct AdamState<const I: usize, const O: usize> {
    weights: [Matrix<O, I>; 2],
    bias: [Matrix<O, 1>; 2],
}

impl<const I: usize, const O: usize> AdamState<I, O> {
    pub(crate) fn new() -> Self {
        Self {
            weights: [Matrix::zeros(); 2],
            bias: [Matrix::zeros(); 2],
        }
    }
}

#[inline]
fn adapt<const R: usize, const C: usize>(
    rate: f32,
    [of_mean, of_square]: [f32; 2],
    (parameters, gradient): (&mut Matrix<R, C>, &Matrix<R, C>),
    [means, squares]: &mut [Matrix<R, C>; 2],
) {
    let numbers = parameters.iter_mut().zip(gradient).zip(means).zip(squares);
    for (((parameter, slope), mean), square) in numbers {
        *mean = 0.9 * *mean + 0.1 * slope;
        *square = 0.999 * *square + 0.001 * slope * slope;
        *parameter -= rate * (*mean * of_mean) / ((*square * of_square).sqrt() + 1e-8);
    }
}
