//! What is counted for a cap of the rules is what the ledger says.

use diesel::{
    ExpressionMethods, QueryDsl,
    sql_types::{BigInt, Bool, Uuid as SqlUuid},
};
use gamification_app::ports::{CommunityRange, Sample, StoreError, WrongTally};
use serde_json::Value;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{ends, sample};
use crate::{
    PgTx,
    schema::{level_configurations, member_points, tallies},
    statement::{Plain, Rows, record, statements},
};

record! {
    /// A cap that stands.
    struct StandingCapRow: Written {
        community_id: Uuid => tallies::community_id,
        source: String => tallies::source,
        is_per_pair: bool => Plain<Bool>,
        counted_since: i32 => tallies::counted_since,
    }
}

record! {
    /// A tally that is off.
    struct WrongTallyRow: Read {
        community_id: Uuid => tallies::community_id,
        user_id: Uuid => member_points::user_id,
        member_points_id: Uuid => tallies::member_points_id,
        day: Date => tallies::day,
        source: String => tallies::source,
        liker_id: Uuid => Plain<SqlUuid>,
        counted_since: i32 => tallies::counted_since,
        noted: i64 => Plain<BigInt>,
        due: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// A tally that is to be made right.
    struct TallyToCorrectRow: Written {
        community_id: Uuid => tallies::community_id,
        member_points_id: Uuid => tallies::member_points_id,
        day: Date => tallies::day,
        source: String => tallies::source,
        liker_id: Uuid => tallies::liker_id,
        counted_since: i32 => tallies::counted_since,
        first_entry: Uuid => Plain<SqlUuid>,
    }
}

record! {
    /// A tally as the ledger says that it is.
    struct DueTallyRow: Read & Written {
        community_id: Uuid => tallies::community_id,
        member_points_id: Uuid => tallies::member_points_id,
        day: Date => tallies::day,
        source: String => tallies::source,
        liker_id: Uuid => tallies::liker_id,
        counted_since: i32 => tallies::counted_since,
        earned: i32 => tallies::earned,
    }
}

/// What the ledger says of the tallies in the set `wrong`.
macro_rules! due_tallies {
    () => {
        "SELECT wrong.community_id, wrong.member_points_id, wrong.day, wrong.source, wrong.liker_id,
              wrong.counted_since, ledger.earned
       FROM :wrong
       CROSS JOIN LATERAL (
           SELECT LEAST(COALESCE(SUM(t.points), 0), 2147483647)::integer AS earned FROM point_transactions AS t
           WHERE t.community_id = wrong.community_id AND t.member_points_id = wrong.member_points_id
             AND t.id >= wrong.first_entry AND t.source = wrong.source AND t.points > 0
             AND (t.occurred_at AT TIME ZONE 'UTC')::date = wrong.day
             AND (wrong.liker_id = '00000000-0000-0000-0000-000000000000'::uuid OR t.actor_id = wrong.liker_id)[[
             AND t.community_id = ANY (:wrong.communities)]]
       ) AS ledger
       WHERE NOT EXISTS (SELECT FROM erasures AS x
                         WHERE x.community_id = wrong.community_id AND x.pseudonym = wrong.liker_id[[
                           AND x.community_id = ANY (:wrong.communities)]])
       ORDER BY wrong.community_id, wrong.member_points_id, wrong.day, wrong.source, wrong.liker_id"
    };
}

statements! {
    /// What is kept for caps that stand is the sum of the ledger; what was awarded under them is kept. Ids of erased users
    /// may have been replaced in one of both, and not yet in the other.
    struct SelectWrongTallies { standing: Rows<StandingCapRow>, limit: i64 => Plain<BigInt> } -> WrongTallyRow
    = "WITH caps AS (
           SELECT standing.community_id, standing.source, standing.is_per_pair, standing.counted_since FROM :standing),
       entries AS (
           SELECT t.community_id, t.member_points_id, (t.occurred_at AT TIME ZONE 'UTC')::date AS day, t.source,
                  COALESCE(x.pseudonym, t.actor_id) AS liker_id, t.points, t.rules_version
           FROM point_transactions AS t
           LEFT JOIN erasures AS x ON x.community_id = t.community_id AND x.user_id = t.actor_id[[
               AND x.community_id = ANY (:standing.communities)]]
           WHERE [[t.community_id = ANY (:standing.communities) AND ]]t.points > 0 AND (t.community_id, t.source) IN (SELECT caps.community_id, caps.source FROM caps)),
       ledger AS (
           SELECT community_id, member_points_id, day, source,
                  CASE WHEN GROUPING(liker_id) = 1 THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE liker_id END
                      AS liker_id,
                  LEAST(SUM(points), 2147483647) AS earned, MAX(rules_version) AS newest_version
           FROM entries
           GROUP BY GROUPING SETS (
               (community_id, member_points_id, day, source), (community_id, member_points_id, day, source, liker_id))
           HAVING GROUPING(liker_id) = 1 OR liker_id <> '00000000-0000-0000-0000-000000000000'::uuid),
       due AS (
           SELECT ledger.*, caps.counted_since FROM caps
           JOIN ledger USING (community_id, source)
           WHERE (ledger.liker_id <> '00000000-0000-0000-0000-000000000000'::uuid) = caps.is_per_pair),
       kept AS (
           SELECT k.community_id, k.member_points_id, k.day, k.source, COALESCE(x.pseudonym, k.liker_id) AS liker_id,
                  k.counted_since, k.earned
           FROM caps
           JOIN tallies AS k USING (community_id, source, counted_since)
           LEFT JOIN erasures AS x ON x.community_id = k.community_id AND x.user_id = k.liker_id[[
               AND x.community_id = ANY (:standing.communities)]]
           WHERE [[k.community_id = ANY (:standing.communities) AND ]](k.liker_id <> '00000000-0000-0000-0000-000000000000'::uuid) = caps.is_per_pair),
       wrong AS (
           SELECT community_id, member_points_id, day, source, liker_id, counted_since,
                  COALESCE(kept.earned, 0)::bigint AS noted, COALESCE(due.earned, 0)::bigint AS due
           FROM kept
           FULL JOIN due USING (community_id, member_points_id, day, source, liker_id, counted_since)
           WHERE kept.earned <> COALESCE(due.earned, 0)
              OR (kept.earned IS NULL AND due.newest_version >= counted_since))
       SELECT wrong.community_id, m.user_id, wrong.member_points_id, wrong.day, wrong.source, wrong.liker_id,
              wrong.counted_since, wrong.noted, wrong.due, COUNT(*) OVER () AS count
       FROM wrong
       JOIN member_points AS m ON m.community_id = wrong.community_id AND m.id = wrong.member_points_id[[
       WHERE m.community_id = ANY (:standing.communities)]]
       ORDER BY wrong.community_id, m.user_id, wrong.day, wrong.source, wrong.liker_id LIMIT :limit";

