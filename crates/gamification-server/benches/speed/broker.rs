//! S14: events in through NATS and out again, beside what JetStream stores and what SQL writes by itself.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use gamification_tests::{
    Launch, TestDatabase,
    broker::{Broker, publish, until_settled},
};
use serde_json::Value;

use crate::table::{latencies, rate, rates_alone};

const EVENTS: usize = 60_000;
const ALONE: usize = 300;

/// Takes a feed in that waits, and publishes what it led to; then events one by one. `raw` is what SQL writes a second.
pub(crate) async fn through_nats(database: &TestDatabase, raw: f64, event: impl Fn(usize) -> Value) {
    let Some(broker) = Broker::start() else { return };
    let jetstream = broker.set_up(Duration::from_secs(30)).await;
    let feed: Vec<Value> = (0..EVENTS).map(&event).collect();
    let publishing = Instant::now();
    for part in feed.chunks(1_000) {
        publish(&jetstream, part).await;
    }
    let stored = rate(EVENTS, publishing.elapsed());
    let started = Instant::now();
    let _server = Launch::on(database.url()).on_broker(&broker).without_log().serve();
    until_settled(&jetstream).await;
    rates_alone("S14 events in through NATS (beside: set-based SQL)", rate(EVENTS, started.elapsed()), raw);
    let client = database.client().await;
    loop {
        let pending = client.query_one("SELECT COUNT(*) FROM deliveries", &[]).await.unwrap();
        if pending.get::<_, i64>(0) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let out = rate(EVENTS, started.elapsed());
    rates_alone("   … and out again (beside: JetStream stores of ours)", out, stored);

    let mut told = jetstream.client().subscribe("gamification.>").await.unwrap();
    let (mut through, mut beside) = (Vec::new(), Vec::new());
    for number in 0..ALONE {
        let event = [event(EVENTS + number)];
        let published = Instant::now();
        publish(&jetstream, &event).await;
        beside.push(published.elapsed());
        // A level-up may come with it, and be told of before the next.
        while told.next().await.is_some_and(|message| !message.subject.ends_with("PointsAwarded")) {}
        through.push(published.elapsed());
    }
    latencies("S14b one event in until it is out (beside: JetStream stores one)", &through, &beside);
}
