//! The random order of the samples: a function of seed, epoch and number of samples.

/// A bijection of 64 bits in which each bit of the input moves each bit of the output (the finalizer of `SplitMix64`,
/// Steele, Lea and Flood, 2014).
#[cfg_attr(feature = "small", inline(never))]
#[must_use]
pub(crate) const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes 0 to `order.len() - 1` in a random order.
pub(crate) fn shuffle(seed: u64, epoch: u32, order: &mut [u32]) {
    for (number, place) in (0..).zip(order.iter_mut()) {
        *place = number;
    }
    permute(seed, epoch, order);
}

/// Puts numbers into a random order (Fisher and Yates; Durstenfeld, 1964).
///
/// The place of each number is taken from the upper bits of a product, which favors some places by less than 2^-32
/// times how many there are.
pub(crate) fn permute(seed: u64, epoch: u32, order: &mut [u32]) {
    let mut state = mix(seed ^ mix(u64::from(epoch) << 32 | order.len() as u64));
    let mut rest = order;
    while let Some((_, shorter)) = rest.split_last_mut() {
        state = mix(state);
        let length = shorter.len() as u64 + 1;
        let chosen = (((state >> 32) * length) >> 32) as usize;
        if chosen < shorter.len() {
            let last = shorter.len();
            rest.swap(chosen, last);
        }
        let shorter = rest.len() - 1;
        rest = rest.split_at_mut(shorter).0;
    }
}
