//! What operators see of NATS, looked up now and then.

use std::{convert::Infallible, time::Duration};

use async_nats::jetstream::consumer::pull;
use gamification_app::observe_backlog;
use tokio::time::sleep;

use crate::{
    ConsumerSettings, Nats, Subject, check,
    source::{NAME, connected},
};

/// How often is looked, as gauges of the database are refreshed.
const PERIOD: Duration = Duration::from_secs(15);

/// For as long as it is polled: writes what [`check`] finds to the log, once NATS can be reached, and looks up how much waits
/// for the consumer. That NATS can't be reached is said by what can't be fetched; the last number stays then.
pub async fn watch(
    nats: &Nats,
    consumer: Option<&ConsumerSettings>,
    publish_prefix: Option<&Subject>,
) -> Infallible {
    let mut is_checked = false;
    loop {
        if let Ok(jetstream) = connected(nats).await {
            if !std::mem::replace(&mut is_checked, true) {
                for finding in check(nats, consumer, publish_prefix).await {
                    tracing::warn!("{finding}");
                }
            }
            if let Some(ConsumerSettings { stream, consumer, .. }) = consumer
                && let Ok(found) =
                    jetstream.get_consumer_from_stream::<pull::Config, _, _>(consumer, stream).await
            {
                observe_backlog(NAME, found.cached_info().num_pending);
            }
        }
        sleep(PERIOD).await;
    }
}
