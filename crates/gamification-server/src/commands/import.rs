//! `import`: a history of events, line by line, through the same path that live events take.

mod delivery;
mod lines;
mod tally;

use std::{
    collections::{BTreeSet, VecDeque},
    io::{self, Write},
    path::Path,
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail};
use futures_util::stream::{FuturesUnordered, StreamExt};
use gamification_app::{FactQueue, RecordError, System};
use gamification_domain::Rejection;
use gamification_pg::{
    PgStore,
    connection::{Connector, pool},
    migrate,
};
use tokio::sync::mpsc;

use self::{
    delivery::{Delivered, GaveUp, deliver},
    lines::{BATCH, Batch, FactLine, Rejected, Source},
    tally::Tally,
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
    let Import { tally, .. } = import;
    print(&tally.summary(started.elapsed()));
    // The last way into the queue: what is under way in it ends, then its workers do.
    drop(facts);
    while workers.join_next().await.is_some() {}
    outcome?;
    match tally.rejected {
        0 => Ok(()),
        rejected => bail!("not all lines are recorded: {rejected} of {} rejected", tally.lines()),
    }
}

/// Why an import ended before its lines did.
enum Stopped {
    Interrupted,
    Unreadable(io::Error),
    GaveUp,
}

type Batches = mpsc::Receiver<io::Result<Batch>>;

/// A batch that is through, and what became of its facts.
type Settled = (Batch, Result<Vec<(FactLine, Delivered)>, GaveUp>);

/// An import under way.
struct Import {
    progress: Progress,
    patience: Duration,
    tally: Tally,
    /// The first lines of the batches that are under way, and of the one that is read next.
    unfinished: BTreeSet<u64>,
    /// Lessons whose course is not known yet: it may come in a later line, or in a batch beside theirs.
    postponed: VecDeque<FactLine>,
}

impl Import {
    fn new(progress: Progress, patience: Duration) -> Self {
        Self {
            progress,
            patience,
            tally: Tally::default(),
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

    fn settle(&mut self, (batch, outcome): Settled) -> Result<(), Stopped> {
        let Batch { first_line, next_line: _, bytes, facts: _, ignored, mut rejected } = batch;
        self.unfinished.remove(&first_line);
        let delivered = match outcome {
            Ok(delivered) => delivered,
            Err(GaveUp { line }) => {
                self.unfinished.insert(line);
                return Err(Stopped::GaveUp);
            }
        };
        for (line, delivered) in delivered {
            match self.judge(&delivered) {
                Ok(()) => {}
                Err(Refused::Rejection(Rejection::CourseUnknown)) if self.postponed.len() < MAX_POSTPONED => {
                    self.postponed.push_back(line);
                }
                Err(refused) => rejected.push(refused.at(&line)),
            }
        }
        self.tally.ignored += ignored;
        self.reject(rejected);
        self.progress.advance(bytes, format!("{} lines", self.tally.lines()));
        Ok(())
    }

    /// Tries once more what waits for a course, now that all other lines are through.
    async fn take_postponed(&mut self, facts: &FactQueue) -> Result<(), Stopped> {
        while !self.postponed.is_empty() {
            // They count as postponed while they are under way: an interruption must find them.
            let lines: Vec<FactLine> = self.postponed.iter().take(BATCH).cloned().collect();
            let outcome = deliver(facts, lines, self.patience).await;
            let delivered = outcome.map_err(|GaveUp { .. }| Stopped::GaveUp)?;
            self.postponed.drain(..delivered.len());
            let rejected = delivered.iter().filter_map(|(line, delivered)| {
                let refused = self.judge(delivered).err()?;
                Some(refused.at(line))
            });
            let rejected = rejected.collect();
            self.reject(rejected);
        }
        Ok(())
    }

    /// Tells of lessons that wait for a course and will not be tried again.
    fn reject_postponed(&mut self) {
        let refused = Refused::Rejection(Rejection::CourseUnknown);
        let rejected = self.postponed.iter().map(|line| refused.at(line)).collect();
        self.postponed.clear();
        self.reject(rejected);
    }

    fn judge(&mut self, delivered: &Delivered) -> Result<(), Refused> {
        match delivered {
            Delivered::Judged(verdict) => self.tally.count(*verdict).map_err(Refused::Rejection),
            Delivered::Fault => Err(Refused::Fault),
        }
    }

    /// Counts rejected lines, and tells of each.
    fn reject(&mut self, mut rejected: Vec<Rejected>) {
        rejected.sort_by_key(|rejected| rejected.line);
        for Rejected { line, detail } in rejected {
            self.tally.rejected += 1;
            // Nobody may be reading, which is no reason to stop.
            self.progress.above(|| drop(writeln!(io::stderr().lock(), "line {line}: {detail}")));
        }
    }
}

/// Why a fact was not recorded.
enum Refused {
    Rejection(Rejection),
    Fault,
}

impl Refused {
    fn at(&self, line: &FactLine) -> Rejected {
        let detail = match self {
            Self::Rejection(rejection) => rejection.to_string(),
            Self::Fault => RecordError::Internal.to_string(),
        };
        Rejected { line: line.line, detail }
    }
}

async fn settled(facts: &FactQueue, mut batch: Batch, patience: Duration) -> Settled {
    let lines = std::mem::take(&mut batch.facts);
    let outcome = deliver(facts, lines, patience).await;
    (batch, outcome)
}
