//! Starting, stopping and being killed: the real program with its embedded PostgreSQL, and on an ordinary one.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    time::{Duration, Instant},
};

use gamification_tests::{
    Campaign, Launch, Reaction, Receiver, SECRET, StoppedSessions, TestDatabase, TestServer, WEBHOOK_SECRET,
    assert_verify_finds_nothing,
    event::{community_created, id, member_joined, post_created},
    sessions, skipped_on_citus, until,
};
use rustix::process::{Pid, Signal, getpgid, kill_process, test_kill_process};
use uuid::Uuid;

/// A data folder that is closed to everybody else, as `mktemp -d` makes them, with no PostgreSQL left behind it.
struct DataFolder(tempfile::TempDir);

impl DataFolder {
    fn new() -> Self {
        Self(tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap())
    }

    fn launch(&self) -> Launch {
        Launch::bare()
            .env("GAMIFICATION_DATA_DIR", self.0.path())
            .env("GAMIFICATION_JWT_HS256_SECRET", SECRET)
    }

    fn cluster(&self) -> PathBuf {
        self.0.path().join("postgres")
    }

    /// PostgreSQL's process, if it says it runs.
    fn postgres(&self) -> Option<Pid> {
        let process = Pid::from_raw(self.noted(0)?.parse().ok()?)?;
        test_kill_process(process).is_ok().then_some(process)
    }

    fn socket_folder(&self) -> PathBuf {
        self.noted(4).expect("PostgreSQL runs").into()
    }

    /// A line of what PostgreSQL notes about itself while it runs.
    fn noted(&self, line: usize) -> Option<String> {
        let file = fs::read_to_string(self.cluster().join("data/postmaster.pid")).ok()?;
        file.lines().nth(line).map(ToOwned::to_owned)
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if let Some(postgres) = self.postgres() {
            let _ = kill_process(postgres, Signal::QUIT);
            let _ = fs::remove_dir_all(self.socket_folder());
        }
        // Where root's PostgreSQL could not walk to the folder, its data is elsewhere.
        if let Ok(elsewhere) = fs::read_link(self.cluster()) {
            let _ = fs::remove_dir_all(elsewhere);
        }
    }
}

/// Lets a member earn points, and gives whom to ask for.
fn earn(server: &TestServer) -> (Uuid, Uuid) {
    let (community, user) = (id(), id());
    let events =
        [community_created(community), member_joined(community, user), post_created(community, id(), user)];
    assert_eq!(server.send_batch(&events).body["applied"], 3);
    (community, user)
}

fn points(server: &TestServer, (community, user): (Uuid, Uuid)) -> i64 {
    let answer = server.level(community, user, user);
    answer.body["total_points"].as_i64().unwrap_or_else(|| panic!("{answer:?}"))
}

#[test]
fn an_empty_data_folder_is_enough_and_a_restart_keeps_what_was_earned() {
    let folder = DataFolder::new();
    let server = folder.launch().serve();
    let member = earn(&server);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
    assert_eq!(folder.postgres(), None, "PostgreSQL stops with the last server");

    let server = folder.launch().serve();
    assert_eq!(points(&server, member), 2);
}

#[test]
fn a_killed_server_leaves_a_database_that_the_next_one_takes_over() {
    let folder = DataFolder::new();
    let server = folder.launch().serve();
    let member = earn(&server);
    let postgres = folder.postgres().expect("PostgreSQL runs");
    server.kill();
    assert_eq!(folder.postgres(), Some(postgres), "PostgreSQL outlives the server");

    let server = folder.launch().serve();
    assert_eq!(folder.postgres(), Some(postgres), "and is taken over");
    assert_eq!(points(&server, member), 2);
    assert!(server.terminate().0.success());
    assert_eq!(folder.postgres(), None, "and is stopped by who took it over");
}

#[test]
fn a_server_and_a_database_killed_together_recover_together() {
    let folder = DataFolder::new();
    let server = folder.launch().serve();
    let member = earn(&server);
    kill_process(folder.postgres().unwrap(), Signal::KILL).unwrap();
    server.kill();
    let server = folder.launch().serve();
    assert_eq!(points(&server, member), 2);
}

#[test]
fn two_servers_share_a_data_folder_and_the_last_one_stops_the_database() {
    let folder = DataFolder::new();
    let (one, two) = std::thread::scope(|scope| {
        let starting = [(); 2].map(|()| scope.spawn(|| folder.launch().serve()));
        let [one, two] = starting.map(|server| server.join().expect("both start"));
        (one, two)
    });
    let member = earn(&one);
    assert!(one.terminate().0.success());
    assert!(folder.postgres().is_some(), "it is still in use");
    assert_eq!(points(&two, member), 2);
    assert!(two.terminate().0.success());
    assert_eq!(folder.postgres(), None);
}

