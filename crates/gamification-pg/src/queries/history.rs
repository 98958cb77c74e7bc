//! Members' histories: ledgers, page by page.
//!
//! A page is one range of the index `point_transactions_of_member`, and as long wherever in the ledger it begins: the total
//! at its beginning comes with its position, and the totals after its entries are sums over the range. So entries that
//! are looked at and not shown count in the sums, too.

use diesel::sql_types::{BigInt, Bool};
use gamification_app::{
    Reader,
    ports::{
        AdjustmentEntry, AdjustmentQueries, BesideOwn, CommunityView, HistoryEntry, HistoryOrder,
        HistoryPage, HistoryPosition, HistoryRange, MemberHistory, PointHistoryQueries, StoreError,
    },
};
use gamification_domain::{
    Adjustment, AdjustmentId, AdjustmentReason, CommunityId, PointChange, PointSource, PointTransactionId,
    Points, SourceId, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommunityViewRow, community_view};
use crate::{
    PgStore,
    error::{corrupt, misread},
    known_levels::{KnownLevels, levels_unless_known},
    repositories::standing,
    schema::{level_configurations, member_points, point_transactions},
    statement::{Nested, NotNull, OrNull, Plain, Records, record, statements},
};

/// How many entries are looked at for a page that shows those of one source only: ten pages, so that what is rare is
/// found in few requests, and each takes milliseconds.
const LOOKED_AT: i64 = 1_000;

record! {
    /// A member whom the community has or had.
    struct MemberRow: Read {
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
        is_position_known: bool => Plain<Bool>,
    }
}

record! {
    /// An entry of the ledger, with its place among those that were looked at. The last of them is there whatever it is for:
    /// the next page begins behind it.
    struct EntryRow: Read {
        place: i64 => Plain<BigInt>,
        id: Uuid => point_transactions::id,
        points: i32 => point_transactions::points,
        source: String => point_transactions::source,
        source_id: Uuid => point_transactions::source_id,
        actor_id: Uuid => point_transactions::actor_id,
        occurred_at: OffsetDateTime => point_transactions::occurred_at,
        created_at: OffsetDateTime => point_transactions::created_at,
        total_after: i64 => Plain<BigInt>,
        reason: Option<String> => point_transactions::reason,
        worth: Option<i32> => point_transactions::requested_points,
    }
}

record! {
    /// An adjustment, and its entry.
    struct AdjustmentRow: Read {
        requested_points: i32 => NotNull<point_transactions::requested_points>,
        entry: EntryRow => Nested<EntryRow>,
    }
}

/// A member, and a range of their ledger behind an entry: where it `$begins`, in which `$direction` it goes, and what a
/// total is that follows from the sum of the range `seen`.
///
/// A present member was in the community; only of others the directory is asked whether they ever were.
macro_rules! history {
    ($begins:literal, $direction:literal, $total_after:literal) => {
        community_view!(
            "SELECT m.total_points, m.current_level,
                    EXISTS (SELECT FROM point_transactions AS e
                            WHERE e.community_id = :community_id AND e.id = [[COALESCE(]]:after[[, '00000000-0000-0000-0000-000000000000'::uuid)]] AND e.member_points_id = m.id)
                    OR :after IS NULL AS is_position_known
             FROM member_points AS m
             WHERE m.community_id = :community_id AND m.user_id = :user_id
               AND (m.is_present OR EXISTS (
                   SELECT FROM community_members AS d
                   WHERE d.community_id = m.community_id AND d.user_id = m.user_id AND d.presence_change IS NOT NULL[[
                     AND d.community_id = :community_id]]))",
            concat!(
                "SELECT seen.place, seen.id, seen.points, seen.source, seen.source_id, seen.actor_id, seen.occurred_at,
                        seen.created_at, ", $total_after, " AS total_after, seen.reason,
                        seen.requested_points AS worth
                 FROM member_points AS m
                 CROSS JOIN LATERAL (
                     SELECT looked_at.*, ROW_NUMBER() OVER so_far AS place, SUM(looked_at.points) OVER so_far AS sum
                     FROM (SELECT t.id, t.points, t.source, t.source_id, t.actor_id, t.occurred_at, t.created_at,
                                  t.reason, t.requested_points
                           FROM point_transactions AS t
                           WHERE t.community_id = :community_id AND t.member_points_id = m.id AND t.id ", $begins, "
                           ORDER BY t.id ", $direction, " LIMIT :looked_at) AS looked_at
                     WINDOW so_far AS (ORDER BY looked_at.id ", $direction, " ROWS UNBOUNDED PRECEDING)) AS seen
                 WHERE m.community_id = :community_id AND m.user_id = :user_id
                   AND (seen.source = :source OR :source IS NULL OR seen.place = :looked_at)
                 ORDER BY seen.id ", $direction, " LIMIT :shown"
            )
        )
    };
}

