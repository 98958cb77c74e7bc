//! `import`: a history of events, line by line, through the same path that live events take.

mod lines;
mod summary;

use std::{
    collections::{BTreeSet, VecDeque},
    io::{self, Write},
    path::Path,
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail};
use futures_util::stream::{FuturesUnordered, StreamExt};
use gamification_app::{
    EventCounts, EventOutcome, FactQueue, System,
    commands::{SendAgain, ingest_events_patiently},
};
use gamification_domain::{Rejection, Verdict};
use gamification_pg::{
    PgStore,
    connection::{Connector, pool},
    migrate,
};
use tokio::sync::mpsc;

use self::{
    lines::{BATCH, Batch, Line, Source},
    summary::summary,
};
use super::{interruption, with_database};
use crate::{
    cli::Options,
    config::{Config, LogFormat},
    progress::Progress,
    telemetry::print,
};

/// How many batches are under way at once: while the queue's workers have one each, the next ones wait there.
const IN_FLIGHT: usize = 4;

/// How many lessons may wait for their course to become known: they are held in memory.
const MAX_POSTPONED: usize = 100_000;

pub(super) async fn import(
    options: &Options,
    log_format: LogFormat,
    path: &Path,
    patience: Duration,
) -> Result<()> {
    let pool_size = Config::new(options).db_pool_size()?;
    let source = Source::open(path)?;
    with_database(options, log_format, async |connector| {
        import_to(connector, pool_size, source, patience).await
    })
    .await
}

async fn import_to(connector: Connector, pool_size: usize, source: Source, patience: Duration) -> Result<()> {
    for name in migrate(connector.connect().await?).await? {
        tracing::info!(name, "applied a migration");
    }
    let store = PgStore::new(pool(connector, pool_size)?);
    let (facts, mut workers) = FactQueue::start(&store, &System);
    let progress = source.size.map_or_else(Progress::endless, Progress::towards);
    let started = Instant::now();
    let mut import = Import::new(progress, patience);
    let outcome = import.run(&facts, lines::read(source)?).await;
    let Import { counts, .. } = import;
    print(&summary(&counts, started.elapsed()));
    // The last way into the queue: what is under way in it ends, then its workers do.
    drop(facts);
    while workers.join_next().await.is_some() {}
    outcome?;
    match counts.rejected {
        0 => Ok(()),
        rejected => bail!("not all lines are recorded: {rejected} of {} rejected", counts.total()),
    }
}

/// Why an import ended before its lines did.
enum Stopped {
    Interrupted,
    Unreadable(io::Error),
    GaveUp,
}

type Batches = mpsc::Receiver<io::Result<Batch>>;

/// A batch that is through, and what became of its lines.
type Settled = (Batch, Result<Vec<EventOutcome>, SendAgain>);

/// An import under way.
struct Import {
    progress: Progress,
    patience: Duration,
    counts: EventCounts,
    /// The first lines of the batches that are under way, and of the one that is read next.
    unfinished: BTreeSet<u64>,
    /// Lessons whose course is not known yet: it may come in a later line, or in a batch beside theirs.
    postponed: VecDeque<Line>,
}

impl Import {
    fn new(progress: Progress, patience: Duration) -> Self {
        Self {
            progress,
            patience,
            counts: EventCounts::default(),
            unfinished: BTreeSet::from([1]),
            postponed: VecDeque::new(),
        }
    }

    /// Takes all lines in, as far as that goes.
    async fn run(&mut self, facts: &FactQueue, batches: Batches) -> Result<()> {
        let mut interrupted = pin!(interruption()?);
        let all = async {
            self.take_all(facts, batches).await?;
            self.take_postponed(facts).await
        };
        let stopped = tokio::select! {
            () = &mut interrupted => Stopped::Interrupted,
            outcome = all => match outcome {
                Ok(()) => return Ok(()),
                Err(stopped) => stopped,
            },
        };
        self.reject_postponed();
        let line = self.unfinished.first().copied().unwrap_or(1);
        let done = format!("what is before line {line} is done, what comes from there on is not, or not all");
        Err(match stopped {
            Stopped::Interrupted => anyhow!("interrupted: {done}; the same import may be run again"),
            Stopped::Unreadable(error) => anyhow!(error).context(format!("reading failed: {done}")),
            Stopped::GaveUp => anyhow!(
                "the database was not available for {}: {done}; run the same import again",
                humantime::format_duration(self.patience)
            ),
        })
    }

    /// Keeps some batches under way until all lines are through.
    async fn take_all(&mut self, facts: &FactQueue, mut batches: Batches) -> Result<(), Stopped> {
        let mut under_way = FuturesUnordered::new();
        let mut end = None;
        while end.is_none() || !under_way.is_empty() {
            tokio::select! {
                Some(settled) = under_way.next() => self.settle(settled)?,
                batch = batches.recv(), if end.is_none() && under_way.len() < IN_FLIGHT => match batch {
                    Some(Ok(batch)) => {
                        self.unfinished.insert(batch.next_line);
                        under_way.push(settled(facts, batch, self.patience));
                    }
                    Some(Err(error)) => end = Some(Err(Stopped::Unreadable(error))),
                    None => end = Some(Ok(())),
                },
            }
        }
        end.unwrap_or(Ok(()))
    }

    fn settle(&mut self, (batch, outcomes): Settled) -> Result<(), Stopped> {
        let Batch { first_line, next_line: _, bytes, lines } = batch;
        self.unfinished.remove(&first_line);
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(SendAgain { done }) => {
                self.unfinished.insert(lines.get(done).map_or(first_line, |line| line.number));
                return Err(Stopped::GaveUp);
            }
        };
        for (line, outcome) in lines.into_iter().zip(outcomes) {
            if outcome.is_course_unknown() && self.postponed.len() < MAX_POSTPONED {
                self.postponed.push_back(line);
            } else {
                self.count(&line, &outcome);
            }
        }
        self.progress.advance(bytes, format!("{} lines", self.counts.total()));
        Ok(())
    }

    /// Tries once more what waits for a course, now that all other lines are through.
    async fn take_postponed(&mut self, facts: &FactQueue) -> Result<(), Stopped> {
        while !self.postponed.is_empty() {
            // They count as postponed while they are under way: an interruption must find them.
            let lines: Vec<Line> = self.postponed.iter().take(BATCH).cloned().collect();
            let outcomes = ingest_events_patiently(facts, &lines, self.patience).await;
            let outcomes = outcomes.map_err(|SendAgain { .. }| Stopped::GaveUp)?;
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
            // Nobody may be reading, which is no reason to stop.
            self.progress.above(|| drop(writeln!(io::stderr().lock(), "line {}: {reason}", line.number)));
        }
    }
}

async fn settled(facts: &FactQueue, batch: Batch, patience: Duration) -> Settled {
    let outcomes = ingest_events_patiently(facts, &batch.lines, patience).await;
    (batch, outcomes)
}
