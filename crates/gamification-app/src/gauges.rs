//! Gauges of what is stored: looked up now and then, so that no write pays for them.

use std::time::Duration;

use metrics::gauge;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Chain, Clock, IdGenerator,
    observation::{LEVEL_DISTRIBUTION, OUTBOX_OLDEST_AGE, OUTBOX_PENDING},
    ports::{Backlog, Deliveries, Statistics, StoreError},
};

/// How often. Scrapes are as far apart, and the database hardly notices.
const PERIOD: Duration = Duration::from_secs(15);

/// Refreshes the gauges for ever, those of the outbox where `is_delivering`: without a receiver, events wait for nobody.
pub async fn refresh_gauges(
    statistics: &impl Statistics,
    deliveries: &impl Deliveries,
    system: &(impl Clock + IdGenerator),
    is_delivering: bool,
) {
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        let mut outcome = refresh_levels(statistics).await;
        if is_delivering {
            outcome = outcome.and(refresh_outbox(deliveries, system).await);
        }
        if let Err(error) = outcome {
            tracing::warn!(error = %Chain(&error), "gauges could not be refreshed; they stay as they were");
        }
    }
}

async fn refresh_levels(statistics: &impl Statistics) -> Result<(), StoreError> {
    for (level, members) in statistics.members_by_level().await? {
        gauge!(LEVEL_DISTRIBUTION, "level" => level.get().to_string()).set(approximate(members));
    }
    Ok(())
}

async fn refresh_outbox(
    deliveries: &impl Deliveries,
    system: &(impl Clock + IdGenerator),
) -> Result<(), StoreError> {
    let Backlog { pending, oldest } = deliveries.backlog().await?;
    let age = oldest.map_or(0.0, |oldest| (system.now() - oldest).as_seconds_f64().max(0.0));
    gauge!(OUTBOX_PENDING).set(approximate(pending));
    gauge!(OUTBOX_OLDEST_AGE).set(age);
    Ok(())
}

/// Exact up to nine million billions.
const fn approximate(count: u64) -> f64 {
    count as f64
}
