//! In which order a trainer takes its samples, as a loss sees it.

use core::cell::RefCell;

use sizednet::{Batching, Dense, Loss, Network, OwnOrder, Scalar, Sgd, Trainer, sizes::U1};

/// A loss of 0 that notes the targets it is given.
struct Notes<'a>(&'a RefCell<Vec<usize>>);

impl<T: Scalar> Loss<T, [T]> for Notes<'_> {
    fn loss(&self, _: &[T], target: &[T], gradient: &mut [T]) -> T {
        gradient.fill(T::ZERO);
        self.0.borrow_mut().push(target[0].to_f64() as usize);
        T::ZERO
    }
}

/// The samples of an epoch, by their index among `samples`, in the order in which they are trained.
pub(crate) fn visits<M: Batching + OwnOrder>(seed: u64, epoch: u32, samples: usize) -> Vec<usize> {
    let targets: Vec<_> = (0..samples).map(|index| [index as f32]).collect();
    let notes = RefCell::default();
    let mut trainer = Trainer::<Dense<U1, U1>, _, _, M>::new(Notes(&notes), Sgd::new(0.1));
    trainer
        .seed(seed)
        .resume_at(epoch)
        .epoch(&mut Network::zeros(), (&vec![[0.0]; samples], &targets))
        .expect("all is 0");
    notes.into_inner()
}
