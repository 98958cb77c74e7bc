//! The ledger, and the counts of levels that follow from it.

use std::collections::BTreeSet;

use futures_util::{FutureExt, future::try_join4};
use gamification_app::ports::{LedgerRepository, LockedAwards, StoreError};
use gamification_domain::{
    CommunityId, EntryCause, LevelCountChange, MemberPoints, OnceOnlyKey, OnceScope, PointChange,
    PointTransaction, Points, SourceId, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    configurations::LockConfigurationsShared, member_points::EnsureMemberPoints, tallies::stored_version,
};
use crate::{
    PgTx,
    error::{corrupt, misread},
    schema::{level_counts, point_transactions},
    sending::{converted, rows_in_order, run_in_order},
    statement::{NotNull, Rows, Statement, record, statements},
};

record! {
    /// An award that may be made once.
    struct AwardedKeyRow: Read & Written {
        community_id: Uuid => point_transactions::community_id,
        source: String => point_transactions::source,
        source_id: Uuid => point_transactions::source_id,
        once_per: Uuid => NotNull<point_transactions::once_per>,
    }
}

record! {
    /// An entry of the ledger.
    struct PointTransactionRow: Written {
        community_id: Uuid => point_transactions::community_id,
        id: Uuid => point_transactions::id,
        member_points_id: Uuid => point_transactions::member_points_id,
        points: i32 => point_transactions::points,
        source: String => point_transactions::source,
        source_id: Uuid => point_transactions::source_id,
        actor_id: Uuid => point_transactions::actor_id,
        event_id: String => point_transactions::event_id,
        occurred_at: OffsetDateTime => point_transactions::occurred_at,
        created_at: OffsetDateTime => point_transactions::created_at,
        once_per: Option<Uuid> => point_transactions::once_per,
        requested_points: Option<i32> => point_transactions::requested_points,
        reason: Option<String> => point_transactions::reason,
        rules_version: i32 => point_transactions::rules_version,
    }
}

record! {
    /// The key of a count of members.
    struct LevelCountKeyRow: Read & Written {
        community_id: Uuid => level_counts::community_id,
        level: i16 => level_counts::level,
    }
}

record! {
    /// How many members are at a level, or by how many that changes.
    pub(crate) struct LevelCountRow: Read & Written {
        community_id: Uuid => level_counts::community_id,
        level: i16 => level_counts::level,
        members: i64 => level_counts::members,
    }
}

statements! {
    struct SelectAwardedKeys { wanted: Rows<AwardedKeyRow> } -> AwardedKeyRow
    = "SELECT t.community_id, t.source, t.source_id, t.once_per
       FROM :wanted
       JOIN point_transactions AS t USING (community_id, source, source_id, once_per)
       WHERE t.once_per IS NOT NULL[[ AND t.community_id = ANY (:wanted.communities)]]";

    struct InsertPointTransactions { new: Rows<PointTransactionRow> }
    = "INSERT INTO point_transactions
           (community_id, id, member_points_id, points, source, source_id, actor_id, event_id, occurred_at, created_at,
            once_per, requested_points, reason, rules_version)
       SELECT new.community_id, new.id, new.member_points_id, new.points, new.source, new.source_id, new.actor_id,
              new.event_id, new.occurred_at, new.created_at, new.once_per, new.requested_points, new.reason,
              new.rules_version
       FROM :new";

    /// In a distributed database beside the levels, as [`EnsureMemberPoints`] is.
    struct EnsureLevelCounts { new: Rows<LevelCountKeyRow> }
    = "INSERT INTO level_counts (community_id, level, members)
       SELECT {{new}}[[levels]].community_id, new.level, 0
       FROM :new[[
       JOIN level_configurations AS levels ON levels.community_id = new.community_id
       WHERE levels.community_id = ANY (:new.communities)]]
       ORDER BY {{new}}[[levels]].community_id, new.level
       ON CONFLICT (community_id, level) DO NOTHING";

    struct LockLevelCounts { wanted: Rows<LevelCountKeyRow> } -> LevelCountKeyRow
    = "SELECT c.community_id, c.level
       FROM level_counts AS c
       JOIN :wanted USING (community_id, level)[[
       WHERE c.community_id = ANY (:wanted.communities)]]
       ORDER BY c.community_id, c.level FOR NO KEY UPDATE OF c";

    struct ChangeLevelCounts { change: Rows<LevelCountRow> }
    = "UPDATE level_counts AS c SET members = c.members + change.members
       FROM :change
       WHERE c.community_id = change.community_id AND c.level = change.level[[
         AND c.community_id = ANY (:change.communities)]]";
}

impl From<&OnceOnlyKey> for AwardedKeyRow {
    fn from(OnceOnlyKey { community_id, source, source_id, scope }: &OnceOnlyKey) -> Self {
        Self {
            community_id: community_id.as_uuid(),
            source: source.as_str().to_owned(),
            source_id: source_id.as_uuid(),
            once_per: once_per(*scope),
        }
    }
}

