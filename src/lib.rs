#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
#![doc(test(attr(deny(warnings), allow(dead_code, unused_variables))))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod size;
pub use size::{Count, Element, Size, sizes};
mod shape;
pub use shape::{Image, Sequence, Shape};
mod scalar;
pub use scalar::Scalar;
mod storage;
pub use storage::{Borrowed, BorrowedMut, OwnedStorage, Stack, StackArray, Storage, StorageMut};
#[cfg(feature = "alloc")]
pub use storage::{Heap, HeapArray};
pub mod layer;
pub use layer::{
    Activate, AllStates, AveragePool1d, AveragePool2d, Conv1d, Conv2d, Dense, DepthwiseConv1d,
    DepthwiseConv2d, Dropout, GlobalAveragePool, Gru, LastState, Layer, LayerNorm, Lstm, MaxPool1d,
    MaxPool2d, Parallel, Portable, Reshape, Residual, RmsNorm, Rnn, Softmax,
};
pub mod activation;
pub use activation::{
    Activation, Elu, Gelu, HardSigmoid, HardTanh, Identity, LeakyRelu, Relu, Sigmoid, Silu,
    Softplus, Tanh,
};
mod chain;
mod sample;
pub use sample::{Class, InputArray, OutputArray, Samples, Target};
pub mod prepare;
pub use prepare::{MinMax, PrepareError, Standardize, Subset};
mod batch_norm;
pub use batch_norm::{BatchNorm, Fold};
mod network;
pub use network::{Network, Parameters};
mod evaluation;
pub use evaluation::{Confusion, Evaluation};
mod gradient;
pub use gradient::{Gradient, Tape};
mod fingerprint;
mod summary;
pub use summary::{Row, Summary};
pub mod initializer;
pub use initializer::Initializer;
mod loss;
pub use loss::{
    BinaryCrossEntropy, CrossEntropy, Huber, Loss, MeanAbsoluteError, MeanSquaredError, Weighted,
};
pub mod optimizer;
pub use optimizer::{Adam, AdamW, ClipNorm, ClipValue, Optimizer, RmsProp, Rprop, Sgd};
pub mod schedule;
pub use schedule::Schedule;
mod batching;
pub use batching::{Batching, DefaultBlock, Fitting, FullBatch, MiniBatch, OwnOrder, Stochastic};
mod trainer;
pub use trainer::{Epoch, Trainer};
#[cfg(feature = "rayon")]
mod parallel;
#[cfg(feature = "rayon")]
pub use parallel::ParallelTrainer;
mod gradient_check;
pub use gradient_check::{GradientCheck, gradient_check};
mod early_stop;
pub use early_stop::EarlyStop;
mod error;
pub use error::{DataError, NotFinite, Place, TrainingError, WrongLength};
pub mod file;
pub mod kernel;
mod math;
#[cfg(any(doc, doctest))]
#[doc = include_str!("microcontrollers.md")]
pub mod microcontrollers {}
mod order;
mod rust_source;
#[cfg(feature = "safetensors")]
pub mod safetensors;
#[cfg(feature = "serde")]
mod serde;
pub use rust_source::{RustSource, Weights};

pub use generic_array::{self, GenericArray};
pub use rand_core;
