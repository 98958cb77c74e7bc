//! What members have earned by the day, as far as caps go by it.

use std::collections::HashMap;

use diesel::sql_types::{Bool, Timestamptz, Uuid as SqlUuid};
use gamification_app::ports::{Repository, StoreError};
use gamification_domain::{Points, Tally, TallyKey, UserId};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    PgTx,
    schema::tallies,
    statement::{Nested, Plain, Rows, record, statements},
};

record! {
    /// A tally that is asked for, and where in the ledger it is found when it is not kept.
    struct WantedTallyRow: Written {
        community_id: Uuid => tallies::community_id,
        member_points_id: Uuid => tallies::member_points_id,
        day: Date => tallies::day,
        source: String => tallies::source,
        liker_id: Uuid => tallies::liker_id,
        counted_since: i32 => tallies::counted_since,
        first_entry: Uuid => Plain<SqlUuid>,
        last_entry: Uuid => Plain<SqlUuid>,
        begins: OffsetDateTime => Plain<Timestamptz>,
        ends: OffsetDateTime => Plain<Timestamptz>,
    }
}

record! {
    /// A tally.
    struct TallyRow: Read & Written {
        community_id: Uuid => tallies::community_id,
        member_points_id: Uuid => tallies::member_points_id,
        day: Date => tallies::day,
        source: String => tallies::source,
        liker_id: Uuid => tallies::liker_id,
        counted_since: i32 => tallies::counted_since,
        earned: i32 => tallies::earned,
    }
}

record! {
    /// What a tally is at, and whether it is kept.
    struct FoundTallyRow: Read {
        tally: TallyRow => Nested<TallyRow>,
        is_kept: bool => Plain<Bool>,
    }
}

statements! {
    /// What is not kept is added up from the ledger: of each member, from the entries that were recorded since the first of
    /// such days began and before the cap came, once for all that is asked. On days that began after the cap there are none.
    struct SelectTallies { wanted: Rows<WantedTallyRow> } -> FoundTallyRow
    = "WITH asked AS MATERIALIZED (
           SELECT wanted.community_id, wanted.member_points_id, wanted.day, wanted.source, wanted.liker_id,
                  wanted.counted_since, wanted.first_entry, wanted.last_entry, wanted.begins, wanted.ends, kept.earned
           FROM :wanted
           LEFT JOIN tallies AS kept USING (community_id, member_points_id, day, source, liker_id, counted_since)),
       ranges AS MATERIALIZED (
           SELECT community_id, member_points_id, MIN(first_entry::text)::uuid AS first_entry,
                  MAX(last_entry::text)::uuid AS last_entry, MIN(begins) AS begins, MAX(ends) AS ends
           FROM asked
           WHERE earned IS NULL AND first_entry <= last_entry
           GROUP BY community_id, member_points_id),
       found AS MATERIALIZED (
           SELECT t.community_id, t.member_points_id, t.source, (t.occurred_at AT TIME ZONE 'UTC')::date AS day, t.actor_id,
                  SUM(t.points) AS points
           FROM ranges
           CROSS JOIN LATERAL (
               SELECT t.community_id, t.member_points_id, t.source, t.occurred_at, t.actor_id, t.points
               FROM point_transactions AS t
               WHERE t.community_id = ranges.community_id AND t.member_points_id = ranges.member_points_id
                 AND t.id BETWEEN ranges.first_entry AND ranges.last_entry AND t.points > 0
                 AND t.occurred_at >= ranges.begins AND t.occurred_at < ranges.ends OFFSET 0) AS t
           GROUP BY t.community_id, t.member_points_id, t.source, day, t.actor_id),
       sums AS MATERIALIZED (
           SELECT community_id, member_points_id, source, day, SUM(points) AS points,
                  COALESCE(actor_id, '00000000-0000-0000-0000-000000000000'::uuid) AS liker_id
           FROM found
           GROUP BY GROUPING SETS (
               (community_id, member_points_id, source, day), (community_id, member_points_id, source, day, actor_id)))
       SELECT asked.community_id, asked.member_points_id, asked.day, asked.source, asked.liker_id, asked.counted_since,
              COALESCE(asked.earned, LEAST(COALESCE(MAX(sums.points), 0), 2147483647))::integer AS earned,
              asked.earned IS NOT NULL AS is_kept
       FROM asked
       LEFT JOIN sums ON asked.earned IS NULL
           AND (sums.community_id, sums.member_points_id, sums.source, sums.day, sums.liker_id)
             = (asked.community_id, asked.member_points_id, asked.source, asked.day, asked.liker_id)
       GROUP BY asked.community_id, asked.member_points_id, asked.day, asked.source, asked.liker_id, asked.counted_since,
                asked.earned";

    struct UpsertTallies { changed: Rows<TallyRow> }
    = "INSERT INTO tallies (community_id, member_points_id, day, source, liker_id, counted_since, earned)
       SELECT changed.community_id, changed.member_points_id, changed.day, changed.source, changed.liker_id,
              changed.counted_since, changed.earned
       FROM :changed
       ORDER BY changed.community_id, changed.member_points_id, changed.day, changed.source, changed.liker_id
       ON CONFLICT (community_id, member_points_id, day, source, liker_id)
       DO UPDATE SET counted_since = excluded.counted_since, earned = excluded.earned";
}

