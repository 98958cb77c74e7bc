//! One PostgreSQL for each program of tests, gone with it.

use std::{
    fs::Permissions,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
};

use embedded_postgres::{EmbeddedPostgres, Settings};
use gamification_pg::{distribute, migrate};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

use crate::{
    citus::{self, citus_programs},
    database::connector,
    until,
};

/// A running PostgreSQL that ends when this process does, however it ends; with Citus, several.
pub struct Cluster {
    postgres: EmbeddedPostgres,
    /// The machines that tables are distributed over.
    workers: Vec<EmbeddedPostgres>,
    /// Whether there is a [`TEMPLATE`].
    has_template: OnceCell<()>,
}

/// A distributed database with the schema: its copies on all machines are one, too, and take a tenth of the time.
const TEMPLATE: &str = "distributed";

/// Reads until this process ends, killed or not; then stops PostgreSQL and removes its folders.
const TAKE_DOWN: &str = r#"
    cat > /dev/null
    { read -r process; read -r _; read -r _; read -r _; read -r sockets; } < "$1/postgres/data/postmaster.pid"
    kill -QUIT "$process"
    while kill -0 "$process"; do sleep 0.1; done
    rm -rf "$1" "$sockets"
"#;

static SHARED: OnceCell<Cluster> = OnceCell::const_new();

/// For every suite: as many sessions as all tests of a large machine want at once; deadlocks that show although
/// sessions give up waiting for a lock after half a second; log lines that name their database; and nothing that waits
/// for the disk, for nothing outlives the tests. Those that kill PostgreSQL itself start one of their own.
const SETTINGS: [&str; 4] =
    ["max_connections = 500", "deadlock_timeout = '20ms'", "log_line_prefix = '%m [%p] %d '", "fsync = off"];

