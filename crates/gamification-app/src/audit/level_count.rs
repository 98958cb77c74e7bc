//! The number noted for a level is that of the present members at it.

use gamification_domain::{CommunityId, LevelCountChange, LevelNumber};

use super::{Finding, Invariant};
use crate::{
    contention,
    ports::{LedgerRepository, RepairRepository, Store, StoreError, WrongLevelCount},
    transaction::{self, Ending},
};

impl From<WrongLevelCount> for Finding {
    fn from(wrong: WrongLevelCount) -> Self {
        let WrongLevelCount { community_id, level, noted, counted } = wrong;
        Self {
            invariant: Invariant::LevelCount,
            community_id,
            subject: Some(format!("level {level}")),
            found: noted.to_string(),
            expected: counted.to_string(),
        }
    }
}

/// Corrects counts by what they are off at one moment. Awards change them by what they change of the members, so that
/// they are off by the same ever after: nobody has to wait while members are counted. Only another repair would correct
/// them twice.
pub(super) async fn repair_level_counts(
    store: &impl Store,
    community_id: CommunityId,
) -> Result<Vec<Finding>, StoreError> {
    contention::retry(|| try_to_repair_level_counts(store, community_id)).await
}

#[expect(clippy::disallowed_methods, reason = "a repair begins its transactions, as a command does")]
async fn try_to_repair_level_counts(
    store: &impl Store,
    community_id: CommunityId,
) -> Result<Vec<Finding>, StoreError> {
    let mut tx = store.begin().await?;
    let corrected = correct_level_counts(&mut tx, community_id).await;
    transaction::end(tx, corrected).await
}

async fn correct_level_counts(
    tx: &mut (impl RepairRepository + LedgerRepository),
    community_id: CommunityId,
) -> Result<Ending<Vec<Finding>>, StoreError> {
    tx.lock_level_count_repair().await?;
    let wrong = tx.count_present_members(community_id).await?;
    let changes: Vec<LevelCountChange> = wrong.iter().filter_map(correction).collect();
    tx.change_level_counts(&changes).await?;
    Ok(Ending::Commit(wrong.into_iter().map(Finding::from).collect()))
}

/// None for a level out of 1 to 9; the database's own rules see to it that there is none.
fn correction(wrong: &WrongLevelCount) -> Option<LevelCountChange> {
    let WrongLevelCount { community_id, level, noted, counted } = *wrong;
    let level = LevelNumber::new(i64::from(level)).ok()?;
    Some(LevelCountChange { community_id, level, members: counted - noted })
}
