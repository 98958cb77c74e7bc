//! A throw-away data folder.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use embedded_postgres::{EmbeddedPostgres, Settings};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

/// How long a test waits before it gives up; far longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder with whatever runs in it, gone when dropped.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// With rights such as 0o755; PostgreSQL's own user, where there is one, can enter it then.
    pub(crate) fn new(mode: u32) -> Self {
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempdir();
        Self(folder.expect("no temporary folder"))
    }

    pub(crate) fn open() -> Self {
        Self::new(0o755)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new("embedded-postgres-test", self.path())
    }

    pub(crate) async fn start(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::start(&self.settings())
            .await
            .expect("these tests need PostgreSQL's server programs")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("postgres/data")
    }

    /// PostgreSQL's process, if it runs. One that has ended, and waits for its parent to take note, does not.
    pub(crate) fn server(&self) -> Option<Pid> {
        let process = Pid::from_raw(self.noted(0)?.parse().ok()?)?;
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
        let is_zombie = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'));
        (test_kill_process(process).is_ok() && !is_zombie).then_some(process)
    }

    /// A line of what PostgreSQL notes about itself while it runs.
    pub(crate) fn noted(&self, line: usize) -> Option<String> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().nth(line).map(ToOwned::to_owned)
    }

    /// Ends PostgreSQL by a signal, and gives the process that is no more.
    pub(crate) fn signal_server(&self, signal: Signal) -> Pid {
        let server = self.server().expect("PostgreSQL runs");
        kill_process(server, signal).unwrap();
        server
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let sockets = self.noted(4);
        if let Some(server) = self.server() {
            let _ = kill_process(server, Signal::KILL);
        }
        let _ = sockets.map(fs::remove_dir_all);
        // Where root's PostgreSQL could not enter the folder, its data is elsewhere.
        if let Ok(elsewhere) = fs::read_link(self.path().join("postgres")) {
            let _ = fs::remove_dir_all(&elsewhere);
            let _ = elsewhere.parent().map(fs::remove_dir);
        }
    }
}

/// A client, once the server takes one.
pub(crate) async fn client(url: &str) -> Client {
    let mut connected = None;
    until(&format!("an answer at {url}"), async || {
        connected = tokio_postgres::connect(url, NoTls).await.ok();
        connected.is_some()
    })
    .await;
    let (client, connection) = connected.expect("it was waited for");
    tokio::spawn(connection);
    client
}

/// Looks again and again until something is so; `what` is said when it never is.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Commits a number that a later [`kept`] finds.
pub(crate) async fn keep(url: &str, number: i32) {
    let statement = format!("CREATE TABLE kept AS SELECT {number} AS number");
    client(url).await.batch_execute(&statement).await.unwrap();
}

pub(crate) async fn kept(url: &str) -> i32 {
    client(url).await.query_one("SELECT number FROM kept", &[]).await.unwrap().get(0)
}

/// A session that works for some seconds, whatever becomes of its server; nobody may start another one meanwhile.
pub(crate) async fn busy_session(url: &str, seconds: u32) -> JoinHandle<()> {
    let busy = format!(
        "DO $$ DECLARE begun timestamptz := clock_timestamp();
         BEGIN WHILE clock_timestamp() < begun + interval '{seconds} s' LOOP END LOOP; END $$"
    );
    let session = client(url).await;
    let work = tokio::spawn(async move {
        let _ = session.batch_execute(&busy).await;
    });
    let observer = client(url).await;
    let count = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'";
    until("a busy session", async || observer.query_one(count, &[]).await.unwrap().get::<_, i64>(0) > 0)
        .await;
    work
}
