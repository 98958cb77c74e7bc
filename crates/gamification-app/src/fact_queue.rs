//! Group commit: facts wait in a bounded queue, and all that wait are recorded in one transaction.
//!
//! A worker that is free takes a fact at once, so a lone one is not delayed; while workers are busy, facts gather, and
//! the next transaction has more of them. A caller gets the verdicts of its own facts, after the commit.
//!
//! Where the store is [partitioned](Store::is_partitioned), "one transaction" is one for each partition.

mod by_partition;

use std::{
    collections::VecDeque,
    future::Future,
    ops::Range,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use gamification_domain::{FactKind, FactRecord, Verdict};
use tokio::{
    sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};
use tracing::{Instrument, Span, field::Empty};

use crate::{
    Chain, Clock, IdGenerator,
    commands::{record_facts_once, transactions},
    observation::count_rejected_event,
    ports::{BoxedError, Store, StoreError},
};

/// How many facts may wait or be under way; more are refused, so that memory has a bound. About a second's work of
/// two processor cores: a later one would not be answered in time anyway.
const CAPACITY: u32 = 16_384;

/// How many transactions are under way at once. While one waits for the disk, or for a lock, the database works
/// on the other.
const WORKERS: usize = 2;

/// How many facts a worker takes at once.
#[derive(Clone, Copy)]
struct BatchSize {
    /// While a batch is under way, the next one waits for so many, or until that one has ended, or for [`LINGER`]: two small
    /// ones cost more than one that is twice as large. Nothing waits when none is under way.
    min: usize,
    /// No more are taken once there are so many: enough that the cost of a commit hardly counts, few enough that no fact
    /// waits long for the others.
    max: usize,
}

/// Facts that one transaction records.
const BATCH: BatchSize = BatchSize { min: 24, max: 1_000 };
/// Facts of several partitions. A batch is a transaction in each of them, and takes as many more, so that each is worth its
/// statements. Measured with 8 shards of Citus, batches of 50 communities: 7,960 events a second with the sizes above, 11,862 with these.
const PARTITIONED_BATCH: BatchSize = BatchSize { min: 1_000, max: 4_000 };

/// The longest that a batch waits for more facts.
const LINGER: Duration = Duration::from_millis(20);

/// How long a batch may take, tries and all: callers wait hardly longer, and other facts wait behind it.
const DEADLINE: Duration = Duration::from_secs(4);

/// How often a lone fact is tried again after contention, each time behind the other parts of its batch.
const MAX_TRIES: u32 = 5;

/// Why a fact was not recorded, as far as its sender may care. The cause is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Too many facts wait already. Nothing was changed.
    #[error("too many facts wait to be recorded")]
    QueueFull,
    /// The database can't be reached, takes too long, or is busy with others. Sent again, the fact is recorded, or known
    /// where the commit went through after all.
    #[error("the database is not available")]
    Unavailable,
    /// The fact can't be recorded, by a fault of ours. Nothing was changed.
    #[error("the fact can't be recorded")]
    Internal,
}

/// What became of one fact.
pub type Recorded = Result<Verdict, RecordError>;

/// Takes facts to be recorded. Clones lead to the same queue; when the last one is gone, the workers end with the last
/// fact that waits.
#[derive(Clone, Debug)]
pub struct FactQueue {
    sender: mpsc::UnboundedSender<Submission>,
    room: Arc<Semaphore>,
}

/// Facts that were submitted together.
#[derive(Debug)]
struct Submission {
    records: Vec<FactRecord>,
    reply: oneshot::Sender<Vec<Recorded>>,
    /// Their room in the queue, given back when they are done.
    _permit: OwnedSemaphorePermit,
}

/// What waits, for all workers.
struct Waiting {
    receiver: Mutex<mpsc::UnboundedReceiver<Submission>>,
    /// How many batches are under way.
    under_way: AtomicUsize,
    /// Is notified when one has ended.
    ended: Notify,
}

