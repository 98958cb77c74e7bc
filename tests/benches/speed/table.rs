//! The table that is printed.

use std::time::Duration;

/// Heads the columns.
pub(crate) fn head() {
    println!("{:<64} {:>12} {:>12} {:>8}", "work", "service", "beside it", "ratio");
}

/// Work that both did: how much a second. A higher ratio is better.
pub(crate) fn rates(work: &str, number: usize, service: Duration, beside: Duration) {
    #[allow(clippy::cast_precision_loss, reason = "numbers of things that were counted")]
    let rate = |took: Duration| number as f64 / took.as_secs_f64();
    let (service, beside) = (rate(service), rate(beside));
    println!(
        "{work:<64} {:>12} {:>12} {:>8.2}",
        format!("{service:.0}/s"),
        format!("{beside:.0}/s"),
        service / beside
    );
}

/// What both took. A lower ratio is better.
pub(crate) fn times(work: &str, service: Duration, beside: Duration) {
    let ratio = service.as_secs_f64() / beside.as_secs_f64();
    println!("{work:<64} {:>12} {:>12} {ratio:>8.2}", text(service), text(beside));
}

/// A figure of the service alone.
pub(crate) fn alone(work: &str, figure: &str) {
    println!("{work:<64} {figure:>12}");
}

/// A time that so many percent don't exceed.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() * percent / 100]
}

/// A time, for reading.
pub(crate) fn text(time: Duration) -> String {
    if time < Duration::from_millis(10) {
        format!("{} µs", time.as_micros())
    } else {
        format!("{} ms", time.as_millis())
    }
}
