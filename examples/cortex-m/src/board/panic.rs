//! What happens in a panic: in a release build there is none, and the linker proves it.

use core::panic::PanicInfo;

/// A panic that can be reached calls a function that is nowhere, so that the program does not link.
#[cfg(no_panic_paths)]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_panic_can_be_reached() -> !;
    }
    a_panic_can_be_reached()
}

#[cfg(not(no_panic_paths))]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    use super::{Board, Device};
    let mut device = Device::start();
    device.write("panic\n");
    device.stop(false);
    // the emulator is gone by now
    loop {
        core::hint::spin_loop();
    }
}
