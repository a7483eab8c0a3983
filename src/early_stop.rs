//! Early stop: the end of training when validation stops getting better, and the best parameters.

use core::fmt::{Debug, Formatter};

use crate::storage::{OwnedStorage, Stack, Storage, StorageMut};
use crate::{Layer, Network, Scalar};

/// Stops when the loss has not been lower for some times, and keeps the parameters of the lowest.
///
/// ```
/// use sizednet::{Dense, EarlyStop, Network, sizes::*};
///
/// let mut network = Network::<Dense<U1, U1>>::zeros();
/// let mut stop = EarlyStop::patience(2);
/// assert!(!stop.see(0.5, &network)); // the lowest so far
/// network.layers_mut().bias[0] = 9.0;
/// assert!(!stop.see(0.7, &network));
/// assert!(stop.see(0.6, &network)); // twice not lower
/// stop.restore(&mut network);
/// assert_eq!(network.layers().bias, &[0.0]);
/// ```
pub struct EarlyStop<L: Layer, T: Scalar = f32, S: OwnedStorage = Stack> {
    best: Network<L, T, S>,
    loss: Option<T>,
    patience: u32,
    waited: u32,
}

impl<L: Layer, T: Scalar> EarlyStop<L, T, Stack> {
    /// Waits this many times without a lower loss.
    #[must_use]
    pub const fn patience(patience: u32) -> Self {
        Self {
            best: Network::zeros(),
            loss: None,
            patience,
            waited: 0,
        }
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> EarlyStop<L, T, S> {
    /// Waits this many times without a lower loss; keeps the parameters in the storage that the type names, as in
    /// `EarlyStop::<_, f32, Heap>::new(10)`.
    #[must_use]
    pub fn new(patience: u32) -> Self {
        Self {
            best: Network::default(),
            loss: None,
            patience,
            waited: 0,
        }
    }
    /// Looks at a loss, and keeps the network's parameters if it is the lowest so far; `true` when it is time to stop.
    /// A loss that is not finite is no improvement.
    pub fn see<P: Storage>(&mut self, loss: T, network: &Network<L, T, P>) -> bool {
        if loss.is_finite() && self.loss.is_none_or(|best| loss < best) {
            self.best.copy_from(network);
            self.loss = Some(loss);
            self.waited = 0;
            return false;
        }
        self.waited = self.waited.saturating_add(1);
        self.waited >= self.patience
    }
    /// The lowest loss, the times waited since, and the network of that loss.
    pub(crate) const fn parts(&self) -> (Option<T>, u32, &Network<L, T, S>) {
        (self.loss, self.waited, &self.best)
    }
    /// Sets all but the network's parameters.
    pub(crate) const fn set_parts(
        &mut self,
        loss: Option<T>,
        waited: u32,
    ) -> &mut Network<L, T, S> {
        (self.loss, self.waited) = (loss, waited);
        &mut self.best
    }
    /// The lowest loss so far.
    pub const fn best(&self) -> Option<T> {
        self.loss
    }
    /// Gives the network the parameters of the lowest loss; before there was one, nothing changes.
    pub fn restore<P: StorageMut>(&self, network: &mut Network<L, T, P>) {
        if self.loss.is_some() {
            network.copy_from(&self.best);
        }
    }
}

impl<L: Layer, T: Scalar, S: OwnedStorage> Debug for EarlyStop<L, T, S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "EarlyStop: best {:?}, waited {} of {}",
            self.loss, self.waited, self.patience
        )
    }
}
