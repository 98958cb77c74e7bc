//! The outbox as those see it who bring its events out.

use std::{collections::HashSet, future::Future};

use gamification_domain::{CommunityId, DomainEvent, MemberKey};
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;

/// An event that is committed and not delivered yet.
#[derive(Clone, Debug)]
pub struct PendingEvent {
    /// The id it is delivered under, every time.
    pub id: Uuid,
    /// Rises from event to event of a member.
    pub sequence: i64,
    /// What happened.
    pub event: DomainEvent,
    /// When.
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
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub attempted_at: OffsetDateTime,
    /// When the next one may be.
    pub retry_at: OffsetDateTime,
    /// When it was given up, until an operator releases it.
    pub parked_at: Option<OffsetDateTime>,
    /// What went wrong last.
    pub cause: String,
}

/// An event that was given up.
#[derive(Clone, Debug)]
pub struct ParkedEvent {
    /// Its id.
    pub id: Uuid,
    /// Whose it is; their later events wait behind it.
    pub member: MemberKey,
    /// Why.
    pub failure: DeliveryFailure,
}

/// What waits in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many events.
    pub pending: u64,
    /// Since when the oldest of them does.
    pub oldest: Option<OffsetDateTime>,
}

/// Bringing events out.
///
/// One relay at a time holds the lease, so that no two can overtake each other with a member's events. Nothing depends on
/// where a relay was: whatever is not marked as delivered is pending, however late it was committed.
pub trait Deliveries: Send + Sync + 'static {
    /// The right to deliver; it ends when it is dropped, and with the process.
    type Lease: RelayLease;

    /// Waits for the lease while another relay holds it, and acquires it.
    fn acquire_lease(&self) -> impl Future<Output = Result<Self::Lease, StoreError>> + Send;

    /// The next events, in each member's order, at most `limit`; none of members who are `busy` or wait after a
    /// setback.
    fn pending_events(
        &self,
        busy: &HashSet<MemberKey>,
        now: OffsetDateTime,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PendingEvent>, StoreError>> + Send;

    /// Marks events as delivered, and forgets their setbacks.
    fn mark_delivered(
        &self,
        events: &[(CommunityId, Uuid)],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes that a member's next event was not taken.
    fn save_delivery_failure(
        &self,
        event: &PendingEvent,
        failure: &DeliveryFailure,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lets everything that is not parked be tried at once.
    fn retry_now(&self, now: OffsetDateTime) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes events that were delivered before a time, and, when `undelivered` is set, those that nobody asked for
    /// since; at most a few thousand at once. Gives how many.
    fn delete_events(
        &self,
        before: OffsetDateTime,
        undelivered: bool,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// What waits.
    fn backlog(&self) -> impl Future<Output = Result<Backlog, StoreError>> + Send;

    /// What was given up, the oldest first, at most `limit`.
    fn parked_events(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ParkedEvent>, StoreError>> + Send;

    /// Lets events that were given up be tried again: one, or all. Gives how many there were.
    fn release_parked(&self, event: Option<Uuid>) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// The right of one relay to deliver.
pub trait RelayLease: Send {
    /// Waits until something was committed that may have to be delivered. An error means that the lease is lost.
    fn committed(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
