//! Sending statements: a connection, errors in the words of the ports, and nothing sent where there is nothing to do.
//!
//! `run`, `rows` and `row` take what [`statements!`](crate::statement) declares; `execute`, `load` and `first` take
//! queries of Diesel's own. Diesel prepares its `SELECT`s, its `DELETE`s and its `INSERT`s of one row once for each
//! connection, too, but neither an `UPDATE` nor an `ON CONFLICT DO UPDATE`: those are statements.

use diesel::{
    OptionalExtension, QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, methods::LoadQuery};
use futures_util::{FutureExt, future::BoxFuture};
use gamification_app::ports::StoreError;

use crate::{
    PgStore, PgTx,
    error::store_error,
    statement::{Select, Sent, Statement},
};

/// A query that gives rows which `R` can be made of.
pub(crate) trait Gives<R>:
    for<'a> LoadQuery<'static, &'a AsyncPgConnection, R>
    + LoadQuery<'static, AsyncPgConnection, R>
    + Send
    + 'static
{
}

impl<Q, R> Gives<R> for Q where
    Q: for<'a> LoadQuery<'static, &'a AsyncPgConnection, R>
        + LoadQuery<'static, AsyncPgConnection, R>
        + Send
        + 'static
{
}

/// The rows of a statement, on any connection to a database that is distributed or not.
pub(crate) async fn rows<S>(
    connection: &mut AsyncPgConnection,
    is_distributed: bool,
    statement: S,
) -> Result<Vec<S::Row>, StoreError>
where
    S: Select,
    Sent<S>: Gives<S::Row>,
{
    if statement.is_idle() {
        return Ok(Vec::new());
    }
    statement.sent_to(is_distributed).load(connection).await.map_err(store_error)
}

/// A statement among several that leave together, for [`PgTx::send`]: they are sent in the order in which they are polled,
/// as `try_join!` does, and the database begins with one when it has ended the one before. An error keeps back those behind.
pub(crate) fn rows_in_order<S>(
    mut connection: &AsyncPgConnection,
    statement: Sent<S>,
) -> BoxFuture<'_, QueryResult<Vec<S::Row>>>
where
    S: Select,
    Sent<S>: Gives<S::Row>,
{
    async move { if statement.is_idle() { Ok(Vec::new()) } else { statement.load(&mut connection).await } }
        .boxed()
}

/// The same for a statement that gives nothing.
pub(crate) fn run_in_order(
    mut connection: &AsyncPgConnection,
    statement: Sent<impl Statement>,
) -> BoxFuture<'_, QueryResult<()>> {
    async move {
        if statement.is_idle() { Ok(()) } else { statement.execute(&mut connection).await.map(drop) }
    }
    .boxed()
}

/// The first row of a statement or a query, if there is one, on any connection.
pub(crate) async fn first<Q, R>(connection: &mut AsyncPgConnection, query: Q) -> Result<Option<R>, StoreError>
where
    Q: Gives<R>,
    R: Send,
{
    query.get_result(connection).await.optional().map_err(store_error)
}

/// The domain's types that rows are converted to.
pub(crate) fn converted<R, T>(rows: Vec<R>) -> Result<Vec<T>, StoreError>
where
    T: TryFrom<R, Error = StoreError>,
{
    rows.into_iter().map(T::try_from).collect()
}

impl PgTx {
    /// Runs a statement that gives nothing; an error of its own is told by the next that gives something, or by the
    /// commit.
    pub(crate) fn run(&mut self, statement: impl Statement) {
        if !statement.is_idle() {
            self.execute(statement.sent_to(self.is_distributed()));
        }
    }

    /// The rows of a statement.
    pub(crate) async fn rows<S>(&mut self, statement: S) -> Result<Vec<S::Row>, StoreError>
    where
        S: Select,
        Sent<S>: Gives<S::Row>,
    {
        if statement.is_idle() {
            return Ok(Vec::new());
        }
        self.load(statement.sent_to(self.is_distributed())).await
    }

