//! Everybody whom the directory ever had as a member has a record of points.

use diesel::sql_types::BigInt;
use gamification_app::{
    audit::{Finding, Invariant},
    ports::{CommunityRange, Sample, StoreError},
};
use uuid::Uuid;

use super::{ends, member, sample};
use crate::{
    PgTx,
    schema::community_members,
    statement::{Plain, record, statements},
};

record! {
    /// A member of the directory without a record of points.
    struct MemberWithoutPointsRow: Read {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        count: i64 => Plain<BigInt>,
    }
}

statements! {
    struct SelectMembersWithoutPoints {
        first: Uuid => community_members::community_id,
        last: Uuid => community_members::community_id,
        limit: i64 => Plain<BigInt>,
    } -> MemberWithoutPointsRow
    = "SELECT d.community_id, d.user_id, COUNT(*) OVER () AS count
       FROM community_members AS d
       WHERE d.community_id BETWEEN :first AND :last[[ AND d.community_id = :first]] AND (d.presence_change IS NOT NULL OR d.is_present)
         AND NOT EXISTS (SELECT FROM member_points AS p
                         WHERE p.community_id = d.community_id AND p.user_id = d.user_id[[
                           AND p.community_id = :first]])
       ORDER BY d.community_id, d.user_id LIMIT :limit";
}

pub(super) async fn findings(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<Finding>, StoreError> {
    let (first, last) = ends(range);
    sample(tx.rows(SelectMembersWithoutPoints { first, last, limit }).await?, |row| {
        let MemberWithoutPointsRow { community_id, user_id, count } = row;
        let (found, expected) = ("none".to_owned(), "one".to_owned());
        (count, Finding::of_member(Invariant::RecordOfPoints, member(community_id, user_id), found, expected))
    })
}
