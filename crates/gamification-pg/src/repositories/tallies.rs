//! What members have earned by the day, as far as caps go by it.

use std::collections::{BTreeMap, HashMap};

use diesel::sql_types::{BigInt, Date as SqlDate};
use gamification_app::ports::{Repository, StoreError};
use gamification_domain::{Points, Tally, TallyKey, UserId};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    PgTx,
    schema::{point_transactions, tallies},
    statement::{Plain, Rows, record, statements},
};

record! {
    /// The key of a tally, and the cap that it is for.
    struct TallyKeyRow: Written {
        community_id: Uuid => tallies::community_id,
        member_points_id: Uuid => tallies::member_points_id,
        day: Date => tallies::day,
        source: String => tallies::source,
        liker_id: Uuid => tallies::liker_id,
        counted_since: i32 => tallies::counted_since,
    }
}

record! {
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
    /// The part of a member's ledger in which days are found that began before a cap came.
    struct RangeRow: Written {
        community_id: Uuid => point_transactions::community_id,
        member_points_id: Uuid => point_transactions::member_points_id,
        first_entry: Uuid => point_transactions::id,
        last_entry: Uuid => point_transactions::id,
    }
}

record! {
    /// What a member earned by a source on a day through one user's deeds.
    struct EarnedRow: Read {
        member_points_id: Uuid => point_transactions::member_points_id,
        source: String => point_transactions::source,
        day: Date => Plain<SqlDate>,
        actor_id: Uuid => point_transactions::actor_id,
        points: i64 => Plain<BigInt>,
    }
}

statements! {
    struct SelectTallies { wanted: Rows<TallyKeyRow> } -> TallyRow
    = "SELECT kept.community_id, kept.member_points_id, kept.day, kept.source, kept.liker_id, kept.counted_since, kept.earned
       FROM :wanted
       JOIN tallies AS kept USING (community_id, member_points_id, day, source, liker_id, counted_since)[[
       WHERE kept.community_id = ANY (:wanted.communities)]]";

    /// Of each member once, however many days and likers are asked for.
    struct SelectEarned { range: Rows<RangeRow> } -> EarnedRow
    = "SELECT t.member_points_id, t.source, t.day, t.actor_id, SUM(t.points)::bigint AS points
       FROM :range
       CROSS JOIN LATERAL (
           SELECT t.member_points_id, t.source, (t.occurred_at AT TIME ZONE 'UTC')::date AS day, t.actor_id, t.points
           FROM point_transactions AS t
           WHERE t.community_id = range.community_id AND t.member_points_id = range.member_points_id
             AND t.id BETWEEN range.first_entry AND range.last_entry AND t.points > 0[[
             AND t.community_id = ANY (:range.communities)]] OFFSET 0) AS t
       GROUP BY t.member_points_id, t.source, t.day, t.actor_id";

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
pub(crate) fn stored_version(version: u32) -> i32 {
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

impl From<&Tally> for TallyKeyRow {
    fn from(tally: &Tally) -> Self {
        let TallyRow { community_id, member_points_id, day, source, liker_id, counted_since, earned: _ } =
            tally.into();
        Self { community_id, member_points_id, day, source, liker_id, counted_since }
    }
}

/// Where in a member's ledger that is found which was earned on a day before the cap came; nowhere on days that began
/// later. What happened on a day is recorded after it began.
fn entries_before_the_cap(tally: &Tally) -> Option<(Uuid, Uuid)> {
    let first = first_id_recorded(tally.key.day.midnight().assume_utc());
    let last = first_id(tally.counted_since.at.saturating_add(CLOCKS));
    (first <= last).then_some((first, last))
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
            counted_since: stored_version(counted_since.version),
            earned: earned.get(),
        }
    }
}

/// A tally's member, source and day, and its liker.
type Place = (Uuid, String, Date, Uuid);

/// What was earned, by place; the nil UUID for the sum of all likers.
fn sums(earned: Vec<EarnedRow>) -> HashMap<Place, i64> {
    let mut sums: HashMap<Place, i64> = HashMap::new();
    for EarnedRow { member_points_id, source, day, actor_id, points } in earned {
        *sums.entry((member_points_id, source.clone(), day, Uuid::nil())).or_default() += points;
        if !actor_id.is_nil() {
            *sums.entry((member_points_id, source, day, actor_id)).or_default() += points;
        }
    }
    sums
}

impl PgTx {
    /// What is not kept, as the ledger has it: only on the day on which a cap came, and before, is that anything.
    async fn add_up(&mut self, missing: &[Tally]) -> Result<Vec<Tally>, StoreError> {
        let mut ranges: BTreeMap<(Uuid, Uuid), (Uuid, Uuid)> = BTreeMap::new();
        for tally in missing {
            if let Some((first, last)) = entries_before_the_cap(tally) {
                let member = (tally.key.member.0.as_uuid(), tally.member_points_id.as_uuid());
                let range = ranges.entry(member).or_insert((first, last));
                *range = (range.0.min(first), range.1.max(last));
            }
        }
        let range = |((community_id, member_points_id), (first_entry, last_entry))| RangeRow {
            community_id,
            member_points_id,
            first_entry,
            last_entry,
        };
        let sums = sums(self.rows(SelectEarned { range: ranges.into_iter().map(range).collect() }).await?);
        let earned = |tally: &Tally| {
            let row = TallyRow::from(tally);
            let sum = sums.get(&(row.member_points_id, row.source, row.day, row.liker_id));
            Tally { earned: Points::nearest(sum.copied().unwrap_or_default()), ..tally.clone() }
        };
        Ok(missing.iter().map(earned).collect())
    }
}

impl Repository<Tally> for PgTx {
    /// The members' points are locked, and with them these.
    async fn lock(&mut self, wanted: &[Tally], _: OffsetDateTime) -> Result<Vec<Tally>, StoreError> {
        let kept = self.rows(SelectTallies { wanted: wanted.into() }).await?;
        let place = |row: TallyRow| (row.member_points_id, row.source, row.day, row.liker_id);
        let kept: HashMap<Place, i32> = kept
            .into_iter()
            .map(|row| {
                let earned = row.earned;
                (place(row), earned)
            })
            .collect();
        let (mut found, mut missing) = (Vec::with_capacity(wanted.len()), Vec::new());
        for tally in wanted {
            match kept.get(&place(tally.into())) {
                Some(earned) => {
                    found.push(Tally { earned: Points::nearest(i64::from(*earned)), ..tally.clone() });
                }
                None => missing.push(tally.clone()),
            }
        }
        let added_up = self.add_up(&missing).await?;
        // It is kept, whatever is decided: nobody adds it up again.
        let new = added_up.iter().filter(|tally| tally.earned > Points::ZERO).collect();
        self.run(UpsertTallies { changed: new });
        found.extend(added_up);
        Ok(found)
    }

    async fn save(&mut self, changed: &[Tally], _: OffsetDateTime) -> Result<(), StoreError> {
        self.run(UpsertTallies { changed: changed.into() });
        Ok(())
    }
}
