//! Transactions, whose statements leave together where no answer is waited for.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    mem,
    num::NonZeroUsize,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use deadpool::Status;
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::deadpool::{BuildError, Object, Pool},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, try_join, try_join_all},
};
use gamification_app::ports::{Partition, Store, StoreError, UnitOfWork};
use gamification_domain::CommunityId;
use tokio::sync::Notify;

use crate::{
    connection::{Connector, pool},
    distribution::Distribution,
    erasure_keys::ErasureKeys,
    error::unavailable,
    known_levels::LevelsCache,
    lookups::Lookups,
    replica::PgReplica,
    statement::{Statement, statements},
};

/// PostgreSQL behind a pool of connections, and one more for members' points. Cheap to clone.
#[derive(Clone)]
pub struct PgStore {
    pool: Pool<AsyncPgConnection>,
    distribution: Distribution,
    lookups: Lookups,
    levels: Arc<LevelsCache>,
    events_committed: Arc<Notify>,
    replica: Option<PgReplica>,
}

impl PgStore {
    /// Works over at most `pool_size` connections and one for lookups of members' points, which are opened when they are
    /// first needed.
    ///
    /// Those of the pool are driven by the runtime that calls this, not by the one that happens to need them: an HTTP
    /// worker's runtime ends with the HTTP server, and background work goes on after it.
    ///
    /// # Errors
    /// `BuildError` never, as a runtime is given.
    pub fn new(connector: Connector, pool_size: usize) -> Result<Self, BuildError> {
        let levels = Arc::<LevelsCache>::default();
        Ok(Self {
            pool: pool(connector.clone(), pool_size)?,
            distribution: connector.distribution().clone(),
            lookups: Lookups::new(connector, Arc::clone(&levels)),
            levels,
            events_committed: Arc::default(),
            replica: None,
        })
    }

    /// The same store, with a standby of its database that answers what may be a moment old; see [`PgReplica`].
    #[must_use]
    pub fn with_replica(self, replica: PgReplica) -> Self {
        Self { replica: Some(replica), ..self }
    }

    /// The same store, with a connection of its own for lookups of members' points: for a runtime of its own, as each
    /// worker of an HTTP server is. What is sent and read on the thread that waits for it spares two switches of threads.
    /// (In a distributed database lookups share some connections, whatever runtime they come from.)
    #[must_use]
    pub fn for_another_runtime(&self) -> Self {
        let replica = self.replica.as_ref().map(PgReplica::for_another_runtime);
        Self { lookups: self.lookups.for_another_runtime(), replica, ..self.clone() }
    }

    /// Whether the database is [distributed](crate::distribution), which the first connection learns.
    pub(crate) async fn is_distributed(&self) -> Result<bool, StoreError> {
        if !self.distribution.is_known() {
            self.session().await?.give_back();
        }
        Ok(self.distribution.is_distributed())
    }

    pub(crate) const fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    pub(crate) const fn replica(&self) -> Option<&PgReplica> {
        self.replica.as_ref()
    }

    pub(crate) const fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    pub(crate) fn levels(&self) -> &LevelsCache {
        &self.levels
    }

    async fn connection(&self) -> Result<Object<AsyncPgConnection>, StoreError> {
        self.pool.get().await.map_err(unavailable)
    }

    /// A session of the pool for one statement.
    pub(crate) async fn session(&self) -> Result<Session, StoreError> {
        Ok(Session(Some(self.connection().await?)))
    }

    pub(crate) fn pool_status(&self) -> Status {
        self.pool.status()
    }

    /// Is notified when a transaction that wrote events is durable.
    pub(crate) fn events_committed(&self) -> &Notify {
        &self.events_committed
    }
}

/// A session outside any transaction. Dropped before it is given back, as when nobody waits for the answer any more, it is
/// closed: in the pool, it would let the next caller wait for the end of that statement.
pub(crate) struct Session(Option<Object<AsyncPgConnection>>);

