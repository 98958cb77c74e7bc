//! The whole stack inside another service, on PostgreSQL, in a few lines.

use std::{future::Future, sync::Arc, time::Duration};

use diesel::ConnectionError;
use diesel_async::pooled_connection::deadpool::BuildError;
use gamification_app::{
    Clock, EventBus, EventEnvelope, FactQueue, IdGenerator, Reader, RecordError, Recorded, System,
    commands::register_channel,
    jobs::{self, relay_events},
    ports::{BoxedError, ChannelName, InvalidChannelName, MemberQueries, StoreError},
    queries::MemberLevel,
};
use gamification_domain::{EventId, EventMetadata, Fact, FactRecord, InvalidLabel, MemberKey};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    MigrationError, PgDeliveries, PgStore,
    connection::{Connector, DatabaseUrl, InvalidDatabaseUrl, TlsError},
    migrate,
};

/// How many connections are opened at most, unless said otherwise.
const POOL_SIZE: usize = 10;

/// How long what was submitted may take to be recorded when the stack shall stop: longer than a batch is given.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// The channel that subscriptions get their events through, unless said otherwise.
const CHANNEL: &str = "bus";

/// Points and levels for the service that embeds them: facts go in, levels are read, events come out.
///
/// ```no_run
/// # async fn example(community_id: gamification_domain::CommunityId, ada: gamification_domain::UserId, post: gamification_domain::Content)
/// #     -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use std::sync::Arc;
///
/// use gamification_domain::{Fact, FactKind, MemberLeveledUp};
/// use gamification_pg::{EventEnvelope, Gamification};
///
/// let gamification = Gamification::builder()
///     .subscribe("level badges", |event: Arc<EventEnvelope<MemberLeveledUp>>| async move {
///         println!("level {}", event.event.new_level.get());
///         Ok(())
///     })
///     .connect("postgres://localhost/platform")
///     .await?;
/// let created = FactKind::ContentCreated { content: post, author_id: ada };
/// println!("{:?}", gamification.record(Fact::new(community_id, created)).await?);
/// println!("{:?}", gamification.member_level((community_id, ada)).await?);
/// gamification.stop().await;
/// # Ok(())
/// # }
/// ```
///
/// Dropped without [`Gamification::stop`], all of it ends as well, and nothing is waited for.
///
/// The parts stay available beneath: [`Gamification::store`] for commands and queries of `gamification-app`,
/// [`Gamification::facts`] for facts with metadata of their own.
pub struct Gamification {
    store: PgStore,
    facts: FactQueue,
    workers: JoinSet<()>,
    /// Stops the relay, also where the value is merely dropped.
    stop: DropGuard,
    /// Delivers to the handlers of the process; `None` where there are none.
    relay: Option<JoinHandle<()>>,
    /// Jobs beside requests, which are aborted when the value is dropped.
    _jobs: JoinSet<()>,
}

/// What an embedded [`Gamification`] does with its events, before it starts.
#[derive(Debug)]
pub struct GamificationBuilder {
    bus: EventBus,
    channel: String,
    pool_size: usize,
}

