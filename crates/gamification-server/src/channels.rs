//! The channels that this server delivers to: what configures each, its name, and its other end.

use anyhow::{Context, Result, bail};
use clap::Args;
use gamification_app::{
    jobs::{DeliveryError, Destination},
    ports::{ChannelName, PendingEvent},
};
use gamification_nats::NatsPublisher;
use gamification_webhook::{SigningSecret, Webhook, WebhookUrl};

use crate::{config::given, nats::NatsParts};

/// What configures channels, as it was given.
#[derive(Clone, Debug, Default, Args)]
pub struct ChannelOptions {
    /// Where outgoing events are posted to [default: nowhere]
    #[arg(long, env = "GAMIFICATION_WEBHOOK_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub webhook_url: Option<String>,
    /// Secret that signs outgoing events: whsec_ and 24 to 64 bytes in Base64
    #[arg(long, env = "GAMIFICATION_WEBHOOK_SECRET", hide_env_values = true)]
    #[arg(global = true, value_name = "SECRET")]
    pub webhook_secret: Option<String>,
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
    /// The channels that outgoing events go through; one of them may lead to NATS.
    ///
    /// # Errors
    /// When only one of `GAMIFICATION_WEBHOOK_URL` and `GAMIFICATION_WEBHOOK_SECRET` is set, or one can't be used.
    pub fn channels(&self, nats: Option<&NatsParts>) -> Result<Vec<Channel>> {
        // Without `..`, so that an option that configures nothing is found while the program is compiled.
        let Self { webhook_url, webhook_secret } = self;
        let webhook = webhook(given(webhook_url.as_deref()), given(webhook_secret.as_deref()))?;
        let publisher = nats.and_then(|nats| {
            let prefix = nats.publish_prefix.clone()?;
            Some(NatsPublisher::new(nats.connection.clone(), prefix))
        });
        let receivers = [webhook.map(Receiver::Webhook), publisher.map(Receiver::Nats)];
        receivers.into_iter().flatten().map(Channel::to).collect()
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

fn webhook(url: Option<&str>, secret: Option<&str>) -> Result<Option<Webhook>> {
    match (url, secret) {
        (None, None) => Ok(None),
        (Some(url), Some(secret)) => {
            let url: WebhookUrl = url.parse().context("GAMIFICATION_WEBHOOK_URL is not usable")?;
            let secret: SigningSecret =
                secret.parse().context("GAMIFICATION_WEBHOOK_SECRET is not usable")?;
            Ok(Some(Webhook::new(url, secret)?))
        }
        (Some(_), None) => {
            bail!("GAMIFICATION_WEBHOOK_SECRET must be set when GAMIFICATION_WEBHOOK_URL is")
        }
        (None, Some(_)) => {
            bail!("GAMIFICATION_WEBHOOK_URL must be set when GAMIFICATION_WEBHOOK_SECRET is")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::NatsOptions;

    const URL: &str = "https://platform.example/hooks";
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn each_channel_has_a_name_of_its_own_that_never_changes() {
        // Every option is given.
        let options = ChannelOptions { webhook_url: Some(URL.into()), webhook_secret: Some(SECRET.into()) };
        let nats = NatsOptions {
            nats_url: Some("nats://broker".into()),
            nats_publish_prefix: Some("gamification".into()),
            ..NatsOptions::default()
        };
        let channels = options.channels(nats.parts().unwrap().as_ref()).unwrap();
        let names: Vec<_> = channels.iter().map(|channel| channel.name.as_str()).collect();
        assert_eq!(names, ["webhook", "nats"]);
    }

    #[test]
    fn a_webhook_needs_an_address_and_a_secret_or_is_none() {
        let webhook = |url: &str, secret: &str| {
            let (webhook_url, webhook_secret) = (Some(url.to_owned()), Some(secret.to_owned()));
            ChannelOptions { webhook_url, webhook_secret }.channels(None).map(|channels| !channels.is_empty())
        };
        let mistake = |url: &str, secret: &str| format!("{:#}", webhook(url, secret).unwrap_err());
        assert!(!webhook("", "").unwrap());
        assert!(webhook(URL, SECRET).unwrap());
        assert_eq!(
            mistake(URL, ""),
            "GAMIFICATION_WEBHOOK_SECRET must be set when GAMIFICATION_WEBHOOK_URL is"
        );
        assert_eq!(
            mistake("", SECRET),
            "GAMIFICATION_WEBHOOK_URL must be set when GAMIFICATION_WEBHOOK_SECRET is"
        );
        assert!(mistake("nonsense", SECRET).starts_with("GAMIFICATION_WEBHOOK_URL is not usable: "));
        assert!(mistake(URL, "hunter2").starts_with("GAMIFICATION_WEBHOOK_SECRET is not usable: "));
    }
}
