//! Patches of an image side by side in a panel of fixed size, and back.

use core::ops::Range;

use super::geometry::{Geometry, MOST, Run, positive};
use crate::kernel::{Elementwise, elementwise};
use crate::{Scalar, Size};

/// So many values for each of some windows. The patches under them, \[taps\]\[windows\], are the one copy that a convolution makes
/// of its input.
pub(super) type Panel<Rows, Windows, T> = <Rows as Size>::Array<<Windows as Size>::Array<T>>;

/// A window that does not count: far outside.
const NOWHERE: i32 = i32::MIN / 2;

/// Some windows in a row.
#[derive(Debug)]
pub(super) struct Strip {
    geometry: Geometry,
    first: usize,
    /// Where the windows begin in the image; negative in the padding.
    y: [i32; MOST],
    x: [i32; MOST],
}

impl Strip {
    pub(super) fn new(geometry: Geometry, first: usize) -> Self {
        let mut new = Self {
            geometry,
            first,
            y: [NOWHERE; MOST],
            x: [NOWHERE; MOST],
        };
        let (rows, columns) = (geometry.rows, geometry.columns);
        for Run {
            at,
            row,
            column,
            length,
        } in geometry.runs(first)
        {
            let places = new.y.iter_mut().zip(&mut new.x).skip(at).take(length);
            for ((y, x), column) in places.zip(column..) {
                *y = (row * rows.stride) as i32 - rows.before as i32;
                *x = (column * columns.stride) as i32 - columns.before as i32;
            }
        }
        new
    }

    /// Copies what counts of \[filters\]\[strip\] to \[filters\]\[outputs\].
    pub(super) fn store<T: Scalar>(&self, sums: &[T], outputs: &mut [T]) {
        let (strip, all) = (self.geometry.strip(), self.geometry.outputs());
        for run in self.geometry.runs(self.first) {
            let Run { at, length, .. } = run;
            let to = run.row * self.geometry.columns.outputs + run.column;
            let sums = sums.chunks_exact(strip).map(|row| row.get(at..at + length));
            let outputs = outputs.chunks_exact_mut(all);
            copy_rows(
                sums,
                outputs.map(|row| row.get_mut(to..to + length)),
                length,
            );
        }
    }

    /// Copies from \[filters\]\[outputs\] to \[filters\]\[strip\], with zeros where windows don't count.
    pub(super) fn load<T: Scalar>(&self, outputs: &[T], slopes: &mut [T]) {
        let (strip, all) = (self.geometry.strip(), self.geometry.outputs());
        slopes.fill(T::ZERO);
        for run in self.geometry.runs(self.first) {
            let Run { at, length, .. } = run;
            let to = run.row * self.geometry.columns.outputs + run.column;
            let outputs = outputs
                .chunks_exact(all)
                .map(|row| row.get(to..to + length));
            let slopes = slopes.chunks_exact_mut(strip);
            copy_rows(
                outputs,
                slopes.map(|row| row.get_mut(at..at + length)),
                length,
            );
        }
    }

    /// Writes the values under the taps from `tap` to \[taps\]\[strip\].
    pub(super) fn gather<T: Scalar>(&self, tap: usize, image: &[T], panel: &mut [T]) {
        let strip = self;
        elementwise(
            panel.len(),
            Gather {
                strip,
                tap,
                image,
                panel,
            },
        );
    }

    /// Adds \[taps\]\[strip\], from `tap`, to the values under the taps.
    pub(super) fn scatter<T: Scalar>(&self, tap: usize, panel: &[T], image: &mut [T]) {
        let strip = self;
        elementwise(
            panel.len(),
            Scatter {
                strip,
                tap,
                panel,
                image,
            },
        );
    }

    /// Visits so many taps from `first` on, those of one place of the kernel after the other: the place, where the tap's
    /// channel begins, and its number from `first` on.
    #[inline(always)]
    fn each_tap(
        &self,
        first: usize,
        count: usize,
        masked: bool,
        mut visit: impl FnMut(&Place, usize, usize),
    ) {
        let Geometry { rows, columns, .. } = self.geometry;
        let (kernel, size) = (self.geometry.kernel(), rows.size * columns.size);
        let width = positive(columns.kernel);
        let (channel, place) = (first / kernel, first % kernel);
        for k in place..place + kernel {
            let mut row = k - place;
            if row >= count {
                break;
            }
            // the places before the first tap's are those of the next channel
            let (mut channel, k) = if k < kernel {
                (channel * size, k)
            } else {
                ((channel + 1) * size, k - kernel)
            };
            let place = self.place(k / width, k % width, masked);
            while row < count {
                visit(&place, channel, row);
                (row, channel) = (row + kernel, channel + size);
            }
        }
    }

    #[inline(always)]
    fn place(&self, ky: usize, kx: usize, masked: bool) -> Place {
        let Geometry { rows, columns, .. } = self.geometry;
        let mut at = [0; MOST];
        if masked {
            for ((at, y), x) in at.iter_mut().zip(&self.y).zip(&self.x) {
                let (y, x) = (y + ky as i32, x + kx as i32);
                // negative ones are large
                let inside = (y as u32) < rows.size as u32 && (x as u32) < columns.size as u32;
                let place = y.wrapping_mul(columns.size as i32).wrapping_add(x);
                *at = if inside { place } else { OUTSIDE };
            }
        }
        let first = self.first + ky * columns.size + kx;
        let before = rows.before * columns.size + columns.before;
        Place {
            at,
            first: first as isize - before as isize,
        }
    }
}