impl FactQueue {
    /// Starts the workers, on the runtime that calls this.
    pub fn start<S, E>(store: &S, system: &E) -> (Self, JoinSet<()>)
    where
        S: Store,
        E: Clock + IdGenerator,
    {
        let (sender, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(Waiting {
            receiver: Mutex::new(receiver),
            under_way: AtomicUsize::new(0),
            ended: Notify::new(),
        });
        let turns = Arc::new(by_partition::turns(store));
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            workers.spawn(work(store.clone(), system.clone(), Arc::clone(&waiting), Arc::clone(&turns)));
        }
        (Self { sender, room: Arc::new(Semaphore::new(CAPACITY as usize)) }, workers)
    }

    /// Records facts, in order, and gives what became of each once that is durable.
    ///
    /// Facts of one call are recorded in one transaction, or one for each partition of the store, unless one of them can't
    /// be: it must not hold up the others.
    /// Dropping the future does not take facts back that a worker has begun with.
    pub async fn record(&self, records: Vec<FactRecord>) -> Vec<Recorded> {
        let span = span_of(&records);
        self.submit(records).instrument(span).await
    }

    async fn submit(&self, records: Vec<FactRecord>) -> Vec<Recorded> {
        let number = records.len();
        if number == 0 {
            return Vec::new();
        }
        // More than fit at all have the queue for themselves.
        let size = u32::try_from(number).unwrap_or(CAPACITY).min(CAPACITY);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(size) else {
            return vec![Err(RecordError::QueueFull); number];
        };
        let (reply, outcome) = oneshot::channel();
        let _ = self.sender.send(Submission { records, reply, _permit: room });
        // Without workers, or when they stop in the midst of it, nobody replies.
        outcome.await.unwrap_or_else(|_| vec![Err(RecordError::Unavailable); number])
    }
}

/// From receipt to commit. Ids are told as far as they are those of all the facts.
fn span_of(records: &[FactRecord]) -> Span {
    let span = tracing::info_span!(
        "gamification.award_points",
        facts = records.len(),
        community_id = Empty,
        event_type = Empty,
        event_id = Empty
    );
    if span.is_disabled() {
        return span;
    }
    if let [lone] = records {
        span.record("event_type", lone.fact.event_type().as_str());
        // An erasure may be called after whom it erases.
        if !matches!(lone.fact.kind, FactKind::MemberErased { .. }) {
            span.record("event_id", lone.metadata.event_id.as_str());
        }
    }
    let mut communities = records.iter().map(|record| record.fact.community_id);
    if let Some(Some(first)) = communities.next()
        && communities.all(|community_id| community_id == Some(first))
    {
        span.record("community_id", tracing::field::display(first));
    }
    span
}

/// Takes what waits, batch after batch, until no queue is left that something could come from.
async fn work(
    store: impl Store,
    system: impl Clock + IdGenerator,
    waiting: Arc<Waiting>,
    turns: Arc<Semaphore>,
) {
    let size = || if store.is_partitioned() { PARTITIONED_BATCH } else { BATCH };
    while let Some(batch) = waiting.next_batch(size()).await {
        let records: Vec<FactRecord> =
            batch.iter().flat_map(|submission| &submission.records).cloned().collect();
        let deadline = Instant::now() + DEADLINE;
        let outcomes = match store.is_partitioned() {
            false => record_each(&store, &system, &records, deadline).await,
            true => by_partition::record_all(&store, &system, &records, &turns, deadline).await,
        };
        let mut outcomes = outcomes.into_iter();
        waiting.batch_ended();
        for Submission { records, reply, .. } in batch {
            // A caller who has left is no reason to stop.
            let _ = reply.send(outcomes.by_ref().take(records.len()).collect());
        }
    }
}

impl Waiting {
    /// Waits for a submission, and takes the others that wait behind it, up to a batch. None is taken whose caller has
    /// left: they will come again.
    async fn next_batch(&self, size: BatchSize) -> Option<Vec<Submission>> {
        let mut receiver = self.receiver.lock().await;
        loop {
            let mut batch = vec![receiver.recv().await?];
            self.gather(size, &mut receiver, &mut batch).await;
            batch.retain(|submission| !submission.reply.is_closed());
            if !batch.is_empty() {
                self.under_way.fetch_add(1, Ordering::AcqRel);
                return Some(batch);
            }
        }
    }

