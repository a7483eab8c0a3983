//! From gradient to parameters, in order of growing complexity.
//!
//! An optimizer is one function from a parameter, its gradient and its state to the next parameter and state. The pass
//! over all parameters, with its checks, is [`Optimizer::apply`], and knows nothing of layers. Definitions and default
//! constants are those of `PyTorch`; weight decay includes biases.

use core::fmt::Debug;

use crate::error::NotFinite;
use crate::kernel::{Elementwise, elementwise};
use crate::scalar::Finite;
use crate::size::{Constant, Count, Element};
use crate::storage::{OwnedStorage, Stack, StackArray};
use crate::{Layer, Network, Scalar, StorageMut};

mod adam;
mod clip;
mod rms_prop;
mod rprop;
mod sgd;

pub use adam::{Adam, AdamW};
pub use clip::{ClipNorm, ClipValue};
pub use rms_prop::RmsProp;
pub use rprop::Rprop;
pub use sgd::{Decay, Momentum, NoDecay, Sgd};

/// An optimizer: settings, and the update of one parameter.
///
/// ```
/// use sizednet::{Optimizer, Scalar};
///
/// /// Steps of one length, by the sign of the gradient.
/// #[derive(Clone, Copy)]
/// struct SignDescent<T>(T);
///
/// impl<T: Scalar> Optimizer<T> for SignDescent<T> {
///     type State = [T; 0];
///     type Step = T;
///     fn prepare(&self, _updates: u32, _gradient: &[T]) -> T {
///         self.0
///     }
///     fn update(length: &T, parameter: T, gradient: T, state: [T; 0]) -> (T, [T; 0]) {
///         (parameter - length.copysign(gradient), state)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an optimizer",
    label = "not an optimizer",
    note = "an optimizer is a value such as `Sgd::new(0.1)` or `Adam::new(0.001)`"
)]
pub trait Optimizer<T: Scalar>: Copy {
    /// The state of one parameter, zero at first: `[T; 0]`, `[T; 1]` or `[T; 2]`.
    type State: ParameterState<T>;
    /// What all parameters of one update share, such as the learning rate.
    type Step;

    /// Its name, by which [checkpoints](crate::file#checkpoints) tell states of as many numbers apart; name your own.
    const NAME: &'static str = "";
    /// Whether [`prepare`](Self::prepare) looks at the gradient; else it may be given one that is not yet divided by the
    /// number of samples.
    const READS_GRADIENT: bool = true;

    /// What all parameters share in the update that comes after this many. The gradient is the mean over the batch.
    fn prepare(&self, updates: u32, gradient: &[T]) -> Self::Step;

    /// The next value of a parameter, and its next state.
    fn update(step: &Self::Step, parameter: T, gradient: T, state: Self::State)
    -> (T, Self::State);

    /// The rate, if the update is `parameter - rate * gradient` and no more, without a state: a [`Trainer`](crate::Trainer) then
    /// calls neither [`prepare`](Self::prepare) nor [`update`](Self::update), and writes the same bits straight into the
    /// parameters.
    fn plain_rate(&self, updates: u32) -> Option<T> {
        let _ = updates;
        None
    }

    /// Whether the update of every parameter is finite, as far as a bound can tell that knows only the largest
    /// magnitudes: of the parameters, of the gradient, and of each number of the states (with their signs). After `true` the
    /// update is written unchecked; `false`, as it stands, leaves it to a pass that tries every update first.
    fn surely_finite(
        step: &Self::Step,
        parameter: T,
        gradient: T,
        state: <Self::State as ParameterState<T>>::Arrays<Extent<T>>,
    ) -> bool {
        let _ = (step, parameter, gradient, state);
        false
    }

    /// One update of all parameters.
    ///
    /// ```
    /// use sizednet::{Dense, Gradient, Network, Optimizer, Sgd, optimizer::State, sizes::U1};
    ///
    /// type Line = Dense<U1, U1>;
    /// let mut network = Network::<Line>::zeros();
    /// let mut gradient = Gradient::<Line>::zeros();
    /// gradient.layers_mut().bias[0] = 2.0;
    /// let optimizer = Sgd::new(0.5);
    /// let mut state = State::new(&optimizer);
    /// optimizer.apply(&mut state, &mut network, &gradient)?;
    /// assert_eq!(network.layers().bias, &[-1.0]);
    /// # Ok::<(), sizednet::NotFinite>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFinite`] if the gradient holds, or the parameters or the state would hold, a value that is not finite; all
    /// of them are then as before.
    fn apply<L: Layer, P: StorageMut, G: crate::Storage, S: OwnedStorage>(
        &self,
        state: &mut State<Self::State, T, L::Parameters, S>,
        network: &mut Network<L, T, P>,
        gradient: &Network<L, T, G>,
    ) -> Result<(), NotFinite> {
        let gradient = (gradient.parameters().as_slice(), T::ONE);
        update_all(self, state, network.parameters_mut(), gradient)
    }
}

