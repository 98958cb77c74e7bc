//! Events come in: a durable pull consumer.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    header::NATS_MESSAGE_ID,
    jetstream::{
        AckKind, Context, Message,
        consumer::{Consumer, pull},
        context::PublishError,
    },
};
use futures_util::{FutureExt, StreamExt};
use gamification_app::{
    Chain, Clock,
    jobs::{Receipt, Settlement, Source, SourceError, SourceMessage},
};
use tokio::task::unconstrained;

use crate::{
    Nats, Subject,
    connection::is_connected,
    message::{self, lowercase},
};

/// What logs and metrics call it.
pub(crate) const NAME: &str = "nats";

/// How long one request for messages waits at the server. Then it is made again, since one can get lost with a connection.
pub(crate) const PULL: Duration = Duration::from_secs(2);
/// How long a message stays ours, where the consumer does not say.
const DEFAULT_ACK_WAIT: Duration = Duration::from_secs(30);

/// The headers of a dead letter: why the message was set aside, and where it had been.
const REASON: &str = "Gamification-Reason";
const ORIGINAL_SUBJECT: &str = "Gamification-Subject";
const ORIGINAL_STREAM: &str = "Gamification-Stream";
const ORIGINAL_SEQUENCE: &str = "Gamification-Sequence";

/// Which messages come in, and where those go that can't be recorded.
#[derive(Clone, Debug)]
pub struct ConsumerSettings {
    /// The name of the stream.
    pub stream: String,
    /// The name of its durable consumer.
    pub consumer: String,
    /// What messages are published under that can never be recorded; of another stream.
    pub dead_letter: Subject,
}

/// A durable consumer of a stream. Any number of processes may read the same.
pub struct NatsSource<C> {
    nats: Nats,
    clock: C,
    settings: ConsumerSettings,
    /// Found when it is first needed.
    consumer: Option<Consumer<pull::Config>>,
    /// A request whose messages have not all come. It is kept from fetch to fetch: messages that come for one that is given
    /// up would go nowhere, and wait until they are nobody's.
    pull: Option<pull::Batch>,
}

/// What one message of JetStream is acknowledged by.
#[derive(Debug)]
pub struct NatsReceipt {
    message: Message,
    dead_letter: Subject,
}

impl<C: Clock> NatsSource<C> {
    /// Prepares to read; nothing is sent yet.
    #[must_use]
    pub const fn new(nats: Nats, settings: ConsumerSettings, clock: C) -> Self {
        Self { nats, clock, settings, consumer: None, pull: None }
    }

    async fn consumer(&mut self) -> Result<&mut Consumer<pull::Config>, SourceError> {
        let jetstream = connected(&self.nats).await?;
        let ConsumerSettings { stream, consumer, .. } = &self.settings;
        let found = match self.consumer.take() {
            Some(found) => found,
            None => jetstream.get_consumer_from_stream(consumer, stream).await.map_err(|error| {
                let cause = Chain(&error);
                SourceError(format!("the consumer {consumer} of the stream {stream} can't be found: {cause}"))
            })?,
        };
        Ok(self.consumer.insert(found))
    }

    /// The request that is under way, or a new one.
    async fn pull(&mut self, limit: usize) -> Result<&mut pull::Batch, SourceError> {
        let pull = match self.pull.take() {
            Some(pull) => pull,
            None => {
                let consumer = self.consumer().await?;
                consumer.batch().max_messages(limit).expires(PULL).messages().await.map_err(told)?
            }
        };
        Ok(self.pull.insert(pull))
    }

    /// The next message that is here already.
    fn next_here(&mut self) -> Option<Message> {
        // Without tokio's turn of others, at which it would seem that there is nothing more.
        match unconstrained(self.pull.as_mut()?.next()).now_or_never()? {
            Some(Ok(message)) => Some(message),
            Some(Err(_)) | None => {
                self.pull = None;
                None
            }
        }
    }

    fn read(&self, message: Message) -> Option<SourceMessage<NatsReceipt>> {
        // What did not come from JetStream can't be settled either.
        let info = message.info().ok()?;
        let attempts = u64::try_from(info.delivered).unwrap_or(1);
        // Its clock may be ahead of ours.
        let event = message::read(&message, info.published.min(self.clock.now()));
        let receipt = NatsReceipt { message, dead_letter: self.settings.dead_letter.clone() };
        Some(SourceMessage { event, attempts, receipt })
    }
}

