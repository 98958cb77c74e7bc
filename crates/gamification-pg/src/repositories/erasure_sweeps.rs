//! Sweeps: ids of erased users are replaced by their pseudonyms where there is no index by user.
//!
//! Each stage goes through the rows of one table and one community in the order of the table's key, and its statement notes
//! how far it is. What an event is called is replaced as well: platforms call events after users.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl,
    dsl::exists,
    sql_types::{BigInt, Bool},
};
use gamification_app::ports::{
    Erased, ErasedEntry, ErasureQueries, ErasureSweepRepository, StoreError, SweepStage, SweptTable,
    WindowSums,
};
use gamification_domain::{CommunityId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore, PgTx,
    error::{corrupt, misread},
    schema::{delivery_failures, erasure_sweeps, erasures, leaderboard_entries},
    statement::{Plain, record, statements},
};

record! {
    struct SweepRow: Read {
        stage: String => erasure_sweeps::stage,
    }
}

record! {
    /// An entry on leaderboards that is still under the id of an erased user.
    struct ErasedEntryRow: Read {
        community_id: Uuid => erasures::community_id,
        user_id: Uuid => erasures::user_id,
        pseudonym: Uuid => erasures::pseudonym,
        seven_day: i64 => leaderboard_entries::seven_day,
        thirty_day: i64 => leaderboard_entries::thirty_day,
        all_time: i64 => leaderboard_entries::all_time,
    }
}

record! {
    /// Whether rows may be left.
    struct SweptRow: Read {
        has_more: bool => Plain<Bool>,
    }
}

