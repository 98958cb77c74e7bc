//! What an audit looks at. None of it is shared with the repositories: a mistake in their SQL must not hide itself.
//!
//! Sums over a whole community are one statement each, which PostgreSQL sorts on its disk where they are large; sums over
//! members go member by member through an index, so that a chunk costs the same in a community of any size.

use std::collections::BTreeSet;

use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use gamification_app::ports::{
    BrokenEvent, CommunityRange, DeliveryGap, RepairRepository, RepeatedAward, Sample, Snapshot,
    SourceOfTruth, StoreError, StoredLevelConfiguration, StoredMember, UnitOfWork, Verification,
    WrongLevelCount, WrongLike,
};
use gamification_domain::{CommunityId, MemberKey, OncePer, PointSource, UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    PgStore, PgTx,
    error::{corrupt, store_error},
    statement::statement,
};

/// What a session is told while it audits. Nobody waits for an audit as for a request, so its statements may take as
/// long as the largest community needs; a little more memory saves them most of the sorting on disk, and compiling
/// statements that run for milliseconds costs more than it saves.
const AUDIT_SESSION: &str = "
    SET LOCAL statement_timeout = '1h';
    SET LOCAL work_mem = '64MB';
    SET LOCAL jit = off;
";

/// Repairs of counts take turns: the key of the advisory lock they hold ("gamirepa" in ASCII).
const LEVEL_COUNT_REPAIR: i64 = 0x6761_6d69_7265_7061;

type Uuids = Array<SqlUuid>;
type Texts = Array<Text>;

/// The first community of any table whose id is `$comparison` another.
macro_rules! nearest_community {
    ($comparison:literal) => {
        concat!(
            "LEAST((SELECT community_id FROM communities WHERE community_id ", $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM community_members WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM level_configurations WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM member_points WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM like_switches WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM level_counts WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM outbox WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM deliveries WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1))"
        )
    };
}

statement! {
    /// Jumps from community to community through the indexes, whatever the number of rows between. (A line of the ledger
    /// can't be without its member.)
    SelectCommunities { first: Uuid => SqlUuid, limit: i64 => BigInt } -> (SqlUuid,)
    concat!(
        "WITH RECURSIVE asked (first) AS (VALUES (?)), known (community_id) AS (
             SELECT ", nearest_community!(">= asked.first"), " FROM asked
             UNION ALL
             SELECT ", nearest_community!("> known.community_id"), " FROM known WHERE known.community_id IS NOT NULL)
         SELECT community_id FROM known WHERE community_id IS NOT NULL LIMIT ?"
    )
}

statement! {
    CountMembers { first: Uuid => SqlUuid, last: Uuid => SqlUuid } -> (BigInt,)
    "SELECT COUNT(*) FROM member_points WHERE community_id BETWEEN ? AND ?"
}

/// Members come in the order of their key, by its index, however little the planner knows of the table: sorting a whole
/// community for each chunk of it would take for ever.
const IN_ORDER: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off";

statement! {
    SelectMembers {
        community_id: Uuid => SqlUuid,
        user_id: Uuid => SqlUuid,
        last_community_id: Uuid => SqlUuid,
        limit: i64 => BigInt,
    } -> (SqlUuid, SqlUuid, Integer, SmallInt, Bool, Bool, BigInt, BigInt)
    "SELECT m.community_id, m.user_id, m.total_points, m.current_level, m.is_present,
            COALESCE(directory.is_present, false), ledger.points, ledger.entries
     FROM (SELECT * FROM member_points
           WHERE (community_id, user_id) >= (?, ?) AND community_id <= ?
           ORDER BY community_id, user_id LIMIT ?) AS m
     LEFT JOIN community_members AS directory
         ON directory.community_id = m.community_id AND directory.user_id = m.user_id
     CROSS JOIN LATERAL (
         SELECT COALESCE(SUM(t.points), 0)::bigint AS points, COUNT(*) AS entries
         FROM point_transactions AS t
         WHERE t.community_id = m.community_id AND t.member_points_id = m.id) AS ledger
     ORDER BY m.community_id, m.user_id"
}

statement! {
    SelectLevelConfigurations { first: Uuid => SqlUuid, last: Uuid => SqlUuid } -> (SqlUuid, Jsonb)
    "SELECT community_id, levels FROM level_configurations WHERE community_id BETWEEN ? AND ? ORDER BY community_id"
}

