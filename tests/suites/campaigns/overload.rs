//! R6: far more is offered than can be done.

use std::fs;

use gamification_tests::{Campaign, Launch, TestDatabase, TestServer};

use super::client::{Address, Sent, Workload, agent, send, send_until_acknowledged};

/// Resident memory of the server at its highest, in megabytes.
fn peak_memory(server: &TestServer) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process().as_raw_nonzero())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells");
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_offered_too_much_refuses_politely_and_loses_nothing() {
    let campaign = Campaign::new("R6", 1, 20);
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("GAMIFICATION_DB_POOL_SIZE", "1").serve();
    let address = Address::new(server.url());
    let mut client = database.client().await;
    for round in 0..campaign.rounds() {
        let offers: Vec<_> = (0..40)
            .map(|number| {
                let mut workload = Workload::new(5);
                let batch = workload.batch(&mut campaign.random(u64::from(round * 40 + number)), 500);
                (workload, batch)
            })
            .collect();
        // Nothing can be recorded, so all that comes has to wait; there is not room for all.
        let blocker = client.transaction().await.unwrap();
        blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
        let outcomes: Vec<Sent> = std::thread::scope(|scope| {
            let sending: Vec<_> = offers
                .iter()
                .map(|(_, batch)| {
                    let address = &address;
                    scope.spawn(move || send(&agent(), address, batch).0)
                })
                .collect();
            sending.into_iter().map(|sending| sending.join().unwrap()).collect()
        });
        assert_eq!(outcomes, [Sent::Refused; 40], "everybody is told");
        blocker.rollback().await.unwrap();
        // What was refused left nothing in the way, and counts once when it comes again.
        let agent = agent();
        for (workload, batch) in &offers {
            send_until_acknowledged(&agent, &address, batch);
            workload.check(&client).await;
        }
    }
    let peak = peak_memory(&server);
    println!("R6: {peak} MB at most");
    assert!(peak < 400, "{peak} MB");
    assert_eq!(server.get("/readyz", None).status, 200);
}
