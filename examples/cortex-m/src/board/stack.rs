//! How far down the stack reaches: it is painted, and then looked at.

const PAINT: u32 = 0xc5c5_c5c5;
/// The bytes below the painter's stack pointer that stay bare: room for the registers it saves after it has read the
/// pointer, and in an unoptimized build for the functions it calls to write a word.
const OWN: usize = if cfg!(debug_assertions) { 256 } else { 64 };

unsafe extern "C" {
    // the lowest word of the stack, by the linker script
    #[cfg_attr(target_arch = "arm", link_name = "__sheap")]
    #[cfg_attr(target_arch = "riscv32", link_name = "_stack_end")]
    static mut LOWEST: u32;
}

/// Calls `work` on a painted stack; also returns the bytes between this frame and the lowest that was written.
#[inline(never)]
pub(super) fn measure<R>(work: impl FnOnce() -> R) -> (R, u32) {
    let here = pointer();
    paint();
    let result = call(work);
    (result, here.wrapping_sub(reached(here)) as u32)
}

/// In a frame of its own.
#[inline(never)]
fn call<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[inline(always)]
fn pointer() -> usize {
    let pointer;
    // SAFETY: it reads a register
    #[cfg(target_arch = "arm")]
    unsafe {
        core::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack));
    }
    // SAFETY: it reads a register
    #[cfg(target_arch = "riscv32")]
    unsafe {
        core::arch::asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack));
    }
    pointer
}

#[inline(never)]
fn paint() {
    let end = pointer().wrapping_sub(OWN);
    let mut word = &raw mut LOWEST;
    while (word as usize) < end {
        // SAFETY: between the linker's end of the statics and this frame lies nothing
        unsafe { word.write_volatile(PAINT) };
        word = word.wrapping_add(1);
    }
}

/// The lowest address that is not painted.
#[inline(never)]
fn reached(here: usize) -> usize {
    let mut word = &raw const LOWEST;
    // SAFETY: as above
    while (word as usize) < here && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    word as usize
}
