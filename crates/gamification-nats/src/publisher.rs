//! Events go out: published, and delivered once JetStream has acknowledged them.

use std::time::Duration;

use async_nats::{HeaderMap, header::NATS_MESSAGE_ID, jetstream::context::PublishError};
use gamification_app::{
    Chain,
    jobs::{DeliveryError, Destination},
    ports::PendingEvent,
};
use gamification_events::{STRUCTURED_EVENT, outgoing_event};
use tokio::time::timeout;

use crate::{Nats, Subject, connection::is_connected};

/// How long one event may take, its acknowledgement included.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Publishes events under `<prefix>.<community_id>.<type>`, each with its id as `Nats-Msg-Id`: what is published again
/// within the stream's duplicate window is stored once. After that it is there twice, under one id.
#[derive(Debug)]
pub struct NatsPublisher {
    nats: Nats,
    prefix: Subject,
}

impl NatsPublisher {
    /// Prepares to publish; nothing is sent yet.
    #[must_use]
    pub const fn new(nats: Nats, prefix: Subject) -> Self {
        Self { nats, prefix }
    }
}

impl Destination for NatsPublisher {
    /// A message costs a broker next to nothing, and what is acknowledged together is marked together.
    fn concurrency(&self) -> usize {
        256
    }

    async fn deliver(&self, event: &PendingEvent) -> Result<(), DeliveryError> {
        let body = outgoing_event(event).map_err(|error| DeliveryError(error.to_string()))?;
        let (community_id, name) = (event.event.community_id(), event.event.name());
        let mut headers = HeaderMap::new();
        headers.insert("content-type", STRUCTURED_EVENT);
        headers.insert(NATS_MESSAGE_ID, event.id.to_string());
        let jetstream =
            self.nats.jetstream().await.map_err(|error| DeliveryError(Chain(&error).to_string()))?;
        let subject = format!("{}.{community_id}.{name}", self.prefix);
        let refused = |error: PublishError| DeliveryError(Chain(&error).to_string());
        // What is published without a connection would be sent after reconnecting, behind what another server has
        // published then.
        if !is_connected(jetstream).await {
            return Err(DeliveryError("NATS can't be reached".to_owned()));
        }
        let publishing = async {
            let published =
                jetstream.publish_with_headers(subject, headers, body.into()).await.map_err(refused)?;
            published.await.map(drop).map_err(refused)
        };
        let published = timeout(TIMEOUT, publishing).await;
        published.unwrap_or_else(|_| Err(DeliveryError("NATS does not answer".to_owned())))
    }
}
