use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::{Dense, Network, Sigmoid, sizes::*};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U4, U1, Sigmoid>);

fn main() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let network = Network::<Xor>::random(&mut rng);
    let [answer] = network.forward(&[0.0, 1.0]);
    println!("{answer}");
}
