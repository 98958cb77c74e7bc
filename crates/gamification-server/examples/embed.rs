//! The whole stack in a program of your own: it records what happens in its community and classroom, hears of the points
//! and levels that come of it, and reads a level.
//!
//! `cargo run --example embed` (with `DATABASE_URL`, or an embedded PostgreSQL in a folder of its own)

#![allow(clippy::print_stdout, reason = "it shows what happens")]

use std::sync::Arc;

use embedded_postgres::{EmbeddedPostgres, Settings};
use gamification_app::{EventEnvelope, IdGenerator, System, ports::BoxedError};
use gamification_domain::{
    CommunityId, Content, CourseId, Fact, FactKind, LessonId, MemberLeveledUp, PointsAwarded, PostId,
    Profile, Role, UserId,
};
use gamification_pg::Gamification;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match std::env::var("DATABASE_URL") {
        Ok(url) => gamify(&url).await,
        Err(_) => {
            let data_dir = std::env::temp_dir().join("gamification-embed-example");
            let postgres = EmbeddedPostgres::start(&Settings::new("gamification", data_dir)).await?;
            let outcome = gamify(&postgres.url()).await;
            postgres.stop().await?;
            outcome
        }
    }
}

async fn gamify(url: &str) -> anyhow::Result<()> {
    let (sender, mut news) = mpsc::unbounded_channel();
    let points = sender.clone();
    let gamification = Gamification::builder()
        .subscribe("points", move |awarded: Arc<EventEnvelope<PointsAwarded>>| {
            let PointsAwarded { points: number, source, .. } = awarded.event;
            let told = points.send(format!("+{number} for {source}"));
            async move { told.map_err(BoxedError::from) }
        })
        .subscribe("levels", move |level_up: Arc<EventEnvelope<MemberLeveledUp>>| {
            let MemberLeveledUp { new_level, new_level_name, .. } = &level_up.event;
            let told = sender.send(format!("level {}: {}", new_level.get(), new_level_name.as_str()));
            async move { told.map_err(BoxedError::from) }
        })
        .connect(url)
        .await?;

    // Ada joins, writes a post, and completes two lessons.
    let (community_id, ada) = (CommunityId::new(System.next_id()), UserId::new(System.next_id()));
    let joined = FactKind::MemberJoined { user_id: ada, role: Role::Member, profile: Profile::default() };
    gamification.record(Fact::new(community_id, joined)).await?;
    let content = Content::Post(PostId::new(System.next_id()));
    let created = FactKind::ContentCreated { content, author_id: ada };
    gamification.record(Fact::new(community_id, created)).await?;
    for _ in 0..2 {
        let (course_id, lesson_id) = (CourseId::new(System.next_id()), LessonId::new(System.next_id()));
        let completed = FactKind::LessonCompleted { course_id, lesson_id, user_id: ada };
        gamification.record(Fact::new(community_id, completed)).await?;
    }
    for _ in 0..4 {
        println!("{}", news.recv().await.unwrap_or_default());
    }
    if let Some(level) = gamification.member_level((community_id, ada)).await? {
        let next =
            level.progress.and_then(|progress| progress.next).map_or(0, |next| next.points_to_go.get());
        println!("{} points, {next} to the next level", level.total_points);
    }
    gamification.stop().await;
    Ok(())
}
