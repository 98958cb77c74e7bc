//! What is stored about one member.

use diesel::sql_types::BigInt;
use gamification_app::{
    Reader,
    ports::{
        BesideOwn, CommunityView, ExportQueries, GivenLike, GivenLikes, LikePosition, StoreError,
        StoredMembership, StoredProfile,
    },
};
use gamification_domain::{Aggregate, CommunityId, LikeKey, LikeSwitch, MemberKey, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommunityViewRow, community::profile, community_view};
use crate::{
    PgStore,
    error::misread,
    json::Json,
    known_levels::{KnownLevels, levels_unless_known},
    repositories::{LikeSwitchRow, standing},
    schema::{community_members, level_configurations, like_switches, member_points},
    statement::{Nested, OrNull, Plain, Records, record, statements},
    stored_lww_state::{StoredLwwState, lww_state},
};

record! {
    /// A member whom the community has or had.
    struct StoredProfileRow: Read {
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
        is_present: Option<bool> => OrNull<community_members::is_present>,
        presence_change: Option<Json<StoredLwwState>> => community_members::presence_change,
        created_at: Option<OffsetDateTime> => OrNull<community_members::created_at>,
        role: Option<String> => OrNull<community_members::role>,
        display_name: Option<String> => community_members::display_name,
        avatar_url: Option<String> => community_members::avatar_url,
        is_listed: Option<bool> => OrNull<community_members::is_listed>,
    }
}

record! {
    /// A like, with its place among those that were looked at. The last of them is there even when others gave it: the next look begins
    /// behind it.
    struct SeenLikeRow: Read {
        place: i64 => Plain<BigInt>,
        switch: LikeSwitchRow => Nested<LikeSwitchRow>,
    }
}

statements! {
    struct SelectStoredProfile {
        community_id: Uuid => member_points::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        user_id: Uuid => member_points::user_id,
    } -> (CommunityViewRow, Records<StoredProfileRow>)
    = community_view!(
        "SELECT m.total_points, m.current_level, d.is_present, d.presence_change, d.created_at, d.role, d.display_name,
                d.avatar_url, d.is_listed
         FROM member_points AS m
         LEFT JOIN community_members AS d ON d.community_id = m.community_id AND d.user_id = m.user_id
         WHERE m.community_id = :community_id AND m.user_id = :user_id
           AND (m.is_present OR d.presence_change IS NOT NULL)"
    );

    struct SelectLikesGiven {
        community_id: Uuid => like_switches::community_id,
        liker_id: Uuid => like_switches::liker_id,
        after_kind: String => like_switches::content_kind,
        after_id: Uuid => like_switches::content_id,
        after_liker_id: Uuid => like_switches::liker_id,
        looked_at: i64 => Plain<BigInt>,
    } -> SeenLikeRow
    = "SELECT seen.place, seen.community_id, seen.content_kind, seen.content_id, seen.liker_id, seen.author_id,
              seen.newest_change, seen.points
       FROM (
           SELECT looked_at.*, ROW_NUMBER() OVER (
                      ORDER BY looked_at.content_kind, looked_at.content_id, looked_at.liker_id) AS place
           FROM (
               SELECT s.community_id, s.content_kind, s.content_id, s.liker_id, s.author_id, s.newest_change, s.points
               FROM like_switches AS s
               WHERE s.community_id = :community_id
                 AND (s.content_kind, s.content_id, s.liker_id) > (:after_kind, :after_id, :after_liker_id)
               ORDER BY s.content_kind, s.content_id, s.liker_id LIMIT :looked_at) AS looked_at) AS seen
       WHERE seen.liker_id = :liker_id OR seen.place = :looked_at
       ORDER BY seen.place";
}

impl StoredProfileRow {
    fn of(self, key: [Uuid; 2]) -> Result<StoredProfile, StoreError> {
        let Self {
            total_points,
            current_level,
            is_present,
            presence_change,
            created_at,
            role,
            display_name,
            avatar_url,
            is_listed,
        } = self;
        let standing = standing(UserId::new(key[1]), (total_points, current_level), &key)?;
        let (Some(is_present), Some(known_since), Some(role), Some(is_listed)) =
            (is_present, created_at, role, is_listed)
        else {
            return Ok(StoredProfile { standing, membership: None });
        };
        let change = lww_state(presence_change).map_err(misread!(community_members::presence_change, key))?;
        let membership = StoredMembership {
            is_present,
            changed_at: change.map(|change| change.version.occurred_at),
            known_since,
            role: role.parse().map_err(misread!(community_members::role, key))?,
            profile: profile(key, display_name, avatar_url, is_listed)?,
        };
        Ok(StoredProfile { standing, membership: Some(membership) })
    }
}

/// A like that was looked at.
struct SeenLike {
    place: i64,
    switch: LikeSwitch,
}

impl TryFrom<SeenLikeRow> for SeenLike {
    type Error = StoreError;

    fn try_from(SeenLikeRow { place, switch }: SeenLikeRow) -> Result<Self, StoreError> {
        Ok(Self { place, switch: switch.try_into()? })
    }
}

/// A like as its giver gets it; none of a switch that nothing has changed.
fn given(switch: &LikeSwitch) -> Option<GivenLike> {
    let author = switch.author();
    let changed_at = author.state()?.version.occurred_at;
    Some(GivenLike { content: switch.key().content, author_id: *author.value(), changed_at })
}

impl ExportQueries for PgStore {
    async fn stored_profile(
        &self,
        community_id: CommunityId,
        reader: Reader,
        user_id: UserId,
    ) -> Result<Option<CommunityView<Option<StoredProfile>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let caller_id = reader.user_id().map(UserId::as_uuid);
        let (community_id, user_id) = (community_id.as_uuid(), user_id.as_uuid());
        let select = SelectStoredProfile { community_id, caller_id, known_version, known_at, user_id };
        let Some((view, profiles)) = self.row(select).await? else { return Ok(None) };
        let profile = profiles.into_iter().next().map(|row| row.of([community_id, user_id])).transpose()?;
        let view = self.view(view, caller_id, known, profile)?;
        let CommunityView { membership, levels, asked: BesideOwn { own: _, asked } } = view;
        Ok(Some(CommunityView { membership, levels, asked }))
    }

    async fn likes_given(
        &self,
        (community_id, liker_id): MemberKey,
        after: Option<LikePosition>,
        limit: i64,
    ) -> Result<GivenLikes, StoreError> {
        let (after_kind, after_id, after_liker_id) =
            after.map_or((String::new(), Uuid::nil(), Uuid::nil()), |LikePosition { content, liker_id }| {
                let (kind, id) = LikeSwitchRow::content(content);
                (kind.to_owned(), id, liker_id.as_uuid())
            });
        let select = SelectLikesGiven {
            community_id: community_id.as_uuid(),
            liker_id: liker_id.as_uuid(),
            after_kind,
            after_id,
            after_liker_id,
            looked_at: limit,
        };
        let seen: Vec<SeenLike> = self.read(select).await?;
        let next = seen.last().filter(|last| last.place == limit).map(|SeenLike { place: _, switch }| {
            let LikeKey { community_id: _, content, liker_id } = switch.key();
            LikePosition { content, liker_id }
        });
        let own = seen.iter().map(|seen| &seen.switch).filter(|switch| switch.key().liker_id == liker_id);
        Ok(GivenLikes { likes: own.filter_map(given).collect(), next })
    }
}
