//! The tensors that a layer's parameters are in `PyTorch`, with their names and layouts.

use core::fmt::{Display, Formatter, Result};

/// The most dimensions that a tensor has.
const DIMENSIONS: usize = 4;

/// A tensor as `PyTorch` has it, and where its values lie among the flat parameters of a network.
///
/// The value at `[i, j, …]` lies at `start + i * strides[0] + j * strides[1] + …`, so that a transposed layout is a matter
/// of strides.
///
/// ```
/// use sizednet::layer::{Module, Tensor};
///
/// /// [`Layer::tensors`](sizednet::Layer::tensors) of a layer whose parameters are weights from 2 inputs to 3 outputs,
/// /// `[2][3]`, where `PyTorch` has `[3][2]`.
/// fn tensors(module: Module<'_>, visit: &mut dyn FnMut(Tensor<'_>)) {
///     visit(module.tensor("weight", [3, 2], [1, 3], 0));
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Tensor<'a> {
    module: Module<'a>,
    name: &'a str,
    start: usize,
    rank: usize,
    dimensions: [usize; DIMENSIONS],
    strides: [usize; DIMENSIONS],
}

impl<'a> Tensor<'a> {
    /// The full name, such as `0.2.weight`, to be displayed.
    #[must_use]
    pub const fn name(&self) -> impl Display + use<'a> {
        Name(self.module, self.name)
    }
    /// The dimensions, as in `PyTorch`.
    #[must_use]
    pub fn dimensions(&self) -> &[usize] {
        self.dimensions.get(..self.rank).unwrap_or_default()
    }
    /// The places of its values among the flat parameters, in the order of `PyTorch`: the last index runs fastest.
    #[must_use]
    pub fn places(&self) -> impl ExactSizeIterator<Item = usize> + use<> {
        let (dimensions, strides, start) = (self.dimensions, self.strides, self.start);
        // places beyond the rank are 1
        let values: usize = dimensions.iter().product();
        (0..values).map(move |value| {
            let (mut rest, mut place) = (value, start);
            for (dimension, stride) in dimensions.iter().zip(&strides).rev() {
                place += rest % dimension * stride;
                rest /= dimension;
            }
            place
        })
    }
}

#[cfg(feature = "safetensors")]
impl<'a> Tensor<'a> {
    /// The module that it belongs to.
    pub(crate) const fn module(&self) -> Module<'a> {
        self.module
    }
    /// Its name within its module, such as `weight`.
    pub(crate) const fn own_name(&self) -> &'a str {
        self.name
    }
}

struct Name<'a>(Module<'a>, &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(module, name) = self;
        module.fmt(f)?;
        f.write_str(name)
    }
}

/// Where a layer stands: its number in each `nn.Sequential` around it, and where its parameters begin.
#[derive(Debug, Clone, Copy)]
pub struct Module<'a> {
    outer: Option<(&'a Self, usize)>,
    start: usize,
    #[cfg_attr(
        not(feature = "safetensors"),
        expect(dead_code, reason = "only what files hold is folded")
    )]
    joined: bool,
}

#[cfg(feature = "safetensors")]
impl Module<'_> {
    /// The whole network.
    pub(crate) const ROOT: Self = Self {
        outer: None,
        start: 0,
        joined: false,
    };
    /// Whether its outputs are joined with others.
    pub(crate) const fn is_joined(self) -> bool {
        self.joined
    }
    /// Its number in each `nn.Sequential` around it, outermost first.
    pub(crate) fn numbers(self) -> alloc::vec::Vec<usize> {
        match self.outer {
            Some((outer, number)) => {
                let mut numbers = outer.numbers();
                numbers.push(number);
                numbers
            }
            None => alloc::vec::Vec::new(),
        }
    }
}

impl<'a> Module<'a> {
    /// The layer at this number of the `nn.Sequential` that `self` is.
    pub(crate) const fn child(&'a self, number: usize) -> Self {
        Self {
            outer: Some((self, number)),
            start: self.start,
            joined: false,
        }
    }
    /// The same module, of a layer whose outputs are joined with others: what comes after them cannot be folded into it.
    pub(crate) const fn joined(self) -> Self {
        Self {
            joined: true,
            ..self
        }
    }
    /// The same module, `parameters` further on.
    pub(crate) const fn after(self, parameters: usize) -> Self {
        Self {
            start: self.start + parameters,
            ..self
        }
    }
    /// A tensor of the layer that stands here, whose values begin at `start` of the layer's parameters. It has up to four
    /// dimensions, and a stride for each.
    #[must_use]
    pub fn tensor<const RANK: usize>(
        self,
        name: &'a str,
        dimensions: [usize; RANK],
        strides: [usize; RANK],
        start: usize,
    ) -> Tensor<'a> {
        const { assert!(RANK <= DIMENSIONS, "a tensor has at most four dimensions") };
        let mut tensor = Tensor {
            module: self,
            name,
            start: self.start + start,
            rank: RANK,
            dimensions: [1; DIMENSIONS],
            strides: [0; DIMENSIONS],
        };
        for (slot, dimension) in tensor.dimensions.iter_mut().zip(dimensions) {
            *slot = dimension;
        }
        for (slot, stride) in tensor.strides.iter_mut().zip(strides) {
            *slot = stride;
        }
        tensor
    }
}

/// The numbers of the modules, each followed by a point.
impl Display for Module<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.outer {
            Some((outer, number)) => write!(f, "{outer}{number}."),
            None => Ok(()),
        }
    }
}
