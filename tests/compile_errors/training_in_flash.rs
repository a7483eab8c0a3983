use sizednet::{
    Borrowed, Dense, GenericArray, MeanSquaredError, Network, Parameters, Sgd, Trainer, sizes::*,
};

type Line = Dense<U1, U1>;

static FLASH: Parameters<Line> = GenericArray::from_array([0.5; 2]);

fn main() {
    let mut network: Network<Line, f32, Borrowed> = Network::borrowed(&FLASH);
    let mut trainer = Trainer::stochastic(MeanSquaredError, Sgd::new(0.1));
    println!("{:?}", trainer.step(&mut network, &[0.0], &[1.0]));
}
