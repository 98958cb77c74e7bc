//! The webhook: a channel that posts outgoing events to a URL, one a request, signed as
//! [Standard Webhooks](https://www.standardwebhooks.com) says.
//!
//! [`Webhook`] is a [`Destination`] for the relay of `gamification-app`, which decides about order, retries and giving up;
//! here a request is made, and its answer judged. Any 2xx is a delivery, anything else must be tried again.
//!
//! `WebhookOptions` is what configures it on a command line or in the environment (feature `options`, for `clap`).
//!
//! This crate knows no database and no other channel. Where the process exports traces, requests carry
//! a `traceparent`.
//!
//! ```
//! use gamification_webhook::Webhook;
//!
//! let url = "https://platform.example/hooks".parse()?;
//! let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let webhook = Webhook::new(url, secret)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "options")]
mod options;
mod signing_secret;
mod webhook_url;

use std::time::Duration;

use gamification_app::{
    Chain, Clock, System,
    jobs::{DeliveryError, Destination},
    ports::PendingEvent,
};
use gamification_events::{STRUCTURED_EVENT, outgoing_event};
use opentelemetry::global;
use opentelemetry_http::HeaderInjector;
use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderMap},
    redirect::Policy,
};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

#[cfg(feature = "options")]
pub use self::options::{InvalidOptions, WebhookOptions};
pub use self::{
    signing_secret::{InvalidSigningSecret, SigningSecret},
    webhook_url::{InvalidWebhookUrl, WebhookUrl},
};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a receiver may take to answer. Standard Webhooks recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A receiver that events are posted to.
#[derive(Debug)]
pub struct Webhook<C = System> {
    url: WebhookUrl,
    secret: SigningSecret,
    client: Client,
    timeout: Duration,
    clock: C,
}

/// No requests can be sent from this machine.
#[derive(Debug, thiserror::Error)]
#[error("webhook requests can't be sent")]
pub struct ClientError(#[source] reqwest::Error);

impl Webhook {
    /// Prepares for a receiver; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError`] when TLS can't be set up.
    pub fn new(url: WebhookUrl, secret: SigningSecret) -> Result<Self, ClientError> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // Elsewhere is not where the operator said.
            .redirect(Policy::none())
            .user_agent(concat!("gamification/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ClientError)?;
        Ok(Self { url, secret, client, timeout: TIMEOUT, clock: System })
    }

    /// Takes the time that requests are signed with from another clock than the machine's.
    #[must_use]
    pub fn with_clock<C: Clock>(self, clock: C) -> Webhook<C> {
        let Self { url, secret, client, timeout, clock: _ } = self;
        Webhook { url, secret, client, timeout, clock }
    }

    /// Gives the receiver so long to answer; 15 seconds unless said.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

impl<C: Clock> Destination for Webhook<C> {
    async fn deliver(&self, event: &PendingEvent) -> Result<(), DeliveryError> {
        let body = outgoing_event(event).map_err(|error| DeliveryError(error.to_string()))?;
        let id = event.id.to_string();
        let timestamp = self.clock.now().unix_timestamp();
        let signature = self.secret.sign(&id, timestamp, &body)?;
        let span = delivery_span(event);
        let request = self
            .client
            .post(self.url.get())
            .timeout(self.timeout)
            .header(CONTENT_TYPE, STRUCTURED_EVENT)
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .headers(trace_headers(&span))
            .body(body);
        match request.send().instrument(span).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(DeliveryError(format!("the receiver answered {}", answer.status()))),
            // The address may hold a secret, and who reads the log knows it anyway.
            Err(error) => Err(DeliveryError(Chain(&error.without_url()).to_string())),
        }
    }
}

/// The receiver's part of the trace begins under it.
fn delivery_span(event: &PendingEvent) -> Span {
    tracing::info_span!(
        "gamification.deliver_event",
        otel.kind = "client",
        event_id = %event.id,
        community_id = %event.event.community_id(),
        user_id = %event.event.member_id(),
        event_type = event.event.name(),
    )
}

/// `traceparent`, when traces are exported; else nothing.
fn trace_headers(span: &Span) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let context = span.context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeaderInjector(&mut headers));
    });
    headers
}

#[cfg(test)]
mod tests;
