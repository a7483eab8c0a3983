//! Files in the safetensors format, with the names and layouts of `PyTorch`'s `nn.Sequential` (feature `safetensors`).
//!
//! A `Dense<I, O, A>` is `nn.Linear`, and takes two numbers where it has an activation, as `nn.Linear` and `nn.ReLU` do;
//! a tuple is an `nn.Sequential`, also within another. So `(Dense<U4, U8, Tanh>, Dense<U8, U3>)` has the tensors `0.weight`
//! (`[8, 4]`: `PyTorch`'s `[outputs][inputs]`, transposed here), `0.bias`, `2.weight` and `2.bias`. A layer with weights is the module of
//! that name (`nn.Conv2d`, `nn.Conv1d`, `nn.GRU`, `nn.LSTM`, `nn.RNN`, `nn.LayerNorm`, `nn.RMSNorm`); a dense layer that takes an image
//! or a sequence takes a number for the `nn.Flatten` before it, `GlobalAveragePool` for the one behind it; pooling, `Dropout`,
//! `Activate`, `Softmax` and `Reshape` take a number each. `Parallel` is an `nn.ModuleList` of two; `Residual<F>` has the names of
//! `F`, without a level of its own. Names of other modules are
//! [mapped](Safetensors::names), and batch normalizations [folded](Safetensors::fold_batch_norm) into the layers before them.
//!
//! ```
//! use sizednet::{Dense, Network, Tanh, safetensors, sizes::*};
//!
//! type Policy = Network<(Dense<U4, U8, Tanh>, Dense<U8, U3>)>;
//! // in Python: torch.nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).load_state_dict(safetensors.torch.load_file(…))
//! let file = safetensors::save(&Policy::zeros())?;
//! let mut policy = Policy::zeros();
//! safetensors::load(&mut policy, &file)?;
//!
//! // a network of another shape says what the file has
//! let mut other = Network::<(Dense<U4, U9, Tanh>, Dense<U9, U3>)>::zeros();
//! let error = safetensors::load(&mut other, &file).unwrap_err();
//! assert_eq!(error.to_string(), "tensor `0.weight` has the shape [8, 4] in the file, the network needs [9, 4]");
//! # Ok::<(), safetensors::SafetensorsError>(())
//! ```
//!
//! The format has no checksum: a damaged header is an error, a flipped bit in a value loads as another number. The
//! compact [file](crate::file) format has one.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt::{Debug, Display, Formatter};

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensorError, SafeTensors};
use half::{bf16, f16};

use crate::batch_norm::Line;
use crate::layer::{Module, Tensor};
use crate::network::Network;
use crate::storage::{Storage, StorageMut};
use crate::{Layer, Scalar};

mod fold;

use fold::Folds;

/// How a file is read or written, where [`load`] and [`save`] do not suit.
///
/// ```
/// use sizednet::{Dense, Network, Relu, safetensors::Safetensors, sizes::*};
///
/// type Head = Network<(Dense<U4, U8, Relu>, Dense<U8, U2>)>;
/// // a module with fields of its own: self.hidden, self.out
/// let format = Safetensors::new()
///     .names(|name| match name.split_once('.') {
///         Some(("0", tensor)) => format!("hidden.{tensor}"),
///         Some(("2", tensor)) => format!("out.{tensor}"),
///         _ => name.to_string(),
///     })
///     .allow_extra()
///     .finite();
/// let file = format.save(&Head::zeros())?;
/// format.load(&mut Head::zeros(), &file)?;
/// # Ok::<(), sizednet::safetensors::SafetensorsError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Safetensors<F = fn(&str) -> String> {
    names: F,
    extra: bool,
    finite: bool,
    batch_norm: Option<f64>,
}

impl Safetensors {
    /// The names of an `nn.Sequential`, no other tensors, any numbers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            names: ToOwned::to_owned,
            extra: false,
            finite: false,
            batch_norm: None,
        }
    }
}

impl Default for Safetensors {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Fn(&str) -> String> Safetensors<F> {
    /// A tensor's name in the file, from its name in an `nn.Sequential`.
    #[must_use]
    pub fn names<G: Fn(&str) -> String>(self, names: G) -> Safetensors<G> {
        Safetensors {
            names,
            extra: self.extra,
            finite: self.finite,
            batch_norm: self.batch_norm,
        }
    }
    /// Passes over tensors that the network has no place for.
    #[must_use]
    pub fn allow_extra(self) -> Self {
        Self {
            extra: true,
            ..self
        }
    }
    /// Refuses numbers that are not finite.
    #[must_use]
    pub fn finite(self) -> Self {
        Self {
            finite: true,
            ..self
        }
    }

