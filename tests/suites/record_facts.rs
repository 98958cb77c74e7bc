//! Recording facts, command and repositories together, on a real PostgreSQL.

mod failures;
mod races;

use std::sync::atomic::{AtomicU64, Ordering};

use gamification_app::{
    AccessDenied, Clock, IdGenerator, Reader,
    commands::record_facts,
    ports::{Membership, MembershipQueries},
    queries::{MemberLevel, ReadError, get_member_level},
};
use gamification_domain::{
    Adjustment, AdjustmentId, AdjustmentReason, CommentId, CommunityId, Content, CourseId, CourseListing,
    DirectoryText, EventId, EventMetadata, Fact, FactKind, FactRecord, LessonId, OncePer, PointSource,
    PostId, Profile, Role, UserId, Verdict,
    Verdict::{Applied, Duplicate, Ignored, Rejected, Stale},
};
use gamification_pg::PgStore;
use gamification_tests::TestDatabase;
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// A clock that stands still, and ids of its own.
#[derive(Clone)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

impl IdGenerator for Fixed {
    fn next_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

fn at(minutes_ago: i64, fact: Fact) -> FactRecord {
    static EVENTS: AtomicU64 = AtomicU64::new(0);
    let event_id = format!("event-{}", EVENTS.fetch_add(1, Ordering::Relaxed));
    let metadata = EventMetadata {
        event_id: EventId::parse(&event_id).unwrap(),
        sequence: None,
        time: Some(NOW - Duration::minutes(minutes_ago)),
        received_at: NOW,
    };
    FactRecord { fact, metadata }
}

/// A community and some of its people; every test has its own.
struct Scene {
    database: TestDatabase,
    store: PgStore,
    community_id: CommunityId,
    author: UserId,
    liker: UserId,
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::migrated().await;
        let store = database.store(4);
        let user = || UserId::new(Uuid::now_v7());
        Self {
            database,
            store,
            community_id: CommunityId::new(Uuid::now_v7()),
            author: user(),
            liker: user(),
        }
    }

    async fn record(&self, records: &[FactRecord]) -> Vec<Verdict> {
        record_facts(&self.store, &Fixed, records).await.unwrap()
    }

    fn created(&self, content: Content) -> Fact {
        Fact::new(self.community_id, FactKind::ContentCreated { content, author_id: self.author })
    }

    fn liked(&self, content: Content, liker_id: UserId) -> Fact {
        Fact::new(self.community_id, FactKind::ContentLiked { content, liker_id, author_id: self.author })
    }

    fn unliked(&self, content: Content, liker_id: UserId) -> Fact {
        Fact::new(self.community_id, FactKind::ContentUnliked { content, liker_id, author_id: self.author })
    }

    fn lesson(&self, community_id: Option<CommunityId>, course_id: CourseId) -> Fact {
        let (lesson_id, user_id) = (LessonId::new(Uuid::now_v7()), self.author);
        Fact { community_id, kind: FactKind::LessonCompleted { course_id, lesson_id, user_id } }
    }

    fn joined(&self, user_id: UserId) -> Fact {
        let display_name = Some(DirectoryText::parse("Ada <b>Lovelace</b>").unwrap());
        let profile = Profile { display_name, ..Profile::default() };
        Fact::new(self.community_id, FactKind::MemberJoined { user_id, role: Role::Member, profile })
    }

    async fn level_of_author(&self) -> Result<MemberLevel, ReadError> {
        get_member_level(&self.store, self.community_id, Reader::User(self.author), self.author).await
    }

    async fn total(&self) -> i64 {
        let user = self.author;
        self.database
            .number(&format!(
                "SELECT COALESCE(SUM(total_points), 0) FROM member_points WHERE user_id = '{user}'"
            ))
            .await
    }
}

/// What an adjustment is by here.
const ADJUSTED: i64 = 7;

