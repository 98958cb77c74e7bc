//! R6: far more is offered than can be done, while people watch.

use std::time::{Duration, Instant};

use gamification_tests::{Campaign, Launch, LevelWatch, TestDatabase, assert_verify_finds_nothing};

use super::{
    client::{Address, Sent, Workload, agent, send, send_until_acknowledged},
    watchers::Watchers,
};

/// How soon a server works at its full speed when it can; twice that is granted to a busy machine.
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);
/// In megabytes: twice what 40 batches of 500 events, the database's share and a program without optimisation need.
const MEMORY: u64 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_offered_too_much_refuses_politely_and_loses_nothing() {
    let campaign = Campaign::new("R6", 1, 20);
    let database = TestDatabase::empty().await;
    let watch = LevelWatch::start(database.url());
    let server = Launch::on(database.url()).env("GAMIFICATION_DB_POOL_SIZE", "1").serve();
    let address = Address::new(server.url());
    let watchers = Watchers::open(&server, 100);
    let mut client = database.client().await;
    for round in 0..campaign.rounds() {
        let offers: Vec<_> = (0..40)
            .map(|number| {
                let mut workload = Workload::new(5);
                if number == 0 {
                    // Those who watch are told of more than a stream keeps for who is slow.
                    workload.community = watchers.community();
                }
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
        let (agent, released) = (agent(), Instant::now());
        for (place, (workload, batch)) in offers.iter().enumerate() {
            send_until_acknowledged(&agent, &address, batch);
            workload.check(&client).await;
            if place == 0 {
                let recovered = released.elapsed();
                assert!(recovered < 2 * RECOVERED_WITHIN, "the first is recorded after {recovered:?}");
            }
        }
        watchers.are_told(&server);
    }
    let peak = server.memory().peak;
    println!("R6: {peak} MB at most");
    assert!(peak < MEMORY, "{peak} MB");
    assert_eq!(server.get("/readyz", None).status, 200);
    watch.end();
    assert_verify_finds_nothing(database.url());
}
