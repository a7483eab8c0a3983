//! The gradient of the inputs of many samples, with an input in each lane.
//!
//! The weights of some inputs are copied so that those of one output lie side by side: a panel of `[outputs][inputs]`. It is
//! in two halves, first the outputs of the even partial sums, then those of the odd ones, for registers hold four sums of
//! some samples and inputs, and not eight.

use super::lanes::Lanes;
use super::pad::{PARTS, tail};
use crate::kernel::{Dimensions, InputGradient};
use crate::size::Lined;
use crate::{Element, Scalar};

/// The numbers of a panel, by the size of the layer: to clear a large one takes longer than all else in a small layer.
const SMALL_PANEL: usize = 1024;
const MIDDLE_PANEL: usize = 2048;
const PANEL: usize = 4096;
const LARGE_PANEL: usize = 8192;
/// Bytes that the nearest cache keeps: a panel of no more holds both halves, so that weights are read once.
const NEAR: usize = 32 * 1024;
/// The partial sums of a half.
const SUMS: usize = PARTS / 2;

/// From so many samples on a panel pays: where it has one vector of inputs, or two where rows of weights cross lines of the
/// cache, which the other way reads again for each sample; where strips may have two vectors; where they have one.
const FEWEST_SAMPLES: usize = 8;
const SAMPLES_OF_PAIRS: usize = 10;
const SAMPLES: usize = 16;

/// How the gradient of inputs is cut: into strips of inputs, and the outputs of a strip into halves.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// The lanes of a vector.
    width: usize,
    /// The vectors of a strip at most.
    vectors: usize,
    /// The rows of a half: outputs, in whole groups.
    half: usize,
    /// Whether both halves are copied at once.
    whole: bool,
}

impl Cut {
    /// For a layer and a number of samples, with vectors of `width` lanes, at most so many in a strip; `None` where a panel
    /// does not pay, or is too small.
    #[inline(always)]
    pub(super) fn new<T>(
        dense: Dimensions,
        samples: usize,
        width: usize,
        most: usize,
    ) -> Option<Self> {
        let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
        let pays = match most {
            _ if n_in <= width => FEWEST_SAMPLES,
            2 if !n_out.is_multiple_of(PARTS) => FEWEST_SAMPLES,
            2 => SAMPLES_OF_PAIRS,
            _ => SAMPLES,
        };
        if samples < pays || n_in <= width / 2 {
            return None;
        }
        let half = n_out.div_ceil(PARTS) * SUMS;
        let vectors = if n_in < 2 * width || half * 2 * width > LARGE_PANEL {
            1
        } else {
            most
        };
        let whole = 2 * half * vectors * width * size_of::<T>() <= NEAR;
        // a vector that the inputs do not fill is written once
        let fits = whole || n_in >= width && half * vectors * width <= LARGE_PANEL;
        fits.then_some(Self {
            width,
            vectors,
            half,
            whole,
        })
    }
}

/// The turned copy of some inputs' weights.
pub(super) struct Turn<'a, T> {
    weights: &'a [T],
    n_in: usize,
    n_out: usize,
    /// The input in the first lane.
    first: usize,
    /// The lanes of a strip.
    lanes: usize,
    /// 0, 1, or both, one after the other.
    half: Option<usize>,
    panel: &'a mut [T],
}

/// What the gradients of some inputs are computed from.
pub(super) struct Strip<'a, T> {
    panel: &'a [T],
    /// What it holds: the first half, which is written, the second, which is added, or both.
    half: Option<usize>,
    first: usize,
    vectors: usize,
    n_in: usize,
    n_out: usize,
    output_gradient: &'a [T],
    input_gradient: &'a mut [T],
}