statements! {
    struct BeginSweep {
        community_id: Uuid => erasure_sweeps::community_id,
        now: OffsetDateTime => erasure_sweeps::began_at,
    } = "INSERT INTO erasure_sweeps (community_id, stage, after_kind, after_id, after_user_id, began_at)
         SELECT :community_id, 'leaderboards', '', '00000000-0000-0000-0000-000000000000',
                '00000000-0000-0000-0000-000000000000', :now
         WHERE EXISTS (SELECT FROM erasures WHERE community_id = :community_id)
         ON CONFLICT (community_id) DO NOTHING";

    /// [`BeginSweep`] in a distributed database, once it is known that there are erasures.
    struct InsertSweep {
        community_id: Uuid => erasure_sweeps::community_id,
        now: OffsetDateTime => erasure_sweeps::began_at,
    } = "INSERT INTO erasure_sweeps (community_id, stage, after_kind, after_id, after_user_id, began_at)
         VALUES (:community_id, 'leaderboards', '', '00000000-0000-0000-0000-000000000000',
                 '00000000-0000-0000-0000-000000000000', :now)
         ON CONFLICT (community_id) DO NOTHING";

    struct TryLockSweep { community_id: Uuid => erasure_sweeps::community_id } -> SweepRow
    = "SELECT stage FROM erasure_sweeps WHERE community_id = :community_id FOR UPDATE SKIP LOCKED";

    /// Those who were erased before the sweep goes through its first table.
    struct IncludeErasures { community_id: Uuid => erasures::community_id }
    = "UPDATE erasures SET is_in_sweep = true
       WHERE community_id = :community_id AND NOT is_in_sweep
         AND EXISTS (SELECT FROM erasure_sweeps AS s WHERE s.community_id = :community_id AND s.stage = 'leaderboards')";

    struct BeginStage {
        community_id: Uuid => erasure_sweeps::community_id,
        stage: String => erasure_sweeps::stage,
    } = "UPDATE erasure_sweeps
         SET stage = :stage, after_kind = '', after_id = '00000000-0000-0000-0000-000000000000',
             after_user_id = '00000000-0000-0000-0000-000000000000'
         WHERE community_id = :community_id";

    struct SelectErasedEntries { community_id: Uuid => erasures::community_id } -> ErasedEntryRow
    = "SELECT x.community_id, x.user_id, x.pseudonym, e.seven_day, e.thirty_day, e.all_time
       FROM erasures AS x
       JOIN leaderboard_entries AS e ON e.community_id = x.community_id AND e.user_id = x.user_id
       WHERE x.community_id = :community_id AND x.is_in_sweep";

    struct DeleteErasedEntries { community_id: Uuid => erasures::community_id }
    = "DELETE FROM leaderboard_entries AS e USING erasures AS x
       WHERE x.community_id = :community_id AND x.is_in_sweep
         AND e.community_id = x.community_id AND e.user_id = x.user_id";

    /// A section that begins with an erased member becomes a part of the one before it that does not: the first begins
    /// before everybody.
    struct MergeErasedSections { community_id: Uuid => erasures::community_id }
    = "WITH ordered AS MATERIALIZED (
           SELECT s.community_id, s.board, s.place, s.sort_name, s.user_id, s.members, x.user_id IS NULL AS stays,
                  COUNT(*) FILTER (WHERE x.user_id IS NULL) OVER (
                      PARTITION BY s.board ORDER BY s.place, s.sort_name, s.user_id ROWS UNBOUNDED PRECEDING) AS number
           FROM leaderboard_sections AS s
           LEFT JOIN erasures AS x
               ON x.community_id = s.community_id AND x.user_id = s.user_id AND x.is_in_sweep
           WHERE s.community_id = :community_id),
       deleted AS (
           DELETE FROM leaderboard_sections AS s USING ordered AS o
           WHERE NOT o.stays AND s.community_id = o.community_id AND s.board = o.board AND s.place = o.place
             AND s.sort_name = o.sort_name AND s.user_id = o.user_id[[ AND s.community_id = :community_id]]),
       merged AS (
           SELECT board, number, SUM(members)::bigint AS members FROM ordered WHERE NOT stays GROUP BY board, number)
       UPDATE leaderboard_sections AS s SET members = s.members + m.members
       FROM merged AS m
       JOIN ordered AS o ON o.board = m.board AND o.number = m.number AND o.stays
       WHERE s.community_id = o.community_id AND s.board = o.board AND s.place = o.place
         AND s.sort_name = o.sort_name AND s.user_id = o.user_id[[ AND s.community_id = :community_id]]";

    /// Comes before the sweep of the same rows: a transaction that has them delivered again has noted it, and the sweep sees it.
    struct LockErasedEvents {
        community_id: Uuid => erasures::community_id,
        limit: i64 => Plain<BigInt>,
    } -> SweptRow
    = "WITH looked_at AS MATERIALIZED (
           SELECT event_id, member_id FROM outbox
           WHERE community_id = :community_id
             AND event_id > (SELECT after_id FROM erasure_sweeps WHERE community_id = :community_id)
           ORDER BY event_id LIMIT :limit)
       SELECT COUNT(*) = :limit AS has_more
       FROM (SELECT o.event_id
             FROM looked_at AS l
             JOIN erasures AS x ON x.community_id = :community_id AND x.user_id = l.member_id
             JOIN outbox AS o ON o.community_id = :community_id AND o.event_id = l.event_id
             ORDER BY o.event_id FOR NO KEY UPDATE OF o) AS locked";

    /// Events stay in their chains; nobody is sent them who has not got them yet. `channels` is read so that no channel is
    /// being registered meanwhile, which would get deliveries under the old ids (see `LOCK_CHANNELS`).
    struct SweepOutbox {
        community_id: Uuid => erasures::community_id,
        limit: i64 => Plain<BigInt>,
    } -> SweptRow
    = "WITH looked_at AS MATERIALIZED (
           SELECT event_id, member_id FROM outbox
           WHERE community_id = :community_id
             AND event_id > (SELECT after_id FROM erasure_sweeps WHERE community_id = :community_id)
           ORDER BY event_id LIMIT :limit),
       found AS MATERIALIZED (
           SELECT l.event_id, x.pseudonym
           FROM looked_at AS l
           JOIN erasures AS x ON x.community_id = :community_id AND x.user_id = l.member_id),
       renamed AS (
           UPDATE outbox AS o
           SET member_id = f.pseudonym, payload = o.payload || {{jsonb_build_object('member_id', f.pseudonym)}}[[jsonb_object(ARRAY['member_id', f.pseudonym::text])]]
           FROM found AS f WHERE o.community_id = :community_id AND o.event_id = f.event_id),
       undelivered AS (
           DELETE FROM deliveries AS d USING found AS f
           WHERE d.community_id = :community_id AND d.event_id = f.event_id
             AND d.channel_id IN (SELECT id FROM channels)),
       progress AS (
           UPDATE erasure_sweeps AS s SET after_id = last.event_id
           FROM (SELECT event_id FROM looked_at ORDER BY event_id DESC LIMIT 1) AS last
           WHERE s.community_id = :community_id)
       SELECT COUNT(*) = :limit AS has_more FROM looked_at";

    /// Entries of the erased, and those that they caused for others. A reason may hold a name, and the id of an adjustment
    /// is made of the member's; it is replaced by that of the entry. (An adjustment always has a reason, and nothing else has one.)
    struct SweepLedger {
        community_id: Uuid => erasures::community_id,
        limit: i64 => Plain<BigInt>,
    } -> SweptRow
    = "WITH looked_at AS MATERIALIZED (
           SELECT id, member_points_id, actor_id FROM point_transactions
           WHERE community_id = :community_id
             AND id > (SELECT after_id FROM erasure_sweeps WHERE community_id = :community_id)
           ORDER BY id LIMIT :limit),
       found AS MATERIALIZED (
           SELECT l.id, actor.pseudonym AS actor, member.user_id AS old_member, member.pseudonym AS member
           FROM looked_at AS l
           LEFT JOIN erasures AS actor ON actor.community_id = :community_id AND actor.user_id = l.actor_id
           LEFT JOIN erasures AS member
               ON member.community_id = :community_id AND member.member_points_id = l.member_points_id
           WHERE actor.user_id IS NOT NULL OR member.user_id IS NOT NULL),
       replaced AS (
           UPDATE point_transactions AS t
           SET actor_id = COALESCE(f.actor, t.actor_id), event_id = 'erased',
               once_per = CASE WHEN t.once_per = f.old_member THEN f.member ELSE t.once_per END,
               source_id = CASE WHEN t.reason IS NOT NULL AND f.member IS NOT NULL THEN t.id ELSE t.source_id END,
               reason = CASE WHEN t.reason IS NOT NULL AND f.member IS NOT NULL THEN 'erased' ELSE t.reason END
           FROM found AS f WHERE t.community_id = :community_id AND t.id = f.id),
       progress AS (
           UPDATE erasure_sweeps AS s SET after_id = last.id
           FROM (SELECT id FROM looked_at ORDER BY id DESC LIMIT 1) AS last
           WHERE s.community_id = :community_id)
       SELECT COUNT(*) = :limit AS has_more FROM looked_at";

    /// Switches are locked in the order of their key, as awards lock them.
    struct SweepLikes {
        community_id: Uuid => erasures::community_id,
        limit: i64 => Plain<BigInt>,
    } -> SweptRow
    = "WITH looked_at AS MATERIALIZED (
           SELECT s.content_kind, s.content_id, s.liker_id, s.author_id
           FROM like_switches AS s
           WHERE s.community_id = :community_id AND (s.content_kind, s.content_id, s.liker_id) > (
               SELECT after_kind, after_id, after_user_id FROM erasure_sweeps WHERE community_id = :community_id)
           ORDER BY s.content_kind, s.content_id, s.liker_id LIMIT :limit),
       concerned AS MATERIALIZED (
           SELECT l.content_kind, l.content_id, l.liker_id
           FROM looked_at AS l
           WHERE EXISTS (SELECT FROM erasures AS x
                         WHERE x.community_id = :community_id AND x.user_id IN (l.liker_id, l.author_id))),
       locked AS MATERIALIZED (
           SELECT s.content_kind, s.content_id, s.liker_id, s.author_id
           FROM concerned AS c
           JOIN like_switches AS s
               ON s.community_id = :community_id AND s.content_kind = c.content_kind AND s.content_id = c.content_id
               AND s.liker_id = c.liker_id
           ORDER BY s.content_kind, s.content_id, s.liker_id FOR UPDATE OF s),
       replaced AS (
           UPDATE like_switches AS s
           SET liker_id = COALESCE(liker.pseudonym, s.liker_id), author_id = COALESCE(author.pseudonym, s.author_id),
               newest_change = (s.newest_change - 'receipts') || '{\"event_id\": \"erased\"}'
           FROM locked AS l
           LEFT JOIN erasures AS liker ON liker.community_id = :community_id AND liker.user_id = l.liker_id
           LEFT JOIN erasures AS author ON author.community_id = :community_id AND author.user_id = l.author_id
           WHERE s.community_id = :community_id AND s.content_kind = l.content_kind AND s.content_id = l.content_id
             AND s.liker_id = l.liker_id AND (liker.user_id IS NOT NULL OR author.user_id IS NOT NULL)),
       progress AS (
           UPDATE erasure_sweeps AS s
           SET after_kind = last.content_kind, after_id = last.content_id, after_user_id = last.liker_id
           FROM (SELECT content_kind, content_id, liker_id FROM looked_at
                 ORDER BY content_kind DESC, content_id DESC, liker_id DESC LIMIT 1) AS last
           WHERE s.community_id = :community_id)
       SELECT COUNT(*) = :limit AS has_more FROM looked_at";

    /// What the erased have earned others by their likes, for caps: of the members whose rows come next.
    struct SweepTallies {
        community_id: Uuid => erasures::community_id,
        limit: i64 => Plain<BigInt>,
    } -> SweptRow
    = "WITH looked_at AS MATERIALIZED (
           SELECT member_points_id FROM tallies
           WHERE community_id = :community_id
             AND member_points_id > (SELECT after_id FROM erasure_sweeps WHERE community_id = :community_id)
           ORDER BY member_points_id LIMIT :limit),
       found AS MATERIALIZED (
           SELECT y.member_points_id, y.day, y.source, y.liker_id, x.pseudonym
           FROM (SELECT DISTINCT member_points_id FROM looked_at) AS l
           JOIN tallies AS y ON y.community_id = :community_id AND y.member_points_id = l.member_points_id
           JOIN erasures AS x ON x.community_id = :community_id AND x.user_id = y.liker_id),
       replaced AS (
           UPDATE tallies AS y SET liker_id = f.pseudonym
           FROM found AS f
           WHERE y.community_id = :community_id AND y.member_points_id = f.member_points_id AND y.day = f.day
             AND y.source = f.source AND y.liker_id = f.liker_id),
       progress AS (
           UPDATE erasure_sweeps AS s SET after_id = last.member_points_id
           FROM (SELECT member_points_id FROM looked_at ORDER BY member_points_id DESC LIMIT 1) AS last
           WHERE s.community_id = :community_id)
       SELECT COUNT(*) = :limit AS has_more FROM looked_at";

    /// Who set levels and rules: few rows.
    struct ReplaceAuthors { community_id: Uuid => erasures::community_id }
    = "UPDATE configuration_versions AS v SET changed_by = x.pseudonym
       FROM erasures AS x
       WHERE x.community_id = :community_id AND v.community_id = x.community_id AND v.changed_by = x.user_id";

    /// A failure is noted only while there is a delivery, and those are gone.
    struct DeleteErasedFailures { community_id: Uuid => delivery_failures::community_id }
    = "DELETE FROM delivery_failures AS f USING erasures AS x
       WHERE x.community_id = :community_id AND f.community_id = x.community_id AND f.member_id = x.user_id";
}