/// Fewer parameters than this are tried one by one as soon as bounded.
pub(crate) const FEW: usize = 64;

/// Plain gradient descent, with a gradient times a power of two. Returns whether all values are finite; else the parameters are as
/// before. One pass reads all: the parameters before take the place of the gradient, which is used up.
#[inline(always)]
pub(crate) fn descend_in_exchange<T: Scalar>(
    rate: T,
    parameters: &mut [T],
    (gradient, share): (&mut [T], T),
) -> bool {
    struct Exchange<'a, T>(T, &'a mut [T], (&'a mut [T], T));
    impl<T: Scalar> Elementwise for Exchange<'_, T> {
        type Output = bool;

        #[inline(always)]
        fn run(self) -> bool {
            let Self(rate, parameters, (gradient, share)) = self;
            // a gradient that is not finite leaves no finite parameter
            let mut finite = Finite::new();
            for (parameter, slot) in parameters.iter_mut().zip(gradient) {
                let next = *parameter - rate * (*slot * share);
                finite.see(next);
                *slot = core::mem::replace(parameter, next);
            }
            finite.holds()
        }
    }
    let pass = Exchange(rate, &mut *parameters, (&mut *gradient, share));
    let finite = elementwise(pass.1.len(), pass);
    if !finite {
        for (parameter, before) in parameters.iter_mut().zip(gradient) {
            *parameter = *before;
        }
    }
    finite
}

/// Checks the update of all parameters without writing, then writes it. The mean gradient is the one given times a power of
/// two.
pub(crate) fn update_all<O: Optimizer<T>, T: Scalar, N: Count, S: OwnedStorage>(
    optimizer: &O,
    state: &mut State<O::State, T, N, S>,
    parameters: &mut [T],
    (gradient, share): (&[T], T),
) -> Result<(), NotFinite> {
    let step = optimizer.prepare(state.updates, gradient);
    // the compiler sees the lengths of loops
    let (Some(parameters), Some(gradient)) =
        (parameters.get_mut(..N::USIZE), gradient.get(..N::USIZE))
    else {
        return Err(NotFinite);
    };
    let mut arrays = O::State::slices(&mut state.arrays, |array| {
        S::borrow_mut(array).as_mut_slice()
    });
    let mut pass = Pass::<O, T> {
        step: &step,
        arrays: &mut arrays,
        parameters,
        gradient,
        share,
    };
    if !(N::USIZE >= FEW && pass.is_surely_finite() || pass.run::<false>()) {
        return Err(NotFinite);
    }
    pass.run::<true>();
    state.updates = state.updates.saturating_add(1);
    Ok(())
}

/// A pass over all parameters.
pub(crate) struct Pass<'a, 's, O: Optimizer<T>, T: Scalar> {
    pub(crate) step: &'a O::Step,
    pub(crate) arrays: &'a mut <O::State as ParameterState<T>>::Arrays<&'s mut [T]>,
    pub(crate) parameters: &'a mut [T],
    pub(crate) gradient: &'a [T],
    pub(crate) share: T,
}

impl<'s, O: Optimizer<T>, T: Scalar> Pass<'_, 's, O, T> {
    /// Whether the largest magnitudes leave no doubt.
    pub(crate) fn is_surely_finite(&mut self) -> bool {
        let (parameter, gradient) = (Extent::of(self.parameters), Extent::of(self.gradient));
        let state = O::State::extents(self.arrays);
        let gradient = gradient.largest * self.share;
        O::surely_finite(self.step, parameter.largest, gradient, state)
    }
    /// Whether no gradient is, and no update becomes, infinite or NaN; with `WRITE` the update itself.
    pub(crate) fn run<const WRITE: bool>(&mut self) -> bool {
        let numbers = self.parameters.len();
        elementwise(numbers, Update::<'_, '_, 's, O, T, WRITE>(self))
    }
}

struct Update<'b, 'a, 's, O: Optimizer<T>, T: Scalar, const WRITE: bool>(
    &'b mut Pass<'a, 's, O, T>,
);