impl<C: Clock> Source for NatsSource<C> {
    type Receipt = NatsReceipt;

    fn name(&self) -> &'static str {
        NAME
    }

    async fn fetch(&mut self, limit: usize) -> Result<Vec<SourceMessage<NatsReceipt>>, SourceError> {
        let first = loop {
            match self.pull(limit).await?.next().await {
                Some(Ok(message)) => break message,
                Some(Err(error)) => {
                    self.pull = None;
                    // It may have been deleted, and made anew.
                    self.consumer = None;
                    return Err(SourceError(error.to_string()));
                }
                None => self.pull = None,
            }
        };
        // From here on nothing is waited for, so that nothing is lost when this is dropped.
        let mut messages = vec![first];
        while messages.len() < limit
            && let Some(message) = self.next_here()
        {
            messages.push(message);
        }
        Ok(messages.into_iter().filter_map(|message| self.read(message)).collect())
    }

    fn close(&mut self) -> Vec<SourceMessage<NatsReceipt>> {
        let mut messages = Vec::new();
        while let Some(message) = self.next_here() {
            messages.extend(self.read(message));
        }
        self.pull = None;
        messages
    }

    async fn flush(&mut self) {
        if let Ok(jetstream) = self.nats.jetstream().await {
            let _ = jetstream.client().flush().await;
        }
    }

    fn hold(&self) -> Duration {
        let ack_wait = self.consumer.as_ref().map(|consumer| consumer.cached_info().config.ack_wait);
        ack_wait.filter(|ack_wait| !ack_wait.is_zero()).unwrap_or(DEFAULT_ACK_WAIT)
    }
}

impl Receipt for NatsReceipt {
    async fn settle(&self, settlement: &Settlement) -> Result<(), SourceError> {
        let kind = match settlement {
            Settlement::Done => AckKind::Ack,
            Settlement::Again { after } => AckKind::Nak(Some(*after).filter(|after| !after.is_zero())),
            Settlement::SetAside { reason } => {
                self.publish_dead_letter(reason).await?;
                AckKind::Term
            }
        };
        self.message.ack_with(kind).await.map_err(|error| SourceError(error.to_string()))
    }

    async fn extend(&self) -> Result<(), SourceError> {
        self.message.ack_with(AckKind::Progress).await.map_err(|error| SourceError(error.to_string()))
    }
}

impl NatsReceipt {
    /// Publishes the message once more, with the reason, and waits until that is stored.
    async fn publish_dead_letter(&self, reason: &str) -> Result<(), SourceError> {
        let info = self.message.info().map_err(|error| SourceError(error.to_string()))?;
        let mut headers = HeaderMap::new();
        for (name, values) in self.message.headers.iter().flat_map(HeaderMap::iter) {
            // Those of NATS itself told JetStream what to do with the first one.
            if !lowercase(name).starts_with("nats-") {
                for value in values {
                    headers.append(name.clone(), value.clone());
                }
            }
        }
        headers.insert(NATS_MESSAGE_ID, format!("{}-{}", info.stream, info.stream_sequence));
        headers.insert(REASON, reason.replace(char::is_control, " "));
        headers.insert(ORIGINAL_SUBJECT, self.message.subject.as_str());
        headers.insert(ORIGINAL_STREAM, info.stream);
        headers.insert(ORIGINAL_SEQUENCE, info.stream_sequence.to_string());
        let (subject, payload) = (self.dead_letter.to_string(), self.message.payload.clone());
        let refused = |error: &PublishError| {
            SourceError(format!("the dead-letter subject {subject} takes nothing: {}", Chain(error)))
        };
        let published = self.message.context.publish_with_headers(subject.clone(), headers, payload);
        published.await.map_err(|error| refused(&error))?.await.map_err(|error| refused(&error))?;
        Ok(())
    }
}

/// JetStream, when NATS is there. Requests are not made while it is not: they would be sent when it is back, and
/// messages would come for a reader that has left.
pub(crate) async fn connected(nats: &Nats) -> Result<&Context, SourceError> {
    let jetstream = nats.jetstream().await.map_err(told)?;
    if is_connected(jetstream).await {
        Ok(jetstream)
    } else {
        Err(SourceError("NATS can't be reached".to_owned()))
    }
}

fn told(error: impl std::error::Error + 'static) -> SourceError {
    SourceError(Chain(&error).to_string())
}
