//! A RISC-V processor, QEMU's `virt`: text goes to its serial port, and `minstret` counts.

use super::Board;

// the stack, then the program
core::arch::global_asm!(
    ".section .text.start,\"ax\"",
    ".globl _start",
    "_start:",
    "la sp, _stack_start",
    "call main",
    "1: j 1b",
);

/// A port of bytes.
const SERIAL: *mut u8 = 0x1000_0000 as *mut u8;
/// What is written here ends the emulator.
const FINISHER: *mut u32 = 0x0010_0000 as *mut u32;

/// A RISC-V processor.
#[derive(Debug)]
pub struct Device;

impl Device {
    /// Writes that one instruction is one tick.
    pub fn start() -> Self {
        let mut device = Self;
        let start = device.count_starts();
        let nothing = passed(start);
        device.line("@ticks", &[nothing, 4_000]);
        device
    }

    /// Ends the emulator; does not return.
    pub fn stop(self, success: bool) -> u32 {
        let code = if success { 0x5555 } else { 1 << 16 | 0x3333 };
        // SAFETY: the machine has its finisher there
        unsafe { FINISHER.write_volatile(code) };
        // the emulator is gone by now
        loop {
            core::hint::spin_loop();
        }
    }
}

/// Instructions since then.
#[inline(never)]
fn passed(start: u32) -> u32 {
    retired().wrapping_sub(start)
}

/// Instructions so far.
#[inline(always)]
fn retired() -> u32 {
    let count;
    // SAFETY: it reads a register
    unsafe { core::arch::asm!("rdinstret {}", out(reg) count, options(nostack)) };
    count
}

impl Board for Device {
    #[inline(never)]
    fn write(&mut self, text: &str) {
        for byte in text.bytes() {
            // SAFETY: the machine has its serial port there
            unsafe { SERIAL.write_volatile(byte) };
        }
    }

    #[inline(never)]
    fn count_starts(&mut self) -> u32 {
        retired()
    }

    #[inline(never)]
    fn count_ends(&mut self, name: &str, start: u32) {
        let count = passed(start);
        self.write("@instructions ");
        self.line(name, &[count]);
    }
}
