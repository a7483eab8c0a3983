//! Runs one hot loop a given number of times, so that callgrind can count its instructions.
//!
//! It runs in a thread of its own: there the stack begins at a page and the heap in an arena of its own, so that no count
//! depends on the length of the environment or of the program's path, as it would by what `memcpy` makes of alignment.

mod loops;

use std::process::ExitCode;
use std::thread;

use loops::Loop;

const HELP: &str = "\
Runs a hot loop so many times; `bash benches/counts/run` counts its instructions.

Usage: counts LOOP TIMES
       counts --list       the loops, each with a number of times that is enough
       counts --machine    what the kernels find on this machine";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--list"] => {
            for Loop { name, times, .. } in loops::all() {
                println!("{name} {times}");
            }
        }
        ["--machine"] => println!("{}", machine()),
        ["--help"] => println!("{HELP}"),
        [wanted, times] => {
            let found = loops::all().into_iter().find(|it| it.name == wanted);
            let (Some(found), Ok(times)) = (found, times.parse()) else {
                return refuse();
            };
            if thread::spawn(move || (found.run)(times)).join().is_err() {
                return ExitCode::FAILURE;
            }
        }
        _ => return refuse(),
    }
    ExitCode::SUCCESS
}

fn refuse() -> ExitCode {
    eprintln!("{HELP}");
    ExitCode::from(2)
}

/// What decides which kernels run, as the crate finds it: under valgrind, on the machine that it plays.
fn machine() -> String {
    let bits = sizednet::kernel::vector_bits();
    format!("{}, vectors of {bits} bits", std::env::consts::ARCH)
}
