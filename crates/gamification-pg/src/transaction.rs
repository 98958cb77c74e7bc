//! Transactions: the only place that touches Diesel's transaction manager.

use diesel_async::{
    AsyncConnection, AsyncPgConnection, TransactionManager,
    pooled_connection::deadpool::{Object, Pool},
};
use gamification_app::ports::{Store, StoreError, UnitOfWork};

use crate::error::{store_error, unavailable};

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// PostgreSQL behind a pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct PgStore {
    pool: Pool<AsyncPgConnection>,
}

impl PgStore {
    /// Works over a pool; see [`crate::connection::pool`].
    #[must_use]
    pub const fn new(pool: Pool<AsyncPgConnection>) -> Self {
        Self { pool }
    }

    pub(crate) async fn connection(&self) -> Result<Object<AsyncPgConnection>, StoreError> {
        self.pool.get().await.map_err(unavailable)
    }
}

/// An open transaction on a connection of its own.
///
/// Dropped without commit, it leaves the connection with an open transaction, which the pool then throws away: the
/// server rolls back. That costs one connection, and only when something failed.
pub struct PgTx {
    connection: Object<AsyncPgConnection>,
}

impl PgTx {
    pub(crate) fn connection(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }
}

impl Store for PgStore {
    type Tx = PgTx;

    async fn begin(&self) -> Result<PgTx, StoreError> {
        let mut connection = self.connection().await?;
        Manager::begin_transaction(&mut *connection).await.map_err(store_error)?;
        Ok(PgTx { connection })
    }
}

impl UnitOfWork for PgTx {
    async fn commit(mut self) -> Result<(), StoreError> {
        Manager::commit_transaction(&mut *self.connection).await.map_err(store_error)
    }
}
