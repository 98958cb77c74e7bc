//! Delivers the outbox's events through a channel, in each member's order.
//!
//! Any number of processes may run a relay for a channel; one at a time holds its lease. Members are independent of one
//! another: when an event of one is refused, their later ones wait, with growing pauses, and those of others go on. When
//! the receiver accepts no event at all it is down, and only a few events are tried.
//!
//! An event is marked after it was delivered. A process that is killed in between has it delivered again, under the same id.

mod receiver_health;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    mem::take,
    pin::pin,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use gamification_domain::MemberKey;
use time::OffsetDateTime;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use self::receiver_health::ReceiverHealth;
use crate::{
    Chain, Clock, IdGenerator,
    commands::register_channel,
    ports::{
        ChannelName, ChannelQueries, Deliveries, DeliveryFailure, PendingEvent, RelayLease, Store, StoreError,
    },
};

/// How many events are looked up at once.
const PAGE: usize = 1_024;
/// How many events of one member are delivered before they are marked.
const CHAIN: usize = 16;
/// How often is looked without having been woken: for retries, for what a killed server has left, and for the lease.
const POLL: Duration = Duration::from_secs(1);
/// How long what has begun may take to end when the relay shall stop: deliveries, and what the database is asked.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause after the first failure of an event; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two attempts to deliver one member's events.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// After so many failures an event is given up, when the receiver accepts others: with these pauses, after some two
/// hours, since each is shortened at random.
const MAX_FAILURES: u32 = 24;

/// What brings events to the receiver of a channel.
pub trait Destination: Send + Sync + 'static {
    /// How many members' events it takes at once: 16, unless it is made for more.
    fn concurrency(&self) -> usize {
        16
    }

    /// Delivers an event, maybe again.
    ///
    /// # Errors
    /// [`DeliveryError`] when it must be tried again.
    fn deliver(&self, event: &PendingEvent) -> impl Future<Output = Result<(), DeliveryError>> + Send;
}

/// Why an event could not be delivered, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeliveryError(pub String);

/// Delivers a channel's events until it is told to stop, and ends within moments then, whatever the receiver and the
/// database do.
///
/// The channel is registered where it is not yet, and again if it was forgotten meanwhile.
pub async fn relay_events(
    (store, deliveries): (&(impl Store + ChannelQueries), &impl Deliveries),
    (channel, destination): (&ChannelName, &impl Destination),
    system: &(impl Clock + IdGenerator),
    stop: &CancellationToken,
) {
    let lease = async || {
        register_channel(store, system, channel).await?;
        deliveries.acquire_lease(channel).await
    };
    while !stop.is_cancelled() {
        let Some(lease) = stop.run_until_cancelled(lease()).await else {
            return;
        };
        let outcome = match lease {
            Ok(lease) => {
                let session = RelaySession::new(deliveries, (channel, destination), system, stop);
                until_stopped(session.run(lease), stop).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            tracing::warn!(%channel, error = %Chain(&error), "events can't be delivered now; trying again");
            let _ = timeout(POLL, stop.cancelled()).await;
        }
    }
}

/// Lets a session run to its end, for [`STOP_TIMEOUT`] at most once it shall stop: neither a receiver nor a database that
/// has stopped answering holds up the process. What does not end in time is delivered again by the next relay.
async fn until_stopped(
    session: impl Future<Output = Result<(), StoreError>>,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let out_of_time = async {
        stop.cancelled().await;
        sleep(STOP_TIMEOUT).await;
    };
    tokio::select! {
        outcome = session => outcome,
        () = out_of_time => Ok(()),
    }
}

/// Delivering while the lease is held.
struct RelaySession<'a, D, T, E> {
    deliveries: &'a D,
    channel: &'a ChannelName,
    destination: &'a T,
    system: &'a E,
    stop: &'a CancellationToken,
    /// Members whose events are being delivered, or wait for it.
    busy: HashSet<MemberKey>,
    /// What was looked up, and has no room yet.
    waiting: VecDeque<EventChain>,
    /// Until when there is no look, unless no more than so many are busy.
    rest: (Instant, usize),
    /// Whether a look came to the end of what waits, and nothing is known to have come since.
    has_seen_all: bool,
    health: ReceiverHealth,
    /// When the receiver last accepted an event.
    last_accepted_at: Option<OffsetDateTime>,
}

