//! The sections of a board hold everybody who is on it. (Entries are compared member by member.)

use diesel::sql_types::BigInt;
use gamification_app::{
    audit::{Finding, Invariant},
    ports::{CommunityRange, Sample, StoreError},
};
use gamification_domain::CommunityId;
use uuid::Uuid;

use super::{ends, sample};
use crate::{
    PgTx,
    schema::leaderboard_sections,
    statement::{Plain, record, statements},
};

record! {
    /// A section of a board whose number of members is off.
    struct WrongSectionRow: Read {
        community_id: Uuid => leaderboard_sections::community_id,
        board: String => leaderboard_sections::board,
        noted: i64 => leaderboard_sections::members,
        counted: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

statements! {
    /// Each section with the members from its first place to that of the next, and those who come before all sections. A
    /// board is walked in its order, sections and members together: looked up by its ends, a section in which all are equal
    /// would be read to the end of all who are.
    struct SelectWrongSections {
        first: Uuid => leaderboard_sections::community_id,
        last: Uuid => leaderboard_sections::community_id,
        limit: i64 => Plain<BigInt>,
    } -> WrongSectionRow
    = "WITH numbered AS (
           SELECT community_id, board, members, is_section,
                  COUNT(*) FILTER (WHERE is_section) OVER (
                      PARTITION BY community_id, board ORDER BY place, sort_name, user_id, is_section DESC
                      ROWS UNBOUNDED PRECEDING) AS section
           FROM (
               SELECT community_id, board::text AS board, place, sort_name, user_id, members, true AS is_section
               FROM leaderboard_sections WHERE community_id BETWEEN :first AND :last[[ AND community_id = :first]]
               UNION ALL
               SELECT e.community_id, of_entry.board, -GREATEST(of_entry.points, 0), e.sort_name, e.user_id, 0, false
               FROM leaderboard_entries AS e
               CROSS JOIN LATERAL (VALUES ('seven_day', e.seven_day), ('thirty_day', e.thirty_day),
                                          ('all_time', e.all_time)) AS of_entry (board, points)
               WHERE e.community_id BETWEEN :first AND :last[[ AND e.community_id = :first]] AND e.is_listed) AS places),
       counted AS (
           SELECT community_id, board, SUM(members)::bigint AS noted,
                  COUNT(*) FILTER (WHERE NOT is_section) AS counted
           FROM numbered GROUP BY community_id, board, section)
       SELECT community_id, board, noted, counted, COUNT(*) OVER () AS count
       FROM counted WHERE noted <> counted ORDER BY community_id, board LIMIT :limit";
}

pub(super) async fn findings(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<Finding>, StoreError> {
    let (first, last) = ends(range);
    sample(tx.rows(SelectWrongSections { first, last, limit }).await?, |row| (row.count, row.into()))
}

impl From<WrongSectionRow> for Finding {
    fn from(row: WrongSectionRow) -> Self {
        let WrongSectionRow { community_id, board, noted, counted, count: _ } = row;
        Self {
            invariant: Invariant::Leaderboard,
            community_id: CommunityId::new(community_id),
            subject: Some(format!("a section of {board}")),
            found: format!("{noted} members"),
            expected: counted.to_string(),
        }
    }
}
