//! What an audit looks at, an invariant a file: its statement, and what is said where it does not hold. None of it is shared with the repositories: a mistake in their SQL must not hide itself.
//!
//! Sums over a whole community are one statement each, which PostgreSQL sorts on its disk where they are large; sums over
//! members go member by member through an index, so that a chunk costs the same in a community of any size.

pub(crate) mod delivery;
pub(crate) mod leaderboard;
pub(crate) mod level_count;
pub(crate) mod like;
pub(crate) mod members;
pub(crate) mod once_only_award;
pub(crate) mod outgoing_event;
pub(crate) mod record_of_points;
pub(crate) mod tally;

use std::collections::BTreeSet;

use diesel::{ExpressionMethods, QueryDsl};
use gamification_app::{
    audit::{Finding, Invariant},
    ports::{
        CommunityRange, RepairRepository, Sample, Snapshot, SourceOfTruth, Store, StoreError,
        StoredLeaderboardEntry, StoredLevelConfiguration, StoredMember, UnitOfWork, Verification, WindowSums,
        WrongLevelCount, WrongTally,
    },
};
use gamification_domain::{CommunityId, LeaderboardEligibility, MemberKey, UserId};
use serde_json::Value;
use uuid::Uuid;

use self::{
    members::{
        BoardsRow, CommunityRow, LeaderboardEntryRow, MemberRow, SelectCommunities, SelectMembers,
        SelectMembersBesideBoards, SelectNextCommunities, SelectSourcesOfTruth, ShareBoards,
        SourceOfTruthRow,
    },
    outgoing_event::{AnnouncedLevelRow, SelectAnnouncedLevels},
};
use crate::{
    PgStore, PgTx,
    error::corrupt,
    schema::{level_configurations, member_points, recalculations},
};

/// What a session is told while it audits. Nobody waits for an audit as for a request, so its statements may take as
/// long as the largest community needs; a little more memory saves them most of the sorting on disk, and compiling
/// statements that run for milliseconds costs more than it saves.
const AUDIT_SESSION: &str = "
    SET LOCAL statement_timeout = '1h';
    SET LOCAL work_mem = '64MB';
    SET LOCAL plan_cache_mode = auto;
    SET LOCAL enable_seqscan = on;
    SET LOCAL enable_hashjoin = on;
    SET LOCAL enable_mergejoin = on;
";

/// Repairs of counts take turns: the key of the advisory lock they hold ("gamirepa" in ASCII).
const LEVEL_COUNT_REPAIR: i64 = 0x6761_6d69_7265_7061;

/// Members come in the order of their key, by its index, however little the planner knows of the table: sorting a whole
/// community for each chunk of it would take for ever.
const IN_ORDER: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off";

/// What a session is told that keeps boards from going on while members are compared with them.
const SHARE_SESSION: &str = "
    SET LOCAL lock_timeout = '10min';
    SET LOCAL statement_timeout = '10min';
    SET LOCAL idle_in_transaction_session_timeout = '1h';
";

/// A moment that is held on to. In a distributed database it is one moment of each machine.
pub struct PgSnapshot {
    tx: PgTx,
    store: PgStore,
}

impl Verification for PgStore {
    type Snapshot = PgSnapshot;

    async fn snapshot(&self) -> Result<PgSnapshot, StoreError> {
        let mut tx = self.begin_snapshot().await?;
        tx.batch_later(AUDIT_SESSION);
        Ok(PgSnapshot { tx, store: self.clone() })
    }
}

fn ends((first, last): CommunityRange) -> (Uuid, Uuid) {
    (first.as_uuid(), last.as_uuid())
}

fn member(community_id: Uuid, user_id: Uuid) -> MemberKey {
    (CommunityId::new(community_id), UserId::new(user_id))
}

/// Rows that each say how many there are in all; `split` gives that and what the row is.
fn sample<R, T>(rows: Vec<R>, split: impl Fn(R) -> (i64, T)) -> Result<Sample<T>, StoreError> {
    let mut sample = Sample { first: Vec::with_capacity(rows.len()), count: 0 };
    for row in rows {
        let (count, item) = split(row);
        sample.first.push(item);
        sample.count = u64::try_from(count).map_err(corrupt)?;
    }
    Ok(sample)
}

/// Level and threshold of each entry, as far as they are there.
fn levels(stored: &Value) -> Vec<(Option<i64>, Option<i64>)> {
    let number = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_i64);
    let entries = stored.as_array().into_iter().flatten();
    entries.map(|entry| (number(entry, "level"), number(entry, "threshold"))).collect()
}