statement! {
    SelectRecalculating { first: Uuid => SqlUuid, last: Uuid => SqlUuid } -> (SqlUuid,)
    "SELECT community_id FROM recalculations WHERE community_id BETWEEN ? AND ?"
}

statement! {
    SelectWrongLevelCounts {
        counted_first: Uuid => SqlUuid,
        counted_last: Uuid => SqlUuid,
        noted_first: Uuid => SqlUuid,
        noted_last: Uuid => SqlUuid,
        limit: i64 => BigInt,
    } -> (SqlUuid, SmallInt, BigInt, BigInt, BigInt)
    "WITH both_counts AS (
         SELECT community_id, current_level AS level, 0 AS noted, COUNT(*) AS counted
         FROM member_points
         WHERE community_id BETWEEN ? AND ? AND is_present GROUP BY community_id, current_level
         UNION ALL
         SELECT community_id, level, members, 0 FROM level_counts WHERE community_id BETWEEN ? AND ?)
     SELECT community_id, level, SUM(noted)::bigint, SUM(counted)::bigint, COUNT(*) OVER ()
     FROM both_counts GROUP BY community_id, level HAVING SUM(noted) <> SUM(counted)
     ORDER BY community_id, level LIMIT ?"
}

statement! {
    /// Groups awards by the scope that the rules give them, and not by the one that is noted: an award that was noted
    /// with another scope is found, too. `once_per` says for each source whether it is awarded once for each member.
    SelectRepeatedAwards {
        sources: Vec<String> => Texts,
        per_member: Vec<bool> => Array<Bool>,
        first: Uuid => SqlUuid,
        last: Uuid => SqlUuid,
        limit: i64 => BigInt,
    } -> (SqlUuid, Text, SqlUuid, SqlUuid, BigInt, BigInt, BigInt)
    "WITH awards AS (
         SELECT t.community_id, t.source, t.source_id, t.once_per AS noted,
                CASE WHEN rule.per_member THEN m.user_id ELSE '00000000-0000-0000-0000-000000000000'::uuid END AS due
         FROM UNNEST(?, ?) AS rule (source, per_member)
         JOIN point_transactions AS t USING (source)
         JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id
         WHERE t.community_id BETWEEN ? AND ? AND t.points > 0)
     SELECT community_id, source, source_id, due, COUNT(*), COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due),
            COUNT(*) OVER ()
     FROM awards GROUP BY community_id, source, source_id, due
     HAVING COUNT(*) > 1 OR COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due) > 0
     ORDER BY community_id, source, source_id, due LIMIT ?"
}

statement! {
    /// Both sides in one heap: a line of the ledger is what is held, a switch that stands is what is due.
    SelectWrongLikes {
        held_first: Uuid => SqlUuid,
        held_last: Uuid => SqlUuid,
        due_first: Uuid => SqlUuid,
        due_last: Uuid => SqlUuid,
        limit: i64 => BigInt,
    } -> (SqlUuid, Text, SqlUuid, SqlUuid, SqlUuid, BigInt, BigInt, BigInt)
    "WITH heap AS (
         SELECT t.community_id, t.source, t.source_id AS content_id, t.actor_id AS liker_id, m.user_id AS author_id,
                t.points AS held, 0 AS due
         FROM point_transactions AS t
         JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id
         WHERE t.community_id BETWEEN ? AND ? AND t.source IN ('post_liked', 'comment_liked')
         UNION ALL
         SELECT s.community_id, s.content_kind || '_liked', s.content_id, s.liker_id, s.author_id, 0, 1
         FROM like_switches AS s
         WHERE s.community_id BETWEEN ? AND ? AND s.author_id IS NOT NULL)
     SELECT community_id, source, content_id, liker_id, author_id, SUM(held)::bigint, SUM(due)::bigint,
            COUNT(*) OVER ()
     FROM heap GROUP BY community_id, source, content_id, liker_id, author_id HAVING SUM(held) <> SUM(due)
     ORDER BY community_id, source, content_id, liker_id, author_id LIMIT ?"
}

