//! A post or a comment is awarded once, a lesson once for each member.

use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};
use gamification_app::{
    audit::{Finding, Invariant},
    ports::{CommunityRange, Sample, StoreError},
};
use gamification_domain::{CommunityId, OncePer, PointSource};
use uuid::Uuid;

use super::{ends, sample};
use crate::{
    PgTx,
    schema::point_transactions,
    statement::{Plain, Rows, record, statements},
};

record! {
    /// How often a source is awarded, by its rule.
    struct RuleRow: Written {
        source: String => point_transactions::source,
        per_member: bool => Plain<Bool>,
    }
}

record! {
    /// An award that was made too often, or with a wrong scope.
    struct RepeatedAwardRow: Read {
        community_id: Uuid => point_transactions::community_id,
        source: String => point_transactions::source,
        source_id: Uuid => point_transactions::source_id,
        due: Uuid => Plain<SqlUuid>,
        awards: i64 => Plain<BigInt>,
        wrong_scopes: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

impl RuleRow {
    /// The rules of the sources that are awarded once.
    fn once_only() -> Rows<Self> {
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

statements! {
    /// Groups awards by the scope that the rules give them, and not by the one that is noted: an award that was noted
    /// with another scope is found, too. Until a sweep has replaced it, the id of an erased user means their pseudonym.
    struct SelectRepeatedAwards {
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
           WHERE t.community_id BETWEEN :first AND :last[[ AND t.community_id = :first]] AND (t.points > 0 OR t.requested_points IS NOT NULL))
       SELECT community_id, source, source_id, due, COUNT(*) AS awards,
              COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due) AS wrong_scopes, COUNT(*) OVER () AS count
       FROM awards GROUP BY community_id, source, source_id, due
       HAVING COUNT(*) > 1 OR COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due) > 0
       ORDER BY community_id, source, source_id, due LIMIT :limit";
}

pub(super) async fn findings(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<Finding>, StoreError> {
    let (first, last) = ends(range);
    let select = SelectRepeatedAwards { rule: RuleRow::once_only(), first, last, limit };
    sample(tx.rows(select).await?, |row| (row.count, row.into()))
}

impl From<RepeatedAwardRow> for Finding {
    fn from(row: RepeatedAwardRow) -> Self {
        let RepeatedAwardRow { community_id, source, source_id, due, awards, wrong_scopes, count: _ } = row;
        let (found, expected) = if awards > 1 {
            (format!("{awards} awards"), "1".to_owned())
        } else {
            (format!("{wrong_scopes} with another scope"), "the scope of the source's rule".to_owned())
        };
        let member = if due.is_nil() { String::new() } else { format!(" by member {due}") };
        Self {
            invariant: Invariant::OnceOnlyAward,
            community_id: CommunityId::new(community_id),
            subject: Some(format!("{source} {source_id}{member}")),
            found,
            expected,
        }
    }
}
