//! What is counted for a cap of the rules is what the ledger says.

use std::{collections::BTreeSet, iter};

use gamification_domain::{CommunityId, MemberKey, UserId};

use super::{Finding, Invariant};
use crate::{
    Clock, IdGenerator,
    commands::{default_levels, new_members},
    contention,
    ports::{
        CommunityRange, ConfigurationLock, Snapshot, Store, StoreError, UnitOfWork, Verification, WrongTally,
    },
    transaction::{self, Ending},
};

/// How many tallies one transaction repairs: each is added up anew.
const TALLIES: usize = 100;

impl From<WrongTally> for Finding {
    fn from(wrong: WrongTally) -> Self {
        let WrongTally { member: (community_id, user_id), day, source, liker_id, noted, due, .. } = wrong;
        let liker = liker_id.map_or_else(String::new, |liker_id| format!(" by likes of {liker_id}"));
        Self {
            invariant: Invariant::Tally,
            community_id,
            subject: Some(format!("member {user_id}, {source} of {day}{liker}")),
            found: noted.to_string(),
            expected: due.to_string(),
        }
    }
}

/// Computes wrong tallies anew, under the locks of their members.
pub(super) async fn repair_tallies(
    store: &(impl Store + Verification),
    system: &(impl Clock + IdGenerator),
    range: CommunityRange,
) -> Result<Vec<Finding>, StoreError> {
    let mut snapshot = store.snapshot().await?;
    let wrong = snapshot.wrong_tallies(range).await?;
    snapshot.end().await?;
    for wrong in wrong.chunks(TALLIES) {
        contention::retry(|| try_to_repair_tallies(store, system, wrong)).await?;
    }
    Ok(wrong.into_iter().map(Finding::from).collect())
}

#[expect(clippy::disallowed_methods, reason = "a repair begins its transactions, as a command does")]
async fn try_to_repair_tallies(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    wrong: &[WrongTally],
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let corrected = correct_tallies(&mut tx, system, wrong).await;
    transaction::end(tx, corrected).await
}

async fn correct_tallies(
    tx: &mut impl UnitOfWork,
    system: &(impl Clock + IdGenerator),
    wrong: &[WrongTally],
) -> Result<Ending<()>, StoreError> {
    let now = system.now();
    let communities: BTreeSet<CommunityId> = wrong.iter().map(|wrong| wrong.member.0).collect();
    tx.lock_configurations(ConfigurationLock::Shared, &default_levels(system, communities.into_iter()), now)
        .await?;
    // From that lock to the commit nobody is erased; of who was, nothing must come back.
    let liker = |wrong: &WrongTally| Some((wrong.member.0, UserId::new(wrong.liker_id?)));
    let named = wrong.iter().flat_map(|wrong| iter::once(wrong.member).chain(liker(wrong))).collect();
    let erased = tx.erased_members(&named).await?;
    let is_there = |wrong: &&WrongTally| {
        !erased.contains(&wrong.member) && liker(wrong).is_none_or(|liker| !erased.contains(&liker))
    };
    let wrong: Vec<WrongTally> = wrong.iter().filter(is_there).cloned().collect();
    let members: BTreeSet<MemberKey> = wrong.iter().map(|wrong| wrong.member).collect();
    tx.lock(&new_members(system, members.into_iter()), now).await?;
    tx.correct_tallies(&wrong).await?;
    Ok(Ending::Commit(()))
}
