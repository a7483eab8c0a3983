//! The batch normalizations of a file, each to be folded into the layer before it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};

use ::safetensors::SafeTensors;

use super::{BIAS, SafetensorsError, numbers, sorted_names};
use crate::Layer;
use crate::batch_norm::Line;
use crate::layer::{Module, Tensor};

/// The end of the name of a tensor that every batch normalization has.
const MEAN: &str = "running_mean";

/// The batch normalizations that follow layers of a network. Each takes a number of its `nn.Sequential`, which the network
/// itself does not count.
#[derive(Default)]
pub(super) struct Folds {
    folds: Vec<Fold>,
    /// The names of their tensors in the file.
    pub(super) names: Vec<String>,
}

struct Fold {
    /// The numbers of the module that it follows, as the network counts.
    path: Vec<usize>,
    lines: Vec<Line>,
}

impl Folds {
    /// Looks for one behind each layer that has weights and a bias.
    pub(super) fn find<L: Layer>(
        file: &SafeTensors<'_>,
        names: &impl Fn(&str) -> String,
        epsilon: f64,
    ) -> Result<Self, SafetensorsError> {
        let (mut folds, mut result) = (Self::default(), Ok(()));
        L::tensors(Module::ROOT, &mut |tensor| {
            if result.is_ok() && tensor.own_name() == BIAS {
                result = folds.see(file, names, epsilon, &tensor);
            }
        });
        result.map(|()| folds)
    }

    /// The first one of the file that does not follow such a layer.
    pub(super) fn left(&self, file: &SafeTensors<'_>) -> Option<String> {
        let mut names = sorted_names(file).into_iter();
        names.find(|name| name.ends_with(MEAN) && !self.names.contains(name))
    }

    fn see(
        &mut self,
        file: &SafeTensors<'_>,
        names: &impl Fn(&str) -> String,
        epsilon: f64,
        bias: &Tensor<'_>,
    ) -> Result<(), SafetensorsError> {
        if bias.module().is_joined() {
            return Ok(());
        }
        let path = bias.module().numbers();
        let mut place = self.counted(&path);
        let Some(last) = place.last_mut() else {
            return Ok(());
        };
        *last += 1;
        let prefix: String = place.iter().map(|number| format!("{number}.")).collect();
        let name = |tensor: &str| names(&format!("{prefix}{tensor}"));
        if file.tensor(&name(MEAN)).is_err() {
            return Ok(());
        }
        let features: usize = bias.dimensions().iter().product();
        let mut figures = |tensor: &str, if_none: Option<f64>| {
            let name = name(tensor);
            match (file.tensor(&name), if_none) {
                (Err(_), Some(value)) => Ok(vec![value; features]),
                (Err(_), None) => Err(SafetensorsError::Missing {
                    name,
                    found: sorted_names(file),
                }),
                (Ok(view), _) if view.shape() != [features] => Err(SafetensorsError::Shape {
                    name,
                    file: view.shape().to_vec(),
                    wanted: vec![features],
                }),
                (Ok(view), _) => {
                    let Some(values) = numbers::<f64>(&view) else {
                        return Err(SafetensorsError::NumberType {
                            name,
                            file: view.dtype().to_string(),
                        });
                    };
                    self.names.push(name);
                    Ok(values.map(|(_, number)| number).collect::<Vec<_>>())
                }
            }
        };
        let (scale, shift) = (figures("weight", Some(1.0))?, figures(BIAS, Some(0.0))?);
        let (mean, variance) = (figures(MEAN, None)?, figures("running_var", None)?);
        self.names.push(name("num_batches_tracked"));
        let scales = scale.into_iter().zip(shift);
        let lines = scales.zip(mean.into_iter().zip(variance));
        let lines = lines.map(|((scale, shift), (mean, variance))| {
            Line::new([scale, shift], [mean, variance + epsilon])
        });
        let lines = lines.collect();
        self.folds.push(Fold { path, lines });
        Ok(())
    }

    /// The numbers of a module of the network, as the file counts them.
    fn counted(&self, path: &[usize]) -> Vec<usize> {
        let mut place = path.to_vec();
        for Fold { path: before, .. } in &self.folds {
            if let Some((number, outer)) = before.split_last()
                && path.starts_with(outer)
                && path.get(outer.len()).is_some_and(|own| own > number)
                && let Some(slot) = place.get_mut(outer.len())
            {
                *slot += 1;
            }
        }
        place
    }

    /// The name of a tensor of the network in an `nn.Sequential` that has the normalizations too.
    pub(super) fn name(&self, tensor: &Tensor<'_>) -> String {
        let place = self.counted(&tensor.module().numbers());
        let prefix: String = place.iter().map(|number| format!("{number}.")).collect();
        prefix + tensor.own_name()
    }

    /// What becomes of a tensor's values, one line for each index of its first dimension, if a normalization follows its layer.
    pub(super) fn lines(&self, tensor: &Tensor<'_>) -> Option<&[Line]> {
        let path = tensor.module().numbers();
        let fold = self.folds.iter().find(|fold| fold.path == path)?;
        Some(&fold.lines)
    }
}
