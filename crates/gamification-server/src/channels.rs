//! The channels that events come in by and leave through, beside HTTP: what configures each, its name, its other end, and
//! how it is started.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use gamification_app::{
    FactQueue, System,
    jobs::{DeliveryError, Destination},
    ports::{ChannelName, PendingEvent},
};
use gamification_nats::{NatsOptions, NatsParts, NatsPublisher};
use gamification_webhook::{Webhook, WebhookOptions};

use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long it may take to record what came from a broker, or to give it back.
const CONSUMPTION_TIMEOUT: Duration = Duration::from_secs(4);

/// What configures channels, as it was given.
#[derive(Clone, Debug, Default, Args)]
pub struct ChannelOptions {
    /// Where events are posted to.
    #[command(flatten)]
    pub webhook: WebhookOptions,
    /// NATS JetStream, which events come from and go to.
    #[command(flatten)]
    pub nats: NatsOptions,
}

/// What is configured of all channels.
#[derive(Debug)]
pub struct Channels {
    /// Those that outgoing events leave through.
    pub outgoing: Vec<Channel>,
    /// Those that events come in by.
    pub incoming: Incoming,
}

/// What events come in by, beside HTTP.
#[derive(Debug)]
pub struct Incoming {
    nats: Option<NatsParts>,
}

/// A channel that is configured.
#[derive(Debug)]
pub struct Channel {
    /// What the database knows it by.
    pub name: ChannelName,
    /// The end that the relay delivers from.
    pub receiver: Receiver,
}

/// What may be at the other end of a channel.
#[derive(Debug)]
pub enum Receiver {
    /// A URL that events are posted to.
    Webhook(Webhook),
    /// A stream of NATS that they are published to.
    Nats(NatsPublisher),
}

impl ChannelOptions {
    /// The channels that are configured.
    ///
    /// # Errors
    /// When a variable can't be used, or is set without what it needs.
    pub fn channels(&self) -> Result<Channels> {
        // Without `..`, so that an option that configures nothing is found while the program is compiled.
        let Self { webhook, nats } = self;
        let (webhook, nats) = (webhook.webhook()?, nats.parts()?);
        let publisher = nats.as_ref().and_then(|nats| {
            let prefix = nats.publish_prefix.clone()?;
            Some(NatsPublisher::new(nats.connection.clone(), prefix))
        });
        let receivers = [webhook.map(Receiver::Webhook), publisher.map(Receiver::Nats)];
        let outgoing = receivers.into_iter().flatten().map(Channel::to).collect::<Result<_>>()?;
        Ok(Channels { outgoing, incoming: Incoming { nats } })
    }
}

impl Incoming {
    /// Begins to take events in.
    pub fn start(self, facts: FactQueue) -> Consumption {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        if let Some(nats) = self.nats {
            tasks.spawn(gamification_nats::run(nats, facts, System, stop.clone()));
        }
        Consumption { stop, tasks }
    }
}

/// Events that are being taken in from brokers.
#[derive(Debug)]
pub struct Consumption {
    /// Ends it, once what is in flight is recorded or given back.
    pub stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Consumption {
    /// What is in flight is recorded or given back; it takes seconds at most.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async {
            while let Some(ended) = self.tasks.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "taking events in from a broker ended badly");
                }
            }
        };
        let _ = timeout(CONSUMPTION_TIMEOUT, ended).await;
    }
}

impl Channel {
    fn to(receiver: Receiver) -> Result<Self> {
        Ok(Self { name: receiver.channel_name().parse()?, receiver })
    }
}

impl Receiver {
    /// The name of its channel: stable, for the database keeps by it what is delivered.
    const fn channel_name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Nats(_) => "nats",
        }
    }
}

impl Destination for Receiver {
    fn concurrency(&self) -> usize {
        match self {
            Self::Webhook(webhook) => webhook.concurrency(),
            Self::Nats(publisher) => publisher.concurrency(),
        }
    }

    async fn deliver(&self, event: &PendingEvent) -> Result<(), DeliveryError> {
        match self {
            Self::Webhook(webhook) => webhook.deliver(event).await,
            Self::Nats(publisher) => publisher.deliver(event).await,
        }
    }
}
