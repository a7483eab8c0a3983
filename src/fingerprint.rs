//! The fingerprint: an architecture as a number.

/// 64-bit FNV-1a, continued from `hash`.
const fn bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

const fn numbers(mut hash: u64, numbers: &[usize]) -> u64 {
    hash = bytes(hash, &(numbers.len() as u64).to_le_bytes());
    let mut i = 0;
    while i < numbers.len() {
        hash = bytes(hash, &(numbers[i] as u64).to_le_bytes());
        i += 1;
    }
    hash
}

/// The fingerprint of one layer.
pub(crate) const fn of_layer(
    name: &str,
    detail: &str,
    input: &[usize],
    output: &[usize],
    parameters: usize,
) -> u64 {
    let mut hash = bytes(0xcbf2_9ce4_8422_2325, name.as_bytes());
    hash = bytes(hash, &[0]);
    hash = bytes(hash, detail.as_bytes());
    hash = bytes(hash, &[0]);
    hash = numbers(hash, input);
    hash = numbers(hash, output);
    numbers(hash, &[parameters])
}

/// The fingerprint of a layer that has more numbers than its shapes tell, such as a stride.
pub(crate) const fn with(layer: u64, more: &[usize]) -> u64 {
    numbers(layer, more)
}

/// The fingerprint of `first`, then `second`, which holds `layers` layers: a polynomial in the layers' fingerprints, so
/// that it does not depend on nesting.
pub(crate) const fn then(first: u64, second: u64, layers: usize) -> u64 {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut power = 1_u64;
    let mut i = 0;
    while i < layers {
        power = power.wrapping_mul(BASE);
        i += 1;
    }
    first.wrapping_mul(power).wrapping_add(second)
}
