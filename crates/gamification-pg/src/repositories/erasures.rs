//! Users who are erased.

use std::collections::{BTreeSet, HashMap};

use gamification_app::ports::{Erased, ErasureRepository, StoreError};
use gamification_domain::{CommunityId, LevelConfiguration, MemberKey, MemberPoints, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    CommunityMemberKeyRow,
    configurations::KeyedLevelConfigurationRow,
    member_points::{LockMemberPoints, MemberPointsRow},
};
use crate::{
    PgTx,
    erasure_keys::ErasureKeys,
    schema::{erased_members, erasures, level_configurations, member_points},
    statement::{NotNull, Rows, record, statements},
};

record! {
    /// A user, with the hash of their id.
    struct HashedMemberRow: Written {
        community_id: Uuid => erased_members::community_id,
        user_id: Uuid => erasures::user_id,
        user_hash: Vec<u8> => erased_members::user_hash,
    }
}

record! {
    /// The hash of a user's id.
    struct HashedMemberKeyRow: Read {
        community_id: Uuid => erased_members::community_id,
        user_hash: Vec<u8> => erased_members::user_hash,
    }
}

record! {
    /// A user who was erased.
    struct ErasedMemberRow: Read {
        community_id: Uuid => erased_members::community_id,
        user_id: Uuid => erasures::user_id,
    }
}

record! {
    /// A user whose id may still be found in tables without an index by it.
    struct ErasureRow: Read {
        community_id: Uuid => erasures::community_id,
        user_id: Uuid => erasures::user_id,
        pseudonym: Uuid => erasures::pseudonym,
    }
}

record! {
    /// The points of a user who is being erased.
    struct PointsOfErasedRow: Read {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
        id: Uuid => member_points::id,
    }
}

record! {
    /// A user who is being erased.
    struct NewErasureRow: Written {
        community_id: Uuid => erasures::community_id,
        user_id: Uuid => erasures::user_id,
        pseudonym: Uuid => erasures::pseudonym,
        member_points_id: Option<Uuid> => erasures::member_points_id,
    }
}

record! {
    /// The key that the ids of a community are hashed with.
    struct ErasureKeyRow: Read & Written {
        community_id: Uuid => level_configurations::community_id,
        erasure_key: Vec<u8> => NotNull<level_configurations::erasure_key>,
    }
}