/// The next events of one member, in order.
struct EventChain {
    member: MemberKey,
    events: Vec<PendingEvent>,
}

/// The deliveries that have begun.
struct UnderWay<F> {
    deliveries: FuturesUnordered<F>,
    /// Those that have ended, and are not settled.
    ended: Vec<Delivered>,
}

/// What became of the events of an [`EventChain`].
struct Delivered {
    member: MemberKey,
    accepted: Vec<PendingEvent>,
    failed: Option<(PendingEvent, DeliveryError)>,
}

impl<F: Future<Output = Delivered>> UnderWay<F> {
    fn new() -> Self {
        Self { deliveries: FuturesUnordered::new(), ended: Vec::new() }
    }

    /// Waits until some have ended, and takes all that have; gives whether there are any.
    async fn some_ended(&mut self) -> bool {
        if self.ended.is_empty() {
            self.ended.extend(self.deliveries.next().await);
        }
        while let Some(Some(delivered)) = self.deliveries.next().now_or_never() {
            self.ended.push(delivered);
        }
        !self.ended.is_empty()
    }

    /// Waits for something else, and goes on delivering.
    async fn meanwhile<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        loop {
            tokio::select! {
                outcome = &mut other => return outcome,
                Some(delivered) = self.deliveries.next() => self.ended.push(delivered),
            }
        }
    }
}

impl<'a, D: Deliveries, T: Destination, E: Clock + IdGenerator> RelaySession<'a, D, T, E> {
    fn new(
        deliveries: &'a D,
        (channel, destination): (&'a ChannelName, &'a T),
        system: &'a E,
        stop: &'a CancellationToken,
    ) -> Self {
        let (busy, health) = (HashSet::new(), ReceiverHealth::of(destination.concurrency()));
        let waiting = VecDeque::new();
        Self {
            deliveries,
            channel,
            destination,
            system,
            stop,
            busy,
            waiting,
            rest: (Instant::now(), 0),
            has_seen_all: false,
            health,
            last_accepted_at: None,
        }
    }

    async fn run(mut self, mut lease: impl RelayLease) -> Result<(), StoreError> {
        let mut under_way = UnderWay::new();
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_look_due = true;
        while !self.stop.is_cancelled() {
            let (rests_until, few) = self.rest;
            let is_rested = self.busy.len() <= few || rests_until <= Instant::now();
            if is_look_due && is_rested && self.waiting.len() < self.room() {
                self.look(&mut under_way).await?;
                is_look_due = false;
            }
            let next = self.waiting.drain(..self.room().min(self.waiting.len()));
            under_way.deliveries.extend(next.map(|chain| deliver(self.destination, chain, self.stop)));
            tokio::select! {
                true = under_way.some_ended() => {
                    self.settle_all(&mut under_way).await?;
                    is_look_due = true;
                }
                () = sleep_until(rests_until), if is_look_due && !is_rested => {}
                committed = lease.committed() => {
                    committed?;
                    (is_look_due, self.has_seen_all) = (true, false);
                }
                _ = poll.tick() => (is_look_due, self.has_seen_all) = (true, false),
                () = self.stop.cancelled() => {}
            }
        }
        while under_way.some_ended().await {
            self.settle_all(&mut under_way).await?;
        }
        Ok(())
    }

    /// For how many more chains there is room under way.
    fn room(&self) -> usize {
        let under_way = self.busy.len() - self.waiting.len();
        self.health.concurrency(Instant::now()).saturating_sub(under_way)
    }

    /// Looks up the next events of members that are not busy, for longer than there is room: not every event costs a look.
    async fn look(
        &mut self,
        under_way: &mut UnderWay<impl Future<Output = Delivered>>,
    ) -> Result<(), StoreError> {
        let begun_at = Instant::now();
        loop {
            let pending = self.deliveries.pending_events(self.channel, &self.busy, self.system.now(), PAGE);
            let events = under_way.meanwhile(pending).await?;
            self.has_seen_all |= events.len() < PAGE;
            self.queue(events);
            // A few members can fill a page, and those behind them are not to wait for it.
            if self.has_seen_all || self.waiting.len() >= self.room() {
                break;
            }
        }
        // A look reads past all that the busy ones have, which may be much: the next one pays when fewer are.
        self.rest = (Instant::now() + begun_at.elapsed(), self.busy.len() / 2);
        Ok(())
    }

