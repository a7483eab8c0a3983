//! What a program asks of the machine it runs on.

#[cfg(all(target_arch = "arm", target_os = "none"))]
mod cortex_m;
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub use cortex_m::Device;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
mod riscv;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
pub use riscv::Device;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod wasm;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub use wasm::Device;
#[cfg(not(any(target_os = "none", target_os = "unknown")))]
mod host;
#[cfg(not(any(target_os = "none", target_os = "unknown")))]
pub use host::Device;
#[cfg(any(target_os = "none", target_os = "unknown"))]
mod panic;
#[cfg(target_os = "none")]
mod stack;
/// Elsewhere nothing is painted.
#[cfg(not(target_os = "none"))]
mod stack {
    pub(super) fn paint() -> usize {
        0
    }
    pub(super) fn used(_: usize) -> Option<u32> {
        None
    }
}

/// Takes text, and measures.
pub trait Board {
    /// Writes text to whoever runs the program.
    fn write(&mut self, text: &str);

    /// Paints the stack below this frame, if there is one to paint, to see how much of it is used until
    /// [`stack_ends`](Self::stack_ends); returns where this frame ends.
    #[inline(never)]
    fn stack_starts(&mut self) -> usize {
        stack::paint()
    }

    /// Writes how many bytes of the stack were used, and how many are those of arrays by the constants of the types.
    #[inline(never)]
    fn stack_ends(&mut self, name: &str, start: usize, arrays: usize) {
        if let Some(bytes) = stack::used(start) {
            self.write("@stack ");
            self.line(name, &[bytes, arrays as u32]);
        }
    }

    /// Starts to count instructions.
    fn count_starts(&mut self) -> u32 {
        0
    }

    /// Writes how many instructions there were, if the board can tell.
    fn count_ends(&mut self, name: &str, start: u32) {
        let _ = (name, start);
    }

    /// Writes a number as eight hexadecimal digits; to format a float would take more flash than to train.
    #[inline(never)]
    fn number(&mut self, number: u32) {
        self.write(" ");
        let mut rest = number;
        for _ in 0..8 {
            rest = rest.rotate_left(4);
            self.write(digit(rest & 15));
        }
    }

    /// Writes a line: a name and numbers.
    #[inline(never)]
    fn line(&mut self, name: &str, numbers: &[u32]) {
        self.write(name);
        for number in numbers {
            self.number(*number);
        }
        self.write("\n");
    }

    /// Writes the bits of floats.
    #[inline(never)]
    fn bits(&mut self, name: &str, numbers: &[f32]) {
        self.write(name);
        for number in numbers {
            self.number(number.to_bits());
        }
        self.write("\n");
    }
}

/// A hexadecimal digit.
#[inline(never)]
fn digit(value: u32) -> &'static str {
    const DIGITS: &str = "0123456789abcdef";
    let place = value as usize;
    DIGITS.get(place..place + 1).unwrap_or("?")
}
