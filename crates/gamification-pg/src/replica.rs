//! Reads from a standby, with a bound on their age.
//!
//! Boards, histories, badges and how members spread over levels may come from a replica: they are looked at most, and
//! nobody minds a moment. One's own level, access to courses, and all that something is decided by never do.
//!
//! How far a replica has come is measured by positions in the write-ahead log. A position that the primary had flushed at a
//! moment, and the replica has replayed, tells that the replica has everything that was acknowledged until that moment.
//! Clocks of two machines are not compared, and a primary where nothing happens is not taken for a replica that is behind.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::{
    dsl::sql,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, pooled_connection::deadpool::BuildError};
use gamification_app::{
    Chain, Reader,
    ports::{CommunityView, Membership, StoreError},
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    PgStore,
    connection::Connector,
    error::{corrupt, store_error, unavailable},
};

/// How long a replica may take to answer before the primary is asked: callers are answered within 5 seconds.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How long one that gave no answer is not asked.
const LEFT_ALONE: Duration = Duration::from_secs(5);
/// How long either may take to say how far it is.
const POSITION_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a look at a replica that failed is followed by none.
const PAUSE: Duration = Duration::from_secs(1);
/// How often is looked at most, and at least, whatever the bound.
const SHORTEST_PERIOD: Duration = Duration::from_millis(20);
const LONGEST_PERIOD: Duration = Duration::from_secs(1);
/// How many positions are remembered that the replica has not reached; it is far behind then.
const MAX_POSITIONS: usize = 1_000;

/// A standby of the primary that a [`PgStore`] works on. Cheap to clone.
#[derive(Clone)]
pub struct PgReplica {
    store: Box<PgStore>,
    connector: Connector,
    state: Arc<State>,
}

/// What is known of it, and what it did.
struct State {
    max_lag: Duration,
    freshness: Mutex<Freshness>,
    answers: AtomicU64,
    fallbacks: AtomicU64,
}

/// What decides whether a replica may answer.
#[derive(Clone, Copy, Default)]
struct Freshness {
    /// Until when it has everything that is old enough; `None` when that is not known.
    until: Option<Instant>,
    /// It gave no answer to the last who asked.
    left_alone_until: Option<Instant>,
}

/// How much a replica was used since the process began, for metrics.
pub(crate) struct ReplicaUsage {
    /// How many reads it answered.
    pub(crate) answers: u64,
    /// How many reads went to the primary instead: because it was behind or away, or did not know the reader or
    /// what was asked for.
    pub(crate) fallbacks: u64,
    /// Whether it is fresh at this moment.
    pub(crate) is_fresh: bool,
}

impl PgReplica {
    /// A standby that may answer as long as nothing is missing in it that was acknowledged longer than `max_lag` ago. Nothing
    /// is opened yet; it answers once it is [watched](Self::watch).
    ///
    /// # Errors
    /// `BuildError` never, as a runtime is given.
    pub fn new(connector: Connector, pool_size: usize, max_lag: Duration) -> Result<Self, BuildError> {
        let store = Box::new(PgStore::new(connector.clone(), pool_size)?);
        let state = State {
            max_lag,
            freshness: Mutex::default(),
            answers: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
        };
        Ok(Self { store, connector, state: Arc::new(state) })
    }

    /// What it did so far.
    pub(crate) fn usage(&self) -> ReplicaUsage {
        let State { answers, fallbacks, .. } = &*self.state;
        ReplicaUsage {
            answers: answers.load(Ordering::Relaxed),
            fallbacks: fallbacks.load(Ordering::Relaxed),
            is_fresh: self.fresh_until().is_some(),
        }
    }

    /// Looks how far it has come, for as long as this is polled. While it can't be looked at, or is behind, the primary is
    /// asked instead.
    pub async fn watch(&self, primary: &Connector) -> Infallible {
        let mut last_error = None;
        loop {
            let error = match self.look_on(primary, &mut last_error).await {
                Ok(never) => match never {},
                Err(error) => Chain(&error).to_string(),
            };
            // What was measured may be another server by now.
            self.freshness().until = None;
            if last_error.as_ref() != Some(&error) {
                tracing::warn!(error, "the replica can't be read from; the primary is");
                last_error = Some(error);
            }
            sleep(PAUSE).await;
        }
    }

    /// Looks again and again, until something goes wrong.
    async fn look_on(
        &self,
        primary: &Connector,
        last_error: &mut Option<String>,
    ) -> Result<Infallible, StoreError> {
        let mut here = primary.connect().await.map_err(unavailable)?;
        let mut there = self.connector.connect().await.map_err(unavailable)?;
        if system(&mut here).await? != system(&mut there).await? {
            return Err(corrupt("it is no replica of this database"));
        }
        let period = (self.state.max_lag / 5).clamp(SHORTEST_PERIOD, LONGEST_PERIOD);
        let mut positions = Positions::default();
        loop {
            let now = Instant::now();
            positions.note(now, flushed(&mut here).await?);
            let replayed = replayed(&mut there).await?.ok_or_else(|| corrupt("it is no standby"))?;
            if let Some(moment) = positions.reached(replayed) {
                self.freshness().until = Some(moment + self.state.max_lag);
                if last_error.take().is_some() {
                    tracing::info!("the replica is read from again");
                }
            }
            sleep(period).await;
        }
    }