impl TryFrom<AwardedKeyRow> for OnceOnlyKey {
    type Error = StoreError;

    fn try_from(row: AwardedKeyRow) -> Result<Self, StoreError> {
        let AwardedKeyRow { community_id, source, source_id, once_per } = row;
        Ok(Self {
            community_id: CommunityId::new(community_id),
            source: source
                .parse()
                .map_err(misread!(point_transactions::source, [community_id, source_id, once_per]))?,
            source_id: SourceId::new(source_id),
            scope: once_scope(once_per),
        })
    }
}

impl From<&PointTransaction> for PointTransactionRow {
    fn from(transaction: &PointTransaction) -> Self {
        let PointTransaction {
            id,
            community_id,
            member_points_id,
            change,
            worth,
            rules_version,
            source,
            source_id,
            actor_id,
            cause,
            once_scope,
            occurred_at,
            created_at,
        } = transaction;
        let (event_id, adjustment) = match cause {
            EntryCause::Fact(event_id) => (event_id, None),
            EntryCause::Adjustment { event_id, adjustment } => (event_id, Some(adjustment)),
        };
        // Where it can't be told from the points.
        let worth = Some(*worth).filter(|worth| match change {
            PointChange::Awarded(points) => points < worth || *points == Points::ZERO,
            PointChange::Deducted(_) => false,
        });
        Self {
            community_id: community_id.as_uuid(),
            id: id.as_uuid(),
            member_points_id: member_points_id.as_uuid(),
            points: change.signed(),
            source: source.as_str().to_owned(),
            source_id: source_id.as_uuid(),
            actor_id: actor_id.as_uuid(),
            event_id: event_id.as_str().to_owned(),
            occurred_at: *occurred_at,
            created_at: *created_at,
            once_per: once_scope.map(once_per),
            requested_points: adjustment
                .map(|adjustment| adjustment.points().signed())
                .or(worth.map(Points::get)),
            reason: adjustment.map(|adjustment| adjustment.reason().as_str().to_owned()),
            rules_version: stored_version(*rules_version),
        }
    }
}

impl From<&LevelCountChange> for LevelCountKeyRow {
    fn from(LevelCountChange { community_id, level, members: _ }: &LevelCountChange) -> Self {
        Self { community_id: community_id.as_uuid(), level: i16::from(level.get()) }
    }
}

impl From<&LevelCountChange> for LevelCountRow {
    fn from(LevelCountChange { community_id, level, members }: &LevelCountChange) -> Self {
        Self { community_id: community_id.as_uuid(), level: i16::from(level.get()), members: *members }
    }
}

/// How the column `once_per` says a scope.
fn once_per(scope: OnceScope) -> Uuid {
    match scope {
        OnceScope::Content => Uuid::nil(),
        OnceScope::Member(user_id) => user_id.as_uuid(),
    }
}

fn once_scope(once_per: Uuid) -> OnceScope {
    if once_per.is_nil() { OnceScope::Content } else { OnceScope::Member(UserId::new(once_per)) }
}

impl LedgerRepository for PgTx {
    async fn lock_awards(
        &mut self,
        communities: &BTreeSet<CommunityId>,
        members: &[MemberPoints],
        keys: &BTreeSet<OnceOnlyKey>,
        now: OffsetDateTime,
    ) -> Result<LockedAwards, StoreError> {
        let communities: Vec<CommunityId> = communities.iter().copied().collect();
        let configurations = LockConfigurationsShared::from(communities.as_slice());
        let (ensure, members) = EnsureMemberPoints::and_lock(members, now);
        let keys = SelectAwardedKeys { wanted: keys.iter().collect() };
        let is_distributed = self.is_distributed();
        let locked = self.send(|connection| {
            try_join4(
                rows_in_order(connection, configurations.sent_to(is_distributed)),
                run_in_order(connection, ensure.sent_to(is_distributed)),
                rows_in_order(connection, members.sent_to(is_distributed)),
                rows_in_order(connection, keys.sent_to(is_distributed)),
            )
            .boxed()
        });
        let (configurations, (), members, awarded) = locked.await?;
        Ok(LockedAwards {
            configurations: self.configurations(configurations)?,
            members: converted(members)?,
            awarded_keys: converted(awarded)?.into_iter().collect(),
        })
    }

    async fn append_transactions(&mut self, transactions: &[PointTransaction]) -> Result<(), StoreError> {
        self.run(InsertPointTransactions { new: transactions.into() });
        Ok(())
    }

    async fn change_level_counts(&mut self, changes: &[LevelCountChange]) -> Result<(), StoreError> {
        self.run(EnsureLevelCounts { new: changes.into() });
        let locked = self.rows(LockLevelCounts { wanted: changes.into() }).await?;
        if locked.len() < changes.len() {
            return Err(corrupt("members change to a level of a community without levels"));
        }
        self.run(ChangeLevelCounts { change: changes.into() });
        Ok(())
    }
}
