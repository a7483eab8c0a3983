use sizednet::{Dense, Layer, Network, Size, sizes::*};

fn count<H: Size>() -> usize
where
    Dense<U2, H>: Layer,
{
    Network::<(Dense<U2, U3>, Dense<U4, U1>)>::PARAMETERS
}

fn main() {
    println!("{}", count::<U3>());
}
