//! One module for each write port.

mod channels;
mod course_level_requirements;
mod directory;
mod ledger;
mod level_configurations;
mod like_switches;
mod member_points;
mod outbox;
mod recalculations;

pub(crate) use channels::LEASE_LOCK;
pub(crate) use directory::membership;
pub(crate) use level_configurations::{StoredLevels, level_configuration};
pub(crate) use member_points::MemberPointsRow;

use std::collections::BTreeSet;

use diesel::sql_types;
use gamification_domain::{Aggregate, MemberKey};
use uuid::Uuid;

/// A parameter that holds a whole column.
pub(crate) type Uuids = sql_types::Array<sql_types::Uuid>;
type Texts = sql_types::Array<sql_types::Text>;
type NullableTexts = sql_types::Array<sql_types::Nullable<sql_types::Text>>;
type Changes = sql_types::Array<sql_types::Nullable<sql_types::Jsonb>>;

/// The two columns of a set of keys.
pub(crate) fn member_columns<'a>(keys: impl IntoIterator<Item = &'a MemberKey>) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.into_iter().map(|(community_id, user_id)| (community_id.as_uuid(), user_id.as_uuid())).unzip()
}

/// The keys of aggregates, in the order of locks.
fn keys<A: Aggregate>(aggregates: &[A]) -> BTreeSet<A::Key> {
    aggregates.iter().map(Aggregate::key).collect()
}
