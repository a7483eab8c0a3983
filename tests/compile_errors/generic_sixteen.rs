use sizednet::{Dense, Layer, Network, Relu, Size, sizes::*};

type Hidden = Dense<U16, U16, Relu>;
type Deep<H> = (
    Dense<U3, H, Relu>,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Hidden,
    Dense<U16, U2>,
);

fn count<H: Size>() -> usize
where
    Deep<H>: Layer,
{
    Network::<Deep<H>>::PARAMETERS
}

fn main() {
    println!("{}", count::<U8>());
}
