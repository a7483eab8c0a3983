//! Updates at their edges: clips at their limits, gradients of zero, values that do not stay finite, the count.

use core::array::from_fn;

use sizednet::schedule::Step;
use sizednet::{
    Adam, AdamW, ClipNorm, ClipValue, NotFinite, Optimizer, RmsProp, Rprop, Scalar, Sgd,
};

use super::assert_near;
use super::optimizers::{StateOf, six};

/// The parameters after each of some steps from 0.
fn steps<T: Scalar, O: Optimizer<T>, const N: usize>(
    optimizer: O,
    gradients: [[T; 6]; N],
) -> [[T; 6]; N] {
    let mut network = six(&[T::ZERO; 6]);
    let mut state = StateOf::<O, T>::new(&optimizer);
    gradients.map(|gradient| {
        optimizer
            .apply(&mut state, &mut network, &six(&gradient))
            .expect("finite");
        from_fn(|index| network.parameters()[index])
    })
}

/// What a clip leaves of a gradient: minus a step of rate 1 from 0.
fn clipped<T: Scalar>(clip: impl Optimizer<T>, gradient: [T; 6]) -> [T; 6] {
    let [after] = steps(clip, [gradient]);
    after.map(|parameter| -parameter)
}

#[test]
fn a_norm_is_clipped_above_its_limit_only() {
    let clip = |limit| ClipNorm {
        limit,
        optimizer: Sgd::new(1.0),
    };
    let gradient = [3.0, 0.0, -4.0, 0.0, 0.0, 0.0];
    assert_eq!(clipped(clip(5.0), gradient), gradient);
    assert_eq!(clipped(clip(5.5), gradient), gradient);
    assert_eq!(
        clipped(clip(2.5), gradient),
        gradient.map(|slope| slope / 2.0)
    );
    assert_eq!(clipped(clip(5.0), [0.0; 6]), [0.0; 6]);
    assert_eq!(clipped(clip(0.0), gradient), [0.0; 6]);
}

#[test]
fn a_norm_that_would_overflow_is_clipped_like_any_other() {
    let clip = ClipNorm {
        limit: 1.0_f32,
        optimizer: Sgd::new(1.0),
    };
    let max = f32::MAX;
    let wanted = [1.0, -1.0, 1.0, 1.0, -1.0, 0.5].map(|slope| slope / 5.25_f64.sqrt());
    let got = clipped(clip, [max, -max, max, max, -max, max / 2.0]);
    // 1 / MAX is subnormal and has but 21 bits
    assert_near("clipped", &got, &wanted, &[1.0; 6], 8.0);
    let tiny = f32::from_bits(1);
    assert_eq!(clipped(clip, [tiny; 6]), [tiny; 6]);
}

#[test]
fn a_value_is_clipped_beyond_its_limit_only() {
    let clip = ClipValue {
        limit: 0.5,
        optimizer: Sgd::new(1.0),
    };
    let got = clipped(clip, [0.5, -0.5, 0.625, -0.625, 0.25, -0.25]);
    assert_eq!(got, [0.5, -0.5, 0.5, -0.5, 0.25, -0.25]);
}

#[test]
fn rprop_rests_at_zero_and_where_the_gradient_turned() {
    let rprop = Rprop::new(0.5).factors(0.5, 2.0);
    // of four parameters; the fourth is a gradient whose product with itself is 0
    let tiny = 1e-200;
    let gradients = [
        [0.0, 1.0, -1.0, tiny],
        [1.0, 1.0, 1.0, tiny],
        [0.0, 0.0, 1.0, -tiny],
        [1.0, 1.0, 1.0, -tiny],
    ];
    let got = steps(rprop, gradients.map(|[a, b, c, d]| [a, b, c, d, 0.0, -0.0]));
    let wanted = [
        [0.0, -0.5, 0.5, -0.5],
        [-0.5, -1.5, 0.5, -1.5],
        [-0.5, -1.5, 0.25, -1.5],
        [-1.0, -2.5, -0.25, -1.0],
    ];
    assert_eq!(got, wanted.map(|[a, b, c, d]| [a, b, c, d, 0.0, 0.0]));
}

#[test]
fn rprop_holds_even_its_first_step_within_its_limits() {
    for (first, held) in [(8.0, 2.0), (0.125, 0.25), (2.0, 2.0), (0.25, 0.25)] {
        let rprop = Rprop::new(first).steps(0.25, 2.0);
        assert_eq!(steps(rprop, [[1.0; 6]]), [[-held; 6]]);
    }
}

