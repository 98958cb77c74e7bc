//! The platform's facts become points, levels and directory entries.

use std::collections::BTreeSet;

use gamification_domain::{
    AwardScope, AwardState, Batch, Changes, Community, CommunityId, CommunityMember, Course,
    CourseCommunities, DirectoryEntries, DirectoryScope, EntryFactory, FactKind, FactRecord,
    LevelConfiguration, LevelConfigurationId, Loaded, MemberKey, MemberNeeded, MemberPoints, MemberPointsId,
    Scope, Tally, Verdict,
};
use time::OffsetDateTime;

use super::erase_members_once;
use crate::{
    Clock, IdGenerator, contention, ledger,
    ledger::Posted,
    observation,
    ports::{
        ConfigurationLock, ConfigurationRepository, DirectoryRepository, ErasureRepository, LedgerRepository,
        LikeSwitchRepository, LockedAwards, Outbox, Store, StoreError,
    },
    transaction::{self, Ending},
};

/// Records facts in one transaction, all or none, and gives each one's verdict, in the order of the facts. Erasures that
/// are among them have a transaction of their own, between those of what comes before and of what comes behind.
///
/// One fact is a batch of one. However many there are, the number of statements is the same. Facts that were
/// recorded before, under whatever event id, change nothing.
///
/// Services record through [`FactQueue`](crate::FactQueue). This is public beside it for tests and embedders that need
/// one call to be one transaction, its [`StoreError`] as it is, or the transaction to end when the future is dropped;
/// the queue hides all three.
///
/// # Errors
/// [`StoreError`] when the database failed, or other transactions were in the way again and again. Nothing was changed
/// by the transaction that failed, unless the failure is that of the commit itself: recording the same facts again finds
/// out.
pub async fn record_facts(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
) -> Result<Vec<Verdict>, StoreError> {
    let mut verdicts = Vec::with_capacity(records.len());
    for part in transactions(records) {
        verdicts.extend(contention::retry(|| record_facts_once(store, system, part)).await?);
    }
    Ok(verdicts)
}

/// Facts in the parts that are a transaction each: erasures are apart from all else.
pub(crate) fn transactions(records: &[FactRecord]) -> impl Iterator<Item = &[FactRecord]> {
    records.chunk_by(|before, after| is_erasure(before) == is_erasure(after))
}

const fn is_erasure(record: &FactRecord) -> bool {
    matches!(record.fact.kind, FactKind::MemberErased { .. })
}

/// The same for one of the [`transactions`], but contention is for the caller to deal with.
pub(crate) async fn record_facts_once(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
) -> Result<Vec<Verdict>, StoreError> {
    if records.iter().any(is_erasure) {
        return erase_members_once(store, system, records).await;
    }
    let mut learned = Learned::default();
    loop {
        match attempt(store, system, records.to_vec(), &learned).await {
            Ok(verdicts) => return Ok(verdicts),
            // Each member is learned of once, so this ends by itself.
            Err(Failure::MemberNeeded(member)) => {
                if !learned.more_members.insert(member) {
                    return Err(StoreError::Corrupt(
                        "a member was not found although they were locked".into(),
                    ));
                }
            }
            Err(Failure::Erased(members)) => learned.erased.extend(members),
            Err(Failure::LevelsNeeded) => learned.inserts_levels = true,
            Err(Failure::Store(error)) => return Err(error),
        }
    }
}

/// What attempts that did not go through have shown.
#[derive(Default)]
struct Learned {
    /// Members whom the facts don't name, and whose points they change.
    more_members: BTreeSet<MemberKey>,
    /// Members whom the facts name, and who were erased: for ever, so that it is true for the next attempt.
    erased: BTreeSet<MemberKey>,
    /// A community had no levels when its first award came: the next attempt inserts the default ones.
    inserts_levels: bool,
}

