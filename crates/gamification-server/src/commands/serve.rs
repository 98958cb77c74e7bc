//! `serve`: the service itself.

use std::{net::SocketAddr, time::Duration};

use actix_web::{
    dev::{Server, ServerHandle},
    web::{Data, ServiceConfig},
};
use anyhow::{Context, Result};
use gamification_app::{
    EventStreams, FactQueue, System,
    commands::register_channel,
    jobs::{self, relay_events},
};
use gamification_http::{Api, AppParts, Draining, Operations, Origin, TokenVerifier, stream_message};
use gamification_pg::{
    PgDeliveries, PgEventFeeds, PgReplica, PgStore,
    connection::{Connector, DatabaseUrl},
    migrate,
};
use gamification_telemetry::{LogFormat, join_trace};
use gamification_web::{elements, elements_and_console};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::with_database;
use crate::{
    channels::{Channel, Channels},
    cli::Options,
    config::Config,
    secret,
    telemetry::{announce, metrics},
};

/// How long a server that shall stop still takes requests, so that load balancers can see that it is not ready.
const READINESS_PAUSE: Duration = Duration::from_secs(1);

/// How long the queue may take to end after the last request.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

/// What serving is made of, read and checked.
struct Parts {
    listen: SocketAddr,
    ops_listen: Option<SocketAddr>,
    pool_size: usize,
    verifier: TokenVerifier,
    origins: Vec<Origin>,
    channels: Channels,
    replica: Option<(DatabaseUrl, Duration)>,
    pages: Pages,
}

/// Adds pages beside the endpoints.
type Pages = fn(&mut ServiceConfig);

pub(super) async fn serve(options: &Options, log_format: LogFormat) -> Result<()> {
    let config = Config::new(options);
    // Everything that may be wrong with the configuration comes before anything is started.
    let parts = Parts {
        listen: config.listen()?,
        ops_listen: config.ops_listen()?,
        pool_size: config.db_pool_size()?,
        verifier: config.token_verifier()?,
        origins: config.cors_origins()?,
        channels: options.channels.channels()?,
        replica: config.replica()?,
        pages: if config.console()? { elements_and_console } else { elements },
    };
    announce_secret(options, log_format);
    with_database(options, log_format, async |connector| serve_on(connector, parts, log_format).await).await
}

async fn serve_on(connector: Connector, parts: Parts, log_format: LogFormat) -> Result<()> {
    let Parts { listen, ops_listen, pool_size, verifier, origins, channels, replica, pages } = parts;
    let metrics = metrics::start()?;
    for name in migrate(connector.connect().await?).await? {
        tracing::info!(name, "applied a migration");
    }
    let draining = Draining::default();
    let store = PgStore::new(connector.clone(), pool_size)?;
    let replica = replica.map(|replica| self::replica(replica, pool_size)).transpose()?;
    let store = replica.iter().fold(store, |store, replica| store.with_replica(replica.clone()));
    let (facts, mut workers) = FactQueue::start(&store, &System);
    let facts_of_brokers = facts.clone();
    let streams = EventStreams::default();
    let api = Api {
        store: store.clone(),
        facts,
        system: System,
        verifier,
        streams: streams.clone(),
        draining: draining.clone(),
    };
    let operations = Operations {
        store: store.clone(),
        draining: draining.clone(),
        metrics: metrics::page(metrics.clone(), store.clone()),
    };
    let operations = Data::new(operations);
    let elsewhere =
        ops_listen.map(|listen| OperationsServer::start(operations.clone(), listen)).transpose()?;
    let operations = Some(operations).filter(|_| elsewhere.is_none());
    let (server, addresses) = bind(Some((api, pages)), operations, ("GAMIFICATION_LISTEN", listen), origins)?;
    let feeds = PgEventFeeds::new(connector.clone());
    let mut background = Background::start(store, connector.clone(), channels.outgoing).await?;
    if let Some(replica) = replica {
        background.jobs.spawn(async move { match replica.watch(&connector).await {} });
    }
    background.jobs.spawn(streams.run(feeds, stream_message));
    // Until here a signal ends the process at once: the database may let it wait, and nothing has begun.
    let consumption = channels.incoming.start(facts_of_brokers);
    let stopper = tokio::spawn(stop_on_signal(server.handle(), draining, consumption.stop.clone())?);
    background.jobs.spawn(metrics::upkeep(metrics));
    for address in elsewhere.iter().flat_map(|server| &server.addresses) {
        announce(log_format, &format!("operations on http://{address}"));
    }
    for address in addresses {
        announce(log_format, &format!("listening on http://{address}"));
    }
    let outcome = server.await.context("the server failed");
    stopper.abort();
    consumption.stop().await;
    // The last way into the queue went with the server, and every request that waited for it has been answered.
    // Relays end beside it: what is committed meanwhile waits in the outbox for the next start.
    let ended = async { while workers.join_next().await.is_some() {} };
    let _ = tokio::join!(timeout(QUEUE_TIMEOUT, ended), background.stop());
    if let Some(server) = elsewhere {
        server.stop().await;
    }
    tracing::info!("stopped");
    outcome
}

