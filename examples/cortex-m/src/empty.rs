//! Nothing but the board: what the other programs' flash is measured against. It writes and measures as they do.

use core::hint::black_box;

use crate::board::Board;
use crate::hash::Hash;

/// No memory.
#[derive(Debug)]
pub struct Memory;

impl Memory {
    /// None.
    pub const NEW: Self = Self;
}

/// Measures nothing.
pub fn run(_: &mut Memory, board: &mut impl Board) -> bool {
    let mut hash = Hash::NEW;
    let start = board.stack_starts();
    hash.add(black_box(1.0));
    board.stack_ends("nothing", start, 0);
    let start = board.count_starts();
    board.count_ends("nothing", start);
    board.line("losses", &hash.halves());
    board.bits("numbers", &black_box([1.0, 2.0]));
    true
}
