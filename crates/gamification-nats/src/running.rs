//! All that a server does with NATS but publish.

use gamification_app::{FactQueue, jobs::consume_events};
use tokio_util::sync::CancellationToken;

use crate::{NatsParts, NatsSource, watch};

/// Takes events in, where a consumer is configured, and tells operators what is seen of NATS. Once it is told to stop, what is
/// in flight is recorded or given back, and it ends within seconds.
pub async fn run(
    NatsParts { connection, consumer, publish_prefix }: NatsParts,
    facts: FactQueue,
    stop: CancellationToken,
) {
    let watching = stop.run_until_cancelled(watch(&connection, consumer.as_ref(), publish_prefix.as_ref()));
    let consuming = async {
        if let Some(settings) = consumer.clone() {
            consume_events(NatsSource::new(connection.clone(), settings), facts, stop.clone()).await;
        }
    };
    tokio::join!(watching, consuming);
}
