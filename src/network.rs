//! A network: an architecture with its parameters.

use core::borrow::Borrow;
use core::fmt::{Debug, Display, Formatter};

use generic_array::GenericArray;
use generic_array::typenum::Unsigned;
use rand_core::Rng;

use crate::batching::in_fitting_blocks;
use crate::error::WrongLength;
use crate::initializer::{Initializer, Recommended};
use crate::kernel::NativeKernel;
use crate::layer::View;
use crate::sample::{InputArray, OutputArray, values, values_mut};
use crate::sizes::U1;
use crate::storage::{Borrowed, BorrowedMut, OwnedStorage, Stack, StackArray, Storage, StorageMut};
use crate::summary::Summary;
use crate::{Element, Layer, Scalar, Shape, Size};

/// The parameters of `L` as one flat array: layer by layer, each layer's weights as `[inputs][outputs]`, then its bias.
pub type Parameters<L, T = f32> = GenericArray<T, <L as Layer>::Parameters>;

/// A network of architecture `L` whose numbers are `T` and whose parameters lie in `S`.
///
/// ```
/// use sizednet::{Dense, Network, Sigmoid, sizes::*};
///
/// type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
/// let network = Network::<Xor>::zeros();
/// let [answer] = network.forward(&[0.0, 1.0]);
/// assert_eq!(answer, 0.5);
/// ```
///
/// Layers that do not fit do not compile:
///
/// ```compile_fail
/// # use sizednet::{Dense, Network, sizes::*};
/// // error[E0277]: shape mismatch: one layer gives 3 values, the next takes 4
/// struct Agent {
///     policy: Network<(Dense<U2, U3>, Dense<U4, U1>)>,
/// }
/// ```
pub struct Network<L: Layer, T: Scalar = f32, S: Storage = Stack> {
    parameters: S::Array<T, L::Parameters>,
}

impl<L: Layer, T: Scalar> Network<L, T, Stack> {
    /// All parameters zero; a constant, for a `static`.
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    /// use std::sync::Mutex;
    ///
    /// static LINE: Mutex<Network<Dense<U1, U1>>> = Mutex::new(Network::zeros());
    /// assert_eq!(LINE.lock().unwrap().forward(&[1.0]), [0.0]);
    /// ```
    #[must_use]
    pub const fn zeros() -> Self {
        Self {
            parameters: Element::ZERO,
        }
    }
    /// With these parameters.
    ///
    /// ```
    /// use sizednet::{Dense, GenericArray, Network, sizes::*};
    ///
    /// // two weights, then the bias
    /// let network = Network::<Dense<U2, U1>>::from_parameters(GenericArray::from_array([1.0, 2.0, 3.0]));
    /// assert_eq!(network.forward(&[10.0, 100.0]), [213.0]);
    /// ```
    pub const fn from_parameters(parameters: Parameters<L, T>) -> Self {
        Self {
            parameters: StackArray::new(parameters),
        }
    }
}

impl<'a, L: Layer, T: Scalar> Network<L, T, Borrowed<'a>> {
    /// With parameters that lie elsewhere, such as in flash.
    ///
    /// ```
    /// use sizednet::{Borrowed, Dense, GenericArray, Network, Parameters, Sigmoid, sizes::*};
    ///
    /// type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
    /// static FLASH: Parameters<Xor> = GenericArray::from_array([0.5; 13]);
    /// static XOR: Network<Xor, f32, Borrowed<'static>> = Network::borrowed(&FLASH);
    /// assert!(XOR.forward(&[1.0, 1.0])[0] > 0.5);
    /// ```
    pub const fn borrowed(parameters: &'a Parameters<L, T>) -> Self {
        Self { parameters }
    }
    /// With parameters that lie in a slice.
    ///
    /// ```
    /// use sizednet::{Borrowed, Dense, Network, sizes::*};
    ///
    /// let file = [1.0, 2.0, 3.0];
    /// let network = Network::<Dense<U2, U1>, f32, Borrowed>::from_slice(&file)?;
    /// assert_eq!(network.forward(&[10.0, 100.0]), [213.0]);
    /// # Ok::<(), sizednet::WrongLength>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WrongLength`] if it has more or fewer values than the network has parameters.
    pub const fn from_slice(parameters: &'a [T]) -> Result<Self, WrongLength> {
        match GenericArray::try_from_slice(parameters) {
            Ok(parameters) => Ok(Self { parameters }),
            Err(_) => Err(WrongLength {
                given: parameters.len(),
                wanted: <L::Parameters as Unsigned>::USIZE,
            }),
        }
    }
}

