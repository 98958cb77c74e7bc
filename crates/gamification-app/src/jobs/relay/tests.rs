//! The pace of a relay, and of its retries.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use gamification_domain::{CommunityId, DomainEvent, PointSource, Points, PointsAwarded, UserId};
use tokio::{sync::Semaphore, task::yield_now};
use uuid::Uuid;

use super::*;
use crate::System;

/// How long something may take that takes moments.
const PATIENCE: Duration = Duration::from_secs(60);

/// An outbox in memory.
struct Backlog {
    events: Mutex<BTreeMap<Uuid, PendingEvent>>,
    looks: AtomicUsize,
    looks_in_vain: AtomicUsize,
}

/// The lease of an outbox in which nothing is committed any more.
struct Quiet;

impl RelayLease for Quiet {
    async fn committed(&mut self) -> Result<(), StoreError> {
        pending().await
    }
}

impl Backlog {
    /// An event of each of these members, in this order.
    fn of(members: impl IntoIterator<Item = u128>) -> Self {
        let event = |(place, member)| {
            let id = Uuid::from_u128(place);
            (
                id,
                PendingEvent {
                    id,
                    sequence: i64::try_from(place).unwrap(),
                    event: DomainEvent::PointsAwarded(PointsAwarded {
                        member_id: UserId::new(Uuid::from_u128(member)),
                        community_id: CommunityId::new(Uuid::nil()),
                        points: Points::new(1).unwrap(),
                        new_total: Points::new(1).unwrap(),
                        source: PointSource::PostCreated,
                    }),
                    created_at: OffsetDateTime::UNIX_EPOCH,
                    failure: None,
                },
            )
        };
        let events = Mutex::new((1..).zip(members).map(event).collect());
        Self { events, looks: AtomicUsize::new(0), looks_in_vain: AtomicUsize::new(0) }
    }

    fn len(&self) -> usize {
        self.events.lock().unwrap().len()
    }
}

impl Deliveries for Backlog {
    type Lease = Quiet;

    async fn acquire_lease(&self, _: &ChannelName) -> Result<Quiet, StoreError> {
        Ok(Quiet)
    }

    async fn pending_events(
        &self,
        _: &ChannelName,
        busy: &HashSet<MemberKey>,
        _: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<PendingEvent>, StoreError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        yield_now().await;
        let events = self.events.lock().unwrap();
        let free = events.values().filter(|event| !busy.contains(&event.member()));
        let page: Vec<PendingEvent> = free.take(limit).cloned().collect();
        self.looks_in_vain.fetch_add(usize::from(page.is_empty()), Ordering::Relaxed);
        Ok(page)
    }

    async fn mark_delivered(&self, _: &ChannelName, keys: &[(CommunityId, Uuid)]) -> Result<(), StoreError> {
        yield_now().await;
        let mut events = self.events.lock().unwrap();
        for (_, id) in keys {
            events.remove(id);
        }
        Ok(())
    }

