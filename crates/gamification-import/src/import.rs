//! Chunks of lines under way.

use std::{
    collections::{BTreeSet, VecDeque},
    future::Future,
    io,
    pin::pin,
    time::Duration,
};

use futures_util::stream::{FuturesUnordered, StreamExt};
use gamification_app::{
    Clock, EventCounts, EventOutcome, FactQueue, IdGenerator,
    commands::{SendAgain, ingest_events_patiently},
};
use gamification_domain::{Rejection, Verdict};
use tokio::sync::mpsc;

use crate::{
    Source,
    lines::{self, CHUNK_LINES, Line, LineChunk},
};

/// How many chunks are under way at once: while the queue's workers have one each, the next ones wait there.
const IN_FLIGHT: usize = 4;

/// How many lessons may wait for their course to become known: they are held in memory.
const MAX_POSTPONED: usize = 100_000;

/// What happens while lines are taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportEvent {
    /// The outcomes of the lines of a chunk are known.
    Progress {
        /// How many bytes of the source it was.
        bytes: u64,
        /// How many lines are through by now.
        lines: u64,
    },
    /// A line is not recorded, and will not be.
    NotRecorded {
        /// Its number in the source, from 1.
        line: u64,
        /// A sentence for its sender.
        reason: String,
    },
}

/// How far an import came that ended before its lines did.
#[derive(Debug, thiserror::Error)]
#[error("what is before line {line} is done, what comes from there on is not, or not all")]
pub struct Unfinished {
    /// The first line that may not be recorded, from 1.
    pub line: u64,
    /// The reason why it ended.
    #[source]
    pub stopped: Stopped,
}

/// Why an import ended before its lines did.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It was told to stop.
    #[error("the import was told to stop")]
    Interrupted,
    /// Lines could not be read any more.
    #[error("reading failed")]
    Unreadable(#[from] io::Error),
    /// The database was away, or too busy, for longer than patience lasts.
    #[error("the database was not available")]
    Unavailable,
}

/// Takes the lines of a source in, until all are through, `stop` ends, or the database was away for as long as `patience`
/// says; tells what happens to `emit`, and gives how many lines came to what.
///
/// # Errors
/// [`Unfinished`] when not all lines are through; the same import may be run again.
pub async fn import(
    source: Source,
    facts: &FactQueue,
    system: impl Clock + IdGenerator,
    patience: Duration,
    stop: impl Future<Output = ()>,
    emit: &mut dyn FnMut(ImportEvent),
) -> (EventCounts, Result<(), Unfinished>) {
    let mut import = Import::new(patience, emit);
    let outcome = import.run(lines::read(source, system), facts, stop).await;
    (import.counts, outcome)
}

type LineChunks = mpsc::Receiver<io::Result<LineChunk>>;

/// A chunk that is through, and what became of its lines.
type Settled = (LineChunk, Result<Vec<EventOutcome>, SendAgain>);

struct Import<'a> {
    emit: &'a mut dyn FnMut(ImportEvent),
    patience: Duration,
    counts: EventCounts,
    /// The first lines of the chunks that are under way, and of the one that is read next.
    unfinished: BTreeSet<u64>,
    /// Lessons whose course is not known yet: it may come in a later line, or in a chunk beside theirs.
    postponed: VecDeque<Line>,
}

impl<'a> Import<'a> {
    fn new(patience: Duration, emit: &'a mut dyn FnMut(ImportEvent)) -> Self {
        Self {
            emit,
            patience,
            counts: EventCounts::default(),
            unfinished: BTreeSet::from([1]),
            postponed: VecDeque::new(),
        }
    }

    /// Takes all lines in, as far as that goes.
    async fn run(
        &mut self,
        chunks: io::Result<LineChunks>,
        facts: &FactQueue,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Unfinished> {
        let mut stop = pin!(stop);
        let all = async {
            self.take_all(facts, chunks?).await?;
            self.take_postponed(facts).await
        };
        let outcome = tokio::select! {
            () = &mut stop => Err(Stopped::Interrupted),
            outcome = all => outcome,
        };
        outcome.map_err(|stopped| {
            self.reject_postponed();
            Unfinished { line: self.unfinished.first().copied().unwrap_or(1), stopped }
        })
    }

    /// Keeps some chunks under way until all lines are through.
    async fn take_all(&mut self, facts: &FactQueue, mut chunks: LineChunks) -> Result<(), Stopped> {
        let mut under_way = FuturesUnordered::new();
        let mut end = None;
        while end.is_none() || !under_way.is_empty() {
            tokio::select! {
                Some(settled) = under_way.next() => self.settle(settled)?,
                chunk = chunks.recv(), if end.is_none() && under_way.len() < IN_FLIGHT => match chunk {
                    Some(Ok(chunk)) => {
                        self.unfinished.insert(chunk.next_line);
                        under_way.push(settled(facts, chunk, self.patience));
                    }
                    Some(Err(error)) => end = Some(Err(Stopped::Unreadable(error))),
                    None => end = Some(Ok(())),
                },
            }
        }
        end.unwrap_or(Ok(()))
    }

    fn settle(&mut self, (chunk, outcomes): Settled) -> Result<(), Stopped> {
        let LineChunk { first_line, next_line: _, bytes, lines } = chunk;
        self.unfinished.remove(&first_line);
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(SendAgain { done }) => {
                self.unfinished.insert(lines.get(done).map_or(first_line, |line| line.number));
                return Err(Stopped::Unavailable);
            }
        };
        for (line, outcome) in lines.into_iter().zip(outcomes) {
            if outcome.is_course_unknown() && self.postponed.len() < MAX_POSTPONED {
                self.postponed.push_back(line);
            } else {
                self.count(&line, &outcome);
            }
        }
        let lines = self.counts.total();
        (self.emit)(ImportEvent::Progress { bytes, lines });
        Ok(())
    }

    /// Tries once more what waits for a course, now that all other lines are through.
    async fn take_postponed(&mut self, facts: &FactQueue) -> Result<(), Stopped> {
        while !self.postponed.is_empty() {
            // They count as postponed while they are under way: an interruption must find them.
            let lines: Vec<Line> = self.postponed.iter().take(CHUNK_LINES).cloned().collect();
            let outcomes = ingest_events_patiently(facts, &lines, self.patience).await;
            let outcomes = outcomes.map_err(|SendAgain { .. }| Stopped::Unavailable)?;
            self.postponed.drain(..lines.len());
            for (line, outcome) in lines.iter().zip(outcomes) {
                self.count(line, &outcome);
            }
        }
        Ok(())
    }

    /// Counts lessons as rejected that wait for a course and will not be tried again.
    fn reject_postponed(&mut self) {
        let rejected = EventOutcome::Judged(Verdict::Rejected(Rejection::CourseUnknown));
        for line in std::mem::take(&mut self.postponed) {
            self.count(&line, &rejected);
        }
    }

    /// Counts a line, and tells of it when it is rejected.
    fn count(&mut self, line: &Line, outcome: &EventOutcome) {
        self.counts.add(outcome.status());
        if let Some(reason) = outcome.rejection_reason() {
            (self.emit)(ImportEvent::NotRecorded { line: line.number, reason });
        }
    }
}

async fn settled(facts: &FactQueue, chunk: LineChunk, patience: Duration) -> Settled {
    let outcomes = ingest_events_patiently(facts, &chunk.lines, patience).await;
    (chunk, outcomes)
}
