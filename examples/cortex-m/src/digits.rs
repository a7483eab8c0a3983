//! Handwritten digits, told by a network that was trained on the PC, whose weights lie in flash.

use sizednet::{Borrowed, Class, Network};

use crate::board::Board;
use crate::tasks::{Digits, pixels};
use crate::weights;

static NETWORK: Network<Digits, f32, Borrowed<'static>> = Network::compiled_in(&weights::DIGITS);

/// Images that the network has not seen: 64 pixels, and the digit.
pub(crate) static HELD_OUT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/held-out"));

/// No memory but the stack.
#[derive(Debug)]
pub struct Memory;

impl Memory {
    /// None.
    pub const NEW: Self = Self;
}

/// Tells all held-out images, and reports each answer.
pub fn run(_: &mut Memory, board: &mut impl Board) -> bool {
    let (images, _) = HELD_OUT.as_chunks::<65>();
    let (mut right, mut count) = (0, 0);
    for [image @ .., digit] in images {
        let input = pixels(image);
        // the first alone, as it takes time
        let answer = if count == 0 {
            let stack = board.stack_starts();
            let instructions = board.count_starts();
            let answer = answer(&input);
            board.count_ends("forward", instructions);
            board.stack_ends("running", stack, Network::<Digits>::STACK_BYTES);
            answer
        } else {
            answer(&input)
        };
        board.line("digit, answer", &[(*digit).into(), answer]);
        right += u32::from(answer == u32::from(*digit));
        count += 1;
    }
    board.line("right, of", &[right, count]);
    // nine of ten
    count > 0 && right * 10 >= count * 9
}

#[inline(never)]
fn answer(image: &[f32; 64]) -> u32 {
    let Class(class) = NETWORK.classify(image);
    class as u32
}
