//! Facts of several partitions: those of each are recorded apart, several partitions at once.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::join_all;
use gamification_domain::{CommunityId, CourseCommunities, FactRecord};
use tokio::{sync::Semaphore, time::Instant};

use super::{RecordError, Recorded, guarded, log, record_each, record_error};
use crate::{
    Clock, IdGenerator,
    ports::{DirectoryRepository, Partition, Store, StoreError, UnitOfWork},
};

/// In how many partitions facts are recorded at once: more would only let the database do with more of them at a time.
const AT_ONCE: usize = 4;

/// One for each partition in which facts may be recorded at the same time.
pub(super) fn turns(store: &impl Store) -> Semaphore {
    Semaphore::new(AT_ONCE.min(store.transactions_at_once().get()))
}

/// Facts of one partition, with their places among all.
#[derive(Default)]
struct Group {
    places: Vec<usize>,
    records: Vec<FactRecord>,
}

/// Records facts, those of each partition in transactions of their own. What goes wrong in one partition is no matter of the
/// others.
pub(super) async fn record_all(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
    turns: &Semaphore,
    deadline: Instant,
) -> Vec<Recorded> {
    let (elsewhere, groups) = match guarded(grouped(store, records), deadline).await {
        Ok(grouped) => grouped,
        Err(error) => {
            log(&error, records);
            return vec![Err(record_error(&error)); records.len()];
        }
    };
    let mut outcomes = vec![Err(RecordError::Unavailable); records.len()];
    let record = |Group { places, records }| async move {
        let turn = turns.acquire().await;
        let recorded = match turn {
            Ok(_) => record_each(store, system, &records, deadline).await,
            Err(_) => vec![Err(RecordError::Unavailable); records.len()],
        };
        places.into_iter().zip(recorded)
    };
    // Before the others: a course that one of these brings is none that a lesson before it has found.
    let first = match elsewhere.records.is_empty() {
        true => None,
        false => Some(record(elsewhere).await),
    };
    // Turns are given in the order in which they are asked for.
    let others = join_all(groups.into_iter().map(record)).await;
    for (place, recorded) in first.into_iter().chain(others).flatten() {
        if let Some(outcome) = outcomes.get_mut(place) {
            *outcome = recorded;
        }
    }
    outcomes
}

/// Facts whose community nobody knows, and the others by partition; partitions and facts in the order in which they came.
async fn grouped(store: &impl Store, records: &[FactRecord]) -> Result<(Group, Vec<Group>), StoreError> {
    let mut records = records.to_vec();
    resolve_courses(store, &mut records).await?;
    let communities: BTreeSet<CommunityId> =
        records.iter().filter_map(|record| record.fact.community_id).collect();
    let partitions = store.partitions(&communities).await?;
    let mut indexes: HashMap<Partition, usize> = HashMap::new();
    let (mut elsewhere, mut groups) = (Group::default(), Vec::new());
    for (place, record) in records.into_iter().enumerate() {
        let partition = record.fact.community_id.and_then(|community_id| partitions.get(&community_id));
        let index = partition.map(|partition| *indexes.entry(*partition).or_insert(groups.len()));
        if index == Some(groups.len()) {
            groups.push(Group::default());
        }
        let group = index.and_then(|index| groups.get_mut(index)).unwrap_or(&mut elsewhere);
        group.places.push(place);
        group.records.push(record);
    }
    Ok((elsewhere, groups))
}

/// Finds the communities of lessons whose facts name none, also by facts of other partitions, as where there is only one.
#[expect(clippy::disallowed_methods, reason = "reads only")]
async fn resolve_courses(store: &impl Store, records: &mut [FactRecord]) -> Result<(), StoreError> {
    let unresolved = CourseCommunities::unresolved(records);
    if unresolved.is_empty() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let mut known = tx.course_communities(&unresolved).await?;
    tx.rollback().await?;
    known.resolve(records);
    Ok(())
}
