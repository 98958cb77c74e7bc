//! Reads of courses and their gates.

use std::future::Future;

use gamification_domain::{CourseId, DirectoryText, LevelNumber, MemberKey};

use super::{BesideOwn, CommunityView};
use crate::ports::StoreError;

/// A course, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseGate {
    /// The course whose gate is asked for.
    pub course_id: CourseId,
    /// What it is called, where the platform told that.
    pub title: Option<DirectoryText>,
    /// The lowest level that gets in; `None` when the course is open to all.
    pub minimum_level: Option<LevelNumber>,
}

/// Reads of courses and the levels that they ask for.
pub trait CourseQueries: Send + Sync + 'static {
    /// The courses listed in the community, by id: all, or those of `courses`, beside the points and level of the
    /// member whose access is asked for; `None` when the community is not known.
    fn course_gates(
        &self,
        member: MemberKey,
        courses: Option<&[CourseId]>,
    ) -> impl Future<Output = Result<Option<CommunityView<BesideOwn<Vec<CourseGate>>>>, StoreError>> + Send;
}