const fn stored_stage(stage: SweepStage) -> &'static str {
    match stage {
        SweepStage::Leaderboards => "leaderboards",
        SweepStage::Rows(SweptTable::Outbox) => "outbox",
        SweepStage::Rows(SweptTable::Ledger) => "ledger",
        SweepStage::Rows(SweptTable::Likes) => "likes",
        SweepStage::Rows(SweptTable::Tallies) => "tallies",
    }
}

impl From<ErasedEntryRow> for ErasedEntry {
    fn from(row: ErasedEntryRow) -> Self {
        let ErasedEntryRow { community_id, user_id, pseudonym, seven_day, thirty_day, all_time } = row;
        let member = (CommunityId::new(community_id), UserId::new(user_id));
        Self {
            erased: Erased { member, pseudonym: UserId::new(pseudonym) },
            sums: WindowSums { seven_day, thirty_day, all_time },
        }
    }
}

impl ErasureSweepRepository for PgTx {
    async fn try_lock_sweep(
        &mut self,
        community_id: CommunityId,
        now: OffsetDateTime,
    ) -> Result<Option<SweepStage>, StoreError> {
        let community_id = community_id.as_uuid();
        let waiting = exists(erasures::table.filter(erasures::community_id.eq(community_id)));
        if !self.is_distributed() {
            self.run(BeginSweep { community_id, now });
        } else if self.first(diesel::select(waiting)).await?.unwrap_or(false) {
            self.run(InsertSweep { community_id, now });
        }
        let Some(SweepRow { stage }) = self.row(TryLockSweep { community_id }).await? else {
            return Ok(None);
        };
        self.run(IncludeErasures { community_id });
        let stage = SweepStage::ALL.into_iter().find(|known| stored_stage(*known) == stage);
        let stage = stage.ok_or("not a stage of sweeps");
        stage.map(Some).map_err(misread!(erasure_sweeps::stage, [community_id]))
    }

