//! What the operating system knows of this process, under the names that Prometheus has for it.
//!
//! It is read from `/proc`; where there is none, as on a Mac, nothing is told.

use std::{fmt::Write, fs};

use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};

/// Adds what can be found out.
pub(super) fn write_metrics(page: &mut String) {
    for Metric { name, kind, help, value } in read() {
        // Writing to a text can't fail.
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
}

struct Metric {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: f64,
}

fn read() -> Vec<Metric> {
    let gauge = |name, help, value: Option<f64>| Some(Metric { name, kind: "gauge", help, value: value? });
    let counter =
        |name, help, value: Option<f64>| Some(Metric { name, kind: "counter", help, value: value? });
    let stat = fs::read_to_string("/proc/self/stat").ok();
    let stat = stat.as_deref().and_then(Stat::parse);
    let boot = fs::read_to_string("/proc/stat").ok();
    let boot = boot.as_deref().and_then(boot_time);
    let ticks = number(clock_ticks_per_second());
    let metrics = [
        counter(
            "process_cpu_seconds_total",
            "User and system CPU time spent, in seconds",
            stat.as_ref().map(|stat| (stat.user_ticks + stat.system_ticks) / ticks),
        ),
        gauge(
            "process_resident_memory_bytes",
            "Resident memory, in bytes",
            stat.as_ref().map(|stat| stat.resident_pages * number(page_size() as u64)),
        ),
        gauge(
            "process_virtual_memory_bytes",
            "Virtual memory, in bytes",
            stat.as_ref().map(|stat| stat.virtual_bytes),
        ),
        gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            stat.as_ref().zip(boot).map(|(stat, boot)| boot + stat.start_ticks / ticks),
        ),
        gauge("process_threads", "Threads", stat.as_ref().map(|stat| stat.threads)),
        gauge(
            "process_open_fds",
            "Open file descriptors",
            // Looking takes one itself.
            fs::read_dir("/proc/self/fd").ok().map(|entries| number(entries.count() as u64) - 1.0),
        ),
        gauge(
            "process_max_fds",
            "The most file descriptors that may be open",
            getrlimit(Resource::Nofile).current.map(number),
        ),
    ];
    metrics.into_iter().flatten().collect()
}

/// Exact up to nine million billions.
const fn number(count: u64) -> f64 {
    count as f64
}

/// The part of `/proc/self/stat` that matters; see proc(5).
#[derive(Debug, PartialEq)]
struct Stat {
    user_ticks: f64,
    system_ticks: f64,
    threads: f64,
    start_ticks: f64,
    virtual_bytes: f64,
    resident_pages: f64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        // The second field is the program's name in parentheses, and may contain anything.
        let (_, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // By their numbers in the manual, where the first after the name is the third.
        let field = |number: usize| fields.get(number - 3)?.parse().ok();
        Some(Self {
            user_ticks: field(14)?,
            system_ticks: field(15)?,
            threads: field(20)?,
            start_ticks: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

/// When the machine was started, in seconds since 1970.
fn boot_time(stat: &str) -> Option<f64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 700 30 13 14 15 16 9 18 5000 4096 25 26";
        let expected = Stat {
            user_ticks: 700.0,
            system_ticks: 30.0,
            threads: 9.0,
            start_ticks: 5_000.0,
            virtual_bytes: 4_096.0,
            resident_pages: 25.0,
        };
        assert_eq!(Stat::parse(stat), Some(expected));
        assert_eq!(Stat::parse("12 (short) S 1"), None);
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000.0));
    }
}