/// The standby that is read from. It need not be there.
fn replica((url, max_lag): (DatabaseUrl, Duration), pool_size: usize) -> Result<PgReplica> {
    let connector = Connector::new(url).context("GAMIFICATION_READ_DATABASE_URL is not usable")?;
    Ok(PgReplica::new(connector, pool_size, max_lag)?)
}

/// Metrics and health at an address of their own. They are served until all else has ended.
struct OperationsServer {
    server: ServerHandle,
    addresses: Vec<SocketAddr>,
}

impl OperationsServer {
    fn start(operations: Data<Operations<PgStore>>, listen: SocketAddr) -> Result<Self> {
        let (server, addresses) =
            bind(None, Some(operations), ("GAMIFICATION_OPS_LISTEN", listen), Vec::new())?;
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { server: handle, addresses })
    }

    async fn stop(self) {
        self.server.stop(false).await;
    }
}

/// What runs beside requests.
struct Background {
    /// One for each channel; they end by themselves, and soon, when they are told to.
    relays: JoinSet<()>,
    stop_relays: CancellationToken,
    /// May end at any time; they go with the set.
    jobs: JoinSet<()>,
}

impl Background {
    async fn start(store: PgStore, connector: Connector, channels: Vec<Channel>) -> Result<Self> {
        // Before the first look for events to delete: a new channel gets what is kept at this moment.
        for Channel { name, .. } in &channels {
            let registered = register_channel(&store, &System, name).await;
            registered.with_context(|| format!("the channel {name} can't be registered"))?;
        }
        let deliveries = PgDeliveries::new(store.clone(), connector);
        let jobs = jobs::start(&store, &System);
        let (mut relays, stop_relays) = (JoinSet::new(), CancellationToken::new());
        for Channel { name, receiver } in channels {
            let (store, deliveries, stop) = (store.clone(), deliveries.clone(), stop_relays.clone());
            relays.spawn(async move {
                relay_events((&store, &deliveries), (&name, &receiver), &System, &stop).await;
            });
        }
        Ok(Self { relays, stop_relays, jobs })
    }

    async fn stop(self) {
        let Self { mut relays, stop_relays, jobs } = self;
        stop_relays.cancel();
        while let Some(ended) = relays.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a relay ended badly");
            }
        }
        drop(jobs);
    }
}

fn bind(
    api: Option<(Api<PgStore, System>, Pages)>,
    operations: Option<Data<Operations<PgStore>>>,
    (variable, listen): (&str, SocketAddr),
    origins: Vec<Origin>,
) -> Result<(Server, Vec<SocketAddr>)> {
    let parts = move || AppParts {
        api: api.clone().map(|(api, _)| Data::new(Api { store: api.store.for_another_runtime(), ..api })),
        operations: operations.clone(),
        origins: origins.clone(),
        join_trace: Some(join_trace),
        pages: api.as_ref().map(|(_, pages)| *pages),
    };
    gamification_http::serve(parts, listen)
        .with_context(|| format!("{variable}: {listen} can't be listened on"))
}

/// On SIGTERM: not ready any more, a moment later no new connections, then the requests that have begun. The same on
/// Ctrl-C, but at a terminal there is no load balancer to wait for.
fn stop_on_signal(
    server: ServerHandle,
    draining: Draining,
    consumption: CancellationToken,
) -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let pause = tokio::select! {
            _ = terminate.recv() => READINESS_PAUSE,
            _ = interrupt.recv() => Duration::ZERO,
        };
        tracing::info!("stopping");
        draining.begin();
        consumption.cancel();
        tokio::time::sleep(pause).await;
        server.stop(true).await;
    })
}

fn announce_secret(options: &Options, log_format: LogFormat) {
    if let Some(data_dir) = Config::new(options).development_secret_folder() {
        let path = secret::path(&data_dir);
        let text = format!(
            "GAMIFICATION_JWT_HS256_SECRET is not set: tokens are signed with the secret in {}",
            path.display()
        );
        announce(log_format, &text);
    }
}
