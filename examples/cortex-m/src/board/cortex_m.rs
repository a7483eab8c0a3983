//! A Cortex-M under QEMU: text goes out by semihosting, and SysTick counts under `-icount`.

use core::hint::black_box;

use cortex_m::peripheral::{Peripherals, SYST, syst::SystClkSource};
// the vector table and the start-up
use cortex_m_rt as _;
use cortex_m_semihosting::{debug, hio};

use super::Board;

/// A Cortex-M.
#[derive(Debug)]
pub struct Device;

impl Device {
    /// Starts the counter, and writes what 4,000 instructions are in its ticks.
    pub fn start() -> Self {
        // SAFETY: nothing else uses the counter
        let mut counter = unsafe { Peripherals::steal() }.SYST;
        counter.set_clock_source(SystClkSource::Core);
        counter.set_reload(0x00ff_ffff);
        counter.clear_current();
        counter.enable_counter();
        let mut device = Self;
        let start = device.count_starts();
        let nothing = passed(start);
        let start = device.count_starts();
        spin(black_box(1_000));
        let few = passed(start);
        let start = device.count_starts();
        spin(black_box(3_000));
        let more = passed(start);
        device.line("@ticks", &[nothing, more.wrapping_sub(few)]);
        device
    }

    /// Ends the emulator; does not return.
    pub fn stop(self, success: bool) -> u32 {
        debug::exit(if success {
            debug::EXIT_SUCCESS
        } else {
            debug::EXIT_FAILURE
        });
        loop {
            cortex_m::asm::nop();
        }
    }
}

/// Takes two instructions for each of `count`.
#[inline(never)]
fn spin(count: u32) {
    // SAFETY: it counts a register down
    unsafe { core::arch::asm!("2: subs {0}, #1", "bne 2b", inout(reg) count => _) }
}

/// The ticks since then, of 24 bits; the counter counts down.
#[inline(never)]
fn passed(start: u32) -> u32 {
    start.wrapping_sub(SYST::get_current()) & 0x00ff_ffff
}

impl Board for Device {
    #[inline(never)]
    fn write(&mut self, text: &str) {
        if let Ok(mut host) = hio::hstdout() {
            // a host that takes no text is not there to be told
            let _ = host.write_all(text.as_bytes());
        }
    }

    #[inline(never)]
    fn count_starts(&mut self) -> u32 {
        SYST::get_current()
    }

    #[inline(never)]
    fn count_ends(&mut self, name: &str, start: u32) {
        let ticks = passed(start);
        self.write("@instructions ");
        self.line(name, &[ticks]);
    }
}
