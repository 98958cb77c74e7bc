//! Members' totals and levels.

use gamification_app::ports::{Repository, StoreError};
use gamification_domain::{
    CommunityId, LevelNumber, MemberKey, MemberPoints, MemberPointsId, MemberStanding, Points, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys;
use crate::{
    PgTx,
    error::misread,
    schema::member_points,
    statement::{Rows, record, statements},
};

record! {
    /// The key of a member's points.
    pub(super) struct MemberRow: Written {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
    }
}

record! {
    pub(crate) struct MemberPointsRow: Read & Written {
        community_id: Uuid => member_points::community_id,
        id: Uuid => member_points::id,
        user_id: Uuid => member_points::user_id,
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
        is_present: bool => member_points::is_present,
    }
}

statements! {
    /// Comes before the lock, always: a transaction that holds rows waits for no one else's new row. The other way
    /// round, two batches that each miss a member whom the other has could wait for one another.
    ///
    /// In a distributed database it says the levels of the community, which are locked then: joined with a table of the
    /// same shards, rows are made where they are to be; from values alone they would be made on the coordinator and copied.
    pub(super) struct EnsureMemberPoints {
        new: Rows<MemberPointsRow>,
        now: OffsetDateTime => member_points::created_at,
    } = "INSERT INTO member_points
             (community_id, id, user_id, total_points, current_level, is_present, created_at, updated_at)
         SELECT {{new}}[[levels]].community_id, new.id, new.user_id, new.total_points, new.current_level, new.is_present,
                :now, :now
         FROM :new[[
         JOIN level_configurations AS levels ON levels.community_id = new.community_id
         WHERE levels.community_id = ANY (:new.communities)]]
         ORDER BY {{new}}[[levels]].community_id, new.user_id
         ON CONFLICT (community_id, user_id) DO NOTHING";

    pub(super) struct LockMemberPoints { wanted: Rows<MemberRow> } -> MemberPointsRow
    = "SELECT m.community_id, m.id, m.user_id, m.total_points, m.current_level, m.is_present
       FROM member_points AS m
       JOIN :wanted USING (community_id, user_id)[[
       WHERE m.community_id = ANY (:wanted.communities)]]
       ORDER BY m.community_id, m.user_id FOR NO KEY UPDATE OF m";

    struct UpdateMemberPoints {
        changed: Rows<MemberPointsRow>,
        now: OffsetDateTime => member_points::updated_at,
    } = "UPDATE member_points AS m
         SET total_points = changed.total_points, current_level = changed.current_level,
             is_present = changed.is_present, updated_at = :now
         FROM :changed
         WHERE m.community_id = changed.community_id AND m.id = changed.id[[
           AND m.community_id = ANY (:changed.communities)]]";
}

impl From<MemberKey> for MemberRow {
    fn from((community_id, user_id): MemberKey) -> Self {
        Self { community_id: community_id.as_uuid(), user_id: user_id.as_uuid() }
    }
}

impl From<&MemberPoints> for MemberPointsRow {
    fn from(member: &MemberPoints) -> Self {
        Self {
            community_id: member.community_id().as_uuid(),
            id: member.id().as_uuid(),
            user_id: member.user_id().as_uuid(),
            total_points: member.total_points().get(),
            current_level: i16::from(member.current_level().get()),
            is_present: member.is_present(),
        }
    }
}

impl TryFrom<MemberPointsRow> for MemberPoints {
    type Error = StoreError;

    fn try_from(row: MemberPointsRow) -> Result<Self, StoreError> {
        let MemberPointsRow { community_id, id, user_id, total_points, current_level, is_present } = row;
        let MemberStanding { user_id, total_points, current_level } =
            standing(UserId::new(user_id), (total_points, current_level), &[community_id, user_id])?;
        let (id, community_id) = (MemberPointsId::new(id), CommunityId::new(community_id));
        Ok(Self::restore(id, community_id, user_id, total_points, current_level, is_present))
    }
}

/// A member's points and level, from the row that has a key.
pub(crate) fn standing(
    user_id: UserId,
    (total_points, current_level): (i32, i16),
    key: &[Uuid],
) -> Result<MemberStanding, StoreError> {
    Ok(MemberStanding {
        user_id,
        total_points: Points::new(i64::from(total_points))
            .map_err(misread!(member_points::total_points, *key))?,
        current_level: LevelNumber::new(i64::from(current_level))
            .map_err(misread!(member_points::current_level, *key))?,
    })
}

impl EnsureMemberPoints {
    /// What sees to it that members have rows, and what locks these then.
    pub(super) fn and_lock(wanted: &[MemberPoints], now: OffsetDateTime) -> (Self, LockMemberPoints) {
        (Self { new: wanted.into(), now }, LockMemberPoints { wanted: keys(wanted) })
    }
}

impl Repository<MemberPoints> for PgTx {
    async fn lock(
        &mut self,
        wanted: &[MemberPoints],
        now: OffsetDateTime,
    ) -> Result<Vec<MemberPoints>, StoreError> {
        let (ensure, lock) = EnsureMemberPoints::and_lock(wanted, now);
        self.run(ensure);
        self.read(lock).await
    }

    async fn save(&mut self, changed: &[MemberPoints], now: OffsetDateTime) -> Result<(), StoreError> {
        self.run(UpdateMemberPoints { changed: changed.into(), now });
        Ok(())
    }
}
