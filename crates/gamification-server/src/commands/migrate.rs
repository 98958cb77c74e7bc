//! `migrate`: bring the schema up to date, or take the last step back.

use anyhow::Result;
use gamification_pg::{distribute as distribute_tables, migrate as apply, revert_last_migration};
use gamification_telemetry::LogFormat;

use super::with_database;
use crate::{cli::Options, telemetry::announce};

pub(super) async fn migrate(
    options: &Options,
    log_format: LogFormat,
    revert: bool,
    distribute: bool,
) -> Result<()> {
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
        if distribute {
            let distributed = distribute_tables(connector.connect().await?).await?;
            for name in &distributed {
                announce(log_format, &format!("distributed {name}"));
            }
            if distributed.is_empty() {
                announce(log_format, "all tables are distributed");
            }
        }
        Ok(())
    })
    .await
}