    /// Folds each `nn.BatchNorm1d` or `nn.BatchNorm2d` of the file into the layer before it, a [`Dense`](crate::Dense) layer or a
    /// convolution, as [`BatchNorm`](crate::BatchNorm) tells, with their `eps`: 1e-5 unless `PyTorch` is told otherwise, and not
    /// in the file. The network has no layer for them, and they take numbers of the `nn.Sequential` all the same; a layer before one
    /// may be without a bias in the file.
    ///
    /// Outputs are those of `eval()`, within 1e-6 of the largest in `f32` and 1e-14 in `f64` in the networks of our tests.
    ///
    /// ```no_run
    /// use sizednet::{Conv2d, Dense, GlobalAveragePool, Image, Network, Relu, safetensors::Safetensors, sizes::*};
    ///
    /// // in Python: nn.Sequential(
    /// //     nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
    /// //     nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    /// type Digits = (Conv2d<Image<U1, U28, U28>, U8, U3, Relu>, GlobalAveragePool<Image<U8, U26, U26>>, Dense<U8, U10>);
    /// let mut network = Network::<Digits>::zeros();
    /// let file = std::fs::read("digits.safetensors")?;
    /// Safetensors::new().fold_batch_norm(1e-5).load(&mut network, &file)?;
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn fold_batch_norm(self, epsilon: f64) -> Self {
        Self {
            batch_norm: Some(epsilon),
            ..self
        }
    }

    /// Reads tensors of `f32`, `f64`, `f16` or `bf16`, each number rounded to the nearest `T`.
    ///
    /// # Errors
    ///
    /// [`SafetensorsError`]; the network is then as it was.
    pub fn load<L: Layer, T: Scalar, S: StorageMut>(
        &self,
        network: &mut Network<L, T, S>,
        file: &[u8],
    ) -> Result<(), SafetensorsError> {
        let file = SafeTensors::deserialize(file).map_err(SafetensorsError::File)?;
        let folds = match self.batch_norm {
            Some(epsilon) => Folds::find::<L>(&file, &self.names, epsilon)?,
            None => Folds::default(),
        };
        if self.batch_norm.is_some()
            && !self.extra
            && let Some(name) = folds.left(&file)
        {
            return Err(SafetensorsError::NotFolded { name });
        }
        let mut known = Vec::new();
        let mut found = Ok(());
        L::tensors(Module::ROOT, &mut |tensor| {
            if found.is_ok() {
                let name = (self.names)(&folds.name(&tensor));
                found = self.check::<T>(&file, &name, &tensor, folds.lines(&tensor));
                known.push(name);
            }
        });
        found?;
        let tensors = known.len();
        known.extend_from_slice(&folds.names);
        distinct(&known)?;
        let mut extra = sorted_names(&file);
        extra.retain(|name| !known.contains(name));
        if !(extra.is_empty() || self.extra) {
            return Err(SafetensorsError::Extra { names: extra });
        }
        let parameters = network.parameters_mut();
        let mut names = known.iter().take(tensors);
        L::tensors(Module::ROOT, &mut |tensor| {
            let view = names.next().and_then(|name| file.tensor(name).ok());
            let lines = folds.lines(&tensor);
            let Some(numbers) = values::<T>(view.as_ref(), &tensor, lines) else {
                return;
            };
            for (place, (_, number)) in tensor.places().zip(numbers) {
                if let Some(parameter) = parameters.get_mut(place) {
                    *parameter = number;
                }
            }
        });
        Ok(())
    }

    /// Whether a tensor of the file is the one that is needed.
    fn check<T: Scalar>(
        &self,
        file: &SafeTensors<'_>,
        name: &str,
        tensor: &Tensor<'_>,
        lines: Option<&[Line]>,
    ) -> Result<(), SafetensorsError> {
        let name = || name.to_owned();
        let view = file.tensor(&name()).ok();
        // a layer before a normalization is often without a bias
        if view.is_none() && !(lines.is_some() && tensor.own_name() == BIAS) {
            return Err(SafetensorsError::Missing {
                name: name(),
                found: sorted_names(file),
            });
        }
        if let Some(view) = &view
            && view.shape() != tensor.dimensions()
        {
            return Err(SafetensorsError::Shape {
                name: name(),
                file: view.shape().to_vec(),
                wanted: tensor.dimensions().to_vec(),
            });
        }
        let Some(numbers) = values::<T>(view.as_ref(), tensor, lines) else {
            return Err(SafetensorsError::NumberType {
                name: name(),
                file: view
                    .map(|view| view.dtype().to_string())
                    .unwrap_or_default(),
            });
        };
        for (index, (finite, number)) in numbers.enumerate() {
            if finite && !number.is_finite() {
                return Err(SafetensorsError::TooLarge {
                    name: name(),
                    index,
                });
            }
            if self.finite && !number.is_finite() {
                return Err(SafetensorsError::NotFinite {
                    name: name(),
                    index,
                });
            }
        }
        Ok(())
    }

