//! The sections of a file: their headers, and how they are found again.

use crc::{CRC_32_ISO_HDLC, Crc};

use super::{HEADER, LoadError};
use crate::Scalar;

const MAGIC: [u8; 4] = *b"SNET";
const VERSION: u32 = 1;
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The bytes of a section's header.
const SECTION: usize = 16;
/// The content of a section is padded to a multiple of this.
const ALIGNMENT: usize = 8;

/// What lies in a file as one section or more: a network, a trainer, a tuple of such.
pub trait Sections {
    /// Their bytes, headers and padding included.
    #[doc(hidden)]
    const BYTES: usize;
}

/// What can be [saved](super::save): a reference to a network, a trainer, an early stop or fitted scales; a tuple of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be saved",
    note = "saved are references, `&network`, and tuples of them, `(&network, &trainer)`"
)]
pub trait Save: Sections {
    #[doc(hidden)]
    fn save(self, writer: &mut Writer<'_>);
}

/// What can be [loaded](super::load): a mutable reference to what can be saved, or a tuple of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be loaded",
    note = "loaded are mutable references, `&mut network`, and tuples of them, `(&mut network, &mut trainer)`"
)]
pub trait Load: Sections {
    /// Finds its sections, before anything is written.
    #[doc(hidden)]
    fn find(reader: &mut Reader<'_>) -> Result<(), LoadError>;
    #[doc(hidden)]
    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), LoadError>;
}

macro_rules! of_references {
    ($($reference:ty),*) => {$(
        impl<V: Sections> Sections for $reference {
            const BYTES: usize = V::BYTES;
        }
    )*};
}

of_references!(&V, &mut V);

macro_rules! of_tuples {
    ($(($($value:ident)+);)*) => {$(
        impl<$($value: Sections),+> Sections for ($($value,)+) {
            const BYTES: usize = 0 $(+ $value::BYTES)+;
        }
        #[expect(non_snake_case, reason = "a part is named after its type")]
        impl<$($value: Save),+> Save for ($($value,)+) {
            fn save(self, writer: &mut Writer<'_>) {
                let ($($value,)+) = self;
                $($value.save(writer);)+
            }
        }
        #[expect(non_snake_case, reason = "a part is named after its type")]
        impl<$($value: Load),+> Load for ($($value,)+) {
            fn find(reader: &mut Reader<'_>) -> Result<(), LoadError> {
                $($value::find(reader)?;)+
                Ok(())
            }
            fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), LoadError> {
                let ($($value,)+) = self;
                $($value.load(reader)?;)+
                Ok(())
            }
        }
    )*};
}

of_tuples! {
    (A);
    (A B);
    (A B C);
    (A B C D);
}

/// What the header of a section says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    /// What it holds, in words and in letters.
    pub(super) what: &'static str,
    pub(super) letters: [u8; 3],
    /// The bytes of a number.
    pub(super) number: u8,
    pub(super) fingerprint: u64,
    /// The bytes of the content.
    pub(super) content: usize,
}

impl Label {
    /// The bytes of the section.
    pub(super) const fn bytes(self) -> usize {
        SECTION + self.content.next_multiple_of(ALIGNMENT)
    }
    const fn tag(self) -> [u8; 4] {
        let [a, b, c] = self.letters;
        [a, b, c, b'0' + self.number]
    }
}

/// Writes sections one after the other.
#[derive(Debug)]
pub struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub(super) const fn new(rest: &'a mut [u8]) -> Self {
        Self { rest }
    }
    /// A section, whose content is to be written.
    pub(super) fn section(&mut self, label: Label) -> &'a mut [u8] {
        let (section, rest) = cut(core::mem::take(&mut self.rest), label.bytes());
        self.rest = rest;
        let (header, content) = cut(section, SECTION);
        let (tag, header) = cut(header, 4);
        let (fingerprint, bytes) = cut(header, 8);
        put(tag, &label.tag());
        put(fingerprint, &label.fingerprint.to_le_bytes());
        put(bytes, &(label.content as u32).to_le_bytes());
        let (content, padding) = cut(content, label.content);
        padding.fill(0);
        content
    }
}

/// Cuts off a part whose length the types fix.
pub(super) fn cut(bytes: &mut [u8], at: usize) -> (&mut [u8], &mut [u8]) {
    crate::layer::cut_mut(bytes, at)
}

pub(super) fn put(place: &mut [u8], value: &[u8]) {
    debug_assert_eq!(place.len(), value.len());
    for (place, value) in place.iter_mut().zip(value) {
        *place = *value;
    }
}

fn checksum(first: &[u8], sections: &[u8]) -> u32 {
    let mut digest = CHECKSUM.digest();
    digest.update(first);
    digest.update(sections);
    digest.finalize()
}

/// Writes the file's header.
pub(super) fn seal(header: &mut [u8], sections: &[u8]) {
    let (first, last) = cut(header, 12);
    let (magic, rest) = cut(first, 4);
    let (version, length) = cut(rest, 4);
    put(magic, &MAGIC);
    put(version, &VERSION.to_le_bytes());
    put(length, &((HEADER + sections.len()) as u32).to_le_bytes());
    put(last, &checksum(first, sections).to_le_bytes());
}

