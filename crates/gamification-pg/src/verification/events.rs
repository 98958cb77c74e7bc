//! What audits read of outgoing events and their deliveries.

use diesel::sql_types::{BigInt, Text};
use uuid::Uuid;

use super::members::MemberKeyRow;
use crate::{
    schema::{channels, deliveries, outbox},
    statement::{OrNull, Plain, Rows, record, statements},
};

record! {
    /// An event that contradicts another, or the member it is about.
    pub(super) struct BrokenEventRow: Read {
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
    /// A channel whose deliveries of a member's events are not all there, or not all there should be.
    pub(super) struct DeliveryGapRow: Read {
        community_id: Uuid => deliveries::community_id,
        member_id: Uuid => deliveries::member_id,
        channel: Option<String> => OrNull<channels::name>,
        noted: i64 => Plain<BigInt>,
        kept: i64 => Plain<BigInt>,
        due: i64 => Plain<BigInt>,
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
    pub(super) struct SelectBrokenEvents {
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
             WHERE outbox.community_id BETWEEN :first AND :last
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
                        WHERE m.community_id = chains.community_id AND m.user_id = chains.member_id) END AS now
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

    /// Both sides of what should be one and the same: the deliveries that are noted, and the events from the first of them
    /// on.
    pub(super) struct SelectDeliveryGaps {
        first: Uuid => deliveries::community_id,
        last: Uuid => deliveries::community_id,
        limit: i64 => Plain<BigInt>,
    } -> DeliveryGapRow
    = "WITH noted AS (
           SELECT community_id, member_id, channel_id, MIN(sequence) AS first, COUNT(*) AS deliveries
           FROM deliveries WHERE community_id BETWEEN :first AND :last GROUP BY community_id, member_id, channel_id),
       compared AS (
           SELECT n.community_id, n.member_id, n.channel_id, n.deliveries,
                  COUNT(d.event_id) AS kept, COUNT(o.event_id) AS due
           FROM noted AS n
           LEFT JOIN outbox AS o
               ON o.community_id = n.community_id AND o.member_id = n.member_id AND o.sequence >= n.first
           LEFT JOIN deliveries AS d
               ON d.community_id = o.community_id AND d.event_id = o.event_id AND d.channel_id = n.channel_id
               AND d.member_id = o.member_id AND d.sequence = o.sequence
           GROUP BY n.community_id, n.member_id, n.channel_id, n.deliveries)
       SELECT community_id, member_id, channels.name AS channel, deliveries AS noted, kept, due,
              COUNT(*) OVER () AS count
       FROM compared LEFT JOIN channels ON channels.id = compared.channel_id
       WHERE deliveries <> due OR kept <> due OR channels.id IS NULL
       ORDER BY community_id, member_id, channel_id LIMIT :limit";

    pub(super) struct SelectAnnouncedLevels { asked: Rows<MemberKeyRow> } -> AnnouncedLevelRow
    = concat!(
        "SELECT DISTINCT ON (community_id, member_id) community_id, member_id, level::bigint AS level
         FROM (SELECT o.community_id, o.member_id, o.sequence, ", payload_number!("new_level"), " AS level
               FROM :asked
               JOIN outbox AS o ON o.community_id = asked.community_id AND o.member_id = asked.user_id
               WHERE o.event_type = 'MemberLeveledUp') AS announced
         WHERE level BETWEEN 1 AND 9
         ORDER BY community_id, member_id, sequence DESC"
    );
}