    async fn save_delivery_failure(
        &self,
        _: &ChannelName,
        _: &PendingEvent,
        _: &DeliveryFailure,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn retry_now(&self, _: &ChannelName, _: OffsetDateTime) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A receiver that takes events of some members only when it is let.
struct Receiver {
    concurrency: usize,
    is_slow: fn(UserId) -> bool,
    slow: Semaphore,
    taken: Mutex<HashMap<MemberKey, Vec<i64>>>,
}

impl Receiver {
    fn with(concurrency: usize, is_slow: fn(UserId) -> bool) -> Self {
        Self { concurrency, is_slow, slow: Semaphore::new(0), taken: Mutex::default() }
    }
}

impl Destination for Receiver {
    fn concurrency(&self) -> usize {
        self.concurrency
    }

    async fn deliver(&self, event: &PendingEvent) -> Result<(), DeliveryError> {
        // No two members' events end at the same time.
        for _ in 0..=event.event.member_id().as_uuid().as_u128() % 16 {
            yield_now().await;
        }
        if (self.is_slow)(event.event.member_id()) {
            drop(self.slow.acquire().await.unwrap());
        }
        self.taken.lock().unwrap().entry(event.member()).or_default().push(event.sequence);
        Ok(())
    }
}

/// Relays until no more than `left` events wait, and no longer than that.
async fn relay_until(backlog: &Backlog, receiver: &Receiver, left: usize) {
    let (channel, stop) = ("bus".parse().unwrap(), CancellationToken::new());
    let session = RelaySession::new(backlog, (&channel, receiver), &System, &stop).run(Quiet);
    let mut session = std::pin::pin!(session);
    let enough = async {
        while backlog.len() > left {
            yield_now().await;
        }
    };
    tokio::select! {
        ended = &mut session => panic!("{ended:?}"),
        done = timeout(PATIENCE, enough) => done.expect("the backlog becomes shorter"),
    }
}

#[tokio::test]
async fn a_long_backlog_of_few_members_is_looked_up_in_full_pages() {
    let backlog = Backlog::of((0..20_000).map(|place| place % 100));
    let receiver = Receiver::with(256, |_| false);
    relay_until(&backlog, &receiver, 0).await;
    let taken = receiver.taken.lock().unwrap();
    assert_eq!(taken.values().map(Vec::len).sum::<usize>(), 20_000);
    assert!(taken.values().all(|events| events.is_sorted()), "each member's in order");
    drop(taken);
    // Each look reads past what the busy ones have, and one that finds nothing past everything: there were more than 300 in
    // all if the relay did not wait until fewer are busy, and one in two were in vain if it forgot that it has seen all.
    let looks = backlog.looks.load(Ordering::Relaxed);
    assert!(looks <= 150, "{looks}");
    let in_vain = backlog.looks_in_vain.load(Ordering::Relaxed);
    assert!(in_vain * 5 <= looks, "{in_vain} of {looks}");
}

#[tokio::test]
async fn those_behind_members_with_many_events_do_not_wait_for_them() {
    // So many that the tick alone would need minutes to get past them.
    let backlog = Backlog::of((0..100 * 1_024).map(|place| place / 1_024).chain(100..1_100));
    let receiver = Receiver::with(256, |user| user.as_uuid().as_u128() < 100);
    relay_until(&backlog, &receiver, 100 * 1_024).await;
    assert_eq!(receiver.taken.lock().unwrap().len(), 1_000);
    receiver.slow.add_permits(1);
    relay_until(&backlog, &receiver, 0).await;
}

#[tokio::test]
async fn members_whose_events_take_long_hold_up_no_others() {
    // Of sixteen places they take twelve; the others have so many chains that the tick alone would need minutes.
    let (slow, fast) = (12, 4);
    let backlog = Backlog::of((0..slow).chain((0..fast * 2_000).map(|place| slow + place % fast)));
    let receiver = Receiver::with(16, |user| user.as_uuid().as_u128() < 12);
    relay_until(&backlog, &receiver, 12).await;
    receiver.slow.add_permits(1);
    relay_until(&backlog, &receiver, 0).await;
}

/// Gives ids that end with this byte.
#[derive(Clone)]
struct Ending(u8);

impl Clock for Ending {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }
}

impl IdGenerator for Ending {
    fn next_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0))
    }
}

#[test]
fn pauses_are_spread_from_half_of_them_on() {
    let pause = Duration::from_secs(512);
    assert_eq!(jittered(pause, &Ending(0)), Duration::from_secs(256));
    assert_eq!(jittered(pause, &Ending(64)), Duration::from_secs(320));
    assert_eq!(jittered(pause, &Ending(255)), Duration::from_secs(511));
}

#[test]
fn pauses_grow_to_ten_minutes_and_an_event_is_given_up_after_hours() {
    assert_eq!(pause(1), Duration::from_secs(1));
    assert_eq!(pause(2), Duration::from_secs(2));
    assert_eq!(pause(10), Duration::from_secs(512));
    assert_eq!(pause(11), LONGEST_PAUSE);
    assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    let all: Duration = (1..MAX_FAILURES).map(pause).sum();
    assert!(all > Duration::from_secs(2 * 3_600), "{all:?}");
}

#[test]
fn jitter_keeps_a_pause_between_its_half_and_itself() {
    let whole = Duration::from_secs(64);
    let pauses: HashSet<Duration> = (0..64).map(|_| jittered(whole, &System)).collect();
    assert!(pauses.len() > 10, "they differ");
    assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)));
}
