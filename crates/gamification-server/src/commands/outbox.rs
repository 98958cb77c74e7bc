//! `outbox`: what waits to be delivered, what was given up, and letting it be tried again.

use anyhow::Result;
use gamification_app::{
    Clock, System,
    ports::{Backlog, Deliveries, ParkedEvent},
};
use gamification_pg::{PgDeliveries, PgStore, connection::pool};

use super::with_database;
use crate::{cli::Options, config::LogFormat};

/// How many parked events are listed.
const LISTED: usize = 100;

pub(super) async fn outbox(options: &Options, log_format: LogFormat, release: bool) -> Result<()> {
    with_database(options, log_format, async |connector| {
        let store = PgStore::new(pool(connector.clone(), 1)?);
        let deliveries = PgDeliveries::new(store, connector);
        if release {
            let released = deliveries.release_parked(None).await?;
            println!("{released} parked events released");
        }
        let Backlog { pending, oldest } = deliveries.backlog().await?;
        let age = oldest.map(|oldest| (System.now() - oldest).whole_seconds().max(0));
        println!(
            "{pending} events pending{}",
            age.map_or_else(String::new, |age| format!(", the oldest for {age} s"))
        );
        let parked = deliveries.parked_events(LISTED).await?;
        for ParkedEvent { id, member: (community_id, user_id), failure } in &parked {
            println!(
                "parked: event {id} of member {user_id} in community {community_id}, after {} failures: {}",
                failure.failures, failure.cause
            );
        }
        if !parked.is_empty() {
            println!(
                "their members' later events wait behind them; outbox --release lets them be tried again"
            );
        }
        Ok(())
    })
    .await
}