impl Cluster {
    /// The cluster of this process.
    pub async fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self::start(&SETTINGS)).await
    }

    /// Makes the cluster of this process one that writes as in production, for measuring. Only the first use decides.
    pub async fn durable() -> &'static Self {
        SHARED.get_or_init(|| Self::start(&[])).await
    }

    async fn start(settings: &[&str]) -> Self {
        if citus_programs().is_some() {
            Self::start_citus(settings).await
        } else {
            Self::start_alone(settings).await
        }
    }

    async fn start_alone(settings: &[&str]) -> Self {
        let programs = std::env::var_os("GAMIFICATION_PG_BIN").map(Into::into);
        Self {
            postgres: start_machine(programs, settings).await,
            workers: Vec::new(),
            has_template: OnceCell::new(),
        }
    }

    /// A coordinator and two workers, of this test alone or of all.
    ///
    /// # Panics
    /// Where there is no Citus.
    pub async fn start_citus(settings: &[&str]) -> Self {
        let postgres = citus_machine(settings).await;
        let mut cluster = Self { postgres, workers: Vec::new(), has_template: OnceCell::new() };
        for _ in 0..2 {
            let worker = citus_machine(settings).await;
            // Nothing that a session is told gets there; the README says what the role needs.
            let at_worker = client(&worker.url_of("postgres")).await;
            for setting in ["lock_timeout = '500ms'", "random_page_cost = 1.1", "jit = off"] {
                let set = format!("ALTER ROLE postgres SET {setting}");
                at_worker.batch_execute(&set).await.expect("a setting");
            }
            cluster.workers.push(worker);
        }
        cluster
    }

    /// Adds a machine to those of a database; shards stay where they are.
    pub async fn add_machine_of(&mut self, database: &str) {
        let machine = citus_machine(&SETTINGS).await;
        let at_machine = client(&machine.url_of("postgres")).await;
        at_machine.batch_execute(&format!("CREATE DATABASE {database}")).await.expect("a database");
        citus::add(&self.postgres, &machine, database).await;
        self.workers.push(machine);
    }

    /// All machines, the coordinator first.
    #[must_use]
    pub fn machines(&self) -> Vec<&EmbeddedPostgres> {
        std::iter::once(&self.postgres).chain(&self.workers).collect()
    }

    /// Creates a database: an empty one, or on Citus a distributed one with the schema.
    pub async fn create_database(&self, name: &str) {
        if self.workers.is_empty() {
            return self.on_each_machine(&format!("CREATE DATABASE {name}")).await;
        }
        self.has_template.get_or_init(async || self.create_template().await).await;
        self.on_each_machine(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
    }

    /// Creates a distributed database with the schema that is no copy: machines can be added to it, since all that Citus has
    /// noted of it is about itself.
    ///
    /// # Panics
    /// Where the cluster is one machine alone.
    pub async fn create_distributed_database(&self, name: &str) {
        self.create_joined_database(name).await;
        let connector = connector(&self.url(name));
        let connect = async || connector.connect().await.expect("the new database can't be reached");
        migrate(connect().await).await.expect("the migrations failed");
        distribute(connect().await).await.expect("the tables can't be distributed");
    }

    /// Creates an empty database whose machines know one another, and that is not distributed.
    ///
    /// # Panics
    /// Where the cluster is one machine alone.
    pub async fn create_joined_database(&self, name: &str) {
        self.on_each_machine(&format!("CREATE DATABASE {name}")).await;
        citus::join(&self.machines(), name).await;
    }

    async fn create_template(&self) {
        self.create_distributed_database(TEMPLATE).await;
        // While anybody is in it, even a process of Citus's, it can't be copied.
        self.on_each_machine(&format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")).await;
        let end =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'");
        self.on_each_machine(&end).await;
        let others = format!("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'");
        for machine in self.machines() {
            let client = client(&machine.url_of("postgres")).await;
            until("nobody is in the template", async || {
                client.query_one(&others, &[]).await.expect(&others).get::<_, i64>(0) == 0
            })
            .await;
        }
    }

    async fn on_each_machine(&self, statement: &str) {
        for machine in self.machines() {
            let client = client(&machine.url_of("postgres")).await;
            client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
    }

    /// Drops a database, whoever uses it.
    pub async fn drop_database(&self, name: &str) {
        self.on_each_machine(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
}

async fn citus_machine(settings: &[&str]) -> EmbeddedPostgres {
    let programs = citus_programs().expect("Citus is installed").to_owned();
    let settings: Vec<&str> = settings.iter().chain(&citus::SETTINGS).copied().collect();
    let machine = start_machine(Some(programs), &settings).await;
    citus::settle(&machine).await;
    machine
}

async fn start_machine(programs: Option<std::path::PathBuf>, settings: &[&str]) -> EmbeddedPostgres {
    // Open to walk through: as root, PostgreSQL runs as another user.
    let folder = tempfile::Builder::new()
        .prefix("gamification-test-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .expect("no temporary folder")
        .keep();
    let embedded = Settings { programs, ..Settings::new("gamification", &folder) };
    let start = async || {
        let started = EmbeddedPostgres::start(&embedded).await;
        started.unwrap_or_else(|error| panic!("these tests need PostgreSQL's server programs: {error:?}"))
    };
    let mut postgres = start().await;
    Command::new("sh")
        .args(["-c", TAKE_DOWN, "sh"])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Or Ctrl-C would take it down together with the tests, and before its work.
        .process_group(0)
        .spawn()
        .map(std::mem::forget)
        .expect("sh can't be started");
    if !settings.is_empty() {
        let client = client(&postgres.url()).await;
        for setting in settings {
            client.batch_execute(&format!("ALTER SYSTEM SET {setting}")).await.expect(setting);
        }
        // Some of them count from the next start only.
        postgres.stop().await.expect("it can be stopped");
        postgres = start().await;
    }
    postgres
}

impl Cluster {
    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.postgres.folder().join("postgres.log")).expect("PostgreSQL keeps a log")
    }

    /// The address of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.postgres.url_of(database)
    }
}

/// A connection that shares nothing with the code under test.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("the database can't be reached");
    tokio::spawn(connection);
    client
}
