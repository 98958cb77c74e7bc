//! Takes the platform's events in from a broker: each is acknowledged after it is durable, and none is lost or held up by
//! another.
//!
//! A [`Source`] fetches messages and settles them; what becomes of each is decided here, for every broker alike. Order
//! needs no care: facts are decided by what they say of themselves and count once, so any number of processes may share
//! the messages, and a message that comes again is a `duplicate`.

use std::{
    convert::Infallible,
    future::Future,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    EventOutcome, FactQueue, IncomingEvent,
    commands::ingest_events_patiently,
    observation::{SettledMessages, describe_source},
};

/// The most messages of one fetch.
const FETCH: usize = 500;
/// How many fetches are in flight: while one is recorded, the next is brought.
const IN_FLIGHT: usize = 2;
/// How long settling one message may take.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long messages in flight may take to be recorded when consumption shall stop; then they are given back.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause after the source could not be read.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// The pause before a message comes again for the first time; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause before a message comes again.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// After so many attempts a lesson is set aside whose course is still not known: with these pauses, after a day.
const COURSE_ATTEMPTS: u64 = 151;
/// After so many attempts an event is set aside that can't be recorded by a fault of ours: after two hours.
const FAULT_ATTEMPTS: u64 = 20;

/// Where messages come from: a consumer of a broker.
///
/// A broker that acknowledges each message implements it directly. One that keeps a position instead, as Kafka does for
/// each partition, notes what is settled and commits the end of what is settled without a gap.
pub trait Source: Send + 'static {
    /// What one message is settled by.
    type Receipt: Receipt;

    /// Its name, for logs and metrics: `nats`.
    fn name(&self) -> &'static str;

    /// Waits until there are messages, and takes those that are there, at most `limit`.
    ///
    /// It may be dropped while it waits; nothing is lost then.
    ///
    /// # Errors
    /// [`SourceError`] when the source can't be read now.
    fn fetch(
        &mut self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<SourceMessage<Self::Receipt>>, SourceError>> + Send;

    /// Stops asking for messages, and gives those that are here already and were not fetched.
    fn close(&mut self) -> Vec<SourceMessage<Self::Receipt>>;

    /// Waits until what was said of messages has been sent.
    fn flush(&mut self) -> impl Future<Output = ()> + Send;

    /// How long a message stays ours while nothing is said about it.
    fn hold(&self) -> Duration;
}

/// What one message is settled by.
pub trait Receipt: Send + Sync {
    /// Says what has become of the message.
    ///
    /// # Errors
    /// [`SourceError`] when it could not be said; the message comes again then.
    fn settle(&self, settlement: &Settlement) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Says that the message is still being worked on.
    ///
    /// # Errors
    /// [`SourceError`] when it could not be said.
    fn extend(&self) -> impl Future<Output = Result<(), SourceError>> + Send;
}

/// A message of a broker, whose event was read.
#[derive(Debug)]
pub struct SourceMessage<R> {
    /// Its event; a message that holds none is an invalid event.
    pub event: IncomingEvent,
    /// How often the broker handed it out, this time included: 1 or more.
    pub attempts: u64,
    /// What it is settled by.
    pub receipt: R,
}

impl<R> AsRef<IncomingEvent> for SourceMessage<R> {
    fn as_ref(&self) -> &IncomingEvent {
        &self.event
    }
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is done, and never comes again.
    Done,
    /// The broker hands it out again.
    Again {
        /// The least time until then; zero for at once.
        after: Duration,
    },
    /// It goes where people look, and never comes again.
    SetAside {
        /// Why it can never be recorded, for its sender.
        reason: String,
    },
}

/// Why a source could not be read, or a message not be settled, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Takes events in until it is told to stop. Then what is in flight is recorded or given back, and it ends within
/// seconds.
pub async fn consume_events<S: Source>(mut source: S, queue: FactQueue, stop: CancellationToken) {
    let name = source.name();
    describe_source(name);
    let mut in_flight = FuturesUnordered::new();
    let mut is_away = false;
    while !stop.is_cancelled() {
        let fetching = async {
            if is_away {
                sleep(ERROR_PAUSE).await;
            }
            source.fetch(FETCH).await
        };
        tokio::select! {
            fetched = fetching, if in_flight.len() < IN_FLIGHT => match fetched {
                Ok(messages) => {
                    if std::mem::take(&mut is_away) {
                        tracing::info!(source = name, "events come in again");
                    }
                    in_flight.push(process(messages, source.hold(), name, queue.clone(), stop.clone()));
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_away, true) {
                        tracing::warn!(source = name, %error, "no events come in; trying again");
                    }
                }
            },
            Some(()) = in_flight.next() => {}
            () = stop.cancelled() => {}
        }
    }
    let left = source.close();
    tokio::join!(give_back(&left, name), async { while in_flight.next().await.is_some() {} });
    // What is not sent by then comes again when it is no longer ours.
    let _ = timeout(ERROR_PAUSE, source.flush()).await;
}

