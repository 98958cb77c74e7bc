//! `migrate`: bring the schema up to date, or take the last step back.

use anyhow::Result;
use gamification_pg::{migrate as apply, revert_last_migration};
use gamification_telemetry::LogFormat;

use super::with_database;
use crate::{cli::Options, telemetry::announce};

pub(super) async fn migrate(options: &Options, log_format: LogFormat, revert: bool) -> Result<()> {
    with_database(options, log_format, async |connector| {
        let connection = connector.connect().await?;
        if revert {
            match revert_last_migration(connection).await? {
                Some(name) => announce(log_format, &format!("reverted {name}")),
                None => announce(log_format, "no migration is left to revert"),
            }
            return Ok(());
        }
        let applied = apply(connection).await?;
        for name in &applied {
            announce(log_format, &format!("applied {name}"));
        }
        if applied.is_empty() {
            announce(log_format, "the schema is up to date");
        }
        Ok(())
    })
    .await
}
