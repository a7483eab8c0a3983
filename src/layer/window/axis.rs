//! Windows along one dimension, in numbers.

use core::ops::Range;

use generic_array::typenum::Unsigned;

use super::{Causal, Padding, Same, Valid};
use crate::Size;
use crate::sizes::U1;

/// Windows along one dimension, in numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    /// The values.
    pub(crate) size: usize,
    /// The values under a window.
    pub(crate) kernel: usize,
    /// From one window to the next.
    pub(crate) stride: usize,
    /// From one value under a window to the next.
    pub(crate) dilation: usize,
    /// Zeros before the first value.
    pub(crate) before: usize,
    /// The windows.
    pub(crate) outputs: usize,
}

impl Axis {
    pub(crate) const fn new<N: Size, K: Size, S: Size, P: Padding>() -> Self {
        Self::dilated::<N, K, S, P, U1>()
    }

    pub(crate) const fn dilated<N: Size, K: Size, S: Size, P: Padding, D: Size>() -> Self {
        let (size, kernel, stride, dilation) = (
            <N as Unsigned>::USIZE,
            <K as Unsigned>::USIZE,
            <S as Unsigned>::USIZE,
            <D as Unsigned>::USIZE,
        );
        let reach = (kernel - 1) * dilation + 1;
        let outputs = if P::NUMBER == Valid::NUMBER {
            size.saturating_sub(reach) / stride + 1
        } else {
            size.div_ceil(stride)
        };
        let before = match P::NUMBER {
            Same::NUMBER => ((outputs - 1) * stride + reach).saturating_sub(size) / 2,
            Causal::NUMBER => reach - 1,
            _ => 0,
        };
        Self {
            size,
            kernel,
            stride,
            dilation,
            before,
            outputs,
        }
    }

    /// Where a tap of a window lies, if not in the padding.
    #[inline(always)]
    pub(crate) const fn place(self, window: usize, tap: usize) -> Option<usize> {
        let at = window * self.stride + tap * self.dilation;
        match at.checked_sub(self.before) {
            Some(at) if at < self.size => Some(at),
            _ => None,
        }
    }

    /// The windows of which a tap does not lie in the padding.
    #[inline(always)]
    pub(crate) const fn windows(self, tap: usize) -> Range<usize> {
        let offset = tap * self.dilation;
        let first = self.before.saturating_sub(offset).div_ceil(self.stride);
        let end = (self.size + self.before).saturating_sub(offset);
        let end = end.div_ceil(self.stride);
        let end = if end < self.outputs {
            end
        } else {
            self.outputs
        };
        (if first < end { first } else { end })..end
    }

    /// Whether the values under a window lie side by side.
    const fn is_dense(self) -> bool {
        self.kernel == 1 || self.dilation == 1
    }

    /// Where a window begins whose values lie side by side, none of them in the padding.
    #[inline(always)]
    pub(crate) const fn whole(self, window: usize) -> Option<usize> {
        match (self.place(window, 0), self.place(window, self.kernel - 1)) {
            (Some(first), Some(_)) if self.is_dense() => Some(first),
            _ => None,
        }
    }

    /// Whether the windows lie side by side, so that their values need not be gathered.
    pub(crate) const fn is_cut(self) -> bool {
        self.is_dense() && self.stride == self.kernel && self.before == 0 && self.end() <= self.size
    }

    /// With stride 1 and no dilation: the windows of the way back, over the gradients of the outputs.
    pub(crate) const fn turned(self) -> Self {
        Self {
            size: self.outputs,
            before: self.kernel - 1 - self.before,
            outputs: self.size,
            ..self
        }
    }

    /// Behind the last value under a window.
    const fn end(self) -> usize {
        (self.outputs - 1) * self.stride + (self.kernel - 1) * self.dilation + 1
    }
}
