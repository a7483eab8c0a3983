//! The quick tests of single parts, in one binary so that it links once.

mod torch;
