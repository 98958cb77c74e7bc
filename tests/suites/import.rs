//! `import`: a history, line by line, with whatever may be wrong with it and whatever may happen meanwhile.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    process::Child,
};

use gamification_tests::{
    Cluster, Launch, TestDatabase, TestServer,
    event::{course_created, event, id, member_joined, post_created, post_like},
    skipped_on_citus, until,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio_postgres::NoTls;
use uuid::Uuid;

/// How an import ended, and what it said.
#[derive(Debug)]
struct Imported {
    code: Option<i32>,
    summary: String,
    error: String,
}

impl Imported {
    /// That the summary ends so.
    fn came_to(&self, code: i32, verdicts: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.summary.trim_end().ends_with(verdicts), "{verdicts}: {self:?}");
    }

    /// The lines that it complains about, and how.
    fn complaints(&self) -> Vec<(u64, &str)> {
        let complaints = self.error.lines().filter_map(|line| line.strip_prefix("line ")?.split_once(": "));
        complaints.map(|(line, detail)| (line.parse().unwrap(), detail)).collect()
    }
}

fn launch(database: &TestDatabase, file: &str) -> Launch {
    Launch::on(database.url()).arg("import").arg(file)
}

/// From a file.
fn import(database: &TestDatabase, text: impl AsRef<[u8]>) -> Imported {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_ref()).unwrap();
    let (status, summary, error) = launch(database, file.path().to_str().unwrap()).run();
    Imported { code: status.code(), summary, error }
}

/// From standard input.
fn import_input(launch: Launch, text: &str) -> Imported {
    let (status, summary, error) = launch.run_with(text.as_bytes());
    Imported { code: status.code(), summary, error }
}

fn lines(events: &[Value]) -> String {
    events.iter().fold(String::new(), |mut text, event| {
        writeln!(text, "{event}").unwrap();
        text
    })
}

/// Posts of a few authors in one community, each liked once: three points a pair of events.
fn history(pairs: usize) -> (Uuid, Vec<Value>) {
    let community = id();
    let authors: Vec<Uuid> = (0..50).map(|_| id()).collect();
    let events = (0..pairs).flat_map(|pair| {
        let (post, author) = (id(), authors[pair % authors.len()]);
        [post_created(community, post, author), post_like("PostLiked", 2, community, post, id(), author)]
    });
    (community, events.collect())
}

const POINTS: &str = "SELECT COALESCE(SUM(total_points), 0)::bigint FROM member_points";
const TRANSACTIONS: &str = "SELECT COUNT(*) FROM point_transactions";

