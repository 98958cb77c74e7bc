//! An admin sets the level that a course asks for, or opens it to all.

use gamification_domain::{
    CourseId, CourseLevelRequirement, CourseLevelRequirementId, LevelNumber, MemberKey,
};

use crate::{
    Clock, IdGenerator,
    access::{self, AccessDenied},
    contention::{self, CommandError},
    ports::{CourseLevelRequirementRepository, DirectoryRepository, Store, StoreError},
    transaction::{self, Ending},
};

/// Why a requirement was not set, in the order it is checked; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SetCourseLevelRequirementError {
    /// The community is not known, or the caller is no admin of it.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The community does not list this course.
    #[error("Course not found")]
    CourseNotFound,
    /// The database failed; the requirement is as it was, unless the commit itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommandError for SetCourseLevelRequirementError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::AccessDenied(_) | Self::CourseNotFound => None,
        }
    }
}

/// Sets the lowest level that gets into a course; `None` removes the requirement. It counts from the next look on.
///
/// # Errors
/// [`SetCourseLevelRequirementError`], the first that applies.
pub async fn set_course_level_requirement(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    caller: MemberKey,
    course_id: CourseId,
    minimum_level: Option<LevelNumber>,
) -> Result<(), SetCourseLevelRequirementError> {
    contention::retry(|| store_requirement(store, system, caller, course_id, minimum_level)).await
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn store_requirement(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    caller: MemberKey,
    course_id: CourseId,
    minimum_level: Option<LevelNumber>,
) -> Result<(), SetCourseLevelRequirementError> {
    let mut tx = store.begin().await?;
    let stored = write_requirement(&mut tx, system, caller, course_id, minimum_level).await;
    transaction::end(tx, stored).await
}

async fn write_requirement(
    tx: &mut (impl DirectoryRepository + CourseLevelRequirementRepository),
    system: &(impl Clock + IdGenerator),
    (community_id, user_id): MemberKey,
    course_id: CourseId,
    minimum_level: Option<LevelNumber>,
) -> Result<Ending<()>, SetCourseLevelRequirementError> {
    let now = system.now();
    access::admin(tx.membership((community_id, user_id)).await?)?;
    if !tx.lock_course_shared((community_id, course_id)).await? {
        return Err(SetCourseLevelRequirementError::CourseNotFound);
    }
    match minimum_level {
        Some(minimum_level) => {
            let id = CourseLevelRequirementId::new(system.next_id());
            let requirement = CourseLevelRequirement { id, community_id, course_id, minimum_level };
            tx.put_course_level_requirement(&requirement, now).await?;
        }
        None => tx.delete_course_level_requirement((community_id, course_id)).await?,
    }
    Ok(Ending::Commit(()))
}
