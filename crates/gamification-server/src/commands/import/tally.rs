//! What became of all lines.

use std::{fmt, time::Duration};

use gamification_domain::{Rejection, Verdict};

/// How many lines came to what.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) applied: u64,
    pub(super) duplicate: u64,
    pub(super) stale: u64,
    pub(super) ignored: u64,
    pub(super) rejected: u64,
}

impl Tally {
    /// Counts a verdict; a rejection is for the caller to look at.
    pub(super) const fn count(&mut self, verdict: Verdict) -> Result<(), Rejection> {
        match verdict {
            Verdict::Applied => self.applied += 1,
            Verdict::Duplicate => self.duplicate += 1,
            Verdict::Stale => self.stale += 1,
            Verdict::Ignored => self.ignored += 1,
            Verdict::Rejected(rejection) => return Err(rejection),
        }
        Ok(())
    }

    /// All lines that said something.
    pub(super) const fn lines(&self) -> u64 {
        let Self { applied, duplicate, stale, ignored, rejected } = self;
        *applied + *duplicate + *stale + *ignored + *rejected
    }

    /// All of it in one line.
    pub(super) fn summary(&self, elapsed: Duration) -> String {
        let milliseconds = elapsed.as_millis().max(1);
        let a_second = u128::from(self.lines()) * 1_000 / milliseconds;
        format!(
            "{} lines in {}.{:03} s, {a_second} a second: {self}",
            self.lines(),
            milliseconds / 1_000,
            milliseconds % 1_000
        )
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { applied, duplicate, stale, ignored, rejected } = self;
        write!(
            f,
            "{applied} applied, {duplicate} duplicate, {stale} stale, {ignored} ignored, {rejected} rejected"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_how_many_of_each_and_how_fast() {
        let tally = Tally { applied: 5, duplicate: 4, stale: 3, ignored: 2, rejected: 1 };
        assert_eq!(
            tally.summary(Duration::from_millis(1_500)),
            "15 lines in 1.500 s, 10 a second: 5 applied, 4 duplicate, 3 stale, 2 ignored, 1 rejected"
        );
        assert!(Tally::default().summary(Duration::ZERO).starts_with("0 lines in 0.001 s, 0 a second"));
    }
}
