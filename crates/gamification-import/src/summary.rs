//! What became of all lines, in one line.

use std::time::Duration;

use gamification_app::EventCounts;

/// How many lines came to what, and how fast, as one line for people.
#[must_use]
pub fn summary(counts: &EventCounts, elapsed: Duration) -> String {
    let EventCounts { applied, duplicate, stale, ignored, rejected } = counts;
    let lines = counts.total();
    let milliseconds = elapsed.as_millis().max(1);
    let a_second = u128::from(lines) * 1_000 / milliseconds;
    format!(
        "{lines} lines in {}.{:03} s, {a_second} a second: {applied} applied, {duplicate} duplicate, {stale} stale, \
         {ignored} ignored, {rejected} rejected",
        milliseconds / 1_000,
        milliseconds % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_how_many_of_each_and_how_fast() {
        let counts = EventCounts { applied: 5, duplicate: 4, stale: 3, ignored: 2, rejected: 1 };
        assert_eq!(
            summary(&counts, Duration::from_millis(1_500)),
            "15 lines in 1.500 s, 10 a second: 5 applied, 4 duplicate, 3 stale, 2 ignored, 1 rejected"
        );
        let nothing = summary(&EventCounts::default(), Duration::ZERO);
        assert!(nothing.starts_with("0 lines in 0.001 s, 0 a second"));
    }
}
