//! A kernel that slides over one plane of values.

use crate::Scalar;
use crate::layer::window::Axis;
use crate::layer::{cut, cut_mut};

/// The values of a panel: some rows of a plane, with the zeros of their padding.
pub(super) const PANEL: usize = 4096;

/// Windows over the rows and columns of a plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    pub(super) rows: Axis,
    pub(super) columns: Axis,
}

impl Plane {
    pub(super) const fn taps(self) -> usize {
        self.rows.kernel * self.columns.kernel
    }
    pub(super) const fn inputs(self) -> usize {
        self.rows.size * self.columns.size
    }
    pub(super) const fn outputs(self) -> usize {
        self.rows.outputs * self.columns.outputs
    }
    /// With stride 1: the windows of the way back, over the gradient of the outputs, by a kernel that is turned around.
    pub(super) const fn turned(self) -> Self {
        Self {
            rows: self.rows.turned(),
            columns: self.columns.turned(),
        }
    }
    /// The values of a row of the panel.
    const fn pitch(self) -> usize {
        (self.columns.outputs - 1) * self.columns.stride + self.columns.kernel
    }
    /// The rows of outputs for which the panel has room.
    const fn band(self) -> usize {
        match (PANEL / self.pitch()).checked_sub(self.rows.kernel) {
            Some(more) => more / self.rows.stride + 1,
            None => 0,
        }
    }

    /// `outputs = start + kernel over inputs`, the products first to last, in the padding those with 0. The kernel is given by
    /// its weights, first to last.
    #[inline(always)]
    pub(super) fn slide<'a, T: Scalar>(
        self,
        start: T,
        kernel: impl Iterator<Item = &'a T> + Clone,
        inputs: &[T],
        outputs: &mut [T],
        panel: &mut [T; PANEL],
    ) {
        let (width, band) = (self.columns.outputs, self.band());
        if band == 0 {
            return self.slide_apart(start, kernel, inputs, outputs);
        }
        for (rows, first) in outputs.chunks_mut(band * width).zip((0..).step_by(band)) {
            self.fill(first, rows.len() / width, inputs, panel);
            for (y, row) in rows.chunks_exact_mut(width).enumerate() {
                let (_, under) = cut(panel.as_slice(), y * self.rows.stride * self.pitch());
                match width {
                    _ if self.columns.stride > 1 => self.apart(start, kernel.clone(), under, row),
                    16.. => self.row::<16, T>(start, kernel.clone(), under, row),
                    8.. => self.row::<8, T>(start, kernel.clone(), under, row),
                    4.. => self.row::<4, T>(start, kernel.clone(), under, row),
                    _ => self.row::<1, T>(start, kernel.clone(), under, row),
                }
            }
        }
    }

    /// Copies the values under some rows of windows into the panel, with the padding.
    #[inline(always)]
    fn fill<T: Scalar>(self, first: usize, rows: usize, inputs: &[T], panel: &mut [T]) {
        let rows = (rows - 1) * self.rows.stride + self.rows.kernel;
        let (before, size) = (self.columns.before, self.columns.size);
        for (i, to) in panel.chunks_exact_mut(self.pitch()).take(rows).enumerate() {
            let y = (first * self.rows.stride + i).checked_sub(self.rows.before);
            let y = y.filter(|y| *y < self.rows.size);
            let Some(y) = y else {
                to.fill(T::ZERO);
                continue;
            };
            let (left, to) = cut_mut(to, before.min(to.len()));
            left.fill(T::ZERO);
            let (to, right) = cut_mut(to, size.min(to.len()));
            right.fill(T::ZERO);
            for (to, x) in to.iter_mut().zip(cut(inputs, y * size).1) {
                *to = *x;
            }
        }
    }

    /// A row of outputs of windows side by side, `L` at a time; the last of them may be computed twice.
    #[inline(always)]
    fn row<'a, const L: usize, T: Scalar>(
        self,
        start: T,
        kernel: impl Iterator<Item = &'a T> + Clone,
        under: &[T],
        row: &mut [T],
    ) {
        let pitch = self.pitch();
        for x in (0..row.len()).step_by(L) {
            let x = x.min(row.len() - L);
            let mut sums = [start; L];
            let (mut line, mut column) = (cut(under, x).1, 0);
            for w in kernel.clone() {
                if let Some(values) = line.get(column..).and_then(<[T]>::first_chunk::<L>) {
                    for (sum, x) in sums.iter_mut().zip(values) {
                        *sum += *x * *w;
                    }
                }
                column += 1;
                if column == self.columns.kernel {
                    (line, column) = (cut(line, pitch).1, 0);
                }
            }
            if let Some(to) = row.get_mut(x..).and_then(|row| row.first_chunk_mut::<L>()) {
                *to = sums;
            }
        }
    }

    /// A row of outputs of windows that are further apart.
    #[inline(always)]
    fn apart<'a, T: Scalar>(
        self,
        start: T,
        kernel: impl Iterator<Item = &'a T> + Clone,
        under: &[T],
        row: &mut [T],
    ) {
        row.fill(start);
        let (mut line, mut column) = (under, 0);
        for w in kernel {
            let values = line.iter().skip(column).step_by(self.columns.stride);
            for (sum, x) in row.iter_mut().zip(values) {
                *sum += *x * *w;
            }
            column += 1;
            if column == self.columns.kernel {
                (line, column) = (cut(line, self.pitch()).1, 0);
            }
        }
    }

    /// Where the panel has no room for the rows under a window: one output after the other.
    fn slide_apart<'a, T: Scalar>(
        self,
        start: T,
        kernel: impl Iterator<Item = &'a T> + Clone,
        inputs: &[T],
        outputs: &mut [T],
    ) {
        let width = self.columns.kernel;
        for (place, output) in outputs.iter_mut().enumerate() {
            let (y, x) = (place / self.columns.outputs, place % self.columns.outputs);
            *output = kernel.clone().enumerate().fold(start, |sum, (tap, w)| {
                let row = self.rows.place(y, tap / width);
                let column = self.columns.place(x, tap % width);
                let place = row.zip(column).map(|(y, x)| y * self.columns.size + x);
                let value = place.and_then(|place| inputs.get(place)).copied();
                sum + value.unwrap_or(T::ZERO) * *w
            });
        }
    }
}