statement! {
    SelectMembersWithoutPoints { first: Uuid => SqlUuid, last: Uuid => SqlUuid, limit: i64 => BigInt }
    -> (SqlUuid, SqlUuid, BigInt)
    "SELECT d.community_id, d.user_id, COUNT(*) OVER ()
     FROM community_members AS d
     WHERE d.community_id BETWEEN ? AND ? AND (d.presence_change IS NOT NULL OR d.is_present)
       AND NOT EXISTS (SELECT FROM member_points AS p
                       WHERE p.community_id = d.community_id AND p.user_id = d.user_id)
     ORDER BY d.community_id, d.user_id LIMIT ?"
}

/// A number in an event's payload, whatever else may stand there.
macro_rules! payload_number {
    ($field:literal) => {
        concat!(
            "CASE WHEN jsonb_typeof(payload -> '",
            $field,
            "') = 'number' THEN (payload ->> '",
            $field,
            "')::numeric END"
        )
    };
}

statement! {
    /// Totals and levels are two chains for each member; each event says where it comes from and where it leads. Payloads
    /// are taken apart once, before they are sorted, and only the newest event of a chain asks for its member.
    SelectBrokenEvents { first: Uuid => SqlUuid, last: Uuid => SqlUuid, limit: i64 => BigInt }
    -> (
        SqlUuid, SqlUuid, BigInt, Text, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>, BigInt,
    )
    concat!(
        "WITH numbers AS MATERIALIZED (
             SELECT community_id, member_id, sequence, event_type, event_type = 'MemberLeveledUp' AS is_level,
                    ", payload_number!("points"), " AS points,
                    ", payload_number!("new_total"), " AS new_total,
                    ", payload_number!("old_level"), " AS old_level,
                    ", payload_number!("new_level"), " AS new_level
             FROM outbox
             WHERE community_id BETWEEN ? AND ?
               AND event_type IN ('PointsAwarded', 'PointsDeducted', 'MemberLeveledUp')),
         steps AS (
             SELECT community_id, member_id, sequence, event_type, is_level,
                    CASE event_type WHEN 'PointsAwarded' THEN new_total - points
                                    WHEN 'PointsDeducted' THEN new_total + points
                                    ELSE old_level END AS before,
                    CASE WHEN is_level THEN new_level ELSE new_total END AS after,
                    CASE WHEN is_level THEN new_level > old_level ELSE points > 0 END AS is_allowed
             FROM numbers),
         chains AS (
             SELECT *, LAG(sequence) OVER chain AS previous_sequence, LAG(after) OVER chain AS previous,
                    LEAD(sequence) OVER chain IS NULL AS is_newest
             FROM steps WINDOW chain AS (PARTITION BY community_id, member_id, is_level ORDER BY sequence)),
         judged AS (
             SELECT *, CASE WHEN is_newest THEN (
                        SELECT CASE WHEN is_level THEN m.current_level ELSE m.total_points END
                        FROM member_points AS m
                        WHERE m.community_id = chains.community_id AND m.user_id = chains.member_id) END AS now
             FROM chains)
         SELECT community_id, member_id, sequence, event_type, before::text, after::text,
                CASE WHEN previous_sequence IS NOT NULL THEN COALESCE(previous::text, 'nothing') END,
                CASE WHEN is_newest THEN COALESCE(now::text, 'nothing') END, COUNT(*) OVER ()
         FROM judged
         WHERE is_allowed IS NOT TRUE OR before IS NULL OR after IS NULL OR previous_sequence = sequence
            OR (previous_sequence IS NOT NULL AND before IS DISTINCT FROM previous)
            OR (is_newest AND after IS DISTINCT FROM now)
         ORDER BY community_id, member_id, sequence LIMIT ?"
    )
}