/// The gradients of inputs, strip by strip, by functions that use the vectors of the machine.
#[inline(always)]
pub(super) fn input_gradient<T: Scalar>(
    cut: Cut,
    dense: Dimensions,
    pass: &mut InputGradient<'_, T>,
    turn: impl FnMut(&mut Turn<'_, T>) -> Option<()>,
    strip: impl FnMut(&mut Strip<'_, T>) -> Option<()>,
) -> Option<()> {
    let halves = if cut.whole { 2 } else { 1 };
    let numbers = halves * cut.half * cut.vectors * cut.width;
    if numbers <= SMALL_PANEL {
        strips::<T, SMALL_PANEL>(cut, dense, pass, turn, strip)
    } else if numbers <= MIDDLE_PANEL {
        strips::<T, MIDDLE_PANEL>(cut, dense, pass, turn, strip)
    } else if numbers <= PANEL {
        strips::<T, PANEL>(cut, dense, pass, turn, strip)
    } else {
        strips::<T, LARGE_PANEL>(cut, dense, pass, turn, strip)
    }
}

#[inline(never)]
fn strips<T: Scalar, const N: usize>(
    cut: Cut,
    dense: Dimensions,
    pass: &mut InputGradient<'_, T>,
    mut turn: impl FnMut(&mut Turn<'_, T>) -> Option<()>,
    mut strip: impl FnMut(&mut Strip<'_, T>) -> Option<()>,
) -> Option<()> {
    let (n_in, n_out) = (dense.inputs.get(), dense.outputs.get());
    let mut panel = Lined::new([T::ZERO; N]);
    let mut next = 0;
    while next < n_in {
        let vectors = if n_in - next <= cut.width {
            1
        } else {
            cut.vectors
        };
        let lanes = vectors * cut.width;
        // the last inputs may overlap those before
        let first = next.min(n_in.saturating_sub(lanes));
        let (halves, count) = if cut.whole {
            (&[None][..], 2)
        } else {
            (&[Some(0), Some(1)][..], 1)
        };
        let panel = panel.values.get_mut(..count * cut.half * lanes)?;
        for half in halves {
            turn(&mut Turn {
                weights: pass.weights,
                n_in,
                n_out,
                first,
                lanes,
                half: *half,
                panel,
            })?;
            strip(&mut Strip {
                panel,
                half: *half,
                first,
                vectors,
                n_in,
                n_out,
                output_gradient: pass.output_gradient,
                input_gradient: pass.input_gradient,
            })?;
        }
        next = first + lanes;
    }
    Some(())
}

/// Fills a panel: for each half, in groups of `PARTS` outputs, those whose number is even, or odd; the last group with zeros.
#[inline(always)]
pub(super) fn turn<L: Lanes>(l: L, _: Dimensions, job: &mut Turn<'_, L::T>) -> Option<()> {
    let per_row = PARTS / L::WIDTH;
    if per_row == 0 {
        return None;
    }
    let (first, n_out) = (job.first, job.n_out);
    let last = job.n_in.checked_sub(first + 1)?;
    let (even, odd) = match job.half {
        None => (Some(0), Some(job.panel.len() / 2 / L::WIDTH)),
        Some(0) => (Some(0), None),
        _ => (None, Some(0)),
    };
    // the panel in vectors of these lanes
    let stride = job.lanes / L::WIDTH;
    let slots = L::vectors_mut(job.panel);
    let groups = n_out / PARTS;
    let mut column = 0;
    while column < stride {
        let mut rows = [job.weights; PARTS];
        let mut i = 0;
        while i < L::WIDTH {
            // what lies in lanes of inputs that are not there is not used
            let row = first + (column * L::WIDTH + i).min(last);
            rows[i] = job.weights.get(row * n_out..)?.get(..n_out)?;
            i += 1;
        }
        macro_rules! copy {
            ($o:expr, $i:ident => $row:expr) => {
                let at = column + $o * SUMS * stride;
                let mut block = [l.splat(L::T::ZERO); PARTS];
                let mut $i = 0;
                while $i < L::WIDTH {
                    let row = $row;
                    let mut q = 0;
                    while q < per_row {
                        block[$i * per_row + q] = *row.get(q)?;
                        q += 1;
                    }
                    $i += 1;
                }
                let block = l.turn(block);
                if let Some(begin) = even {
                    let mut k = 0;
                    while k < SUMS {
                        *slots.get_mut(begin + at + k * stride)? = block[2 * k];
                        k += 1;
                    }
                }
                if let Some(begin) = odd {
                    let mut k = 0;
                    while k < SUMS {
                        *slots.get_mut(begin + at + k * stride)? = block[2 * k + 1];
                        k += 1;
                    }
                }
            };
        }
        let mut o = 0;
        while o < groups {
            copy!(o, i => L::vectors(rows[i].as_chunks::<PARTS>().0.get(o)?));
            o += 1;
        }
        if groups * PARTS < n_out {
            copy!(groups, i => tail(l, rows[i], n_out - groups * PARTS)?);
        }
        column += 1;
    }
    Some(())
}

/// The gradients of a strip, for all samples.
#[inline(always)]
pub(super) fn strip<L: Lanes>(l: L, _: Dimensions, job: &mut Strip<'_, L::T>) -> Option<()> {
    if job.vectors == 1 {
        samples::<L, 1>(l, job)
    } else {
        samples::<L, 2>(l, job)
    }
}

#[inline(always)]
fn samples<L: Lanes, const V: usize>(l: L, job: &mut Strip<'_, L::T>) -> Option<()> {
    let (n_in, n_out) = (job.n_in, job.n_out);
    let mut slopes = job.output_gradient;
    let mut inputs = &mut *job.input_gradient;
    macro_rules! samples {
        ($($n:literal)*) => {$(
            while let Some((dy, after)) = slopes.split_at_checked($n * n_out)
                && !dy.is_empty()
            {
                let (dx, rest) = core::mem::take(&mut inputs).split_at_mut_checked($n * n_in)?;
                few_samples::<L, V, $n>(l, job.panel, job.half, dy, dx, job.first)?;
                (slopes, inputs) = (after, rest);
            }
        )*};
    }
    samples!(3 2 1);
    Some(())
}

/// The gradients of `V` vectors of inputs, from the `first` on, of `N` samples.
#[inline(always)]
fn few_samples<L: Lanes, const V: usize, const N: usize>(
    l: L,
    panel: &[L::T],
    half: Option<usize>,
    output_gradient: &[L::T],
    input_gradient: &mut [L::T],
    first: usize,
) -> Option<()> {
    let (n_out, n_in) = (output_gradient.len() / N, input_gradient.len() / N);
    let mut slopes = [output_gradient; N];
    let mut s = 0;
    while s < N {
        slopes[s] = output_gradient.get(s * n_out..)?.get(..n_out)?;
        s += 1;
    }
    let totals = if let Some(half) = half {
        half_of::<L, V, N>(l, panel, half, &slopes, n_out)?
    } else {
        let (even, odd) = panel.split_at_checked(panel.len() / 2)?;
        let even = half_of::<L, V, N>(l, even, 0, &slopes, n_out)?;
        let mut totals = half_of::<L, V, N>(l, odd, 1, &slopes, n_out)?;
        let mut s = 0;
        while s < N {
            let mut v = 0;
            while v < V {
                totals[s][v] = l.add(even[s][v], totals[s][v]);
                v += 1;
            }
            s += 1;
        }
        totals
    };
    let mut s = 0;
    while s < N {
        let row = input_gradient.get_mut(s * n_in + first..)?;
        let mut v = 0;
        while v < V {
            let total = totals[s][v];
            match L::vectors_mut(row).get_mut(v) {
                Some(slot) if half == Some(1) => *slot = l.add(*slot, total),
                Some(slot) => *slot = total,
                None => l.write_some(total, row.get_mut(..n_in)?),
            }
            v += 1;
        }
        s += 1;
    }
    Some(())
}

/// What a half adds to the gradients: 0 and 4, 2 and 6; or 1 and 5, 3 and 7.
#[inline(always)]
fn half_of<L: Lanes, const V: usize, const N: usize>(
    l: L,
    panel: &[L::T],
    half: usize,
    slopes: &[&[L::T]; N],
    n_out: usize,
) -> Option<[[L::V; V]; N]> {
    let nothing = l.splat(-L::T::ZERO);
    let mut sums = [[[nothing; V]; SUMS]; N];
    macro_rules! add {
        ($k:ident, $o:expr, $group:expr) => {
            let mut s = 0;
            while s < N {
                let dy = l.splat(*slopes[s].get($o)?);
                let mut v = 0;
                while v < V {
                    let w = *$group.get($k * V + v)?;
                    sums[s][$k][v] = l.multiply_add(w, dy, sums[s][$k][v]);
                    v += 1;
                }
                s += 1;
            }
        };
    }
    let mut o = half;
    for group in L::vectors(panel).chunks_exact(SUMS * V) {
        let mut k = 0;
        while k < SUMS {
            if o + 2 * k < n_out {
                add!(k, o + 2 * k, group);
            }
            k += 1;
        }
        o += PARTS;
    }
    let mut totals = [[nothing; V]; N];
    let mut s = 0;
    while s < N {
        let [s0, s1, s2, s3] = sums[s];
        let mut v = 0;
        while v < V {
            totals[s][v] = l.add(l.add(s0[v], s2[v]), l.add(s1[v], s3[v]));
            v += 1;
        }
        s += 1;
    }
    Some(totals)
}
