//! The ledger, and the totals, levels and counts that follow from it.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{
    AwardedKeys, LevelCountChange, MemberPoints, OnceOnlyKey, PointTransaction, Tally,
};
use time::OffsetDateTime;

use super::{Repository, StoreError};

/// The ledger, the members' points, and what is counted for caps.
pub trait LedgerRepository: Repository<MemberPoints> + Repository<Tally> {
    /// Locks members as [`lock`](Repository::lock) does, and then reads which of these awards, which are theirs, are in the
    /// ledger: who was locked before has written theirs.
    fn lock_members(
        &mut self,
        members: &[MemberPoints],
        keys: &BTreeSet<OnceOnlyKey>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(Vec<MemberPoints>, AwardedKeys), StoreError>> + Send;

    /// Appends entries. [`StoreError::Contention`] when another transaction made the same award meanwhile.
    fn append_transactions(
        &mut self,
        transactions: &[PointTransaction],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Adds to the number of present members at levels.
    fn change_level_counts(
        &mut self,
        changes: &[LevelCountChange],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