statement! {
    /// Both sides of what should be one and the same: the deliveries that are noted, and the events from the first of them
    /// on.
    SelectDeliveryGaps { first: Uuid => SqlUuid, last: Uuid => SqlUuid, limit: i64 => BigInt }
    -> (SqlUuid, SqlUuid, Nullable<Text>, BigInt, BigInt, BigInt, BigInt)
    "WITH noted AS (
         SELECT community_id, member_id, channel_id, MIN(sequence) AS first, COUNT(*) AS deliveries
         FROM deliveries WHERE community_id BETWEEN ? AND ? GROUP BY community_id, member_id, channel_id),
     compared AS (
         SELECT n.community_id, n.member_id, n.channel_id, n.deliveries,
                COUNT(d.event_id) AS kept, COUNT(o.event_id) AS due
         FROM noted AS n
         LEFT JOIN outbox AS o
             ON o.community_id = n.community_id AND o.member_id = n.member_id AND o.sequence >= n.first
         LEFT JOIN deliveries AS d
             ON d.community_id = o.community_id AND d.event_id = o.event_id AND d.channel_id = n.channel_id
             AND d.member_id = o.member_id AND d.sequence = o.sequence
         GROUP BY n.community_id, n.member_id, n.channel_id, n.deliveries)
     SELECT community_id, member_id, channels.name::text, deliveries, kept, due, COUNT(*) OVER ()
     FROM compared LEFT JOIN channels ON channels.id = compared.channel_id
     WHERE deliveries <> due OR kept <> due OR channels.id IS NULL
     ORDER BY community_id, member_id, channel_id LIMIT ?"
}

statement! {
    SelectToldLevels { community_ids: Vec<Uuid> => Uuids, user_ids: Vec<Uuid> => Uuids }
    -> (SqlUuid, SqlUuid, BigInt)
    concat!(
        "SELECT DISTINCT ON (community_id, member_id) community_id, member_id, level::bigint
         FROM (SELECT o.community_id, o.member_id, o.sequence, ", payload_number!("new_level"), " AS level
               FROM UNNEST(?, ?) AS asked (community_id, member_id)
               JOIN outbox AS o USING (community_id, member_id)
               WHERE o.event_type = 'MemberLeveledUp') AS told
         WHERE level BETWEEN 1 AND 9
         ORDER BY community_id, member_id, sequence DESC"
    )
}

statement! {
    SelectSourcesOfTruth { community_ids: Vec<Uuid> => Uuids, user_ids: Vec<Uuid> => Uuids } -> (SqlUuid, BigInt, Bool)
    "SELECT m.user_id, ledger.points, COALESCE(directory.is_present, false)
     FROM UNNEST(?, ?) AS asked (community_id, user_id)
     JOIN member_points AS m USING (community_id, user_id)
     LEFT JOIN community_members AS directory
         ON directory.community_id = m.community_id AND directory.user_id = m.user_id
     CROSS JOIN LATERAL (
         SELECT COALESCE(SUM(t.points), 0)::bigint AS points FROM point_transactions AS t
         WHERE t.community_id = m.community_id AND t.member_points_id = m.id) AS ledger"
}

/// A moment that is held on to.
pub struct PgSnapshot(PgTx);

impl Verification for PgStore {
    type Snapshot = PgSnapshot;

    async fn snapshot(&self) -> Result<PgSnapshot, StoreError> {
        let mut tx = self.begin_snapshot().await?;
        tx.connection().batch_execute(AUDIT_SESSION).await.map_err(store_error)?;
        Ok(PgSnapshot(tx))
    }
}

fn community((community_id,): (Uuid,)) -> CommunityId {
    CommunityId::new(community_id)
}

fn ends((first, last): CommunityRange) -> (Uuid, Uuid) {
    (first.as_uuid(), last.as_uuid())
}

fn member(community_id: Uuid, user_id: Uuid) -> MemberKey {
    (CommunityId::new(community_id), UserId::new(user_id))
}

fn columns(members: &BTreeSet<MemberKey>) -> (Vec<Uuid>, Vec<Uuid>) {
    members.iter().map(|(community_id, user_id)| (community_id.as_uuid(), user_id.as_uuid())).unzip()
}