/// Records the events of messages, and settles each.
async fn process<R: Receipt>(
    messages: Vec<SourceMessage<R>>,
    hold: Duration,
    source: &'static str,
    queue: FactQueue,
    stop: CancellationToken,
) {
    let stopped = async {
        stop.cancelled().await;
        sleep(STOP_TIMEOUT).await;
    };
    let work = async {
        // The database may be away for hours; the messages stay ours.
        let recorded = tokio::select! {
            recorded = ingest_events_patiently(&queue, &messages, Duration::MAX) => recorded.ok(),
            () = stopped => None,
        };
        let Some(outcomes) = recorded else {
            return give_back(&messages, source).await;
        };
        let judged = messages.iter().zip(&outcomes);
        let settlements = judged.map(|(message, outcome)| settlement(outcome, message.attempts));
        settle_all(&messages, source, settlements.collect()).await;
    };
    tokio::select! {
        () = work => {}
        never = extend_all(&messages, hold) => match never {},
    }
}

/// What becomes of a message whose event came to this, the so-manyeth time that it was handed out.
fn settlement(outcome: &EventOutcome, attempts: u64) -> Settlement {
    let Some(reason) = outcome.rejection_reason() else { return Settlement::Done };
    let most = if outcome.is_course_unknown() {
        COURSE_ATTEMPTS
    } else if matches!(outcome, EventOutcome::Internal) {
        FAULT_ATTEMPTS
    } else {
        0
    };
    if attempts < most {
        Settlement::Again { after: pause(attempts) }
    } else {
        Settlement::SetAside { reason }
    }
}

/// The pause after so many attempts.
fn pause(attempts: u64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1).min(16)).unwrap_or(16);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// Lets others have messages at once.
async fn give_back<R: Receipt>(messages: &[SourceMessage<R>], source: &'static str) {
    let again = vec![Settlement::Again { after: Duration::ZERO }; messages.len()];
    settle_all(messages, source, again).await;
}

/// Settles each message; one that can't be set aside comes again.
async fn settle_all<R: Receipt>(
    messages: &[SourceMessage<R>],
    source: &'static str,
    settlements: Vec<Settlement>,
) {
    let mut settling = FuturesUnordered::new();
    for (message, settlement) in messages.iter().zip(settlements) {
        settling.push(settle(message, settlement, source));
    }
    let mut settled = SettledMessages::of(source);
    while let Some((settlement, attempts)) = settling.next().await {
        settled.count(&settlement, attempts);
    }
    settled.record();
}

/// Settles a message, and gives what became of it, and how often it was handed out.
async fn settle<R: Receipt>(
    message: &SourceMessage<R>,
    settlement: Settlement,
    source: &'static str,
) -> (Settlement, u64) {
    let (event_id, attempts) = (message.event.id.as_deref(), message.attempts);
    let outcome = settle_in_time(&message.receipt, &settlement).await;
    let Err(error) = outcome else {
        if let Settlement::SetAside { reason } = &settlement {
            tracing::warn!(source, event_id, reason, "an event is set aside");
        }
        return (settlement, attempts);
    };
    tracing::warn!(source, event_id, %error, "a message could not be settled; it comes again");
    let again = Settlement::Again { after: pause(attempts) };
    if matches!(settlement, Settlement::SetAside { .. }) {
        // If this fails as well, it comes again once it is no longer ours.
        let _ = settle_in_time(&message.receipt, &again).await;
    }
    (again, attempts)
}

async fn settle_in_time(receipt: &impl Receipt, settlement: &Settlement) -> Result<(), SourceError> {
    let settled = timeout(SETTLE_TIMEOUT, receipt.settle(settlement)).await;
    settled.unwrap_or_else(|_| Err(SourceError("the source does not answer".to_owned())))
}

/// Says again and again that messages are worked on, each time after half of what they would stay ours for.
async fn extend_all<R: Receipt>(messages: &[SourceMessage<R>], hold: Duration) -> Infallible {
    loop {
        sleep(hold / 2).await;
        let started = Instant::now();
        for message in messages {
            // What can't be said now can be said the next time, or the message goes to another server.
            if message.receipt.extend().await.is_err() || started.elapsed() > hold {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests;