/// Copies rows of `length` values.
#[inline(always)]
fn copy_rows<'a, T: Scalar>(
    from: impl Iterator<Item = Option<&'a [T]>>,
    to: impl Iterator<Item = Option<&'a mut [T]>>,
    length: usize,
) {
    let rows = from.zip(to).map_while(|(from, to)| from.zip(to));
    match length {
        16.. => rows.for_each(copy::<T, 16>),
        8.. => rows.for_each(copy::<T, 8>),
        4.. => rows.for_each(copy::<T, 4>),
        _ => rows.for_each(copy::<T, 1>),
    }
}

/// Copies a row, `N` values or more, `N` at a time; the last of them may be copied twice.
#[inline(always)]
fn copy<T: Scalar, const N: usize>((from, to): (&[T], &mut [T])) {
    let mut first = 0;
    while first < from.len() {
        let start = first.min(from.len().saturating_sub(N));
        let from = from.get(start..).and_then(|from| from.first_chunk::<N>());
        let to = to.get_mut(start..).and_then(|to| to.first_chunk_mut());
        if let (Some(from), Some(to)) = (from, to) {
            *to = *from;
        }
        first += N;
    }
}

/// Not under a window that counts.
const OUTSIDE: i32 = -1;

/// A place of the kernel, for the windows of a strip.
struct Place {
    /// Which value of a channel lies under it; if not masked nothing is [`OUTSIDE`].
    at: [i32; MOST],
    /// With stride 1: that of the first window, before the channel if negative; the others follow as the windows do.
    first: isize,
}

impl Place {
    /// With stride 1: the windows of a strip under which there are values of the image, and where those begin.
    #[inline(always)]
    fn side_by_side(&self, strip: usize, values: usize) -> (Range<usize>, usize) {
        let (before, from) = if self.first < 0 {
            (self.first.unsigned_abs().min(strip), 0)
        } else {
            (0, self.first.unsigned_abs())
        };
        let length = (strip - before).min(values.saturating_sub(from));
        (before..before + length, from)
    }
}

struct Gather<'a, T> {
    strip: &'a Strip,
    tap: usize,
    image: &'a [T],
    panel: &'a mut [T],
}

impl<T: Scalar> Elementwise for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            strip,
            tap,
            image,
            panel,
        } = self;
        let (width, dense) = (strip.geometry.strip(), strip.geometry.is_dense());
        // with stride 1 and no padding, what lies under windows that don't count does not matter
        let masked = !dense || strip.geometry.is_padded();
        strip.each_tap(tap, panel.len() / width, masked, |place, channel, row| {
            let image = image.get(channel..).unwrap_or_default();
            let row = panel.get_mut(row * width..).unwrap_or_default();
            let row = row.get_mut(..width).unwrap_or_default();
            if !dense {
                for (slot, at) in row.iter_mut().zip(&place.at) {
                    let value = usize::try_from(*at).ok();
                    let value = value.and_then(|at| image.get(at));
                    *slot = value.copied().unwrap_or(T::ZERO);
                }
                return;
            }
            let start = usize::try_from(place.first).ok();
            let values = start.and_then(|start| image.get(start..)?.first_chunk::<MOST>());
            if let (false, Some(values), Some(row)) = (masked, values, row.first_chunk_mut()) {
                *row = *values;
                return;
            }
            let (windows, from) = place.side_by_side(width, image.len());
            if windows.len() < width {
                row.fill(T::ZERO);
            }
            let at = place.at.get(windows.clone()).unwrap_or_default();
            let row = row.get_mut(windows).unwrap_or_default();
            let values = image.get(from..).unwrap_or_default();
            for ((slot, value), at) in row.iter_mut().zip(values).zip(at) {
                // read before it is known whether it counts, so that it is no branch
                let value = *value;
                *slot = if *at >= 0 { value } else { T::ZERO };
            }
        });
    }
}

struct Scatter<'a, T> {
    strip: &'a Strip,
    tap: usize,
    panel: &'a [T],
    image: &'a mut [T],
}

impl<T: Scalar> Elementwise for Scatter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            strip,
            tap,
            panel,
            image,
        } = self;
        let (width, dense) = (strip.geometry.strip(), strip.geometry.is_dense());
        strip.each_tap(tap, panel.len() / width, true, |place, channel, row| {
            let image = image.get_mut(channel..).unwrap_or_default();
            let row = panel.get(row * width..).unwrap_or_default();
            let row = row.get(..width).unwrap_or_default();
            if !dense {
                for (value, at) in row.iter().zip(&place.at) {
                    let slot = usize::try_from(*at).ok();
                    if let Some(slot) = slot.and_then(|at| image.get_mut(at)) {
                        *slot += *value;
                    }
                }
                return;
            }
            let (windows, from) = place.side_by_side(width, image.len());
            let at = place.at.get(windows.clone()).unwrap_or_default();
            let row = row.get(windows).unwrap_or_default();
            let slots = image.get_mut(from..).unwrap_or_default();
            for ((slot, value), at) in slots.iter_mut().zip(row).zip(at) {
                let value = *value;
                // -0 leaves every number as it is
                *slot += if *at >= 0 { value } else { -T::ZERO };
            }
        });
    }
}
