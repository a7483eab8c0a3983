//! Patches of an image side by side in a panel of fixed size, and back.

use crate::Scalar;
use crate::kernel::{Elementwise, elementwise};
use crate::layer::window::Axis;

/// The most windows that a strip has, and the most taps that a panel has.
pub(super) const MOST: usize = 64;

/// The patches under some windows: \[taps\]\[windows\], the one copy that a convolution makes of its input.
pub(super) type Panel<T> = [[T; MOST]; MOST];

/// A window that does not count: far outside.
const NOWHERE: i32 = i32::MIN / 2;

/// A convolution of an image, in numbers. A tap is a place of the kernel in one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub(super) channels: usize,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
}

impl Geometry {
    pub(super) const fn taps(self) -> usize {
        self.channels * self.rows.kernel * self.columns.kernel
    }
    pub(super) const fn inputs(self) -> usize {
        self.channels * self.rows.size * self.columns.size
    }
    pub(super) const fn outputs(self) -> usize {
        self.rows.outputs * self.columns.outputs
    }
    /// Whether the values under a tap lie as the windows do, so that they are copied as they lie.
    const fn is_dense(self) -> bool {
        self.rows.stride == 1 && self.columns.stride == 1
    }
    /// From a row of windows to the next: with stride 1 as in the image, and windows that would leave it don't count.
    const fn pitch(self) -> usize {
        if self.is_dense() {
            self.columns.size
        } else {
            self.columns.outputs
        }
    }
    /// The windows, with those that don't count.
    pub(super) const fn windows(self) -> usize {
        (self.rows.outputs - 1) * self.pitch() + self.columns.outputs
    }
    /// The windows of a strip: [`MOST`], or a multiple of 16 that is enough for all.
    pub(super) const fn strip(self) -> usize {
        let all = self.windows().next_multiple_of(16);
        if all < MOST { all } else { MOST }
    }
    const fn is_padded(self) -> bool {
        let rows = (self.rows.outputs - 1) * self.rows.stride + self.rows.kernel;
        let columns = (self.columns.outputs - 1) * self.columns.stride + self.columns.kernel;
        rows > self.rows.size || columns > self.columns.size
    }
}

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
        let (rows, columns) = (geometry.rows, geometry.columns);
        let (mut y, mut x) = ([NOWHERE; MOST], [NOWHERE; MOST]);
        let pitch = geometry.pitch();
        let (mut row, mut column) = (first / pitch, first % pitch);
        for (y, x) in y.iter_mut().zip(&mut x).take(geometry.strip()) {
            if row < rows.outputs && column < columns.outputs {
                *y = (row * rows.stride) as i32 - rows.before as i32;
                *x = (column * columns.stride) as i32 - columns.before as i32;
            }
            column += 1;
            if column == pitch {
                (row, column) = (row + 1, 0);
            }
        }
        Self {
            geometry,
            first,
            y,
            x,
        }
    }

    /// Visits the runs of windows that count: where in the strip, where among the outputs of a channel, how many.
    #[inline(always)]
    fn runs(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let (pitch, outputs) = (self.geometry.pitch(), self.geometry.columns.outputs);
        let (mut row, mut column, mut at) = (self.first / pitch, self.first % pitch, 0);
        while row < self.geometry.rows.outputs && at < self.geometry.strip() {
            let rest = self.geometry.strip() - at;
            if column < outputs {
                visit(at, row * outputs + column, rest.min(outputs - column));
            }
            at += pitch - column;
            (row, column) = (row + 1, 0);
        }
    }

    /// Copies what counts of \[filters\]\[strip\] to \[filters\]\[outputs\].
    pub(super) fn store<T: Scalar>(&self, sums: &[T], outputs: &mut [T]) {
        let (strip, all) = (self.geometry.strip(), self.geometry.outputs());
        for (sums, outputs) in sums.chunks_exact(strip).zip(outputs.chunks_exact_mut(all)) {
            self.runs(|at, to, length| {
                let to = outputs.iter_mut().skip(to).take(length);
                for (y, sum) in to.zip(sums.iter().skip(at)) {
                    *y = *sum;
                }
            });
        }
    }

    /// Copies from \[filters\]\[outputs\] to \[filters\]\[strip\], with zeros where windows don't count.
    pub(super) fn load<T: Scalar>(&self, outputs: &[T], slopes: &mut [T]) {
        let (strip, all) = (self.geometry.strip(), self.geometry.outputs());
        for (slopes, outputs) in slopes
            .chunks_exact_mut(strip)
            .zip(outputs.chunks_exact(all))
        {
            slopes.fill(T::ZERO);
            self.runs(|at, from, length| {
                let to = slopes.iter_mut().skip(at).take(length);
                for (dy, from) in to.zip(outputs.iter().skip(from)) {
                    *dy = *from;
                }
            });
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

    /// Where a tap lies.
    #[inline(always)]
    fn place(&self, tap: usize) -> Tap {
        let Geometry { rows, columns, .. } = self.geometry;
        let (rest, kx) = (tap / columns.kernel, tap % columns.kernel);
        let (channel, ky) = (rest / rows.kernel, rest % rows.kernel);
        let channel = channel * rows.size * columns.size;
        let start = (channel + self.first + ky * columns.size + kx) as isize
            - (rows.before * columns.size + columns.before) as isize;
        Tap {
            ky: ky as i32,
            kx: kx as i32,
            channel,
            start,
        }
    }

    /// Where in its channel a tap of the window at `j` of the strip lies, if inside the image.
    #[inline(always)]
    fn inside(&self, tap: &Tap, j: usize) -> Option<usize> {
        let Geometry { rows, columns, .. } = self.geometry;
        let (y, x) = (self.y.get(j)? + tap.ky, self.x.get(j)? + tap.kx);
        // negative ones are large
        let (y, x) = (y as u32 as usize, x as u32 as usize);
        (y < rows.size && x < columns.size).then_some(y * columns.size + x)
    }
}

struct Tap {
    ky: i32,
    kx: i32,
    /// Where its channel begins.
    channel: usize,
    /// With stride 1: where the value under it for the strip's first window lies, before the image if negative.
    start: isize,
}

/// The part of a strip that lies in an image of so many values, and where it begins there.
#[inline(always)]
fn clip(start: isize, strip: usize, values: usize) -> (core::ops::Range<usize>, usize) {
    let before = if start < 0 { start.unsigned_abs() } else { 0 };
    let from = if start < 0 { 0 } else { start.unsigned_abs() };
    let length = strip
        .saturating_sub(before)
        .min(values.saturating_sub(from));
    (before.min(strip)..before.min(strip) + length, from)
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
        let geometry = strip.geometry;
        let (dense, padded) = (geometry.is_dense(), geometry.is_padded());
        for (tap, row) in (tap..).zip(panel.chunks_exact_mut(geometry.strip())) {
            let tap = strip.place(tap);
            if !dense {
                for (j, slot) in row.iter_mut().enumerate() {
                    let place = strip.inside(&tap, j);
                    let value = place.and_then(|place| image.get(tap.channel + place));
                    *slot = value.copied().unwrap_or(T::ZERO);
                }
                continue;
            }
            let whole = usize::try_from(tap.start).ok();
            let whole = whole.and_then(|start| image.get(start..)?.first_chunk::<MOST>());
            match (whole, row.first_chunk_mut::<MOST>()) {
                (Some(from), Some(to)) => *to = *from,
                _ => {
                    let (inside, from) = clip(tap.start, row.len(), image.len());
                    row.fill(T::ZERO);
                    let row = row.get_mut(inside).unwrap_or_default();
                    for (slot, value) in row.iter_mut().zip(image.iter().skip(from)) {
                        *slot = *value;
                    }
                }
            }
            if padded {
                for (j, slot) in row.iter_mut().enumerate() {
                    let inside = strip.inside(&tap, j).is_some();
                    *slot = if inside { *slot } else { T::ZERO };
                }
            }
        }
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
        let geometry = strip.geometry;
        let dense = geometry.is_dense();
        for (tap, row) in (tap..).zip(panel.chunks_exact(geometry.strip())) {
            let tap = strip.place(tap);
            if !dense {
                for (j, value) in row.iter().enumerate() {
                    let place = strip.inside(&tap, j);
                    if let Some(slot) = place.and_then(|at| image.get_mut(tap.channel + at)) {
                        *slot += *value;
                    }
                }
                continue;
            }
            // -0 leaves every number as it is
            let mut counted = [-T::ZERO; MOST];
            for (j, (slot, value)) in counted.iter_mut().zip(row).enumerate() {
                let inside = strip.inside(&tap, j).is_some();
                *slot = if inside { *value } else { -T::ZERO };
            }
            let (inside, from) = clip(tap.start, row.len(), image.len());
            let counted = counted.get(inside).unwrap_or_default();
            for (slot, value) in image.iter_mut().skip(from).zip(counted) {
                *slot += *value;
            }
        }
    }
}
