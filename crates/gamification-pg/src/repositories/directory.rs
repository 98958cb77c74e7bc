//! Communities, memberships and courses.

use std::collections::BTreeSet;

use diesel::{
    OptionalExtension, Queryable,
    sql_types::{Array, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gamification_app::ports::{DirectoryRepository, Membership, Repository, StoreError};
use gamification_domain::{
    Community, CommunityId, CommunityMember, Course, CourseCommunities, CourseId, CourseKey, CourseListing,
    DirectoryText, InvalidDirectoryText, LwwRegister, LwwState, MemberKey, Profile, Role, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Changes, NullableTexts, Texts, Uuids, keys, member_columns};
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
    stored_lww_state::StoredLwwState,
};

statement! {
    SelectCourseCommunities { course_ids: Vec<Uuid> => Uuids } -> (SqlUuid, SqlUuid)
    "SELECT course_id, community_id FROM courses WHERE course_id = ANY (?)"
}

statement! {
    SelectMembership { community_id: Uuid => SqlUuid, user_id: Uuid => SqlUuid } -> (Nullable<Text>,)
    "SELECT m.role
     FROM (VALUES (?, ?)) AS asked (community_id, user_id)
     JOIN communities USING (community_id)
     LEFT JOIN community_members AS m
         ON m.community_id = asked.community_id AND m.user_id = asked.user_id AND m.is_present"
}

statement! {
    LockCourseShared { community_id: Uuid => SqlUuid, course_id: Uuid => SqlUuid } -> (Bool,)
    "SELECT is_listed FROM courses WHERE community_id = ? AND course_id = ? FOR SHARE"
}

statement! {
    EnsureCommunities { community_ids: Vec<Uuid> => Uuids, now: OffsetDateTime => Timestamptz } -> ()
    "INSERT INTO communities (community_id, created_at, updated_at)
     SELECT wanted.community_id, t.now, t.now
     FROM UNNEST(?) AS wanted (community_id), (VALUES (?)) AS t (now)
     ORDER BY wanted.community_id
     ON CONFLICT (community_id) DO NOTHING"
}

statement! {
    LockCommunities { community_ids: Vec<Uuid> => Uuids } -> (SqlUuid, Nullable<Text>, Nullable<Jsonb>)
    "SELECT community_id, name, name_change FROM communities WHERE community_id = ANY (?)
     ORDER BY community_id FOR NO KEY UPDATE"
}

statement! {
    UpdateCommunities {
        community_ids: Vec<Uuid> => Uuids,
        names: Vec<Option<String>> => NullableTexts,
        name_changes: Vec<Option<StoredLwwState>> => Changes,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "UPDATE communities AS c SET name = new.name, name_change = new.name_change, updated_at = t.now
     FROM UNNEST(?, ?, ?) AS new (community_id, name, name_change), (VALUES (?)) AS t (now)
     WHERE c.community_id = new.community_id"
}

statement! {
    EnsureCommunityMembers {
        community_ids: Vec<Uuid> => Uuids,
        user_ids: Vec<Uuid> => Uuids,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO community_members (community_id, user_id, is_present, role, created_at, updated_at)
     SELECT wanted.community_id, wanted.user_id, false, 'MEMBER', t.now, t.now
     FROM UNNEST(?, ?) AS wanted (community_id, user_id), (VALUES (?)) AS t (now)
     ORDER BY wanted.community_id, wanted.user_id
     ON CONFLICT (community_id, user_id) DO NOTHING"
}

statement! {
    LockCommunityMembers { community_ids: Vec<Uuid> => Uuids, user_ids: Vec<Uuid> => Uuids }
    -> (SqlUuid, SqlUuid, Bool, Nullable<Text>, Nullable<Text>, Nullable<Jsonb>, Text, Nullable<Jsonb>)
    "SELECT m.community_id, m.user_id, m.is_present, m.display_name, m.avatar_url, m.presence_change,
            m.role, m.role_change
     FROM community_members AS m
     JOIN UNNEST(?, ?) AS wanted (community_id, user_id) USING (community_id, user_id)
     ORDER BY m.community_id, m.user_id FOR NO KEY UPDATE OF m"
}

statement! {
    UpdateCommunityMembers {
        community_ids: Vec<Uuid> => Uuids,
        user_ids: Vec<Uuid> => Uuids,
        presences: Vec<bool> => Array<Bool>,
        display_names: Vec<Option<String>> => NullableTexts,
        avatar_urls: Vec<Option<String>> => NullableTexts,
        presence_changes: Vec<Option<StoredLwwState>> => Changes,
        roles: Vec<String> => Texts,
        role_changes: Vec<Option<StoredLwwState>> => Changes,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "UPDATE community_members AS m
     SET is_present = new.is_present, display_name = new.display_name, avatar_url = new.avatar_url,
         presence_change = new.presence_change, role = new.role, role_change = new.role_change, updated_at = t.now
     FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?)
         AS new (community_id, user_id, is_present, display_name, avatar_url, presence_change, role, role_change),
         (VALUES (?)) AS t (now)
     WHERE m.community_id = new.community_id AND m.user_id = new.user_id"
}

statement! {
    EnsureCourses {
        community_ids: Vec<Uuid> => Uuids,
        course_ids: Vec<Uuid> => Uuids,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO courses (community_id, course_id, is_listed, created_at, updated_at)
     SELECT wanted.community_id, wanted.course_id, false, t.now, t.now
     FROM UNNEST(?, ?) AS wanted (community_id, course_id), (VALUES (?)) AS t (now)
     ORDER BY wanted.community_id, wanted.course_id
     ON CONFLICT (community_id, course_id) DO NOTHING"
}

statement! {
    LockCourses { community_ids: Vec<Uuid> => Uuids, course_ids: Vec<Uuid> => Uuids }
    -> (SqlUuid, SqlUuid, Bool, Nullable<Text>, Nullable<Jsonb>)
    "SELECT c.community_id, c.course_id, c.is_listed, c.title, c.listing_change
     FROM courses AS c
     JOIN UNNEST(?, ?) AS wanted (community_id, course_id) USING (community_id, course_id)
     ORDER BY c.community_id, c.course_id FOR NO KEY UPDATE OF c"
}

statement! {
    UpdateCourses {
        community_ids: Vec<Uuid> => Uuids,
        course_ids: Vec<Uuid> => Uuids,
        listed: Vec<bool> => Array<Bool>,
        titles: Vec<Option<String>> => NullableTexts,
        listing_changes: Vec<Option<StoredLwwState>> => Changes,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "UPDATE courses AS c
     SET is_listed = new.is_listed, title = new.title, listing_change = new.listing_change, updated_at = t.now
     FROM UNNEST(?, ?, ?, ?, ?) AS new (community_id, course_id, is_listed, title, listing_change),
         (VALUES (?)) AS t (now)
     WHERE c.community_id = new.community_id AND c.course_id = new.course_id"
}

#[derive(Queryable)]
struct CommunityRow {
    community_id: Uuid,
    name: Option<String>,
    name_change: Option<StoredLwwState>,
}

#[derive(Queryable)]
struct CommunityMemberRow {
    community_id: Uuid,
    user_id: Uuid,
    is_present: bool,
    display_name: Option<String>,
    avatar_url: Option<String>,
    presence_change: Option<StoredLwwState>,
    role: String,
    role_change: Option<StoredLwwState>,
}

#[derive(Queryable)]
struct CourseRow {
    community_id: Uuid,
    course_id: Uuid,
    is_listed: bool,
    title: Option<String>,
    listing_change: Option<StoredLwwState>,
}

impl TryFrom<CommunityRow> for Community {
    type Error = StoreError;

    fn try_from(row: CommunityRow) -> Result<Self, StoreError> {
        let CommunityRow { community_id, name, name_change } = row;
        let name = LwwRegister::restore(text(name)?, change(name_change)?);
        Ok(Self { id: CommunityId::new(community_id), name })
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
            avatar_url,
            presence_change,
            role,
            role_change,
        } = row;
        let profile = Profile { display_name: text(display_name)?, avatar_url: text(avatar_url)? };
        let role: Role = role.parse().map_err(corrupt)?;
        Ok(Self {
            community_id: CommunityId::new(community_id),
            user_id: UserId::new(user_id),
            presence: LwwRegister::restore(is_present.then_some(profile), change(presence_change)?),
            role: LwwRegister::restore(role, change(role_change)?),
        })
    }
}

impl TryFrom<CourseRow> for Course {
    type Error = StoreError;

    fn try_from(row: CourseRow) -> Result<Self, StoreError> {
        let CourseRow { community_id, course_id, is_listed, title, listing_change } = row;
        let listing = CourseListing { title: text(title)? };
        Ok(Self {
            community_id: CommunityId::new(community_id),
            course_id: CourseId::new(course_id),
            listing: LwwRegister::restore(is_listed.then_some(listing), change(listing_change)?),
        })
    }
}

fn text(stored: Option<String>) -> Result<Option<DirectoryText>, StoreError> {
    let parse =
        |text: String| DirectoryText::parse(&text).map_err(|error: InvalidDirectoryText| corrupt(error));
    stored.map(parse).transpose()
}

fn change(stored: Option<StoredLwwState>) -> Result<Option<LwwState>, StoreError> {
    stored.map(LwwState::try_from).transpose()
}

fn plain(text: Option<&DirectoryText>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

fn course_columns<'a>(keys: impl IntoIterator<Item = &'a CourseKey>) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.into_iter().map(|(community_id, course_id)| (community_id.as_uuid(), course_id.as_uuid())).unzip()
}

/// What a user is in a community.
pub(crate) async fn membership(
    connection: &mut AsyncPgConnection,
    (community_id, user_id): MemberKey,
) -> Result<Membership, StoreError> {
    let select = SelectMembership { community_id: community_id.as_uuid(), user_id: user_id.as_uuid() };
    let row: Option<(Option<String>,)> =
        select.get_result(connection).await.optional().map_err(store_error)?;
    match row {
        None => Ok(Membership::CommunityUnknown),
        Some((None,)) => Ok(Membership::NotAMember),
        Some((Some(role),)) => Ok(Membership::Member(role.parse().map_err(corrupt)?)),
    }
}

impl Repository<Community> for PgTx {
    async fn lock(
        &mut self,
        wanted: &[Community],
        now: OffsetDateTime,
    ) -> Result<Vec<Community>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let community_ids: Vec<Uuid> = wanted.iter().map(|community| community.id.as_uuid()).collect();
        let ensure = EnsureCommunities { community_ids: community_ids.clone(), now };
        ensure.execute(self.connection()).await.map_err(store_error)?;
        let lock = LockCommunities { community_ids };
        let rows: Vec<CommunityRow> = lock.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(Community::try_from).collect()
    }

    async fn save(&mut self, changed: &[Community], now: OffsetDateTime) -> Result<(), StoreError> {
        if changed.is_empty() {
            return Ok(());
        }
        let mut update = UpdateCommunities {
            community_ids: Vec::with_capacity(changed.len()),
            names: Vec::with_capacity(changed.len()),
            name_changes: Vec::with_capacity(changed.len()),
            now,
        };
        for Community { id, name } in changed {
            update.community_ids.push(id.as_uuid());
            update.names.push(plain(name.value().as_ref()));
            update.name_changes.push(name.state().map(StoredLwwState::from));
        }
        update.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}

impl Repository<CommunityMember> for PgTx {
    async fn lock(
        &mut self,
        wanted: &[CommunityMember],
        now: OffsetDateTime,
    ) -> Result<Vec<CommunityMember>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (community_ids, user_ids) = member_columns(&keys(wanted));
        let ensure =
            EnsureCommunityMembers { community_ids: community_ids.clone(), user_ids: user_ids.clone(), now };
        ensure.execute(self.connection()).await.map_err(store_error)?;
        let lock = LockCommunityMembers { community_ids, user_ids };
        let rows: Vec<CommunityMemberRow> = lock.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(CommunityMember::try_from).collect()
    }

    async fn save(&mut self, changed: &[CommunityMember], now: OffsetDateTime) -> Result<(), StoreError> {
        if changed.is_empty() {
            return Ok(());
        }
        let mut update = UpdateCommunityMembers {
            community_ids: Vec::with_capacity(changed.len()),
            user_ids: Vec::with_capacity(changed.len()),
            presences: Vec::with_capacity(changed.len()),
            display_names: Vec::with_capacity(changed.len()),
            avatar_urls: Vec::with_capacity(changed.len()),
            presence_changes: Vec::with_capacity(changed.len()),
            roles: Vec::with_capacity(changed.len()),
            role_changes: Vec::with_capacity(changed.len()),
            now,
        };
        for CommunityMember { community_id, user_id, presence, role } in changed {
            let profile = presence.value().as_ref();
            update.community_ids.push(community_id.as_uuid());
            update.user_ids.push(user_id.as_uuid());
            update.presences.push(profile.is_some());
            update.display_names.push(plain(profile.and_then(|profile| profile.display_name.as_ref())));
            update.avatar_urls.push(plain(profile.and_then(|profile| profile.avatar_url.as_ref())));
            update.presence_changes.push(presence.state().map(StoredLwwState::from));
            update.roles.push(role.value().as_str().to_owned());
            update.role_changes.push(role.state().map(StoredLwwState::from));
        }
        update.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}

impl Repository<Course> for PgTx {
    async fn lock(&mut self, wanted: &[Course], now: OffsetDateTime) -> Result<Vec<Course>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (community_ids, course_ids) = course_columns(&keys(wanted));
        let ensure =
            EnsureCourses { community_ids: community_ids.clone(), course_ids: course_ids.clone(), now };
        ensure.execute(self.connection()).await.map_err(store_error)?;
        let lock = LockCourses { community_ids, course_ids };
        let rows: Vec<CourseRow> = lock.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(Course::try_from).collect()
    }

    async fn save(&mut self, changed: &[Course], now: OffsetDateTime) -> Result<(), StoreError> {
        if changed.is_empty() {
            return Ok(());
        }
        let mut update = UpdateCourses {
            community_ids: Vec::with_capacity(changed.len()),
            course_ids: Vec::with_capacity(changed.len()),
            listed: Vec::with_capacity(changed.len()),
            titles: Vec::with_capacity(changed.len()),
            listing_changes: Vec::with_capacity(changed.len()),
            now,
        };
        for Course { community_id, course_id, listing } in changed {
            let listed = listing.value().as_ref();
            update.community_ids.push(community_id.as_uuid());
            update.course_ids.push(course_id.as_uuid());
            update.listed.push(listed.is_some());
            update.titles.push(plain(listed.and_then(|CourseListing { title }| title.as_ref())));
            update.listing_changes.push(listing.state().map(StoredLwwState::from));
        }
        update.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}

impl DirectoryRepository for PgTx {
    async fn membership(&mut self, user: MemberKey) -> Result<Membership, StoreError> {
        membership(self.connection(), user).await
    }

    async fn lock_course_shared(&mut self, (community_id, course_id): CourseKey) -> Result<bool, StoreError> {
        let share = LockCourseShared { community_id: community_id.as_uuid(), course_id: course_id.as_uuid() };
        let row: Option<(bool,)> =
            share.get_result(self.connection()).await.optional().map_err(store_error)?;
        Ok(row == Some((true,)))
    }

    async fn course_communities(
        &mut self,
        courses: &BTreeSet<CourseId>,
    ) -> Result<CourseCommunities, StoreError> {
        let course_ids = courses.iter().map(|course| course.as_uuid()).collect();
        let select = SelectCourseCommunities { course_ids };
        let homes: Vec<(Uuid, Uuid)> = select.load(self.connection()).await.map_err(store_error)?;
        let known = homes.into_iter().map(|(course, home)| (CourseId::new(course), CommunityId::new(home)));
        Ok(known.collect())
    }
}
