//! Citus, where it is installed: the machines of a cluster, and databases that are distributed over them.
//!
//! `GAMIFICATION_CITUS_PG_CONFIG` names the `pg_config` of a PostgreSQL that has it. Then every suite runs on it: one
//! coordinator and two workers, eight shards.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use embedded_postgres::EmbeddedPostgres;
use tokio_postgres::SimpleQueryMessage;

use crate::cluster::client;

/// What names the `pg_config`.
const PG_CONFIG: &str = "GAMIFICATION_CITUS_PG_CONFIG";

/// What counts from the start after the next.
pub(crate) const SETTINGS: [&str; 4] = [
    "shared_preload_libraries = 'citus'",
    "max_prepared_transactions = 300",
    "wal_level = logical",
    // Each database has a process of Citus's on each machine.
    "max_worker_processes = 64",
];

/// The folder of its server programs; `None` where there is no Citus.
pub(crate) fn citus_programs() -> Option<&'static Path> {
    static PROGRAMS: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(find).as_deref()
}

/// Says why tests that need it are skipped; `None` where they are not.
#[must_use]
pub fn without_citus() -> Option<()> {
    if citus_programs().is_some() {
        return None;
    }
    eprintln!("skipped: {PG_CONFIG} does not point at a PostgreSQL with Citus");
    Some(())
}

/// Whether the database of the tests is on several machines, where a test can't show what it is about; says why it is skipped.
#[must_use]
pub fn skipped_on_citus(why: &str) -> bool {
    let is_skipped = citus_programs().is_some();
    if is_skipped {
        eprintln!("skipped on Citus: {why}");
    }
    is_skipped
}

fn find() -> Option<PathBuf> {
    let pg_config = std::env::var_os(PG_CONFIG)?;
    let folder = |what: &str| {
        let output = Command::new(&pg_config).arg(what).output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end()))
    };
    folder("--pkglibdir")?.join("citus.so").exists().then_some(())?;
    folder("--bindir")
}

/// Where a machine is reached by the others: the folder of its socket.
pub(crate) async fn address(machine: &EmbeddedPostgres) -> String {
    let client = client(&machine.url_of("postgres")).await;
    let setting = "SELECT trim(BOTH '\"' FROM current_setting('unix_socket_directories'))";
    client.query_one(setting, &[]).await.expect(setting).get(0)
}

/// Tells a machine that has the library what is known of it only then.
pub(crate) async fn settle(machine: &EmbeddedPostgres) {
    let address = address(machine).await;
    let client = client(&machine.url_of("postgres")).await;
    for setting in [
        "citus.node_conninfo = 'sslmode=disable'".to_owned(),
        format!("citus.local_hostname = '{address}'"),
        // Whatever a killed machine left undecided is decided soon, as what waits for it is.
        "citus.recover_2pc_interval = '1s'".to_owned(),
        "citus.enable_statistics_collection = off".to_owned(),
    ] {
        client.batch_execute(&format!("ALTER SYSTEM SET {setting}")).await.expect(&setting);
    }
    client.batch_execute("SELECT pg_reload_conf()").await.expect("it reads its settings");
}

/// Makes a database of all machines, the first of which coordinates, out of databases of that name.
pub(crate) async fn join(machines: &[&EmbeddedPostgres], name: &str) {
    let [coordinator, workers @ ..] = machines else { panic!("no machine") };
    let at_coordinator = client(&coordinator.url_of(name)).await;
    at_coordinator.batch_execute("CREATE EXTENSION citus").await.expect("the extension is installed");
    let itself = address(coordinator).await;
    let known = format!(
        "ALTER DATABASE {name} SET citus.shard_count = 8;
         SELECT citus_set_coordinator_host('{itself}', 5432)"
    );
    at_coordinator.batch_execute(&known).await.expect("it coordinates");
    for worker in workers {
        add(coordinator, worker, name).await;
    }
}

/// Adds a machine to those of a database, of which it has an empty one.
pub(crate) async fn add(coordinator: &EmbeddedPostgres, worker: &EmbeddedPostgres, name: &str) {
    let at_worker = client(&worker.url_of(name)).await;
    at_worker.batch_execute("CREATE EXTENSION citus").await.expect("the extension is installed");
    let add = format!("SELECT citus_add_node('{}', 5432)", address(worker).await);
    client(&coordinator.url_of(name)).await.batch_execute(&add).await.expect("a worker joins");
}

/// Puts copies of the tables of a distributed database before them, in a transaction that is rolled back: not every query can
/// be asked of Citus. Gives the schema that the tables are in.
pub(crate) async fn copy_tables(client: &tokio_postgres::Client) -> &'static str {
    let has_citus = "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL";
    if !client.query_one(has_citus, &[]).await.expect(has_citus).get::<_, bool>(0) {
        return "public";
    }
    let prepare = "SET LOCAL citus.enable_ddl_propagation = off; CREATE SCHEMA copied";
    for statement in prepare.split("; ") {
        client.batch_execute(statement).await.expect(statement);
    }
    let tables = "SELECT logicalrelid::text FROM pg_dist_partition WHERE partmethod = 'h'";
    for message in client.simple_query(tables).await.expect(tables) {
        if let SimpleQueryMessage::Row(row) = message {
            let table = row.get(0).expect("a name");
            // With its key, by which queries group.
            for copy in [
                format!("CREATE TABLE copied.{table} (LIKE public.{table} INCLUDING INDEXES)"),
                format!("INSERT INTO copied.{table} TABLE public.{table}"),
            ] {
                client.batch_execute(&copy).await.unwrap_or_else(|error| panic!("{copy}: {error}"));
            }
        }
    }
    client.batch_execute("SET LOCAL search_path = copied, public").await.expect("a setting");
    "copied"
}
