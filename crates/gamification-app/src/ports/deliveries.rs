//! The outbox as relays see it.

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

/// Delivering events through channels.
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
