//! An operator looks at how a member came to their points and to their level.

use std::{cmp::Ordering, fmt, sync::Arc};

use gamification_domain::{
    LevelConfiguration, LevelDefinition, LevelNumber, MemberKey, MemberStanding, Points,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{PointHistory, ReadError, get_point_history};
use crate::{
    Reader,
    ports::{HistoryEntry, HistoryOrder, HistoryRange, PageSize, Queries},
};

/// Something that happened to a member. Its text is a line for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explained {
    /// An entry of the ledger, which changed their total.
    Entry(HistoryEntry),
    /// With the entry before it, the total reached a higher level, as the community's levels are now.
    LevelUp(LevelDefinition),
}

/// Where all of it led to. Its text is for an operator.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The total and the level that are stored of the member.
    pub member: MemberStanding,
    /// The community's levels, as they are now.
    pub levels: Arc<LevelConfiguration>,
    /// The sum of the entries.
    pub ledger_total: Points,
    /// The last level that was told of; level 1 before any.
    pub replayed_level: LevelNumber,
}

/// Tells of every entry of a member's ledger, oldest first, and of the level-ups between; page by page, however many there
/// are.
///
/// The ledger keeps no levels. They are replayed: a level-up is told of where a total reaches a higher level than all
/// before it, as the community's levels are now. Levels that were reached under other thresholds show only at the end.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn explain_points(
    queries: &impl Queries,
    (community_id, user_id): MemberKey,
    tell: &mut impl FnMut(Explained),
) -> Result<Explanation, ReadError> {
    let (mut total, mut level) = (Points::ZERO, LevelNumber::MIN);
    let (order, size) = (HistoryOrder::OldestFirst, PageSize::MAX);
    let mut range = HistoryRange { after: None, order, source: None, size };
    loop {
        let history = get_point_history(queries, community_id, Reader::Service, user_id, range).await?;
        let PointHistory { levels, member, page } = history;
        for entry in page.entries {
            total = entry.total_after;
            tell(Explained::Entry(entry));
            let reached = levels.level_from(level, total);
            if reached > level {
                level = reached;
                tell(Explained::LevelUp(levels.definition(level).clone()));
            }
        }
        if page.next.is_none() {
            return Ok(Explanation { member, levels, ledger_total: total, replayed_level: level });
        }
        range.after = page.next;
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(entry) => entry.fmt(f),
            Self::LevelUp(level) => {
                write!(f, "    level {} \"{}\" from ", level.level(), level.name().as_str())?;
                write!(f, "{} points on", level.threshold())
            }
        }
    }
}

impl fmt::Display for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            change,
            source,
            source_id,
            actor_id,
            occurred_at,
            recorded_at,
            total_after,
            is_capped,
            reason,
        } = self;
        let [occurred_at, recorded_at] = [occurred_at, recorded_at].map(text);
        write!(f, "{occurred_at} {:+} = {total_after} {source} {source_id} ", change.signed())?;
        match actor_id.as_uuid().is_nil() {
            true => f.write_str("by a service")?,
            false => write!(f, "by {actor_id}")?,
        }
        write!(f, ", recorded {recorded_at} as {id}")?;
        if *is_capped {
            f.write_str(", capped")?;
        }
        reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

fn text(time: &OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { member, levels, ledger_total, replayed_level } = self;
        let MemberStanding { user_id, total_points, current_level } = member;
        let name = levels.definition(*current_level).name().as_str();
        write!(f, "{user_id} has {total_points} points and is at level {current_level} \"{name}\"")?;
        f.write_str(match replayed_level.cmp(current_level) {
            Ordering::Less => ", which was reached under other thresholds",
            Ordering::Equal => "",
            Ordering::Greater => ", and is still to be leveled up",
        })?;
        if ledger_total != total_points {
            write!(f, "\nthe entries sum up to {ledger_total} points: run gamification-server verify")?;
        }
        f.write_str(
            "\nlevel-ups are told as the community's present levels make them of these totals, a level once reached stays; \
             what a change of thresholds did is not in the ledger",
        )
    }
}