#[tokio::test(flavor = "multi_thread")]
async fn a_mixed_file_is_recorded_as_far_as_it_goes_and_each_bad_line_is_told_with_its_number() {
    let database = TestDatabase::empty().await;
    let (community, author, post) = (id(), id(), id());
    let mut text = Vec::new();
    let liked = |minute, kind| post_like(kind, minute, community, post, id(), author);
    let unlike = liked(4, "PostUnliked");
    let mut overtaken = unlike.clone();
    overtaken["type"] = "PostLiked".into();
    overtaken["time"] = "2026-01-01T10:03:00Z".into();
    for line in [
        member_joined(community, author).to_string().into_bytes(),
        post_created(community, post, author).to_string().into_bytes(),
        b"{\"specversion\":".to_vec(),
        b"\xff\xfe".to_vec(),
        b"[]".to_vec(),
        event("PostCreated", 1, &json!({"community_id": community, "post_id": post}))
            .to_string()
            .into_bytes(),
        event("SomethingElse", 1, &json!({})).to_string().into_bytes(),
        vec![b' '; 2 * 1024 * 1024],
        b"".to_vec(),
        liked(1, "PostLiked").to_string().into_bytes(),
        event("LessonCompleted", 1, &json!({"course_id": id(), "lesson_id": id(), "user_id": author}))
            .to_string()
            .into_bytes(),
        unlike.to_string().into_bytes(),
        overtaken.to_string().into_bytes(),
        post_created(community, post, author).to_string().into_bytes(),
    ] {
        text.extend(line);
        text.push(b'\n');
    }
    let imported = import(&database, &text);
    imported.came_to(1, "4 applied, 1 duplicate, 1 stale, 1 ignored, 6 rejected");
    assert!(imported.summary.starts_with("13 lines in "), "{imported:?}");
    assert_eq!(
        imported.complaints(),
        [
            (3, "not JSON: EOF while parsing a value, at column 15"),
            (4, "not UTF-8, at byte 1"),
            (5, "an event must be a JSON object"),
            (6, "data.author_id is missing"),
            (8, "longer than 1048576 bytes"),
            (11, "data.community_id is missing and data.course_id is not known"),
        ]
    );
    assert!(
        imported.error.ends_with("gamification-server: not all lines are recorded: 6 of 13 rejected\n"),
        "{imported:?}"
    );
    assert_eq!(database.number(POINTS).await, 3);

    import(&database, &text).came_to(1, "0 applied, 5 duplicate, 1 stale, 1 ignored, 6 rejected");
    assert_eq!(database.number(POINTS).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_import_is_all_duplicates_from_a_file_or_from_standard_input_with_any_line_ends() {
    let database = TestDatabase::empty().await;
    let (_, events) = history(1_250);
    let text = lines(&events);
    import(&database, &text).came_to(0, "2500 applied, 0 duplicate, 0 stale, 0 ignored, 0 rejected");
    let points = database.number(POINTS).await;
    assert_eq!(points, 1_250 * 3);
    let all_known = "0 applied, 2500 duplicate, 0 stale, 0 ignored, 0 rejected";
    import(&database, text.replace('\n', "\r\n\r\n")).came_to(0, all_known);
    import(&database, format!("\u{feff}{}", text.trim_end())).came_to(0, all_known);
    let piped = import_input(launch(&database, "-"), &text);
    piped.came_to(0, all_known);
    assert_eq!(
        piped.error.lines().filter(|line| !line.starts_with('{')).count(),
        0,
        "no progress: {piped:?}"
    );
    assert_eq!(database.number(POINTS).await, points);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_to_import_is_fine_and_nothing_to_read_is_not() {
    let database = TestDatabase::empty().await;
    for nothing in ["", "\n", "\r\n \n"] {
        import(&database, nothing).came_to(0, "0 applied, 0 duplicate, 0 stale, 0 ignored, 0 rejected");
    }
    import_input(launch(&database, "-"), "").came_to(0, "0 rejected");
    for (file, sentence) in [
        (
            "/nonexistent",
            "gamification-server: /nonexistent can't be read: No such file or directory (os error 2)\n",
        ),
        ("/tmp", "gamification-server: /tmp is a folder\n"),
    ] {
        let (status, _, error) = launch(&database, file).run();
        assert_eq!((status.code(), error.as_str()), (Some(1), sentence));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_recorded_wherever_in_the_file_its_course_comes() {
    let database = TestDatabase::empty().await;
    let (community, events) = history(2_000);
    let (course, unknown, user) = (id(), id(), id());
    let lesson = |course| {
        event("LessonCompleted", 1, &json!({"course_id": course, "lesson_id": id(), "user_id": user}))
    };
    let mut events = [vec![lesson(course), lesson(unknown)], events].concat();
    events.push(course_created(community, course));
    let text = lines(&events);
    let imported = import(&database, &text);
    imported.came_to(1, "4002 applied, 0 duplicate, 0 stale, 0 ignored, 1 rejected");
    assert_eq!(imported.complaints(), [(2, "data.community_id is missing and data.course_id is not known")]);
    import(&database, &text).came_to(1, "0 applied, 4002 duplicate, 0 stale, 0 ignored, 1 rejected");
    assert_eq!(database.number(POINTS).await, 2_000 * 3 + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_and_live_events_of_the_same_history_count_once() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let (_, mut events) = history(2_000);
    let text = lines(&events);
    events.reverse();
    let imported = std::thread::scope(|scope| {
        let importing = scope.spawn(|| import(&database, &text));
        for batch in events.chunks(100) {
            let answer = server.send_batch(batch);
            assert!(answer.status == 200 || answer.status == 503, "{answer:?}");
        }
        importing.join().unwrap()
    });
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(database.number(POINTS).await, 2_000 * 3);
}

/// Waits until some of the history is there.
async fn some_is_recorded(database: &TestDatabase) {
    let ready = "SELECT (to_regclass('point_transactions') IS NOT NULL)::int::bigint";
    until("the schema is there", async || database.number(ready).await > 0).await;
    until("something is recorded", async || database.number(TRANSACTIONS).await > 0).await;
}

/// Starts an import that has read its lines so far, and may be given more.
fn begin(launch: Launch, text: &str) -> Child {
    let mut child = launch.spawn();
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    child.stdin =
        std::thread::spawn(move || input.write_all(text.as_bytes()).map(|()| input)).join().unwrap().ok();
    child
}

fn end(mut child: Child) -> Imported {
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Imported { code: output.status.code(), summary: text(output.stdout), error: text(output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_repeated_it_ends_where_one_import_ends() {
    if skipped_on_citus("how far it is shows in the size of a table, which is on other machines") {
        return;
    }
    let database = TestDatabase::empty().await;
    let (_, events) = history(15_000);
    let text = lines(&events);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    for _ in 0..2 {
        let before =
            database.number("SELECT COALESCE(pg_relation_size(to_regclass('point_transactions')), 0)").await;
        let mut child = launch(&database, file.path().to_str().unwrap()).spawn();
        some_is_recorded(&database).await;
        let size = "SELECT pg_relation_size('point_transactions')";
        until("it is in the midst of it", async || database.number(size).await > before + 100_000).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(database.number(POINTS).await < 15_000 * 3, "it was killed in the midst of it");
    }
    let again = import(&database, &text);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(
        again.summary.contains("0 stale, 0 ignored, 0 rejected") && !again.summary.contains(" 0 duplicate")
    );
    assert_eq!(database.number(POINTS).await, 15_000 * 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_and_comes_back_costs_a_pause() {
    let database = TestDatabase::migrated().await;
    let (_, events) = history(10_000);
    let text = lines(&events);
    let name = name_of(&database).await;
    let importing = std::thread::spawn({
        let launch = launch(&database, "-");
        move || import_input(launch, &text)
    });
    some_is_recorded(&database).await;
    let cluster = Cluster::shared().await;
    let turned_away = || {
        let log = cluster.log();
        log.lines().filter(|line| line.contains(&name) && line.contains("not currently accepting")).count()
    };
    for _ in 0..3 {
        let (recorded, before) = (database.number(TRANSACTIONS).await, turned_away());
        assert!(!importing.is_finished(), "there is more to import than is recorded meanwhile");
        set_open(&name, false).await;
        until("the import misses the database", async || turned_away() > before).await;
        set_open(&name, true).await;
        until("the import goes on", async || database.number(TRANSACTIONS).await > recorded).await;
    }
    let imported = importing.join().unwrap();
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(database.number(POINTS).await, 10_000 * 3);
}

/// Lets people into a database, or ends all connections and lets no one in.
async fn set_open(name: &str, is_open: bool) {
    let url = Cluster::shared().await.url("postgres");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {is_open}")).await.unwrap();
    if !is_open {
        let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
        client.execute(end, &[&name]).await.unwrap();
    }
}

async fn name_of(database: &TestDatabase) -> String {
    database.client().await.query_one("SELECT current_database()", &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_away_ends_the_import_with_the_line_to_go_on_from() {
    let database = TestDatabase::migrated().await;
    let (_, events) = history(1_500);
    let text = lines(&events);
    let name = name_of(&database).await;
    let mut child = begin(launch(&database, "-").arg("--patience").arg("1s"), &lines(&events[..2_000]));
    until("2000 events are recorded", async || database.number(TRANSACTIONS).await >= 2_000).await;
    set_open(&name, false).await;
    child.stdin.as_mut().unwrap().write_all(lines(&events[2_000..]).as_bytes()).unwrap();
    let imported = end(child);
    set_open(&name, true).await;
    imported.came_to(1, "2000 applied, 0 duplicate, 0 stale, 0 ignored, 0 rejected");
    let sentence = "gamification-server: the database was not available for 1s: what is before line 2001 is done, \
                    what comes from there on is not, or not all; run the same import again\n";
    assert!(imported.error.ends_with(sentence), "{imported:?}");
    import(&database, &text).came_to(0, "1000 applied, 2000 duplicate, 0 stale, 0 ignored, 0 rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_it_says_how_far_it_came_though_more_input_might_come() {
    let database = TestDatabase::migrated().await;
    let (_, events) = history(1_000);
    let mut child = begin(launch(&database, "-"), &lines(&events));
    until("2000 events are recorded", async || database.number(TRANSACTIONS).await >= 2_000).await;
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    // Waiting would close its input, too.
    let _input = child.stdin.take();
    let status = child.wait().unwrap();
    let (mut summary, mut error) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut summary).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    let imported = Imported { code: status.code(), summary, error };
    assert_eq!(imported.code, Some(1), "{imported:?}");
    assert!(imported.error.contains("interrupted: what is before line "), "{imported:?}");
}
