//! Networks in any format that serde has (feature `serde`).

use core::fmt::Formatter;
use core::marker::PhantomData;

use ::serde::de::{Error, SeqAccess, Visitor};
use ::serde::ser::SerializeTuple;
use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::network::Network;
use crate::storage::{OwnedStorage, Storage};
use crate::{Layer, Scalar};

/// What is written: the fingerprint of the architecture, then the parameters, as many as the type has.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Network")]
struct Record<P> {
    architecture: u64,
    parameters: P,
}

struct Values<V>(V);

impl<L: Layer, T: Scalar + Serialize, S: Storage> Serialize for Values<&Network<L, T, S>> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        let mut tuple = serializer.serialize_tuple(Network::<L, T, S>::PARAMETERS)?;
        for parameter in self.0.parameters() {
            tuple.serialize_element(parameter)?;
        }
        tuple.end()
    }
}

/// As `architecture`, the [fingerprint](Network::FINGERPRINT), and `parameters`, the flat array.
impl<L: Layer, T: Scalar + Serialize, S: Storage> Serialize for Network<L, T, S> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        Record {
            architecture: Self::FINGERPRINT,
            parameters: Values(self),
        }
        .serialize(serializer)
    }
}

impl<'de, L: Layer, T: Scalar + Deserialize<'de>, S: OwnedStorage> Deserialize<'de>
    for Values<Network<L, T, S>>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Parameters::<L, T, S>(PhantomData);
        deserializer
            .deserialize_tuple(Network::<L, T, S>::PARAMETERS, visitor)
            .map(Values)
    }
}

type Made<L, T, S> = PhantomData<fn() -> Network<L, T, S>>;

struct Parameters<L: Layer, T: Scalar, S: Storage>(Made<L, T, S>);

impl<'de, L: Layer, T: Scalar + Deserialize<'de>, S: OwnedStorage> Visitor<'de>
    for Parameters<L, T, S>
{
    type Value = Network<L, T, S>;

    fn expecting(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} parameters", Network::<L, T, S>::PARAMETERS)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        let mut network = Network::default();
        for (index, parameter) in network.parameters_mut().iter_mut().enumerate() {
            *parameter = values
                .next_element()?
                .ok_or_else(|| Error::invalid_length(index, &self))?;
        }
        if values.next_element::<T>()?.is_some() {
            return Err(Error::invalid_length(
                Network::<L, T, S>::PARAMETERS + 1,
                &self,
            ));
        }
        Ok(network)
    }
}

/// An architecture that is not the type's is an error of the format.
impl<'de, L: Layer, T: Scalar + Deserialize<'de>, S: OwnedStorage> Deserialize<'de>
    for Network<L, T, S>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Record {
            architecture,
            parameters: Values(network),
        } = Record::deserialize(deserializer)?;
        if architecture == Self::FINGERPRINT {
            Ok(network)
        } else {
            Err(Error::custom(format_args!(
                "the network has the fingerprint {architecture:#018x}, wanted is {:#018x}",
                Self::FINGERPRINT
            )))
        }
    }
}
