//! Who is in which community, and which courses exist.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{
    Community, CommunityMember, Course, CourseCommunities, CourseId, CourseKey, MemberKey, Role,
};

use super::{Repository, StoreError};

/// The directory: communities, memberships and courses.
pub trait DirectoryRepository:
    Repository<Community> + Repository<CommunityMember> + Repository<Course>
{
    /// What a user is in a community; `None` when it is not known.
    fn membership(
        &mut self,
        user: MemberKey,
    ) -> impl Future<Output = Result<Option<Membership>, StoreError>> + Send;

    /// Whether the community lists this course. It stays so until the transaction ends.
    fn lock_course_shared(
        &mut self,
        course: CourseKey,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// In which communities these courses are known.
    fn course_communities(
        &mut self,
        courses: &BTreeSet<CourseId>,
    ) -> impl Future<Output = Result<CourseCommunities, StoreError>> + Send;
}

/// What a user is in a community that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Not a member, or not any more.
    NotAMember,
    /// A member, with this role.
    Member(Role),
}