impl Session {
    /// Gives it back to the pool: its statement has been answered.
    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Deref for Session {
    type Target = AsyncPgConnection;

    #[expect(clippy::expect_used, reason = "only what ends the value takes the connection")]
    fn deref(&self) -> &AsyncPgConnection {
        self.0.as_ref().expect("it is not given back")
    }
}

impl DerefMut for Session {
    #[expect(clippy::expect_used, reason = "only what ends the value takes the connection")]
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.0.as_mut().expect("it is not given back")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.0.take().map(Object::take);
    }
}

/// How many statements `try_join_all` polls one by one, and ends at the first that fails; of more, it would look at those
/// behind first.
const IN_ORDER: usize = 30;

/// A statement that gives nothing, and has not been sent yet.
type Waiting = Box<dyn for<'a> FnOnce(&'a AsyncPgConnection) -> BoxFuture<'a, QueryResult<()>> + Send>;

/// An open transaction on a connection of its own.
///
/// A statement that gives nothing waits for the next that does, or for the end of the transaction, and is sent with it: a
/// round trip costs more than most statements. Where one fails, the database refuses those behind it, makes a commit a
/// rollback, and its error is the one that is told.
///
/// Dropped without commit, it closes the connection, and the server rolls back at once. Back in the pool the connection
/// would keep its locks until another caller happened to draw it.
pub struct PgTx {
    connection: Option<Object<AsyncPgConnection>>,
    waiting: Vec<Waiting>,
    /// Whether anything was sent: until then there is nothing to roll back.
    has_begun: bool,
    has_events: bool,
    events_committed: Arc<Notify>,
    erasure_keys: ErasureKeys,
    distribution: Distribution,
    is_distributed: bool,
}

impl PgTx {
    /// Whether the database is [distributed](crate::distribution).
    pub(crate) const fn is_distributed(&self) -> bool {
        self.is_distributed
    }

    /// The keys of the communities whose level configurations were locked.
    pub(crate) const fn erasure_keys(&mut self) -> &mut ErasureKeys {
        &mut self.erasure_keys
    }

    /// Lets a statement wait for the next that gives something.
    pub(crate) fn send_later<S>(&mut self, statement: S)
    where
        S: for<'a> FnOnce(&'a AsyncPgConnection) -> BoxFuture<'a, QueryResult<()>> + Send + 'static,
    {
        self.waiting.push(Box::new(statement));
    }

    /// Lets statements without parameters wait.
    pub(crate) fn batch_later(&mut self, statements: impl Into<Cow<'static, str>>) {
        let statements = statements.into();
        self.send_later(|connection| batch(connection, statements).boxed());
    }

    /// Runs statements without parameters behind all that waits, and waits for their end: for locks that a caller must know
    /// to be held. They are not prepared, so they would overtake what is being prepared if they left with it.
    pub(crate) async fn batch(&mut self, statements: impl Into<Cow<'static, str>>) -> Result<(), StoreError> {
        let statements = statements.into();
        self.send(|_| async { Ok(()) }.boxed()).await?;
        self.send(|connection| batch(connection, statements).boxed()).await
    }

    /// Sends what waits, and behind it a statement whose answer is waited for.
    ///
    /// # Errors
    /// That of the first that fails.
    #[expect(
        clippy::expect_used,
        reason = "only commit, rollback and drop take the connection, and each ends the transaction"
    )]
    pub(crate) async fn send<T>(
        &mut self,
        last: impl for<'a> FnOnce(&'a AsyncPgConnection) -> BoxFuture<'a, QueryResult<T>>,
    ) -> Result<T, StoreError> {
        self.has_begun = true;
        let mut waiting = mem::take(&mut self.waiting);
        let connection: &AsyncPgConnection = self.connection.as_ref().expect("the transaction is open");
        // They are polled in this order, and sent in it: one that has to be prepared first holds the lock of the
        // connection's prepared statements meanwhile, and those behind it wait for that.
        while waiting.len() > IN_ORDER {
            let first = waiting.drain(..IN_ORDER).map(|statement| statement(connection));
            try_join_all(first).await.map_err(|error| self.distribution.error(error))?;
        }
        let waiting = try_join_all(waiting.into_iter().map(|statement| statement(connection)));
        // What the database refuses makes it refuse all that is behind. What is not even sent to it, as its values have no
        // form, keeps back what is behind: an error ends this before the last is looked at.
        let answered = try_join(waiting, last(connection)).await;
        let (_, last) = answered.map_err(|error| self.distribution.error(error))?;
        Ok(last)
    }

    /// Ends the transaction; a connection where that went through goes back to the pool.
    async fn end(
        &mut self,
        last: impl QueryFragment<Pg> + QueryId + Send + 'static,
    ) -> Result<(), StoreError> {
        self.send(|mut connection| async move { last.execute(&mut connection).await.map(drop) }.boxed())
            .await?;
        drop(self.connection.take());
        Ok(())
    }

    /// Notes that relays will have something to do.
    pub(crate) const fn has_events(&mut self) {
        self.has_events = true;
    }
}

