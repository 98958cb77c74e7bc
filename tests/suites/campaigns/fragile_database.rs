//! A database that may be broken: nobody else uses its PostgreSQL.

use std::fs;

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
        use std::os::unix::fs::PermissionsExt;
        let folder =
            tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
        let mut database = Self { folder, postgres: None };
        database.go_on().await;
        database
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

    fn postmaster(&self) -> Option<Pid> {
        let noted = fs::read_to_string(self.folder.path().join("postgres/data/postmaster.pid")).ok()?;
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

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(postmaster) = self.postmaster() {
            let _ = kill_process(postmaster, Signal::QUIT);
        }
    }
}
