//! The platform's events come in: one way for every channel, which has only to frame and to acknowledge them.

use std::{future::Future, time::Duration};

use gamification_domain::FactRecord;
use tokio::time::{Instant, sleep};

use crate::{
    EventContent, EventOutcome, FactQueue, IncomingEvent, RecordError, Recorded,
    observation::{count_ignored_event, count_rejected_event},
};

/// The pauses between tries: the first, and the longest they grow to.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Where events are tried in parts, these have no fewer facts. A database that is too slow for all of them at once is
/// fast enough for so few.
const SMALLEST_PART: usize = 20;

/// Not all events could be recorded now: too many wait already, or the database is unavailable. Sent again, all of them
/// count once, whatever became of them the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not all events can be recorded now")]
pub struct SendAgain {
    /// How many are done: those before the first that is not recorded.
    pub done: usize,
}

/// Takes events in, and gives what became of each, in their order, once that is durable.
///
/// Their facts are recorded together, by way of the queue; see [`FactQueue::record`]. Events without a fact are counted
/// for operators here, as facts are where they are recorded.
///
/// # Errors
/// [`SendAgain`] when not all facts could be recorded now. Then nothing is counted of the events without a fact, for they
/// come again too.
pub async fn ingest_events<E: AsRef<IncomingEvent>>(
    queue: &FactQueue,
    events: &[E],
) -> Result<Vec<EventOutcome>, SendAgain> {
    let mut ingestion = Ingestion::of(events);
    ingestion.submit(&|facts| queue.record(facts), events.len()).await;
    ingestion.into_outcomes()
}

/// The same for a sender that can wait, as a backfill or a broker can: what does not go through is tried again, with
/// growing pauses and in smaller parts, until nothing of it went through for as long as `patience`.
///
/// # Errors
/// [`SendAgain`] when patience has ended.
pub async fn ingest_events_patiently<E: AsRef<IncomingEvent>>(
    queue: &FactQueue,
    events: &[E],
    patience: Duration,
) -> Result<Vec<EventOutcome>, SendAgain> {
    ingest_patiently(|facts| queue.record(facts), events, patience).await
}

async fn ingest_patiently<E: AsRef<IncomingEvent>, F: Future<Output = Vec<Recorded>>>(
    record: impl Fn(Vec<FactRecord>) -> F,
    events: &[E],
    patience: Duration,
) -> Result<Vec<EventOutcome>, SendAgain> {
    let mut ingestion = Ingestion::of(events);
    let mut part = events.len();
    let (mut pause, mut progress) = (FIRST_PAUSE, Instant::now());
    loop {
        let before = ingestion.waiting.len();
        ingestion.submit(&record, part).await;
        if ingestion.waiting.is_empty() {
            return ingestion.into_outcomes();
        }
        if ingestion.waiting.len() < before {
            (pause, progress) = (FIRST_PAUSE, Instant::now());
        } else if progress.elapsed() >= patience {
            return ingestion.into_outcomes();
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        part = (part / 2).max(SMALLEST_PART);
    }
}

/// A fact that is not recorded yet, and its event's place among all events.
struct Waiting<'a> {
    place: usize,
    fact: &'a FactRecord,
}

/// Events on their way in.
struct Ingestion<'a, E> {
    events: &'a [E],
    /// What became of each event; `None` while its fact waits.
    outcomes: Vec<Option<EventOutcome>>,
    /// In the order of the events.
    waiting: Vec<Waiting<'a>>,
}

impl<'a, E: AsRef<IncomingEvent>> Ingestion<'a, E> {
    fn of(events: &'a [E]) -> Self {
        let (mut outcomes, mut waiting) =
            (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        for (place, event) in events.iter().enumerate() {
            outcomes.push(match &event.as_ref().content {
                EventContent::Fact(fact) => {
                    waiting.push(Waiting { place, fact });
                    None
                }
                EventContent::UnknownType => Some(EventOutcome::UnknownType),
                EventContent::Invalid { event_type: _, mistake } => {
                    Some(EventOutcome::Invalid(mistake.clone()))
                }
            });
        }
        Self { events, outcomes, waiting }
    }

    /// Submits what waits, in parts of so many facts. It stops at the first part that does not go through: the others
    /// would fare no better.
    async fn submit<F: Future<Output = Vec<Recorded>>>(
        &mut self,
        record: &impl Fn(Vec<FactRecord>) -> F,
        part: usize,
    ) {
        let mut again = Vec::new();
        let mut rest = std::mem::take(&mut self.waiting);
        while again.is_empty() && !rest.is_empty() {
            let later = rest.split_off(part.min(rest.len()));
            let facts = rest.iter().map(|waiting| waiting.fact.clone()).collect();
            for (waiting, recorded) in rest.into_iter().zip(record(facts).await) {
                let outcome = match recorded {
                    Ok(verdict) => EventOutcome::Judged(verdict),
                    Err(RecordError::Internal) => EventOutcome::Internal,
                    Err(RecordError::QueueFull | RecordError::Unavailable) => {
                        again.push(waiting);
                        continue;
                    }
                };
                if let Some(place) = self.outcomes.get_mut(waiting.place) {
                    *place = Some(outcome);
                }
            }
            rest = later;
        }
        again.append(&mut rest);
        self.waiting = again;
    }

    fn into_outcomes(self) -> Result<Vec<EventOutcome>, SendAgain> {
        let done = self.outcomes.iter().position(Option::is_none).unwrap_or(self.outcomes.len());
        let outcomes: Vec<EventOutcome> =
            self.outcomes.into_iter().collect::<Option<_>>().ok_or(SendAgain { done })?;
        for event in self.events {
            match &event.as_ref().content {
                EventContent::Fact(_) => {}
                EventContent::UnknownType => count_ignored_event(),
                EventContent::Invalid { event_type, mistake: _ } => count_rejected_event(*event_type),
            }
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests;
