//! The outbox as retention and operators see it.

use std::future::Future;

use gamification_domain::MemberKey;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ChannelName, DeliveryFailure, StoreError};

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

/// What becomes of events beside their delivery: they are counted, deleted when they are old, and tried or sent again.
pub trait OutboxUpkeep: Send + Sync + 'static {
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