statements! {
    struct SelectNewestFirst {
        community_id: Uuid => point_transactions::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        user_id: Uuid => member_points::user_id,
        after: Option<Uuid> => OrNull<point_transactions::id>,
        total: Option<i64> => OrNull<Plain<BigInt>>,
        source: Option<String> => OrNull<point_transactions::source>,
        looked_at: i64 => Plain<BigInt>,
        shown: i64 => Plain<BigInt>,
    } -> (CommunityViewRow, Records<MemberRow>, Records<EntryRow>)
    = history!(
        "< COALESCE(:after, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)",
        "DESC",
        "COALESCE(:total, m.total_points::bigint) - seen.sum + seen.points"
    );

    struct SelectOldestFirst {
        community_id: Uuid => point_transactions::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        user_id: Uuid => member_points::user_id,
        after: Option<Uuid> => OrNull<point_transactions::id>,
        total: Option<i64> => OrNull<Plain<BigInt>>,
        source: Option<String> => OrNull<point_transactions::source>,
        looked_at: i64 => Plain<BigInt>,
        shown: i64 => Plain<BigInt>,
    } -> (CommunityViewRow, Records<MemberRow>, Records<EntryRow>)
    = history!(
        "> COALESCE(:after, '00000000-0000-0000-0000-000000000000'::uuid)",
        "ASC",
        "COALESCE(:total, 0::bigint) + seen.sum"
    );

    /// By the key that keeps it from being made twice; what came after it is taken from the total.
    struct SelectAdjustment {
        community_id: Uuid => point_transactions::community_id,
        source: String => point_transactions::source,
        source_id: Uuid => point_transactions::source_id,
    } -> AdjustmentRow
    = "SELECT t.requested_points, 1::bigint AS place, t.id, t.points, t.source, t.source_id, t.actor_id, t.occurred_at,
              t.created_at, m.total_points - (
                  SELECT COALESCE(SUM(later.points), 0) FROM point_transactions AS later
                  WHERE later.community_id = :community_id AND later.member_points_id = t.member_points_id
                    AND later.id > t.id)::bigint AS total_after, t.reason, t.requested_points AS worth
       FROM point_transactions AS t
       JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id
       WHERE t.community_id = :community_id AND t.source = :source AND t.source_id = :source_id
         AND t.once_per IS NOT NULL AND t.requested_points IS NOT NULL[[ AND m.community_id = :community_id]]";
}

impl AdjustmentRow {
    fn in_community(self, community_id: Uuid) -> Result<AdjustmentEntry, StoreError> {
        let Self { requested_points, entry } = self;
        let key = [community_id, entry.id];
        let entry = entry.in_community(community_id)?;
        let reason = entry.reason.clone().ok_or_else(|| corrupt("an adjustment without a reason"))?;
        let adjustment = Adjustment::new(i64::from(requested_points), reason)
            .map_err(misread!(point_transactions::requested_points, key))?;
        Ok(AdjustmentEntry { adjustment, entry })
    }
}

impl AdjustmentQueries for PgStore {
    async fn adjustment(
        &self,
        community_id: CommunityId,
        adjustment_id: AdjustmentId,
    ) -> Result<Option<AdjustmentEntry>, StoreError> {
        let (community_id, source_id) = (community_id.as_uuid(), adjustment_id.as_uuid());
        let source = PointSource::ManualAdjustment.as_str().to_owned();
        let found = self.row(SelectAdjustment { community_id, source, source_id }).await?;
        found.map(|row| row.in_community(community_id)).transpose()
    }
}

impl EntryRow {
    /// The place behind this entry in an order, for the next page to begin at.
    fn position(&self, order: HistoryOrder) -> HistoryPosition {
        let total = match order {
            HistoryOrder::NewestFirst => self.total_after - i64::from(self.points),
            HistoryOrder::OldestFirst => self.total_after,
        };
        HistoryPosition { entry: PointTransactionId::new(self.id), total }
    }

