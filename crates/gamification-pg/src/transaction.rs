//! Transactions: the only place that touches Diesel's transaction manager.

use std::sync::Arc;

use deadpool::Status;
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::deadpool::{BuildError, Object, Pool},
};
use gamification_app::ports::{Store, StoreError, UnitOfWork};
use tokio::sync::Notify;

use crate::{
    connection::{Connector, pool},
    error::{store_error, unavailable},
    known_levels::LevelsCache,
    lookups::Lookups,
};

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// PostgreSQL behind a pool of connections, and one more for members' points. Cheap to clone.
#[derive(Clone)]
pub struct PgStore {
    pool: Pool<AsyncPgConnection>,
    lookups: Lookups,
    levels: Arc<LevelsCache>,
    events_committed: Arc<Notify>,
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
            lookups: Lookups::new(connector, Arc::clone(&levels)),
            levels,
            events_committed: Arc::default(),
        })
    }

    /// The same store, with a connection of its own for lookups of members' points: for a runtime of its own, as each
    /// worker of an HTTP server is. What is sent and read on the thread that waits for it costs half of the time.
    #[must_use]
    pub fn for_another_runtime(&self) -> Self {
        Self { lookups: self.lookups.for_another_runtime(), ..self.clone() }
    }

    pub(crate) const fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    pub(crate) fn levels(&self) -> &LevelsCache {
        &self.levels
    }

    pub(crate) async fn connection(&self) -> Result<Object<AsyncPgConnection>, StoreError> {
        self.pool.get().await.map_err(unavailable)
    }

    pub(crate) fn pool_status(&self) -> Status {
        self.pool.status()
    }

    /// Is notified when a transaction that wrote events is durable.
    pub(crate) fn events_committed(&self) -> &Notify {
        &self.events_committed
    }
}

/// An open transaction on a connection of its own.
///
/// Dropped without commit, it closes the connection, and the server rolls back at once. Back in the pool the connection
/// would keep its locks until somebody happened to draw it.
pub struct PgTx {
    connection: Option<Object<AsyncPgConnection>>,
    has_events: bool,
    events_committed: Arc<Notify>,
}

impl PgTx {
    #[expect(
        clippy::expect_used,
        reason = "only commit and drop take the connection, and both end the transaction"
    )]
    pub(crate) fn connection(&mut self) -> &mut AsyncPgConnection {
        self.connection.as_mut().expect("the transaction is open")
    }

    /// Notes that relays will have something to do.
    pub(crate) const fn has_events(&mut self) {
        self.has_events = true;
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl Store for PgStore {
    type Tx = PgTx;

    async fn begin(&self) -> Result<PgTx, StoreError> {
        let mut connection = self.connection().await?;
        Manager::begin_transaction(&mut *connection).await.map_err(store_error)?;
        Ok(self.transaction_on(connection))
    }
}

impl PgStore {
    /// Begins a transaction that sees one moment only, and changes nothing. Its statements go through whole communities,
    /// and are planned for that.
    pub(crate) async fn begin_snapshot(&self) -> Result<PgTx, StoreError> {
        const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut connection = self.connection().await?;
        const PLANS: &str = "
            SET LOCAL plan_cache_mode = auto;
            SET LOCAL enable_seqscan = on;
            SET LOCAL enable_hashjoin = on;
            SET LOCAL enable_mergejoin = on;
        ";
        Manager::begin_transaction_sql(&mut *connection, BEGIN).await.map_err(store_error)?;
        connection.batch_execute(PLANS).await.map_err(store_error)?;
        Ok(self.transaction_on(connection))
    }

    fn transaction_on(&self, connection: Object<AsyncPgConnection>) -> PgTx {
        let events_committed = Arc::clone(&self.events_committed);
        PgTx { connection: Some(connection), has_events: false, events_committed }
    }
}

impl UnitOfWork for PgTx {
    async fn commit(mut self) -> Result<(), StoreError> {
        Manager::commit_transaction(self.connection()).await.map_err(store_error)?;
        // Closed and healthy: this one goes back to the pool.
        drop(self.connection.take());
        if self.has_events {
            self.events_committed.notify_one();
        }
        Ok(())
    }

    async fn rollback(mut self) -> Result<(), StoreError> {
        Manager::rollback_transaction(self.connection()).await.map_err(store_error)?;
        drop(self.connection.take());
        Ok(())
    }
}