impl<O: Optimizer<T>, T: Scalar, const WRITE: bool> Elementwise
    for Update<'_, '_, '_, O, T, WRITE>
{
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Pass {
            step,
            arrays,
            parameters,
            gradient,
            share,
        } = self.0;
        O::State::pass::<O, WRITE>(step, arrays, parameters, (*gradient, *share))
    }
}

/// How far numbers reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent<T> {
    /// The largest magnitude; infinite or NaN if a number is.
    pub largest: T,
    /// Whether a number is negative, or -0.
    pub negative: bool,
}

impl<T: Scalar> Extent<T> {
    fn of(numbers: &[T]) -> Self {
        elementwise(numbers.len(), Reach(numbers))
    }
}

struct Reach<'a, T>(&'a [T]);

impl<T: Scalar> Elementwise for Reach<'_, T> {
    type Output = Extent<T>;

    #[inline(always)]
    fn run(self) -> Extent<T> {
        // as integers, so that NaN counts, and is above all others; a sign makes the bits larger still
        let (mut largest, mut signed) = (T::ZERO.to_bits(), T::ZERO.to_bits());
        for number in self.0 {
            largest = largest.max(number.abs().to_bits());
            signed = signed.max(number.to_bits());
        }
        Extent {
            largest: T::from_bits(largest),
            negative: signed >= (-T::ZERO).to_bits(),
        }
    }
}

/// The state of one parameter: an array of at most two numbers. The state of all is that many arrays like the
/// parameters.
///
/// ```
/// use sizednet::{Adam, Optimizer, optimizer::ParameterState};
///
/// // a mean and a mean square
/// assert_eq!(<<Adam as Optimizer<f32>>::State as ParameterState<f32>>::COUNT, 2);
/// ```
pub trait ParameterState<T: Scalar>: Copy {
    /// As many `A` as the state has numbers.
    type Arrays<A>;
    /// Zeros, as a constant.
    #[doc(hidden)]
    type Zeros<A: Element>: Constant<Self::Arrays<A>>;
    /// How many numbers it has.
    const COUNT: usize;

