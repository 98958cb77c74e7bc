//! `outbox`: what channels have to deliver, what was given up, letting that be tried again, delivering again what was
//! delivered, and forgetting a channel.

use std::time::Duration;

use anyhow::Result;
use gamification_app::{
    Clock, System,
    commands::{deliver_again, forget_channel},
    ports::{ChannelBacklog, ChannelName, OutboxUpkeep, ParkedEvent},
};
use gamification_pg::PgStore;
use gamification_telemetry::LogFormat;

use super::with_database;
use crate::cli::Options;

/// How many parked events are listed.
const LISTED: usize = 100;

pub(super) async fn outbox(
    options: &Options,
    log_format: LogFormat,
    release: bool,
    again_since: Option<(&str, Duration)>,
    forget: Option<&str>,
) -> Result<()> {
    let forget: Option<ChannelName> = forget.map(str::parse).transpose()?;
    let again = again_since
        .map(|(channel, period)| Ok::<_, anyhow::Error>((channel.parse()?, period)))
        .transpose()?;
    with_database(options, log_format, async |connector| {
        let store = PgStore::new(connector, 1)?;
        if let Some(channel) = forget {
            let events = forget_channel(&store, &channel).await?;
            println!("{channel}: forgotten, with {events} events pending");
        }
        if let Some((channel, period)) = again {
            let events = deliver_again(&store, &channel, period, &System).await?;
            println!("{channel}: {events} events are delivered again");
        }
        if release {
            println!("{} parked events released", store.release_parked().await?);
        }
        show(&store).await
    })
    .await
}

async fn show(store: &impl OutboxUpkeep) -> Result<()> {
    let backlogs = store.backlogs().await?;
    if backlogs.is_empty() {
        println!("no channel is registered; events are kept for a day");
    }
    let now = System.now();
    for ChannelBacklog { channel, pending, oldest } in backlogs {
        let age =
            oldest.map(|oldest| format!(", the oldest for {} s", (now - oldest).whole_seconds().max(0)));
        println!("{channel}: {pending} events pending{}", age.unwrap_or_default());
    }
    let parked = store.parked_events(LISTED).await?;
    for ParkedEvent { id, channel, member: (community_id, user_id), failure } in &parked {
        println!(
            "{channel}: parked: event {id} of member {user_id} in community {community_id}, after {} failures: {}",
            failure.failures, failure.cause
        );
    }
    if !parked.is_empty() {
        println!("their members' later events wait behind them; outbox --release lets them be tried again");
    }
    Ok(())
}
