//! The directory's part of a batch: communities, memberships and courses.

use std::collections::BTreeSet;

use super::{CourseKey, MemberKey};
use crate::{
    ChangeOutcome, Community, CommunityId, CommunityMember, Course, CourseId, CourseListing, DirectoryText,
    EventMetadata, tracked::Tracked,
};

/// The entries of the directory that facts may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryScope {
    /// Communities that become known, or change.
    pub communities: BTreeSet<CommunityId>,
    /// Memberships that begin, end, or change their role or profile.
    pub members: BTreeSet<MemberKey>,
    /// Courses that become known, change their title, or are deleted.
    pub courses: BTreeSet<CourseKey>,
}

impl DirectoryScope {
    pub(super) fn include_member(&mut self, member: MemberKey) {
        self.communities.insert(member.0);
        self.members.insert(member);
    }

    pub(super) fn include_course(&mut self, course: CourseKey) {
        self.communities.insert(course.0);
        self.courses.insert(course);
    }
}

/// Entries of the directory: those that a scope names, as they were loaded, or those that changed.
#[derive(Clone, Debug, Default)]
pub struct DirectoryEntries {
    /// Communities, with their names.
    pub communities: Vec<Community>,
    /// Memberships, with role and profile.
    pub members: Vec<CommunityMember>,
    /// Courses, with their titles.
    pub courses: Vec<Course>,
}

#[derive(Debug)]
pub(super) struct Directory {
    communities: Tracked<Community>,
    members: Tracked<CommunityMember>,
    courses: Tracked<Course>,
}

impl Directory {
    pub(super) fn new(loaded: DirectoryEntries) -> Self {
        let DirectoryEntries { communities, members, courses } = loaded;
        Self {
            communities: Tracked::new(communities),
            members: Tracked::new(members),
            courses: Tracked::new(courses),
        }
    }

    pub(super) fn name_community(
        &mut self,
        id: CommunityId,
        name: Option<DirectoryText>,
        metadata: &EventMetadata,
    ) -> ChangeOutcome {
        self.communities.update(Community::new(id), |community| community.name.set(name, metadata))
    }

    /// Changes a membership; gives the outcome, and whether the user is a member now.
    pub(super) fn change_member(
        &mut self,
        (community_id, user_id): MemberKey,
        change: impl FnOnce(&mut CommunityMember) -> ChangeOutcome,
    ) -> (ChangeOutcome, bool) {
        self.members.update(CommunityMember::new(community_id, user_id), |member| {
            (change(member), member.active_role().is_some())
        })
    }

    /// Lists a course, or takes it off the list.
    pub(super) fn list_course(
        &mut self,
        (community_id, course_id): (CommunityId, CourseId),
        listing: Option<CourseListing>,
        metadata: &EventMetadata,
    ) -> ChangeOutcome {
        self.courses
            .update(Course::new(community_id, course_id), |course| course.listing.set(listing, metadata))
    }

    pub(super) fn into_changes(self) -> DirectoryEntries {
        DirectoryEntries {
            communities: self.communities.into_changed(),
            members: self.members.into_changed(),
            courses: self.courses.into_changed(),
        }
    }
}
