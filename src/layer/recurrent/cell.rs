//! What happens in a step, once the products of the weights with input and state are there.

use core::marker::PhantomData;

use crate::activation::{Sigmoid, Tanh};
use crate::kernel::{Elementwise, elementwise};
use crate::layer::{cut, cut_mut};
use crate::sizes::{U1, U2, U3, U4, U5, U6};
use crate::{Activation, Scalar, Size};

/// The kind of a recurrent layer: [`GruCell`], [`LstmCell`] or [`RnnCell`].
///
/// Slices hold vectors of `width` values, one after the other.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a recurrent cell",
    label = "neither `GruCell` nor `LstmCell` nor `RnnCell`"
)]
pub trait Cell: 'static {
    /// Vectors that the weights give, of the input and of the state.
    type Gates: Size;
    /// Vectors of the state; the first is what the layer gives.
    type States: Size;
    /// Vectors that the way back needs of a step; the last are the state after it.
    type Kept: Size;
    /// Its name in a summary.
    const NAME: &'static str;

    /// A step of some units: makes gates of the sums, and changes the state.
    #[doc(hidden)]
    fn advance<T: Scalar, const N: usize>(
        units: Units,
        sums: &mut [T],
        from_state: &[T],
        state: &mut [T],
    ) -> Option<()>;
    /// Writes what the way back needs, from what [`advance`](Self::advance) has left.
    fn keep<T: Scalar>(width: usize, sums: &[T], from_state: &[T], state: &[T], kept: &mut [T]);
    /// The way back of a step: writes the gradients of both sums, and makes of the gradient of the state after the step that
    /// of the state `before` it, but for what comes through the weights.
    fn back<T: Scalar>(
        width: usize,
        kept: &[T],
        before: &[T],
        state: &mut [T],
        sums: &mut [T],
        from_state: &mut [T],
    );
}

/// What a step writes: the sums that the weights give, of the input and of the state, and the state or its gradient.
pub(super) struct Step<'a, T> {
    pub(super) sums: &'a mut [T],
    pub(super) from_state: &'a mut [T],
    pub(super) state: &'a mut [T],
}

/// Units of a layer, from the `first` on.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Units {
    width: usize,
    first: usize,
}

impl Units {
    /// Their values in a vector.
    #[inline(always)]
    fn of<T, const N: usize>(self, vectors: &[T], vector: usize) -> Option<&[T; N]> {
        let first = vector * self.width + self.first;
        vectors.get(first..)?.first_chunk()
    }
    /// Their values in the first of the vectors, and the others.
    #[inline(always)]
    fn next<T, const N: usize>(self, vectors: &mut [T]) -> Option<(&mut [T; N], &mut [T])> {
        let (vector, rest) = vectors.split_at_mut_checked(self.width)?;
        Some((vector.get_mut(self.first..)?.first_chunk_mut()?, rest))
    }
}

/// [`Cell::advance`] of all units, with the vectors of the machine: of many together, whose numbers stay in registers from the
/// sums to the state.
#[inline(always)]
pub(super) fn advance<C: Cell, T: Scalar>(width: usize, step: Step<'_, T>) {
    struct Advance<'a, C, T>(usize, Step<'a, T>, PhantomData<C>);
    impl<C: Cell, T: Scalar> Elementwise for Advance<'_, C, T> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            let Self(
                width,
                Step {
                    sums,
                    from_state,
                    state,
                },
                _,
            ) = self;
            let most = if cfg!(feature = "small") { 1 } else { width };
            let done = match most {
                16.. => in_turns::<C, T, 16>(width, sums, from_state, state),
                8.. => in_turns::<C, T, 8>(width, sums, from_state, state),
                4.. => in_turns::<C, T, 4>(width, sums, from_state, state),
                _ => in_turns::<C, T, 1>(width, sums, from_state, state),
            };
            debug_assert!(done.is_some(), "the lengths are those of the layer");
        }
    }
    elementwise(step.sums.len(), Advance::<C, T>(width, step, PhantomData));
}

/// The vectors of a cell that a step changes, at most: those of all gates, and the state.
const CHANGED: usize = 6;

/// `N` units at a time. The last ones may overlap those before, and begin again with what they were.
#[inline(always)]
fn in_turns<C: Cell, T: Scalar, const N: usize>(
    width: usize,
    sums: &mut [T],
    from_state: &[T],
    state: &mut [T],
) -> Option<()> {
    let is_whole = width.is_multiple_of(N);
    let mut before = [[T::ZERO; N]; CHANGED];
    if !is_whole {
        let vectors = sums.chunks_exact(width).chain(state.chunks_exact(width));
        for (before, vector) in before.iter_mut().zip(vectors) {
            *before = *vector.last_chunk()?;
        }
    }
    let mut first = 0;
    while width - first >= N {
        C::advance::<T, N>(Units { width, first }, sums, from_state, state)?;
        first += N;
    }
    if !is_whole {
        let (of_sums, of_state) = (sums.chunks_exact_mut(width), state.chunks_exact_mut(width));
        for (before, vector) in before.iter().zip(of_sums.chain(of_state)) {
            *vector.last_chunk_mut()? = *before;
        }
        let first = width - N;
        C::advance::<T, N>(Units { width, first }, sums, from_state, state)?;
    }
    Some(())
}