/// Why an embedded stack could not start.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The text is no usable database URL.
    #[error("the database URL is not usable")]
    Url(#[from] InvalidDatabaseUrl),
    /// The certificates that the URL asks for can't be read.
    #[error("the database can't be trusted")]
    Tls(#[from] TlsError),
    /// The database can't be reached, or refuses.
    #[error("the database can't be reached")]
    Connection(#[from] ConnectionError),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The channel's name is not allowed.
    #[error(transparent)]
    ChannelName(#[from] InvalidChannelName),
    /// The channel of the subscriptions could not be registered.
    #[error("the channel can't be registered")]
    Channel(#[from] StoreError),
    /// There can be no pool of connections.
    #[error("connections can't be pooled")]
    Pool(#[from] BuildError),
}

impl Gamification {
    /// Begins with the subscriptions: they are complete before the first event comes.
    #[must_use]
    pub fn builder() -> GamificationBuilder {
        GamificationBuilder { bus: EventBus::default(), channel: CHANNEL.to_owned(), pool_size: POOL_SIZE }
    }

    /// Records a fact that happens now, and gives its verdict once that is durable.
    ///
    /// # Errors
    /// [`RecordError`] when the fact must be recorded again, or can't be.
    pub async fn record(&self, fact: Fact) -> Recorded {
        let metadata = happening_now().map_err(|_| RecordError::Internal)?;
        let recorded = self.facts.record(vec![FactRecord { fact, metadata }]).await;
        recorded.into_iter().next().unwrap_or(Err(RecordError::Unavailable))
    }

    /// A member's points and level; `None` for a user whom the community never had, and while no event of the directory,
    /// such as a [`MemberJoined`](gamification_domain::FactKind::MemberJoined), has named the community.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn member_level(&self, member: MemberKey) -> Result<Option<MemberLevel>, StoreError> {
        let view = self.store.member_standings(member.0, Reader::Service, &[member.1]).await?;
        Ok(view.and_then(|view| Some(MemberLevel::of(*view.asked.first()?, &view.levels))))
    }

    /// The database behind it, for the commands and queries of `gamification-app`.
    #[must_use]
    pub const fn store(&self) -> &PgStore {
        &self.store
    }

    /// The queue that facts go through, for facts of another time or another order.
    #[must_use]
    pub const fn facts(&self) -> &FactQueue {
        &self.facts
    }

    /// Ends when everything that was submitted is recorded, and deliveries that had begun have ended; after
    /// some seconds at most, also while the database or a subscriber does not answer, or a clone of
    /// [`Gamification::facts`] is still kept. Events that are not delivered then are delivered by the next start, here or
    /// in another process.
    pub async fn stop(self) {
        let Self { store: _, facts, mut workers, stop, relay, _jobs } = self;
        // The workers end with the last way into the queue.
        drop(facts);
        let ended = async { while workers.join_next().await.is_some() {} };
        let _ = timeout(QUEUE_TIMEOUT, ended).await;
        stop.disarm().cancel();
        if let Some(relay) = relay
            && let Err(error) = relay.await
        {
            tracing::error!(%error, "the relay ended badly");
        }
    }
}

fn happening_now() -> Result<EventMetadata, InvalidLabel> {
    let now = System.now();
    let event_id = EventId::parse(&System.next_id().to_string())?;
    Ok(EventMetadata { event_id, sequence: None, time: Some(now), received_at: now })
}

impl GamificationBuilder {
    /// Calls a handler for events of one type: `EventEnvelope<PointsAwarded>`, `EventEnvelope<PointsDeducted>` or
    /// `EventEnvelope<MemberLeveledUp>`. Each is delivered at least once and in each member's order; a handler that
    /// fails gets it again. `name` is for the log.
    ///
    /// The first subscription that ever connects begins with the events of the last day. From then on every event is
    /// kept until it is delivered, also while no process is connected that subscribes.
    #[must_use]
    pub fn subscribe<T, F, R>(mut self, name: &'static str, handler: F) -> Self
    where
        T: Send + Sync + 'static,
        F: Fn(Arc<EventEnvelope<T>>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxedError>> + Send + 'static,
    {
        self.bus.subscribe(name, handler);
        self
    }

    /// Names the channel that subscriptions get their events through; `bus` unless said.
    ///
    /// Processes that use the same name share the events: one of them at a time gets them, and another takes over when it
    /// is gone. Channels with different names get all events each, beside one another and beside a server's webhook.
    #[must_use]
    pub fn channel(self, name: impl Into<String>) -> Self {
        Self { channel: name.into(), ..self }
    }

    /// Opens at most so many connections; 10 unless said.
    #[must_use]
    pub fn pool_size(self, pool_size: usize) -> Self {
        Self { pool_size, ..self }
    }

    /// Brings the schema up to date, and starts.
    ///
    /// Needs a runtime with several threads, which drives it until [`Gamification::stop`].
    ///
    /// # Errors
    /// [`ConnectError`] when the database can't be used.
    pub async fn connect(self, url: &str) -> Result<Gamification, ConnectError> {
        let channel: ChannelName = self.channel.parse()?;
        let connector = Connector::new(DatabaseUrl::parse(url)?)?;
        migrate(connector.connect().await?).await?;
        let store = PgStore::new(connector.clone(), self.pool_size)?;
        let deliveries = PgDeliveries::new(store.clone(), connector);
        let (stop, bus) = (CancellationToken::new(), Arc::new(self.bus));
        let has_subscriptions = !bus.is_empty();
        if has_subscriptions {
            register_channel(&store, &System, &channel).await?;
        }
        let (facts, workers) = FactQueue::start(&store, &System);
        let jobs = jobs::start(&store, &System);
        let relay = has_subscriptions.then(|| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                relay_events((&store, &deliveries), (&channel, &bus), &System, &stop).await;
            })
        });
        Ok(Gamification { store, facts, workers, stop: stop.drop_guard(), relay, _jobs: jobs })
    }
}