    /// A file of the network's tensors, as `f32` or `f64`, whichever `T` is.
    ///
    /// # Errors
    ///
    /// [`SafetensorsError::Twice`] if the mapping gives two tensors one name.
    pub fn save<L: Layer, T: Scalar, S: Storage>(
        &self,
        network: &Network<L, T, S>,
    ) -> Result<Vec<u8>, SafetensorsError> {
        let parameters = network.parameters();
        let mut tensors = Vec::new();
        L::tensors(Module::ROOT, &mut |tensor| {
            let mut bytes = alloc::vec![0; tensor.places().len() * size_of::<T>()];
            for (place, bytes) in tensor.places().zip(bytes.chunks_exact_mut(size_of::<T>())) {
                if let Some(parameter) = parameters.get(place) {
                    parameter.put_le(bytes);
                }
            }
            let name = (self.names)(&tensor.name().to_string());
            tensors.push((name, tensor.dimensions().to_vec(), bytes));
        });
        let names: Vec<_> = tensors.iter().map(|(name, ..)| name.clone()).collect();
        distinct(&names)?;
        let number = if size_of::<T>() == 4 {
            Dtype::F32
        } else {
            Dtype::F64
        };
        let views = tensors.iter().map(|(name, shape, bytes)| {
            TensorView::new(number, shape.clone(), bytes).map(|view| (name, view))
        });
        let views = views.collect::<Result<Vec<_>, _>>();
        let written = views.and_then(|views| ::safetensors::serialize(views, None));
        written.map_err(SafetensorsError::File)
    }
}

/// Reads a network from a file with the names of an `nn.Sequential`.
///
/// # Errors
///
/// [`SafetensorsError`]; the network is then as it was.
pub fn load<L: Layer, T: Scalar, S: StorageMut>(
    network: &mut Network<L, T, S>,
    file: &[u8],
) -> Result<(), SafetensorsError> {
    Safetensors::new().load(network, file)
}

/// A file with the names of an `nn.Sequential`.
///
/// # Errors
///
/// [`SafetensorsError::Twice`] if layers of one's own give two tensors one name.
pub fn save<L: Layer, T: Scalar, S: Storage>(
    network: &Network<L, T, S>,
) -> Result<Vec<u8>, SafetensorsError> {
    Safetensors::new().save(network)
}

fn distinct(names: &[String]) -> Result<(), SafetensorsError> {
    let mut sorted: Vec<_> = names.iter().collect();
    sorted.sort();
    for pair in sorted.windows(2) {
        if let [first, second] = pair
            && first == second
        {
            return Err(SafetensorsError::Twice {
                name: (*first).clone(),
            });
        }
    }
    Ok(())
}

/// The numbers of a tensor, each with whether it is finite in the file; `None` if they are of a type that is not read.
fn numbers<'a, T: Scalar>(
    tensor: &TensorView<'a>,
) -> Option<impl Iterator<Item = (bool, T)> + use<'a, T>> {
    let read: fn(&[u8]) -> f64 = match tensor.dtype() {
        Dtype::F32 => |bytes| f32::from_le(bytes).into(),
        Dtype::F64 => f64::from_le,
        Dtype::F16 => |bytes| f16::from_le_bytes(two(bytes)).to_f64(),
        Dtype::BF16 => |bytes| bf16::from_le_bytes(two(bytes)).to_f64(),
        _ => return None,
    };
    let size = tensor.dtype().bitsize() / 8;
    Some(tensor.data().chunks_exact(size).map(move |bytes| {
        let number = read(bytes);
        (number.is_finite(), T::from_f64(number))
    }))
}

/// The name of a layer's bias.
const BIAS: &str = "bias";