    async fn erased_entries(&mut self, community_id: CommunityId) -> Result<Vec<ErasedEntry>, StoreError> {
        let entries = self.rows(SelectErasedEntries { community_id: community_id.as_uuid() }).await?;
        Ok(entries.into_iter().map(ErasedEntry::from).collect())
    }

    async fn delete_erased_entries(&mut self, community_id: CommunityId) -> Result<(), StoreError> {
        let community_id = community_id.as_uuid();
        self.run(ReplaceAuthors { community_id });
        self.run(DeleteErasedEntries { community_id });
        self.run(MergeErasedSections { community_id });
        Ok(())
    }

    async fn sweep_rows(
        &mut self,
        community_id: CommunityId,
        table: SweptTable,
        limit: i64,
    ) -> Result<bool, StoreError> {
        let community_id = community_id.as_uuid();
        let swept = match table {
            SweptTable::Outbox => {
                self.row(LockErasedEvents { community_id, limit }).await?;
                self.row(SweepOutbox { community_id, limit }).await?
            }
            SweptTable::Ledger => self.row(SweepLedger { community_id, limit }).await?,
            SweptTable::Likes => self.row(SweepLikes { community_id, limit }).await?,
            SweptTable::Tallies => self.row(SweepTallies { community_id, limit }).await?,
        };
        swept.map(|SweptRow { has_more }| has_more).ok_or_else(|| corrupt("a chunk has no end"))
    }

    async fn begin_stage(&mut self, community_id: CommunityId, stage: SweepStage) -> Result<(), StoreError> {
        let stage = stored_stage(stage).to_owned();
        self.run(BeginStage { community_id: community_id.as_uuid(), stage });
        Ok(())
    }

    async fn end_sweep(&mut self, community_id: CommunityId) -> Result<(), StoreError> {
        let community_id = community_id.as_uuid();
        self.run(DeleteErasedFailures { community_id });
        let swept =
            erasures::table.filter(erasures::community_id.eq(community_id).and(erasures::is_in_sweep));
        self.execute(diesel::delete(swept));
        let sweep = erasure_sweeps::table.filter(erasure_sweeps::community_id.eq(community_id));
        self.execute(diesel::delete(sweep));
        Ok(())
    }
}

impl ErasureQueries for PgStore {
    async fn communities_to_sweep(&self, limit: i64) -> Result<Vec<CommunityId>, StoreError> {
        let waiting = erasures::table
            .select(erasures::community_id)
            .distinct()
            .order(erasures::community_id)
            .limit(limit);
        let communities: Vec<Uuid> = self.load(waiting).await?;
        Ok(communities.into_iter().map(CommunityId::new).collect())
    }
}
