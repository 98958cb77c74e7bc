//! R5: the database is stopped hard, loses its sessions, or stalls, under load and while people watch.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use gamification_tests::{
    Campaign, Launch, LevelWatch, StoppedSessions, TestServer, assert_verify_finds_nothing, audit,
    block_until, signal_sessions,
};
use rustix::process::Signal;

use super::{
    client::{Address, EndsClients, Workload, agent, send_until_acknowledged},
    fragile_database::Database,
    watchers::Watchers,
};

/// Until the server says so of itself; gives how long that took.
fn until_ready_is(server: &TestServer, status: u16) -> Duration {
    block_until(&format!("readyz says {status}"), || server.get("/readyz", None).status == status)
}

/// How soon `readyz` tells the truth, and how late the last answer comes; twice that is granted to a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_befalls_the_database_nothing_is_lost_and_the_server_recovers_by_itself() {
    let campaign = Campaign::new("R5", 1, 40);
    let mut database = Database::start().await;
    let watch = LevelWatch::start(&database.url());
    let server = Launch::on(&database.url()).serve();
    let address = Address::new(server.url());
    let watchers = Watchers::open(&server, 20);
    let (done, acknowledged) = (AtomicBool::new(false), AtomicU32::new(0));
    let longest = Mutex::new(Duration::ZERO);
    let workloads = std::thread::scope(|scope| {
        let end = EndsClients(&done);
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
            let before = acknowledged.load(Ordering::Relaxed);
            block_until("20 more are acknowledged", || acknowledged.load(Ordering::Relaxed) >= before + 20);
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
                    assert!(noticed.max(recovered) < 2 * TOLD_WITHIN, "{noticed:?}, {recovered:?}");
                    let resets = watchers.are_told(&server);
                    assert!(resets > 0, "what was missed meanwhile has to be looked up");

                    work_goes_on();
                    signal_sessions(&database.sessions().await, Signal::TERM);
                    let resets = watchers.are_told(&server);
                    assert!(resets > 0, "what was missed meanwhile has to be looked up");

                    work_goes_on();
                    let stopped = StoppedSessions::stop(database.sessions().await);
                    // Everybody under way has to be told; those who ask meanwhile may get new sessions.
                    std::thread::sleep(Duration::from_secs(6));
                    drop(stopped);
                    work_goes_on();
                    watchers.are_told(&server);
                }
            });
        });
        drop(end);
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let client = database.client().await;
    for workload in workloads {
        workload.check(&client).await;
    }
    let (batches, longest) = (acknowledged.into_inner(), longest.into_inner().unwrap());
    println!("R5: {batches} batches, the longest answer {longest:?}");
    assert!(longest < 3 * TOLD_WITHIN, "{longest:?}");
    assert!(server.terminate().0.success());
    watch.end();
    let findings = audit(&client).await;
    assert!(findings.is_empty(), "{findings:#?}");
    assert_verify_finds_nothing(&database.url());
}