statements! {
    struct SelectErasedMembers { asked: Rows<HashedMemberRow> } -> ErasedMemberRow
    = "SELECT asked.community_id, asked.user_id
       FROM :asked
       JOIN erased_members AS e ON e.community_id = asked.community_id AND e.user_hash = asked.user_hash[[
       WHERE e.community_id = ANY (:asked.communities)]]";

    struct SelectPseudonyms { asked: Rows<CommunityMemberKeyRow> } -> ErasureRow
    = "SELECT e.community_id, e.user_id, e.pseudonym
       FROM :asked
       JOIN erasures AS e USING (community_id, user_id)[[
       WHERE e.community_id = ANY (:asked.communities)]]";

    /// A deleted row has no place in the order of transactions: boards follow with the sweep.
    struct DeleteMemberships { erased: Rows<CommunityMemberKeyRow> }
    = "DELETE FROM community_members AS m USING :erased
       WHERE m.community_id = erased.community_id AND m.user_id = erased.user_id[[
         AND m.community_id = ANY (:erased.communities)]]";

    struct SetErasureKeys { new: Rows<ErasureKeyRow> } -> ErasureKeyRow
    = "UPDATE level_configurations AS c SET erasure_key = new.erasure_key
       FROM :new
       WHERE c.community_id = new.community_id AND c.erasure_key IS NULL[[
         AND c.community_id = ANY (:new.communities)]]
       RETURNING c.community_id, c.erasure_key";

    struct InsertErasures { new: Rows<HashedMemberRow>, now: OffsetDateTime => erased_members::erased_at }
        -> ErasureRow
    = "WITH asked AS MATERIALIZED (SELECT new.community_id, new.user_id, new.user_hash FROM :new),
       noted AS (
           INSERT INTO erased_members (community_id, user_hash, erased_at)
           SELECT community_id, user_hash, :now FROM asked ORDER BY community_id, user_hash
           ON CONFLICT (community_id, user_hash) DO NOTHING
           RETURNING community_id, user_hash)
       INSERT INTO erasures (community_id, user_id, pseudonym, member_points_id)
       SELECT asked.community_id, asked.user_id, gen_random_uuid(), m.id
       FROM asked
       JOIN noted ON noted.community_id = asked.community_id AND noted.user_hash = asked.user_hash
       LEFT JOIN member_points AS m ON m.community_id = asked.community_id AND m.user_id = asked.user_id
       RETURNING community_id, user_id, pseudonym";

    /// The first third of [`InsertErasures`] in a distributed database, where a statement writes one table.
    struct InsertErasedMembers { new: Rows<HashedMemberRow>, now: OffsetDateTime => erased_members::erased_at }
        -> HashedMemberKeyRow
    = "INSERT INTO erased_members (community_id, user_hash, erased_at)
       SELECT new.community_id, new.user_hash, :now FROM :new
       ORDER BY new.community_id, new.user_hash
       ON CONFLICT (community_id, user_hash) DO NOTHING
       RETURNING community_id, user_hash";

    /// The second third.
    struct SelectPointsOfErased { asked: Rows<CommunityMemberKeyRow> } -> PointsOfErasedRow
    = "SELECT m.community_id, m.user_id, m.id
       FROM member_points AS m
       JOIN :asked USING (community_id, user_id)[[
       WHERE m.community_id = ANY (:asked.communities)]]";

    /// The last third.
    struct InsertErasuresAlone { new: Rows<NewErasureRow> }
    = "INSERT INTO erasures (community_id, user_id, pseudonym, member_points_id)
       SELECT new.community_id, new.user_id, new.pseudonym, new.member_points_id
       FROM :new";

    /// The time of the change stays as it was: it would tell which erasure the pseudonym belongs to.
    struct UpdateErasedPoints { changed: Rows<MemberPointsRow> }
    = "UPDATE member_points AS m
       SET user_id = changed.user_id, total_points = changed.total_points, current_level = changed.current_level,
           is_present = changed.is_present
       FROM :changed
       WHERE m.community_id = changed.community_id AND m.id = changed.id[[
         AND m.community_id = ANY (:changed.communities)]]";
}

impl From<CommunityId> for ErasureKeyRow {
    /// A new key: 244 of its 256 bits are random, by the strongest source that the system has.
    fn from(community_id: CommunityId) -> Self {
        let erasure_key = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat();
        Self { community_id: community_id.as_uuid(), erasure_key }
    }
}

impl From<ErasedMemberRow> for MemberKey {
    fn from(ErasedMemberRow { community_id, user_id }: ErasedMemberRow) -> Self {
        (CommunityId::new(community_id), UserId::new(user_id))
    }
}

impl From<ErasureRow> for Erased {
    fn from(ErasureRow { community_id, user_id, pseudonym }: ErasureRow) -> Self {
        let member = (CommunityId::new(community_id), UserId::new(user_id));
        Self { member, pseudonym: UserId::new(pseudonym) }
    }
}

impl From<(MemberKey, Vec<u8>)> for HashedMemberRow {
    fn from(((community_id, user_id), user_hash): (MemberKey, Vec<u8>)) -> Self {
        Self { community_id: community_id.as_uuid(), user_id: user_id.as_uuid(), user_hash }
    }
}

/// The members of communities that have keys, with the hashes of their ids.
fn hashed(keys: &ErasureKeys, members: &BTreeSet<MemberKey>) -> Rows<HashedMemberRow> {
    members.iter().filter_map(|member| Some((*member, keys.hash(*member)?))).collect()
}

impl PgTx {
    /// Takes note of the key that a row has.
    pub(super) fn learn_erasure_key(
        &mut self,
        KeyedLevelConfigurationRow { erasure_key, configuration }: KeyedLevelConfigurationRow,
    ) -> Result<LevelConfiguration, StoreError> {
        self.erasure_keys().learn(configuration.community_id, erasure_key);
        configuration.try_into()
    }
}

