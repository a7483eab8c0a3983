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

/// Paints the stack; returns where the frame that is the lowest now ends.
pub(super) fn paint() -> usize {
    let here = pointer();
    let end = here.wrapping_sub(OWN);
    let mut word = &raw mut LOWEST;
    while (word as usize) < end {
        // SAFETY: between the linker's end of the statics and this frame lies nothing
        unsafe { word.write_volatile(PAINT) };
        word = word.wrapping_add(1);
    }
    here
}

/// The bytes from there down to the lowest that is not painted.
pub(super) fn used(here: usize) -> Option<u32> {
    let mut word = &raw const LOWEST;
    // SAFETY: as above
    while (word as usize) < here && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    Some(here.wrapping_sub(word as usize) as u32)
}
