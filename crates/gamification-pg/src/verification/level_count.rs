//! The number noted for a level is that of the present members at it.

use diesel::sql_types::BigInt;
use gamification_app::ports::{CommunityRange, Sample, StoreError, WrongLevelCount};
use gamification_domain::CommunityId;
use uuid::Uuid;

use super::{ends, sample};
use crate::{
    PgTx,
    schema::{level_counts, member_points},
    statement::{Plain, record, statements},
};

record! {
    /// A count of present members that is off.
    struct WrongLevelCountRow: Read {
        community_id: Uuid => level_counts::community_id,
        level: i16 => level_counts::level,
        noted: i64 => Plain<BigInt>,
        counted: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

statements! {
    struct SelectWrongLevelCounts {
        first: Uuid => member_points::community_id,
        last: Uuid => member_points::community_id,
        limit: i64 => Plain<BigInt>,
    } -> WrongLevelCountRow
    = "WITH both_counts AS (
           SELECT community_id, current_level AS level, 0 AS noted, COUNT(*) AS counted
           FROM member_points
           WHERE community_id BETWEEN :first AND :last[[ AND community_id = :first]] AND is_present GROUP BY community_id, current_level
           UNION ALL
           SELECT community_id, level, members, 0 FROM level_counts WHERE community_id BETWEEN :first AND :last[[ AND community_id = :first]])
       SELECT community_id, level, SUM(noted)::bigint AS noted, SUM(counted)::bigint AS counted,
              COUNT(*) OVER () AS count
       FROM both_counts GROUP BY community_id, level HAVING SUM(noted) <> SUM(counted)
       ORDER BY community_id, level LIMIT :limit";
}

/// Counts that are off.
pub(super) async fn wrong(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<WrongLevelCount>, StoreError> {
    let (first, last) = ends(range);
    sample(tx.rows(SelectWrongLevelCounts { first, last, limit }).await?, |row| {
        let WrongLevelCountRow { community_id, level, noted, counted, count } = row;
        (count, WrongLevelCount { community_id: CommunityId::new(community_id), level, noted, counted })
    })
}
