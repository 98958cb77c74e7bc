//! Whether the receiver accepts events at all.

use std::{collections::HashSet, time::Duration};

use gamification_domain::MemberKey;
use tokio::time::Instant;

/// A receiver that refuses so many members in a row, and accepts from none, is down.
const REFUSALS: usize = 4;
/// How many tries a receiver gets that is down.
const PROBES: usize = 2;
/// The first pause; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause: how late it is noticed that the receiver is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Tells a receiver that is down from one that does not take one member's event.
#[derive(Debug)]
pub(super) struct ReceiverHealth {
    /// How many members' events may be under way while it accepts some.
    concurrency: usize,
    /// Who was refused since an event was last accepted.
    refused: HashSet<MemberKey>,
    down: Option<Down>,
}

#[derive(Debug)]
struct Down {
    pause: Duration,
    until: Instant,
}

impl ReceiverHealth {
    /// Of a receiver that takes so many members' events at once, and has not been heard of.
    pub(super) fn of(concurrency: usize) -> Self {
        Self { concurrency, refused: HashSet::new(), down: None }
    }

    /// How many members' events may be under way.
    pub(super) fn concurrency(&self, now: Instant) -> usize {
        match &self.down {
            None => self.concurrency,
            Some(down) if down.until > now => 0,
            Some(_) => PROBES,
        }
    }

    pub(super) const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// An event was accepted; gives whether the receiver had been down.
    pub(super) fn accepted(&mut self) -> bool {
        self.refused.clear();
        self.down.take().is_some()
    }

    /// An event was refused; gives whether the receiver is down from now on.
    pub(super) fn refused(&mut self, member: MemberKey, now: Instant) -> bool {
        if let Some(down) = &mut self.down {
            // Tries that were under way together count once.
            if down.until <= now {
                down.pause = (down.pause * 2).min(LONGEST_PAUSE);
                down.until = now + down.pause;
            }
            return false;
        }
        self.refused.insert(member);
        if self.refused.len() < REFUSALS {
            return false;
        }
        self.down = Some(Down { pause: FIRST_PAUSE, until: now + FIRST_PAUSE });
        true
    }
}

#[cfg(test)]
mod tests {
    use gamification_domain::{CommunityId, UserId};
    use uuid::Uuid;

    use super::*;

    const CONCURRENCY: usize = 16;

    fn member(number: u128) -> MemberKey {
        (CommunityId::new(Uuid::nil()), UserId::new(Uuid::from_u128(number)))
    }

    #[test]
    fn one_member_whose_event_is_never_accepted_does_not_make_a_receiver_count_as_down() {
        let (mut health, now) = (ReceiverHealth::of(CONCURRENCY), Instant::now());
        for _ in 0..100 {
            assert!(!health.refused(member(1), now));
        }
        assert_eq!(health.concurrency(now), CONCURRENCY);
    }

    #[test]
    fn refusals_between_which_something_is_accepted_do_not_either() {
        let (mut health, now) = (ReceiverHealth::of(CONCURRENCY), Instant::now());
        for number in 0..100 {
            assert!(!health.refused(member(number), now));
            assert!(!health.accepted());
        }
    }

    #[test]
    fn a_receiver_that_refuses_every_member_is_left_alone_with_growing_pauses_until_it_accepts() {
        let (mut health, mut now) = (ReceiverHealth::of(CONCURRENCY), Instant::now());
        let refusals = [1, 2, 3, 4].map(|number| health.refused(member(number), now));
        assert_eq!(refusals, [false, false, false, true]);
        let mut pauses = Vec::new();
        for number in 5..15 {
            assert_eq!(health.concurrency(now), 0);
            let until = health.down.as_ref().unwrap().until;
            pauses.push((until - now).as_millis());
            now = until;
            assert_eq!(health.concurrency(now), PROBES);
            assert!(!health.refused(member(number), now));
            assert!(!health.refused(member(number + 100), now), "the other try counts with it");
        }
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
        assert!(health.accepted(), "it is back");
        assert_eq!(health.concurrency(now), CONCURRENCY);
    }
}
