//! Being killed or stopped by another hand while in use.

use std::{fs, time::Duration};

use embedded_postgres::EmbeddedPostgres;
use rustix::process::{Pid, Signal, test_kill_process};

use crate::folder::{Folder, busy_session, client, keep, kept, until};

/// Until another server than `before` is launched, if not for long: what is left of that one may be in its way.
async fn restarted(folder: &Folder, before: Pid) {
    until("it is started again", async || folder.server().is_some_and(|server| server != before)).await;
}

#[tokio::test]
async fn a_killed_server_is_back_by_itself_with_what_was_committed() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    keep(&postgres.url(), 42).await;
    // The second time, too; sessions that are in use when it happens are no hindrance.
    for _ in 0..2 {
        let session = client(&postgres.url()).await;
        let killed = folder.signal_server(Signal::KILL);
        restarted(&folder, killed).await;
        assert_eq!(kept(&postgres.url()).await, 42);
        assert!(session.simple_query("SELECT 1").await.is_err());
    }
    postgres.stop().await.unwrap();
    assert_eq!(folder.server(), None, "and can be stopped as ever");
}

#[tokio::test]
async fn a_session_that_is_still_busy_delays_the_restart_and_does_not_prevent_it() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    keep(&postgres.url(), 42).await;
    let work = busy_session(&postgres.url(), 7).await;
    folder.signal_server(Signal::KILL);
    assert_eq!(kept(&postgres.url()).await, 42);
    assert!(work.is_finished(), "two servers would have written to one cluster");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_another_hand_shuts_down_is_started_again() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    keep(&postgres.url(), 42).await;
    // What `pg_ctl stop` sends.
    let stopped = folder.signal_server(Signal::INT);
    restarted(&folder, stopped).await;
    assert_eq!(kept(&postgres.url()).await, 42);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_taken_over_is_supervised_as_well() {
    let folder = Folder::open();
    drop(folder.start().await);
    let postgres = folder.start().await;
    let killed = folder.signal_server(Signal::KILL);
    restarted(&folder, killed).await;
    keep(&postgres.url(), 1).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn two_users_of_a_killed_server_see_it_back_and_one_that_stops_leaves_it_to_the_other() {
    let folder = Folder::open();
    let (one, two) = tokio::join!(folder.start(), folder.start());
    keep(&one.url(), 42).await;
    let killed = folder.signal_server(Signal::KILL);
    restarted(&folder, killed).await;
    assert_eq!((kept(&one.url()).await, kept(&two.url()).await), (42, 42));
    // The one that launched it has seen that it runs: who stops before that takes its server back.
    let launching = fs::File::open(folder.path().join("postgres.start.lock")).unwrap();
    until("it is launched", async || launching.try_lock().is_ok()).await;
    launching.unlock().unwrap();
    let server = folder.server().expect("PostgreSQL runs");
    one.stop().await.unwrap();
    assert_eq!(folder.server(), Some(server), "one server, still in use");
    two.stop().await.unwrap();
    assert_eq!(folder.server(), None);
}

#[tokio::test]
async fn the_last_user_supervises_the_server_after_the_one_that_launched_it_has_stopped() {
    let folder = Folder::open();
    let one = folder.start().await;
    let two = folder.start().await;
    one.stop().await.unwrap();
    let killed = folder.signal_server(Signal::KILL);
    restarted(&folder, killed).await;
    keep(&two.url(), 1).await;
    two.stop().await.unwrap();
}

#[tokio::test]
async fn a_stopped_server_does_not_come_back_even_when_it_was_killed_just_before() {
    let folder = Folder::open();
    // Before it is missed, and at several moments of the restart.
    for delay in [0, 480, 510, 540, 600] {
        let postgres = folder.start().await;
        folder.signal_server(Signal::KILL);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        postgres.stop().await.unwrap();
        assert_eq!(folder.server(), None, "after {delay} ms");
        // Longer than it takes a supervisor to notice, and a server to come up.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(folder.server(), None, "some time after {delay} ms");
    }
}

#[tokio::test]
async fn a_dropped_handle_supervises_nothing_any_more() {
    let folder = Folder::open();
    drop(folder.start().await);
    let killed = folder.signal_server(Signal::KILL);
    until("it is dead", async || test_kill_process(killed).is_err()).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(folder.server(), None);
}

#[tokio::test]
async fn a_restart_waits_for_another_program_that_starts_or_stops_the_server() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    let other = fs::File::create(folder.path().join("postgres.start.lock")).unwrap();
    other.lock().unwrap();
    let killed = folder.signal_server(Signal::KILL);
    until("it is dead", async || test_kill_process(killed).is_err()).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(folder.server(), None);
    other.unlock().unwrap();
    restarted(&folder, killed).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_restart_waits_for_data_that_is_missing_and_never_makes_an_empty_cluster() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    keep(&postgres.url(), 42).await;
    let (data, away) = (folder.data(), folder.path().join("postgres/away"));
    folder.signal_server(Signal::INT);
    until("it has stopped", async || !data.join("postmaster.pid").exists()).await;
    fs::rename(&data, &away).unwrap();
    // Some attempts fail meanwhile.
    let log = folder.path().join("postgres/postgres.log");
    let complaints = || fs::read_to_string(&log).unwrap().matches("could not access directory").count();
    until("it tries", async || complaints() > 2).await;
    assert!(!data.exists());
    fs::rename(&away, &data).unwrap();
    assert_eq!(kept(&postgres.url()).await, 42);
    postgres.stop().await.unwrap();
}

#[test]
fn a_handle_whose_runtime_has_ended_can_still_be_stopped() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = Folder::open();
    let first = runtime();
    let postgres: EmbeddedPostgres = first.block_on(folder.start());
    drop(first);
    runtime().block_on(postgres.stop()).unwrap();
    assert_eq!(folder.server(), None);
}