    /// Asks the standby, if it is fresh. `None` when the primary has to be asked: it is not, something went wrong, it took too
    /// long, or the reader or what was asked for, as `is_found` tells, is not known there, and may be new.
    async fn answer<'a, T, F>(
        &'a self,
        reader: Reader,
        read: impl FnOnce(&'a PgStore) -> F,
        is_found: impl FnOnce(&T) -> bool,
    ) -> Option<CommunityView<T>>
    where
        F: Future<Output = Result<Option<CommunityView<T>>, StoreError>>,
    {
        let good_until = self.fresh_until()?;
        let view = match timeout(PATIENCE, read(&self.store)).await {
            Ok(Ok(view)) => view?,
            Ok(Err(error)) => {
                tracing::debug!(error = %Chain(&error), "the standby gave no answer");
                self.leave_alone();
                return None;
            }
            Err(_) => {
                self.leave_alone();
                return None;
            }
        };
        let is_let_in = reader == Reader::Service || matches!(view.membership, Membership::Member(_));
        (is_let_in && is_found(&view.asked) && Instant::now() <= good_until).then_some(view)
    }

    /// With connections of its own for lookups; see [`PgStore::for_another_runtime`].
    pub(crate) fn for_another_runtime(&self) -> Self {
        Self { store: Box::new(self.store.for_another_runtime()), ..self.clone() }
    }

    /// The next read shall not wait for it as well.
    fn leave_alone(&self) {
        self.freshness().left_alone_until = Some(Instant::now() + LEFT_ALONE);
    }

    fn fresh_until(&self) -> Option<Instant> {
        let now = Instant::now();
        let Freshness { until, left_alone_until } = *self.freshness();
        until.filter(|until| now <= *until && left_alone_until.is_none_or(|end| now >= end))
    }

    fn freshness(&self) -> MutexGuard<'_, Freshness> {
        self.state.freshness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PgStore {
    /// A read that may be a moment old: from the standby, where there is one that can answer it, and else from here.
    pub(crate) async fn read_nearby<'a, T, F>(
        &'a self,
        reader: Reader,
        read: impl Fn(&'a Self) -> F,
        is_found: impl FnOnce(&T) -> bool,
    ) -> Result<Option<CommunityView<T>>, StoreError>
    where
        F: Future<Output = Result<Option<CommunityView<T>>, StoreError>>,
    {
        if let Some(replica) = self.replica() {
            let answer = replica.answer(reader, &read, is_found).await;
            let counter = if answer.is_some() { &replica.state.answers } else { &replica.state.fallbacks };
            counter.fetch_add(1, Ordering::Relaxed);
            if answer.is_some() {
                return Ok(answer);
            }
        }
        read(self).await
    }
}

/// Positions of the primary that the replica has not reached, and when they were asked for.
#[derive(Default)]
struct Positions(VecDeque<(Instant, i64)>);

impl Positions {
    /// Notes where the primary is; it was asked at that moment. A standby that is far behind is measured less finely.
    fn note(&mut self, asked_at: Instant, position: i64) {
        if self.0.len() < MAX_POSITIONS {
            self.0.push_back((asked_at, position));
        }
    }

    /// The last moment until which everything is there, once so much is replayed; `None` when none was passed since the last
    /// look.
    fn reached(&mut self, replayed: i64) -> Option<Instant> {
        let mut reached = None;
        while let Some((asked_at, _)) = self.0.pop_front_if(|(_, position)| *position <= replayed) {
            reached = Some(asked_at);
        }
        reached
    }
}

/// Whose log it is: the cluster's number, and the database.
async fn system(connection: &mut AsyncPgConnection) -> Result<(i64, String), StoreError> {
    let query = diesel::select((
        sql::<BigInt>("(SELECT system_identifier FROM pg_control_system())"),
        sql::<Text>("current_database()"),
    ));
    in_time(query.get_result(connection)).await
}

/// How far the primary's log is on its disk: everything acknowledged lies before.
async fn flushed(connection: &mut AsyncPgConnection) -> Result<i64, StoreError> {
    let position = sql::<BigInt>("(pg_current_wal_flush_lsn() - '0/0')::bigint");
    in_time(diesel::select(position).get_result(connection)).await
}

/// How far a standby has replayed that log; `None` when it is none.
async fn replayed(connection: &mut AsyncPgConnection) -> Result<Option<i64>, StoreError> {
    let position = sql::<Nullable<BigInt>>(
        "CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END",
    );
    in_time(diesel::select(position).get_result(connection)).await
}

async fn in_time<T>(query: impl Future<Output = diesel::QueryResult<T>>) -> Result<T, StoreError> {
    timeout(POSITION_TIMEOUT, query).await.map_err(unavailable)?.map_err(store_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_counts_once_its_position_is_replayed_and_never_before() {
        let start = Instant::now();
        let at = |millisecond| start + Duration::from_millis(millisecond);
        let mut positions = Positions::default();
        assert_eq!(positions.reached(1_000), None);
        positions.note(at(0), 100);
        assert_eq!(positions.reached(99), None);
        assert_eq!(positions.reached(100), Some(at(0)));
        assert_eq!(positions.reached(100), None, "it was told");
        for (millisecond, position) in [(1, 100), (2, 150), (3, 150), (4, 300)] {
            positions.note(at(millisecond), position);
        }
        assert_eq!(positions.reached(200), Some(at(3)));
        assert_eq!(positions.reached(10_000), Some(at(4)));
    }

    #[test]
    fn a_standby_that_is_far_behind_costs_no_more_memory() {
        let start = Instant::now();
        let mut positions = Positions::default();
        for position in 0..5_000 {
            positions.note(start + Duration::from_millis(position), 1 + i64::try_from(position).unwrap());
        }
        assert_eq!(positions.0.len(), MAX_POSITIONS);
        assert_eq!(positions.reached(5_000), Some(start + Duration::from_millis(999)), "too old, but true");
    }
}
