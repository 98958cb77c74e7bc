//! The ledger, and the totals, levels and counts that follow from it.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{
    AwardedKeys, LevelCountChange, MemberPoints, OnceOnlyKey, PointTransaction, Tally,
};

use super::{Repository, StoreError};

/// The ledger, the members' points, and what is counted for caps.
pub trait LedgerRepository: Repository<MemberPoints> + Repository<Tally> {
    /// Which of these awards are in the ledger. The members concerned must be locked.
    fn awarded_keys(
        &mut self,
        keys: &BTreeSet<OnceOnlyKey>,
    ) -> impl Future<Output = Result<AwardedKeys, StoreError>> + Send;

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