impl<'a, L: Layer, T: Scalar> Network<L, T, BorrowedMut<'a>> {
    /// With parameters that lie elsewhere, to train them there.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Network, Parameters, Sgd, Trainer, sizes::*};
    ///
    /// let mut memory: Parameters<Dense<U1, U1>> = Default::default();
    /// let mut network = Network::<Dense<U1, U1>, _, _>::borrowed_mut(&mut memory);
    /// Trainer::stochastic(MeanSquaredError, Sgd::new(0.5)).step(&mut network, &[0.0], &[3.0])?;
    /// assert_eq!(memory.as_slice(), [0.0, 3.0]);
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    pub const fn borrowed_mut(parameters: &'a mut Parameters<L, T>) -> Self {
        Self { parameters }
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Network<L, T, S> {
    /// First parameters as each activation likes them ([`Recommended`]), the same on every machine.
    ///
    /// ```
    /// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
    /// use sizednet::{Dense, Network, Relu, sizes::*};
    ///
    /// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    /// let network = Network::<(Dense<U2, U8, Relu>, Dense<U8, U1>)>::random(&mut rng);
    /// assert_eq!(network.layers().0.bias, &[0.0; 8]);
    /// ```
    #[must_use]
    pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Self {
        Self::initialized(&Recommended, rng)
    }
    /// First parameters from an initializer.
    ///
    /// ```
    /// use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
    /// use sizednet::{Dense, Network, initializer::HeNormal, sizes::*};
    ///
    /// let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    /// let network = Network::<Dense<U2, U8>>::initialized(&HeNormal, &mut rng);
    /// ```
    #[must_use]
    pub fn initialized<I: Initializer + ?Sized, R: Rng + ?Sized>(
        initializer: &I,
        rng: &mut R,
    ) -> Self {
        let mut network = Self::default();
        network.initialize(initializer, rng);
        network
    }
}

impl<L: Layer, T: Scalar, S: Storage> Network<L, T, S> {
    /// How many parameters it has.
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    ///
    /// type Small = Network<(Dense<U2, U3>, Dense<U3, U1>)>;
    /// const _: () = assert!(Small::PARAMETERS == 13 && Small::BYTES == 52);
    /// ```
    pub const PARAMETERS: usize = <L::Parameters as Unsigned>::USIZE;
    /// The bytes of its parameters. With feature `simd`, 64 of them or more begin where a cache line does, so that on the
    /// stack up to 63 bytes come on top.
    pub const BYTES: usize = Self::PARAMETERS * size_of::<T>();
    /// The bytes of inference of one sample: parameters, the values between layers and inside them, and the output. Frames come on top.
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    ///
    /// type Policy = Network<(Dense<U13, U16>, Dense<U16, U4>)>;
    /// const _: () = assert!(Policy::INFERENCE_BYTES <= 2048, "it has to fit 2 KB");
    /// ```
    pub const INFERENCE_BYTES: usize = Self::BYTES + Self::STACK_BYTES;
    /// The bytes of inference that lie on the stack: the values between layers and inside them, and the output. Frames come on top; how
    /// much they are is measured for some microcontrollers in `examples/cortex-m`. With feature `simd` up to two lines of the cache
    /// are among them for each 64 values or more between two layers; the lines that the buffers of recurrent layers fill are not.
    pub const STACK_BYTES: usize =
        (L::FORWARD_VALUES + L::FORWARD_BUFFER + <<L::Output as Shape>::Len as Unsigned>::USIZE)
            * size_of::<T>();
    /// Multiplications with an addition in a forward pass.
    pub const MULTIPLY_ADDS: u64 = L::MULTIPLY_ADDS;
    /// The architecture as a number: kinds of layers, shapes and activations in their order. Not nesting, not
    /// [`Portable`](crate::Portable), not `T`, not the storage.
    pub const FINGERPRINT: u64 = L::FINGERPRINT;

    /// All parameters, flat.
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    ///
    /// let network = Network::<Dense<U2, U1>>::zeros();
    /// assert_eq!(network.parameters().as_slice(), [0.0; 3]);
    /// ```
    pub fn parameters(&self) -> &Parameters<L, T> {
        self.parameters.borrow()
    }

    /// The output for an input.
    ///
    /// ```
    /// use sizednet::{Dense, Image, Network, sizes::*};
    ///
    /// let line = Network::<Dense<U1, U1>>::zeros();
    /// let [y] = line.forward(&[2.0]);
    /// let image = Network::<Dense<Image<U1, U2, U2>, U1>>::zeros();
    /// let [z] = image.forward(&[[[1.0, 2.0], [3.0, 4.0]]]);
    /// ```
    #[inline]
    pub fn forward(&self, input: &InputArray<L, T>) -> OutputArray<L, T> {
        let mut output = <OutputArray<L, T>>::ZERO;
        L::forward::<T, NativeKernel<U1>>(
            self.parameters(),
            values::<L::Input, T>(input),
            values_mut::<L::Output, T>(&mut output),
        );
        output
    }

    /// The outputs for many inputs, in [`Fitting`](crate::Fitting) blocks. Bit for bit those of
    /// [`forward`](Self::forward).
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    ///
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// network.layers_mut().weights[0][0] = 2.0;
    /// let mut outputs = [[0.0]; 3];
    /// network.forward_batch(&[[1.0], [2.0], [3.0]], &mut outputs)?;
    /// assert_eq!(outputs, [[2.0], [4.0], [6.0]]);
    /// # Ok::<(), sizednet::WrongLength>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WrongLength`] if there are more inputs than outputs or fewer; no output is then written.
    pub fn forward_batch(
        &self,
        inputs: &[InputArray<L, T>],
        outputs: &mut [OutputArray<L, T>],
    ) -> Result<(), WrongLength> {
        in_fitting_blocks!(
            (L::FORWARD_VALUES * size_of::<T>(), L::FORWARD_BUFFER * size_of::<T>()),
            B => self.forward_batch_in_blocks::<B>(inputs, outputs)
        )
    }

    /// [`forward_batch`](Self::forward_batch) in blocks of `B` samples: fewer take less of the stack.
    ///
    /// # Errors
    ///
    /// [`WrongLength`] if there are more inputs than outputs or fewer; no output is then written.
    pub fn forward_batch_in_blocks<B: Size>(
        &self,
        inputs: &[InputArray<L, T>],
        outputs: &mut [OutputArray<L, T>],
    ) -> Result<(), WrongLength> {
        if inputs.len() != outputs.len() {
            return Err(WrongLength {
                given: outputs.len(),
                wanted: inputs.len(),
            });
        }
        for (inputs, outputs) in inputs.chunks(B::USIZE).zip(outputs.chunks_mut(B::USIZE)) {
            L::forward::<T, NativeKernel<B>>(
                self.parameters(),
                L::Input::flatten(inputs),
                L::Output::flatten_mut(outputs),
            );
        }
        Ok(())
    }

    /// The architecture as text, a line for each layer.
    ///
    /// ```
    /// use sizednet::{Dense, Network, Relu, sizes::*};
    ///
    /// let network = Network::<(Dense<U2, U8, Relu>, Dense<U8, U1>)>::zeros();
    /// println!("{}", network.summary());
    /// ```
    pub const fn summary(&self) -> Summary<L, T> {
        Summary::new()
    }

    /// A copy in storage of another kind; so a head from flash becomes trainable.
    ///
    /// ```
    /// use sizednet::{Dense, GenericArray, MeanSquaredError, Network, Parameters, Sgd, Stack, Tanh, Trainer, sizes::*};
    ///
    /// type Policy = (Dense<U2, U4, Tanh>, Dense<U4, U1>);
    /// static FLASH: Parameters<Policy> = GenericArray::from_array([0.25; 17]);
    /// let policy = Network::<Policy, f32, _>::borrowed(&FLASH);
    /// let (body, head) = policy.split();
    /// let mut head = head.to_storage::<Stack>();
    /// let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    /// trainer.step(&mut head, &body.forward(&[1.0, 2.0]), &[0.5])?;
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    #[must_use]
    pub fn to_storage<D: OwnedStorage>(&self) -> Network<L, T, D> {
        let mut copy = Network::default();
        copy.copy_from(self);
        copy
    }
}

impl<L: View, T: Scalar, S: Storage> Network<L, T, S> {
    /// Each layer's weights and bias as arrays; a tuple for a tuple.
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    ///
    /// let network = Network::<(Dense<U2, U3>, Dense<U3, U1>)>::zeros();
    /// let (hidden, output) = network.layers();
    /// assert_eq!(hidden.weights[1][2], 0.0); // from input 1 to output 2
    /// assert_eq!(output.bias, &[0.0]);
    /// ```
    ///
    /// A layer without parameters has nothing to show, and one that holds others shows theirs:
    ///
    /// ```
    /// use sizednet::{Dense, Dropout, Gru, LayerNorm, Network, Residual, Sequence, sizes::*};
    ///
    /// type Detector = (
    ///     Gru<Sequence<U20, U3>, U16>,
    ///     LayerNorm<U16>,
    ///     Dropout<U16, U10>,
    ///     Residual<Dense<U16, U16>>,
    /// );
    /// let mut network = Network::<Detector>::zeros();
    /// let (gru, norm, (), block) = network.layers_mut();
    /// gru.state_bias[1] = [-1.0; 16]; // z
    /// norm.weights[15] = 2.0;
    /// block.weights[3][4] = 0.5;
    /// ```
    pub fn layers(&self) -> L::Ref<'_, T> {
        L::view(self.parameters())
    }
}

impl<L: View, T: Scalar, S: StorageMut> Network<L, T, S> {
    /// Each layer's weights and bias as arrays, to write.
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    ///
    /// let mut network = Network::<Dense<U2, U1>>::zeros();
    /// *network.layers_mut().weights = [[1.0], [2.0]];
    /// assert_eq!(network.forward(&[10.0, 100.0]), [210.0]);
    /// ```
    pub fn layers_mut(&mut self) -> L::Mut<'_, T> {
        L::view_mut(self.parameters_mut())
    }
}

