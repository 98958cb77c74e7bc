//! Reads of the ledger: how members came to their points, entry by entry.

use std::future::Future;

use gamification_domain::{
    Adjustment, AdjustmentId, AdjustmentReason, CommunityId, MemberStanding, PointChange, PointSource,
    PointTransactionId, Points, SourceId, UserId,
};
use time::OffsetDateTime;

use super::{CommunityView, PageSize};
use crate::{Reader, ports::StoreError};

/// Which part of a member's history is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRange {
    /// Where it begins; with the first entry of the order when `None`.
    pub after: Option<HistoryPosition>,
    /// In which order entries follow from there.
    pub order: HistoryOrder,
    /// Only entries for this source; for all sources when `None`.
    pub source: Option<PointSource>,
    /// How many entries it has at most.
    pub size: PageSize,
}

/// Which entries of a member's history come first. The order is that of their ids, in which they were recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryOrder {
    /// The last that was recorded.
    NewestFirst,
    /// The first that was recorded.
    OldestFirst,
}

/// A place between two entries of a member's history. Sums go on from it, so that what is before it is not read again,
/// and what is recorded meanwhile does not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPosition {
    /// The entry that the place is behind, in the order that is read.
    pub entry: PointTransactionId,
    /// The sum of all entries that are older than the place. One that clients kept must fit an `i32`, as totals do: so
    /// sums never leave the range of their type.
    pub total: i64,
}

/// A member, and a part of their history.
#[derive(Clone, Debug)]
pub struct MemberHistory {
    /// The member's points at the moment of the read, and their level as it was last judged.
    pub member: MemberStanding,
    /// The part that was asked for; `None` when it was to begin behind an entry that is not the member's.
    pub page: Option<HistoryPage>,
}

/// A part of a member's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// The entries, in the order that was asked for. Where a source was asked for, they may be fewer than fit, or none,
    /// although others follow: only so many are looked at for one page.
    pub entries: Vec<HistoryEntry>,
    /// Where the next part begins; `None` when there is none.
    pub next: Option<HistoryPosition>,
}

/// An entry of the ledger, and what it made of the member's total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The id of the entry, by which histories are ordered.
    pub id: PointTransactionId,
    /// By how much the total changed.
    pub change: PointChange,
    /// What the points are for.
    pub source: PointSource,
    /// The post, comment, lesson or adjustment.
    pub source_id: SourceId,
    /// The author, the liker, the member who completed the lesson, or who adjusted the points; the nil UUID where a
    /// service did that names no user.
    pub actor_id: UserId,
    /// When it happened; never after `recorded_at`.
    pub occurred_at: OffsetDateTime,
    /// When it was recorded, by the clock of the process.
    pub recorded_at: OffsetDateTime,
    /// The sum of the entries up to this one.
    pub total_after: Points,
    /// Whether a cap of the community's rules left less of it than it is worth.
    pub is_capped: bool,
    /// Why, where a person adjusted the points.
    pub reason: Option<AdjustmentReason>,
}

/// An adjustment that is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentEntry {
    /// The points and the reason that were asked for.
    pub adjustment: Adjustment,
    /// Its entry in the ledger, which may be of fewer points.
    pub entry: HistoryEntry,
}

/// Reads of the entries of one member, in order.
pub trait PointHistoryQueries: Send + Sync + 'static {
    /// A part of a member's history, with their total and their level at the same moment; what is asked for is `None`
    /// for a user whom the community never had, and all of it when the community is not known.
    ///
    /// It costs the same wherever in the history it is.
    fn point_history(
        &self,
        community_id: CommunityId,
        reader: Reader,
        user_id: UserId,
        range: HistoryRange,
    ) -> impl Future<Output = Result<Option<CommunityView<Option<MemberHistory>>>, StoreError>> + Send;
}

/// Reads of adjustments by their ids.
pub trait AdjustmentQueries: Send + Sync + 'static {
    /// An adjustment; `None` when there is none of the id.
    fn adjustment(
        &self,
        community_id: CommunityId,
        adjustment_id: AdjustmentId,
    ) -> impl Future<Output = Result<Option<AdjustmentEntry>, StoreError>> + Send;
}
