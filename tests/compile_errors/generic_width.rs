use sizednet::{Dense, Layer, Network, Size, sizes::*};

fn build<H: Size>() -> Network<(Dense<U2, H>, Dense<U4, U1>)>
where
    (Dense<U2, H>, Dense<U4, U1>): Layer,
{
    Network::zeros()
}

fn main() {
    build::<U3>();
}
