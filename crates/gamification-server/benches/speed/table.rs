//! The table that is printed.

use std::time::Duration;

/// Heads the columns.
pub(crate) fn head() {
    row("work", ["service", "median", "p99", "beside it", "ratio"]);
}

fn row(work: &str, [service, median, p99, beside, ratio]: [&str; 5]) {
    println!("{work:<68} {service:>12} {median:>9} {p99:>9} {beside:>12} {ratio:>7}");
}

/// What was done, how long all of it took, and how long each request did.
pub(crate) struct Run {
    /// What the rate counts: events, lookups, badges.
    pub(crate) number: usize,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Of each request.
    pub(crate) times: Vec<Duration>,
}

impl Run {
    /// How many a second.
    pub(crate) fn rate(&self) -> f64 {
        rate(self.number, self.elapsed)
    }
}

/// How many a second.
#[allow(clippy::cast_precision_loss, reason = "numbers of things that were counted")]
pub(crate) fn rate(number: usize, took: Duration) -> f64 {
    number as f64 / took.as_secs_f64()
}

/// Work that both did: how much a second. A higher ratio is better.
pub(crate) fn rates(work: &str, service: &Run, beside: f64) {
    row(
        work,
        [
            &format!("{:.0}/s", service.rate()),
            &text(percentile(&service.times, 50)),
            &text(percentile(&service.times, 99)),
            &format!("{beside:.0}/s"),
            &format!("{:.2}", service.rate() / beside),
        ],
    );
}

/// A rate without requests of its own, beside another.
pub(crate) fn rates_alone(work: &str, service: f64, beside: f64) {
    let (service, ratio) = (format!("{service:.0}/s"), format!("{:.2}", service / beside));
    row(work, [&service, "", "", &format!("{beside:.0}/s"), &ratio]);
}

/// What both took. A lower ratio is better.
pub(crate) fn times(work: &str, service: Duration, beside: Duration) {
    let ratio = format!("{:.2}", service.as_secs_f64() / beside.as_secs_f64());
    row(work, [&text(service), "", "", &text(beside), &ratio]);
}

/// Requests one after another beside work one after another: the ratio is of the medians, and in a line of its own that
/// of the 99th percentiles. Lower ratios are better.
pub(crate) fn latencies(work: &str, service: &[Duration], beside: &[Duration]) {
    for (name, percent) in [(work, 50), ("   … the 99th percentiles", 99)] {
        times(name, percentile(service, percent), percentile(beside, percent));
    }
}

/// A figure of the service alone.
pub(crate) fn alone(work: &str, figure: &str) {
    row(work, [figure, "", "", "", ""]);
}

/// How long requests took that ran beside something else.
pub(crate) fn meanwhile(work: &str, times: &[Duration]) {
    row(work, ["", &text(percentile(times, 50)), &text(percentile(times, 99)), "", ""]);
}

/// A time that so many percent don't exceed.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() * percent / 100]
}

/// A time, for reading.
pub(crate) fn text(time: Duration) -> String {
    match time.as_millis() {
        0..10 => format!("{} µs", time.as_micros()),
        10..10_000 => format!("{} ms", time.as_millis()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
