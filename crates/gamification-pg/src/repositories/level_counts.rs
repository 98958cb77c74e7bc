//! How many present members each level has.

use diesel::sql_types::{Array, BigInt, SmallInt};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{LevelCountRepository, StoreError};
use gamification_domain::LevelCountChange;
use uuid::Uuid;

use super::Uuids;
use crate::{PgTx, error::store_error, statement::statement};

statement! {
    ChangeLevelCounts {
        community_ids: Vec<Uuid> => Uuids,
        levels: Vec<i16> => Array<SmallInt>,
        members: Vec<i64> => Array<BigInt>,
    } -> ()
    "UPDATE level_counts AS c SET members = c.members + change.members
     FROM UNNEST(?, ?, ?) AS change (community_id, level, members)
     WHERE c.community_id = change.community_id AND c.level = change.level"
}

statement! {
    EnsureLevelCounts { community_ids: Vec<Uuid> => Uuids, levels: Vec<i16> => Array<SmallInt> } -> ()
    "INSERT INTO level_counts (community_id, level, members)
     SELECT new.community_id, new.level, 0 FROM UNNEST(?, ?) AS new (community_id, level)
     ORDER BY new.community_id, new.level
     ON CONFLICT (community_id, level) DO NOTHING"
}

statement! {
    LockLevelCounts { community_ids: Vec<Uuid> => Uuids, levels: Vec<i16> => Array<SmallInt> } -> (SmallInt,)
    "SELECT c.level FROM level_counts AS c
     JOIN UNNEST(?, ?) AS wanted (community_id, level) USING (community_id, level)
     ORDER BY c.community_id, c.level FOR NO KEY UPDATE OF c"
}

impl LevelCountRepository for PgTx {
    async fn change_level_counts(&mut self, changes: &[LevelCountChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let community_ids: Vec<Uuid> = changes.iter().map(|change| change.community_id.as_uuid()).collect();
        let levels: Vec<i16> = changes.iter().map(|change| i16::from(change.level.get())).collect();
        let members = changes.iter().map(|change| change.members).collect();
        let ensure = EnsureLevelCounts { community_ids: community_ids.clone(), levels: levels.clone() };
        ensure.execute(self.connection()).await.map_err(store_error)?;
        let lock = LockLevelCounts { community_ids: community_ids.clone(), levels: levels.clone() };
        lock.execute(self.connection()).await.map_err(store_error)?;
        let change = ChangeLevelCounts { community_ids, levels, members };
        change.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
