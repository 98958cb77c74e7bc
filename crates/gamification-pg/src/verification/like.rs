//! A like holds the points that its switch says while it stands, none otherwise.

use diesel::sql_types::BigInt;
use gamification_app::{
    audit::{Finding, Invariant},
    ports::{CommunityRange, Sample, StoreError},
};
use gamification_domain::{CommentId, CommunityId, Content, PostId};
use uuid::Uuid;

use super::{ends, sample};
use crate::{
    PgTx,
    schema::{like_switches, member_points, point_transactions},
    statement::{Plain, Rows, record, statements},
};

record! {
    /// Which source a like of one kind of content earns by while its switch stands.
    struct LikedKindRow: Written {
        source: String => point_transactions::source,
        content_kind: String => like_switches::content_kind,
    }
}

record! {
    /// A like whose points are not what its switch says.
    struct WrongLikeRow: Read {
        community_id: Uuid => point_transactions::community_id,
        source: String => point_transactions::source,
        content_id: Uuid => like_switches::content_id,
        liker_id: Uuid => like_switches::liker_id,
        author_id: Uuid => member_points::user_id,
        held: i64 => Plain<BigInt>,
        due: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

impl LikedKindRow {
    /// The rules of the sources that a switch turns on and off.
    fn all() -> Rows<Self> {
        let (post, comment) = (PostId::new(Uuid::nil()), CommentId::new(Uuid::nil()));
        let kinds = [("post", Content::Post(post)), ("comment", Content::Comment(comment))];
        let row = |(content_kind, content): (&str, Content)| {
            let source = content.liked_source().as_str().to_owned();
            Self { source, content_kind: content_kind.to_owned() }
        };
        kinds.into_iter().map(row).collect()
    }
}

statements! {
    /// Both sides in one heap: a line of the ledger is what is held, a switch that stands is what is due. Where an adjustment
    /// has taken points from the author, the point of a like may have been among them, and nothing was left to take back.
    /// Until a sweep has replaced it, the id of an erased user means their pseudonym.
    struct SelectWrongLikes {
        liked: Rows<LikedKindRow>,
        first: Uuid => point_transactions::community_id,
        last: Uuid => point_transactions::community_id,
        limit: i64 => Plain<BigInt>,
    } -> WrongLikeRow
    = "WITH liked_kinds AS (SELECT liked.source, liked.content_kind FROM :liked),
       heap AS (
           SELECT t.community_id, liked_kinds.source, t.source_id AS content_id, COALESCE(liker.pseudonym, t.actor_id) AS liker_id,
                  m.user_id AS author_id, t.points AS held, 0 AS due
           FROM liked_kinds
           JOIN point_transactions AS t USING (source)
           JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id
           LEFT JOIN erasures AS liker ON liker.community_id = t.community_id AND liker.user_id = t.actor_id
           WHERE t.community_id BETWEEN :first AND :last[[ AND t.community_id = :first]]
           UNION ALL
           SELECT s.community_id, liked_kinds.source, s.content_id, COALESCE(liker.pseudonym, s.liker_id),
                  COALESCE(author.pseudonym, s.author_id), 0, s.points
           FROM liked_kinds
           JOIN like_switches AS s USING (content_kind)
           LEFT JOIN erasures AS liker ON liker.community_id = s.community_id AND liker.user_id = s.liker_id
           LEFT JOIN erasures AS author ON author.community_id = s.community_id AND author.user_id = s.author_id
           WHERE s.community_id BETWEEN :first AND :last[[ AND s.community_id = :first]] AND s.author_id IS NOT NULL)
       SELECT community_id, source, content_id, liker_id, author_id, SUM(held)::bigint AS held,
              SUM(due)::bigint AS due, COUNT(*) OVER () AS count
       FROM heap GROUP BY community_id, source, content_id, liker_id, author_id
       HAVING SUM(held) < SUM(due) OR (SUM(held) > SUM(due) AND NOT EXISTS (
           SELECT FROM member_points AS a
           JOIN point_transactions AS t ON t.community_id = a.community_id AND t.member_points_id = a.id
           WHERE a.community_id = heap.community_id AND a.user_id = heap.author_id AND t.requested_points < 0[[
             AND a.community_id = :first AND t.community_id = :first]]))
       ORDER BY community_id, source, content_id, liker_id, author_id LIMIT :limit";
}

pub(super) async fn findings(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<Finding>, StoreError> {
    let (first, last) = ends(range);
    let select = SelectWrongLikes { liked: LikedKindRow::all(), first, last, limit };
    sample(tx.rows(select).await?, |row| (row.count, row.into()))
}

impl From<WrongLikeRow> for Finding {
    fn from(row: WrongLikeRow) -> Self {
        let WrongLikeRow { community_id, source, content_id, liker_id, author_id, held, due, count: _ } = row;
        Self {
            invariant: Invariant::Like,
            community_id: CommunityId::new(community_id),
            subject: Some(format!("{source} {content_id} by {liker_id}, points of member {author_id}")),
            found: held.to_string(),
            expected: due.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gamification_domain::{OncePer, PointSource};

    use super::*;

    #[test]
    fn likes_are_audited_for_every_source_that_a_switch_turns_on_and_off() {
        let audited: Rows<LikedKindRow> = LikedKindRow::all();
        let audited: BTreeSet<&str> = audited.as_slice().iter().map(|row| row.source.as_str()).collect();
        let switched =
            PointSource::ALL.into_iter().filter(|source| source.rule().once_per == OncePer::SwitchOn);
        assert_eq!(audited, switched.map(PointSource::as_str).collect());
    }
}
