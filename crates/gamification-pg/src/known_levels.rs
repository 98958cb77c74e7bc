//! The levels of communities as they were read before.
//!
//! A read always asks the database which levels count; it is sent them only where they are others than these. So they are
//! never stale, and nine names and thresholds are not parsed on every read.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gamification_app::ports::StoreError;
use gamification_domain::{CommunityId, LevelConfiguration};
use lru::LruCache;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::corrupt,
    json::Json,
    repositories::{LevelConfigurationRow, StoredLevel},
    schema::level_configurations,
    statement::{OrNull, record},
};

/// How many communities' levels are remembered, the last used ones: each takes about a kilobyte.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(4_096).expect("it is not 0");

record! {
    /// The levels that count, without what they are where that is known: see [`levels_unless_known!`].
    pub(crate) struct LevelsRow: Read {
        community_id: Uuid => level_configurations::community_id,
        id: Uuid => level_configurations::id,
        version: i32 => level_configurations::version,
        updated_at: OffsetDateTime => level_configurations::updated_at,
        levels: Option<Json<Vec<StoredLevel>>> => OrNull<level_configurations::levels>,
    }
}

/// The columns of [`LevelsRow`], from `level_configurations AS levels`; what is known has the version and the time of its
/// last change (a version alone could come again after a backup was restored).
macro_rules! levels_unless_known {
    ($version:literal, $updated_at:literal) => {
        concat!(
            "levels.community_id, levels.id, levels.version, levels.updated_at,
             CASE WHEN levels.version = ",
            $version,
            " AND levels.updated_at = ",
            $updated_at,
            " THEN NULL ELSE levels.levels END AS levels"
        )
    };
}
pub(crate) use levels_unless_known;

/// A community's levels as they were at their last change.
#[derive(Clone)]
pub(crate) struct KnownLevels {
    updated_at: OffsetDateTime,
    configuration: Arc<LevelConfiguration>,
}

impl KnownLevels {
    /// What a statement is sent, so that it gives the levels only where they have changed since.
    pub(crate) fn version(known: Option<&Self>) -> (Option<i32>, Option<OffsetDateTime>) {
        let version = known.and_then(|known| i32::try_from(known.configuration.version()).ok());
        (version, known.map(|known| known.updated_at))
    }
}

/// The last used levels, for all connections.
pub(crate) struct LevelsCache(Mutex<LruCache<CommunityId, KnownLevels>>);

impl Default for LevelsCache {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl LevelsCache {
    /// What is known of a community's levels, before the database is asked.
    pub(crate) fn known(&self, community_id: CommunityId) -> Option<KnownLevels> {
        self.cache().get(&community_id).cloned()
    }

    /// The levels that count, from the answer to a statement that was told what is `known`.
    pub(crate) fn resolve(
        &self,
        row: LevelsRow,
        known: Option<KnownLevels>,
    ) -> Result<Arc<LevelConfiguration>, StoreError> {
        let LevelsRow { community_id, id, version, updated_at, levels } = row;
        let Some(levels) = levels else {
            let known = known.ok_or_else(|| corrupt("levels were left out that are not known"))?;
            return Ok(known.configuration);
        };
        let row = LevelConfigurationRow { community_id, id, levels, version };
        let configuration = Arc::new(LevelConfiguration::try_from(row)?);
        let known = KnownLevels { updated_at, configuration: Arc::clone(&configuration) };
        self.remember(configuration.community_id(), known);
        Ok(configuration)
    }

    fn remember(&self, community_id: CommunityId, known: KnownLevels) {
        self.cache().put(community_id, known);
    }

    fn cache(&self) -> MutexGuard<'_, LruCache<CommunityId, KnownLevels>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use gamification_domain::LevelConfigurationId;

    use super::*;

    fn community(number: u128) -> CommunityId {
        CommunityId::new(Uuid::from_u128(number))
    }

    fn known() -> KnownLevels {
        let id = LevelConfigurationId::new(Uuid::nil());
        let configuration = Arc::new(LevelConfiguration::default_for(id, community(0)));
        KnownLevels { updated_at: OffsetDateTime::UNIX_EPOCH, configuration }
    }

    #[test]
    fn a_million_communities_take_no_more_room_than_the_last_four_thousand() {
        let (cache, known) = (LevelsCache::default(), known());
        for number in 0..1_000_000 {
            cache.remember(community(number), known.clone());
        }
        assert_eq!(cache.cache().len(), CAPACITY.get());
        assert!(cache.known(community(999_999)).is_some() && cache.known(community(0)).is_none());
    }

    #[test]
    fn levels_that_were_left_out_are_those_that_were_known_when_it_was_asked() {
        let (cache, known) = (LevelsCache::default(), known());
        let row = || LevelsRow {
            community_id: Uuid::nil(),
            id: Uuid::nil(),
            version: 1,
            updated_at: OffsetDateTime::UNIX_EPOCH,
            levels: None,
        };
        // Others may have been remembered, or these forgotten, since.
        let resolved = cache.resolve(row(), Some(known.clone())).expect("they are known");
        assert!(Arc::ptr_eq(&resolved, &known.configuration));
        assert!(cache.resolve(row(), None).is_err(), "an answer that fits no question");
    }
}