/// Entries have ids by the clock of the server that recorded them: so far two clocks, or one before and after it was
/// set, may be apart.
const CLOCKS: Duration = Duration::hours(1);

/// How the column `liker_id` says whose likes are counted.
fn liker_id(liker_id: Option<UserId>) -> Uuid {
    liker_id.map_or(Uuid::nil(), UserId::as_uuid)
}

/// As the column has it: versions are counted from 1, and never come near its end.
fn version(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

/// The first id (UUIDv7) that an entry can have that was recorded at a time or later.
pub(crate) fn first_id_recorded(time: OffsetDateTime) -> Uuid {
    first_id(time.saturating_sub(CLOCKS))
}

/// The first id of a time, by one clock.
fn first_id(time: OffsetDateTime) -> Uuid {
    let milliseconds = u128::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

impl From<&Tally> for WantedTallyRow {
    fn from(tally: &Tally) -> Self {
        let TallyRow { community_id, member_points_id, day, source, liker_id, counted_since, earned: _ } =
            tally.into();
        let begins = day.midnight().assume_utc();
        Self {
            community_id,
            member_points_id,
            day,
            source,
            liker_id,
            counted_since,
            // What happened on a day is recorded after it began. On a day that began after the cap came, all is counted.
            first_entry: first_id_recorded(begins),
            last_entry: first_id(tally.counted_since.at.saturating_add(CLOCKS)),
            begins,
            ends: begins.saturating_add(Duration::DAY),
        }
    }
}

impl From<&Tally> for TallyRow {
    fn from(Tally { key, member_points_id, counted_since, earned }: &Tally) -> Self {
        let TallyKey { member: (community_id, _), source, day, liker_id: liker } = key;
        Self {
            community_id: community_id.as_uuid(),
            member_points_id: member_points_id.as_uuid(),
            day: *day,
            source: source.as_str().to_owned(),
            liker_id: liker_id(*liker),
            counted_since: version(counted_since.version),
            earned: earned.get(),
        }
    }
}

impl Repository<Tally> for PgTx {
    /// The members' points are locked, and with them these.
    async fn lock(&mut self, wanted: &[Tally], _: OffsetDateTime) -> Result<Vec<Tally>, StoreError> {
        let found = self.rows(SelectTallies { wanted: wanted.into() }).await?;
        let key = |row: &TallyRow| (row.member_points_id, row.day, row.source.clone(), row.liker_id);
        let earned: HashMap<_, i32> = found.iter().map(|row| (key(&row.tally), row.tally.earned)).collect();
        // What was added up is kept, whatever is decided: nobody adds it up again.
        let added_up = found.into_iter().filter(|row| !row.is_kept && row.tally.earned > 0);
        self.run(UpsertTallies { changed: added_up.map(|row| row.tally).collect() });
        let now = |wanted: &Tally| {
            let earned = earned.get(&key(&wanted.into())).copied().unwrap_or_default();
            Tally { earned: Points::nearest(i64::from(earned)), ..wanted.clone() }
        };
        Ok(wanted.iter().map(now).collect())
    }

    async fn save(&mut self, changed: &[Tally], _: OffsetDateTime) -> Result<(), StoreError> {
        self.run(UpsertTallies { changed: changed.into() });
        Ok(())
    }
}
