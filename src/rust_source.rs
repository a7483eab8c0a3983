//! Weights as Rust source, to be compiled in.

use core::fmt::{Debug, Display, Formatter, Result};

use crate::network::Network;
use crate::storage::{Borrowed, Storage};
use crate::{Layer, Scalar};

/// Weights that are compiled in, as [`Network::rust_source`] writes them: `N` numbers and the fingerprint of their
/// architecture. They begin where a cache line does.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights<T, const N: usize> {
    values: [T; N],
    fingerprint: u64,
}

impl<T, const N: usize> Weights<T, N> {
    /// Numbers in their flat order, of the architecture with this [fingerprint](Network::FINGERPRINT).
    ///
    /// ```
    /// use sizednet::{Borrowed, Dense, Network, Weights, sizes::*};
    ///
    /// type Sum = Dense<U2, U1>;
    /// static SUM: Weights<f32, 3> = Weights::new(Network::<Sum>::FINGERPRINT, [1.0, 2.0, 3.0]);
    /// static NETWORK: Network<Sum, f32, Borrowed<'static>> = Network::compiled_in(&SUM);
    /// assert_eq!(NETWORK.forward(&[10.0, 100.0]), [213.0]);
    /// ```
    pub const fn new(fingerprint: u64, values: [T; N]) -> Self {
        Self {
            values,
            fingerprint,
        }
    }
    /// The numbers.
    pub const fn values(&self) -> &[T; N] {
        &self.values
    }
}

impl<'a, L: Layer, T: Scalar> Network<L, T, Borrowed<'a>> {
    /// A network over weights that were compiled in.
    ///
    /// For a `static` or a `const`, where weights of another architecture do not compile:
    ///
    /// ```compile_fail
    /// use sizednet::{Borrowed, Dense, Network, Weights, sizes::*};
    ///
    /// // error[E0080]: evaluation panicked: the weights are of another architecture
    /// static WEIGHTS: Weights<f32, 3> = Weights::new(Network::<Dense<U2, U1>>::FINGERPRINT, [1.0, 2.0, 3.0]);
    /// static OTHER: Network<Dense<U1, U1>, f32, Borrowed> = Network::compiled_in(&WEIGHTS);
    /// ```
    ///
    /// # Panics
    ///
    /// If it is called at run time with weights of another architecture.
    #[must_use]
    pub const fn compiled_in<const N: usize>(weights: &'a Weights<T, N>) -> Self {
        match Self::from_slice(&weights.values) {
            Ok(network) if weights.fingerprint == L::FINGERPRINT => network,
            _ => panic!("the weights are of another architecture"),
        }
    }
}

impl<L: Layer, T: Scalar, S: Storage> Network<L, T, S> {
    /// The network as Rust source, a `static` of that name, to be displayed: each number is read back bit for bit, but
    /// for what a NaN carries.
    ///
    /// ```
    /// use sizednet::{Dense, GenericArray, Network, sizes::*};
    ///
    /// let network = Network::<Dense<U2, U1>>::from_parameters(GenericArray::from_array([1.0, -0.5, 3e-9]));
    /// assert_eq!(
    ///     network.rust_source("SUM").to_string(),
    ///     "/// Dense 2 -> 1, Identity: 3 parameters.
    /// #[rustfmt::skip]
    /// pub static SUM: sizednet::Weights<f32, 3> = sizednet::Weights::new(0x3f628c3af927ad97, [
    ///     1.0, -0.5, 3e-9,
    /// ]);
    /// "
    /// );
    /// ```
    pub const fn rust_source<'a>(&'a self, name: &'a str) -> RustSource<'a, L, T, S> {
        RustSource {
            network: self,
            name,
        }
    }
}

/// What [`Network::rust_source`] gives, to be displayed.
pub struct RustSource<'a, L: Layer, T: Scalar, S: Storage> {
    network: &'a Network<L, T, S>,
    name: &'a str,
}

/// Numbers on a line.
const ON_A_LINE: usize = 8;

impl<L: Layer, T: Scalar, S: Storage> Display for RustSource<'_, L, T, S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { network, name } = self;
        let (number, fingerprint) = (T::NAME, L::FINGERPRINT);
        let parameters = Network::<L, T, S>::PARAMETERS;
        f.write_str("/// ")?;
        let (mut first, mut written) = (true, Ok(()));
        L::rows(&mut |row| {
            let separator = if first { "" } else { "; " };
            first = false;
            let dash = if row.begins { "- " } else { "" };
            let (name, input, output) = (row.name, row.input, row.output);
            let mut line = write!(f, "{separator}{dash}{name} {input} -> {output}");
            for detail in row.details() {
                line = line.and_then(|()| write!(f, ", {detail}"));
            }
            written = written.and(line);
        });
        written?;
        writeln!(f, ": {parameters} parameters.")?;
        f.write_str("#[rustfmt::skip]\n")?;
        writeln!(
            f,
            "pub static {name}: sizednet::Weights<{number}, {parameters}> = sizednet::Weights::new({fingerprint:#018x}, ["
        )?;
        for line in network.parameters().chunks(ON_A_LINE) {
            f.write_str("   ")?;
            for value in line {
                f.write_str(" ")?;
                if value.is_finite() {
                    // as few digits as tell it from its neighbors
                    write!(f, "{value:?}")?;
                } else {
                    let sign = if *value < T::ZERO { "-" } else { "" };
                    let what = if value.abs() == T::INFINITY {
                        "INFINITY"
                    } else {
                        "NAN"
                    };
                    write!(f, "{sign}{number}::{what}")?;
                }
                f.write_str(",")?;
            }
            f.write_str("\n")?;
        }
        f.write_str("]);\n")
    }
}

impl<L: Layer, T: Scalar, S: Storage> Debug for RustSource<'_, L, T, S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Display::fmt(self, f)
    }
}
