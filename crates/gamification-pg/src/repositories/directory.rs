//! Communities, memberships and courses.

use std::collections::BTreeSet;

use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl};
use gamification_app::ports::{BoxedError, DirectoryRepository, Membership, Repository, StoreError};
use gamification_domain::{
    Community, CommunityId, CommunityMember, Course, CourseCommunities, CourseId, CourseKey, CourseListing,
    DirectoryText, LwwRegister, MemberKey, Profile, Role, SearchName, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys;
use crate::{
    PgTx,
    error::misread,
    json::Json,
    schema::{communities, community_members, courses},
    sending::Gives,
    statement::{Rows, record, statements},
    stored_lww_state::{StoredLwwState, lww_state},
};

record! {
    /// The key of a community.
    struct CommunityKeyRow: Written {
        community_id: Uuid => communities::community_id,
    }
}

record! {
    /// The key of a membership.
    pub(crate) struct CommunityMemberKeyRow: Read & Written {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
    }
}

record! {
    /// The key of a course.
    struct CourseKeyRow: Written {
        community_id: Uuid => courses::community_id,
        course_id: Uuid => courses::course_id,
    }
}

record! {
    struct CommunityRow: Read & Written {
        community_id: Uuid => communities::community_id,
        name: Option<String> => communities::name,
        name_change: Option<Json<StoredLwwState>> => communities::name_change,
    }
}

record! {
    struct CommunityMemberRow: Read & Written {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        is_present: bool => community_members::is_present,
        display_name: Option<String> => community_members::display_name,
        search_name: Option<String> => community_members::search_name,
        avatar_url: Option<String> => community_members::avatar_url,
        is_listed: bool => community_members::is_listed,
        profile_change: Option<Json<StoredLwwState>> => community_members::profile_change,
        presence_change: Option<Json<StoredLwwState>> => community_members::presence_change,
        role: String => community_members::role,
        role_change: Option<Json<StoredLwwState>> => community_members::role_change,
    }
}

record! {
    struct CourseRow: Read & Written {
        community_id: Uuid => courses::community_id,
        course_id: Uuid => courses::course_id,
        is_listed: bool => courses::is_listed,
        title: Option<String> => courses::title,
        listing_change: Option<Json<StoredLwwState>> => courses::listing_change,
    }
}

record! {
    /// A community that knows a course.
    struct CourseCommunityRow: Read {
        course_id: Uuid => courses::course_id,
        community_id: Uuid => courses::community_id,
    }
}

statements! {
    struct SelectCourseCommunities { course_ids: Vec<Uuid> => [courses::course_id] } -> CourseCommunityRow
    = "SELECT course_id, community_id FROM courses WHERE course_id = ANY (:course_ids)";

    struct EnsureCommunities { new: Rows<CommunityKeyRow>, now: OffsetDateTime => communities::created_at }
    = "INSERT INTO communities (community_id, created_at, updated_at)
       SELECT new.community_id, :now, :now
       FROM :new
       ORDER BY new.community_id
       ON CONFLICT (community_id) DO NOTHING";

    struct LockCommunities { wanted: Rows<CommunityKeyRow> } -> CommunityRow
    = "SELECT c.community_id, c.name, c.name_change
       FROM communities AS c
       JOIN :wanted USING (community_id)[[
       WHERE c.community_id = ANY (:wanted.communities)]]
       ORDER BY c.community_id FOR NO KEY UPDATE OF c";

    struct UpdateCommunities { changed: Rows<CommunityRow>, now: OffsetDateTime => communities::updated_at }
    = "UPDATE communities AS c SET name = changed.name, name_change = changed.name_change, updated_at = :now
       FROM :changed
       WHERE c.community_id = changed.community_id[[ AND c.community_id = ANY (:changed.communities)]]";

    struct EnsureCommunityMembers {
        new: Rows<CommunityMemberKeyRow>,
        role: String => community_members::role,
        now: OffsetDateTime => community_members::created_at,
    } = "INSERT INTO community_members (community_id, user_id, is_present, role, created_at, updated_at)
         SELECT new.community_id, new.user_id, false, :role, :now, :now
         FROM :new
         ORDER BY new.community_id, new.user_id
         ON CONFLICT (community_id, user_id) DO NOTHING";

    struct LockCommunityMembers { wanted: Rows<CommunityMemberKeyRow> } -> CommunityMemberRow
    = "SELECT m.community_id, m.user_id, m.is_present, m.display_name, m.search_name, m.avatar_url, m.is_listed,
              m.profile_change, m.presence_change, m.role, m.role_change
       FROM community_members AS m
       JOIN :wanted USING (community_id, user_id)[[
       WHERE m.community_id = ANY (:wanted.communities)]]
       ORDER BY m.community_id, m.user_id FOR NO KEY UPDATE OF m";

    /// The default of `xid` is the transaction that writes: leaderboards follow from it.
    struct UpdateCommunityMembers {
        changed: Rows<CommunityMemberRow>,
        now: OffsetDateTime => community_members::updated_at,
    } = "UPDATE community_members AS m
         SET is_present = changed.is_present, display_name = changed.display_name,
             search_name = changed.search_name, avatar_url = changed.avatar_url, is_listed = changed.is_listed, profile_change = changed.profile_change,
             presence_change = changed.presence_change, role = changed.role, role_change = changed.role_change,
             updated_at = :now, xid = DEFAULT
         FROM :changed
         WHERE m.community_id = changed.community_id AND m.user_id = changed.user_id[[
           AND m.community_id = ANY (:changed.communities)]]";

    struct EnsureCourses { new: Rows<CourseKeyRow>, now: OffsetDateTime => courses::created_at }
    = "INSERT INTO courses (community_id, course_id, is_listed, created_at, updated_at)
       SELECT new.community_id, new.course_id, false, :now, :now
       FROM :new
       ORDER BY new.community_id, new.course_id
       ON CONFLICT (community_id, course_id) DO NOTHING";

    struct LockCourses { wanted: Rows<CourseKeyRow> } -> CourseRow
    = "SELECT c.community_id, c.course_id, c.is_listed, c.title, c.listing_change
       FROM courses AS c
       JOIN :wanted USING (community_id, course_id)[[
       WHERE c.community_id = ANY (:wanted.communities)]]
       ORDER BY c.community_id, c.course_id FOR NO KEY UPDATE OF c";

    struct UpdateCourses { changed: Rows<CourseRow>, now: OffsetDateTime => courses::updated_at }
    = "UPDATE courses AS c
       SET is_listed = changed.is_listed, title = changed.title, listing_change = changed.listing_change,
           updated_at = :now
       FROM :changed
       WHERE c.community_id = changed.community_id AND c.course_id = changed.course_id[[
         AND c.community_id = ANY (:changed.communities)]]";
}

impl From<CommunityId> for CommunityKeyRow {
    fn from(community_id: CommunityId) -> Self {
        Self { community_id: community_id.as_uuid() }
    }
}

impl From<MemberKey> for CommunityMemberKeyRow {
    fn from((community_id, user_id): MemberKey) -> Self {
        Self { community_id: community_id.as_uuid(), user_id: user_id.as_uuid() }
    }
}

impl From<CourseKey> for CourseKeyRow {
    fn from((community_id, course_id): CourseKey) -> Self {
        Self { community_id: community_id.as_uuid(), course_id: course_id.as_uuid() }
    }
}

impl From<&Community> for CommunityRow {
    fn from(Community { id, name }: &Community) -> Self {
        Self {
            community_id: id.as_uuid(),
            name: plain(name.value().as_ref()),
            name_change: name.state().map(Json::from),
        }
    }
}

impl TryFrom<CommunityRow> for Community {
    type Error = StoreError;

    fn try_from(row: CommunityRow) -> Result<Self, StoreError> {
        let CommunityRow { community_id, name, name_change } = row;
        let key = [community_id];
        Ok(Self {
            id: CommunityId::new(community_id),
            name: LwwRegister::restore(
                text(name).map_err(misread!(communities::name, key))?,
                lww_state(name_change).map_err(misread!(communities::name_change, key))?,
            ),
        })
    }
}

impl From<&CommunityMember> for CommunityMemberRow {
    fn from(CommunityMember { community_id, user_id, presence, profile, role }: &CommunityMember) -> Self {
        let Profile { display_name, avatar_url, is_listed } = profile.value();
        Self {
            community_id: community_id.as_uuid(),
            user_id: user_id.as_uuid(),
            is_present: *presence.value(),
            search_name: Some(SearchName::of(display_name.as_ref()).as_str().to_owned()),
            display_name: plain(display_name.as_ref()),
            avatar_url: plain(avatar_url.as_ref()),
            is_listed: *is_listed,
            profile_change: profile.state().map(Json::from),
            presence_change: presence.state().map(Json::from),
            role: role.value().as_str().to_owned(),
            role_change: role.state().map(Json::from),
        }
    }
}

impl TryFrom<CommunityMemberRow> for CommunityMember {
    type Error = StoreError;

    fn try_from(row: CommunityMemberRow) -> Result<Self, StoreError> {
        let CommunityMemberRow {
            community_id,
            user_id,
            is_present,
            display_name,
            // It follows from the name.
            search_name: _,
            avatar_url,
            is_listed,
            profile_change,
            presence_change,
            role,
            role_change,
        } = row;
        let key = [community_id, user_id];
        let profile = Profile {
            display_name: text(display_name).map_err(misread!(community_members::display_name, key))?,
            avatar_url: text(avatar_url).map_err(misread!(community_members::avatar_url, key))?,
            is_listed,
        };
        let presence_state =
            lww_state(presence_change).map_err(misread!(community_members::presence_change, key))?;
        let profile_state =
            lww_state(profile_change).map_err(misread!(community_members::profile_change, key))?;
        Ok(Self {
            community_id: CommunityId::new(community_id),
            user_id: UserId::new(user_id),
            // Until profiles had changes of their own, those of the presence set them.
            profile: LwwRegister::restore(profile, profile_state.or_else(|| presence_state.clone())),
            presence: LwwRegister::restore(is_present, presence_state),
            role: LwwRegister::restore(
                role.parse().map_err(misread!(community_members::role, key))?,
                lww_state(role_change).map_err(misread!(community_members::role_change, key))?,
            ),
        })
    }
}

impl From<&Course> for CourseRow {
    fn from(Course { community_id, course_id, listing }: &Course) -> Self {
        let listed = listing.value().as_ref();
        Self {
            community_id: community_id.as_uuid(),
            course_id: course_id.as_uuid(),
            is_listed: listed.is_some(),
            title: plain(listed.and_then(|CourseListing { title }| title.as_ref())),
            listing_change: listing.state().map(Json::from),
        }
    }
}

impl TryFrom<CourseRow> for Course {
    type Error = StoreError;

    fn try_from(row: CourseRow) -> Result<Self, StoreError> {
        let CourseRow { community_id, course_id, is_listed, title, listing_change } = row;
        let key = [community_id, course_id];
        let listing = CourseListing { title: text(title).map_err(misread!(courses::title, key))? };
        Ok(Self {
            community_id: CommunityId::new(community_id),
            course_id: CourseId::new(course_id),
            listing: LwwRegister::restore(
                is_listed.then_some(listing),
                lww_state(listing_change).map_err(misread!(courses::listing_change, key))?,
            ),
        })
    }
}

fn text(stored: Option<String>) -> Result<Option<DirectoryText>, BoxedError> {
    Ok(stored.map(|text| DirectoryText::parse(&text)).transpose()?)
}

fn plain(text: Option<&DirectoryText>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

/// Asks for a user's role in a community that is known: no row when it is not, no role when they are not present.
pub(crate) fn select_role((community_id, user_id): MemberKey) -> impl Gives<Option<String>> {
    let own = community_members::community_id
        .eq(communities::community_id)
        .and(community_members::user_id.eq(user_id.as_uuid()))
        .and(community_members::is_present);
    communities::table
        .left_join(community_members::table.on(own))
        .filter(communities::community_id.eq(community_id.as_uuid()))
        .select(community_members::role.nullable())
}

/// What the answer to [`select_role`] means.
pub(crate) fn membership_of(
    (community_id, user_id): MemberKey,
    answer: Option<Option<String>>,
) -> Result<Option<Membership>, StoreError> {
    let key = [community_id.as_uuid(), user_id.as_uuid()];
    answer.map(|role| membership(key, role)).transpose()
}

/// What a user is by the role that is stored of them while they are present.
pub(crate) fn membership(key: [Uuid; 2], role: Option<String>) -> Result<Membership, StoreError> {
    match role {
        None => Ok(Membership::NotAMember),
        Some(role) => Ok(Membership::Member(role.parse().map_err(misread!(community_members::role, key))?)),
    }
}

impl Repository<Community> for PgTx {
    async fn lock(
        &mut self,
        wanted: &[Community],
        now: OffsetDateTime,
    ) -> Result<Vec<Community>, StoreError> {
        self.run(EnsureCommunities { new: keys(wanted), now });
        self.read(LockCommunities { wanted: keys(wanted) }).await
    }

    async fn save(&mut self, changed: &[Community], now: OffsetDateTime) -> Result<(), StoreError> {
        self.run(UpdateCommunities { changed: changed.into(), now });
        Ok(())
    }
}

impl Repository<CommunityMember> for PgTx {
    async fn lock(
        &mut self,
        wanted: &[CommunityMember],
        now: OffsetDateTime,
    ) -> Result<Vec<CommunityMember>, StoreError> {
        // As a user is whom no event has given a role.
        let role = Role::default().as_str().to_owned();
        self.run(EnsureCommunityMembers { new: keys(wanted), role, now });
        self.read(LockCommunityMembers { wanted: keys(wanted) }).await
    }

    async fn save(&mut self, changed: &[CommunityMember], now: OffsetDateTime) -> Result<(), StoreError> {
        self.run(UpdateCommunityMembers { changed: changed.into(), now });
        Ok(())
    }
}

impl Repository<Course> for PgTx {
    async fn lock(&mut self, wanted: &[Course], now: OffsetDateTime) -> Result<Vec<Course>, StoreError> {
        self.run(EnsureCourses { new: keys(wanted), now });
        self.read(LockCourses { wanted: keys(wanted) }).await
    }

    async fn save(&mut self, changed: &[Course], now: OffsetDateTime) -> Result<(), StoreError> {
        self.run(UpdateCourses { changed: changed.into(), now });
        Ok(())
    }
}

impl DirectoryRepository for PgTx {
    async fn membership(&mut self, user: MemberKey) -> Result<Option<Membership>, StoreError> {
        membership_of(user, self.first(select_role(user)).await?)
    }

    async fn lock_course_shared(&mut self, (community_id, course_id): CourseKey) -> Result<bool, StoreError> {
        let is_listed = courses::table
            .find((community_id.as_uuid(), course_id.as_uuid()))
            .select(courses::is_listed)
            .for_share();
        Ok(self.first(is_listed).await?.unwrap_or(false))
    }

    async fn course_communities(
        &mut self,
        courses: &BTreeSet<CourseId>,
    ) -> Result<CourseCommunities, StoreError> {
        let course_ids = courses.iter().map(|course| course.as_uuid()).collect();
        let rows = self.rows(SelectCourseCommunities { course_ids }).await?;
        let known = rows.into_iter().map(|CourseCommunityRow { course_id, community_id }| {
            (CourseId::new(course_id), CommunityId::new(community_id))
        });
        Ok(known.collect())
    }
}