    fn in_community(self, community_id: Uuid) -> Result<HistoryEntry, StoreError> {
        let Self {
            place: _,
            id,
            points,
            source,
            source_id,
            actor_id,
            occurred_at,
            created_at,
            total_after,
            reason,
            worth,
        } = self;
        let key = [community_id, id];
        Ok(HistoryEntry {
            id: PointTransactionId::new(id),
            change: PointChange::from_signed(points).map_err(misread!(point_transactions::points, key))?,
            source: source.parse().map_err(misread!(point_transactions::source, key))?,
            source_id: SourceId::new(source_id),
            actor_id: UserId::new(actor_id),
            occurred_at,
            recorded_at: created_at,
            // Servers whose clocks differ may give ids in another order than that of their commits: a like may then be
            // taken back before it was made.
            total_after: Points::nearest(total_after),
            // An adjustment has a reason, an award has none.
            is_capped: reason.is_none() && worth.is_some_and(|worth| worth > points),
            reason: reason
                .map(|reason| AdjustmentReason::parse(&reason))
                .transpose()
                .map_err(misread!(point_transactions::reason, key))?,
        })
    }
}

/// What is shown of the entries that were found, and where the next page begins.
fn page(
    community_id: Uuid,
    found: Vec<EntryRow>,
    HistoryRange { after: _, order, source, size }: HistoryRange,
    looked_at: i64,
) -> Result<HistoryPage, StoreError> {
    let size = usize::from(size.get());
    // One more than fit was asked for.
    let last = match found.get(size) {
        Some(_) => found.iter().take(size).next_back(),
        None => found.last().filter(|entry| entry.place == looked_at),
    };
    let next = last.map(|entry| entry.position(order));
    let is_wanted = |entry: &EntryRow| source.is_none_or(|source| entry.source == source.as_str());
    let entries = found.into_iter().take(size).filter(is_wanted);
    let entries: Result<_, StoreError> = entries.map(|entry| entry.in_community(community_id)).collect();
    Ok(HistoryPage { entries: entries?, next })
}

impl PointHistoryQueries for PgStore {
    async fn point_history(
        &self,
        community_id: CommunityId,
        reader: Reader,
        user_id: UserId,
        range: HistoryRange,
    ) -> Result<Option<CommunityView<Option<MemberHistory>>>, StoreError> {
        let read = |store| Self::select_history(store, community_id, reader, user_id, range);
        // Neither the member nor the entry that a page begins behind need be known there yet.
        let is_found =
            |found: &Option<MemberHistory>| found.as_ref().is_some_and(|history| history.page.is_some());
        self.read_nearby(reader, read, is_found).await
    }
}

impl PgStore {
    async fn select_history(
        &self,
        community_id: CommunityId,
        reader: Reader,
        user_id: UserId,
        range: HistoryRange,
    ) -> Result<Option<CommunityView<Option<MemberHistory>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let caller_id = reader.user_id().map(UserId::as_uuid);
        let (community_id, user_id) = (community_id.as_uuid(), user_id.as_uuid());
        let after = range.after.map(|HistoryPosition { entry, total }| (entry.as_uuid(), total));
        let (after, total) = after.unzip();
        let shown = i64::from(range.size.get()) + 1;
        let looked_at = if range.source.is_some() { LOOKED_AT } else { shown };
        let source = range.source.map(|source| source.as_str().to_owned());
        // Both ask the same.
        macro_rules! select {
            ($statement:ident) => {
                $statement {
                    community_id,
                    caller_id,
                    known_version,
                    known_at,
                    user_id,
                    after,
                    total,
                    source,
                    looked_at,
                    shown,
                }
            };
        }
        let row = match range.order {
            HistoryOrder::NewestFirst => self.row(select!(SelectNewestFirst)).await?,
            HistoryOrder::OldestFirst => self.row(select!(SelectOldestFirst)).await?,
        };
        let Some((view, members, found)) = row else { return Ok(None) };
        let page = page(community_id, found.into_iter().collect(), range, looked_at)?;
        let member = members.into_iter().next().map(|member| {
            let MemberRow { total_points, current_level, is_position_known } = member;
            let key = [community_id, user_id];
            let member = standing(UserId::new(user_id), (total_points, current_level), &key)?;
            Ok::<_, StoreError>(MemberHistory { member, page: is_position_known.then_some(page) })
        });
        let view = self.view(view, caller_id, known, member.transpose()?)?;
        let CommunityView { membership, levels, asked: BesideOwn { own: _, asked } } = view;
        Ok(Some(CommunityView { membership, levels, asked }))
    }
}
