//! Outgoing events follow from one another, and the newest says where the member is.

use diesel::sql_types::{BigInt, Text};
use gamification_app::{
    audit::{Finding, Invariant},
    ports::{CommunityRange, Sample, StoreError},
};
use uuid::Uuid;

use super::{ends, member, members::MemberKeyRow, sample};
use crate::{
    PgTx,
    schema::outbox,
    statement::{OrNull, Plain, Rows, record, statements},
};

record! {
    /// An event that contradicts another, or the member it is about.
    struct BrokenEventRow: Read {
        community_id: Uuid => outbox::community_id,
        member_id: Uuid => outbox::member_id,
        sequence: i64 => outbox::sequence,
        event_type: String => outbox::event_type,
        before: Option<String> => OrNull<Plain<Text>>,
        after: Option<String> => OrNull<Plain<Text>>,
        previous: Option<String> => OrNull<Plain<Text>>,
        now: Option<String> => OrNull<Plain<Text>>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// The level that a member was last announced to be at.
    pub(super) struct AnnouncedLevelRow: Read {
        community_id: Uuid => outbox::community_id,
        member_id: Uuid => outbox::member_id,
        level: i64 => Plain<BigInt>,
    }
}

/// A number in an event's payload, whatever else may stand there.
macro_rules! payload_number {
    ($field:literal) => {
        concat!(
            "CASE WHEN jsonb_typeof(payload -> '",
            $field,
            "') = 'number' THEN (payload ->> '",
            $field,
            "')::numeric END"
        )
    };
}

statements! {
    /// Totals and levels are two chains for each member; each event says where it comes from and where it leads. Payloads
    /// are taken apart once, before they are sorted, and only the newest event of a chain asks for its member. Until a sweep
    /// has replaced it, the id of an erased user means their pseudonym.
    struct SelectBrokenEvents {
        first: Uuid => outbox::community_id,
        last: Uuid => outbox::community_id,
        limit: i64 => Plain<BigInt>,
    } -> BrokenEventRow
    = concat!(
        "WITH numbers AS MATERIALIZED (
             SELECT outbox.community_id, COALESCE(erased.pseudonym, outbox.member_id) AS member_id, sequence,
                    event_type, event_type = 'MemberLeveledUp' AS is_level,
                    ", payload_number!("points"), " AS points,
                    ", payload_number!("new_total"), " AS new_total,
                    ", payload_number!("old_level"), " AS old_level,
                    ", payload_number!("new_level"), " AS new_level
             FROM outbox
             LEFT JOIN erasures AS erased
                 ON erased.community_id = outbox.community_id AND erased.user_id = outbox.member_id
             WHERE outbox.community_id BETWEEN :first AND :last[[ AND outbox.community_id = :first]]
               AND event_type IN ('PointsAwarded', 'PointsDeducted', 'MemberLeveledUp')),
         steps AS (
             SELECT community_id, member_id, sequence, event_type, is_level,
                    CASE event_type WHEN 'PointsAwarded' THEN new_total - points
                                    WHEN 'PointsDeducted' THEN new_total + points
                                    ELSE old_level END AS before,
                    CASE WHEN is_level THEN new_level ELSE new_total END AS after,
                    CASE WHEN is_level THEN new_level > old_level ELSE points > 0 END AS is_allowed
             FROM numbers),
         chains AS (
             SELECT *, LAG(sequence) OVER chain AS previous_sequence, LAG(after) OVER chain AS previous,
                    LEAD(sequence) OVER chain IS NULL AS is_newest
             FROM steps WINDOW chain AS (PARTITION BY community_id, member_id, is_level ORDER BY sequence)),
         judged AS (
             SELECT *, CASE WHEN is_newest THEN (
                        SELECT CASE WHEN is_level THEN m.current_level ELSE m.total_points END
                        FROM member_points AS m
                        WHERE m.community_id = chains.community_id AND m.user_id = chains.member_id[[
                          AND m.community_id = :first]]) END AS now
             FROM chains)
         SELECT community_id, member_id, sequence, event_type, before::text AS before, after::text AS after,
                CASE WHEN previous_sequence IS NOT NULL THEN COALESCE(previous::text, 'nothing') END AS previous,
                CASE WHEN is_newest THEN COALESCE(now::text, 'nothing') END AS now, COUNT(*) OVER () AS count
         FROM judged
         WHERE is_allowed IS NOT TRUE OR before IS NULL OR after IS NULL OR previous_sequence = sequence
            OR (previous_sequence IS NOT NULL AND before IS DISTINCT FROM previous)
            OR (is_newest AND after IS DISTINCT FROM now)
         ORDER BY community_id, member_id, sequence LIMIT :limit"
    );

    pub(super) struct SelectAnnouncedLevels { asked: Rows<MemberKeyRow> } -> AnnouncedLevelRow
    = concat!(
        "SELECT DISTINCT ON (community_id, member_id) community_id, member_id, level::bigint AS level
         FROM (SELECT o.community_id, o.member_id, o.sequence, ", payload_number!("new_level"), " AS level
               FROM :asked
               JOIN outbox AS o ON o.community_id = asked.community_id AND o.member_id = asked.user_id
               WHERE o.event_type = 'MemberLeveledUp'[[ AND o.community_id = ANY (:asked.communities)]]) AS announced
         WHERE level BETWEEN 1 AND 9
         ORDER BY community_id, member_id, sequence DESC"
    );
}

pub(super) async fn findings(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<Finding>, StoreError> {
    let (first, last) = ends(range);
    sample(tx.rows(SelectBrokenEvents { first, last, limit }).await?, |row| (row.count, row.into()))
}

impl From<BrokenEventRow> for Finding {
    fn from(row: BrokenEventRow) -> Self {
        let BrokenEventRow {
            community_id,
            member_id,
            sequence,
            event_type,
            before,
            after,
            previous,
            now,
            count: _,
        } = row;
        let expected = match (&previous, &now) {
            (Some(previous), _) if before.as_ref() != Some(previous) => format!("from {previous}"),
            (_, Some(now)) if after.as_ref() != Some(now) => format!("to {now}"),
            _ => "a change that its type allows, once".to_owned(),
        };
        let said = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
        let found = format!("from {} to {}", said(before), said(after));
        let mut finding =
            Self::of_member(Invariant::OutgoingEvent, member(community_id, member_id), found, expected);
        finding.subject = Some(format!("member {member_id}, {event_type} at {sequence}"));
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_broken_event_it_is_said_where_the_chain_breaks() {
        let expected = |before: &str, after: &str, previous: Option<&str>, now: Option<&str>| {
            let [before, after] = [before, after].map(|said| Some(said.to_owned()));
            let [previous, now] = [previous, now].map(|known| known.map(ToOwned::to_owned));
            let (community_id, member_id, sequence, count) = (Uuid::nil(), Uuid::nil(), 7, 1);
            let event_type = "PointsAwarded".to_owned();
            Finding::from(BrokenEventRow {
                community_id,
                member_id,
                sequence,
                event_type,
                before,
                after,
                previous,
                now,
                count,
            })
            .expected
        };
        assert_eq!(expected("2", "5", Some("3"), Some("6")), "from 3", "the earlier mistake first");
        assert_eq!(expected("3", "5", Some("3"), Some("6")), "to 6");
        assert_eq!(expected("2", "5", None, Some("6")), "to 6");
        let neither = "a change that its type allows, once";
        assert_eq!(expected("3", "6", Some("3"), Some("6")), neither);
        assert_eq!(expected("3", "6", Some("3"), None), neither);
        assert_eq!(expected("3", "6", None, None), neither);
    }
}
