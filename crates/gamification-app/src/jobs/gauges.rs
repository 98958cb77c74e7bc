//! Gauges of what is stored: looked up now and then, so that no write pays for them.

use std::{collections::BTreeSet, time::Duration};

use metrics::gauge;

use super::Job;
use crate::{
    Clock,
    observation::{LEADERBOARDS_AGE, LEVEL_DISTRIBUTION, OUTBOX_OLDEST_AGE, OUTBOX_PENDING},
    ports::{ChannelBacklog, ChannelName, OutboxUpkeep, Statistics, StoreError},
};

/// Refreshes the gauges of levels, leaderboards and the outbox. They are of the database: every process shows all channels, whatever
/// it is configured with.
pub struct Gauges<S, C> {
    store: S,
    clock: C,
    /// The channels that have gauges; one that was forgotten since is at 0, as a gauge can't be taken back.
    shown: BTreeSet<ChannelName>,
}

impl<S, C> Gauges<S, C> {
    /// Gauges of what is read here. No channel has one before the first refresh.
    #[must_use]
    pub const fn new(store: S, clock: C) -> Self {
        Self { store, clock, shown: BTreeSet::new() }
    }
}

impl<S: Statistics + OutboxUpkeep, C: Clock> Job for Gauges<S, C> {
    const NAME: &'static str = "refreshing gauges";
    /// Scrapes are as far apart, and the database hardly notices.
    const PERIOD: Duration = Duration::from_secs(15);

    async fn run_once(&mut self) -> Result<(), StoreError> {
        let levels = self.refresh_levels().await;
        let leaderboards = self.refresh_leaderboards().await;
        levels.and(leaderboards).and(self.refresh_outbox().await)
    }
}

impl<S: Statistics + OutboxUpkeep, C: Clock> Gauges<S, C> {
    async fn refresh_levels(&self) -> Result<(), StoreError> {
        for (level, members) in self.store.members_by_level().await? {
            gauge!(LEVEL_DISTRIBUTION, "level" => level.get().to_string()).set(approximate(members));
        }
        Ok(())
    }

    async fn refresh_leaderboards(&self) -> Result<(), StoreError> {
        if let Some(complete_until) = self.store.leaderboards_complete_until().await? {
            // The clock of the process that noted it may be ahead of ours.
            let age = (self.clock.now() - complete_until).as_seconds_f64().max(0.0);
            gauge!(LEADERBOARDS_AGE).set(age);
        }
        Ok(())
    }

    async fn refresh_outbox(&mut self) -> Result<(), StoreError> {
        let backlogs = self.store.backlogs().await?;
        let now = self.clock.now();
        let mut forgotten = std::mem::take(&mut self.shown);
        for ChannelBacklog { channel, pending, oldest } in backlogs {
            // The clock of the process that wrote it may be ahead of ours.
            let age = oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
            show(&channel, approximate(pending), age);
            forgotten.remove(&channel);
            self.shown.insert(channel);
        }
        for channel in &forgotten {
            show(channel, 0.0, 0.0);
        }
        Ok(())
    }
}

fn show(channel: &ChannelName, pending: f64, age: f64) {
    gauge!(OUTBOX_PENDING, "channel" => channel.to_string()).set(pending);
    gauge!(OUTBOX_OLDEST_AGE, "channel" => channel.to_string()).set(age);
}

/// Exact up to nine million billions.
const fn approximate(count: u64) -> f64 {
    count as f64
}
