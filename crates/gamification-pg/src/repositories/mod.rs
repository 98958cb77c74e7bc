//! One module for each write port.

pub(crate) mod channels;
pub(crate) mod community_rules;
pub(crate) mod configurations;
pub(crate) mod course_level_requirements;
pub(crate) mod directory;
pub(crate) mod erasure_sweeps;
pub(crate) mod erasures;
pub(crate) mod leaderboards;
pub(crate) mod ledger;
pub(crate) mod like_switches;
pub(crate) mod member_points;
pub(crate) mod outbox;
pub(crate) mod recalculations;
pub(crate) mod tallies;

pub(crate) use channels::LEASE_LOCK;
pub(crate) use community_rules::StoredRulesRow;
pub(crate) use configurations::{LevelConfigurationRow, StoredLevel};
pub(crate) use directory::{CommunityMemberKeyRow, membership, membership_of, select_role};
pub(crate) use ledger::LevelCountRow;
pub(crate) use like_switches::LikeSwitchRow;
pub(crate) use member_points::standing;
pub(crate) use tallies::first_id_recorded;

use std::collections::BTreeSet;

use gamification_domain::Aggregate;

use crate::statement::Rows;

/// The keys of aggregates, each once.
fn keys<A: Aggregate, R: From<A::Key>>(aggregates: &[A]) -> Rows<R> {
    let keys: BTreeSet<A::Key> = aggregates.iter().map(Aggregate::key).collect();
    keys.into_iter().collect()
}
