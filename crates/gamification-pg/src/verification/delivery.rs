//! What a channel has to deliver of a member is every kept event from some place on.

use diesel::sql_types::BigInt;
use gamification_app::{
    audit::{Finding, Invariant},
    ports::{CommunityRange, Sample, StoreError},
};
use uuid::Uuid;

use super::{ends, member, sample};
use crate::{
    PgTx,
    schema::{channels, deliveries},
    statement::{AnyRows, OrNull, Plain, record, statements},
};

record! {
    /// A channel whose deliveries of a member's events are not all there, or not all there should be.
    struct DeliveryGapRow: Read {
        community_id: Uuid => deliveries::community_id,
        member_id: Uuid => deliveries::member_id,
        channel: Option<String> => OrNull<channels::name>,
        noted: i64 => Plain<BigInt>,
        kept: i64 => Plain<BigInt>,
        due: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

/// Gaps, with the channels that `$channels` has.
macro_rules! delivery_gaps {
    ($channels:literal) => {
        concat!(
            "WITH noted AS (
           SELECT community_id, member_id, channel_id, MIN(sequence) AS first, COUNT(*) AS deliveries
           FROM deliveries WHERE community_id BETWEEN :first AND :last[[ AND community_id = :first]] GROUP BY community_id, member_id, channel_id),
       compared AS (
           SELECT n.community_id, n.member_id, n.channel_id, n.deliveries,
                  COUNT(d.event_id) AS kept, COUNT(o.event_id) AS due
           FROM noted AS n
           LEFT JOIN outbox AS o
               ON o.community_id = n.community_id AND o.member_id = n.member_id AND o.sequence >= n.first[[
               AND o.community_id = :first]]
           LEFT JOIN deliveries AS d
               ON d.community_id = o.community_id AND d.event_id = o.event_id AND d.channel_id = n.channel_id
               AND d.member_id = o.member_id AND d.sequence = o.sequence[[ AND d.community_id = :first]]
           GROUP BY n.community_id, n.member_id, n.channel_id, n.deliveries)
       SELECT community_id, member_id, channels.name AS channel, deliveries AS noted, kept, due,
              COUNT(*) OVER () AS count
       FROM compared LEFT JOIN ", $channels, " ON channels.id = compared.channel_id
       WHERE deliveries <> due OR kept <> due OR channels.id IS NULL
       ORDER BY community_id, member_id, channel_id LIMIT :limit"
        )
    };
}

record! {
    /// A channel.
    struct ChannelRow: Read & Written {
        id: i32 => channels::id,
        name: String => channels::name,
    }
}

statements! {
    /// Both sides of what should be one and the same: the deliveries that are noted, and the events from the first of them
    /// on.
    struct SelectDeliveryGaps {
        first: Uuid => deliveries::community_id,
        last: Uuid => deliveries::community_id,
        limit: i64 => Plain<BigInt>,
    } -> DeliveryGapRow
    = delivery_gaps!("channels");

    struct SelectChannels {} -> ChannelRow
    = "SELECT id, name FROM channels";

    /// [`SelectDeliveryGaps`] in a distributed database, which reads no table there that belongs to no community.
    struct SelectGapsOfChannels {
        first: Uuid => deliveries::community_id,
        last: Uuid => deliveries::community_id,
        channels: AnyRows<ChannelRow>,
        limit: i64 => Plain<BigInt>,
    } -> DeliveryGapRow
    = delivery_gaps!(":channels");
}

pub(super) async fn findings(
    tx: &mut PgTx,
    range: CommunityRange,
    limit: i64,
) -> Result<Sample<Finding>, StoreError> {
    let (first, last) = ends(range);
    let gaps = if tx.is_distributed() {
        let channels = tx.rows(SelectChannels {}).await?.into_iter().collect();
        tx.rows(SelectGapsOfChannels { first, last, channels, limit }).await?
    } else {
        tx.rows(SelectDeliveryGaps { first, last, limit }).await?
    };
    sample(gaps, |row| (row.count, row.into()))
}

impl From<DeliveryGapRow> for Finding {
    fn from(row: DeliveryGapRow) -> Self {
        let DeliveryGapRow { community_id, member_id, channel, noted, kept, due, count: _ } = row;
        let channel =
            channel.map_or_else(|| "an unknown channel".to_owned(), |name| format!("channel {name}"));
        let found = format!("{noted} events to deliver, {kept} of them kept");
        let expected = format!("all {due} that are kept from the first on");
        let mut finding =
            Self::of_member(Invariant::Delivery, member(community_id, member_id), found, expected);
        finding.subject = Some(format!("member {member_id}, {channel}"));
        finding
    }
}
