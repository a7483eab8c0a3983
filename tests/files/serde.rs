//! Networks through serde: postcard and JSON, and every document that is not the right one.

use proptest::prelude::*;
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use sizednet::{Borrowed, Dense, Heap, Layer, Network, Relu, Scalar, Sigmoid, sizes::*};

type Xor = (Dense<U2, U3, Sigmoid>, Dense<U3, U1, Sigmoid>);
type Wide = (Dense<U2, U40, Relu>, Dense<U40, U3>);

fn random<L: Layer, T: Scalar>(seed: u64) -> Network<L, T> {
    Network::random(&mut Xoshiro256PlusPlus::seed_from_u64(seed))
}

#[test]
fn postcard_keeps_every_bit_in_fixed_room() {
    let network = random::<Wide, f32>(1);
    // the fingerprint takes at most 10 bytes, and there are no others
    let mut room = [0; Network::<Wide>::BYTES + 10];
    let bytes = postcard::to_slice(&network, &mut room).expect("right");
    let again: Network<Wide> = postcard::from_bytes(bytes).expect("right");
    assert_eq!(again, network);
    let heap: Network<Wide, f32, Heap> = postcard::from_bytes(bytes).expect("right");
    assert_eq!(heap, network);
    let borrowed = Network::<Wide, f32, Borrowed<'_>>::borrowed(network.parameters());
    assert_eq!(postcard::to_allocvec(&borrowed).expect("right"), bytes);
}

#[test]
fn json_keeps_every_bit() {
    let network = random::<Xor, f64>(2);
    let text = serde_json::to_string(&network).expect("right");
    assert!(text.starts_with(&format!(
        "{{\"architecture\":{},\"parameters\":[",
        Network::<Xor>::FINGERPRINT
    )));
    let again: Network<Xor, f64> = serde_json::from_str(&text).expect("right");
    assert_eq!(again, network);
}

#[test]
fn wrong_documents_are_told() {
    let read = |text: &str| {
        let read: Result<Network<Dense<U2, U1>>, _> = serde_json::from_str(text);
        read.expect_err("wrong").to_string()
    };
    let own = Network::<Dense<U2, U1>>::FINGERPRINT;
    let with = |architecture: u64, parameters: &str| {
        format!("{{\"architecture\":{architecture},\"parameters\":{parameters}}}")
    };
    assert!(read(&with(own + 1, "[1.0,2.0,3.0]")).contains("the network has the fingerprint"));
    assert!(read(&with(own, "[1.0,2.0]")).contains("invalid length 2, expected 3 parameters"));
    assert!(read(&with(own, "[1.0,2.0,3.0,4.0]")).contains("invalid length"));
    assert!(read(&with(own, "[1.0,null,3.0]")).contains("invalid type"));
    assert!(read(&with(own, "{}")).contains("expected 3 parameters"));
    assert!(read("{\"parameters\":[1.0,2.0,3.0]}").contains("missing field `architecture`"));
    let sizes: Network<Dense<U1, U2>> = random(3);
    let another = postcard::to_allocvec(&sizes).expect("right");
    assert!(postcard::from_bytes::<Network<Dense<U2, U1>>>(&another).is_err());
}

proptest! {
    #[test]
    fn damaged_documents_do_not_panic(cut in 0.0..1.0_f64, place in 0.0..1.0_f64, bit in 0_usize..8) {
        let network = random::<Xor, f32>(4);
        let text = serde_json::to_vec(&network).expect("right");
        let bytes = postcard::to_allocvec(&network).expect("right");
        let at = |share: f64, document: &[u8]| (share * document.len() as f64) as usize;

        prop_assert!(serde_json::from_slice::<Network<Xor>>(&text[..at(cut, &text)]).is_err());
        prop_assert!(postcard::from_bytes::<Network<Xor>>(&bytes[..at(cut, &bytes)]).is_err());

        let mut flipped = text.clone();
        flipped[at(place, &text)] ^= 1_u8 << bit;
        let _: Result<Network<Xor>, _> = serde_json::from_slice(&flipped);

        let mut flipped = bytes.clone();
        let place = at(place, &bytes);
        flipped[place] ^= 1_u8 << bit;
        let parameters = bytes.len() - Network::<Xor>::BYTES;
        let read: Result<Network<Xor>, _> = postcard::from_bytes(&flipped);
        // a weight is another number, the fingerprint is not
        prop_assert_eq!(read.is_ok(), place >= parameters);
    }

    #[test]
    fn any_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(postcard::from_bytes::<Network<Wide>>(&bytes).is_err());
        prop_assert!(serde_json::from_slice::<Network<Wide>>(&bytes).is_err());
    }
}
