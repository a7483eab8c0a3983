use sizednet::{Dense, Network, Relu, sizes::*};

type Hidden = Dense<U16, U16, Relu>;
type Body = (Hidden, (Hidden, Dense<U16, U8, Relu>));

struct Agent {
    policy: Network<(Dense<U3, U16, Relu>, Body, Dense<U16, U2>)>,
}

fn main() {}
