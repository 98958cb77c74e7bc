//! The levels that every community starts with. What they are is written down in the domain's own tests.

use std::sync::LazyLock;

use gamification_domain::{CommunityId, LevelConfiguration, LevelConfigurationId, LevelNumber};
use uuid::Uuid;

static DEFAULTS: LazyLock<LevelConfiguration> = LazyLock::new(|| {
    LevelConfiguration::default_for(LevelConfigurationId::new(Uuid::nil()), CommunityId::new(Uuid::nil()))
});

/// Names and thresholds, level 1 first.
#[must_use]
pub fn default_levels() -> [(&'static str, i64); LevelNumber::COUNT] {
    DEFAULTS.levels().each_ref().map(|level| (level.name().as_str(), i64::from(level.threshold().get())))
}