impl PgTx {
    /// The pseudonyms of those of some users whom a sweep is still to replace.
    pub(super) async fn pseudonyms(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> Result<HashMap<MemberKey, UserId>, StoreError> {
        let rows = self.rows(SelectPseudonyms { asked: members.iter().copied().collect() }).await?;
        let erased = rows.into_iter().map(Erased::from);
        Ok(erased.map(|Erased { member, pseudonym }| (member, pseudonym)).collect())
    }
}

impl PgTx {
    /// What [`InsertErasures`] does, statement by statement.
    async fn note_one_by_one(
        &mut self,
        new: Rows<HashedMemberRow>,
        now: OffsetDateTime,
    ) -> Result<Vec<ErasureRow>, StoreError> {
        let mut users: HashMap<(Uuid, Vec<u8>), Uuid> = new
            .as_slice()
            .iter()
            .map(|row| ((row.community_id, row.user_hash.clone()), row.user_id))
            .collect();
        let noted = self.rows(InsertErasedMembers { new, now }).await?;
        let noted = noted.into_iter().filter_map(|HashedMemberKeyRow { community_id, user_hash }| {
            Some((community_id, users.remove(&(community_id, user_hash))?))
        });
        let noted: Vec<(Uuid, Uuid)> = noted.collect();
        let key =
            |(community_id, user_id): &(Uuid, Uuid)| (CommunityId::new(*community_id), UserId::new(*user_id));
        let points = self.rows(SelectPointsOfErased { asked: noted.iter().map(key).collect() }).await?;
        let points: HashMap<(Uuid, Uuid), Uuid> =
            points.into_iter().map(|row| ((row.community_id, row.user_id), row.id)).collect();
        let new = noted.into_iter().map(|(community_id, user_id)| NewErasureRow {
            community_id,
            user_id,
            pseudonym: Uuid::new_v4(),
            member_points_id: points.get(&(community_id, user_id)).copied(),
        });
        let new: Rows<NewErasureRow> = new.collect();
        let erasure = |new: &NewErasureRow| {
            let NewErasureRow { community_id, user_id, pseudonym, member_points_id: _ } = *new;
            ErasureRow { community_id, user_id, pseudonym }
        };
        let erasures = new.as_slice().iter().map(erasure).collect();
        self.run(InsertErasuresAlone { new });
        Ok(erasures)
    }
}

impl ErasureRepository for PgTx {
    async fn erased_members(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> Result<BTreeSet<MemberKey>, StoreError> {
        let asked = hashed(self.erasure_keys(), members);
        let erased = self.rows(SelectErasedMembers { asked }).await?;
        Ok(erased.into_iter().map(MemberKey::from).collect())
    }

    async fn delete_memberships(&mut self, members: &BTreeSet<MemberKey>) -> Result<(), StoreError> {
        self.run(DeleteMemberships { erased: members.iter().copied().collect() });
        Ok(())
    }

    async fn note_erasures(
        &mut self,
        members: &BTreeSet<MemberKey>,
        now: OffsetDateTime,
    ) -> Result<Vec<Erased>, StoreError> {
        let communities: BTreeSet<CommunityId> =
            members.iter().map(|(community_id, _)| *community_id).collect();
        let keys = self.erasure_keys();
        let new = communities.into_iter().filter(|community| !keys.has(community.as_uuid())).collect();
        let made = self.rows(SetErasureKeys { new }).await?;
        for ErasureKeyRow { community_id, erasure_key } in made {
            self.erasure_keys().learn(community_id, Some(erasure_key));
        }
        let new = hashed(self.erasure_keys(), members);
        let noted = match self.is_distributed() {
            false => self.rows(InsertErasures { new, now }).await?,
            true => self.note_one_by_one(new, now).await?,
        };
        Ok(noted.into_iter().map(Erased::from).collect())
    }

    async fn lock_points_of_erased(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> Result<Vec<MemberPoints>, StoreError> {
        self.read(LockMemberPoints { wanted: members.iter().copied().collect() }).await
    }

    async fn save_erased(&mut self, members: &[MemberPoints]) -> Result<(), StoreError> {
        self.run(UpdateErasedPoints { changed: members.into() });
        Ok(())
    }
}