impl<L: Layer, T: Scalar, S: StorageMut> Network<L, T, S> {
    /// All parameters, flat, to write.
    ///
    /// ```
    /// use sizednet::{Dense, Network, sizes::*};
    ///
    /// let mut network = Network::<Dense<U2, U1>>::zeros();
    /// network.parameters_mut().copy_from_slice(&[1.0, 2.0, 3.0]);
    /// assert_eq!(network.layers().bias, &[3.0]);
    /// ```
    pub fn parameters_mut(&mut self) -> &mut Parameters<L, T> {
        S::borrow_mut(&mut self.parameters)
    }

    /// First parameters from an initializer, in place: for a network in a `static`, which was never on the stack.
    ///
    /// ```
    /// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
    /// use sizednet::{Dense, Network, initializer::Recommended, sizes::*};
    ///
    /// let mut network = Network::<Dense<U2, U8>>::zeros();
    /// network.initialize(&Recommended, &mut Xoshiro128PlusPlus::seed_from_u64(0));
    /// let same: Network<_> = Network::random(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    /// assert_eq!(network, same);
    /// ```
    pub fn initialize<I: Initializer + ?Sized, R: Rng + ?Sized>(
        &mut self,
        initializer: &I,
        rng: &mut R,
    ) {
        let parameters = self.parameters_mut().as_mut_slice();
        parameters.fill(T::ZERO);
        L::initialize(parameters, initializer, rng);
    }
    /// Takes over the parameters of another network.
    ///
    /// ```
    /// use sizednet::{Dense, GenericArray, Network, sizes::*};
    ///
    /// let best = Network::<Dense<U1, U1>>::from_parameters(GenericArray::from_array([1.0, 2.0]));
    /// let mut network = Network::<Dense<U1, U1>>::zeros();
    /// network.copy_from(&best);
    /// assert_eq!(network, best);
    /// ```
    pub fn copy_from<R: Storage>(&mut self, other: &Network<L, T, R>) {
        self.parameters_mut().clone_from_slice(other.parameters());
    }
    /// Moves each parameter towards another network's: `(1 - rate) * own + rate * other`, as the target network of
    /// reinforcement learning does. Rate 0 changes nothing, rate 1 copies.
    ///
    /// ```
    /// use sizednet::{Dense, GenericArray, Network, sizes::*};
    ///
    /// let online = Network::<Dense<U1, U1>>::from_parameters(GenericArray::from_array([4.0, 8.0]));
    /// let mut target = Network::<Dense<U1, U1>>::zeros();
    /// target.soft_update(&online, 0.25);
    /// assert_eq!(target.parameters().as_slice(), [1.0, 2.0]);
    /// ```
    pub fn soft_update<R: Storage>(&mut self, other: &Network<L, T, R>, rate: T) {
        // at its ends the formula would let through a NaN, or an infinity times 0
        if rate == T::ZERO {
            return;
        }
        if rate == T::ONE {
            return self.copy_from(other);
        }
        for (own, other) in self.parameters_mut().iter_mut().zip(other.parameters()) {
            *own = (T::ONE - rate) * *own + rate * *other;
        }
    }
}

