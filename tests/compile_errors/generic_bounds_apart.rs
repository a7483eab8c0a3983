use sizednet::{Dense, Layer, Network, Size, sizes::*};

fn act<H: Size>(_policy: &Network<(Dense<U2, H>, Dense<H, U1>)>)
where
    Dense<U2, H>: Layer,
    Dense<H, U1>: Layer,
{
}

fn main() {}
