//! The one way into the ledger, for whatever changes points.
//!
//! One thing goes past it on purpose: a recalculation after a change of thresholds
//! ([`level_up_members`](crate::ports::RecalculationRepository::level_up_members)) writes levels and their
//! `MemberLeveledUp` in the outbox by a statement of its own. It changes no points and appends no entry, and half a million
//! members may level up in one change: the database compares totals with thresholds, and only the level-ups are read.
//! Beside it, an erasure saves its members under other ids before it posts what follows, and a repair of the counts of levels
//! changes these alone.

use gamification_domain::LedgerChanges;
use time::OffsetDateTime;

use crate::{
    IdGenerator, observation,
    ports::{LedgerRepository, Outbox, OutboxEvent, StoreError},
};

/// Changes that are posted, to be told of once they are committed.
#[derive(Default)]
#[must_use]
pub(crate) struct Posted {
    events: Vec<OutboxEvent>,
}

impl Posted {
    /// Counts and logs the changes, once their transaction is committed.
    pub(crate) fn committed(self) {
        observation::points_changed(self.events.iter().map(|event| &event.event));
    }
}

/// Writes changes of points in the order of locks: totals and levels, entries, counts, then the events that leave with
/// the transaction. The members must be locked.
pub(crate) async fn post(
    tx: &mut (impl LedgerRepository + Outbox),
    ids: &impl IdGenerator,
    changes: LedgerChanges,
    now: OffsetDateTime,
) -> Result<Posted, StoreError> {
    let LedgerChanges { transactions, members, tallies, level_counts, events } = changes;
    let events: Vec<OutboxEvent> =
        events.into_iter().map(|event| OutboxEvent { id: ids.next_id(), event }).collect();
    tx.save(&members, now).await?;
    tx.save(&tallies, now).await?;
    tx.append_transactions(&transactions).await?;
    tx.change_level_counts(&level_counts.into_changes()).await?;
    tx.append_events(&events, now).await?;
    Ok(Posted { events })
}