/// A file whose header and checksum are right.
pub(super) struct Sectioned<'a> {
    sections: &'a [u8],
}

/// The first bytes as a number, and the rest.
macro_rules! number {
    ($type:ident, $bytes:expr) => {
        $bytes
            .split_first_chunk()
            .map(|(first, rest)| ($type::from_le_bytes(*first), rest))
    };
}

impl<'a> Sectioned<'a> {
    pub(super) fn open(file: &'a [u8]) -> Result<Self, LoadError> {
        let given = file.len();
        let cut = |wanted| LoadError::Length {
            file: given,
            wanted,
        };
        let short = cut(HEADER);
        let magic = file.iter().zip(&MAGIC);
        if magic.clone().any(|(given, wanted)| given != wanted) {
            return Err(LoadError::Magic);
        }
        let (header, sections) = file.split_at_checked(HEADER).ok_or(short)?;
        let (first, checksum_of_file) = header.split_at_checked(12).ok_or(short)?;
        let rest = first.get(MAGIC.len()..).ok_or(short)?;
        let (version, rest) = number!(u32, rest).ok_or(short)?;
        let (length, _) = number!(u32, rest).ok_or(short)?;
        let (sum, _) = number!(u32, checksum_of_file).ok_or(short)?;
        if version != VERSION {
            return Err(LoadError::Version { file: version });
        }
        if usize::try_from(length) != Ok(given) {
            return Err(cut(length as usize));
        }
        if checksum(first, sections) != sum {
            return Err(LoadError::Damaged);
        }
        Ok(Self { sections })
    }
    pub(super) const fn reader(&self, finite: bool) -> Reader<'a> {
        Reader {
            rest: self.sections,
            finite,
        }
    }
}

/// Finds sections one after the other.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Whether numbers have to be finite.
    finite: bool,
}

impl<'a> Reader<'a> {
    /// The content of the next section with this label; else why the first with its letters is another.
    pub(super) fn section(&mut self, label: Label) -> Result<&'a [u8], LoadError> {
        let mut why = None;
        while !self.rest.is_empty() {
            let (found, content) = self.next().ok_or(LoadError::Damaged)?;
            match found.check(label) {
                Ok(()) if content.len() == label.content => return Ok(content),
                Ok(()) => return Err(LoadError::Damaged),
                Err(another) => why = why.or(another),
            }
        }
        Err(why.unwrap_or(LoadError::Missing { what: label.what }))
    }
    fn next(&mut self) -> Option<(Header, &'a [u8])> {
        let (tag, rest) = self.rest.split_first_chunk()?;
        let (fingerprint, rest) = number!(u64, rest)?;
        let (bytes, rest) = number!(u32, rest)?;
        let bytes = usize::try_from(bytes).ok()?;
        let (content, rest) = rest.split_at_checked(bytes)?;
        let padding = bytes
            .checked_next_multiple_of(ALIGNMENT)?
            .checked_sub(bytes)?;
        (_, self.rest) = rest.split_at_checked(padding)?;
        let header = Header {
            tag: *tag,
            fingerprint,
        };
        Some((header, content))
    }
    /// Numbers, finite if that is asked for.
    pub(super) fn check<T: Scalar>(&self, content: &[u8]) -> Result<(), LoadError> {
        if self.finite {
            for (index, bytes) in content.chunks_exact(size_of::<T>()).enumerate() {
                if !T::from_le(bytes).is_finite() {
                    return Err(LoadError::NotFinite { index });
                }
            }
        }
        Ok(())
    }
}

struct Header {
    tag: [u8; 4],
    fingerprint: u64,
}

impl Header {
    /// Whether the section has this label; else why not, if it has the same letters at least.
    fn check(&self, label: Label) -> Result<(), Option<LoadError>> {
        let [a, b, c, number] = self.tag;
        if [a, b, c] != label.letters {
            return Err(None);
        }
        let number = number.wrapping_sub(b'0');
        if number != label.number {
            return Err(Some(LoadError::NumberType {
                file: number.into(),
                wanted: label.number.into(),
            }));
        }
        if self.fingerprint != label.fingerprint {
            return Err(Some(LoadError::Architecture {
                what: label.what,
                file: self.fingerprint,
                wanted: label.fingerprint,
            }));
        }
        Ok(())
    }
}

/// Writes numbers.
pub(super) fn put_numbers<T: Scalar>(place: &mut [u8], numbers: &[T]) {
    debug_assert_eq!(place.len(), size_of_val(numbers));
    for (place, number) in place.chunks_exact_mut(size_of::<T>()).zip(numbers) {
        number.put_le(place);
    }
}

/// Reads numbers.
pub(super) fn get_numbers<T: Scalar>(content: &[u8], numbers: &mut [T]) {
    debug_assert_eq!(content.len(), size_of_val(numbers));
    for (bytes, number) in content.chunks_exact(size_of::<T>()).zip(numbers) {
        *number = T::from_le(bytes);
    }
}
