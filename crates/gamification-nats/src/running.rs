//! All that a server does with NATS but publish.

use gamification_app::{Clock, FactQueue, jobs::consume_events};
use tokio_util::sync::CancellationToken;

use crate::{ConsumerSettings, Nats, NatsSource, Subject, watch};

/// NATS, as it is configured.
#[derive(Debug)]
pub struct NatsParts {
    /// The connection that all share.
    pub connection: Nats,
    /// Where events come in from, if they do.
    pub consumer: Option<ConsumerSettings>,
    /// What outgoing events are published under, if they are.
    pub publish_prefix: Option<Subject>,
}

/// Takes events in, where a consumer is configured, and tells operators what is seen of NATS. Once it is told to stop, what is
/// in flight is recorded or given back, and it ends within seconds.
pub async fn run(nats: NatsParts, facts: FactQueue, clock: impl Clock, stop: CancellationToken) {
    let NatsParts { connection, consumer, publish_prefix } = nats;
    let watching = stop.run_until_cancelled(watch(&connection, consumer.as_ref(), publish_prefix.as_ref()));
    let consuming = async {
        if let Some(settings) = consumer.clone() {
            consume_events(NatsSource::new(connection.clone(), settings, clock), facts, stop.clone()).await;
        }
    };
    tokio::join!(watching, consuming);
}
