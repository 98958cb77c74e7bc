//! The channels that this server delivers to.

use gamification_app::{
    jobs::{DeliveryError, Destination},
    ports::{ChannelName, PendingEvent},
};
use gamification_webhook::Webhook;

/// A channel that is configured.
#[derive(Debug)]
pub struct Channel {
    /// What the database knows it by.
    pub name: ChannelName,
    /// Its other end.
    pub receiver: Receiver,
}

/// What may be at the other end of a channel.
#[derive(Debug)]
pub enum Receiver {
    /// A URL that events are posted to.
    Webhook(Webhook),
}

impl Destination for Receiver {
    async fn deliver(&self, event: &PendingEvent) -> Result<(), DeliveryError> {
        match self {
            Self::Webhook(webhook) => webhook.deliver(event).await,
        }
    }
}
