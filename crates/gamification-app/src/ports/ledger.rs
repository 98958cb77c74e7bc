//! The ledger, and the totals, levels and counts that follow from it.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{
    AwardedKeys, CommunityConfiguration, CommunityId, LevelCountChange, MemberPoints, OnceOnlyKey,
    PointTransaction, Tally,
};
use time::OffsetDateTime;

use super::{Repository, StoreError};

/// What awards are judged by, locked.
#[derive(Debug)]
pub struct LockedAwards {
    /// The levels and rules of communities that have them.
    pub configurations: Vec<CommunityConfiguration>,
    /// The points of the members that were asked for.
    pub members: Vec<MemberPoints>,
    /// The awards that were made before.
    pub awarded_keys: AwardedKeys,
}

/// The ledger, the members' points, and what is counted for caps.
pub trait LedgerRepository: Repository<MemberPoints> + Repository<Tally> {
    /// Locks what awards are judged by, in one flight: the levels and rules of communities, as
    /// [`lock_configurations`](super::ConfigurationRepository::lock_configurations) does, then members, as
    /// [`lock`](Repository::lock) does. Behind the locks it is read which awards, of these members, are in the ledger.
    ///
    /// A community without levels of its own is missing in what is given; the caller has to begin anew with that method,
    /// which inserts them.
    fn lock_awards(
        &mut self,
        communities: &BTreeSet<CommunityId>,
        members: &[MemberPoints],
        keys: &BTreeSet<OnceOnlyKey>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<LockedAwards, StoreError>> + Send;

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
