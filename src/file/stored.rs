//! What files hold: networks, trainers, early stops, fitted scales.

use generic_array::typenum::Unsigned;

use super::section::{Label, Reader, cut, get_numbers, put, put_numbers};
use super::{Load, LoadError, Save, Sections, Writer, length};
use crate::network::Network;
use crate::optimizer::{Optimizer, ParameterState, State};
use crate::storage::{Borrowed, OwnedStorage, Storage, StorageMut};
use crate::{Batching, EarlyStop, Layer, MinMax, Scalar, Shape, Standardize, Trainer, fingerprint};

/// The label of a section of numbers.
const fn numbers<T: Scalar>(
    what: &'static str,
    letters: [u8; 3],
    fingerprint: u64,
    count: usize,
) -> Label {
    Label {
        what,
        letters,
        number: size_of::<T>() as u8,
        fingerprint,
        content: count * size_of::<T>(),
    }
}

impl<L: Layer, T: Scalar, S: Storage> Network<L, T, S> {
    const LABEL: Label = numbers::<T>("network", *b"NET", L::FINGERPRINT, Self::PARAMETERS);

    /// The bytes of a [file](crate::file) that holds this network alone.
    ///
    /// ```
    /// use sizednet::{Dense, Network, file, sizes::*};
    ///
    /// type Policy = Network<(Dense<U2, U3>, Dense<U3, U1>)>;
    /// let mut eeprom = [0; Policy::FILE_BYTES];
    /// file::save(&Policy::zeros(), &mut eeprom)?;
    /// # Ok::<(), sizednet::WrongLength>(())
    /// ```
    pub const FILE_BYTES: usize = length::<Self>();
}

impl<L: Layer, T: Scalar, S: Storage> Sections for Network<L, T, S> {
    const BYTES: usize = Self::LABEL.bytes();
}

impl<L: Layer, T: Scalar, S: Storage> Save for &Network<L, T, S> {
    fn save(self, writer: &mut Writer<'_>) {
        put_numbers(
            writer.section(Network::<L, T, S>::LABEL),
            self.parameters().as_slice(),
        );
    }
}

impl<L: Layer, T: Scalar, S: StorageMut> Load for &mut Network<L, T, S> {
    fn find(reader: &mut Reader<'_>) -> Result<(), LoadError> {
        let content = reader.section(Network::<L, T, S>::LABEL)?;
        reader.check::<T>(content)
    }
    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), LoadError> {
        let content = reader.section(Network::<L, T, S>::LABEL)?;
        get_numbers(content, self.parameters_mut());
        Ok(())
    }
}