/// [`Cell::back`], all of it with the vectors of the machine.
#[inline(always)]
pub(super) fn back<C: Cell, T: Scalar>(width: usize, kept: &[T], before: &[T], step: Step<'_, T>) {
    struct Back<'a, C, T>(usize, &'a [T], &'a [T], Step<'a, T>, PhantomData<C>);
    impl<C: Cell, T: Scalar> Elementwise for Back<'_, C, T> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            let Step {
                sums,
                from_state,
                state,
            } = self.3;
            C::back(self.0, self.1, self.2, state, sums, from_state);
        }
    }
    let job = Back::<C, T>(width, kept, before, step, PhantomData);
    elementwise(job.3.sums.len(), job);
}

/// The cell of a [`Gru`](crate::Gru).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GruCell;

/// The cell of an [`Lstm`](crate::Lstm).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LstmCell;

/// The cell of an [`Rnn`](crate::Rnn).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RnnCell;

/// An activation, where code has to be small by a function of its own.
#[inline(always)]
fn value<A: Activation, T: Scalar>(x: T) -> T {
    let mut values = [x];
    A::apply(&mut values);
    values[0]
}

/// Three vectors.
#[inline(always)]
fn three<T>(values: &[T], width: usize) -> (&[T], &[T], &[T]) {
    let (a, rest) = cut(values, width);
    let (b, rest) = cut(rest, width);
    (a, b, cut(rest, width).0)
}

impl Cell for RnnCell {
    type Gates = U1;
    type States = U1;
    type Kept = U1;
    const NAME: &'static str = "Rnn";

    #[inline(always)]
    fn advance<T: Scalar, const N: usize>(
        units: Units,
        sums: &mut [T],
        from_state: &[T],
        state: &mut [T],
    ) -> Option<()> {
        #[inline(always)]
        fn all<T: Scalar, const N: usize>(x: &[T; N], from_h: &[T; N], h: &mut [T; N]) {
            for j in 0..N {
                h[j] = value::<Tanh, T>(x[j] + from_h[j]);
            }
        }
        let x = units.of(sums, 0)?;
        all::<T, N>(x, units.of(from_state, 0)?, units.next(state)?.0);
        Some(())
    }
    fn keep<T: Scalar>(_: usize, _: &[T], _: &[T], state: &[T], kept: &mut [T]) {
        kept.copy_from_slice(state);
    }
    #[inline(always)]
    fn back<T: Scalar>(
        _: usize,
        kept: &[T],
        _: &[T],
        state: &mut [T],
        sums: &mut [T],
        from_state: &mut [T],
    ) {
        for ((sum, dh), h) in sums.iter_mut().zip(&mut *state).zip(kept) {
            *sum = Tanh::chain(*dh, *h);
            *dh = T::ZERO;
        }
        from_state.copy_from_slice(sums);
    }
}

impl Cell for GruCell {
    type Gates = U3;
    type States = U1;
    type Kept = U5;
    const NAME: &'static str = "Gru";

    #[inline(always)]
    fn advance<T: Scalar, const N: usize>(
        units: Units,
        sums: &mut [T],
        from_state: &[T],
        state: &mut [T],
    ) -> Option<()> {
        #[inline(always)]
        fn all<T: Scalar, const N: usize>(
            r: &mut [T; N],
            z: &mut [T; N],
            n: &mut [T; N],
            r_from_h: &[T; N],
            z_from_h: &[T; N],
            n_from_h: &[T; N],
            h: &mut [T; N],
        ) {
            for j in 0..N {
                r[j] = value::<Sigmoid, T>(r[j] + r_from_h[j]);
                z[j] = value::<Sigmoid, T>(z[j] + z_from_h[j]);
                n[j] = value::<Tanh, T>(n[j] + r[j] * n_from_h[j]);
                h[j] = n[j] + z[j] * (h[j] - n[j]);
            }
        }
        let (r, rest) = units.next(sums)?;
        let (z, rest) = units.next(rest)?;
        let (n, _) = units.next(rest)?;
        let r_from_h = units.of(from_state, 0)?;
        let z_from_h = units.of(from_state, 1)?;
        let n_from_h = units.of(from_state, 2)?;
        let (h, _) = units.next(state)?;
        all::<T, N>(r, z, n, r_from_h, z_from_h, n_from_h, h);
        Some(())
    }
    /// r, z, n, what of n came from the state, h.
    fn keep<T: Scalar>(width: usize, sums: &[T], from_state: &[T], state: &[T], kept: &mut [T]) {
        let (gates, rest) = cut_mut(kept, 3 * width);
        let (n_from_state, h) = cut_mut(rest, width);
        gates.copy_from_slice(sums);
        n_from_state.copy_from_slice(cut(from_state, 2 * width).1);
        h.copy_from_slice(state);
    }
    #[inline(always)]
    fn back<T: Scalar>(
        width: usize,
        kept: &[T],
        before: &[T],
        state: &mut [T],
        sums: &mut [T],
        from_state: &mut [T],
    ) {
        let (gates, rest) = cut(kept, 3 * width);
        let (r, z, n) = three(gates, width);
        let (sum_r, rest_of_sums) = cut_mut(sums, width);
        let (sum_z, sum_n) = cut_mut(rest_of_sums, width);
        let gates = r.iter().zip(z).zip(n).zip(rest).zip(before);
        let slots = sum_r.iter_mut().zip(sum_z).zip(sum_n).zip(state);
        let slots = slots.zip(cut_mut(from_state, 2 * width).1);
        for (((((r, z), n), q), h), ((((sum_r, sum_z), sum_n), dh), more_n)) in gates.zip(slots) {
            *sum_n = Tanh::chain(*dh * (T::ONE - *z), *n);
            *sum_z = Sigmoid::chain(*dh * (*h - *n), *z);
            *sum_r = Sigmoid::chain(*sum_n * *q, *r);
            *more_n = *sum_n * *r;
            *dh *= *z;
        }
        let (gates, _) = cut(sums, 2 * width);
        cut_mut(from_state, 2 * width).0.copy_from_slice(gates);
    }
}

