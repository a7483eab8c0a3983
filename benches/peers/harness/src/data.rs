//! Numbers that are the same in Rust, C++ and Python: a hash of a stream and a place gives 24 bits, and those are a
//! float without rounding.

/// The bits at a place of a stream (the mixer is `lowbias32` of Chris Wellons); a stream has room for 2^20 places.
fn hash(stream: u32, place: u32) -> u32 {
    let mut bits = (stream << 20) | place;
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x7feb_352d);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x846c_a68b);
    bits ^ (bits >> 16)
}

/// A number from 0 to 1, without 1.
fn unit_at(stream: u32, place: u32) -> f32 {
    (hash(stream, place) >> 8) as f32 / 16_777_216.0
}

/// A number from -1 to 1, without 1.
fn signed_at(stream: u32, place: u32) -> f32 {
    2.0 * unit_at(stream, place) - 1.0
}

/// Numbers from 0 to 1.
pub fn unit(stream: u32, count: u32) -> Vec<f32> {
    (0..count).map(|place| unit_at(stream, place)).collect()
}

/// Numbers from -1 to 1.
pub fn signed(stream: u32, count: u32) -> Vec<f32> {
    (0..count).map(|place| signed_at(stream, place)).collect()
}

/// Classes from 0 to 9.
pub fn classes(stream: u32, count: u32) -> Vec<usize> {
    (0..count)
        .map(|place| (hash(stream, place) % 10) as usize)
        .collect()
}

/// Sizes of layers, and the stream of the first weights.
#[derive(Debug, Clone, Copy)]
pub struct Architecture {
    /// Inputs, hidden nodes, outputs.
    pub sizes: &'static [usize],
    stream: u32,
}

/// The first weights of a layer.
#[derive(Debug)]
pub struct Layer {
    /// How many inputs it takes.
    pub inputs: usize,
    /// How many outputs it gives.
    pub outputs: usize,
    /// As `[inputs][outputs]`.
    pub weights: Vec<f32>,
    /// One for each output.
    pub bias: Vec<f32>,
}

impl Layer {
    /// The weights as `[outputs][inputs]`.
    pub fn transposed(&self) -> Vec<f32> {
        (0..self.outputs)
            .flat_map(|output| self.weights.iter().skip(output).step_by(self.outputs))
            .copied()
            .collect()
    }
}

impl Architecture {
    /// All first weights, flat: layer by layer, weights as `[inputs][outputs]`, then the bias; each from -1 to 1 over
    /// the root of the number of inputs.
    pub fn parameters(&self) -> Vec<f32> {
        let scales = self.sizes.windows(2).flat_map(|pair| {
            let scale = 1.0 / (pair[0] as f32).sqrt();
            std::iter::repeat_n(scale, (pair[0] + 1) * pair[1])
        });
        (0..)
            .zip(scales)
            .map(|(place, scale)| signed_at(self.stream, place) * scale)
            .collect()
    }

    /// The same, cut into layers.
    pub fn layers(&self) -> Vec<Layer> {
        let mut parameters = self.parameters().into_iter();
        let mut take = |count| parameters.by_ref().take(count).collect::<Vec<f32>>();
        let layer = |pair: &[usize]| Layer {
            inputs: pair[0],
            outputs: pair[1],
            weights: take(pair[0] * pair[1]),
            bias: take(pair[1]),
        };
        self.sizes.windows(2).map(layer).collect()
    }
}

/// Of W1 and W2.
pub const XOR: Architecture = Architecture {
    sizes: &[2, 3, 1],
    stream: 1,
};
/// Of W3 and W7.
pub const POLICY: Architecture = Architecture {
    sizes: &[13, 64, 64, 4],
    stream: 2,
};
/// Of W4.
pub const SMALL: Architecture = Architecture {
    sizes: &[64, 64, 64, 10],
    stream: 3,
};
/// Of W5 and W6.
pub const IMAGES: Architecture = Architecture {
    sizes: &[784, 128, 10],
    stream: 4,
};

/// The samples of W1 and W2.
pub const XOR_SAMPLES: [([f32; 2], [f32; 1]); 4] = [
    ([0.0, 0.0], [0.0]),
    ([0.0, 1.0], [1.0]),
    ([1.0, 0.0], [1.0]),
    ([1.0, 1.0], [0.0]),
];
/// Samples in a batch of W5 and W7.
pub const BATCH: usize = 32;
/// Samples of W6b, of which the first is that of W6a.
pub const MANY: usize = 64;

/// The input of W3.
pub fn policy_input() -> [f32; 13] {
    std::array::from_fn(|place| signed_at(10, place as u32))
}

/// The input of W4.
pub fn small_input() -> [f32; 64] {
    std::array::from_fn(|place| signed_at(11, place as u32))
}

/// The inputs and classes of W5.
pub fn images_batch() -> (Vec<[f32; 784]>, Vec<usize>) {
    (
        rows(&unit(12, 784 * BATCH as u32)),
        classes(13, BATCH as u32),
    )
}

/// The inputs of W6.
pub fn images_inputs() -> Vec<[f32; 784]> {
    rows(&unit(14, 784 * MANY as u32))
}

/// The inputs and targets of W7.
pub fn policy_batch() -> (Vec<[f32; 13]>, Vec<[f32; 4]>) {
    let count = BATCH as u32;
    (rows(&signed(15, 13 * count)), rows(&signed(16, 4 * count)))
}

fn rows<const N: usize>(values: &[f32]) -> Vec<[f32; N]> {
    values.as_chunks().0.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_the_same() {
        assert_eq!(unit(12, 3), [0.000_831_484_8, 0.438_564_66, 0.783_427_06]);
        assert_eq!(signed(12, 1), [2.0 * 0.000_831_484_8 - 1.0]);
    }

    #[test]
    fn layers_are_cut_from_the_parameters() {
        let layers = XOR.layers();
        let parameters = XOR.parameters();
        assert_eq!(parameters.len(), 13);
        assert_eq!(layers[0].weights, parameters[..6]);
        assert_eq!(layers[1].bias, parameters[12..]);
        assert_eq!(layers[0].transposed()[1], parameters[3]);
    }
}
