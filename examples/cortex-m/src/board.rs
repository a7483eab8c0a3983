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

/// Takes text, and measures.
pub trait Board {
    /// Writes text to whoever runs the program.
    fn write(&mut self, text: &str);

    /// Does work once, and writes how many bytes of the stack it took, if the board can tell.
    fn stack<R>(&mut self, name: &str, work: impl FnOnce() -> R) -> R {
        let _ = name;
        work()
    }

    /// Does work once, and writes how many instructions it took, if the board can tell.
    fn instructions<R>(&mut self, name: &str, work: impl FnOnce() -> R) -> R {
        let _ = name;
        work()
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
    fn line(&mut self, name: &str, numbers: impl IntoIterator<Item = u32>) {
        self.write(name);
        for number in numbers {
            self.number(number);
        }
        self.write("\n");
    }

    /// Writes the bits of floats.
    fn bits<'a>(&mut self, name: &str, numbers: impl IntoIterator<Item = &'a f32>) {
        self.line(name, numbers.into_iter().map(|number| number.to_bits()));
    }
}

/// A hexadecimal digit.
#[inline(never)]
fn digit(value: u32) -> &'static str {
    const DIGITS: &str = "0123456789abcdef";
    let place = value as usize;
    DIGITS.get(place..place + 1).unwrap_or("?")
}
