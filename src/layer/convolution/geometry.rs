//! A convolution of an image in numbers: where its windows and taps lie.

use generic_array::typenum::{U64, Unsigned};

use crate::kernel::Slide;
use crate::layer::window::Axis;

/// The most windows that a strip has, and the most taps that a panel has.
pub(super) const MOST: usize = Most::USIZE;

/// [`MOST`] as a type.
pub(super) type Most = U64;

/// A convolution of an image, in numbers. A tap is a place of the kernel in one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub(super) channels: usize,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
}

/// A layer whose geometry is a constant: the compiler sees its numbers.
pub(super) trait HasGeometry {
    const GEOMETRY: Geometry;
}

/// A number that is never 0, in a way that the compiler sees: code that divides by it cannot panic.
pub(super) const fn positive(number: usize) -> usize {
    if number == 0 { 1 } else { number }
}

impl Geometry {
    pub(super) const fn taps(self) -> usize {
        self.channels * self.kernel()
    }
    /// The taps in one channel.
    pub(super) const fn kernel(self) -> usize {
        positive(self.rows.kernel * self.columns.kernel)
    }
    pub(super) const fn inputs(self) -> usize {
        positive(self.channels * self.rows.size * self.columns.size)
    }
    pub(super) const fn outputs(self) -> usize {
        positive(self.rows.outputs * self.columns.outputs)
    }
    /// Whether the values under a tap lie as the windows do, so that they are copied as they lie.
    pub(super) const fn is_dense(self) -> bool {
        self.rows.stride == 1 && self.columns.stride == 1
    }
    /// From a row of windows to the next: with stride 1 as in the image, and windows that would leave it don't count.
    pub(super) const fn pitch(self) -> usize {
        positive(if self.is_dense() {
            self.columns.size
        } else {
            self.columns.outputs
        })
    }
    /// The windows, with those that don't count.
    pub(super) const fn windows(self) -> usize {
        (self.rows.outputs - 1) * self.pitch() + self.columns.outputs
    }
    /// The windows of a strip: [`MOST`], or all; a multiple of 16 if there is room for it.
    pub(super) const fn strip(self) -> usize {
        let (all, room) = (self.windows(), self.rows.size * self.columns.size);
        let room = if room < MOST { room } else { MOST };
        positive(match all.next_multiple_of(16) {
            whole if whole <= room => whole,
            _ if all < room => all,
            _ => room,
        })
    }
    /// The taps of a panel: all, or about equally many for each panel.
    pub(super) const fn panel(self) -> usize {
        positive(self.taps().div_ceil(positive(self.taps().div_ceil(MOST))))
    }
    /// The windows that count, of the strip that begins at `first`: those of a row side by side.
    #[inline]
    pub(super) fn runs(self, first: usize) -> impl Iterator<Item = Run> {
        let (pitch, strip) = (self.pitch(), self.strip());
        let (top, left) = (first / pitch, first % pitch);
        (top..self.rows.outputs).map_while(move |row| {
            let column = if row == top { left } else { 0 };
            let at = (row * pitch + column).checked_sub(first)?;
            let length = self
                .columns
                .outputs
                .saturating_sub(column)
                .min(strip.checked_sub(at)?);
            Some(Run {
                at,
                row,
                column,
                length,
            })
        })
    }
    /// Whether the kernel that slides over images takes this one as it is.
    pub(super) const fn slides(self) -> bool {
        !self.is_padded()
            && self.columns.stride == 1
            && self.columns.outputs >= Slide::<()>::WINDOWS
    }
    /// Where in the image the values under the taps from `first` on of the first window lie.
    pub(super) fn places(self, first: usize) -> [u32; MOST] {
        let (kernel, width) = (self.kernel(), positive(self.columns.kernel));
        let mut places = [0; MOST];
        for (place, tap) in places.iter_mut().zip(first..) {
            let (channel, k) = (tap / kernel, tap % kernel);
            let row = channel * self.rows.size + k / width;
            *place = (row * self.columns.size + k % width) as u32;
        }
        places
    }
    pub(super) const fn is_padded(self) -> bool {
        let rows = (self.rows.outputs - 1) * self.rows.stride + self.rows.kernel;
        let columns = (self.columns.outputs - 1) * self.columns.stride + self.columns.kernel;
        rows > self.rows.size || columns > self.columns.size
    }
}

/// Windows side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Where in the strip.
    pub(super) at: usize,
    /// Where among the outputs.
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) length: usize,
}
