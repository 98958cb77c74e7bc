//! A real NATS server with JetStream, which can be killed and started again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use async_nats::jetstream::{
    self, Context, Message,
    consumer::{AckPolicy, pull},
    stream::{Config, DiscardPolicy, RetentionPolicy},
};
use futures_util::{StreamExt, future::join_all};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Launch,
    until::{block_until, until},
};

/// The stream that the platform publishes its events to.
pub const FEED: &str = "FEED";
/// Its consumer, which servers share.
pub const CONSUMER: &str = "points";
/// The stream of what could not be recorded, and its subject.
pub const DEAD_LETTERS: &str = "DEAD";
const DEAD_LETTER_SUBJECT: &str = "feed-dead";
/// The stream of outgoing events, and what their subjects begin with.
pub const OUTGOING: &str = "OUT";
const PUBLISH_PREFIX: &str = "gamification";

/// A file in its folder.
const CONFIGURATION: &str = "nats.conf";

/// A NATS server of one test; killed when it goes out of scope.
pub struct Broker {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    server: Child,
}

/// Debian puts it where only administrators look.
fn program() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("GAMIFICATION_NATS_SERVER") {
        return Some(given.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("nats-server")).find(|program| program.is_file())
}

impl Broker {
    /// Starts one, with nothing in it; `None`, and a sentence, where no `nats-server` is installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(|_| String::new())
    }

    /// The same, with a configuration beside the flags; it may speak of files in the folder that it is given.
    #[must_use]
    pub fn start_with(configuration: impl Fn(&Path) -> String) -> Option<Self> {
        let Some(program) = program() else {
            println!("skipped: no nats-server in PATH, and GAMIFICATION_NATS_SERVER does not point at one");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("gamification-nats-").tempdir().expect("a folder");
        fs::write(folder.path().join(CONFIGURATION), configuration(folder.path())).expect("our own folder");
        let (port, server) = run(&program, folder.path(), None);
        Some(Self { program, folder, port, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// `kill -9`, and waits until it is dead.
    pub fn kill(&mut self) {
        self.server.kill().and_then(|()| self.server.wait()).map(drop).expect("it can be killed");
    }

    /// Starts it again at the same address, with what it had.
    pub fn restart(&mut self) {
        (_, self.server) = run(&self.program, self.folder.path(), Some(self.port));
    }

    /// Its JetStream, over a connection of its own that comes back when the server does.
    pub async fn jetstream(&self) -> Context {
        let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
        jetstream::new(options.connect(self.url()).await.expect("an address"))
    }

    /// The streams and the consumer that a server is configured with by [`Launch::on_broker`]; a message is handed out
    /// again after `ack_wait`.
    pub async fn set_up(&self, ack_wait: Duration) -> Context {
        let jetstream = self.jetstream().await;
        let stream = |name: &str, subject: &str, retention| Config {
            name: name.to_owned(),
            subjects: vec![subject.to_owned()],
            retention,
            discard: DiscardPolicy::New,
            // So that what is delivered twice shows.
            duplicate_window: Duration::from_secs(1),
            ..Config::default()
        };
        for config in [
            stream(FEED, "feed.>", RetentionPolicy::WorkQueue),
            stream(DEAD_LETTERS, DEAD_LETTER_SUBJECT, RetentionPolicy::Limits),
            stream(OUTGOING, &format!("{PUBLISH_PREFIX}.>"), RetentionPolicy::Limits),
        ] {
            jetstream.create_stream(config).await.expect("a stream can be made");
        }
        let consumer = pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait,
            max_deliver: -1,
            max_ack_pending: -1,
            ..pull::Config::default()
        };
        jetstream.create_consumer_on_stream(consumer, FEED).await.expect("a consumer can be made");
        jetstream
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts the program, at a free port unless one is said, and waits until it listens.
fn run(program: &Path, folder: &Path, port: Option<u16>) -> (u16, Child) {
    let ports = folder.join("ports");
    // Left by one that was killed.
    let _ = fs::remove_dir_all(&ports);
    fs::create_dir(&ports).expect("a folder");
    let server = Command::new(program)
        .arg("--config")
        .arg(folder.join(CONFIGURATION))
        .args(["--addr", "127.0.0.1", "--jetstream", "--store_dir"])
        .arg(folder.join("store"))
        .args(["--port", &port.map_or("-1".to_owned(), |port| port.to_string()), "--ports_file_dir"])
        .arg(&ports)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nats-server can be started");
    let mut found = None;
    block_until("nats-server listens", || {
        let files = fs::read_dir(&ports).expect("its folder").flatten();
        found = files.filter_map(|file| port_in(&fs::read_to_string(file.path()).ok()?)).next();
        found.is_some()
    });
    (found.expect("it listens"), server)
}

fn port_in(text: &str) -> Option<u16> {
    let ports: Value = serde_json::from_str(text).ok()?;
    ports["nats"].get(0).or_else(|| ports["tls"].get(0))?.as_str()?.rsplit_once(':')?.1.parse().ok()
}

impl Launch {
    /// With events from a broker that was set up, and to it.
    #[must_use]
    pub fn on_broker(self, broker: &Broker) -> Self {
        self.env("GAMIFICATION_NATS_URL", broker.url())
            .env("GAMIFICATION_NATS_STREAM", FEED)
            .env("GAMIFICATION_NATS_CONSUMER", CONSUMER)
            .env("GAMIFICATION_NATS_DEAD_LETTER_SUBJECT", DEAD_LETTER_SUBJECT)
            .env("GAMIFICATION_NATS_PUBLISH_PREFIX", PUBLISH_PREFIX)
    }
}

/// Publishes events as the platform does, in order, and waits until all are stored; what a broker that goes away did not
/// acknowledge is published again.
pub async fn publish(jetstream: &Context, events: &[Value]) {
    let mut waiting: Vec<&Value> = events.iter().collect();
    until("everything is published", async || {
        // All at once: each waits for seconds when the broker is gone.
        let stored = join_all(waiting.iter().map(async |event| {
            let community = event["data"]["community_id"].as_str().unwrap_or("none");
            let subject = format!("feed.{community}.{}", event["type"].as_str().unwrap_or("none"));
            let payload = serde_json::to_vec(event).expect("it is JSON");
            match jetstream.publish(subject, payload.into()).await {
                Ok(acknowledgement) => acknowledgement.await.is_ok(),
                Err(_) => false,
            }
        }))
        .await;
        let mut stored = stored.into_iter();
        waiting.retain(|_| stored.next() != Some(true));
        waiting.is_empty()
    })
    .await;
}

/// Waits until everything was handed out and settled for good.
///
/// The consumer is asked, not the stream: a work queue may keep messages whose removal a killed broker forgot.
pub async fn until_settled(jetstream: &Context) {
    until("every message is settled", async || {
        let found = jetstream.get_consumer_from_stream::<pull::Config, _, _>(CONSUMER, FEED).await;
        found.is_ok_and(|found| {
            let info = found.cached_info();
            info.num_pending == 0 && info.num_ack_pending == 0
        })
    })
    .await;
}

/// How many messages a stream has; `None` while the broker is away.
pub async fn stored(jetstream: &Context, stream: &str) -> Option<u64> {
    Some(jetstream.get_stream(stream).await.ok()?.cached_info().state.messages)
}

/// All messages of a stream that keeps them, in order.
pub async fn read_all(jetstream: &Context, stream: &str) -> Vec<Message> {
    let number = stored(jetstream, stream).await.expect("the broker is there");
    let consumer = pull::OrderedConfig::default();
    let consumer = jetstream.create_consumer_on_stream(consumer, stream).await.expect("it can be read");
    let messages = consumer.messages().await.expect("it can be read");
    let number = usize::try_from(number).expect("they fit");
    messages.take(number).map(|message| message.expect("it can be read")).collect().await
}