impl<'a, L: Layer, T: Scalar> Network<L, T, Borrowed<'a>> {
    /// A network over the bytes of a [file](crate::file), such as a memory-mapped one, without a copy.
    ///
    /// The bytes have to lie where a `T` may: memory-mapped files do, and vectors nearly always. `load` copes with any.
    ///
    /// ```
    /// use sizednet::{Borrowed, Dense, Network, file, sizes::*};
    ///
    /// type Sum = Dense<U2, U1>;
    /// #[repr(align(8))]
    /// struct Flash([u8; Network::<Sum>::FILE_BYTES]);
    ///
    /// let mut flash = Flash([0; Network::<Sum>::FILE_BYTES]);
    /// file::save(&Network::<Sum>::zeros(), &mut flash.0)?;
    /// let network = Network::<Sum, f32, Borrowed>::from_file(&flash.0)?;
    /// assert_eq!(network.forward(&[1.0, 2.0]), [0.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError`]: those of [`load`](crate::file::load), or that the numbers do not lie where they may.
    pub fn from_file(file: &'a [u8]) -> Result<Self, LoadError> {
        if cfg!(target_endian = "big") {
            return Err(LoadError::BigEndian);
        }
        let mut reader = super::section::Sectioned::open(file)?.reader(false);
        let numbers = T::cast(reader.section(Self::LABEL)?).ok_or(LoadError::Misaligned)?;
        Self::from_slice(numbers).map_err(|_| LoadError::Damaged)
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> EarlyStop<L, T, S> {
    const LABEL: Label = {
        let network = numbers::<T>("early stop", *b"STP", L::FINGERPRINT, L::Parameters::USIZE);
        Label {
            content: size_of::<T>() + 8 + network.content,
            ..network
        }
    };
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Sections for EarlyStop<L, T, S> {
    const BYTES: usize = Self::LABEL.bytes();
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Save for &EarlyStop<L, T, S> {
    fn save(self, writer: &mut Writer<'_>) {
        let (loss, rest) = cut(writer.section(EarlyStop::<L, T, S>::LABEL), size_of::<T>());
        let (waited, rest) = cut(rest, 4);
        let (seen, best) = cut(rest, 4);
        let (lowest, times, network) = self.parts();
        lowest.unwrap_or(T::ZERO).put_le(loss);
        put(waited, &times.to_le_bytes());
        put(seen, &u32::from(lowest.is_some()).to_le_bytes());
        put_numbers(best, network.parameters().as_slice());
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Load for &mut EarlyStop<L, T, S> {
    fn find(reader: &mut Reader<'_>) -> Result<(), LoadError> {
        let content = reader.section(EarlyStop::<L, T, S>::LABEL)?;
        let best = content
            .get(size_of::<T>() + 8..)
            .ok_or(LoadError::Damaged)?;
        reader.check::<T>(best)
    }
    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), LoadError> {
        let content = reader.section(EarlyStop::<L, T, S>::LABEL)?;
        let cut = |at| content.split_at_checked(at).ok_or(LoadError::Damaged);
        let ((loss, rest), (_, best)) = (cut(size_of::<T>())?, cut(size_of::<T>() + 8)?);
        let [waited, seen] = u32s(rest).ok_or(LoadError::Damaged)?;
        let loss = (seen != 0).then(|| T::from_le(loss));
        let network = self.set_parts(loss, waited);
        get_numbers(best, network.parameters_mut());
        Ok(())
    }
}

macro_rules! scalings {
    ($($name:ident $letters:literal $what:literal;)*) => {$(
        impl<I: Shape, T: Scalar> $name<I, T> {
            const LABEL: Label = numbers::<T>(
                $what,
                *$letters,
                fingerprint::of_layer($what, "", I::DIMENSIONS, &[], 0),
                2 * <I::Len as Unsigned>::USIZE,
            );
        }

        impl<I: Shape, T: Scalar> Sections for $name<I, T> {
            const BYTES: usize = Self::LABEL.bytes();
        }

        impl<I: Shape, T: Scalar> Save for &$name<I, T> {
            fn save(self, writer: &mut Writer<'_>) {
                let parts = self.parts();
                let content = writer.section($name::<I, T>::LABEL);
                let (first, second) = cut(content, size_of_val(parts[0]));
                put_numbers(first, parts[0]);
                put_numbers(second, parts[1]);
            }
        }

        impl<I: Shape, T: Scalar> Load for &mut $name<I, T> {
            fn find(reader: &mut Reader<'_>) -> Result<(), LoadError> {
                let content = reader.section($name::<I, T>::LABEL)?;
                reader.check::<T>(content)
            }
            fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), LoadError> {
                let content = reader.section($name::<I, T>::LABEL)?;
                let (first, second) = content.split_at(content.len() / 2);
                let parts = self.parts_mut();
                get_numbers(first, parts[0]);
                get_numbers(second, parts[1]);
                Ok(())
            }
        }
    )*};
}

scalings! {
    Standardize b"STD" "standardize";
    MinMax b"MMX" "min-max";
}

/// The first bytes as numbers.
fn u32s<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    let mut rest = bytes;
    for number in &mut numbers {
        let (first, after) = rest.split_first_chunk()?;
        (*number, rest) = (u32::from_le_bytes(*first), after);
    }
    Some(numbers)
}

/// The two labels of a trainer.
const fn labels<L: Layer, O: Optimizer<T>, T: Scalar>() -> [Label; 2] {
    let optimizer = fingerprint::of_layer(
        O::NAME,
        "",
        &[],
        &[],
        <O::State as ParameterState<T>>::COUNT,
    );
    let fingerprint = fingerprint::then(optimizer, L::FINGERPRINT, L::LAYERS);
    let count = <O::State as ParameterState<T>>::COUNT * <L::Parameters as Unsigned>::USIZE;
    let run = Label {
        what: "training",
        letters: *b"RUN",
        number: 0,
        fingerprint,
        content: 16,
    };
    [
        numbers::<T>("optimizer state", *b"OPT", fingerprint, count),
        run,
    ]
}

fn save<O: Optimizer<T>, T: Scalar, L: Layer, S: OwnedStorage>(
    state: &State<O::State, T, L::Parameters, S>,
    (seed, epoch): (u64, u32),
    writer: &mut Writer<'_>,
) {
    use core::borrow::Borrow;

    let [optimizer, run] = labels::<L, O, T>();
    let mut content = writer.section(optimizer);
    for array in O::State::as_slice(&state.arrays) {
        let array: &crate::Parameters<L, T> = array.borrow();
        let (place, rest) = cut(content, size_of_val(array.as_slice()));
        put_numbers(place, array.as_slice());
        content = rest;
    }
    let (to_seed, rest) = cut(writer.section(run), 8);
    let (to_epoch, to_updates) = cut(rest, 4);
    put(to_seed, &seed.to_le_bytes());
    put(to_epoch, &epoch.to_le_bytes());
    put(to_updates, &state.updates.to_le_bytes());
}

fn find<O: Optimizer<T>, T: Scalar, L: Layer>(reader: &mut Reader<'_>) -> Result<(), LoadError> {
    let [optimizer, run] = labels::<L, O, T>();
    let content = reader.section(optimizer)?;
    reader.check::<T>(content)?;
    reader.section(run)?;
    Ok(())
}

fn load<O: Optimizer<T>, T: Scalar, L: Layer, S: OwnedStorage>(
    state: &mut State<O::State, T, L::Parameters, S>,
    reader: &mut Reader<'_>,
) -> Result<(u64, u32), LoadError> {
    let [optimizer, run] = labels::<L, O, T>();
    let content = reader.section(optimizer)?;
    let [low, high, epoch, updates] = u32s(reader.section(run)?).ok_or(LoadError::Damaged)?;
    let arrays = O::State::as_mut_slice(&mut state.arrays).iter_mut();
    let parts = content.chunks_exact(size_of::<T>() * L::Parameters::USIZE);
    for (array, part) in arrays.zip(parts) {
        get_numbers(part, S::borrow_mut(array));
    }
    state.updates = updates;
    Ok((u64::from(low) | u64::from(high) << 32, epoch))
}

macro_rules! trainers {
    ($($(#[$feature:meta])? [$($generics:tt)*] $trainer:ty, $storage:ty;)*) => {$(
        $(#[$feature])?
        impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar, $($generics)*> Sections for $trainer {
            const BYTES: usize = {
                let [optimizer, run] = labels::<L, O, T>();
                optimizer.bytes() + run.bytes()
            };
        }
        $(#[$feature])?
        impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar, $($generics)*> Save for &$trainer {
            fn save(self, writer: &mut Writer<'_>) {
                save::<O, T, L, $storage>(self.state(), (self.own_seed(), self.next_epoch()), writer);
            }
        }
        $(#[$feature])?
        impl<L: Layer, E, O: Optimizer<T>, M: Batching, T: Scalar, $($generics)*> Load for &mut $trainer {
            fn find(reader: &mut Reader<'_>) -> Result<(), LoadError> {
                find::<O, T, L>(reader)
            }
            fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), LoadError> {
                let (seed, epoch) = load::<O, T, L, $storage>(self.state_mut(), reader)?;
                self.seed(seed).resume_at(epoch);
                Ok(())
            }
        }
    )*};
}

trainers! {
    [S: OwnedStorage] Trainer<L, E, O, M, T, S>, S;
    #[cfg(feature = "rayon")] [] crate::ParallelTrainer<L, E, O, M, T>, crate::Heap;
}
