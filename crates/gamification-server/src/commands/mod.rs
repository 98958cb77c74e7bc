//! One file for each command.

mod check_nats;
mod console;
mod demo;
mod explain;
mod import;
mod migrate;
mod openapi;
mod outbox;
mod serve;
mod token;
mod verify;

use anyhow::{Context, Result, bail};
use embedded_postgres::EmbeddedPostgres;
use gamification_app::ports::{SchemaQueries, StoreError};
use gamification_domain::{CommunityId, UserId};
use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl, outdated_version},
};
use gamification_telemetry::{LogFormat, init};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::{Cli, Command, Options},
    config::{Config, Database},
    telemetry::announce,
};

/// What a server logs when `RUST_LOG` does not say. The web server's own messages are about its inside, and those of its
/// dispatcher call it an error of ours when a client sends nonsense. What NATS does we say ourselves.
const SERVING: &str = "info,actix_server=warn,actix_http::h1::dispatcher=off,async_nats=warn";
/// What a command that ends by itself logs when `RUST_LOG` does not say: its summary is enough, without a line for every
/// point.
const WORKING: &str = "info,gamification_app=warn";

/// Does what the command line says.
pub(crate) async fn run(Cli { command, options }: Cli) -> Result<()> {
    let config = Config::new(&options);
    let log_format = config.log_format()?;
    let command = command.unwrap_or(Command::Serve);
    let telemetry = match command {
        Command::Serve => init(log_format, SERVING, config.trace_collector()?.as_ref())?,
        _ => init(log_format, WORKING, None)?,
    };
    let outcome = execute(command, &options, log_format).await;
    telemetry.flush().await;
    outcome
}

async fn execute(command: Command, options: &Options, log_format: LogFormat) -> Result<()> {
    match command {
        Command::Serve => serve::serve(options, log_format).await,
        Command::Migrate { revert, distribute } => {
            migrate::migrate(options, log_format, revert, distribute).await
        }
        Command::Outbox { release, again_since, channel, forget } => {
            let again_since = channel.as_deref().zip(again_since);
            outbox::outbox(options, log_format, release, again_since, forget.as_deref()).await
        }
        Command::CheckNats => check_nats::check_nats(options).await,
        Command::Demo => demo::demo(options, log_format).await,
        Command::Import { file, patience } => import::import(options, log_format, &file, patience).await,
        Command::Verify { community, repair } => {
            verify::verify(options, log_format, community.map(CommunityId::new), repair).await
        }
        Command::Explain { community, user } => {
            let member = (CommunityId::new(community), UserId::new(user));
            explain::explain(options, log_format, member).await
        }
        Command::Console { community, user, service, ttl } => {
            console::console(options, community, user, service, ttl)
        }
        Command::Openapi => openapi::openapi(),
        Command::Token { user, service, read, adjust, ttl } => {
            token::token(options, &user, [service, read, adjust], ttl)
        }
    }
}

/// Does work with a database that answers. An embedded server stops with the work, however that ends.
async fn with_database(
    options: &Options,
    log_format: LogFormat,
    work: impl AsyncFnOnce(Connector) -> Result<()>,
) -> Result<()> {
    match Config::new(options).database()? {
        Database::At(url) => work(connector(*url).await?).await,
        Database::Embedded(settings) => {
            let embedded = EmbeddedPostgres::start(&settings)
                .await
                .context("DATABASE_URL is not set, and no PostgreSQL of our own could be started")?;
            let folder = embedded.folder().display();
            announce(
                log_format,
                &format!("DATABASE_URL is not set: using an embedded PostgreSQL in {folder}"),
            );
            let outcome = async { work(connector(DatabaseUrl::parse(&embedded.url())?).await?).await }.await;
            let stopped = embedded.stop().await;
            outcome.and(stopped.map_err(Into::into))
        }
    }
}

/// A store over a database whose schema this program knows.
async fn current_store(connector: Connector, pool_size: usize) -> Result<PgStore> {
    let store = PgStore::new(connector, pool_size)?;
    match store.schema_is_current().await {
        Ok(true) => Ok(store),
        // Of an empty database not even the schema's version can be read.
        Ok(false) | Err(StoreError::Corrupt(_)) => {
            bail!("the database's schema is older than this program: run gamification-server migrate first")
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends when the process is asked to end: SIGTERM or Ctrl-C.
fn interruption() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn connector(url: DatabaseUrl) -> Result<Connector> {
    let connector = Connector::new(url).context("DATABASE_URL is not usable")?;
    let mut connection =
        connector.connect().await.context("the database can't be reached; check DATABASE_URL")?;
    if let Some(version) = outdated_version(&mut connection).await? {
        bail!("the database is PostgreSQL {version}, and 14 or newer is needed");
    }
    Ok(connector)
}
