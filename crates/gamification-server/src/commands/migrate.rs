//! `migrate`: bring the schema up to date, or take the last step back.

use anyhow::Result;
use gamification_pg::{migrate as apply, revert_last_migration};

use super::open_database;
use crate::{cli::Options, config::LogFormat, telemetry::announce};

pub(super) async fn migrate(options: &Options, log_format: LogFormat, revert: bool) -> Result<()> {
    let database = open_database(options, log_format).await?;
    let connection = database.connector.connect().await?;
    if revert {
        match revert_last_migration(connection).await? {
            Some(name) => announce(log_format, &format!("reverted {name}")),
            None => announce(log_format, "no migration is left to revert"),
        }
    } else {
        let applied = apply(connection).await?;
        for name in &applied {
            announce(log_format, &format!("applied {name}"));
        }
        if applied.is_empty() {
            announce(log_format, "the schema is up to date");
        }
    }
    match database.embedded {
        Some(embedded) => embedded.stop().await,
        None => Ok(()),
    }
}