    /// Takes what waits already; while another batch is under way, and that is not much, also what comes in the next
    /// moment.
    async fn gather(
        &self,
        size: BatchSize,
        receiver: &mut mpsc::UnboundedReceiver<Submission>,
        batch: &mut Vec<Submission>,
    ) {
        let until = Instant::now() + LINGER;
        let mut facts: usize = batch.iter().map(|submission| submission.records.len()).sum();
        while facts < size.max {
            let submission = match receiver.try_recv() {
                Ok(submission) => submission,
                Err(_) if facts >= size.min || self.under_way.load(Ordering::Acquire) == 0 => return,
                Err(_) => tokio::select! {
                    Some(submission) = receiver.recv() => submission,
                    () = self.ended.notified() => continue,
                    () = sleep_until(until) => return,
                },
            };
            facts += submission.records.len();
            batch.push(submission);
        }
    }

    fn batch_ended(&self) {
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        self.ended.notify_one();
    }
}

/// Facts that are recorded in one transaction: a part of a batch, by their places in it.
struct Part {
    places: Range<usize>,
    /// How often a lone one was tried.
    tries: u32,
}

/// Records facts in one transaction, if that goes (erasures apart). If not, each half is tried, and so on, until what can't be recorded
/// is alone and the others are through.
async fn record_each(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
    deadline: Instant,
) -> Vec<Recorded> {
    let mut outcomes = vec![Err(RecordError::Unavailable); records.len()];
    let mut parts: VecDeque<Part> = parts_of(records).collect();
    while let Some(Part { places, tries }) = parts.pop_front() {
        let (Some(part), Some(outcomes)) = (records.get(places.clone()), outcomes.get_mut(places.clone()))
        else {
            continue;
        };
        let error = match attempt(store, system, part, deadline).await {
            Ok(verdicts) => {
                for (outcome, verdict) in outcomes.iter_mut().zip(verdicts) {
                    *outcome = Ok(verdict);
                }
                continue;
            }
            Err(error) => error,
        };
        match (&error, part.len()) {
            // It would be away for the others as well.
            (StoreError::Unavailable(_), _) => {
                log(&error, part);
                break;
            }
            (_, 2..) => {
                tracing::debug!(facts = part.len(), error = %Chain(&error), "trying in halves");
                let middle = places.start + part.len() / 2;
                parts.push_front(Part { places: middle..places.end, tries });
                parts.push_front(Part { places: places.start..middle, tries });
            }
            // What is in its way may have ended when the others are through.
            (StoreError::Contention(_), _) if tries < MAX_TRIES => {
                parts.push_back(Part { places, tries: tries + 1 });
            }
            _ => {
                log(&error, part);
                outcomes.fill(Err(record_error(&error)));
            }
        }
    }
    outcomes
}

/// Facts as they are tried first: all together, but for erasures, which have transactions of their own.
fn parts_of(records: &[FactRecord]) -> impl Iterator<Item = Part> {
    transactions(records).scan(0, |first, part| {
        let places = *first..*first + part.len();
        *first = places.end;
        Some(Part { places, tries: 0 })
    })
}

/// One transaction.
async fn attempt(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
    deadline: Instant,
) -> Result<Vec<Verdict>, StoreError> {
    guarded(record_facts_once(store, system, records), deadline).await
}

/// Whatever goes wrong is an error, panics too: they must not end the worker.
async fn guarded<T>(
    work: impl Future<Output = Result<T, StoreError>>,
    deadline: Instant,
) -> Result<T, StoreError> {
    match timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(StoreError::Corrupt("a panic, see above".into())),
        Err(elapsed) => Err(StoreError::Unavailable(BoxedError::from(elapsed))),
    }
}

const fn record_error(error: &StoreError) -> RecordError {
    match error {
        StoreError::Contention(_) | StoreError::Unavailable(_) => RecordError::Unavailable,
        StoreError::Conflict { .. } | StoreError::Corrupt(_) => RecordError::Internal,
    }
}

/// Tells why facts were not recorded, and counts those that never will be: here the cause is last known.
fn log(error: &StoreError, records: &[FactRecord]) {
    let event_type = match records {
        [lone] => lone.fact.event_type().as_str(),
        _ => "several",
    };
    match record_error(error) {
        RecordError::Internal => {
            for record in records {
                count_rejected_event(Some(record.fact.event_type()));
            }
            tracing::error!(event_type, error = %Chain(error), "event handler error");
        }
        RecordError::QueueFull | RecordError::Unavailable => {
            tracing::warn!(event_type, facts = records.len(), error = %Chain(error), "facts could not be recorded now");
        }
    }
}

