//! Metrics, in the text format of Prometheus. What they mean, the crates that count say.

use std::time::Duration;

use anyhow::{Context, Result};
use gamification_app::HISTOGRAMS;
use gamification_http::{Metrics, REQUEST_DURATION};
use gamification_pg::PgStore;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

/// How often measured values are put into their buckets. Until then each is kept on its own, so this bounds the memory
/// they take, whether or not they are scraped.
const UPKEEP: Duration = Duration::from_secs(5);

/// Lets everything be counted from now on.
pub(crate) fn start() -> Result<PrometheusHandle> {
    let histograms = HISTOGRAMS.into_iter().chain([REQUEST_DURATION]);
    let builder = histograms.into_iter().try_fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)
    });
    let handle = builder.and_then(PrometheusBuilder::install_recorder).context("metrics can't be started")?;
    gamification_app::describe_metrics();
    gamification_http::describe_metrics();
    gamification_pg::describe_metrics();
    Ok(handle)
}

/// Keeps the memory of what is measured small, for ever.
pub(crate) async fn upkeep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

/// Writes everything down; what is only known by looking is looked up then.
pub(crate) fn page(handle: PrometheusHandle, store: PgStore) -> Metrics {
    let process = Collector::default();
    process.describe();
    Box::new(move || {
        store.measure();
        process.collect();
        handle.render()
    })
}
