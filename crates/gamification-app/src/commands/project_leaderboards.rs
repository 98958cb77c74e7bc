//! Leaderboards follow the ledger and the directory, in the order of commits.
//!
//! Boards are a projection: the transactions that award points know nothing of them. One process at a time projects
//! them, by the lock of their progress, and any other continues where it left off. Each transaction that wrote has a
//! number; a step takes in what those from the last step on wrote, up to the first that has not ended, so that a late
//! commit is not passed over and nothing counts twice. Many changes of a member in a step are one. Beside it the
//! windows move on: what occurred before their new start is taken from their sums.
//!
//! What it costs, on two cores that PostgreSQL, the service and the load shared: while every event is of another member,
//! awards go on at 0.94 (batches) and 0.92 (single events) of their pace without boards. (Totals of windows in the award's
//! own row, with three indexes, would leave a quarter of it.) A rank is the sum of the members of the sections before, and a
//! count within one. Right after everybody in a community of a million had earned, three boards with the reader's own rank
//! took 25 ms over HTTP (95 of 100 within 33), the widget 8 (10), the surroundings of a member 8 (11); with a thousand members
//! 5, 3 and 3. Boards follow some ten thousand changed members a second.

use std::{collections::BTreeMap, mem};

use gamification_domain::{CommunityId, MemberKey, SortName, UserId, WindowStarts};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    contention,
    ports::{
        CommunityRange, DirectoryMember, EntryChange, LeaderboardProgress, LeaderboardRepository,
        LeaderboardStep, LockedLeaderboards, Store, StoreError, WindowSums,
    },
    transaction::{self, Ending},
};

/// About how many rows of the ledger and of the directory one step takes in: as many as take a second on a slow machine.
const STEP_ROWS: i64 = 20_000;

/// How many members are listed together while boards are built.
const MEMBERS: i64 = 5_000;

/// How many entries change in one statement: more would save little time, and take more memory.
const CHANGES: usize = 5_000;

/// What one step of the projection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projected {
    /// Everything that was committed when it began is in the boards.
    CaughtUp,
    /// There is more to take in.
    Behind,
    /// Another process projects the boards.
    Elsewhere,
}

/// Takes the next changes into the boards, or builds them where there are none. Windows move on to the time of the caller's
/// clock or of the store's, whichever is earlier: they never move back, so that a server whose clock is ahead would empty
/// them.
///
/// # Errors
/// [`StoreError`] when the database fails; the boards stay as they were.
#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
pub async fn project_leaderboards(store: &impl Store, now: OffsetDateTime) -> Result<Projected, StoreError> {
    let mut tx = store.begin().await?;
    let projected = project_in(&mut tx, now).await;
    transaction::end(tx, projected).await
}

/// Builds the boards of some communities anew, as of the moment that all boards are of.
///
/// # Errors
/// [`StoreError`] when the database fails; the boards stay as they were.
pub(crate) async fn rebuild_leaderboards(
    store: &impl Store,
    range: CommunityRange,
) -> Result<(), StoreError> {
    contention::retry(|| try_to_rebuild(store, range)).await
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn try_to_rebuild(store: &impl Store, range: CommunityRange) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let rebuilt = async {
        match tx.lock_leaderboards().await?.progress {
            Some(progress) => {
                build(&mut tx, range, &progress).await?;
                Ok(Ending::Commit(()))
            }
            // They are about to be built from nothing anyway.
            None => Ok(Ending::Rollback(())),
        }
    };
    let rebuilt = rebuilt.await;
    transaction::end(tx, rebuilt).await
}

async fn project_in(
    tx: &mut impl LeaderboardRepository,
    now: OffsetDateTime,
) -> Result<Ending<Projected>, StoreError> {
    let Some(locked) = tx.try_lock_leaderboards().await? else {
        return Ok(Ending::Rollback(Projected::Elsewhere));
    };
    let now = now.min(locked.now);
    let (progress, projected) = match locked.progress {
        Some(progress) => step(tx, progress, &locked, now).await?,
        None => {
            let progress = LeaderboardProgress {
                position: locked.all_ended,
                starts: WindowStarts::at(now),
                complete_until: now,
                next_complete: None,
            };
            let everything = (CommunityId::new(Uuid::nil()), CommunityId::new(Uuid::max()));
            build(tx, everything, &progress).await?;
            (progress, Projected::Behind)
        }
    };
    tx.save_leaderboard_progress(&progress).await?;
    Ok(Ending::Commit(projected))
}

