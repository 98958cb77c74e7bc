//! The whole stack in a program of your own: it publishes what happens in its community and classroom on the event bus,
//! and hears of the points and levels that come of it.
//!
//! `cargo run --example embed` (with `DATABASE_URL`, or an embedded PostgreSQL in a folder of its own)

#![allow(clippy::print_stdout, reason = "it shows what happens")]

use std::sync::Arc;

use embedded_postgres::{EmbeddedPostgres, Settings};
use gamification_app::{
    Environment, EventBus, FactQueue, SystemEnvironment, Told, register_handlers, relay_events,
};
use gamification_domain::{
    ChangeClaim, CommunityId, Content, CourseId, EventId, Fact, FactRecord, LessonId, MemberLeveledUp,
    PointsAwarded, PostId, UserId,
};
use gamification_pg::{
    PgDeliveries, PgStore,
    connection::{Connector, DatabaseUrl, pool},
    migrate,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match std::env::var("DATABASE_URL") {
        Ok(url) => gamify(DatabaseUrl::parse(&url)?).await,
        Err(_) => {
            let data_dir = std::env::temp_dir().join("gamification-embed-example");
            let postgres = EmbeddedPostgres::start(&Settings::new("gamification", data_dir)).await?;
            let outcome = gamify(DatabaseUrl::parse(&postgres.url())?).await;
            postgres.stop().await?;
            outcome
        }
    }
}

async fn gamify(url: DatabaseUrl) -> anyhow::Result<()> {
    let connector = Connector::new(url)?;
    migrate(connector.connect().await?).await?;
    let store = PgStore::new(pool(connector.clone(), 4)?);

    // What comes in: facts on the bus go to the queue, where those that wait are committed together.
    let (facts, mut workers) = FactQueue::start(&store, &SystemEnvironment);
    let mut bus = EventBus::default();
    register_handlers(&mut bus, &facts);

    // What goes out: subscribers say by its type what they want to hear of.
    let (sender, mut news) = mpsc::unbounded_channel();
    let levels = sender.clone();
    bus.subscribe("points", move |told: Arc<Told<PointsAwarded>>| {
        let told = &told.event;
        let heard = sender.send(format!("+{} for {}", told.points.get(), told.source.as_str()));
        async move { heard.map_err(Into::into) }
    });
    bus.subscribe("levels", move |told: Arc<Told<MemberLeveledUp>>| {
        let told = &told.event;
        let heard = levels.send(format!("level {}: {}", told.new_level.get(), told.new_level_name.as_str()));
        async move { heard.map_err(Into::into) }
    });
    let bus = Arc::new(bus);
    let stop = CancellationToken::new();
    let announcing = tokio::spawn({
        let store = store.clone();
        async move { store.announce_commits().await }
    });
    let relay = tokio::spawn({
        let (bus, stop, deliveries) = (Arc::clone(&bus), stop.clone(), PgDeliveries::new(store, connector));
        async move { relay_events(&deliveries, &bus, &SystemEnvironment, &stop).await }
    });

    // Somebody writes a post, and completes two lessons.
    let (community_id, ada) = (CommunityId::new(new_id()), UserId::new(new_id()));
    bus.publish(now(Fact::ContentCreated {
        community_id,
        content: Content::Post(PostId::new(new_id())),
        author_id: ada,
    })?)
    .await?;
    for _ in 0..2 {
        bus.publish(now(Fact::LessonCompleted {
            community_id: Some(community_id),
            course_id: CourseId::new(new_id()),
            lesson_id: LessonId::new(new_id()),
            user_id: ada,
        })?)
        .await?;
    }
    for _ in 0..4 {
        println!("{}", news.recv().await.unwrap_or_default());
    }

    // The queue's workers end with its last handle, and that is the bus's.
    stop.cancel();
    relay.await?;
    announcing.abort();
    drop((bus, facts));
    while workers.join_next().await.is_some() {}
    Ok(())
}

fn new_id() -> uuid::Uuid {
    SystemEnvironment.next_id()
}

/// A fact that happens now.
fn now(fact: Fact) -> anyhow::Result<FactRecord> {
    let received_at = SystemEnvironment.now();
    let event_id = EventId::parse(&new_id().to_string())?;
    Ok(FactRecord {
        fact,
        claim: ChangeClaim { event_id, sequence: None, time: Some(received_at), received_at },
    })
}