impl Cell for LstmCell {
    type Gates = U4;
    type States = U2;
    type Kept = U6;
    const NAME: &'static str = "Lstm";

    #[inline(always)]
    fn advance<T: Scalar, const N: usize>(
        units: Units,
        sums: &mut [T],
        from_state: &[T],
        state: &mut [T],
    ) -> Option<()> {
        #[inline(always)]
        fn gate<A: Activation, T: Scalar, const N: usize>(sums: &mut [T; N], from_h: &[T; N]) {
            for j in 0..N {
                sums[j] = value::<A, T>(sums[j] + from_h[j]);
            }
        }
        #[inline(always)]
        fn all<T: Scalar, const N: usize>(
            i: &[T; N],
            f: &[T; N],
            g: &[T; N],
            o: &[T; N],
            h: &mut [T; N],
            c: &mut [T; N],
        ) {
            for j in 0..N {
                c[j] = f[j] * c[j] + i[j] * g[j];
                h[j] = o[j] * value::<Tanh, T>(c[j]);
            }
        }
        let (i, rest) = units.next::<T, N>(sums)?;
        let (f, rest) = units.next(rest)?;
        let (g, rest) = units.next(rest)?;
        let (o, _) = units.next(rest)?;
        gate::<Sigmoid, T, N>(i, units.of(from_state, 0)?);
        gate::<Sigmoid, T, N>(f, units.of(from_state, 1)?);
        gate::<Tanh, T, N>(g, units.of(from_state, 2)?);
        gate::<Sigmoid, T, N>(o, units.of(from_state, 3)?);
        let (h, rest) = units.next(state)?;
        let (c, _) = units.next(rest)?;
        all::<T, N>(i, f, g, o, h, c);
        Some(())
    }
    /// i, f, g, o, h, c.
    fn keep<T: Scalar>(width: usize, sums: &[T], _: &[T], state: &[T], kept: &mut [T]) {
        let (gates, states) = cut_mut(kept, 4 * width);
        gates.copy_from_slice(sums);
        states.copy_from_slice(state);
    }
    #[inline(always)]
    fn back<T: Scalar>(
        width: usize,
        kept: &[T],
        before: &[T],
        state: &mut [T],
        sums: &mut [T],
        from_state: &mut [T],
    ) {
        let (i, f, g) = three(kept, width);
        let (o, _, c) = three(cut(kept, 3 * width).1, width);
        let (first, last) = cut_mut(sums, 2 * width);
        let (sum_i, sum_f) = cut_mut(first, width);
        let (sum_g, sum_o) = cut_mut(last, width);
        let (dh, dc) = cut_mut(state, width);
        let gates = i.iter().zip(f).zip(g).zip(o).zip(c);
        let gates = gates.zip(cut(before, width).1);
        let slots = sum_i.iter_mut().zip(sum_f).zip(sum_g).zip(sum_o);
        let slots = slots.zip(dh).zip(dc);
        for ((((((i, f), g), o), c), c_before), (((((si, sf), sg), so), dh), dc)) in
            gates.zip(slots)
        {
            let bent = Tanh::value(*c);
            *dc += Tanh::chain(*dh * *o, bent);
            *so = Sigmoid::chain(*dh * bent, *o);
            *si = Sigmoid::chain(*dc * *g, *i);
            *sf = Sigmoid::chain(*dc * *c_before, *f);
            *sg = Tanh::chain(*dc * *i, *g);
            *dc *= *f;
            *dh = T::ZERO;
        }
        from_state.copy_from_slice(sums);
    }
}
