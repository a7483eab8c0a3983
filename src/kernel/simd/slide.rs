//! Filters that slide over an image, in vectors of windows.

use super::lanes::Lanes;
use super::product::{tile_columns, tile_rows};
use crate::Element;
use crate::kernel::{Dimensions, Slide};

/// Filters of a tile: two vectors of windows for each fill the registers that there are with the widest vectors.
const TOGETHER: usize = 8;

/// `outputs[filter][row][column] += weights[tap][filter] * image[places[tap] + row * step + column]`.
#[inline(always)]
pub(super) fn slide<L: Lanes>(l: L, dense: Dimensions, pass: &mut Slide<'_, L::T>) -> Option<()> {
    let (columns, filters) = (dense.inputs.get(), dense.outputs.get());
    let plane = pass.outputs.len() / filters;
    let mut row = 0;
    while row * columns < plane {
        let mut filter = 0;
        while filter < filters {
            let rest = filters - filter;
            let together = if L::IS_WIDEST && rest >= TOGETHER {
                TOGETHER
            } else {
                tile_rows(rest)
            };
            let most = match together {
                2 => 4,
                3 | 4 => 3,
                _ => 2,
            };
            let mut first = 0;
            while first < columns {
                let end = tile_columns(L::WIDTH, most, first, columns);
                let place = Place {
                    filter,
                    row,
                    first,
                    end,
                };
                macro_rules! tiles {
                    ($($filters:literal: $($main:literal)*;)*) => {
                        match (together, (end - place.first).div_ceil(L::WIDTH) - 1) {
                            $($(($filters, $main) => tile::<L, $filters, $main>(l, dense, pass, &place)?,)*)*
                            _ => return None,
                        }
                    };
                }
                tiles! {
                    1: 0 1;
                    2: 0 1 2 3;
                    3: 0 1 2;
                    4: 0 1 2;
                    6: 0 1;
                    8: 0 1;
                }
                first = end;
            }
            filter += together;
        }
        row += 1;
    }
    Some(())
}

/// Some windows of a row, from `first` to `end`.
struct Place {
    filter: usize,
    row: usize,
    first: usize,
    end: usize,
}

/// `N` filters over `MAIN + 1` vectors of windows; the last vector ends at the end, and may overlap the one before it.
#[inline(always)]
fn tile<L: Lanes, const N: usize, const MAIN: usize>(
    l: L,
    dense: Dimensions,
    pass: &mut Slide<'_, L::T>,
    place: &Place,
) -> Option<()> {
    let filters = dense.outputs.get();
    let plane = pass.outputs.len() / filters;
    let start = place.row * dense.inputs.get();
    let (start, end) = (start + place.first, start + place.end);
    let nothing = l.splat(L::T::ZERO);
    let mut main = [[nothing; MAIN]; N];
    let mut last = [nothing; N];
    let mut i = 0;
    while i < N {
        if pass.bias.is_empty() {
            let at = (place.filter + i) * plane;
            let row = pass.outputs.get(at + start..at + end)?;
            main[i] = *L::vectors(row).first_chunk::<MAIN>()?;
            last[i] = *L::last(row)?;
        } else {
            let bias = l.splat(*pass.bias.get(place.filter + i)?);
            (main[i], last[i]) = ([bias; MAIN], bias);
        }
        i += 1;
    }
    let image = pass.image.get(place.row * pass.step + place.first..)?;
    let width = place.end - place.first;
    let mut weights = pass.weights.get(place.filter..)?;
    for tap in pass.places {
        let row = image.get(*tap as usize..)?.get(..width)?;
        let right = *L::vectors(row).first_chunk::<MAIN>()?;
        let right_last = *L::last(row)?;
        let left = *weights.first_chunk::<N>()?;
        weights = weights.get(filters..).unwrap_or_default();
        let mut i = 0;
        while i < N {
            let w = l.splat(left[i]);
            let mut q = 0;
            while q < MAIN {
                main[i][q] = l.multiply_add(w, right[q], main[i][q]);
                q += 1;
            }
            last[i] = l.multiply_add(w, right_last, last[i]);
            i += 1;
        }
    }
    let mut i = 0;
    while i < N {
        let at = (place.filter + i) * plane;
        let row = pass.outputs.get_mut(at + start..at + end)?;
        *L::vectors_mut(row).first_chunk_mut::<MAIN>()? = main[i];
        *L::last_mut(row)? = last[i];
        i += 1;
    }
    Some(())
}