    #[doc(hidden)]
    fn arrays<A>(make: impl FnMut() -> A) -> Self::Arrays<A>;
    #[doc(hidden)]
    fn as_slice<A>(arrays: &Self::Arrays<A>) -> &[A];
    #[doc(hidden)]
    fn as_mut_slice<A>(arrays: &mut Self::Arrays<A>) -> &mut [A];
    #[doc(hidden)]
    fn slices<A>(
        arrays: &mut Self::Arrays<A>,
        slice: impl Fn(&mut A) -> &mut [T],
    ) -> Self::Arrays<&mut [T]>;
    /// How far each array reaches.
    #[doc(hidden)]
    fn extents(arrays: &Self::Arrays<&mut [T]>) -> Self::Arrays<Extent<T>>;
    /// Whether nothing is or becomes infinite or NaN; with `WRITE` the update itself.
    #[doc(hidden)]
    fn pass<O: Optimizer<T, State = Self>, const WRITE: bool>(
        step: &O::Step,
        arrays: &mut Self::Arrays<&mut [T]>,
        parameters: &mut [T],
        gradient: (&[T], T),
    ) -> bool;
    /// Cuts all arrays in two, for two jobs that may run at the same time. It stands here, where the arrays are known to
    /// be `Send`.
    #[doc(hidden)]
    fn join<'a, F: Fork, A: Send, B: Send>(
        arrays: Self::Arrays<&'a mut [T]>,
        at: usize,
        left: impl FnOnce(Self::Arrays<&'a mut [T]>) -> A + Send,
        right: impl FnOnce(Self::Arrays<&'a mut [T]>) -> B + Send,
    ) -> (A, B);
}

/// Runs two jobs, which may run at the same time.
#[doc(hidden)]
pub trait Fork {
    fn join<A: Send, B: Send>(
        left: impl FnOnce() -> A + Send,
        right: impl FnOnce() -> B + Send,
    ) -> (A, B);
}

/// The state that holds `COUNT` zero arrays.
#[doc(hidden)]
#[derive(Debug)]
pub struct ZeroArrays;

macro_rules! parameter_state {
    ($count:literal; $($array:ident $value:ident),*) => {
        impl<A: Element> Constant<[A; $count]> for ZeroArrays {
            const VALUE: [A; $count] = [A::ZERO; $count];
        }

        impl<T: Scalar> ParameterState<T> for [T; $count] {
            type Arrays<A> = [A; $count];
            type Zeros<A: Element> = ZeroArrays;
            const COUNT: usize = $count;

            fn arrays<A>(mut make: impl FnMut() -> A) -> [A; $count] {
                core::array::from_fn(|_| make())
            }
            fn as_slice<A>(arrays: &[A; $count]) -> &[A] {
                arrays
            }
            fn as_mut_slice<A>(arrays: &mut [A; $count]) -> &mut [A] {
                arrays
            }
            fn slices<A>(arrays: &mut [A; $count], slice: impl Fn(&mut A) -> &mut [T]) -> [&mut [T]; $count] {
                arrays.each_mut().map(slice)
            }
            fn extents(arrays: &[&mut [T]; $count]) -> [Extent<T>; $count] {
                arrays.each_ref().map(|array| Extent::of(array))
            }
            #[inline(always)]
            fn pass<O: Optimizer<T, State = Self>, const WRITE: bool>(
                step: &O::Step,
                arrays: &mut [&mut [T]; $count],
                parameters: &mut [T],
                (gradient, share): (&[T], T),
            ) -> bool {
                let [$($array),*] = arrays;
                let mut finite = Finite::new();
                let all = parameters.iter_mut().zip(gradient);
                $(let all = all.zip($array.iter_mut());)*
                for parameter_state!(@ (parameter, gradient) $($value)*) in all {
                    let gradient = *gradient * share;
                    let (next, state) = O::update(step, *parameter, gradient, [$(*$value),*]);
                    if WRITE {
                        *parameter = next;
                        let [$($array),*] = state;
                        $(*$value = $array;)*
                    } else {
                        finite.see(gradient);
                        finite.see(next);
                        for value in state {
                            finite.see(value);
                        }
                    }
                }
                finite.holds()
            }
            fn join<'a, F: Fork, A: Send, B: Send>(
                arrays: [&'a mut [T]; $count],
                at: usize,
                left: impl FnOnce([&'a mut [T]; $count]) -> A + Send,
                right: impl FnOnce([&'a mut [T]; $count]) -> B + Send,
            ) -> (A, B) {
                let _ = at;
                let [$($array),*] = arrays;
                $(let $array = $array.split_at_mut(at.min($array.len()));)*
                let halves = ([$($array.0),*], [$($array.1),*]);
                F::join(|| left(halves.0), || right(halves.1))
            }
        }
    };
    (@ $pattern:tt) => { $pattern };
    (@ $pattern:tt $value:ident $($rest:ident)*) => { parameter_state!(@ ($pattern, $value) $($rest)*) };
}

parameter_state!(0;);
parameter_state!(1; first a);
parameter_state!(2; first a, second b);

/// The state of an optimizer: arrays like the parameters, and the number of updates so far. Open, to be saved.
///
/// ```
/// use sizednet::{Adam, Dense, MeanSquaredError, Network, Trainer, sizes::U1};
///
/// let mut network = Network::<Dense<U1, U1>>::zeros();
/// let mut trainer = Trainer::stochastic(MeanSquaredError, Adam::new(0.1));
/// trainer.step(&mut network, &[1.0], &[1.0])?;
/// let [mean, square] = &trainer.state().arrays;
/// assert_eq!((mean.len(), square.len(), trainer.state().updates), (2, 2, 1));
/// # Ok::<(), sizednet::TrainingError>(())
/// ```
pub struct State<P: ParameterState<T>, T: Scalar, N: Count, S: OwnedStorage = Stack> {
    /// The arrays.
    pub arrays: P::Arrays<S::Array<T, N>>,
    /// Updates so far.
    pub updates: u32,
}

impl<P: ParameterState<T>, T: Scalar, N: Count> State<P, T, N, Stack> {
    /// Zeros, as a constant.
    pub(crate) const ZERO: Self = Self {
        arrays: <P::Zeros<StackArray<T, N>> as Constant<P::Arrays<StackArray<T, N>>>>::VALUE,
        updates: 0,
    };

    /// The state before the first update of an optimizer.
    #[must_use]
    pub const fn new<O: Optimizer<T, State = P>>(_: &O) -> Self {
        Self::ZERO
    }
}

impl<P: ParameterState<T>, T: Scalar, N: Count, S: OwnedStorage> State<P, T, N, S> {
    /// The state before the first update, in any storage.
    #[must_use]
    pub fn zeros() -> Self {
        Self {
            arrays: P::arrays(S::zeros),
            updates: 0,
        }
    }
}

impl<P: ParameterState<T>, T: Scalar, N: Count, S: OwnedStorage> Debug for State<P, T, N, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "State of {} arrays of {} numbers after {} updates",
            P::COUNT,
            N::USIZE,
            self.updates
        )
    }
}
