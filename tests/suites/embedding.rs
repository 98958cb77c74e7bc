//! The stack in a program of one's own: it hears of what happens beside a server, and ends without a trace.

use std::sync::{Arc, Mutex};

use gamification_app::EventEnvelope;
use gamification_domain::{MemberLeveledUp, PointsAwarded};
use gamification_pg::{Gamification, GamificationBuilder};
use gamification_tests::{
    Delivery, Reaction, Receiver, TestDatabase, assert_everything_was_told, binary, event::id, until,
};
use uuid::Uuid;

use crate::channels::{award, earn, with_webhook};

/// Who heard of which event, in order.
type Heard = Arc<Mutex<Vec<Uuid>>>;

fn listening(heard: &Heard) -> GamificationBuilder {
    let (points, levels) = (Arc::clone(heard), Arc::clone(heard));
    Gamification::builder()
        .pool_size(3)
        .subscribe("points", move |event: Arc<EventEnvelope<PointsAwarded>>| {
            points.lock().unwrap().push(event.id);
            async { Ok(()) }
        })
        .subscribe("levels", move |event: Arc<EventEnvelope<MemberLeveledUp>>| {
            levels.lock().unwrap().push(event.id);
            async { Ok(()) }
        })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_beside_a_webhook_on_one_database_gets_all_events_and_so_does_the_webhook() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = with_webhook(&database, &receiver.url());
    let heard: [Heard; 3] = Default::default();
    // Two processes share a name, and a third one has its own.
    let mut embedding = Vec::new();
    for (heard, name) in heard.iter().zip(["bus", "bus", "billing"]) {
        embedding.push(listening(heard).channel(name).connect(database.url()).await.unwrap());
    }
    let (community, ada, bob) = (id(), id(), id());
    for _ in 0..6 {
        earn(&server, community, &[ada, bob]);
    }
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    for gamification in embedding {
        gamification.stop().await;
    }
    let all = |heard: &[&Heard]| {
        let mut ids: Vec<Uuid> = heard.iter().flat_map(|heard| heard.lock().unwrap().clone()).collect();
        ids.sort_unstable();
        ids
    };
    let mut told: Vec<Uuid> = receiver.deliveries().iter().map(Delivery::id).collect();
    told.sort_unstable();
    assert_eq!(told.len(), 14, "six awards and a level each");
    assert_eq!(all(&[&heard[0], &heard[1]]), told);
    assert_eq!(all(&[&heard[2]]), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_dropped_gives_its_channel_to_the_next() {
    let database = TestDatabase::empty().await;
    let (dropped, next): (Heard, Heard) = Default::default();
    let first = listening(&dropped).connect(database.url()).await.unwrap();
    award(&first, 1).await;
    until("the first has heard of it", async || !dropped.lock().unwrap().is_empty()).await;
    drop(first);
    let second = listening(&next).connect(database.url()).await.unwrap();
    award(&second, 1).await;
    until("the next hears", async || !next.lock().unwrap().is_empty()).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_an_embedding_program_works() {
    let database = TestDatabase::empty().await;
    let example = binary().with_file_name("examples").join("embed");
    let output = std::process::Command::new(&example)
        .env("DATABASE_URL", database.url())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run cargo test --workspace", example.display()));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        said,
        "+2 for post_created\n+5 for lesson_completed\n+5 for lesson_completed\nlevel 2: Practitioner\n\
         12 points, 18 to the next level\n"
    );
}