async fn batch(mut connection: &AsyncPgConnection, statements: Cow<'static, str>) -> QueryResult<()> {
    connection.batch_execute(&statements).await
}

impl Drop for PgTx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.has_begun
        {
            drop(Object::take(connection));
        }
    }
}

impl Store for PgStore {
    type Tx = PgTx;

    async fn begin(&self) -> Result<PgTx, StoreError> {
        self.begin_with("BEGIN").await
    }

    fn is_partitioned(&self) -> bool {
        !self.distribution.is_known() || self.distribution.is_distributed()
    }

    async fn partitions(
        &self,
        communities: &BTreeSet<CommunityId>,
    ) -> Result<HashMap<CommunityId, Partition>, StoreError> {
        if !self.is_distributed().await? {
            let all = communities.iter().map(|community_id| (*community_id, Partition::default()));
            return Ok(all.collect());
        }
        self.shards(communities).await
    }

    /// Half the pool.
    fn transactions_at_once(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.pool_status().max_size / 2).unwrap_or(NonZeroUsize::MIN)
    }
}

impl PgStore {
    /// Begins a transaction that sees one moment only, and changes nothing.
    pub(crate) async fn begin_snapshot(&self) -> Result<PgTx, StoreError> {
        self.begin_with("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    async fn begin_with(&self, begin: &'static str) -> Result<PgTx, StoreError> {
        let mut tx = PgTx {
            connection: Some(self.connection().await?),
            distribution: self.distribution.clone(),
            is_distributed: self.distribution.is_distributed(),
            waiting: Vec::new(),
            has_begun: false,
            has_events: false,
            events_committed: Arc::clone(&self.events_committed),
            erasure_keys: ErasureKeys::default(),
        };
        tx.batch_later(begin);
        Ok(tx)
    }
}

impl UnitOfWork for PgTx {
    async fn commit(mut self) -> Result<(), StoreError> {
        if let Err(error) = self.end(Commit {}.sent_to(self.is_distributed)).await {
            // The database may have rolled back already, and says so then. Where it can't be told, the connection is closed,
            // and there is nothing to add to the first error.
            let _ = self.end(Rollback {}.sent_to(self.is_distributed)).await;
            return Err(error);
        }
        if self.has_events {
            self.events_committed.notify_one();
        }
        Ok(())
    }

    async fn rollback(mut self) -> Result<(), StoreError> {
        // What was not sent needs not be.
        self.waiting.clear();
        if self.has_begun { self.end(Rollback {}.sent_to(self.is_distributed)).await } else { Ok(()) }
    }
}

statements! {
    /// Prepared as all others are: where one of them is prepared first, its lock keeps this behind them.
    struct Commit {} = "COMMIT";

    struct Rollback {} = "ROLLBACK";
}
