//! Why a file cannot be read.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

/// Why a file cannot be read; what was to be loaded is as it was.
///
/// ```
/// use sizednet::{Dense, Network, file, sizes::*};
///
/// let file = file::to_vec(&Network::<Dense<U2, U3>>::zeros());
/// let error = file::load(&mut Network::<Dense<U3, U2>>::zeros(), &file).unwrap_err();
/// assert!(error.to_string().starts_with("the file is of another architecture"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// It does not begin as a file of this crate does.
    Magic,
    /// It is of a version that this crate does not know.
    Version {
        /// The file's version.
        file: u32,
    },
    /// It is shorter or longer than its header says, or too short for a header: it was cut, or something follows it.
    Length {
        /// How many bytes there are.
        file: usize,
        /// How many there have to be.
        wanted: usize,
    },
    /// Its checksum or its sections are wrong: some bytes are not as they were written.
    Damaged,
    /// It does not hold what is asked for.
    Missing {
        /// What is asked for.
        what: &'static str,
    },
    /// Its numbers are of another type.
    NumberType {
        /// The bytes of a number in the file: 4 for `f32`, 8 for `f64`.
        file: usize,
        /// The bytes of a number that is asked for.
        wanted: usize,
    },
    /// It is of another architecture, or of another optimizer.
    Architecture {
        /// What is asked for.
        what: &'static str,
        /// The file's fingerprint.
        file: u64,
        /// The [fingerprint](crate::Network::FINGERPRINT) of what is asked for.
        wanted: u64,
    },
    /// A number is infinite or NaN.
    NotFinite {
        /// Its index among the numbers of its section.
        index: usize,
    },
    /// The numbers do not begin where memory is aligned for their type, so they can't be borrowed.
    Misaligned,
    /// This machine is big-endian, so numbers can't be borrowed from a file, only loaded.
    BigEndian,
}

impl Display for LoadError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match *self {
            Self::Magic => f.write_str("it is not a file of this format"),
            Self::Version { file } => {
                write!(f, "the file is of version {file}, known is version 1")
            }
            Self::Length { file, wanted } => {
                let what = if file < wanted { "cut" } else { "too long" };
                write!(f, "the file is {what}: {file} bytes where {wanted} are needed")
            }
            Self::Damaged => f.write_str("the file is damaged: its checksum is wrong"),
            Self::Missing { what } => write!(f, "the file holds no {what}"),
            Self::NumberType { file, wanted } => {
                let bits = |bytes| bytes * 8;
                write!(f, "the file holds f{}, wanted are f{}", bits(file), bits(wanted))
            }
            Self::Architecture { what, file, wanted } => write!(
                f,
                "the file is of another architecture: its {what} has the fingerprint {file:#018x}, wanted is {wanted:#018x}"
            ),
            Self::NotFinite { index } => write!(f, "number {index} is infinite or NaN"),
            Self::Misaligned => f.write_str(
                "the numbers are not aligned in memory, so they can't be borrowed; they can be loaded",
            ),
            Self::BigEndian => f.write_str(
                "numbers can't be borrowed from a file on a big-endian machine; they can be loaded",
            ),
        }
    }
}

impl Error for LoadError {}
