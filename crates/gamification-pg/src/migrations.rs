//! The schema, built into the program.

use diesel::migration::Migration;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use gamification_app::ports::BoxedError;

use crate::distribution::{distribute_tables, free_local_rows, has_citus, is_distributed};

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Servers that start at once take turns: the key of the advisory lock they migrate under ("gamifica" in ASCII).
const LOCK: i64 = 0x6761_6d69_6669_6361;

/// Why the schema could not be changed.
#[derive(Debug, thiserror::Error)]
#[error("the database schema could not be changed")]
pub struct MigrationError(#[source] BoxedError);

/// Applies the migrations that the database lacks, and gives their names, oldest first. Where the database is
/// [distributed](distribute), new tables are so, too.
///
/// Needs a runtime with several threads. Any number of servers may do this at once.
///
/// # Errors
/// [`MigrationError`] when a migration fails; those before it stay applied.
pub async fn migrate(connection: AsyncPgConnection) -> Result<Vec<String>, MigrationError> {
    let mut harness = locked(connection).await?;
    let applied = harness.run_pending_migrations(MIGRATIONS).map_err(MigrationError)?;
    let applied = applied.iter().map(ToString::to_string).collect();
    let mut connection = harness.into_inner();
    if is_distributed(&mut connection).await.map_err(migration_error)? {
        distribute_tables(&mut connection).await.map_err(migration_error)?;
    }
    Ok(applied)
}

/// Distributes the tables over the machines of a Citus cluster, by community, with what is in them, and gives their names.
/// Those that are distributed already stay as they are. The migrations must have been applied.
///
/// Tables are locked meanwhile. Servers that run know nothing of it, and have to be started again.
///
/// Needs a runtime with several threads.
///
/// # Errors
/// [`MigrationError`] when the database is no Citus, or the move fails; tables before it stay distributed.
pub async fn distribute(connection: AsyncPgConnection) -> Result<Vec<String>, MigrationError> {
    let mut connection = locked(connection).await?.into_inner();
    if !has_citus(&mut connection).await.map_err(migration_error)? {
        let hint = "this database is no Citus: CREATE EXTENSION citus has to be run in it, on each machine";
        return Err(MigrationError(hint.into()));
    }
    let distributed = distribute_tables(&mut connection).await.map_err(migration_error)?;
    free_local_rows(&mut connection).await.map_err(migration_error)?;
    Ok(distributed)
}

fn migration_error(error: impl Into<BoxedError>) -> MigrationError {
    MigrationError(error.into())
}

/// Takes the newest migration back, and gives its name; `None` when none is left.
///
/// # Errors
/// [`MigrationError`] when that fails; the schema stays as it was.
pub async fn revert_last_migration(connection: AsyncPgConnection) -> Result<Option<String>, MigrationError> {
    let mut harness = locked(connection).await?;
    if harness.applied_migrations().map_err(MigrationError)?.is_empty() {
        return Ok(None);
    }
    let reverted = harness.revert_last_migration(MIGRATIONS).map_err(MigrationError)?;
    Ok(Some(reverted.to_string()))
}

/// Waits for its turn among those who change the schema.
async fn locked(
    mut connection: AsyncPgConnection,
) -> Result<AsyncMigrationHarness<AsyncPgConnection>, MigrationError> {
    // A migration may take longer than a request, and waits for other servers that migrate.
    // The lock ends with the connection.
    let prepare = format!("SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})");
    connection.batch_execute(&prepare).await.map_err(migration_error)?;
    Ok(AsyncMigrationHarness::new(connection))
}

/// The version of the newest migration this program was built with.
pub(crate) fn newest_version() -> Result<String, BoxedError> {
    use diesel::migration::MigrationSource;
    let migrations: Vec<Box<dyn Migration<diesel::pg::Pg>>> = MIGRATIONS.migrations()?;
    let newest = migrations.iter().map(|migration| migration.name().version().to_string()).max();
    newest.ok_or_else(|| "the program was built without migrations".into())
}

/// The version of the newest migration in the database.
pub(crate) async fn applied_version(
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Option<String>> {
    use diesel::{QueryDsl, dsl::max};
    diesel::table! {
        __diesel_schema_migrations (version) {
            version -> VarChar,
        }
    }
    __diesel_schema_migrations::table
        .select(max(__diesel_schema_migrations::version))
        .get_result(connection)
        .await
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// The last one that may have several statements.
    const LAST_FREE: &str = "2026-11-27-000019";

    /// The number of statements of a file: those within `DO $$ … $$` are one.
    fn statements(text: &str) -> usize {
        let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
        let code: String = lines.flat_map(|line| [line, "\n"]).collect();
        // What lies between the first and the second, the third and the fourth.
        let outside = code.split("$$").step_by(2);
        outside.flat_map(|part| part.chars()).filter(|letter| *letter == ';').count()
    }

    #[test]
    fn a_migration_is_one_statement_for_databases_that_hand_its_text_on() {
        assert_eq!(statements("-- a; comment\nCREATE TABLE a (id INT);\n"), 1);
        assert_eq!(statements("CREATE TABLE a (id INT); DROP TABLE b;"), 2);
        assert_eq!(statements("DO $$ BEGIN CREATE TABLE a (id INT); DROP TABLE b; END $$;"), 1);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        for migration in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = migration.file_name().into_string().unwrap();
            if name.as_str() > LAST_FREE && !name.starts_with(LAST_FREE) {
                for file in ["up.sql", "down.sql"] {
                    let text = fs::read_to_string(migration.path().join(file)).unwrap();
                    assert_eq!(statements(&text), 1, "{name}/{file}");
                }
            }
        }
    }
}
