//! An admin, or a service of the platform, adjusts a member's points.
//!
//! The request becomes a fact and goes through the queue that all facts go through: so it is decided under the locks of
//! awards, in one transaction with what comes at the same moment, and counts once by its key.

use gamification_domain::{
    Adjustment, AdjustmentId, CommunityId, EventId, EventMetadata, Fact, FactKind, FactRecord,
    PointsOverflow, Rejection, UserId, Verdict,
};
use uuid::Uuid;

use crate::{
    Clock, FactQueue, Reader, RecordError,
    ports::{AdjustmentEntry, HistoryEntry, Queries},
    queries::{Adjuster, ReadError, authorize_adjuster},
};

/// What the ids of adjustments are made in (UUID version 5): a UUID of this service's own.
const NAMESPACE: Uuid = Uuid::from_u128(0x6e0f_3d5c_98a1_5c0b_8f2e_7d41_0b9a_c3e6);

/// An adjustment of one member's points, as it is asked for.
#[derive(Clone, Debug)]
pub struct AdjustPoints {
    /// The community in which points are adjusted.
    pub community_id: CommunityId,
    /// The member whose points they are.
    pub user_id: UserId,
    /// The admin, or the service, that asks for it.
    pub adjuster: Adjuster,
    /// What tells this request from others for the same member, however often it comes: 1 to 255 characters.
    pub idempotency_key: EventId,
    /// How many points, and why.
    pub adjustment: Adjustment,
}

/// An adjustment that is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsAdjusted {
    /// Its entry, the same each time that the request comes.
    pub entry: HistoryEntry,
    /// Whether this request made it.
    pub is_new: bool,
}

/// Why points were not adjusted, in the order it is checked.
#[derive(Debug, thiserror::Error)]
pub enum AdjustPointsError {
    /// The caller may not, the community never had the member, or the database failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The member's total would be too large.
    #[error("The member's total would be too large")]
    Overflow(#[from] PointsOverflow),
    /// The key was used for another adjustment of the member.
    #[error("The Idempotency-Key was used for another adjustment")]
    KeyReused,
    /// It could not be recorded now; the same request may be sent again.
    #[error("the adjustment could not be recorded")]
    NotRecorded(#[source] RecordError),
}

/// Adjusts a member's points, once for each key; a member who left keeps points, and so may be adjusted.
///
/// # Errors
/// [`AdjustPointsError`], the first that applies. Nothing is changed then, unless it could not be known in time.
pub async fn adjust_points(
    queries: &impl Queries,
    facts: &FactQueue,
    clock: &impl Clock,
    asked: AdjustPoints,
) -> Result<PointsAdjusted, AdjustPointsError> {
    let AdjustPoints { community_id, user_id, adjuster, idempotency_key, adjustment } = asked;
    authorize_adjuster(queries, community_id, adjuster).await?;
    let view = queries.member_standings(community_id, Reader::Service, &[user_id]).await;
    if view.map_err(ReadError::from)?.is_none_or(|view| view.asked.is_empty()) {
        return Err(ReadError::MemberNotFound.into());
    }
    let adjustment_id = adjustment_id(community_id, user_id, &idempotency_key);
    let kind = FactKind::PointsAdjusted {
        adjustment_id,
        user_id,
        adjustment: adjustment.clone(),
        admin_id: adjuster.user_id().unwrap_or(UserId::new(Uuid::nil())),
    };
    let now = clock.now();
    let metadata =
        EventMetadata { event_id: idempotency_key, sequence: None, time: Some(now), received_at: now };
    let record = FactRecord { fact: Fact::new(community_id, kind), metadata };
    let recorded = facts.record(vec![record]).await.into_iter().next();
    let verdict =
        recorded.unwrap_or(Err(RecordError::Unavailable)).map_err(AdjustPointsError::NotRecorded)?;
    if let Verdict::Rejected(Rejection::Overflow(overflow)) = verdict {
        return Err(overflow.into());
    }
    if verdict == Verdict::Ignored {
        // The member was erased meanwhile.
        return Err(ReadError::MemberNotFound.into());
    }
    let found = queries.adjustment(community_id, adjustment_id).await.map_err(ReadError::from)?;
    let Some(AdjustmentEntry { adjustment: recorded, entry }) = found else {
        return Err(AdjustPointsError::NotRecorded(RecordError::Internal));
    };
    if recorded != adjustment {
        return Err(AdjustPointsError::KeyReused);
    }
    Ok(PointsAdjusted { entry, is_new: verdict == Verdict::Applied })
}

/// The same for the same key, in a community and for a member.
fn adjustment_id(community_id: CommunityId, user_id: UserId, key: &EventId) -> AdjustmentId {
    let mut name = community_id.as_uuid().into_bytes().to_vec();
    name.extend(user_id.as_uuid().into_bytes());
    name.extend(key.as_str().as_bytes());
    AdjustmentId::new(Uuid::new_v5(&NAMESPACE, &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_one_adjustment_of_one_member_of_one_community() {
        let id = |community: u128, user: u128, key: &str| {
            let (community, user) = (Uuid::from_u128(community), Uuid::from_u128(user));
            adjustment_id(CommunityId::new(community), UserId::new(user), &EventId::parse(key).unwrap())
        };
        assert_eq!(id(1, 2, "key"), id(1, 2, "key"));
        for other in [id(2, 2, "key"), id(1, 1, "key"), id(1, 2, "Key")] {
            assert_ne!(id(1, 2, "key"), other);
        }
    }
}
