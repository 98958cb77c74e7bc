//! Events that leave with the transaction that caused them.

use std::future::Future;

use gamification_domain::DomainEvent;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;

/// A domain event on its way out.
#[derive(Clone, Debug)]
pub struct OutboxEvent {
    /// The id it is delivered under, every time.
    pub id: Uuid,
    /// The event to be delivered to each registered channel.
    pub event: DomainEvent,
}

/// The outbox, as transactions that cause events see it.
pub trait Outbox: Send {
    /// Appends events, in order, for every registered channel to deliver.
    fn append_events(
        &mut self,
        events: &[OutboxEvent],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
