//! A kernel that slides over one plane of values.

use crate::Scalar;
use crate::layer::window::Axis;
use crate::layer::{cut, cut_mut};

/// A panel holds some rows of a plane, with the zeros of their padding: as many values as so many rows of inputs.
pub(super) const ROWS: usize = 16;

/// Sums that are added to in turn.
const LANES: usize = 8;

/// Weights whose gradients are summed together.
const TOGETHER: usize = 32;

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
    /// The rows of outputs for which the panel has room, and for a vector beyond.
    const fn band(self, panel: usize) -> usize {
        match (panel.saturating_sub(LANES) / self.pitch()).checked_sub(self.rows.kernel) {
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
        kernel: &(impl Iterator<Item = &'a T> + Clone),
        inputs: &[T],
        outputs: &mut [T],
        panel: &mut [T],
    ) {
        let (width, band) = (self.columns.outputs, self.band(panel.len()));
        if band == 0 {
            return self.slide_apart(start, kernel, inputs, outputs);
        }
        for (rows, first) in outputs.chunks_mut(band * width).zip((0..).step_by(band)) {
            self.fill(first, rows.len() / width, inputs, panel);
            for (y, row) in rows.chunks_exact_mut(width).enumerate() {
                let (_, under) = cut(panel, y * self.rows.stride * self.pitch());
                match width {
                    _ if self.columns.stride > 1 => self.apart(start, kernel, under, row),
                    16.. => self.row::<16, T>(start, kernel, under, row),
                    8.. => self.row::<8, T>(start, kernel, under, row),
                    4.. => self.row::<4, T>(start, kernel, under, row),
                    _ => self.row::<1, T>(start, kernel, under, row),
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
        kernel: &(impl Iterator<Item = &'a T> + Clone),
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
                    (line, column) = (cut(line, pitch.min(line.len())).1, 0);
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
        kernel: &(impl Iterator<Item = &'a T> + Clone),
        under: &[T],
        row: &mut [T],
    ) {
        row.fill(start);
        let (mut line, mut column) = (under, 0);
        for w in kernel.clone() {
            let values = line.iter().skip(column).step_by(self.columns.stride);
            for (sum, x) in row.iter_mut().zip(values) {
                *sum += *x * *w;
            }
            column += 1;
            if column == self.columns.kernel {
                (line, column) = (cut(line, self.pitch().min(line.len())).1, 0);
            }
        }
    }

    /// Where the panel has no room for the rows under a window: one output after the other.
    fn slide_apart<'a, T: Scalar>(
        self,
        start: T,
        kernel: &(impl Iterator<Item = &'a T> + Clone),
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

    /// Adds a sample's part to the gradients of weights and bias.
    #[inline(always)]
    pub(super) fn add_gradient<T: Scalar>(
        self,
        inputs: &[T],
        slopes: &[T],
        weights: &mut [T],
        bias: &mut T,
        panel: &mut [T],
    ) {
        let mut sums = [T::ZERO; LANES];
        for dy in slopes.chunks_exact(self.columns.outputs) {
            for dy in dy.chunks(LANES) {
                sums = add(sums, padded(dy.iter()));
            }
        }
        *bias += fold(sums);
        for (weights, first) in weights.chunks_mut(TOGETHER).zip((0..).step_by(TOGETHER)) {
            let mut sums = [[T::ZERO; LANES]; TOGETHER];
            let (sums, _) = cut_mut(&mut sums, weights.len());
            if self.band(panel.len()) == 0 {
                self.add_products_apart(first, inputs, slopes, sums);
            } else {
                self.add_products(first, inputs, slopes, sums, panel);
            }
            for (dw, sums) in weights.iter_mut().zip(sums) {
                *dw += fold(*sums);
            }
        }
    }

    /// Adds each window's products for the weights from `first` on to their sums.
    #[inline(always)]
    fn add_products<T: Scalar>(
        self,
        first: usize,
        inputs: &[T],
        slopes: &[T],
        sums: &mut [[T; LANES]],
        panel: &mut [T],
    ) {
        let (width, stride) = (self.columns.outputs, self.columns.stride);
        let (band, kernel) = (self.band(panel.len()), self.columns.kernel);
        for (rows, top) in slopes.chunks(band * width).zip((0..).step_by(band)) {
            self.fill(top, rows.len() / width, inputs, panel);
            for (y, dy) in rows.chunks_exact(width).enumerate() {
                let row = (y * self.rows.stride + first / kernel) * self.pitch();
                for (dy, x) in dy.chunks(LANES).zip((0..).step_by(LANES)) {
                    // behind the end of a row its slopes are 0
                    let dy = match dy.first_chunk() {
                        Some(whole) => *whole,
                        None => padded(dy.iter()),
                    };
                    let mut line = cut(panel, row + x * stride).1;
                    let mut column = first % kernel;
                    for sums in &mut *sums {
                        let values = line.get(column..).unwrap_or_default();
                        let values = match values.first_chunk() {
                            Some(whole) if stride == 1 => *whole,
                            _ => padded(values.iter().step_by(stride)),
                        };
                        for (sum, (x, dy)) in sums.iter_mut().zip(values.iter().zip(&dy)) {
                            *sum += *x * *dy;
                        }
                        column += 1;
                        if column == kernel {
                            (line, column) = (cut(line, self.pitch().min(line.len())).1, 0);
                        }
                    }
                }
            }
        }
    }

    /// The same without a panel.
    fn add_products_apart<T: Scalar>(
        self,
        first: usize,
        inputs: &[T],
        slopes: &[T],
        sums: &mut [[T; LANES]],
    ) {
        for (sums, tap) in sums.iter_mut().zip(first..) {
            for (place, dy) in slopes.iter().enumerate() {
                let (y, x) = (place / self.columns.outputs, place % self.columns.outputs);
                let row = self.rows.place(y, tap / self.columns.kernel);
                let column = self.columns.place(x, tap % self.columns.kernel);
                let value = row
                    .zip(column)
                    .and_then(|(row, column)| inputs.get(row * self.columns.size + column));
                if let (Some(x), Some(sum)) = (value, sums.get_mut(x % LANES)) {
                    *sum += *x * *dy;
                }
            }
        }
    }
}

/// The first values, and zeros if there are fewer.
#[inline(always)]
fn padded<'a, T: Scalar>(values: impl Iterator<Item = &'a T>) -> [T; LANES] {
    let mut lanes = [T::ZERO; LANES];
    for (lane, value) in lanes.iter_mut().zip(values) {
        *lane = *value;
    }
    lanes
}

/// The sums of two vectors.
#[inline(always)]
fn add<T: Scalar>(mut sums: [T; LANES], values: [T; LANES]) -> [T; LANES] {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
    sums
}

/// The eight sums as one.
#[inline(always)]
fn fold<T: Scalar>([s0, s1, s2, s3, s4, s5, s6, s7]: [T; LANES]) -> T {
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
}
