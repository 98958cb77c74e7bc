//! What is shown of a member's points.

use crate::{LevelConfiguration, LevelNumber, Points, UserId};

/// A member's points, and the level they have reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberStanding {
    /// The member, by their id on the platform.
    pub user_id: UserId,
    /// The sum of their ledger, 0 or more.
    pub total_points: Points,
    /// Their level as it was last judged; see [`level_under`](Self::level_under).
    pub current_level: LevelNumber,
}

impl MemberStanding {
    /// The level this member is at under these thresholds, by the ratchet ([`LevelConfiguration::level_from`]).
    #[must_use]
    pub fn level_under(&self, levels: &LevelConfiguration) -> LevelNumber {
        levels.level_from(self.current_level, self.total_points)
    }
}