#[test]
fn the_embedded_database_is_reached_through_a_private_socket_only() {
    let folder = DataFolder::new();
    let server = folder.launch().serve();
    let postgres = folder.postgres().unwrap();
    assert_ne!(
        getpgid(Some(postgres)),
        getpgid(Some(server.process())),
        "Ctrl-C must not reach it before the server"
    );
    assert_eq!(folder.noted(5).as_deref(), Some(""), "no TCP address");
    for private in [folder.socket_folder(), folder.cluster().join("data")] {
        assert_eq!(fs::metadata(&private).unwrap().mode() & 0o777, 0o700, "{}", private.display());
    }
    assert!(
        fs::metadata(folder.cluster().join("data")).unwrap().uid() != 0,
        "PostgreSQL does not run as root"
    );
}

#[test]
fn without_a_secret_one_is_made_for_this_folder_and_the_token_command_knows_it() {
    let folder = DataFolder::new();
    let launch = || Launch::bare().env("GAMIFICATION_DATA_DIR", folder.0.path());
    let server = launch().serve();
    let secret = folder.0.path().join("jwt-hs256-secret");
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    let user = id().to_string();
    let (status, token, _) = launch().arg("token").arg("--user").arg(&user).run();
    assert!(status.success());
    let path = format!("/api/communities/{}/members/{user}/level", id());
    server.get(&path, Some(token.trim())).problem(404, "NOT_FOUND");
    server.get(&path, Some(&gamification_tests::user_token(id()))).problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_database_killed_under_a_server_is_started_again_by_itself_and_keeps_what_was_earned() {
    let folder = DataFolder::new();
    let server = folder.launch().serve();
    let member = earn(&server);
    let killed = folder.postgres().expect("PostgreSQL runs");
    kill_process(killed, Signal::KILL).unwrap();
    until("another one runs", async || folder.postgres().is_some_and(|postgres| postgres != killed)).await;
    until("the server is ready again", async || server.get("/readyz", None).status == 200).await;
    assert_eq!(points(&server, member), 2);
    earn(&server);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
    let said = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    assert_eq!(said("embedded PostgreSQL has stopped; starting it again"), 1, "{log:?}");
    assert_eq!(said("embedded PostgreSQL is running again"), 1, "{log:?}");
    assert_eq!(folder.postgres(), None, "and it still stops with the server");
}

#[test]
fn a_start_that_fails_leaves_no_database_running() {
    let folder = DataFolder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, _, error) = folder.launch().env("GAMIFICATION_LISTEN", &address).run();
    assert!(!status.success());
    assert!(error.contains(&format!("GAMIFICATION_LISTEN: {address} can't be listened on")), "{error}");
    assert!(folder.cluster().exists(), "it had been started");
    assert_eq!(folder.postgres(), None);
}

