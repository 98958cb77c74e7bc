//! `import`: a history of events, line by line, through the same path that live events take.

use std::{
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail};
use gamification_app::{
    FactQueue, System,
    jobs::{self, TableGrowth},
};
use gamification_import::{ImportEvent, Source, Stopped, Unfinished, import as take_in, summary};
use gamification_pg::{PgStore, connection::Connector, migrate};
use gamification_telemetry::LogFormat;

use super::{interruption, with_database};
use crate::{cli::Options, config::Config, progress::Progress, telemetry::print};

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
    let store = PgStore::new(connector, pool_size)?;
    let (facts, mut workers) = FactQueue::start(&store, &System);
    // Beside no server, nobody else does.
    let growth = tokio::spawn(jobs::run(TableGrowth::new(store.clone())));
    let progress = source.size().map_or_else(Progress::endless, Progress::towards);
    let started = Instant::now();
    let (counts, outcome) =
        take_in(source, &facts, System, patience, interruption()?, &mut |event| show(&progress, &event))
            .await;
    drop(progress);
    print(&summary(&counts, started.elapsed()));
    // The last way into the queue: what is under way in it ends, then its workers do.
    drop(facts);
    while workers.join_next().await.is_some() {}
    growth.abort();
    outcome.map_err(|unfinished| sentence(unfinished, patience))?;
    match counts.rejected {
        0 => Ok(()),
        rejected => bail!("not all lines are recorded: {rejected} of {} rejected", counts.total()),
    }
}

fn show(progress: &Progress, event: &ImportEvent) {
    match event {
        ImportEvent::Progress { bytes, lines } => progress.advance(*bytes, format!("{lines} lines")),
        // Nobody may be reading, which is no reason to stop.
        ImportEvent::NotRecorded { line, reason } => {
            progress.above(|| drop(writeln!(io::stderr().lock(), "line {line}: {reason}")));
        }
    }
}

/// How far it came, and what to do.
fn sentence(unfinished: Unfinished, patience: Duration) -> anyhow::Error {
    let done = unfinished.to_string();
    match unfinished.stopped {
        Stopped::Interrupted => anyhow!("interrupted: {done}; the same import may be run again"),
        Stopped::Unreadable(error) => anyhow!(error).context(format!("reading failed: {done}")),
        Stopped::Unavailable => anyhow!(
            "the database was not available for {}: {done}; run the same import again",
            humantime::format_duration(patience)
        ),
    }
}
