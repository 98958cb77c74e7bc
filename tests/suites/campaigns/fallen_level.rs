//! The watch over levels sees what it is there for.

use gamification_tests::{
    LevelWatch, TestDatabase, TestServer,
    event::{id, post_created},
    until,
};

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "levels fell")]
async fn a_level_that_falls_ends_a_campaign() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let (community, ada) = (id(), id());
    let posts: Vec<_> = (0..5).map(|_| post_created(community, id(), ada)).collect();
    assert_eq!(server.send_batch(&posts).body["applied"], 5);
    let watch = LevelWatch::start(database.url());
    let has_looked =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
                      AND query LIKE 'SELECT community_id, id, current_level %'";
    until("it has looked", async || database.number(has_looked).await > 0).await;
    let fall = "UPDATE member_points SET current_level = 1";
    database.client().await.execute(fall, &[]).await.unwrap();
    watch.end();
}
