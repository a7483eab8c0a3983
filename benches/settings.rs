//! How a case is measured, and what it is called: its pass, its network and its batch, as in `forward/13-64-64-4/32`.
//!
//! A case takes one and a half seconds, so all are done in some minutes; `cargo bench -- --measurement-time 5` takes longer.

use core::time::Duration;

use criterion::{Criterion, Throughput};

pub(crate) fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .without_plots()
}

/// Measures a case. Beside its time stands the number of multiply-adds of the way forward in a second.
pub(crate) fn bench<R>(
    criterion: &mut Criterion,
    [pass, network]: [&str; 2],
    batch: usize,
    multiply_adds: u64,
    mut run: impl FnMut() -> R,
) {
    let mut group = criterion.benchmark_group(pass);
    group.throughput(Throughput::Elements(multiply_adds * batch as u64));
    group.bench_function(format!("{network}/{batch}"), |bencher| {
        bencher.iter(&mut run);
    });
    group.finish();
}