#[cfg(test)]
mod tests {
    use gamification_domain::{CommunityId, EventId, EventMetadata, Fact};
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    /// What waits, with a way in.
    fn waiting(under_way: usize) -> (mpsc::UnboundedSender<Submission>, Waiting) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let under_way = AtomicUsize::new(under_way);
        (sender, Waiting { receiver: Mutex::new(receiver), under_way, ended: Notify::new() })
    }

    /// So many facts that wait together; they do as long as the receiver is kept.
    fn submitted(
        sender: &mpsc::UnboundedSender<Submission>,
        facts: usize,
    ) -> oneshot::Receiver<Vec<Recorded>> {
        let metadata = EventMetadata {
            event_id: EventId::parse("an event").unwrap(),
            sequence: None,
            time: None,
            received_at: OffsetDateTime::UNIX_EPOCH,
        };
        let fact = Fact::new(CommunityId::new(Uuid::nil()), FactKind::CommunityCreated { name: None });
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let (reply, outcome) = oneshot::channel();
        let records = vec![FactRecord { fact, metadata }; facts];
        sender.send(Submission { records, reply, _permit: room }).unwrap();
        outcome
    }

    /// How many facts a worker begins with without waiting for anything; `None` when it waits.
    fn begun_at_once(waiting: &Waiting) -> Option<usize> {
        let batch = waiting.next_batch(BATCH).now_or_never()?.unwrap();
        Some(batch.iter().map(|submission| submission.records.len()).sum())
    }

    #[tokio::test]
    async fn a_lone_fact_waits_for_nothing_while_no_batch_is_under_way() {
        let (sender, waiting) = waiting(0);
        let _outcome = submitted(&sender, 1);
        assert_eq!(begun_at_once(&waiting), Some(1));
        assert_eq!(waiting.under_way.load(Ordering::Acquire), 1);
    }

    #[tokio::test]
    async fn a_few_facts_wait_for_more_while_a_batch_is_under_way_and_no_longer() {
        let (sender, waiting) = waiting(1);
        let _few = submitted(&sender, BATCH.min - 1);
        let mut next = std::pin::pin!(waiting.next_batch(BATCH));
        assert!(next.as_mut().now_or_never().is_none());
        let _one_more = submitted(&sender, 1);
        assert_eq!(next.as_mut().now_or_never().unwrap().unwrap().len(), 2, "they are enough together");

        let _few = submitted(&sender, 1);
        let mut next = std::pin::pin!(waiting.next_batch(BATCH));
        assert!(next.as_mut().now_or_never().is_none());
        waiting.batch_ended();
        assert!(next.as_mut().now_or_never().is_none(), "one of two has ended");
        waiting.batch_ended();
        assert_eq!(next.as_mut().now_or_never().unwrap().unwrap().len(), 1, "the database is free");
    }

    #[tokio::test]
    async fn a_batch_is_as_large_as_it_may_be_and_has_nothing_of_those_who_left() {
        let (sender, waiting) = waiting(0);
        let [_first, left, _third] = [BATCH.max / 2, 1, BATCH.max / 2].map(|facts| submitted(&sender, facts));
        let _behind = submitted(&sender, 1);
        drop(left);
        assert_eq!(begun_at_once(&waiting), Some(BATCH.max));
        waiting.batch_ended();
        assert_eq!(begun_at_once(&waiting), Some(1));
    }

    #[tokio::test]
    async fn facts_of_several_partitions_gather_until_there_are_some_for_each() {
        let (sender, waiting) = waiting(1);
        let _enough_elsewhere = submitted(&sender, BATCH.min);
        let mut next = std::pin::pin!(waiting.next_batch(PARTITIONED_BATCH));
        assert!(next.as_mut().now_or_never().is_none());
        let _more = submitted(&sender, PARTITIONED_BATCH.min - BATCH.min);
        assert_eq!(next.as_mut().now_or_never().unwrap().unwrap().len(), 2);
    }
}
