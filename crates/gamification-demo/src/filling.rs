//! The community in a store of this service.

use std::time::Duration;

use gamification_app::{
    Clock, EventCounts, EventOutcome, FactQueue, IdGenerator, IncomingEvent, Reader,
    commands::{
        LevelsUpdate, SendAgain, SetCourseLevelRequirementError, UpdateLevelsError, ingest_events_patiently,
        set_course_level_requirement, update_levels,
    },
    ports::{HistoryOrder, HistoryRange, PageSize, Queries, Store},
    queries::{ReadError, get_point_history},
};
use gamification_domain::{
    CommunityId, CourseId, LevelConfiguration, LevelConfigurationId, LevelDraft, LevelNumber,
    LevelOutOfRange, UserId,
};
use gamification_events::{MalformedMessage, read_structured};
use time::OffsetDateTime;

use crate::{
    COURSES, community_id, course_id,
    history::{AGE, FIRST_POST, history},
    member_id,
};

/// How many events are recorded at once, as a platform would send them.
const BATCH: usize = 500;

/// How long to go on trying while the database is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// The size of the history that a community was filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// How many events the history has.
    pub events: usize,
    /// How many of them were new.
    pub applied: u64,
}

/// Why the community is not there, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The database stayed unavailable; the filling may be started again.
    #[error(transparent)]
    SendAgain(#[from] SendAgain),
    /// An event of the history can't be recorded.
    #[error("an event of the demo is rejected: {0}")]
    NotRecorded(String),
    /// An event of the history is none.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    /// The ledger can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A course of the demo asks for a level that does not exist.
    #[error(transparent)]
    Level(#[from] LevelOutOfRange),
    /// The level that a course asks for could not be set.
    #[error(transparent)]
    Requirement(#[from] SetCourseLevelRequirementError),
    /// The levels could not be set.
    #[error(transparent)]
    Levels(#[from] UpdateLevelsError),
}

/// Lets everything happen, by the path of every event; a second time, nothing is new. Levels are the default ones then.
///
/// # Errors
/// [`FillError`]. What happened before it stays.
pub async fn fill<S, E>(store: &S, system: &E) -> Result<Filled, FillError>
where
    S: Store + Queries,
    E: Clock + IdGenerator,
{
    let (facts, _workers) = FactQueue::start(store, system);
    let now = system.now();
    let events = history(beginning(store, now).await?)
        .into_iter()
        .map(|event| read_structured(event.to_string().as_bytes(), now));
    let events: Vec<IncomingEvent> = events.collect::<Result<_, _>>()?;
    let mut applied = 0;
    for batch in events.chunks(BATCH) {
        let outcomes = ingest_events_patiently(&facts, batch, PATIENCE).await?;
        if let Some(reason) = outcomes.iter().find_map(EventOutcome::rejection_reason) {
            return Err(FillError::NotRecorded(reason));
        }
        applied += outcomes.iter().collect::<EventCounts>().applied;
    }
    let community_id = CommunityId::new(community_id());
    let admin = (community_id, UserId::new(member_id(0)));
    for (number, (_, minimum_level)) in COURSES.iter().enumerate() {
        let minimum_level = minimum_level.map(|level| LevelNumber::new(i64::from(level))).transpose()?;
        let course_id = CourseId::new(course_id(number));
        set_course_level_requirement(store, system, admin, course_id, minimum_level).await?;
    }
    // An admin who changed the levels in an earlier run finds the default ones again.
    let defaults = LevelConfiguration::default_for(LevelConfigurationId::new(system.next_id()), community_id);
    let drafts: Vec<LevelDraft> = defaults.levels().iter().map(LevelDraft::from).collect();
    update_levels(store, system, admin, &LevelsUpdate { drafts, expected_versions: None }).await?;
    Ok(Filled { events: events.len(), applied })
}

/// When it began: an earlier run has left the admin's first post in the ledger.
async fn beginning(store: &impl Queries, now: OffsetDateTime) -> Result<OffsetDateTime, ReadError> {
    let (community_id, admin) = (CommunityId::new(community_id()), UserId::new(member_id(0)));
    let first = HistoryRange {
        after: None,
        order: HistoryOrder::OldestFirst,
        source: None,
        size: PageSize::default(),
    };
    match get_point_history(store, community_id, Reader::Service, admin, first).await {
        Ok(history) => {
            let first = history.page.entries.first().map(|entry| entry.occurred_at - FIRST_POST);
            Ok(first.unwrap_or(now - AGE))
        }
        Err(ReadError::AccessDenied(_) | ReadError::MemberNotFound) => Ok(now - AGE),
        Err(error) => Err(error),
    }
}
