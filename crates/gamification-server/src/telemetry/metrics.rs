//! Metrics, in the text format of Prometheus.

use std::time::Duration;

use anyhow::{Context, Result};
use gamification_app::HISTOGRAMS;
use gamification_http::{Metrics, REQUEST_DURATION};
use gamification_pg::{PgReplica, PgStore, PoolUsage, ReplicaUsage};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

const POOL_LIMIT: &str = "gamification_db_pool_limit";
const POOL_SIZE: &str = "gamification_db_pool_size";
const POOL_IN_USE: &str = "gamification_db_pool_in_use";
const POOL_IDLE: &str = "gamification_db_pool_idle";
const POOL_WAITING: &str = "gamification_db_pool_waiting";
const REPLICA_READS: &str = "gamification_replica_reads_total";
const REPLICA_FRESH: &str = "gamification_replica_fresh";

/// How often measured values are put into their buckets. Until then each is kept on its own, so this bounds the memory
/// they take, whether or not anybody scrapes.
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
    describe_gauge!(POOL_LIMIT, "The most connections to the database");
    describe_gauge!(POOL_SIZE, "Connections to the database that are open");
    describe_gauge!(POOL_IN_USE, "Connections to the database that are at work");
    describe_gauge!(POOL_IDLE, "Connections to the database that are open and free");
    describe_gauge!(POOL_WAITING, "Who waits for a connection to the database");
    describe_counter!(REPLICA_READS, "Reads that a standby may answer, by who did");
    describe_gauge!(REPLICA_FRESH, "1 while the standby may answer; 0 while it is away, or too far behind");
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
pub(crate) fn page(handle: PrometheusHandle, store: PgStore, replica: Option<PgReplica>) -> Metrics {
    let process = Collector::default();
    process.describe();
    Box::new(move || {
        measure_pool(store.pool_usage());
        if let Some(replica) = &replica {
            measure_replica(replica.usage());
        }
        process.collect();
        handle.render()
    })
}

fn measure_replica(usage: ReplicaUsage) {
    let ReplicaUsage { answers, fallbacks, is_fresh } = usage;
    counter!(REPLICA_READS, "answered_by" => "replica").absolute(answers);
    counter!(REPLICA_READS, "answered_by" => "primary").absolute(fallbacks);
    gauge!(REPLICA_FRESH).set(if is_fresh { 1.0 } else { 0.0 });
}

fn measure_pool(usage: PoolUsage) {
    let PoolUsage { limit, size, in_use, idle, waiting } = usage;
    let values = [
        (POOL_LIMIT, limit),
        (POOL_SIZE, size),
        (POOL_IN_USE, in_use),
        (POOL_IDLE, idle),
        (POOL_WAITING, waiting),
    ];
    for (name, value) in values {
        gauge!(name).set(u32::try_from(value).map_or(f64::INFINITY, f64::from));
    }
}
