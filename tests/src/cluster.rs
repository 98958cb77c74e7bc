//! One PostgreSQL for each program of tests, gone with it.

use std::{
    fs::Permissions,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
};

use embedded_postgres::{EmbeddedPostgres, Settings};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// A running PostgreSQL that ends when this process does, however it ends.
pub struct Cluster {
    postgres: EmbeddedPostgres,
}

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
        // Open to walk through: as root, PostgreSQL runs as another user.
        let folder = tempfile::Builder::new()
            .prefix("gamification-test-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .expect("no temporary folder")
            .keep();
        let programs = std::env::var_os("GAMIFICATION_PG_BIN").map(Into::into);
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
        Self { postgres }
    }

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