/// Rows whose last column says how many there are in all.
fn sample<R, T>(rows: Vec<R>, split: impl Fn(R) -> (T, i64)) -> Result<Sample<T>, StoreError> {
    let mut sample = Sample { first: Vec::with_capacity(rows.len()), count: 0 };
    for row in rows {
        let (item, count) = split(row);
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

impl Snapshot for PgSnapshot {
    async fn communities(&mut self, first: CommunityId, limit: i64) -> Result<Vec<CommunityId>, StoreError> {
        let select = SelectCommunities { first: first.as_uuid(), limit };
        let rows: Vec<(Uuid,)> = select.load(self.0.connection()).await.map_err(store_error)?;
        Ok(rows.into_iter().map(community).collect())
    }

    async fn count_members(&mut self, range: CommunityRange) -> Result<u64, StoreError> {
        let (first, last) = ends(range);
        let count = CountMembers { first, last };
        let (count,): (i64,) = count.get_result(self.0.connection()).await.map_err(store_error)?;
        u64::try_from(count).map_err(corrupt)
    }

    async fn members(
        &mut self,
        (community_id, user_id): MemberKey,
        last: CommunityId,
        limit: i64,
    ) -> Result<Vec<StoredMember>, StoreError> {
        let select = SelectMembers {
            community_id: community_id.as_uuid(),
            user_id: user_id.as_uuid(),
            last_community_id: last.as_uuid(),
            limit,
        };
        type Row = (Uuid, Uuid, i32, i16, bool, bool, i64, i64);
        self.0.connection().batch_execute(IN_ORDER).await.map_err(store_error)?;
        let rows: Vec<Row> = select.load(self.0.connection()).await.map_err(store_error)?;
        let stored =
            |(community_id, user_id, total_points, current_level, is_present, there, points, entries)| {
                StoredMember {
                    member: member(community_id, user_id),
                    total_points,
                    current_level,
                    is_present,
                    is_present_in_directory: there,
                    ledger_points: points,
                    ledger_entries: entries,
                }
            };
        Ok(rows.into_iter().map(stored).collect())
    }

    async fn level_configurations(
        &mut self,
        range: CommunityRange,
    ) -> Result<Vec<StoredLevelConfiguration>, StoreError> {
        let (first, last) = ends(range);
        let select = SelectLevelConfigurations { first, last };
        let rows: Vec<(Uuid, Value)> = select.load(self.0.connection()).await.map_err(store_error)?;
        let stored = |(community_id, stored): (Uuid, Value)| StoredLevelConfiguration {
            community_id: CommunityId::new(community_id),
            levels: levels(&stored),
        };
        Ok(rows.into_iter().map(stored).collect())
    }

    async fn recalculating(&mut self, range: CommunityRange) -> Result<BTreeSet<CommunityId>, StoreError> {
        let (first, last) = ends(range);
        let select = SelectRecalculating { first, last };
        let rows: Vec<(Uuid,)> = select.load(self.0.connection()).await.map_err(store_error)?;
        Ok(rows.into_iter().map(community).collect())
    }

    async fn wrong_level_counts(
        &mut self,
        range: CommunityRange,
        limit: i64,
    ) -> Result<Sample<WrongLevelCount>, StoreError> {
        wrong_level_counts(&mut self.0, range, limit).await
    }

    async fn repeated_awards(
        &mut self,
        range: CommunityRange,
        limit: i64,
    ) -> Result<Sample<RepeatedAward>, StoreError> {
        let (first, last) = ends(range);
        let once_only = PointSource::ALL.into_iter().filter_map(|source| match source.rule().once_per {
            OncePer::Content => Some((source.as_str().to_owned(), false)),
            OncePer::Member => Some((source.as_str().to_owned(), true)),
            OncePer::SwitchOn => None,
        });
        let (sources, per_member) = once_only.unzip();
        let select = SelectRepeatedAwards { sources, per_member, first, last, limit };
        type Row = (Uuid, String, Uuid, Uuid, i64, i64, i64);
        let rows: Vec<Row> = select.load(self.0.connection()).await.map_err(store_error)?;
        sample(rows, |(community_id, source, source_id, scope, awards, wrong_scopes, count)| {
            let community_id = CommunityId::new(community_id);
            let user_id = Some(scope).filter(|scope| !scope.is_nil());
            (RepeatedAward { community_id, source, source_id, user_id, awards, wrong_scopes }, count)
        })
    }

    async fn wrong_likes(
        &mut self,
        range: CommunityRange,
        limit: i64,
    ) -> Result<Sample<WrongLike>, StoreError> {
        let (first, last) = ends(range);
        let select =
            SelectWrongLikes { held_first: first, held_last: last, due_first: first, due_last: last, limit };
        type Row = (Uuid, String, Uuid, Uuid, Uuid, i64, i64, i64);
        let rows: Vec<Row> = select.load(self.0.connection()).await.map_err(store_error)?;
        sample(rows, |(community_id, source, content_id, liker_id, author_id, held, due, count)| {
            let community_id = CommunityId::new(community_id);
            (WrongLike { community_id, source, content_id, liker_id, author_id, held, due }, count)
        })
    }

    async fn members_without_points(
        &mut self,
        range: CommunityRange,
        limit: i64,
    ) -> Result<Sample<MemberKey>, StoreError> {
        let (first, last) = ends(range);
        let select = SelectMembersWithoutPoints { first, last, limit };
        let rows: Vec<(Uuid, Uuid, i64)> = select.load(self.0.connection()).await.map_err(store_error)?;
        sample(rows, |(community_id, user_id, count)| (member(community_id, user_id), count))
    }

    async fn broken_events(
        &mut self,
        range: CommunityRange,
        limit: i64,
    ) -> Result<Sample<BrokenEvent>, StoreError> {
        let (first, last) = ends(range);
        let select = SelectBrokenEvents { first, last, limit };
        type Said = Option<String>;
        type Row = (Uuid, Uuid, i64, String, Said, Said, Said, Said, i64);
        let rows: Vec<Row> = select.load(self.0.connection()).await.map_err(store_error)?;
        sample(rows, |(community_id, user_id, sequence, event_type, before, after, previous, now, count)| {
            let member = member(community_id, user_id);
            (BrokenEvent { member, sequence, event_type, before, after, previous, now }, count)
        })
    }

    async fn delivery_gaps(
        &mut self,
        range: CommunityRange,
        limit: i64,
    ) -> Result<Sample<DeliveryGap>, StoreError> {
        let (first, last) = ends(range);
        let select = SelectDeliveryGaps { first, last, limit };
        type Row = (Uuid, Uuid, Option<String>, i64, i64, i64, i64);
        let rows: Vec<Row> = select.load(self.0.connection()).await.map_err(store_error)?;
        sample(rows, |(community_id, user_id, channel, noted, kept, due, count)| {
            (DeliveryGap { member: member(community_id, user_id), channel, noted, kept, due }, count)
        })
    }

    async fn told_levels(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> Result<Vec<(MemberKey, i64)>, StoreError> {
        let (community_ids, user_ids) = columns(members);
        let select = SelectToldLevels { community_ids, user_ids };
        let rows: Vec<(Uuid, Uuid, i64)> = select.load(self.0.connection()).await.map_err(store_error)?;
        let told = |(community_id, user_id, level)| (member(community_id, user_id), level);
        Ok(rows.into_iter().map(told).collect())
    }

    async fn end(self) -> Result<(), StoreError> {
        self.0.commit().await
    }
}

async fn wrong_level_counts(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<WrongLevelCount>, StoreError> {
    let (first, last) = ends(range);
    let select = SelectWrongLevelCounts {
        counted_first: first,
        counted_last: last,
        noted_first: first,
        noted_last: last,
        limit,
    };
    let rows: Vec<(Uuid, i16, i64, i64, i64)> = select.load(tx.connection()).await.map_err(store_error)?;
    sample(rows, |(community_id, level, noted, counted, count)| {
        let community_id = CommunityId::new(community_id);
        (WrongLevelCount { community_id, level, noted, counted }, count)
    })
}

impl RepairRepository for PgTx {
    async fn sources_of_truth(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> Result<Vec<SourceOfTruth>, StoreError> {
        let (community_ids, user_ids) = columns(members);
        let select = SelectSourcesOfTruth { community_ids, user_ids };
        let rows: Vec<(Uuid, i64, bool)> = select.load(self.connection()).await.map_err(store_error)?;
        let source_of_truth = |(user_id, ledger_points, is_present)| SourceOfTruth {
            user_id: UserId::new(user_id),
            ledger_points,
            is_present,
        };
        Ok(rows.into_iter().map(source_of_truth).collect())
    }

    async fn lock_level_count_repair(&mut self) -> Result<(), StoreError> {
        // Counting takes as long as it takes, but holds no lock that an award could wait for.
        let lock = format!("{AUDIT_SESSION} SELECT pg_advisory_xact_lock({LEVEL_COUNT_REPAIR})");
        self.connection().batch_execute(&lock).await.map_err(store_error)
    }

    async fn count_present_members(
        &mut self,
        community_id: CommunityId,
    ) -> Result<Vec<WrongLevelCount>, StoreError> {
        // More than there are levels.
        const LIMIT: i64 = 100;
        let sample = wrong_level_counts(self, (community_id, community_id), LIMIT).await?;
        Ok(sample.first)
    }
}