#[test]
fn without_server_programs_it_says_what_to_do() {
    let folder = DataFolder::new();
    let empty = tempfile::tempdir().unwrap();
    let (status, _, error) = folder.launch().env("GAMIFICATION_PG_BIN", empty.path()).run();
    assert!(!status.success());
    assert!(error.contains("GAMIFICATION_PG_BIN: there are no usable initdb and postgres"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_an_ordinary_postgresql_a_restart_and_a_kill_keep_what_was_earned() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let member = earn(&server);
    assert!(server.terminate().0.success());
    let server = TestServer::on(&database);
    assert_eq!(points(&server, member), 2);
    server.kill();
    assert_eq!(points(&TestServer::on(&database), member), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_that_start_at_once_on_an_empty_database_all_serve() {
    let campaign = Campaign::new("R13, starts", 2, 100);
    for round in 0..campaign.rounds() {
        let database = TestDatabase::empty().await;
        let number = 2 + campaign.random(u64::from(round)).below(4);
        let servers: Vec<TestServer> = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..number).map(|_| scope.spawn(|| TestServer::on(&database))).collect();
            starting.into_iter().map(|server| server.join().expect("each starts")).collect()
        });
        let member = earn(&servers[0]);
        for server in &servers {
            assert_eq!(points(server, member), 2, "what one has acknowledged, all know");
        }
        assert_verify_finds_nothing(database.url());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_up_down_and_up_to_the_same_schema() {
    if skipped_on_citus("the first migrations are not taken back there") {
        return;
    }
    let database = TestDatabase::empty().await;
    let migrate = |revert: bool| {
        let launch = Launch::on(database.url()).arg("migrate");
        let (status, said, error) = if revert { launch.arg("--revert").run() } else { launch.run() };
        assert!(status.success(), "{error}");
        said.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let schema = async || {
        let query = "SELECT COALESCE(string_agg(line, E'\\n' ORDER BY line), '') FROM (
            SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace) AS schema
            WHERE line NOT LIKE '%__diesel%'";
        let row = database.client().await.query_one(query, &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    let applied = migrate(false);
    let up = schema().await;
    assert!(up.contains("point_transactions_once"), "{up}");
    assert!(migrate(false)[0].contains("the schema is up to date"));
    for _ in &applied {
        assert!(migrate(true)[0].contains("reverted"));
    }
    assert_eq!(schema().await, "", "nothing is left");
    assert!(migrate(true)[0].contains("no migration is left to revert"));
    assert_eq!(migrate(false), applied);
    assert_eq!(schema().await, up);
}

#[tokio::test(flavor = "multi_thread")]
async fn reverting_migrations_and_applying_them_again_keeps_the_ledger_and_counts_anew() {
    if skipped_on_citus("the first migrations are not taken back there") {
        return;
    }
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let member = earn(&server);
    assert!(server.terminate().0.success());
    // Back to before members were counted by level, however many migrations have come since.
    loop {
        let (status, said, error) = Launch::on(database.url()).arg("migrate").arg("--revert").run();
        assert!(status.success() && said.contains("reverted"), "{said}{error}");
        if said.contains("reverted 20261122000008") {
            break;
        }
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM point_transactions").await, 1);
    let server = TestServer::on(&database);
    assert_eq!(points(&server, member), 2);
    assert_eq!(database.number("SELECT members FROM level_counts").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_requests_that_have_begun_end_and_says_at_once_that_it_is_not_ready() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("GAMIFICATION_OPS_LISTEN", "127.0.0.1:0").serve();
    let (community, user) = earn(&server);
    let mut client = database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points IN SHARE MODE").await.unwrap();
    let (url, process) = (server.url().to_owned(), server.process());
    let late = std::thread::spawn(move || {
        let body = serde_json::Value::from(vec![post_created(community, id(), user)]).to_string();
        let token = format!("Bearer {}", gamification_tests::service_token());
        let request = ureq::post(format!("{url}/api/events"))
            .header("content-type", "application/cloudevents-batch+json")
            .header("authorization", token);
        request.send(body).expect("it is answered").status().as_u16()
    });
    // The request has reached the database when its transaction waits there.
    database.until_a_lock_is_waited_for().await;
    kill_process(process, Signal::TERM).unwrap();
    let readyz = format!("{}/readyz", server.operations().unwrap());
    until("it is not ready", async || {
        let answer = ureq::get(&readyz).call();
        assert!(matches!(answer, Ok(_) | Err(ureq::Error::StatusCode(503))), "{answer:?}");
        answer.is_err()
    })
    .await;
    blocker.commit().await.unwrap();
    assert_eq!(late.join().unwrap(), 200);
    assert!(server.terminate().0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_server_also_while_its_database_does_not_answer() {
    let database = TestDatabase::empty().await;
    // The answer comes when nothing can be noted any more.
    let receiver = Receiver::start(|_| Reaction { status: 200, delay: Duration::from_millis(500) });
    let server = Launch::on(database.url())
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .serve();
    earn(&server);
    receiver.wait_for(1).await;
    let sessions = sessions(&database.client().await).await;
    assert!(!sessions.is_empty());
    let stopped = StoppedSessions::stop(sessions);
    let begun = Instant::now();
    let (status, log) = server.terminate();
    let took = begun.elapsed();
    drop(stopped);
    assert!(status.success(), "{log:?}");
    assert!(took < Duration::from_secs(20), "10 seconds are promised: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_are_json_whatever_is_in_them() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("RUST_LOG", "debug").serve();
    let odd = "/api/%22%0A%7B/\u{fffd}?a=\"b";
    let encoded: String = odd.replace('"', "%22").replace('\u{fffd}', "%EF%BF%BD");
    server.get(&encoded, Some("not a \"token\"")).problem(404, "NOT_FOUND");
    let (status, log) = server.terminate();
    assert!(status.success());
    assert!(!log.is_empty());
    for line in log {
        let parsed: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(parsed["level"].is_string() && parsed["timestamp"].is_string(), "{line}");
    }
}
