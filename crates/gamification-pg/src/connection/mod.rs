//! Connections: the address, the check of the certificate, and the settings of every session.

mod tls;
mod url;

use std::time::Duration;

use deadpool::{Runtime, managed::QueueMode};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Pool},
    },
};
use futures_util::FutureExt;
use tokio_postgres_rustls::MakeRustlsConnect;

pub use tls::TlsError;
pub use url::{DatabaseUrl, InvalidDatabaseUrl};

use crate::distribution::Distribution;

/// The oldest PostgreSQL that has what the statements need, as `server_version_num` tells it.
const OLDEST_POSTGRES: i32 = 140_000;

/// How long opening a connection, or waiting for a free one, may take. A request that waits longer would not be
/// answered in time anyway.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const WAIT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the other end may be silent before a session counts as lost, as when its machine or its network fails without
/// a word: what was sent must be confirmed within that time, and an idle session asks after half of it. By itself TCP
/// would wait a quarter of an hour for the one, and two hours for the other.
const SILENCE: Duration = Duration::from_secs(30);

/// The settings of every session.
///
/// The time-outs end what nobody waits for any more: requests are answered within 5 seconds. Locks are waited for a
/// short while only: who is in the way for longer shall not hold up the others of a batch, which is tried in parts then.
/// Messages are asked for in English, because some errors are known by their text only; where that
/// takes more rights than we have, so be it.
///
/// Statements go through rows by their keys, and are planned once so: not anew each time, which can take longer than the
/// statement itself, and not with whole tables because these were small, or never looked at, when a session first met them.
pub(crate) const SESSION: &str = "
    SET statement_timeout = '4s';
    SET lock_timeout = '500ms';
    SET idle_in_transaction_session_timeout = '10s';
    SET timezone = 'UTC';
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off;
    DO $$ BEGIN SET lc_messages = 'C'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
";

/// What sessions are told beside it where the database is [distributed](crate::distribution): which machines have what a
/// statement is about depends on its values, so Citus plans many of them anew each time. The machines themselves plan as
/// they like: they are not told what a session is.
pub(crate) const DISTRIBUTED_SESSION: &str = "SET plan_cache_mode = auto";

/// Opens connections to one database.
#[derive(Clone)]
pub struct Connector {
    url: DatabaseUrl,
    tls: MakeRustlsConnect,
    distribution: Distribution,
}

impl Connector {
    /// Prepares for a database; nothing is opened yet.
    ///
    /// # Errors
    /// [`TlsError`] when the certificates that the URL asks for can't be read.
    pub fn new(url: DatabaseUrl) -> Result<Self, TlsError> {
        let tls = MakeRustlsConnect::new(tls::client_config(&url)?);
        Ok(Self { url, tls, distribution: Distribution::default() })
    }

    pub(crate) const fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// Whether the database is [distributed](crate::distribution); known as soon as a connection was opened.
    pub(crate) fn is_distributed(&self) -> bool {
        self.distribution.is_distributed()
    }

    /// Opens a connection, and sets its session up.
    ///
    /// # Errors
    /// `ConnectionError` when the database can't be reached or refuses.
    pub async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let mut config = self.url.config().clone();
        config.connect_timeout(CONNECT_TIMEOUT);
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE / 2).keepalives_interval(SILENCE / 6);
        if config.get_application_name().is_none() {
            config.application_name("gamification");
        }
        let (client, connection) =
            config.connect(self.tls.clone()).await.map_err(|error| bad_connection(&error))?;
        let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        connection.batch_execute(SESSION).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        let asked = self.distribution.ask(&mut connection).await;
        asked.map_err(ConnectionError::CouldntSetupConfiguration)?;
        if self.is_distributed() {
            let told = connection.batch_execute(DISTRIBUTED_SESSION).await;
            told.map_err(ConnectionError::CouldntSetupConfiguration)?;
        }
        Ok(connection)
    }
}

/// Spelled out with its cause, which the type would lose.
fn bad_connection(error: &tokio_postgres::Error) -> ConnectionError {
    use std::error::Error;
    let text = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    ConnectionError::BadConnection(text)
}

/// A pool of at most `size` connections, opened when they are first needed, and driven by the runtime that calls this.
pub(crate) fn pool(connector: Connector, size: usize) -> Result<Pool<AsyncPgConnection>, BuildError> {
    let runtime = tokio::runtime::Handle::current();
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let (connector, runtime) = (connector.clone(), runtime.clone());
        async move {
            let opened = runtime.spawn(async move { connector.connect().await });
            opened.await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
        }
        .boxed()
    });
    // The manager's own URL is not used: the setup above knows better.
    Pool::builder(AsyncDieselConnectionManager::new_with_config("", config))
        .max_size(size)
        // The one that worked last has everything at hand: a lone event on a pool whose sessions took turns would find each
        // of them cold.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT_TIMEOUT))
        .create_timeout(Some(CONNECT_TIMEOUT + Duration::from_secs(1)))
        .build()
}

/// The version of the server when it is too old for us.
///
/// # Errors
/// When the connection breaks, or a setting is not a number.
pub async fn outdated_version(connection: &mut AsyncPgConnection) -> diesel::QueryResult<Option<String>> {
    use diesel::{
        dsl::sql,
        sql_types::{Integer, Text},
    };
    let query = diesel::select((
        sql::<Integer>("current_setting('server_version_num')::int"),
        sql::<Text>("current_setting('server_version')"),
    ));
    let (number, version): (i32, String) = query.get_result(connection).await?;
    Ok((number < OLDEST_POSTGRES).then_some(version))
}