    /// The members must be locked. What a sweep is still to rename is left to the next repair.
    struct CorrectTallies { wrong: Rows<TallyToCorrectRow> }
    = concat!(
        "INSERT INTO tallies (community_id, member_points_id, day, source, liker_id, counted_since, earned)
       ", due_tallies!(), "
       ON CONFLICT (community_id, member_points_id, day, source, liker_id)
       DO UPDATE SET counted_since = excluded.counted_since, earned = excluded.earned"
    );

    /// What [`CorrectTallies`] writes, where the database is distributed: there, what is written comes from one statement and
    /// goes with another.
    struct SelectDueTallies { wrong: Rows<TallyToCorrectRow> } -> DueTallyRow
    = due_tallies!();

    struct UpsertDueTallies { due: Rows<DueTallyRow> }
    = "INSERT INTO tallies (community_id, member_points_id, day, source, liker_id, counted_since, earned)
       SELECT due.community_id, due.member_points_id, due.day, due.source, due.liker_id, due.counted_since, due.earned
       FROM :due
       ORDER BY due.community_id, due.member_points_id, due.day, due.source, due.liker_id
       ON CONFLICT (community_id, member_points_id, day, source, liker_id)
       DO UPDATE SET counted_since = excluded.counted_since, earned = excluded.earned";
}

impl From<&WrongTally> for TallyToCorrectRow {
    fn from(tally: &WrongTally) -> Self {
        let WrongTally { member, member_points_id, day, source, liker_id, counted_since, .. } = tally;
        Self {
            community_id: member.0.as_uuid(),
            member_points_id: *member_points_id,
            day: *day,
            source: source.clone(),
            liker_id: liker_id.unwrap_or_default(),
            counted_since: *counted_since,
            // What happened on a day was recorded after it began, by a clock that is not off by more than a day.
            first_entry: first_id(day.midnight().assume_utc().saturating_sub(time::Duration::DAY)),
        }
    }
}

/// The first id (UUIDv7) of a time.
fn first_id(time: OffsetDateTime) -> Uuid {
    Uuid::from_u128(u128::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default() << 80)
}

/// The caps that stand in a range of communities, by what is stored of them.
async fn standing_caps(tx: &mut PgTx, range: CommunityRange) -> Result<Rows<StandingCapRow>, StoreError> {
    let (first, last) = ends(range);
    let rules = level_configurations::table
        .filter(level_configurations::community_id.between(first, last))
        .filter(level_configurations::rules.is_not_null())
        .select((level_configurations::community_id, level_configurations::rules));
    let rows: Vec<(Uuid, Option<Value>)> = tx.load(rules).await?;
    let caps = rows.iter().flat_map(|(community_id, rules)| {
        let rules = rules.iter().filter_map(|rules| rules.get("rules")?.as_array()).flatten();
        rules.flat_map(|rule| {
            let cap = |since: &str, is_per_pair| {
                let source = rule.get("source")?.as_str()?.to_owned();
                let counted_since = i32::try_from(rule.get(since)?.get("version")?.as_i64()?).ok()?;
                Some(StandingCapRow { community_id: *community_id, source, is_per_pair, counted_since })
            };
            [cap("daily_since", false), cap("per_pair_since", true)].into_iter().flatten()
        })
    });
    Ok(caps.collect())
}

/// Tallies that are off.
pub(super) async fn wrong(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<WrongTally>, StoreError> {
    let standing = standing_caps(tx, range).await?;
    sample(tx.rows(SelectWrongTallies { standing, limit }).await?, |row| {
        let WrongTallyRow {
            community_id,
            user_id,
            member_points_id,
            day,
            source,
            liker_id,
            counted_since,
            noted,
            due,
            count,
        } = row;
        let wrong = WrongTally {
            member: super::member(community_id, user_id),
            member_points_id,
            day,
            source,
            liker_id: Some(liker_id).filter(|liker_id| !liker_id.is_nil()),
            counted_since,
            noted,
            due,
        };
        (count, wrong)
    })
}

/// Makes tallies right, of members who are locked.
pub(super) async fn correct(tx: &mut PgTx, wrong: &[WrongTally]) -> Result<(), StoreError> {
    if tx.is_distributed() {
        let due = tx.rows(SelectDueTallies { wrong: wrong.into() }).await?;
        tx.run(UpsertDueTallies { due: due.into_iter().collect() });
    } else {
        tx.run(CorrectTallies { wrong: wrong.into() });
    }
    Ok(())
}