impl From<MemberRow> for StoredMember {
    fn from(row: MemberRow) -> Self {
        let MemberRow {
            community_id,
            user_id,
            total_points,
            current_level,
            is_present,
            is_present_in_directory,
            ledger_points,
            ledger_entries,
            display_name,
            search_name,
            leaderboard,
        } = row;
        Self {
            member: member(community_id, user_id),
            total_points,
            current_level,
            is_present,
            is_present_in_directory,
            ledger_points,
            ledger_entries,
            leaderboard: leaderboard.entry(is_present_in_directory),
            display_name,
            search_name,
        }
    }
}

impl LeaderboardEntryRow {
    /// Where there are boards.
    fn entry(self, is_present: bool) -> Option<StoredLeaderboardEntry> {
        let Self {
            has_boards,
            noted_seven_day,
            noted_thirty_day,
            noted_all_time,
            noted_is_listed,
            noted_sort_name,
            due_seven_day,
            due_thirty_day,
            due_all_time,
            is_directory_older,
            is_listed,
            role,
            exclude_admins,
        } = self;
        // Nobody is a member whom the directory does not have. A text that names no role makes nobody an admin.
        let eligibility = LeaderboardEligibility {
            is_present,
            is_listed: is_listed.unwrap_or_default(),
            role: role.and_then(|role| role.parse().ok()).unwrap_or_default(),
            excludes_admins: exclude_admins,
        };
        let sums = |seven_day, thirty_day, all_time| WindowSums { seven_day, thirty_day, all_time };
        let noted = sums(noted_seven_day, noted_thirty_day, noted_all_time);
        has_boards.then(|| StoredLeaderboardEntry {
            noted: (noted, noted_is_listed, noted_sort_name),
            due: sums(due_seven_day, due_thirty_day, due_all_time),
            is_listed: is_directory_older.then(|| eligibility.is_eligible()),
        })
    }
}

impl PgSnapshot {
    /// How far the boards have come is read on one machine and the members on another, so the boards wait meanwhile.
    #[expect(clippy::disallowed_methods, reason = "it locks, and writes nothing")]
    async fn members_beside_boards(
        &mut self,
        community_id: Uuid,
        user_id: Uuid,
        last_community_id: Uuid,
        limit: i64,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let mut boards = self.store.begin().await?;
        boards.batch_later(SHARE_SESSION);
        let progress = boards.row(ShareBoards {}).await?;
        let (xid, seven_day_start, thirty_day_start) = progress
            .map(|BoardsRow { xid, seven_day_start, thirty_day_start }| {
                (xid, seven_day_start, thirty_day_start)
            })
            .unwrap_or_default();
        let rows = self.tx.rows(SelectMembersBesideBoards {
            community_id,
            user_id,
            last_community_id,
            limit,
            xid,
            seven_day_start,
            thirty_day_start,
        });
        let rows = rows.await?;
        boards.rollback().await?;
        Ok(rows)
    }
}

impl Snapshot for PgSnapshot {
    async fn communities(&mut self, first: CommunityId, limit: i64) -> Result<Vec<CommunityId>, StoreError> {
        let first = first.as_uuid();
        let rows = if self.tx.is_distributed() {
            // One at a time: a statement about a range of them would have to be about everything.
            self.tx.rows(SelectNextCommunities { first, limit: limit.min(1) }).await?
        } else {
            self.tx.rows(SelectCommunities { first, limit }).await?
        };
        Ok(rows.into_iter().map(|CommunityRow { community_id }| CommunityId::new(community_id)).collect())
    }

    async fn count_members(&mut self, range: CommunityRange) -> Result<u64, StoreError> {
        let (first, last) = ends(range);
        let members = member_points::table.filter(member_points::community_id.between(first, last)).count();
        let count: Option<i64> = self.tx.first(members).await?;
        u64::try_from(count.unwrap_or_default()).map_err(corrupt)
    }

    async fn members(
        &mut self,
        (community_id, user_id): MemberKey,
        last: CommunityId,
        limit: i64,
    ) -> Result<Vec<StoredMember>, StoreError> {
        let (community_id, user_id) = (community_id.as_uuid(), user_id.as_uuid());
        let last_community_id = last.as_uuid();
        let rows = if self.tx.is_distributed() {
            self.members_beside_boards(community_id, user_id, last_community_id, limit).await?
        } else {
            self.tx.batch_later(IN_ORDER);
            self.tx.rows(SelectMembers { community_id, user_id, last_community_id, limit }).await?
        };
        Ok(rows.into_iter().map(StoredMember::from).collect())
    }

