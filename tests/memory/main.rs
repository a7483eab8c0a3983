//! Memory: where a network lies, and how much room that takes.

mod stack;
mod storage;
