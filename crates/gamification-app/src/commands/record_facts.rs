//! The platform's facts become points, levels and directory entries.

use std::collections::BTreeSet;

use gamification_domain::{
    Batch, Changes, CourseCommunities, FactRecord, LevelConfiguration, LevelConfigurationId, Loaded, MemberKey,
    MemberNeeded, MemberPoints, MemberPointsId, Recording, Scope, Verdict,
};
use time::OffsetDateTime;

use crate::{
    Clock, IdGenerator,
    contention::Tries,
    observation,
    ports::{
        DirectoryRepository, LevelConfigurationRepository, LevelCountRepository, LikeSwitchRepository,
        MemberPointsRepository, Outbox, OutboxEvent, Store, StoreError, UnitOfWork,
    },
};

/// Why facts could not be recorded. Nothing was changed, unless the failure is that of the commit itself: then
/// recording the same facts again finds out.
#[derive(Debug, thiserror::Error)]
pub enum RecordFactsError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Records facts in one transaction, all or none, and gives each one's verdict, in the order of the facts.
///
/// One fact is a batch of one. However many there are, the number of statements is the same. Facts that were
/// recorded before, under whatever event id, change nothing.
///
/// # Errors
/// [`RecordFactsError::Store`] when the database failed, or other transactions were in the way again and again.
pub async fn record_facts(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
) -> Result<Vec<Verdict>, RecordFactsError> {
    let mut tries = Tries::default();
    loop {
        match try_to_record_facts(store, system, records).await {
            Err(RecordFactsError::Store(error)) if tries.allow_another(&error) => {}
            outcome => return outcome,
        }
    }
}

/// The same, but contention is for the caller to deal with.
pub(crate) async fn try_to_record_facts(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
) -> Result<Vec<Verdict>, RecordFactsError> {
    let mut more_members = BTreeSet::new();
    loop {
        match try_once(store, system, records.to_vec(), &more_members).await {
            Ok(verdicts) => return Ok(verdicts),
            // Each member is asked for once, so this ends by itself.
            Err(Attempt::MemberNeeded(member)) => {
                more_members.insert(member);
            }
            Err(Attempt::Failed(error)) => return Err(error.into()),
        }
    }
}

/// Why one attempt did not go through.
enum Attempt {
    MemberNeeded(MemberKey),
    Failed(StoreError),
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<MemberNeeded> for Attempt {
    fn from(MemberNeeded(member): MemberNeeded) -> Self {
        Self::MemberNeeded(member)
    }
}

async fn try_once(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    mut records: Vec<FactRecord>,
    more_members: &BTreeSet<MemberKey>,
) -> Result<Vec<Verdict>, Attempt> {
    let now = system.now();
    let mut tx = store.begin().await?;
    find_communities_of_lessons(&mut tx, &mut records).await?;
    let mut scope = Scope::of(&records);
    scope.member_points.extend(more_members);

    let loaded = load(&mut tx, system, &scope, now).await?;
    let (verdicts, changes) = decide(system, loaded, &records, now)?;
    let events = write(&mut tx, system, changes, now).await?;
    tx.commit().await?;
    let events = events.iter().map(|event| &event.event);
    observation::facts_recorded(&records, &verdicts, events, system.now());
    Ok(verdicts)
}

fn decide(
    system: &(impl Clock + IdGenerator),
    loaded: Loaded,
    records: &[FactRecord],
    now: OffsetDateTime,
) -> Result<(Vec<Verdict>, Changes), MemberNeeded> {
    let mut batch = Batch::new(loaded);
    let mut next_id = || system.next_id();
    let mut recording = Recording { recorded_at: now, next_id: &mut next_id };
    let verdicts: Result<Vec<Verdict>, MemberNeeded> =
        records.iter().map(|record| batch.record(record, &mut recording)).collect();
    Ok((verdicts?, batch.into_changes()))
}

async fn find_communities_of_lessons(
    tx: &mut impl DirectoryRepository,
    records: &mut [FactRecord],
) -> Result<(), StoreError> {
    let wanted = CourseCommunities::unresolved(records);
    if !wanted.is_empty() {
        tx.course_communities(&wanted).await?.complete(records);
    }
    Ok(())
}

/// Loads and locks what the scope names, in the order that [`ports`](crate::ports) prescribes.
async fn load(
    tx: &mut (
             impl DirectoryRepository
             + LevelConfigurationRepository
             + MemberPointsRepository
             + LikeSwitchRepository
         ),
    system: &(impl Clock + IdGenerator),
    scope: &Scope,
    now: OffsetDateTime,
) -> Result<Loaded, StoreError> {
    let Scope {
        communities,
        community_members,
        courses,
        level_configurations,
        member_points,
        once_only_keys,
        likes,
    } = scope;
    let default_levels = |community_id| {
        LevelConfiguration::default_for(LevelConfigurationId::new(system.next_id()), community_id)
    };
    let new_member = |(community_id, user_id)| {
        MemberPoints::new(MemberPointsId::new(system.next_id()), community_id, user_id)
    };
    Ok(Loaded {
        communities: tx.lock_communities(communities, now).await?,
        community_members: tx.lock_community_members(community_members, now).await?,
        courses: tx.lock_courses(courses, now).await?,
        level_configurations: tx
            .lock_level_configurations_shared(level_configurations, default_levels, now)
            .await?,
        member_points: tx.lock_member_points(member_points, new_member, now).await?,
        awarded_keys: tx.awarded_keys(once_only_keys).await?,
        like_switches: tx.lock_like_switches(likes).await?,
    })
}

/// Writes what was decided, and gives the events it leads to.
async fn write(
    tx: &mut (
             impl DirectoryRepository
             + MemberPointsRepository
             + LikeSwitchRepository
             + LevelCountRepository
             + Outbox
         ),
    system: &(impl Clock + IdGenerator),
    changes: Changes,
    now: OffsetDateTime,
) -> Result<Vec<OutboxEvent>, StoreError> {
    let Changes {
        communities,
        community_members,
        courses,
        member_points,
        transactions,
        new_like_switches,
        changed_like_switches,
        level_counts,
        events,
    } = changes;
    let events: Vec<OutboxEvent> =
        events.into_iter().map(|event| OutboxEvent { id: system.next_id(), event }).collect();
    tx.save_communities(&communities, now).await?;
    tx.save_community_members(&community_members, now).await?;
    tx.save_courses(&courses, now).await?;
    tx.save_member_points(&member_points, now).await?;
    tx.append_transactions(&transactions).await?;
    tx.insert_like_switches(&new_like_switches, now).await?;
    tx.save_like_switches(&changed_like_switches, now).await?;
    tx.change_level_counts(&level_counts).await?;
    tx.append_events(&events, now).await?;
    Ok(events)
}