impl Learned {
    /// Whether a fact has no effect, since it names an erased user.
    fn ignores(&self, record: &FactRecord) -> bool {
        !self.erased.is_empty() && record.members().any(|member| self.erased.contains(&member))
    }

    /// The facts that may have one.
    fn judged<'a>(&self, records: &'a [FactRecord]) -> impl Iterator<Item = &'a FactRecord> {
        records.iter().filter(|record| !self.ignores(record))
    }
}

/// Why one attempt did not go through.
enum Failure {
    MemberNeeded(MemberKey),
    /// Rows were made for them, which must not stay.
    Erased(BTreeSet<MemberKey>),
    /// Levels are locked before members, so they must be there before both are.
    LevelsNeeded,
    Store(StoreError),
}

impl From<MemberNeeded> for Failure {
    fn from(MemberNeeded(member): MemberNeeded) -> Self {
        Self::MemberNeeded(member)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn attempt(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    mut records: Vec<FactRecord>,
    learned: &Learned,
) -> Result<Vec<Verdict>, Failure> {
    let now = system.now();
    let mut tx = store.begin().await?;
    let recorded = record_in(&mut tx, system, &mut records, learned, now).await;
    let (verdicts, posted) = transaction::end(tx, recorded).await?;
    observation::facts_recorded(&records, &verdicts, system.now());
    posted.committed();
    Ok(verdicts)
}

async fn record_in(
    tx: &mut (
             impl DirectoryRepository
             + ConfigurationRepository
             + LedgerRepository
             + LikeSwitchRepository
             + ErasureRepository
             + Outbox
         ),
    system: &(impl Clock + IdGenerator),
    records: &mut [FactRecord],
    learned: &Learned,
    now: OffsetDateTime,
) -> Result<Ending<(Vec<Verdict>, Posted)>, Failure> {
    resolve_courses(tx, records).await?;
    let mut scope = Scope::of(learned.judged(records));
    scope.awards.members.extend(&learned.more_members);

    let loaded = load(tx, system, &scope, records, learned, now).await?;
    let (verdicts, changes) = decide(system, loaded, records, learned, now)?;
    let posted = write(tx, system, changes, now).await?;
    Ok(Ending::Commit((verdicts, posted)))
}

fn decide(
    ids: &impl IdGenerator,
    loaded: Loaded,
    records: &[FactRecord],
    learned: &Learned,
    now: OffsetDateTime,
) -> Result<(Vec<Verdict>, Changes), MemberNeeded> {
    let mut batch = Batch::new(loaded);
    let mut next_id = || ids.next_id();
    let mut entries = EntryFactory { recorded_at: now, next_id: &mut next_id };
    let verdict = |record| match learned.ignores(record) {
        true => Ok(Verdict::Ignored),
        false => batch.record(record, &mut entries),
    };
    let verdicts: Result<Vec<Verdict>, MemberNeeded> = records.iter().map(verdict).collect();
    Ok((verdicts?, batch.into_changes()))
}

async fn resolve_courses(
    tx: &mut impl DirectoryRepository,
    records: &mut [FactRecord],
) -> Result<(), StoreError> {
    let unresolved = CourseCommunities::unresolved(records);
    if !unresolved.is_empty() {
        tx.course_communities(&unresolved).await?.resolve(records);
    }
    Ok(())
}

/// Loads and locks what the scope names, in the order that [`ports`](crate::ports) prescribes.
async fn load(
    tx: &mut (
             impl DirectoryRepository
             + ConfigurationRepository
             + LedgerRepository
             + LikeSwitchRepository
             + ErasureRepository
         ),
    ids: &impl IdGenerator,
    Scope { directory, awards, likes }: &Scope,
    records: &[FactRecord],
    learned: &Learned,
    now: OffsetDateTime,
) -> Result<Loaded, Failure> {
    Ok(Loaded {
        directory: load_directory(tx, directory, now).await?,
        awards: load_awards(tx, ids, awards, records, learned, now).await?,
        likes: tx.lock_like_switches(likes).await?,
    })
}

async fn load_directory(
    tx: &mut impl DirectoryRepository,
    DirectoryScope { communities, members, courses }: &DirectoryScope,
    now: OffsetDateTime,
) -> Result<DirectoryEntries, StoreError> {
    let communities: Vec<Community> = communities.iter().copied().map(Community::new).collect();
    let members: Vec<CommunityMember> =
        members.iter().map(|(community_id, user_id)| CommunityMember::new(*community_id, *user_id)).collect();
    let courses: Vec<Course> =
        courses.iter().map(|(community_id, course_id)| Course::new(*community_id, *course_id)).collect();
    Ok(DirectoryEntries {
        communities: tx.lock(&communities, now).await?,
        members: tx.lock(&members, now).await?,
        courses: tx.lock(&courses, now).await?,
    })
}

async fn load_awards(
    tx: &mut (impl ConfigurationRepository + LedgerRepository + ErasureRepository),
    ids: &impl IdGenerator,
    AwardScope { communities, members, once_only_keys }: &AwardScope,
    records: &[FactRecord],
    learned: &Learned,
    now: OffsetDateTime,
) -> Result<AwardState, Failure> {
    if learned.inserts_levels {
        let defaults = default_levels(ids, communities.iter().copied());
        tx.lock_configurations(ConfigurationLock::Shared, &defaults, now).await?;
    }
    let members = new_members(ids, members.iter().copied());
    let LockedAwards { configurations, members, awarded_keys } =
        tx.lock_awards(communities, &members, once_only_keys, now).await?;
    if configurations.len() < communities.len() {
        return match learned.inserts_levels {
            false => Err(Failure::LevelsNeeded),
            true => {
                Err(StoreError::Corrupt("levels were not found although they were inserted".into()).into())
            }
        };
    }
    // From the lock to the commit nobody is erased.
    let named = learned.judged(records).flat_map(FactRecord::members).collect();
    let erased = tx.erased_members(&named).await?;
    if !erased.is_empty() {
        return Err(Failure::Erased(erased));
    }
    // Which they are is known once the rules are: none where nothing is capped.
    let rules = configurations.iter().map(|found| &found.rules);
    let tallies = Tally::of(records, rules, &members, &awarded_keys);
    let tallies = tx.lock(&tallies, now).await?;
    Ok(AwardState { configurations, members, awarded_keys, tallies })
}

/// The default levels of communities, for those that have none.
pub(crate) fn default_levels(
    ids: &impl IdGenerator,
    communities: impl Iterator<Item = CommunityId>,
) -> Vec<LevelConfiguration> {
    let default = |community_id| {
        LevelConfiguration::default_for(LevelConfigurationId::new(ids.next_id()), community_id)
    };
    communities.map(default).collect()
}

/// Members without points, for those who have no record of points.
pub(crate) fn new_members(
    ids: &impl IdGenerator,
    members: impl Iterator<Item = MemberKey>,
) -> Vec<MemberPoints> {
    let new = |(community_id, user_id)| {
        MemberPoints::new(MemberPointsId::new(ids.next_id()), community_id, user_id)
    };
    members.map(new).collect()
}

async fn write(
    tx: &mut (impl DirectoryRepository + LedgerRepository + LikeSwitchRepository + Outbox),
    ids: &impl IdGenerator,
    Changes { directory, likes, ledger }: Changes,
    now: OffsetDateTime,
) -> Result<Posted, StoreError> {
    let DirectoryEntries { communities, members, courses } = directory;
    tx.save(&communities, now).await?;
    tx.save(&members, now).await?;
    tx.save(&courses, now).await?;
    tx.insert_like_switches(&likes.new, now).await?;
    tx.save_like_switches(&likes.changed, now).await?;
    ledger::post(tx, ids, ledger, now).await
}
