//! What runs beside requests, for as long as the process does.
//!
//! A [`Job`] is one piece of work that is done again and again; [`start`] runs those that every process has. The relay is
//! not one of them: it holds a lease between its steps, and there is one for each channel. Nor is consumption, of which there
//! is one for each broker.
//!
//! # To add a job
//! Make a file here with a type that implements [`Job`], and a line in [`start`].

mod commit_announcement;
mod consumption;
mod erasures;
mod gauges;
mod leaderboards;
mod member_names;
mod recalculation;
mod relay;
mod retention;
mod table_growth;

use std::{future::Future, time::Duration};

use tokio::{task::JoinSet, time::sleep};

pub(crate) use self::retention::RETENTION;
pub use self::{
    commit_announcement::CommitAnnouncement,
    consumption::{Receipt, Settlement, Source, SourceError, SourceMessage, consume_events},
    erasures::Erasures,
    gauges::Gauges,
    leaderboards::Leaderboards,
    member_names::MemberNames,
    recalculation::Recalculation,
    relay::{DeliveryError, Destination, relay_events},
    retention::Retention,
    table_growth::TableGrowth,
};
use crate::{
    Chain, Clock, IdGenerator,
    ports::{
        self, CommitAnnouncements, OutboxUpkeep, PlannerStatistics, Queries, Statistics, Store, StoreError,
    },
};

/// Work that is done again and again.
pub trait Job: Send + 'static {
    /// What it does, for the log: `refreshing gauges`.
    const NAME: &'static str;
    /// The pause after each run.
    const PERIOD: Duration;

    /// Does the work once; the next run comes a period after its end.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails. It is logged, and the next run is as if this one had not been.
    fn run_once(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Starts the jobs of every process; they end when the set is dropped, at whatever point they are.
///
/// Any number of processes may run them on one database.
#[must_use]
pub fn start<S, E>(store: &S, system: &E) -> JoinSet<()>
where
    S: Store
        + Queries
        + Statistics
        + PlannerStatistics
        + CommitAnnouncements
        + OutboxUpkeep
        + ports::MemberNames,
    E: Clock + IdGenerator,
{
    let mut jobs = JoinSet::new();
    jobs.spawn(run(CommitAnnouncement::new(store.clone())));
    jobs.spawn(run(Erasures::new(store.clone(), system.clone())));
    jobs.spawn(run(Gauges::new(store.clone(), system.clone())));
    jobs.spawn(run(Leaderboards::new(store.clone(), system.clone())));
    jobs.spawn(run(TableGrowth::new(store.clone())));
    jobs.spawn(run(MemberNames::new(store.clone())));
    jobs.spawn(run(Recalculation::new(store.clone(), system.clone())));
    jobs.spawn(run(Retention::new(store.clone(), system.clone())));
    jobs
}

/// Does a job again and again, for as long as it is polled. An error is logged, and the next run is as if there had been
/// none.
pub async fn run<J: Job>(mut job: J) {
    loop {
        if let Err(error) = job.run_once().await {
            tracing::warn!(error = %Chain(&error), "{} failed; trying again", J::NAME);
        }
        sleep(J::PERIOD).await;
    }
}