/// Takes one step on from where the boards are.
async fn step(
    tx: &mut impl LeaderboardRepository,
    progress: LeaderboardProgress,
    locked: &LockedLeaderboards,
    now: OffsetDateTime,
) -> Result<(LeaderboardProgress, Projected), StoreError> {
    let LeaderboardProgress { position, starts, complete_until, next_complete } = progress;
    let aim = LeaderboardStep {
        transactions: (position, locked.all_ended.max(position)),
        starts: (starts, starts.max(WindowStarts::at(now))),
    };
    let step = tx.next_leaderboard_step(aim, STEP_ROWS).await?;
    let (mut earned, mut first) = (tx.earned_in_step(step).await?, Some(first_member()));
    while let Some(next) = first {
        // A step may be one transaction that wrote a million members: those come by and by.
        let members = tx.members_in_step(step, next, MEMBERS).await?;
        first = members.last().filter(|_| is_full(&members)).and_then(|last| after(last.key));
        for changes in changes(mem::take(&mut earned), members).chunks(CHANGES) {
            tx.change_leaderboard_entries(changes).await?;
        }
    }
    let reached = step.transactions.1;
    // Whatever was committed by now belongs to transactions that had begun.
    let next = next_complete.unwrap_or((locked.none_begun, now));
    let is_complete = reached >= next.0;
    let progress = LeaderboardProgress {
        position: reached,
        starts: step.starts.1,
        complete_until: if is_complete { complete_until.max(next.1) } else { complete_until },
        next_complete: (!is_complete).then_some(next),
    };
    Ok((progress, if step == aim { Projected::CaughtUp } else { Projected::Behind }))
}

/// What a step means for entries, of each member once.
fn changes(earned: Vec<(MemberKey, WindowSums)>, members: Vec<DirectoryMember>) -> Vec<EntryChange> {
    let change = |key, sums| EntryChange { key, sums, listing: None };
    let mut changes: BTreeMap<MemberKey, EntryChange> =
        earned.into_iter().map(|(key, sums)| (key, change(key, sums))).collect();
    for DirectoryMember { key, display_name, is_listed } in members {
        let listing = Some((SortName::of(display_name.as_ref()), is_listed));
        changes.entry(key).or_insert_with(|| change(key, WindowSums::default())).listing = listing;
    }
    changes.into_values().collect()
}

/// Builds the boards of a range of communities from nothing: sums first, then who is on them.
async fn build(
    tx: &mut impl LeaderboardRepository,
    range: CommunityRange,
    progress: &LeaderboardProgress,
) -> Result<(), StoreError> {
    tx.reset_leaderboards(range, progress.position, progress.starts).await?;
    let mut first = Some((range.0, first_member().1));
    while let Some(next) = first {
        let members = tx.directory_members(next, range.1, MEMBERS).await?;
        first = members.last().and_then(|last| after(last.key));
        tx.change_leaderboard_entries(&changes(Vec::new(), members)).await?;
    }
    Ok(())
}

/// The least key: no member comes before it.
const fn first_member() -> MemberKey {
    (CommunityId::new(Uuid::nil()), UserId::new(Uuid::nil()))
}

/// Whether there may be more members than these.
fn is_full(members: &[DirectoryMember]) -> bool {
    i64::try_from(members.len()).is_ok_and(|number| number >= MEMBERS)
}

/// The next key after a member's; nobody comes after the greatest of all in the last community.
fn after((community_id, user_id): MemberKey) -> Option<MemberKey> {
    let next = |id: Uuid| id.as_u128().checked_add(1).map(Uuid::from_u128);
    match next(user_id.as_uuid()) {
        Some(user_id) => Some((community_id, UserId::new(user_id))),
        None => Some((CommunityId::new(next(community_id.as_uuid())?), UserId::new(Uuid::nil()))),
    }
}

#[cfg(test)]
mod tests {
    use gamification_domain::DirectoryText;

    use super::*;

    fn key(user: u128) -> MemberKey {
        (CommunityId::new(Uuid::nil()), UserId::new(Uuid::from_u128(user)))
    }

    #[test]
    fn many_changes_of_a_member_are_one() {
        let sums = WindowSums { seven_day: 1, thirty_day: 2, all_time: 3 };
        let member = |user, name, is_listed| DirectoryMember {
            key: key(user),
            display_name: DirectoryText::parse(name).ok(),
            is_listed,
        };
        let changes = changes(
            vec![(key(2), sums), (key(1), sums)],
            vec![member(2, "Ada", false), member(3, "Bob", true)],
        );
        let listing =
            |name: &str, is_listed| Some((SortName::of(DirectoryText::parse(name).ok().as_ref()), is_listed));
        assert_eq!(
            changes,
            [
                EntryChange { key: key(1), sums, listing: None },
                EntryChange { key: key(2), sums, listing: listing("Ada", false) },
                EntryChange { key: key(3), sums: WindowSums::default(), listing: listing("Bob", true) },
            ]
        );
    }

    #[test]
    fn the_next_member_is_that_of_the_next_key() {
        assert_eq!(after(key(1)), Some(key(2)));
        let last = (CommunityId::new(Uuid::nil()), UserId::new(Uuid::max()));
        assert_eq!(after(last), Some((CommunityId::new(Uuid::from_u128(1)), UserId::new(Uuid::nil()))));
        assert_eq!(after((CommunityId::new(Uuid::max()), UserId::new(Uuid::max()))), None);
    }
}
