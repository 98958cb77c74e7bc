//! What a community's awards are judged by.

use crate::{CommunityRules, LevelConfiguration};

/// A community's levels and rules, which are read together and under one lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityConfiguration {
    /// The names and thresholds of its levels.
    pub levels: LevelConfiguration,
    /// What its members earn points by.
    pub rules: CommunityRules,
}
