//! What is made on the PC before the firmware: the weights that lie in flash, and the linker's view of the memory.

use std::path::Path;
use std::{env, fs};

#[path = "build/digits.rs"]
mod digits;
#[path = "src/tasks.rs"]
mod tasks;
#[path = "build/weights.rs"]
mod weights;

/// Handwritten digits, 8 by 8 pixels.
const IMAGES: &str = "../data/files/digits.csv.gz";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = env::var("OUT_DIR")?;
    let learned = digits::learned(Path::new(IMAGES))?;
    fs::write(
        Path::new(&out).join("weights.rs"),
        weights::source(&learned)?,
    )?;
    fs::write(Path::new(&out).join("held-out"), &learned.held_out)?;
    for watched in ["build.rs", "build", "links", "src/tasks.rs", IMAGES] {
        println!("cargo::rerun-if-changed={watched}");
    }

    if env::var("CARGO_CFG_TARGET_OS")? == "none" {
        let package = env::var("CARGO_MANIFEST_DIR")?;
        println!("cargo::rustc-link-search={package}/links");
        let script = match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
            // of cortex-m-rt, which reads memory.x
            "arm" => "link.x",
            _ => "riscv.x",
        };
        println!("cargo::rustc-link-arg-bins=-T{script}");
        // sections need not begin on pages
        println!("cargo::rustc-link-arg-bins=--nmagic");
    }
    // other builds may keep checks that the optimizer of this one proves needless; a PC has a panic handler of its own
    if env::var("OPT_LEVEL")? == "3" {
        println!("cargo::rustc-cfg=no_panic_paths");
    }
    Ok(())
}