    /// Lets the next events of members wait for room, in the order of their first ones.
    fn queue(&mut self, events: Vec<PendingEvent>) {
        let mut places: HashMap<MemberKey, usize> = HashMap::new();
        for event in events {
            let member = event.member();
            if let Some(chain) = places.get(&member).and_then(|place| self.waiting.get_mut(*place)) {
                if chain.events.len() < CHAIN {
                    chain.events.push(event);
                }
            } else if self.busy.insert(member) {
                places.insert(member, self.waiting.len());
                self.waiting.push_back(EventChain { member, events: vec![event] });
            }
        }
    }

    /// Notes what became of all chains that have ended: one statement marks what was accepted, and while it is on its way
    /// to the disk the next ones end.
    async fn settle_all(
        &mut self,
        under_way: &mut UnderWay<impl Future<Output = Delivered>>,
    ) -> Result<(), StoreError> {
        let (mut keys, mut failures, mut members) = (Vec::new(), Vec::new(), Vec::new());
        for Delivered { member, accepted, failed } in take(&mut under_way.ended) {
            members.push(member);
            keys.extend(accepted.iter().map(|event| (event.event.community_id(), event.id)));
            failures.extend(failed.map(|(event, cause)| (member, event, cause)));
        }
        let now = self.system.now();
        if !keys.is_empty() {
            under_way.meanwhile(self.deliveries.mark_delivered(self.channel, &keys)).await?;
            self.last_accepted_at = Some(now);
            if self.health.accepted() {
                tracing::info!(channel = %self.channel, "the receiver accepts events again");
                self.deliveries.retry_now(self.channel, now).await?;
            }
        }
        for (member, event, cause) in failures {
            self.note_failure(member, &event, cause, now).await?;
        }
        // Not before it is noted: a look would find what has been delivered.
        for member in members {
            self.busy.remove(&member);
        }
        Ok(())
    }

    async fn note_failure(
        &mut self,
        member: MemberKey,
        event: &PendingEvent,
        DeliveryError(cause): DeliveryError,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let (channel, event_id) = (self.channel, event.id);
        if self.health.is_down() {
            self.health.refused(member, Instant::now());
            tracing::debug!(%channel, %event_id, cause, "the receiver is still down");
            return Ok(());
        }
        if self.health.refused(member, Instant::now()) {
            tracing::warn!(%channel, cause, "the receiver accepts no events; pausing deliveries");
        }
        let before = event.failure.as_ref();
        let failures = before.map_or(0, |before| before.failures).saturating_add(1);
        // A receiver that accepts no other event either is down, and no event is to blame for that.
        let accepts_others =
            before.zip(self.last_accepted_at).is_some_and(|(before, at)| at > before.attempted_at);
        let is_given_up = failures >= MAX_FAILURES && accepts_others;
        if is_given_up {
            tracing::error!(%channel, %event_id, event_type = event.event.name(), failures, error = cause, "an event was given up and parked");
        } else {
            tracing::warn!(%channel, %event_id, failures, cause, "an event could not be delivered; trying again later");
        }
        let failure = DeliveryFailure {
            failures,
            attempted_at: now,
            retry_at: now + jittered(pause(failures), self.system),
            parked_at: is_given_up.then_some(now),
            cause,
        };
        self.deliveries.save_delivery_failure(channel, event, &failure).await
    }
}

/// Delivers events of one member, one after another, up to the first that is refused.
async fn deliver(
    destination: &impl Destination,
    EventChain { member, events }: EventChain,
    stop: &CancellationToken,
) -> Delivered {
    let mut delivered = Delivered { member, accepted: Vec::with_capacity(events.len()), failed: None };
    for event in events {
        if stop.is_cancelled() {
            break;
        }
        match destination.deliver(&event).await {
            Ok(()) => delivered.accepted.push(event),
            Err(cause) => {
                delivered.failed = Some((event, cause));
                break;
            }
        }
    }
    delivered
}

/// The pause after so many failures.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// Between half of a pause and all of it, so that what failed together does not come back together.
fn jittered(pause: Duration, system: &(impl Clock + IdGenerator)) -> Duration {
    // The end of a UUIDv7 is random.
    let [.., random] = system.next_id().into_bytes();
    pause / 2 + pause * u32::from(random) / 512
}
