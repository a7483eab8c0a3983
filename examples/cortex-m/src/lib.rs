//! Programs for microcontrollers that learn, and the boards they run on.
//!
//! A program is safe code that knows nothing of its board: it runs on the PC as well, and prints the same lines there.
//! What differs from machine to machine, such as instructions and bytes of stack, is on lines that begin with `@`.
#![no_std]

pub mod board;
pub mod camera;
pub mod digits;
pub mod empty;
mod hash;
pub mod policy;
pub mod sine;
pub mod sine_adam;
pub mod tasks;
pub mod xor;
pub mod xor_batch;
pub mod xor_inference;

/// Networks that were trained on the PC.
mod weights {
    include!(concat!(env!("OUT_DIR"), "/weights.rs"));
}

/// The program's entry, on whatever it is built for. Its memory is a `static` that was never on a stack.
#[macro_export]
macro_rules! firmware {
    ($program:ident) => {
        use $crate::board::Device;
        use $crate::$program::{Memory, run};

        #[cfg(not(any(target_os = "none", target_os = "unknown")))]
        fn main() -> std::process::ExitCode {
            let learned = run(Box::leak(Box::new(Memory::NEW)), &mut Device);
            std::process::ExitCode::from(u8::from(!learned))
        }

        #[cfg(any(target_os = "none", target_os = "unknown"))]
        #[cfg_attr(target_os = "none", unsafe(export_name = "main"))]
        #[cfg_attr(target_os = "unknown", unsafe(export_name = "run"))]
        extern "C" fn start() -> u32 {
            static mut MEMORY: Memory = Memory::NEW;
            let mut device = Device::start();
            // SAFETY: the start-up code calls this once, and nothing else names the memory
            let learned = run(unsafe { &mut *(&raw mut MEMORY) }, &mut device);
            device.stop(learned)
        }
    };
}
