//! The PC: text goes to standard output, and nothing is measured.

extern crate std;

use super::Board;

/// The PC.
#[derive(Debug)]
pub struct Device;

impl Board for Device {
    fn write(&mut self, text: &str) {
        std::print!("{text}");
    }
}
