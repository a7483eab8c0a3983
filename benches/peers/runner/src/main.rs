//! Stub.
use harness::{Work, reference};
fn main() {
    for w in Work::ALL {
        println!(
            "{} {:.9} {:?}",
            w.name(),
            reference::value(w),
            w.operations()
        );
    }
}
