//! How far a feed has come, and which events it still waits for.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

/// How long a number that was skipped is waited for: longer than any transaction that writes events.
const PATIENCE: Duration = Duration::from_secs(10);

/// Events are numbered when they are written, and committed in another order: numbers that were skipped may still come.
pub(super) struct FeedPosition {
    /// The greatest number that was passed.
    after: i64,
    /// Numbers below it that were not, and since when they are missed.
    missing: BTreeMap<i64, Instant>,
    /// Whether numbers were too many to be waited for since that was asked.
    has_given_up: bool,
}

impl FeedPosition {
    /// How many numbers are waited for at most, the newest: twice as many as one statement writes.
    pub(super) const MAX_MISSING: usize = 10_000;

    /// So far before the greatest number that there is that whatever is still to be committed lies behind it.
    pub(super) fn before(newest: i64) -> Self {
        let after = newest.saturating_sub(i64::try_from(Self::MAX_MISSING).unwrap_or(0)).max(0);
        Self { after, missing: BTreeMap::new(), has_given_up: false }
    }

    /// Whether events may have been passed over, since this was last asked.
    pub(super) const fn has_given_up(&mut self) -> bool {
        std::mem::replace(&mut self.has_given_up, false)
    }

    /// What is to be asked for: what is behind the first number, and the others.
    pub(super) fn wanted(&mut self, now: Instant) -> (i64, Vec<i64>) {
        self.missing.retain(|_, since| now.duration_since(*since) < PATIENCE);
        (self.after, self.missing.keys().copied().collect())
    }

    /// Passes an event by; whether it is the first time.
    pub(super) fn pass(&mut self, sequence: i64, now: Instant) -> bool {
        if sequence <= self.after {
            return self.missing.remove(&sequence).is_some();
        }
        let oldest = sequence.saturating_sub(i64::try_from(Self::MAX_MISSING).unwrap_or(0));
        let first = (self.after + 1).max(oldest);
        self.has_given_up |= first > self.after + 1;
        self.missing.extend((first..sequence).map(|skipped| (skipped, now)));
        while self.missing.len() > Self::MAX_MISSING {
            self.missing.pop_first();
            self.has_given_up = true;
        }
        self.after = sequence;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_late_comes_once_and_is_not_waited_for_for_ever() {
        let now = Instant::now();
        let mut position = FeedPosition { after: 10, missing: BTreeMap::new(), has_given_up: false };
        assert!(position.pass(11, now) && position.pass(14, now));
        assert_eq!(position.wanted(now), (14, vec![12, 13]));
        assert!(position.pass(12, now), "late");
        assert!(!position.pass(12, now) && !position.pass(11, now) && !position.pass(3, now), "known");
        assert_eq!(position.wanted(now + PATIENCE / 2), (14, vec![13]));
        assert_eq!(position.wanted(now + PATIENCE), (14, vec![]));
        assert!(!position.pass(13, now + PATIENCE));
    }

    #[test]
    fn it_begins_so_early_that_what_is_not_committed_yet_will_come() {
        let now = Instant::now();
        let mut position = FeedPosition::before(18_000);
        assert_eq!(position.wanted(now), (8_000, vec![]));
        (8_001..=18_000).filter(|number| *number != 9_990).for_each(|number| {
            position.pass(number, now);
        });
        assert!(position.pass(9_990, now));
        assert!(!position.has_given_up());
    }

    #[test]
    fn a_great_leap_leaves_a_bounded_number_to_wait_for() {
        let now = Instant::now();
        let mut position = FeedPosition::before(1_500);
        assert_eq!(position.wanted(now).0, 0);
        for sequence in [1_000_000, 3_000_000] {
            assert!(position.pass(sequence, now));
            let (after, missing) = position.wanted(now);
            assert_eq!((after, missing.len()), (sequence, FeedPosition::MAX_MISSING));
            assert_eq!(missing.last(), Some(&(sequence - 1)));
            assert!(position.has_given_up() && !position.has_given_up(), "which is told once");
        }
    }
}
