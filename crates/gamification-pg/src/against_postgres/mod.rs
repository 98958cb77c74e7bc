//! What the program believes of its database, held against a migrated one.
//!
//! Two files say what the schema is: `schema.rs`, which the SQL types of statements come from, and `schema.txt`, which also
//! has keys, checks and indexes. `RENEW_SCHEMA=1 cargo test -p gamification-pg` renews both; the difference is part of
//! what is reviewed with a migration.

mod catalog;
mod plans;
mod rows;
mod statements;
mod transactions;
mod written_down;

use std::{fs::Permissions, future::Future, os::unix::fs::PermissionsExt};

use embedded_postgres::{EmbeddedPostgres, Settings};
use tokio_postgres::{Client, NoTls};

use crate::{
    connection::{Connector, DatabaseUrl},
    migrate,
};

/// A database with the schema.
struct Migrated {
    connector: Connector,
    client: Client,
}

/// Runs a test on a PostgreSQL of its own with the schema, which is gone afterwards.
async fn on_a_migrated_database<F>(test: impl FnOnce(Migrated) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let folder = tempfile::tempdir().expect("a temporary folder");
    // As root, PostgreSQL runs as another user, who has to get there.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("our own folder");
    let programs = std::env::var_os("GAMIFICATION_PG_BIN").map(Into::into);
    let settings = Settings { programs, ..Settings::new("gamification", folder.path()) };
    let postgres =
        EmbeddedPostgres::start(&settings).await.expect("PostgreSQL's server programs are installed");
    let url = DatabaseUrl::parse(&postgres.url()).expect("a database URL");
    let connector = Connector::new(url).expect("no TLS is asked for");
    let migrated =
        async { migrate(connector.connect().await.expect("the new database can be reached")).await };
    let outcome = match migrated.await {
        Ok(_) => {
            let (client, connection) =
                tokio_postgres::connect(&postgres.url(), NoTls).await.expect("a session");
            tokio::spawn(connection);
            tokio::spawn(test(Migrated { connector, client })).await
        }
        Err(error) => panic!("the migrations failed: {error:?}"),
    };
    postgres.stop().await.expect("PostgreSQL stops");
    if let Err(failed) = outcome {
        std::panic::resume_unwind(failed.into_panic());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_the_one_that_is_written_down() {
    on_a_migrated_database(|Migrated { client, .. }| async move {
        written_down::assert_same("schema.txt", &catalog::schema(&client).await);
        written_down::assert_same("src/schema.rs", &catalog::diesel_tables(&client).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_tells_communities_apart() {
    on_a_migrated_database(|Migrated { client, .. }| async move {
        assert_eq!(catalog::not_by_community(&client).await, [""; 0]);
        let unsound = "ALTER TABLE courses ADD UNIQUE (title); CREATE TABLE badges (id BIGINT PRIMARY KEY)";
        client.batch_execute(unsound).await.expect("it can be changed");
        let findings = catalog::not_by_community(&client).await;
        assert_eq!(findings, ["badges: no community_id", "courses: courses_title_key"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_fits_the_schema() {
    on_a_migrated_database(|Migrated { client, .. }| async move {
        let mut findings = Vec::new();
        for statement in statements::all() {
            findings.extend(statements::misfits(&client, &statement).await);
        }
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    })
    .await;
}