/// The numbers of a tensor of the network, of which each line of a normalization goes to the next index of its first dimension; a
/// bias that the file does not have is 0.
fn values<'a, T: Scalar>(
    view: Option<&TensorView<'a>>,
    tensor: &Tensor<'_>,
    lines: Option<&'a [Line]>,
) -> Option<Box<dyn Iterator<Item = (bool, T)> + 'a>> {
    let Some(lines) = lines else {
        return Some(Box::new(numbers::<T>(view?)?));
    };
    let values = tensor.places().len();
    let (each, is_bias) = (values / lines.len().max(1), tensor.own_name() == BIAS);
    let given: Box<dyn Iterator<Item = (bool, f64)>> = match view {
        Some(view) => Box::new(numbers::<f64>(view)?),
        None => Box::new(core::iter::repeat_n((true, 0.0), values)),
    };
    let lines = lines
        .iter()
        .flat_map(move |line| core::iter::repeat_n(line, each));
    Some(Box::new(given.zip(lines).map(
        move |((_, number), line)| {
            let folded = if is_bias {
                line.at(number)
            } else {
                line.factor * number
            };
            (folded.is_finite(), T::from_f64(folded))
        },
    )))
}

/// The names of the tensors of a file.
fn sorted_names(file: &SafeTensors<'_>) -> Vec<String> {
    let mut names: Vec<_> = file.names().into_iter().map(ToOwned::to_owned).collect();
    names.sort();
    names
}

fn two(bytes: &[u8]) -> [u8; 2] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// Why a safetensors file cannot be read or written; the network is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// It is not a safetensors file, or its header is damaged, or it was cut.
    File(SafeTensorError),
    /// There is no tensor of that name.
    Missing {
        /// The name.
        name: String,
        /// The names that there are.
        found: Vec<String>,
    },
    /// A tensor has another shape.
    Shape {
        /// Its name.
        name: String,
        /// Its dimensions in the file.
        file: Vec<usize>,
        /// The dimensions that the network needs.
        wanted: Vec<usize>,
    },
    /// A tensor's numbers are not `f32`, `f64`, `f16` or `bf16`.
    NumberType {
        /// Its name.
        name: String,
        /// The type of its numbers.
        file: String,
    },
    /// There are tensors that the network has no place for.
    Extra {
        /// Their names.
        names: Vec<String>,
    },
    /// A batch normalization does not follow a layer that it can be folded into.
    NotFolded {
        /// The name of its running mean.
        name: String,
    },
    /// Two tensors have one name.
    Twice {
        /// The name.
        name: String,
    },
    /// A number is larger than the network's number type can hold.
    TooLarge {
        /// The tensor's name.
        name: String,
        /// The index of the number in it.
        index: usize,
    },
    /// A number is infinite or NaN.
    NotFinite {
        /// The tensor's name.
        name: String,
        /// The index of the number in it.
        index: usize,
    },
}

impl Display for SafetensorsError {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        let list = |f: &mut Formatter<'_>, names: &[String]| {
            for (place, name) in names.iter().enumerate() {
                let comma = if place == 0 { "" } else { ", " };
                write!(f, "{comma}`{name}`")?;
            }
            Ok(())
        };
        match self {
            Self::File(error) => write!(f, "not a whole safetensors file: {error}"),
            Self::Missing { name, found } => {
                write!(f, "the file has no tensor `{name}`; it has ")?;
                if found.is_empty() {
                    return f.write_str("none");
                }
                list(f, found)
            }
            Self::Shape { name, file, wanted } => write!(
                f,
                "tensor `{name}` has the shape {file:?} in the file, the network needs {wanted:?}"
            ),
            Self::NumberType { name, file } => write!(
                f,
                "tensor `{name}` holds numbers of type {file}; F32, F64, F16 and BF16 can be read"
            ),
            Self::Extra { names } => {
                f.write_str("the network has no place for ")?;
                list(f, names)?;
                f.write_str("; `allow_extra` passes over them")
            }
            Self::NotFolded { name } => write!(
                f,
                "the batch normalization of `{name}` does not follow a layer that it can be folded into"
            ),
            Self::Twice { name } => write!(f, "two tensors have the name `{name}`"),
            Self::TooLarge { name, index } => write!(
                f,
                "number {index} of tensor `{name}` is too large for the network's numbers"
            ),
            Self::NotFinite { name, index } => {
                write!(f, "number {index} of tensor `{name}` is infinite or NaN")
            }
        }
    }
}

impl Error for SafetensorsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

impl<F> Debug for Safetensors<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Safetensors")
            .field("extra", &self.extra)
            .field("finite", &self.finite)
            .field("batch_norm", &self.batch_norm)
            .finish_non_exhaustive()
    }
}
