//! A database for each test.

use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl},
    migrate,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{Cluster, audit, citus::citus_programs, cluster::client, until::until};

/// A database of its own, audited (or [`TestDatabase::without_audit`]) and dropped when the test ends.
pub struct TestDatabase {
    cluster: &'static Cluster,
    name: String,
    url: String,
    is_audited: bool,
}

impl TestDatabase {
    /// An empty database, without even a schema. On Citus it has one, as tables are distributed before servers start.
    pub async fn empty() -> Self {
        let cluster = Cluster::shared().await;
        let name = format!("test_{}", Uuid::now_v7().simple());
        cluster.create_database(&name).await;
        Self { cluster, url: cluster.url(&name), name, is_audited: true }
    }

    /// A database with the schema.
    pub async fn migrated() -> Self {
        let database = Self::empty().await;
        if citus_programs().is_some() {
            return database;
        }
        let connection = database.connector().connect().await.expect("the new database can't be reached");
        migrate(connection).await.expect("the migrations failed");
        database
    }

    /// The same, only dropped when the test ends: for a test that leaves behind what the audit would find, and says why.
    #[must_use]
    pub fn without_audit(mut self) -> Self {
        self.is_audited = false;
        self
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Opens connections the way the server does.
    #[must_use]
    pub fn connector(&self) -> Connector {
        connector(&self.url)
    }

    /// The ports over it, with a pool of `size`.
    #[must_use]
    pub fn store(&self, size: usize) -> PgStore {
        PgStore::new(self.connector(), size).expect("no pool")
    }

    /// A connection that shares nothing with the code under test.
    pub async fn client(&self) -> Client {
        client(&self.url).await
    }

    /// One number out of the database.
    pub async fn number(&self, query: &str) -> i64 {
        let row = self.client().await.query_one(query, &[]).await;
        row.unwrap_or_else(|error| panic!("{query}: {error}")).get(0)
    }

    /// Until a transaction of a server waits for a lock, on whatever machine the lock is.
    ///
    /// # Panics
    /// Where none ever does.
    pub async fn until_a_lock_is_waited_for(&self) {
        let waiting = if self.cluster.machines().len() > 1 {
            "SELECT COUNT(*) FROM citus_lock_waits"
        } else {
            "SELECT COUNT(*) FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND application_name = 'gamification' AND datname = current_database()"
        };
        let client = self.client().await;
        let number = async || client.query_one(waiting, &[]).await.expect(waiting).get::<_, i64>(0);
        until("a lock is waited for", async || number().await > 0).await;
    }

    /// Rows of any table in which one of some texts is, whatever its case and whatever the type of the column, as a dump would
    /// show them.
    pub async fn search(&self, texts: &[String]) -> Vec<String> {
        let client = self.client().await;
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
        let mut found = Vec::new();
        for table in client.query(tables, &[]).await.expect(tables) {
            let table: String = table.get(0);
            let rows = format!("SELECT lower(row::text) FROM {table} AS row");
            let rows = client.query(&rows, &[]).await.unwrap_or_else(|error| panic!("{rows}: {error}"));
            let rows = rows.iter().map(|row| row.get::<_, String>(0));
            let hits = rows.filter(|row| texts.iter().any(|text| row.contains(&text.to_lowercase())));
            found.extend(hits.map(|row| format!("{table}: {row}")));
        }
        found
    }

    /// The lines of the log that tell of a deadlock in it (40P01); in this cluster one is found after 20 milliseconds.
    #[must_use]
    pub fn deadlocks(&self) -> Vec<String> {
        let log = self.cluster.log();
        let ours = log.lines().filter(|line| line.contains(&self.name) && line.contains("deadlock detected"));
        ours.map(ToOwned::to_owned).collect()
    }
}

pub(crate) fn connector(url: &str) -> Connector {
    Connector::new(DatabaseUrl::parse(url).expect("a test's own URL")).expect("no TLS is asked for")
}

impl Drop for TestDatabase {
    /// Each test that writes is an audit.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (cluster, name, url) = (self.cluster, self.name.clone(), self.url.clone());
        let is_audited = self.is_audited;
        let audited = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime");
            runtime.block_on(async {
                let findings = if is_audited { audit(&client(&url).await).await } else { Vec::new() };
                cluster.drop_database(&name).await;
                findings
            })
        });
        let findings = audited.join().expect("the audit failed");
        assert!(findings.is_empty(), "the audit found: {findings:#?}");
    }
}
