//! A number for many numbers: FNV-1a over their bits.

/// What all numbers so far come to.
#[derive(Debug, Clone, Copy)]
pub struct Hash(u64);

impl Hash {
    /// Of no numbers.
    pub const NEW: Self = Self(0xcbf2_9ce4_8422_2325);

    /// Adds a number, all its bits at once.
    pub fn add(&mut self, number: f32) {
        self.0 = (self.0 ^ u64::from(number.to_bits())).wrapping_mul(0x0100_0000_01b3);
    }

    /// Its upper and lower half.
    pub fn halves(self) -> [u32; 2] {
        [(self.0 >> 32) as u32, self.0 as u32]
    }
}