/// A fact that is awarded as this source. A new source says here what earns it, and is held to its rule below.
fn fact_awarded_as(source: PointSource, content: Uuid, member: UserId, other: UserId) -> FactKind {
    let (post, comment) = (Content::Post(PostId::new(content)), Content::Comment(CommentId::new(content)));
    match source {
        PointSource::PostCreated => FactKind::ContentCreated { content: post, author_id: member },
        PointSource::CommentCreated => FactKind::ContentCreated { content: comment, author_id: member },
        PointSource::PostLiked => {
            FactKind::ContentLiked { content: post, liker_id: other, author_id: member }
        }
        PointSource::CommentLiked => {
            FactKind::ContentLiked { content: comment, liker_id: other, author_id: member }
        }
        PointSource::LessonCompleted => {
            let (course_id, lesson_id) = (CourseId::new(content), LessonId::new(content));
            FactKind::LessonCompleted { course_id, lesson_id, user_id: member }
        }
        PointSource::ManualAdjustment => FactKind::PointsAdjusted {
            adjustment_id: AdjustmentId::new(content),
            user_id: member,
            adjustment: Adjustment::new(ADJUSTED, AdjustmentReason::parse("because").unwrap()).unwrap(),
            admin_id: other,
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_source_is_awarded_once_delivered_twice_by_two_servers_at_once_and_after_a_restart() {
    let scene = Scene::new().await;
    let servers = [scene.database.store(4), scene.database.store(4)];
    for source in PointSource::ALL {
        let member = UserId::new(Uuid::now_v7());
        // Many pieces of content, so that two servers meet in some of them.
        let facts: Vec<Fact> = (0..20)
            .map(|_| fact_awarded_as(source, Uuid::now_v7(), member, scene.liker))
            .map(|kind| Fact::new(scene.community_id, kind))
            .collect();
        // The same facts of the same moments, each time under new event ids.
        let delivery = || facts.iter().cloned().map(|fact| at(5, fact)).collect::<Vec<_>>();
        let deliveries = servers.iter().flat_map(|server| [(server, delivery()), (server, delivery())]);
        let recorded = deliveries.map(|(server, facts)| async move {
            for fact in facts {
                record_facts(server, &Fixed, &[fact]).await.unwrap();
            }
        });
        futures_util::future::join_all(recorded).await;
        let restarted = scene.database.store(1);
        let verdicts = record_facts(&restarted, &Fixed, &delivery()).await.unwrap();
        assert_eq!(verdicts, [Duplicate; 20], "{source}");
        let entries = format!(
            "SELECT COUNT(*) FROM point_transactions t JOIN member_points m USING (community_id)
             WHERE m.id = t.member_points_id AND m.user_id = '{member}' AND t.source = '{source}'"
        );
        assert_eq!(scene.database.number(&entries).await, 20, "{source}");
        let total = format!("SELECT total_points::bigint FROM member_points WHERE user_id = '{member}'");
        let worth = match source {
            PointSource::ManualAdjustment => ADJUSTED,
            _ => i64::from(source.rule().points.get()),
        };
        assert_eq!(scene.database.number(&total).await, 20 * worth, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_awarded_to_a_second_member_where_its_rule_says_so() {
    let scene = Scene::new().await;
    for source in PointSource::ALL {
        let content = Uuid::now_v7();
        let award = |member| {
            let kind = fact_awarded_as(source, content, member, UserId::new(Uuid::now_v7()));
            at(5, Fact::new(scene.community_id, kind))
        };
        assert_eq!(scene.record(&[award(scene.author)]).await, [Applied], "{source}");
        let expected = match source.rule().once_per {
            OncePer::Content => Duplicate,
            OncePer::Member | OncePer::SwitchOn => Applied,
        };
        assert_eq!(scene.record(&[award(UserId::new(Uuid::now_v7()))]).await, [expected], "{source}");
    }
}

fn joined_without_name(community_id: CommunityId, user_id: UserId) -> Fact {
    let (role, profile) = (Role::Member, Profile::default());
    Fact::new(community_id, FactKind::MemberJoined { user_id, role, profile })
}

fn post() -> Content {
    Content::Post(PostId::new(Uuid::now_v7()))
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_found_by_the_member_who_joins_later() {
    let scene = Scene::new().await;
    let content = post();
    let facts = [at(9, scene.created(content)), at(8, scene.liked(content, scene.liker))];
    assert_eq!(scene.record(&facts).await, [Applied, Applied]);
    assert!(matches!(
        scene.level_of_author().await,
        Err(ReadError::AccessDenied(AccessDenied::CommunityNotFound))
    ));

    scene.record(&[at(5, scene.joined(scene.author))]).await;
    let level = scene.level_of_author().await.unwrap();
    assert_eq!((level.total_points.get(), level.level.get()), (3, 1));
    assert_eq!(level.progress.unwrap().next.unwrap().points_to_go.get(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_count_once_across_batches_and_under_new_event_ids() {
    let scene = Scene::new().await;
    let content = post();
    let lesson = scene.lesson(Some(scene.community_id), CourseId::new(Uuid::now_v7()));
    let facts =
        || [at(9, scene.created(content)), at(8, scene.liked(content, scene.liker)), at(7, lesson.clone())];
    assert_eq!(scene.record(&facts()).await, [Applied; 3]);
    assert_eq!(scene.record(&facts()).await, [Duplicate; 3]);
    assert_eq!(scene.total().await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_like_is_a_switch_whose_newest_change_wins() {
    let scene = Scene::new().await;
    let content = post();
    let (like, unlike) =
        (at(9, scene.liked(content, scene.liker)), at(8, scene.unliked(content, scene.liker)));
    assert_eq!(scene.record(std::slice::from_ref(&unlike)).await, [Applied]);
    assert_eq!(scene.record(&[like.clone(), unlike]).await, [Stale, Duplicate]);
    assert_eq!(scene.total().await, 0);
    assert_eq!(scene.record(&[at(7, scene.liked(content, scene.liker)), like]).await, [Applied, Stale]);
    assert_eq!(scene.total().await, 1);
    assert_eq!(scene.record(&[at(6, scene.liked(content, scene.author))]).await, [Ignored]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_from_the_future_is_remembered_by_its_receipt() {
    let scene = Scene::new().await;
    let content = post();
    let future = at(-60, scene.liked(content, scene.liker));
    let mut unlike = at(-5, scene.unliked(content, scene.liker));
    unlike.metadata.received_at = NOW + Duration::minutes(6);
    let mut copy = future.clone();
    copy.metadata.received_at = NOW + Duration::minutes(90);
    assert_eq!(scene.record(&[future]).await, [Applied]);
    assert_eq!(scene.record(&[unlike]).await, [Applied]);
    assert_eq!(scene.record(&[copy]).await, [Stale]);
    assert_eq!(scene.total().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_like_that_names_another_author_moves_the_point() {
    let scene = Scene::new().await;
    let content = post();
    scene.record(&[at(9, scene.liked(content, scene.liker))]).await;
    let other = UserId::new(Uuid::now_v7());
    let moved = FactKind::ContentLiked { content, liker_id: scene.liker, author_id: other };
    let moved = Fact::new(scene.community_id, moved);
    assert_eq!(scene.record(&[at(8, moved)]).await, [Applied]);
    assert_eq!(scene.total().await, 0);
    assert_eq!(scene.record(&[at(7, scene.unliked(content, scene.liker))]).await, [Applied]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_finds_its_community_through_its_course() {
    let scene = Scene::new().await;
    let course_id = CourseId::new(Uuid::now_v7());
    let lesson = at(5, scene.lesson(None, course_id));
    assert!(matches!(scene.record(std::slice::from_ref(&lesson)).await[..], [Rejected(_)]));
    let course = FactKind::CourseCreated { course_id, listing: CourseListing::default() };
    let course = Fact::new(scene.community_id, course);
    assert_eq!(scene.record(&[at(6, course)]).await, [Applied]);
    assert_eq!(scene.record(&[lesson]).await, [Applied]);
    assert_eq!(scene.total().await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_follows_the_newest_change_and_keeps_points_of_who_left() {
    let scene = Scene::new().await;
    let (community_id, user_id) = (scene.community_id, scene.author);
    let left = at(3, Fact::new(community_id, FactKind::MemberLeft { user_id }));
    let promoted = at(6, Fact::new(community_id, FactKind::MemberRoleChanged { user_id, role: Role::Admin }));
    let joined = at(9, scene.joined(scene.author));

    assert_eq!(scene.record(std::slice::from_ref(&promoted)).await, [Applied]);
    assert!(matches!(scene.level_of_author().await, Err(ReadError::AccessDenied(AccessDenied::NotAMember))));
    assert_eq!(scene.record(&[joined.clone(), at(8, scene.created(post()))]).await, [Applied, Applied]);
    let membership = scene.store.membership((community_id, user_id)).await.unwrap();
    assert_eq!(
        membership,
        Some(Membership::Member(Role::Admin)),
        "the change of role was newer than the joining"
    );

    assert_eq!(scene.record(&[left, joined, promoted]).await, [Applied, Stale, Duplicate]);
    assert!(matches!(scene.level_of_author().await, Err(ReadError::AccessDenied(AccessDenied::NotAMember))));
    let names = "SELECT COUNT(*) FROM community_members WHERE display_name IS NOT NULL";
    assert_eq!(scene.database.number(names).await, 0, "who left is forgotten");

    assert_eq!(scene.record(&[at(2, scene.joined(scene.author))]).await, [Applied]);
    assert_eq!(scene.level_of_author().await.unwrap().total_points.get(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_members_see_members_and_only_their_own_way_to_the_next_level() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author)), at(8, scene.joined(scene.liker))]).await;
    let look = |caller, user| get_member_level(&scene.store, scene.community_id, Reader::User(caller), user);
    assert!(look(scene.author, scene.author).await.unwrap().progress.is_some());
    assert!(look(scene.liker, scene.author).await.unwrap().progress.is_none());
    let stranger = UserId::new(Uuid::now_v7());
    assert!(matches!(
        look(stranger, scene.author).await,
        Err(ReadError::AccessDenied(AccessDenied::NotAMember))
    ));
    assert!(matches!(look(scene.author, stranger).await, Err(ReadError::MemberNotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_at_the_end_of_integer_is_a_rejection_and_not_a_failure() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    // A ledger that really holds so many points, so that the audit still adds up.
    let (community, user) = (scene.community_id, scene.author);
    let fill = format!(
        "UPDATE member_points SET total_points = 2147483647, current_level = 9 WHERE user_id = '{user}';
         UPDATE level_counts SET level = 9;
         INSERT INTO point_transactions SELECT '{community}', gen_random_uuid(), id, 2147483647, 'post_created',
             gen_random_uuid(), '{user}', 'fill', now(), now() FROM member_points WHERE user_id = '{user}';
         INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
         VALUES ('{community}', gen_random_uuid(), '{user}', 'PointsAwarded',
                 '{{\"points\": 2147483647, \"new_total\": 2147483647}}', now()),
                ('{community}', gen_random_uuid(), '{user}', 'MemberLeveledUp', '{{\"old_level\": 1, \"new_level\": 9}}', now());"
    );
    scene.database.client().await.batch_execute(&fill).await.unwrap();
    let content = post();
    let facts = [
        at(3, scene.created(content)),
        at(2, scene.liked(content, scene.liker)),
        at(1, scene.joined(scene.liker)),
    ];
    let verdicts = scene.record(&facts).await;
    assert!(matches!(verdicts[..], [Rejected(_), Rejected(_), Applied]), "{verdicts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_ends_where_its_facts_one_by_one_end() {
    let (together, single) = (Scene::new().await, Scene::new().await);
    let posts: Vec<Content> = (0..5).map(|_| post()).collect();
    let likers: Vec<UserId> = (0..5).map(|_| UserId::new(Uuid::now_v7())).collect();
    let history = |scene: &Scene| -> Vec<FactRecord> {
        let mut minutes = 1_000;
        let mut facts = Vec::new();
        for content in &posts {
            facts.push(scene.created(*content));
            for liker in &likers {
                facts.extend([scene.liked(*content, *liker), scene.unliked(*content, *liker)]);
                facts.extend([scene.created(*content), scene.liked(*content, *liker)]);
            }
        }
        facts
            .into_iter()
            .map(|fact| {
                minutes -= 1;
                at(minutes, fact)
            })
            .collect()
    };
    let in_one = together.record(&history(&together)).await;
    let mut one_by_one = Vec::new();
    for record in history(&single) {
        one_by_one.extend(single.record(&[record]).await);
    }
    assert_eq!(in_one, one_by_one);
    assert_eq!(together.total().await, single.total().await);
    let lines = "SELECT COUNT(*) FROM point_transactions";
    assert_eq!(together.database.number(lines).await, single.database.number(lines).await);
}
