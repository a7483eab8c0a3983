//! The summary: an architecture as text.

use core::fmt::{Display, Formatter, Result};
use core::marker::PhantomData;

use crate::shape::Dimensions;
use crate::{Layer, Scalar, Shape};

/// One line of a summary: a layer with its shapes and its number of parameters.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub(crate) name: &'static str,
    pub(crate) detail: &'static str,
    pub(crate) input: Dimensions,
    pub(crate) output: Dimensions,
    pub(crate) parameters: usize,
}

/// An architecture as text: a line for each layer, with its shapes and its number of parameters.
#[derive(Debug)]
pub struct Summary<L, T>(PhantomData<(L, T)>);

impl<L: Layer, T: Scalar> Summary<L, T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<L: Layer, T: Scalar> Display for Summary<L, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        use generic_array::typenum::Unsigned;
        writeln!(
            f,
            "{:<24} {:>11} {:>11} {:>12}",
            "layer", "input", "output", "parameters"
        )?;
        let mut result = Ok(());
        L::rows(&mut |row| {
            if result.is_ok() {
                result = line(f, row);
            }
        });
        result?;
        let bytes = size_of::<T>() * L::Parameters::USIZE;
        write!(
            f,
            "{:<24} {:>11} {:>11} {:>12}  ({bytes} bytes)",
            "total",
            Text::of(Dimensions(<L::Input as Shape>::DIMENSIONS)),
            Text::of(Dimensions(<L::Output as Shape>::DIMENSIONS)),
            L::Parameters::USIZE
        )
    }
}

fn line(f: &mut Formatter<'_>, row: Row) -> Result {
    let name = Text::of(Name(row.name, row.detail));
    writeln!(
        f,
        "{name:<24} {:>11} {:>11} {:>12}",
        Text::of(row.input),
        Text::of(row.output),
        row.parameters
    )
}

struct Name(&'static str, &'static str);

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.0)?;
        if self.1.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", self.1)
        }
    }
}

/// Any text up to 40 bytes, so that it can be aligned without a heap; a longer one is cut.
struct Text {
    bytes: [u8; 40],
    length: usize,
}

impl Text {
    fn of(value: impl Display) -> Self {
        use core::fmt::Write;
        let mut text = Self {
            bytes: [0; 40],
            length: 0,
        };
        // a text that is too long is cut: the only error there is
        let _ = write!(text, "{value}");
        text
    }
}

impl core::fmt::Write for Text {
    fn write_str(&mut self, s: &str) -> Result {
        for c in s.chars() {
            let end = self.length + c.len_utf8();
            let room = self
                .bytes
                .get_mut(self.length..end)
                .ok_or(core::fmt::Error)?;
            c.encode_utf8(room);
            self.length = end;
        }
        Ok(())
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default())
    }
}