/// What the types promise where an array is cut in two.
const LENGTHS: &str = "the lengths of parameters are types";

impl<A: Layer, B: Layer, T: Scalar, S: Storage> Network<(A, B), T, S>
where
    (A, B): Layer,
{
    /// The two halves, each a network: [`to_storage`](Self::to_storage) shows what for.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the lengths are types, so it does not"
    )]
    pub fn split(&self) -> (Network<A, T, Borrowed<'_>>, Network<B, T, Borrowed<'_>>) {
        let (a, b) = crate::layer::cut(self.parameters(), A::Parameters::USIZE);
        (
            Network::from_slice(a).expect(LENGTHS),
            Network::from_slice(b).expect(LENGTHS),
        )
    }
}

impl<A: Layer, B: Layer, T: Scalar, S: StorageMut> Network<(A, B), T, S>
where
    (A, B): Layer,
{
    /// The two halves, each a network that can be trained by itself.
    ///
    /// ```
    /// use sizednet::{Dense, MeanSquaredError, Network, Sgd, Tanh, Trainer, sizes::*};
    ///
    /// let mut network = Network::<(Dense<U2, U4, Tanh>, Dense<U4, U1>)>::zeros();
    /// let (body, mut head) = network.split_mut();
    /// let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    /// trainer.step(&mut head, &body.forward(&[1.0, 2.0]), &[0.5])?;
    /// # Ok::<(), sizednet::TrainingError>(())
    /// ```
    #[expect(
        clippy::missing_panics_doc,
        reason = "the lengths are types, so it does not"
    )]
    pub fn split_mut(
        &mut self,
    ) -> (
        Network<A, T, BorrowedMut<'_>>,
        Network<B, T, BorrowedMut<'_>>,
    ) {
        let (a, b) = crate::layer::cut_mut(self.parameters_mut(), A::Parameters::USIZE);
        (
            Network::borrowed_mut(GenericArray::try_from_mut_slice(a).expect(LENGTHS)),
            Network::borrowed_mut(GenericArray::try_from_mut_slice(b).expect(LENGTHS)),
        )
    }
}

/// All parameters zero, in any storage that owns them; on a `Heap` without passing over the stack.
impl<L: Layer, T: Scalar, S: OwnedStorage> Default for Network<L, T, S> {
    fn default() -> Self {
        Self {
            parameters: S::zeros(),
        }
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Clone for Network<L, T, S> {
    fn clone(&self) -> Self {
        self.to_storage()
    }
}

impl<L: Layer, T: Scalar> Clone for Network<L, T, Borrowed<'_>> {
    fn clone(&self) -> Self {
        Self {
            parameters: self.parameters,
        }
    }
}

impl<L: Layer, T: Scalar, S: Storage, R: Storage> PartialEq<Network<L, T, R>> for Network<L, T, S> {
    fn eq(&self, other: &Network<L, T, R>) -> bool {
        self.parameters() == other.parameters()
    }
}

impl<L: Layer, T: Scalar, S: Storage> Debug for Network<L, T, S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        Display::fmt(&self.summary(), f)
    }
}
