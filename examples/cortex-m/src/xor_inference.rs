//! XOR, learned on the PC: the weights lie in flash.

use core::hint::black_box;

use sizednet::{Borrowed, Network};

use crate::board::Board;
use crate::tasks::{ROWS, Xor};
use crate::weights;

static NETWORK: Network<Xor, f32, Borrowed<'static>> = Network::compiled_in(&weights::XOR);

/// No memory but the stack.
#[derive(Debug)]
pub struct Memory;

impl Memory {
    /// None.
    pub const NEW: Self = Self;
}

/// Answers the four rows.
pub fn run(_: &mut Memory, board: &mut impl Board) -> bool {
    board.bits("weights", NETWORK.parameters());
    let mut right = 0;
    for (input, target) in black_box(&ROWS) {
        let output = board.instructions("forward", || NETWORK.forward(input));
        board.bits("output", &output);
        right += u32::from((output[0] > 0.5) == (target[0] > 0.5));
    }
    let [(input, _), ..] = black_box(&ROWS);
    board.stack("running", || black_box(NETWORK.forward(input)));
    board.line("right", [right]);
    right == 4
}
