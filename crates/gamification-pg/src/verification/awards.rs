//! What audits read of awards: how often each was made, and what likes hold.

use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};
use gamification_domain::{CommentId, Content, OncePer, PointSource, PostId};
use uuid::Uuid;

use crate::{
    schema::{like_switches, member_points, point_transactions},
    statement::{Plain, Rows, record, statements},
};

record! {
    /// How often a source is awarded, by its rule.
    pub(super) struct RuleRow: Written {
        source: String => point_transactions::source,
        per_member: bool => Plain<Bool>,
    }
}

record! {
    /// Which source a like of one kind of content earns by while its switch stands.
    pub(super) struct LikedKindRow: Written {
        source: String => point_transactions::source,
        content_kind: String => like_switches::content_kind,
    }
}

record! {
    /// An award that was made too often, or with a wrong scope.
    pub(super) struct RepeatedAwardRow: Read {
        community_id: Uuid => point_transactions::community_id,
        source: String => point_transactions::source,
        source_id: Uuid => point_transactions::source_id,
        due: Uuid => Plain<SqlUuid>,
        awards: i64 => Plain<BigInt>,
        wrong_scopes: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// A like whose points are not what its switch says.
    pub(super) struct WrongLikeRow: Read {
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

impl RuleRow {
    /// The rules of the sources that are awarded once.
    pub(super) fn once_only() -> Rows<Self> {
        let rule = |source: PointSource| {
            let per_member = match source.rule().once_per {
                OncePer::Content => false,
                OncePer::Member => true,
                OncePer::SwitchOn => return None,
            };
            Some(Self { source: source.as_str().to_owned(), per_member })
        };
        PointSource::ALL.into_iter().filter_map(rule).collect()
    }
}

impl LikedKindRow {
    /// The rules of the sources that a switch turns on and off.
    pub(super) fn all() -> Rows<Self> {
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
    /// Groups awards by the scope that the rules give them, and not by the one that is noted: an award that was noted
    /// with another scope is found, too. Until a sweep has replaced it, the id of an erased user means their pseudonym.
    pub(super) struct SelectRepeatedAwards {
        rule: Rows<RuleRow>,
        first: Uuid => point_transactions::community_id,
        last: Uuid => point_transactions::community_id,
        limit: i64 => Plain<BigInt>,
    } -> RepeatedAwardRow
    = "WITH awards AS (
           SELECT t.community_id, t.source, t.source_id, COALESCE(erased.pseudonym, t.once_per) AS noted,
                  CASE WHEN rule.per_member THEN m.user_id ELSE '00000000-0000-0000-0000-000000000000'::uuid END AS due
           FROM :rule
           JOIN point_transactions AS t USING (source)
           JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id
           LEFT JOIN erasures AS erased ON erased.community_id = t.community_id AND erased.user_id = t.once_per
           WHERE t.community_id BETWEEN :first AND :last AND (t.points > 0 OR t.requested_points IS NOT NULL))
       SELECT community_id, source, source_id, due, COUNT(*) AS awards,
              COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due) AS wrong_scopes, COUNT(*) OVER () AS count
       FROM awards GROUP BY community_id, source, source_id, due
       HAVING COUNT(*) > 1 OR COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due) > 0
       ORDER BY community_id, source, source_id, due LIMIT :limit";

    /// Both sides in one heap: a line of the ledger is what is held, a switch that stands is what is due. Where an adjustment
    /// has taken points from the author, the point of a like may have been among them, and nothing was left to take back.
    /// Until a sweep has replaced it, the id of an erased user means their pseudonym.
    pub(super) struct SelectWrongLikes {
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
           WHERE t.community_id BETWEEN :first AND :last
           UNION ALL
           SELECT s.community_id, liked_kinds.source, s.content_id, COALESCE(liker.pseudonym, s.liker_id),
                  COALESCE(author.pseudonym, s.author_id), 0, s.points
           FROM liked_kinds
           JOIN like_switches AS s USING (content_kind)
           LEFT JOIN erasures AS liker ON liker.community_id = s.community_id AND liker.user_id = s.liker_id
           LEFT JOIN erasures AS author ON author.community_id = s.community_id AND author.user_id = s.author_id
           WHERE s.community_id BETWEEN :first AND :last AND s.author_id IS NOT NULL)
       SELECT community_id, source, content_id, liker_id, author_id, SUM(held)::bigint AS held,
              SUM(due)::bigint AS due, COUNT(*) OVER () AS count
       FROM heap GROUP BY community_id, source, content_id, liker_id, author_id
       HAVING SUM(held) < SUM(due) OR (SUM(held) > SUM(due) AND NOT EXISTS (
           SELECT FROM member_points AS a
           JOIN point_transactions AS t ON t.community_id = a.community_id AND t.member_points_id = a.id
           WHERE a.community_id = heap.community_id AND a.user_id = heap.author_id AND t.requested_points < 0))
       ORDER BY community_id, source, content_id, liker_id, author_id LIMIT :limit";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