    async fn level_configurations(
        &mut self,
        range: CommunityRange,
    ) -> Result<Vec<StoredLevelConfiguration>, StoreError> {
        let (first, last) = ends(range);
        let configurations = level_configurations::table
            .filter(level_configurations::community_id.between(first, last))
            .order(level_configurations::community_id)
            .select((level_configurations::community_id, level_configurations::levels));
        let rows: Vec<(Uuid, Value)> = self.tx.load(configurations).await?;
        let stored = |(community_id, stored): (Uuid, Value)| StoredLevelConfiguration {
            community_id: CommunityId::new(community_id),
            levels: levels(&stored),
        };
        Ok(rows.into_iter().map(stored).collect())
    }

    async fn recalculating(&mut self, range: CommunityRange) -> Result<BTreeSet<CommunityId>, StoreError> {
        let (first, last) = ends(range);
        let running = recalculations::table
            .filter(recalculations::community_id.between(first, last))
            .select(recalculations::community_id);
        let communities: Vec<Uuid> = self.tx.load(running).await?;
        Ok(communities.into_iter().map(CommunityId::new).collect())
    }

    async fn findings(
        &mut self,
        invariant: Invariant,
        range: CommunityRange,
        limit: i64,
    ) -> Result<Sample<Finding>, StoreError> {
        let tx = &mut self.tx;
        match invariant {
            Invariant::LevelCount => Ok(level_count::wrong(tx, range, limit).await?.map(Finding::from)),
            Invariant::Tally => Ok(tally::wrong(tx, range, limit).await?.map(Finding::from)),
            Invariant::OnceOnlyAward => once_only_award::findings(tx, range, limit).await,
            Invariant::Like => like::findings(tx, range, limit).await,
            Invariant::RecordOfPoints => record_of_points::findings(tx, range, limit).await,
            Invariant::OutgoingEvent => outgoing_event::findings(tx, range, limit).await,
            Invariant::Delivery => delivery::findings(tx, range, limit).await,
            Invariant::Leaderboard => leaderboard::findings(tx, range, limit).await,
            Invariant::LevelConfiguration
            | Invariant::Total
            | Invariant::Level
            | Invariant::Presence
            | Invariant::SearchName => Ok(Sample::default()),
        }
    }

    async fn wrong_tallies(&mut self, range: CommunityRange) -> Result<Vec<WrongTally>, StoreError> {
        Ok(tally::wrong(&mut self.tx, range, i64::MAX).await?.first)
    }

    async fn announced_levels(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> Result<Vec<(MemberKey, i64)>, StoreError> {
        let rows = self.tx.rows(SelectAnnouncedLevels { asked: members.iter().collect() }).await?;
        let announced =
            |AnnouncedLevelRow { community_id, member_id, level }| (member(community_id, member_id), level);
        Ok(rows.into_iter().map(announced).collect())
    }

    async fn end(self) -> Result<(), StoreError> {
        self.tx.commit().await
    }
}

impl RepairRepository for PgTx {
    async fn sources_of_truth(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> Result<Vec<SourceOfTruth>, StoreError> {
        let rows = self.rows(SelectSourcesOfTruth { asked: members.iter().collect() }).await?;
        let source_of_truth = |SourceOfTruthRow { user_id, ledger_points, is_present }| SourceOfTruth {
            user_id: UserId::new(user_id),
            ledger_points,
            is_present,
        };
        Ok(rows.into_iter().map(source_of_truth).collect())
    }

    async fn correct_tallies(&mut self, wrong: &[WrongTally]) -> Result<(), StoreError> {
        tally::correct(self, wrong).await
    }

    async fn lock_level_count_repair(&mut self) -> Result<(), StoreError> {
        // Counting takes as long as it takes, but holds no lock that an award could wait for.
        let lock = format!("{AUDIT_SESSION} SELECT pg_advisory_xact_lock({LEVEL_COUNT_REPAIR})");
        self.batch(lock).await
    }

    async fn count_present_members(
        &mut self,
        community_id: CommunityId,
    ) -> Result<Vec<WrongLevelCount>, StoreError> {
        // More than there are levels.
        const LIMIT: i64 = 100;
        let sample = level_count::wrong(self, (community_id, community_id), LIMIT).await?;
        Ok(sample.first)
    }
}
