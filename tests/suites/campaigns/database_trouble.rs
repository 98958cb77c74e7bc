//! R5: the database is stopped hard, loses its sessions, or stalls, under load.

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use embedded_postgres::{EmbeddedPostgres, Settings};
use gamification_tests::{Campaign, Launch, TestServer, audit};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::NoTls;

use super::client::{Address, PATIENCE, Workload, agent, send_until_acknowledged};

/// A PostgreSQL of its own, for breaking.
struct Database {
    folder: tempfile::TempDir,
    postgres: Option<EmbeddedPostgres>,
}

impl Database {
    async fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder =
            tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
        let mut database = Self { folder, postgres: None };
        database.go_on().await;
        database
    }

    async fn go_on(&mut self) {
        let programs = std::env::var_os("GAMIFICATION_PG_BIN").map(Into::into);
        let settings = Settings { programs, ..Settings::new("gamification", self.folder.path()) };
        self.postgres = Some(EmbeddedPostgres::start(&settings).await.unwrap());
    }

    fn url(&self) -> String {
        self.postgres.as_ref().unwrap().url()
    }

    fn postmaster(&self) -> Option<Pid> {
        let noted = fs::read_to_string(self.folder.path().join("postgres/data/postmaster.pid")).ok()?;
        Pid::from_raw(noted.lines().next()?.parse().ok()?)
    }

    /// Its sessions end at once, without a word, as in a crash.
    async fn crash(&mut self) {
        // Nobody supervises it meanwhile: it shall stay away until it is missed.
        self.postgres = None;
        let postmaster = self.postmaster().expect("it runs");
        kill_process(postmaster, Signal::QUIT).unwrap();
        let started = Instant::now();
        while self.postmaster().is_some() {
            assert!(started.elapsed() < PATIENCE, "it does not crash");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// The sessions of the server under test.
    async fn sessions(&self) -> Vec<Pid> {
        let query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'gamification'";
        let rows = self.client().await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| Pid::from_raw(row.get(0)).unwrap()).collect()
    }

    fn signal(sessions: &[Pid], signal: Signal) {
        for session in sessions {
            // One that has ended meanwhile is no matter.
            let _ = kill_process(*session, signal);
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(postmaster) = self.postmaster() {
            let _ = kill_process(postmaster, Signal::QUIT);
        }
    }
}

/// Until the server says so of itself; gives how long that took.
fn until_ready_is(server: &TestServer, status: u16) -> Duration {
    let started = Instant::now();
    while server.get("/readyz", None).status != status {
        assert!(started.elapsed() < PATIENCE, "readyz never says {status}");
        std::thread::sleep(Duration::from_millis(20));
    }
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_befalls_the_database_nothing_is_lost_and_the_server_recovers_by_itself() {
    let campaign = Campaign::new("R5", 1, 40);
    let mut database = Database::start().await;
    let server = Launch::on(&database.url()).serve();
    let address = Address::new(server.url());
    let (done, acknowledged) = (AtomicBool::new(false), AtomicU32::new(0));
    let longest = Mutex::new(Duration::ZERO);
    let workloads = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|client| {
                let (address, done, acknowledged, longest) = (&address, &done, &acknowledged, &longest);
                scope.spawn(move || {
                    let (mut random, agent) = (campaign.random(client), agent());
                    let mut workload = Workload::new(5);
                    while !done.load(Ordering::Relaxed) {
                        let size = 1 + random.below(10);
                        let events = workload.batch(&mut random, size);
                        let (_, took) = send_until_acknowledged(&agent, address, &events);
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                        let mut longest = longest.lock().unwrap();
                        *longest = took.max(*longest);
                    }
                    workload
                })
            })
            .collect();
        let work_goes_on = || {
            let (before, started) = (acknowledged.load(Ordering::Relaxed), Instant::now());
            while acknowledged.load(Ordering::Relaxed) < before + 20 {
                assert!(started.elapsed() < PATIENCE, "nothing is acknowledged any more");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for _ in 0..campaign.rounds() {
                    work_goes_on();
                    database.crash().await;
                    let noticed = until_ready_is(&server, 503);
                    database.go_on().await;
                    let recovered = until_ready_is(&server, 200);
                    println!(
                        "R5: a crash noticed after {noticed:?}, recovered {recovered:?} after the restart"
                    );

                    work_goes_on();
                    Database::signal(&database.sessions().await, Signal::TERM);

                    work_goes_on();
                    let sessions = database.sessions().await;
                    Database::signal(&sessions, Signal::STOP);
                    // Everybody under way has to be told; those who ask meanwhile may get new sessions.
                    std::thread::sleep(Duration::from_secs(6));
                    Database::signal(&sessions, Signal::CONT);
                    work_goes_on();
                }
            });
        });
        done.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let client = database.client().await;
    for workload in workloads {
        workload.check(&client).await;
    }
    println!(
        "R5: {} batches, the longest answer {:?}",
        acknowledged.into_inner(),
        longest.into_inner().unwrap()
    );
    let findings = audit(&client).await;
    assert!(findings.is_empty(), "{findings:#?}");
    assert!(server.terminate().0.success());
}
