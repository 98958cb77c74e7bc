//! The outbox as relays and retention see it.

use std::{collections::HashSet, future::Future};

use gamification_domain::{CommunityId, DomainEvent, MemberKey};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ChannelName, StoreError};

/// An event that is committed and that a channel has to deliver.
#[derive(Clone, Debug)]
pub struct PendingEvent {
    /// The id it is delivered under, every time.
    pub id: Uuid,
    /// Rises from event to event of a member.
    pub sequence: i64,
    /// The event to be delivered.
    pub event: DomainEvent,
    /// When it was recorded, in UTC.
    pub created_at: OffsetDateTime,
    /// How delivering it has failed so far.
    pub failure: Option<DeliveryFailure>,
}

impl PendingEvent {
    /// Whose events it must stay in order with.
    #[must_use]
    pub const fn member(&self) -> MemberKey {
        (self.event.community_id(), self.event.member_id())
    }
}

/// Failed attempts at a member's next event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// How many attempts failed in a row.
    pub failures: u32,
    /// When the last attempt was made.
    pub attempted_at: OffsetDateTime,
    /// The earliest moment of the next attempt.
    pub retry_at: OffsetDateTime,
    /// When the event was given up; `None` while it is tried again, and after an operator has released it.
    pub parked_at: Option<OffsetDateTime>,
    /// Why the last attempt failed, for operators.
    pub cause: String,
}

/// An event that a channel has given up.
#[derive(Clone, Debug)]
pub struct ParkedEvent {
    /// The id it was delivered under.
    pub id: Uuid,
    /// The channel that could not deliver it.
    pub channel: ChannelName,
    /// The member it is about; what the channel has to deliver of them later waits behind it.
    pub member: MemberKey,
    /// The attempts that failed in a row, and why the last one did.
    pub failure: DeliveryFailure,
}

/// What a channel has to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBacklog {
    /// The name of the registered channel.
    pub channel: ChannelName,
    /// The number of events, parked ones and those that wait behind them included.
    pub pending: u64,
    /// When the first of them in the order of the outbox happened; `None` when there is none.
    pub oldest: Option<OffsetDateTime>,
}

/// What a look at some events, for those that something is to be done with, came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweptEvents {
    /// The number of events that it was done with.
    pub number: u64,
    /// The place in the sequence after which the next look begins; `None` once all have been looked at.
    pub next: Option<i64>,
}

/// Delivering events through channels, and deleting them afterwards.
///
/// One relay at a time holds a channel's lease, so that no two can overtake each other with a member's events. Nothing
/// depends on where a relay was: each event is noted for each channel in the transaction that caused it, and stays noted
/// until it is delivered, however late it was committed.
pub trait Deliveries: Send + Sync + 'static {
    /// The right to deliver; it ends when it is dropped, and with the process.
    type Lease: RelayLease;

    /// Waits for a channel's lease while another relay holds it, and acquires it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the channel is not registered.
    fn acquire_lease(
        &self,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<Self::Lease, StoreError>> + Send;

    /// The next events that a channel has to deliver, in each member's order, at most `limit`; none of members who are
    /// `busy` or wait after a failure.
    fn pending_events(
        &self,
        channel: &ChannelName,
        busy: &HashSet<MemberKey>,
        now: OffsetDateTime,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PendingEvent>, StoreError>> + Send;

    /// Notes that a channel has delivered events, and forgets its failures with them.
    fn mark_delivered(
        &self,
        channel: &ChannelName,
        events: &[(CommunityId, Uuid)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes that a channel could not deliver a member's next event.
    fn save_delivery_failure(
        &self,
        channel: &ChannelName,
        event: &PendingEvent,
        failure: &DeliveryFailure,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lets everything of a channel that is not parked be tried at once.
    fn retry_now(
        &self,
        channel: &ChannelName,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Looks at the next few thousand events after a place in the sequence, and deletes those that happened before a time
    /// and that no registered channel has to deliver any more. It ends at the first event that is younger, so that what is
    /// kept of a member has no gap.
    fn delete_events(
        &self,
        after: i64,
        before: OffsetDateTime,
    ) -> impl Future<Output = Result<SweptEvents, StoreError>> + Send;

    /// Looks at the next few thousand events after a place in the sequence, and has a channel deliver those once more that
    /// happened at a time or later. Those that are as old as retention allows may be deleted meanwhile, and must not be
    /// asked for.
    fn deliver_again(
        &self,
        channel: &ChannelName,
        after: i64,
        since: OffsetDateTime,
    ) -> impl Future<Output = Result<SweptEvents, StoreError>> + Send;

    /// What each registered channel has to deliver, by name, whether or not a process delivers to it.
    fn backlogs(&self) -> impl Future<Output = Result<Vec<ChannelBacklog>, StoreError>> + Send;

    /// What was given up, the oldest first, at most `limit`.
    fn parked_events(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ParkedEvent>, StoreError>> + Send;

    /// Lets all events that were given up be tried again, and gives their number.
    fn release_parked(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// The right of one relay to deliver.
pub trait RelayLease: Send {
    /// Waits until something was committed that may have to be delivered. An error means that the lease is lost.
    fn committed(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Telling relays, in whatever process, of commits.
pub trait CommitAnnouncements: Send + Sync + 'static {
    /// Waits until a transaction of this process has committed events, and tells the relays of all processes.
    ///
    /// It is done outside the transactions, and once for many. What is not told, because the process ends, relays find by
    /// looking now and then.
    fn announce_next_commit(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
