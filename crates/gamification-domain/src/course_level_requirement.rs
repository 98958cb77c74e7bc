//! Course gates: the level a course asks for, and who gets in.

use crate::{CommunityId, CourseId, CourseLevelRequirementId, LevelConfiguration, LevelNumber};

/// The lowest level that may enter a course. A course without one is open to every member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CourseLevelRequirement {
    /// Its id, the same wherever it is named.
    pub id: CourseLevelRequirementId,
    /// The community it belongs to.
    pub community_id: CommunityId,
    /// The course, by its id on the platform.
    pub course_id: CourseId,
    /// The lowest level that gets in.
    pub minimum_level: LevelNumber,
}

/// Whether a member gets into a course, and why.
///
/// ```
/// use gamification_domain::{CourseAccess, LevelNumber};
///
/// let level = |number| LevelNumber::new(number).unwrap();
/// assert!(CourseAccess::decide(None, level(1)).has_access());
/// assert!(CourseAccess::decide(Some(level(3)), level(3)).has_access());
/// assert!(!CourseAccess::decide(Some(level(3)), level(2)).has_access());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CourseAccess {
    required_level: Option<LevelNumber>,
    current_level: LevelNumber,
}

impl CourseAccess {
    /// Decides by the member's present (ratcheted) level against the present requirement, without exceptions for staff.
    #[must_use]
    pub const fn decide(required_level: Option<LevelNumber>, current_level: LevelNumber) -> Self {
        Self { required_level, current_level }
    }

    /// Whether the member gets in.
    #[must_use]
    pub fn has_access(self) -> bool {
        self.required_level.is_none_or(|required| self.current_level >= required)
    }

    /// What the course asks for, if anything.
    #[must_use]
    pub const fn required_level(self) -> Option<LevelNumber> {
        self.required_level
    }

    /// The member's level, by the ratchet.
    #[must_use]
    pub const fn current_level(self) -> LevelNumber {
        self.current_level
    }

    /// What to tell a member who is kept out: `Unlock at Level {X} - {Name}`.
    ///
    /// ```
    /// # use gamification_domain::{CommunityId, LevelConfiguration, LevelConfigurationId};
    /// # use uuid::Uuid;
    /// use gamification_domain::{CourseAccess, LevelNumber};
    ///
    /// # let (id, community) = (LevelConfigurationId::new(Uuid::nil()), CommunityId::new(Uuid::nil()));
    /// let levels = LevelConfiguration::default_for(id, community);
    /// let locked = CourseAccess::decide(Some(LevelNumber::new(3).unwrap()), LevelNumber::MIN);
    /// assert_eq!(locked.unlock_message(&levels).unwrap(), "Unlock at Level 3 - Builder");
    /// ```
    #[must_use]
    pub fn unlock_message(self, levels: &LevelConfiguration) -> Option<String> {
        let required = self.required_level.filter(|_| !self.has_access())?;
        Some(format!("Unlock at Level {required} - {}", levels.definition(required).name()))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::LevelConfigurationId;

    #[test]
    fn access_opens_at_the_required_level_and_not_before() {
        for required in LevelNumber::all() {
            for current in LevelNumber::all() {
                let access = CourseAccess::decide(Some(required), current);
                assert_eq!(access.has_access(), current >= required, "{current} of {required}");
                assert_eq!((access.required_level(), access.current_level()), (Some(required), current));
            }
        }
    }

    #[test]
    fn who_is_kept_out_is_told_the_level_that_opens_the_course() {
        let (id, community) = (LevelConfigurationId::new(Uuid::nil()), CommunityId::new(Uuid::nil()));
        let levels = LevelConfiguration::default_for(id, community);
        let message = |required: Option<LevelNumber>| {
            CourseAccess::decide(required, LevelNumber::MIN).unlock_message(&levels)
        };
        assert_eq!(message(Some(LevelNumber::MAX)).as_deref(), Some("Unlock at Level 9 - Icon"));
        assert_eq!(message(Some(LevelNumber::MIN)), None);
        assert_eq!(message(None), None);
    }

    #[test]
    fn a_course_without_requirement_is_open_to_all() {
        for current in LevelNumber::all() {
            assert!(CourseAccess::decide(None, current).has_access());
        }
    }
}
