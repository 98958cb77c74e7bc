//! A database that may be broken: nobody else uses its PostgreSQL.

use std::{
    fs,
    io::Write,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use embedded_postgres::{EmbeddedPostgres, Settings};
use gamification_tests::{sessions, until};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::NoTls;

/// A PostgreSQL of its own, for breaking.
pub(crate) struct Database {
    folder: tempfile::TempDir,
    postgres: Option<EmbeddedPostgres>,
}

impl Database {
    /// Started, and empty.
    pub(crate) async fn start() -> Self {
        let mut database = Self { folder: folder(), postgres: None };
        database.go_on().await;
        database
    }

    /// A standby of another, which follows it.
    pub(crate) async fn standby_of(primary: &Self) -> Self {
        let standby = Self { folder: folder(), postgres: None };
        let data = primary.data();
        // It runs as the user whom the data belong to, which is not root.
        let owner = fs::metadata(&data).unwrap();
        let started = fs::read_to_string(data.join("postmaster.opts")).unwrap();
        let programs = Path::new(started.split(' ').next().unwrap()).parent().unwrap();
        let postgres = standby.folder.path().join("postgres");
        fs::create_dir(&postgres).unwrap();
        chown(&postgres, Some(owner.uid()), Some(owner.gid())).unwrap();
        let mut copy = Command::new(programs.join("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast", "--no-sync"])
            .arg("--pgdata")
            .arg(standby.data())
            .arg("--dbname")
            .arg(primary.url())
            .current_dir(&postgres);
        if rustix::process::geteuid().is_root() {
            copy.uid(owner.uid()).gid(owner.gid());
        }
        let output = copy.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut standby = standby;
        standby.go_on().await;
        standby
    }

    /// Lets a standby replay commits only so long after they were made.
    pub(crate) async fn lag(&self, delay: &str) {
        let file = self.data().join("postgresql.auto.conf");
        let setting = format!("recovery_min_apply_delay = '{delay}'\n");
        fs::OpenOptions::new().append(true).open(file).unwrap().write_all(setting.as_bytes()).unwrap();
        kill_process(self.postmaster().expect("it runs"), Signal::HUP).unwrap();
        let client = self.client().await;
        until("the delay counts", async || {
            let shown: String = client.query_one("SHOW recovery_min_apply_delay", &[]).await.unwrap().get(0);
            shown == delay
        })
        .await;
    }

    /// Starts it, for the first time or again.
    pub(crate) async fn go_on(&mut self) {
        let programs = std::env::var_os("GAMIFICATION_PG_BIN").map(Into::into);
        let settings = Settings { programs, ..Settings::new("gamification", self.folder.path()) };
        self.postgres = Some(EmbeddedPostgres::start(&settings).await.unwrap());
    }

    pub(crate) fn url(&self) -> String {
        self.postgres.as_ref().unwrap().url()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("postgres/data")
    }

    fn postmaster(&self) -> Option<Pid> {
        let noted = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        Pid::from_raw(noted.lines().next()?.parse().ok()?)
    }

    /// Its sessions end at once, without a word, as in a crash.
    pub(crate) async fn crash(&mut self) {
        // Nobody supervises it meanwhile: it shall stay away until it is missed.
        self.postgres = None;
        let postmaster = self.postmaster().expect("it runs");
        kill_process(postmaster, Signal::QUIT).unwrap();
        until("it is gone", async || self.postmaster().is_none()).await;
    }

    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// The sessions of the server under test.
    pub(crate) async fn sessions(&self) -> Vec<Pid> {
        sessions(&self.client().await).await
    }
}

/// Open to walk through: as root, PostgreSQL runs as another user.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap()
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(postmaster) = self.postmaster() {
            let _ = kill_process(postmaster, Signal::QUIT);
        }
    }
}
