//! Files: parameters and training as bytes, in a compact format that needs neither heap nor std.
//!
//! [`save`] writes into a buffer, whose [`length`] is a constant of the type; [`load`] reads into what is there, and
//! after an error leaves all of it as it was.
//!
//! ```
//! use sizednet::{Dense, Network, Sigmoid, file, sizes::*};
//!
//! type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
//! let network = Network::<Xor>::zeros();
//!
//! let mut eeprom = [0; Network::<Xor>::FILE_BYTES];
//! file::save(&network, &mut eeprom)?;
//!
//! let mut copy = Network::<Xor>::zeros();
//! file::load(&mut copy, &eeprom)?;
//! assert_eq!(copy, network);
//!
//! // a file that was cut says so, and changes nothing
//! let error = file::load(&mut copy, &eeprom[..40]).unwrap_err();
//! assert_eq!(error, file::LoadError::Length { file: 40, wanted: 88 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Checkpoints
//!
//! A file holds one thing or a tuple of them. A network with its trainer is a checkpoint: parameters, the optimizer's
//! state, seed, epoch and number of updates. Training goes on from it bit for bit as if it had not stopped; settings (loss,
//! optimizer, learning rate, batch) are code, and are not in the file.
//!
//! ```
//! use sizednet::{Adam, Dense, MeanSquaredError, Network, Trainer, file, sizes::U1};
//!
//! let samples = [([0.0], [1.0]), ([1.0], [3.0]), ([2.0], [5.0])];
//! let mut network = Network::<Dense<U1, U1>>::zeros();
//! let mut trainer = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
//! trainer.epoch(&mut network, &samples)?;
//! let checkpoint = file::to_vec((&network, &trainer));
//!
//! // another day
//! let mut again = Network::<Dense<U1, U1>>::zeros();
//! let mut its_trainer = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
//! file::load((&mut again, &mut its_trainer), &checkpoint)?;
//! assert_eq!(its_trainer.epoch(&mut again, &samples)?, trainer.epoch(&mut network, &samples)?);
//! assert_eq!(again, network);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a file holds beside what is asked for is passed over, so a network alone can be read from a checkpoint; things are
//! asked for in the order in which they were written.
//!
//! What an input passes through before it reaches the network is shipped with it:
//!
//! ```
//! use sizednet::{Dense, Network, Standardize, file, sizes::*};
//!
//! type Shipped = (Standardize<U2>, Network<Dense<U2, U3>>);
//! let (scaling, network): Shipped = (Standardize::fit(&[[1.0, 7.0], [5.0, 9.0]])?, Network::zeros());
//! let mut flash = [0; file::length::<Shipped>()];
//! file::save((&scaling, &network), &mut flash)?;
//!
//! let mut found: Shipped = (Standardize::default(), Network::zeros());
//! file::load((&mut found.0, &mut found.1), &flash)?;
//! assert_eq!(found.0.applied(&[5.0, 8.0]), [1.0, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Format
//!
//! All numbers are little-endian. A header of 16 bytes: the magic bytes `SNET`, the version (`u32`, 1), the bytes of
//! the whole file (`u32`), and the CRC-32 (ISO-HDLC, that of zip) of all bytes but these four
//! (`u32`). Then the sections, each of them with a header of 16 bytes: three letters for what it holds and a digit for the
//! bytes of a number, the fingerprint of the architecture (`u64`), the bytes of its content (`u32`). The content is padded
//! with zeros to a multiple of 8 bytes.
//!
//! | section | content | fingerprint |
//! |---|---|---|
//! | `NET` | parameters | the network's |
//! | `OPT` | the arrays of the optimizer's state | of optimizer and network |
//! | `RUN` | seed (`u64`), epoch (`u32`), updates (`u32`) | of optimizer and network |
//! | `STD`, `MMX` | what `Standardize` and `MinMax` found: means and scales, minima and ranges | of the shape |
//! | `STP` | early stop: lowest loss, times waited and whether there is a loss (`u32`), parameters | the network's |
//!
//! Any flipped bit, and any cut, is an error.

#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

use crate::WrongLength;

mod error;
mod section;
mod stored;

pub use error::LoadError;
pub use section::{Load, Reader, Save, Sections, Writer};

/// The bytes of the file's header.
const HEADER: usize = 16;

/// The bytes of a file that holds a `V`: [`Network::FILE_BYTES`](crate::Network::FILE_BYTES) for one network.
///
/// ```
/// use sizednet::{Dense, Network, file, sizes::*};
///
/// type Actor = Network<Dense<U2, U3>>;
/// type Critic = Network<Dense<U2, U1>>;
/// let mut flash = [0; file::length::<(Actor, Critic)>()];
/// file::save((&Actor::zeros(), &Critic::zeros()), &mut flash)?;
/// # Ok::<(), sizednet::WrongLength>(())
/// ```
///
/// # Panics
///
/// If a file would be larger than 4 GiB; as a constant, it does not compile.
#[must_use]
pub const fn length<V: Sections>() -> usize {
    let length = HEADER + V::BYTES;
    assert!(length as u64 <= u32::MAX as u64, "a file has at most 4 GiB");
    length
}

/// Writes a file into a buffer of its very [`length`].
///
/// # Errors
///
/// [`WrongLength`] if the buffer is longer or shorter; nothing is then written.
pub fn save<V: Save>(value: V, file: &mut [u8]) -> Result<(), WrongLength> {
    let wanted = const { length::<V>() };
    if file.len() != wanted {
        return Err(WrongLength {
            given: file.len(),
            wanted,
        });
    }
    write(value, file);
    Ok(())
}

/// Writes a file into bytes of its length.
fn write<V: Save>(value: V, file: &mut [u8]) {
    let (header, sections) = file.split_at_mut(HEADER);
    value.save(&mut Writer::new(sections));
    section::seal(header, sections);
}

/// A file as a vector.
///
/// ```
/// use sizednet::{Dense, Network, file, sizes::*};
///
/// let network = Network::<Dense<U2, U1>>::zeros();
/// std::fs::write(std::env::temp_dir().join("sum.snet"), file::to_vec(&network))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "alloc")]
pub fn to_vec<V: Save>(value: V) -> Vec<u8> {
    let mut file = vec![0; const { length::<V>() }];
    write(value, &mut file);
    file
}

/// Reads a file into what is there.
///
/// # Errors
///
/// [`LoadError`] if the file is cut or damaged, or holds something else; all is then as it was.
pub fn load<V: Load>(value: V, file: &[u8]) -> Result<(), LoadError> {
    read(value, file, false)
}

/// [`load`], and refuses numbers that are not finite.
///
/// ```
/// use sizednet::{Dense, GenericArray, Network, file, sizes::*};
///
/// let broken = Network::<Dense<U1, U1>>::from_parameters(GenericArray::from_array([1.0, f32::NAN]));
/// let file = file::to_vec(&broken);
/// let mut network = Network::<Dense<U1, U1>>::zeros();
/// assert_eq!(file::load_finite(&mut network, &file), Err(file::LoadError::NotFinite { index: 1 }));
/// ```
///
/// # Errors
///
/// [`LoadError`]; all is then as it was.
pub fn load_finite<V: Load>(value: V, file: &[u8]) -> Result<(), LoadError> {
    read(value, file, true)
}

/// Looks for all, and only then writes.
fn read<V: Load>(mut value: V, file: &[u8], finite: bool) -> Result<(), LoadError> {
    let sections = section::Sectioned::open(file)?;
    V::find(&mut sections.reader(finite))?;
    value.load(&mut sections.reader(finite))
}
