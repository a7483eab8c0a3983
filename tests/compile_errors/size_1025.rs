use sizednet::generic_array::typenum::{Add1, U1024};
use sizednet::{Dense, Network, sizes::U2};

type U1025 = Add1<U1024>;

struct Agent {
    policy: Network<Dense<U2, U1025>>,
}

fn main() {}
