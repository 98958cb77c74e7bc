//! The webhook: events out, one a request, signed as <https://www.standardwebhooks.com> says.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gamification_app::{
    Chain, Clock, System,
    jobs::{DeliveryError, Destination},
    ports::PendingEvent,
};
use gamification_events::{STRUCTURED_EVENT, outgoing_event};
use opentelemetry::global;
use opentelemetry_http::HeaderInjector;
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderMap},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a receiver may take to answer. Standard Webhooks recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Keys of 24 to 64 bytes, as Standard Webhooks has them.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// Where events are posted to.
pub struct Webhook {
    url: Url,
    signer: Signer,
    client: Client,
}

impl Webhook {
    /// Prepares for a receiver; nothing is sent yet. `secret` is `whsec_` and a key in Base64.
    ///
    /// # Errors
    /// One sentence that names the variable.
    pub fn new(url: &str, secret: &SecretString) -> Result<Self> {
        let url: Url = url.parse().context("GAMIFICATION_WEBHOOK_URL is not usable")?;
        ensure!(
            matches!(url.scheme(), "http" | "https") && url.has_host(),
            "GAMIFICATION_WEBHOOK_URL must start with https:// or http://"
        );
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // Elsewhere is not where the operator said.
            .redirect(Policy::none())
            .user_agent(concat!("gamification/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("requests can't be sent")?;
        Ok(Self { url, signer: signer(secret)?, client })
    }
}

fn signer(secret: &SecretString) -> Result<Signer> {
    const MUST: &str = "GAMIFICATION_WEBHOOK_SECRET must be whsec_ and a key of 24 to 64 bytes in Base64";
    let key = secret.expose_secret().strip_prefix("whsec_").context(MUST)?;
    // Three bytes are four letters, and the last ones may be padding.
    let length = key.trim_end_matches('=').len() * 3 / 4;
    ensure!(KEY_LENGTH.contains(&length), MUST);
    Signer::new(key).ok().context(MUST)
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

impl Destination for Webhook {
    async fn deliver(&self, event: &PendingEvent) -> Result<(), DeliveryError> {
        let body = outgoing_event(event).map_err(|error| DeliveryError(error.to_string()))?;
        let id = event.id.to_string();
        let timestamp = System.now().unix_timestamp();
        let signature = self
            .signer
            .sign(&id, timestamp, body.as_bytes())
            .map_err(|error| DeliveryError(error.to_string()))?;
        let span = delivery_span(event);
        let request = self
            .client
            .post(self.url.clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(url: &str, secret: &str) -> String {
        format!("{:#}", Webhook::new(url, &SecretString::from(secret)).err().unwrap())
    }

    #[test]
    fn a_wrong_address_or_secret_is_one_sentence_that_names_the_variable() {
        const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert!(Webhook::new("https://platform.example/hooks", &SecretString::from(GOOD)).is_ok());
        for url in ["ftp://platform.example", "file:///etc/passwd"] {
            assert_eq!(mistake(url, GOOD), "GAMIFICATION_WEBHOOK_URL must start with https:// or http://");
        }
        assert!(
            mistake("nonsense", GOOD).starts_with("GAMIFICATION_WEBHOOK_URL is not usable: "),
            "{}",
            mistake("nonsense", GOOD)
        );
        for secret in [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_c2hvcnQ=",
            "whsec_???????????????????????????????",
            "",
        ] {
            assert_eq!(
                mistake("https://platform.example", secret),
                "GAMIFICATION_WEBHOOK_SECRET must be whsec_ and a key of 24 to 64 bytes in Base64"
            );
        }
    }
}
