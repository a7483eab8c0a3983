//! The summary: an architecture as text.

use core::fmt::{Display, Formatter, Result, Write};
use core::marker::PhantomData;

use generic_array::typenum::Unsigned;

use crate::shape::Dimensions;
use crate::{Layer, Scalar, Shape};

/// One line of a summary: a layer with its shapes and its number of parameters.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub(crate) name: &'static str,
    detail: &'static str,
    settings: &'static [Setting],
    pub(crate) input: Dimensions,
    pub(crate) output: Dimensions,
    /// `None` of a layer whose parameters are those of the rows below it.
    parameters: Option<usize>,
    /// How many layers around it have rows of their own.
    depth: usize,
    /// Whether it is the first of a branch.
    pub(crate) begins: bool,
}

/// What the type of a layer tells beside its shapes.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Setting {
    Kernel(usize),
    SquareKernel(usize),
    Stride(usize),
    Padding(&'static str),
    Dilation(usize),
    Percent(usize),
    Word(&'static str),
}

impl Setting {
    /// Whether there is anything to tell.
    const fn tells(self) -> bool {
        match self {
            Self::Padding(word) | Self::Word(word) => !word.is_empty(),
            Self::Dilation(steps) => steps > 1,
            _ => true,
        }
    }
}

impl Display for Setting {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Kernel(steps) => write!(f, "kernel {steps}"),
            Self::SquareKernel(side) => write!(f, "kernel {side}x{side}"),
            Self::Stride(steps) => write!(f, "stride {steps}"),
            Self::Padding(word) => write!(f, "padding {word}"),
            Self::Dilation(steps) => write!(f, "dilation {steps}"),
            Self::Percent(share) => write!(f, "{share} %"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

impl Row {
    /// A layer by itself.
    pub(crate) const fn of<L: Layer + ?Sized>() -> Self {
        Self {
            name: L::NAME,
            detail: L::DETAIL,
            settings: L::SETTINGS,
            input: Dimensions(<L::Input as Shape>::DIMENSIONS),
            output: Dimensions(<L::Output as Shape>::DIMENSIONS),
            parameters: Some(<L::Parameters as Unsigned>::USIZE),
            depth: 0,
            begins: false,
        }
    }
    /// A layer that holds others, which [`branch`](Self::branch) visits.
    pub(crate) const fn around<L: Layer>() -> Self {
        Self {
            parameters: None,
            ..Self::of::<L>()
        }
    }
    /// Visits the rows of a layer that another holds.
    pub(crate) fn branch<L: Layer>(visit: &mut impl FnMut(Self)) {
        let mut begins = true;
        L::rows(&mut |row: Self| {
            visit(Self {
                depth: row.depth + 1,
                begins: row.begins || begins,
                ..row
            });
            begins = false;
        });
    }
    /// What is told of it, in parentheses.
    pub(crate) fn details(self) -> impl Iterator<Item = Setting> {
        let settings = self.settings.iter().copied();
        settings
            .chain([Setting::Word(self.detail)])
            .filter(|setting| setting.tells())
    }
}

/// The first cell of a row. A dash is where a branch begins, and the rest of the branch stands below its name.
impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for level in 1..=self.depth {
            let dash = self.begins && level == self.depth;
            f.write_str(if dash { "  - " } else { "    " })?;
        }
        f.write_str(self.name)?;
        let mut opening = " (";
        for detail in self.details() {
            write!(f, "{opening}{detail}")?;
            opening = ", ";
        }
        f.write_str(if opening == ", " { ")" } else { "" })
    }
}

/// An architecture as text: a line for each layer, with its shapes and its number of parameters.
///
/// Of a convolution and of pooling it tells the kernel and the stride, padding if there is some, and a dilation above 1.
/// `Residual` and `Parallel` have lines of their own; what they hold stands below them, a dash before each branch.
///
/// ```
/// use sizednet::{Conv2d, Dense, Image, Network, Relu, Residual, layer::Same, sizes::*};
///
/// type Block = Residual<Conv2d<Image<U8, U4, U4>, U8, U3, Relu, U1, Same>>;
/// type Digits = (Conv2d<Image<U1, U8, U8>, U8, U3, Relu, U2, Same>, Block, Dense<Image<U8, U4, U4>, U10>);
/// assert_eq!(
///     Network::<Digits>::zeros().summary().to_string(),
///     "\
/// layer                                                       input      output   parameters
/// Conv2d (kernel 3x3, stride 2, padding Same, Relu)           1x8x8       8x4x4           80
/// Residual                                                    8x4x4       8x4x4
///   - Conv2d (kernel 3x3, stride 1, padding Same, Relu)       8x4x4       8x4x4          584
/// Dense (Identity)                                            8x4x4          10         1290
/// total                                                       1x8x8          10         1954  (7816 bytes)"
/// );
/// ```
#[derive(Debug)]
pub struct Summary<L, T>(PhantomData<(L, T)>);

impl<L: Layer, T: Scalar> Summary<L, T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The least width of the first cell.
const NAMES: usize = 24;

impl<L: Layer, T: Scalar> Display for Summary<L, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut width = NAMES;
        L::rows(&mut |row| width = width.max(length(&row)));
        line(f, width, &"layer", &[&"input", &"output", &"parameters"])?;
        let mut result = Ok(());
        L::rows(&mut |row| {
            let cells: [&dyn Display; 3] =
                [&row.input, &row.output, &row.parameters.unwrap_or_default()];
            let cells = if row.parameters.is_some() {
                &cells[..]
            } else {
                &cells[..2]
            };
            let written = f
                .write_char('\n')
                .and_then(|()| line(f, width, &row, cells));
            result = result.and(written);
        });
        result?;
        let all = Row::of::<L>();
        let parameters = L::Parameters::USIZE;
        f.write_char('\n')?;
        line(f, width, &"total", &[&all.input, &all.output, &parameters])?;
        write!(f, "  ({} bytes)", size_of::<T>() * parameters)
    }
}

/// The first cell to the left, the others to the right.
fn line(f: &mut Formatter<'_>, width: usize, name: &dyn Display, cells: &[&dyn Display]) -> Result {
    let padding = width.saturating_sub(length(name));
    write!(f, "{name}{:padding$}", "")?;
    for (cell, width) in cells.iter().zip([12_usize, 12, 13]) {
        let padding = width.saturating_sub(length(cell)).max(1);
        write!(f, "{:padding$}{cell}", "")?;
    }
    Ok(())
}

/// The characters that it is displayed by: without a heap there is no text that could be asked.
fn length(value: &dyn Display) -> usize {
    struct Length(usize);
    impl Write for Length {
        fn write_str(&mut self, text: &str) -> Result {
            self.0 += text.chars().count();
            Ok(())
        }
    }
    let mut length = Length(0);
    // to count does not fail
    let _ = write!(length, "{value}");
    length.0
}