/// Asserts that the refused step changes nothing: the next one goes on as if it had not been.
fn assert_refuses<O: Optimizer<f32>>(optimizer: O, refused: [f32; 6]) {
    let good = six(&[0.5, -0.25, 1.0, -1.0, 2.0, 0.125]);
    let [mut network, mut straight] = [(); 2].map(|()| six(&[1.0, 2.0, -1.0, 0.5, -0.25, 3.0]));
    let [mut state, mut straight_state] = [(); 2].map(|()| StateOf::<O, f32>::new(&optimizer));
    for (state, network) in [
        (&mut state, &mut network),
        (&mut straight_state, &mut straight),
    ] {
        assert_eq!(optimizer.apply(state, network, &good), Ok(()));
    }
    let refusal = optimizer.apply(&mut state, &mut network, &six(&refused));
    assert_eq!(refusal, Err(NotFinite));
    assert_eq!(network, straight);
    for (state, network) in [
        (&mut state, &mut network),
        (&mut straight_state, &mut straight),
    ] {
        assert_eq!(optimizer.apply(state, network, &good), Ok(()));
    }
    assert_eq!(network, straight);
    assert_eq!((state.updates, straight_state.updates), (2, 2));
}

#[test]
fn a_step_that_would_not_stay_finite_changes_nothing() {
    let at = |index: usize, value: f32| {
        let mut gradient = [0.5; 6];
        gradient[index] = value;
        gradient
    };
    let (optimizer, limit) = (Sgd::new(0.5), 1.0);
    for index in [0, 5] {
        assert_refuses(optimizer, at(index, f32::NAN));
        assert_refuses(optimizer.momentum(0.5), at(index, -f32::INFINITY));
        assert_refuses(Adam::new(0.5), at(index, f32::NAN));
        assert_refuses(AdamW::new(0.5), at(index, f32::NAN));
        // neither step nor state would hold these
        assert_refuses(Rprop::new(0.5), at(index, f32::INFINITY));
        assert_refuses(ClipValue { limit, optimizer }, at(index, f32::INFINITY));
        assert_refuses(ClipNorm { limit, optimizer }, at(index, f32::INFINITY));
        // gradient and parameter are finite, the mean square is not
        assert_refuses(RmsProp::new(0.5), at(index, 1e30));
        assert_refuses(Adam::new(0.5), at(index, 1e30));
        // the parameter is not
        assert_refuses(Sgd::new(4.0), at(index, f32::MAX));
    }
}

#[test]
fn the_count_of_updates_stays_at_its_end() {
    let (optimizer, mut network) = (Adam::new(0.5), six(&[0.0; 6]));
    let mut state = StateOf::<Adam, f32>::new(&optimizer);
    for _ in 0..2 {
        state.updates = u32::MAX;
        let result = optimizer.apply(&mut state, &mut network, &six(&[1.0; 6]));
        assert_eq!((result, state.updates), (Ok(()), u32::MAX));
    }
}

#[test]
fn the_state_holds_what_it_says() {
    fn after_one<O: Optimizer<f64>>(optimizer: O) -> StateOf<O, f64> {
        let mut state = StateOf::<O, f64>::zeros();
        optimizer
            .apply(&mut state, &mut six(&[1.0; 6]), &six(&[-2.0; 6]))
            .expect("finite");
        state
    }
    let all = |value: f64| from_fn::<_, 6, _>(|_| value);
    let [velocity] = after_one(Sgd::new(0.5).momentum(0.9)).arrays;
    assert_eq!(velocity[..], all(-2.0));
    let [square] = after_one(RmsProp::new(0.5).smoothing(0.75)).arrays;
    assert_eq!(square[..], all(1.0));
    let [mean, square] = after_one(Adam::new(0.5).betas(0.5, 0.75)).arrays;
    assert_eq!((&mean[..], &square[..]), (&all(-1.0)[..], &all(1.0)[..]));
    let [gradient, length] = after_one(Rprop::new(0.5)).arrays;
    assert_eq!(
        (&gradient[..], &length[..]),
        (&all(-2.0)[..], &all(0.5)[..])
    );
}

#[test]
fn rms_prop_adds_its_epsilon_outside_the_root() {
    let rms_prop = RmsProp::new(1.0).smoothing(0.0).epsilon(3.0);
    assert_eq!(steps(rms_prop, [[1.0; 6]]), [[-0.25; 6]]);
}

/// Steps whose length is the rate alone.
fn assert_follows_its_schedule(optimizer: impl Optimizer<f64>) {
    let after = steps(optimizer, [[1.0; 6]; 4]);
    for (after, wanted) in after.into_iter().zip([-1.0, -2.0, -2.5, -3.0]) {
        // Adam and RmsProp divide by 1 and their epsilon of 1e-8
        assert!((after[5] - wanted).abs() < 1e-7, "{after:?} for {wanted}");
    }
}

#[test]
fn a_schedule_sees_the_count_of_updates() {
    let schedule = Step {
        start: 1.0,
        factor: 0.5,
        every: 2,
    };
    let (optimizer, limit) = (Sgd::new(schedule), 100.0);
    assert_follows_its_schedule(optimizer);
    assert_follows_its_schedule(optimizer.momentum(0.0));
    assert_follows_its_schedule(RmsProp::new(schedule).smoothing(0.0));
    assert_follows_its_schedule(Adam::new(schedule));
    assert_follows_its_schedule(AdamW::new(schedule).weight_decay(0.0));
    assert_follows_its_schedule(ClipNorm { limit, optimizer });
    assert_follows_its_schedule(ClipValue { limit, optimizer });
}
