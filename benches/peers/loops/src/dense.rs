//! A layer as plain arrays. Weights lie as `[inputs][outputs]`, so that all loops but one add vectors, which the
//! compiler needs no leave to reorder.

use harness::data::Layer;

/// The weights of a layer, or their gradient, or one array of Adam's state.
#[derive(Clone)]
pub(crate) struct Dense<const I: usize, const O: usize> {
    weights: [[f32; O]; I],
    bias: [f32; O],
}

/// In partial sums: a sum of floats is one chain of additions otherwise.
#[inline]
fn dot<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    const LANES: usize = 8;
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest);
    rest.fold(sums.iter().sum(), |sum, (a, b)| a.mul_add(*b, sum))
}

/// `sums += factor * terms`.
#[inline]
fn add<const N: usize>(sums: &mut [f32; N], factor: f32, terms: &[f32; N]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum = factor.mul_add(*term, *sum);
    }
}

impl<const I: usize, const O: usize> Dense<I, O> {
    pub(crate) const ZEROS: Self = Self {
        weights: [[0.0; O]; I],
        bias: [0.0; O],
    };

    pub(crate) fn load(layer: &Layer) -> Self {
        let mut dense = Self::ZEROS;
        dense
            .weights
            .as_flattened_mut()
            .copy_from_slice(&layer.weights);
        dense.bias.copy_from_slice(&layer.bias);
        dense
    }

    /// The sums, before an activation.
    #[inline]
    pub(crate) fn forward(&self, input: &[f32; I]) -> [f32; O] {
        let mut sums = self.bias;
        for (x, weights) in input.iter().zip(&self.weights) {
            add(&mut sums, *x, weights);
        }
        sums
    }

    /// The slopes in the input, from those in the sums.
    #[inline]
    pub(crate) fn backward(&self, slopes: &[f32; O]) -> [f32; I] {
        self.weights.each_ref().map(|weights| dot(weights, slopes))
    }

    /// Adds `factor` times a sample's gradient: to a gradient, or right to the weights.
    #[inline]
    pub(crate) fn add_gradient(&mut self, factor: f32, input: &[f32; I], slopes: &[f32; O]) {
        for (x, weights) in input.iter().zip(&mut self.weights) {
            add(weights, factor * x, slopes);
        }
        add(&mut self.bias, factor, slopes);
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.weights.as_flattened_mut().fill(0.0);
        self.bias.fill(0.0);
    }

    #[inline]
    pub(crate) fn descend(&mut self, rate: f32, gradient: &Self) {
        for (weights, slopes) in self.weights.iter_mut().zip(&gradient.weights) {
            add(weights, -rate, slopes);
        }
        add(&mut self.bias, -rate, &gradient.bias);
    }

    /// A step of Adam.
    #[inline]
    pub(crate) fn adapt(&mut self, step: &AdamStep, gradient: &Self, state: &mut [Self; 2]) {
        let [first, second] = state;
        step.apply(
            self.weights.as_flattened_mut(),
            gradient.weights.as_flattened(),
            first.weights.as_flattened_mut(),
            second.weights.as_flattened_mut(),
        );
        step.apply(
            &mut self.bias,
            &gradient.bias,
            &mut first.bias,
            &mut second.bias,
        );
    }
}

/// What all parameters share in a step of Adam.
pub(crate) struct AdamStep {
    rate: f32,
    /// What makes the mean and the mean square unbiased.
    corrections: [f32; 2],
}

impl AdamStep {
    /// Steps count from 1.
    pub(crate) fn new(rate: f32, step: i32) -> Self {
        let corrections = [0.9_f32, 0.999].map(|decay| 1.0 / (1.0 - decay.powi(step)));
        Self { rate, corrections }
    }

    #[inline]
    fn apply(
        &self,
        parameters: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let [of_mean, of_square] = self.corrections;
        let numbers = parameters.iter_mut().zip(gradient).zip(first).zip(second);
        for (((parameter, slope), mean), square) in numbers {
            *mean = 0.9_f32.mul_add(*mean, 0.1 * slope);
            *square = 0.999_f32.mul_add(*square, 0.001 * slope * slope);
            *parameter -= self.rate * (*mean * of_mean) / ((*square * of_square).sqrt() + 1e-8);
        }
    }
}