    /// The rows of a statement as types of the domain.
    pub(crate) async fn read<S, T>(&mut self, statement: S) -> Result<Vec<T>, StoreError>
    where
        S: Select,
        Sent<S>: Gives<S::Row>,
        T: TryFrom<S::Row, Error = StoreError>,
    {
        converted(self.rows(statement).await?)
    }

    /// The first row of a statement, if there is one.
    pub(crate) async fn row<S>(&mut self, statement: S) -> Result<Option<S::Row>, StoreError>
    where
        S: Select,
        Sent<S>: Gives<S::Row>,
    {
        self.first(statement.sent_to(self.is_distributed())).await
    }

    /// Executes a query of Diesel's own; see [`run`](Self::run) for its errors.
    pub(crate) fn execute<Q>(&mut self, query: Q)
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        self.send_later(|mut connection| {
            async move { query.execute(&mut connection).await.map(drop) }.boxed()
        });
    }

    /// The rows of a query of Diesel's own.
    pub(crate) async fn load<Q, R>(&mut self, query: Q) -> Result<Vec<R>, StoreError>
    where
        Q: Gives<R>,
        R: Send,
    {
        self.send(|mut connection| async move { query.load(&mut connection).await }.boxed()).await
    }

    /// The first row of a query of Diesel's own, if there is one.
    pub(crate) async fn first<Q, R>(&mut self, query: Q) -> Result<Option<R>, StoreError>
    where
        Q: Gives<R>,
        R: Send,
    {
        self.send(|mut connection| async move { query.get_result(&mut connection).await.optional() }.boxed())
            .await
    }
}

impl PgStore {
    /// Runs a statement that gives nothing, outside any transaction.
    pub(crate) async fn run(&self, statement: impl Statement) -> Result<(), StoreError> {
        if !statement.is_idle() {
            self.execute(statement.sent_to(self.is_distributed().await?)).await?;
        }
        Ok(())
    }

    /// Executes a query of Diesel's own outside any transaction, and gives the number of rows that it changed.
    pub(crate) async fn execute<Q>(&self, query: Q) -> Result<usize, StoreError>
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        let mut session = self.session().await?;
        let changed = query.execute(&mut *session).await;
        session.give_back();
        changed.map_err(store_error)
    }

    /// The rows of a statement as types of the domain, outside any transaction.
    pub(crate) async fn read<S, T>(&self, statement: S) -> Result<Vec<T>, StoreError>
    where
        S: Select,
        Sent<S>: Gives<S::Row>,
        T: TryFrom<S::Row, Error = StoreError>,
    {
        let mut session = self.session().await?;
        let found = rows(&mut session, self.distribution().is_distributed(), statement).await;
        session.give_back();
        converted(found?)
    }

    /// The first row of a statement, if there is one, outside any transaction.
    pub(crate) async fn row<S>(&self, statement: S) -> Result<Option<S::Row>, StoreError>
    where
        S: Select,
        Sent<S>: Gives<S::Row>,
    {
        self.first(statement.sent_to(self.is_distributed().await?)).await
    }

    /// The rows of a query of Diesel's own, outside any transaction.
    pub(crate) async fn load<Q, R>(&self, query: Q) -> Result<Vec<R>, StoreError>
    where
        Q: Gives<R>,
        R: Send,
    {
        let mut session = self.session().await?;
        let found = query.load(&mut *session).await;
        session.give_back();
        found.map_err(store_error)
    }

    /// The first row of a query of Diesel's own, if there is one, outside any transaction.
    pub(crate) async fn first<Q, R>(&self, query: Q) -> Result<Option<R>, StoreError>
    where
        Q: Gives<R>,
        R: Send,
    {
        let mut session = self.session().await?;
        let found = first(&mut session, query).await;
        session.give_back();
        found
    }
}
