//! Reads of a community and its members.

use diesel::sql_types::BigInt;
use gamification_app::{
    Reader,
    ports::{
        BesideOwn, CommunityProfile, CommunityQueries, CommunityView, ListedMember, MemberPlace, MemberRange,
        StoreError,
    },
};
use gamification_domain::{CommunityId, DirectoryText, Profile, SearchName, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommunityViewRow, community_view};
use crate::{
    PgStore,
    error::{corrupt, misread},
    known_levels::{KnownLevels, levels_unless_known},
    repositories::standing,
    schema::{communities, community_members, level_configurations, member_points},
    statement::{NotNull, OrNull, Plain, Records, record, statements},
};

record! {
    /// A community, and the caller's profile where they are a member.
    struct CommunityProfileRow: Read {
        name: Option<String> => communities::name,
        members: i64 => Plain<BigInt>,
        display_name: Option<String> => community_members::display_name,
        avatar_url: Option<String> => community_members::avatar_url,
        is_listed: Option<bool> => OrNull<community_members::is_listed>,
    }
}

record! {
    struct ListedMemberRow: Read {
        user_id: Uuid => community_members::user_id,
        search_name: String => NotNull<community_members::search_name>,
        display_name: Option<String> => community_members::display_name,
        avatar_url: Option<String> => community_members::avatar_url,
        is_listed: bool => community_members::is_listed,
        role: String => community_members::role,
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
    }
}

statements! {
    struct SelectCommunityProfile {
        community_id: Uuid => communities::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
    } -> (CommunityViewRow, Records<CommunityProfileRow>)
    = community_view!(
        "SELECT c.name, present.members, m.display_name, m.avatar_url, m.is_listed
         FROM communities AS c
         CROSS JOIN LATERAL (
             SELECT COALESCE(SUM(l.members), 0)::bigint AS members FROM level_counts AS l
             WHERE l.community_id = :community_id) AS present
         LEFT JOIN community_members AS m
             ON m.community_id = :community_id AND m.user_id = [[COALESCE(]]:caller_id[[, '00000000-0000-0000-0000-000000000000'::uuid)]] AND m.is_present
         WHERE c.community_id = :community_id"
    );

    struct SelectMembers {
        community_id: Uuid => community_members::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        from: String => NotNull<community_members::search_name>,
        from_user_id: Uuid => community_members::user_id,
        end: String => NotNull<community_members::search_name>,
        limit: i64 => Plain<BigInt>,
    } -> (CommunityViewRow, Records<ListedMemberRow>)
    = community_view!(
        "SELECT m.user_id, m.search_name, m.display_name, m.avatar_url, m.is_listed, m.role, p.total_points,
                p.current_level
         FROM community_members AS m
         JOIN member_points AS p ON p.community_id = :community_id AND p.user_id = m.user_id
         WHERE m.community_id = :community_id AND m.is_present
           AND (m.search_name, m.user_id) >= (:from, :from_user_id) AND m.search_name < :end
         ORDER BY m.search_name, m.user_id LIMIT :limit"
    );
}

/// How a member appears, of the columns that say so.
pub(super) fn profile(
    key: [Uuid; 2],
    display_name: Option<String>,
    avatar_url: Option<String>,
    is_listed: bool,
) -> Result<Profile, StoreError> {
    let text = |text: Option<String>| text.map(|text| DirectoryText::parse(&text)).transpose();
    Ok(Profile {
        display_name: text(display_name).map_err(misread!(community_members::display_name, key))?,
        avatar_url: text(avatar_url).map_err(misread!(community_members::avatar_url, key))?,
        is_listed,
    })
}

impl CommunityProfileRow {
    fn of(self, community_id: Uuid, caller_id: Option<Uuid>) -> Result<CommunityProfile, StoreError> {
        let Self { name, members, display_name, avatar_url, is_listed } = self;
        let name = name.map(|name| DirectoryText::parse(&name)).transpose();
        let own = caller_id.zip(is_listed).map(|(caller_id, is_listed)| {
            profile([community_id, caller_id], display_name, avatar_url, is_listed)
        });
        Ok(CommunityProfile {
            name: name.map_err(misread!(communities::name, [community_id]))?,
            members: u64::try_from(members).map_err(corrupt)?,
            own: own.transpose()?,
        })
    }
}

impl ListedMemberRow {
    fn of(self, community_id: Uuid) -> Result<ListedMember, StoreError> {
        let Self {
            user_id,
            search_name,
            display_name,
            avatar_url,
            is_listed,
            role,
            total_points,
            current_level,
        } = self;
        let key = [community_id, user_id];
        let place =
            MemberPlace { search_name: SearchName::restore(&search_name), user_id: UserId::new(user_id) };
        Ok(ListedMember {
            profile: profile(key, display_name, avatar_url, is_listed)?,
            role: role.parse().map_err(misread!(community_members::role, key))?,
            standing: standing(place.user_id, (total_points, current_level), &key)?,
            place,
        })
    }
}

/// Where a range begins and what it ends before.
fn bounds(MemberRange { begins_with, after, size: _ }: &MemberRange) -> (String, Uuid, String) {
    let end = begins_with.as_ref().map_or_else(|| char::MAX.to_string(), SearchName::end);
    // A place before all whose names begin so is none of theirs.
    match after.as_ref().filter(|place| Some(&place.search_name) >= begins_with.as_ref()) {
        // From the next user id on; nobody has the greatest of all.
        Some(MemberPlace { search_name, user_id }) => {
            let next = Uuid::from_u128(user_id.as_uuid().as_u128().saturating_add(1));
            (search_name.as_str().to_owned(), next, end)
        }
        None => {
            let first = begins_with.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default();
            (first, Uuid::nil(), end)
        }
    }
}

impl CommunityQueries for PgStore {
    async fn community_profile(
        &self,
        community_id: CommunityId,
        reader: Reader,
    ) -> Result<Option<CommunityView<BesideOwn<CommunityProfile>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let (community_id, caller_id) = (community_id.as_uuid(), reader.user_id().map(UserId::as_uuid));
        let select = SelectCommunityProfile { community_id, caller_id, known_version, known_at };
        let Some((view, profiles)) = self.row(select).await? else { return Ok(None) };
        let profile = profiles.into_iter().next().ok_or_else(|| corrupt("a known community has no row"))?;
        self.view(view, caller_id, known, profile.of(community_id, caller_id)?).map(Some)
    }

    async fn members(
        &self,
        community_id: CommunityId,
        reader: Reader,
        range: &MemberRange,
    ) -> Result<Option<CommunityView<BesideOwn<Vec<ListedMember>>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let (community_id, caller_id) = (community_id.as_uuid(), reader.user_id().map(UserId::as_uuid));
        let (from, from_user_id, end) = bounds(range);
        let limit = i64::from(range.size.get());
        let select = SelectMembers {
            community_id,
            caller_id,
            known_version,
            known_at,
            from,
            from_user_id,
            end,
            limit,
        };
        let Some((view, rows)) = self.row(select).await? else { return Ok(None) };
        let members: Result<Vec<ListedMember>, StoreError> =
            rows.into_iter().map(|row| row.of(community_id)).collect();
        self.view(view, caller_id, known, members?).map(Some)
    }
}
