//! Recording facts, command and repositories together, on a real PostgreSQL.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration as StdDuration,
};

use gamification_app::{
    AccessDenied, Clock, IdGenerator,
    commands::record_facts,
    ports::{
        LevelConfigurationRepository, Membership, MembershipQueries, SchemaQueries, Store, StoreError,
        UnitOfWork,
    },
    queries::{MemberLevel, ReadError, get_member_level},
};
use gamification_domain::{
    CommentId, CommunityId, Content, CourseId, CourseListing, DirectoryText, EventId, EventMetadata, Fact,
    FactKind, FactRecord, LessonId, OncePer, PointSource, PostId, Profile, Role, UserId, Verdict,
    Verdict::{Applied, Duplicate, Ignored, Rejected, Stale},
};
use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl, pool},
};
use gamification_tests::{TestDatabase, until};
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// A clock that stands still, and ids of its own.
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
        let profile = Profile { display_name, avatar_url: None };
        Fact::new(self.community_id, FactKind::MemberJoined { user_id, role: Role::Member, profile })
    }

    async fn level_of_author(&self) -> Result<MemberLevel, ReadError> {
        get_member_level(&self.store, (self.community_id, self.author), self.author).await
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
            "SELECT COUNT(*) FROM point_transactions t JOIN member_points m ON m.id = t.member_points_id
             WHERE m.user_id = '{member}' AND t.source = '{source}'"
        );
        assert_eq!(scene.database.number(&entries).await, 20, "{source}");
        let total = format!("SELECT total_points::bigint FROM member_points WHERE user_id = '{member}'");
        let worth = i64::from(source.rule().points.get());
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
    assert_eq!(level.points_to_next_level.unwrap().get(), 7);
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
    let look = |caller, user| get_member_level(&scene.store, (scene.community_id, caller), user);
    assert!(look(scene.author, scene.author).await.unwrap().points_to_next_level.is_some());
    assert!(look(scene.liker, scene.author).await.unwrap().points_to_next_level.is_none());
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_deliveries_of_the_same_facts_count_once() {
    let scene = Scene::new().await;
    // A new member's row would make the deliveries wait for one another even without its lock.
    scene.record(&[at(10, scene.joined(scene.author))]).await;
    let contents: Vec<Content> = (0..20).map(|_| post()).collect();
    let mut facts: Vec<FactRecord> = contents.iter().map(|content| at(9, scene.created(*content))).collect();
    facts.extend(contents.iter().map(|content| at(8, scene.liked(*content, scene.liker))));
    let mut reversed = facts.clone();
    reversed.reverse();
    let (one, two, three, four) = tokio::join!(
        scene.record(&facts),
        scene.record(&reversed),
        scene.record(&facts),
        scene.record(&reversed)
    );
    let applied = [one, two, three, four].iter().flatten().filter(|verdict| **verdict == Applied).count();
    assert_eq!(applied, facts.len(), "each fact was applied by exactly one delivery");
    assert_eq!(scene.total().await, 20 * 3);
}

/// All rows of a batch together: a batch asks for them in the order of their keys, and PostgreSQL locks them in it even
/// where a statement does not say so, mostly. That each statement does is seen in the test that follows, and by suite
/// `lock_order`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_that_overlap_in_any_order_never_deadlock() {
    const CLIENTS: u64 = 8;
    const ROUNDS: u64 = 12;
    let scene = Scene::new().await;
    let store = Arc::new(scene.database.store(8));
    let community_id = scene.community_id;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    // The same members for all, a few of them new in each round, each client in an order of its own.
                    let mut authors: Vec<u128> = (u128::from(round)..u128::from(round) + 10).collect();
                    authors.rotate_left(usize::try_from((client * 3 + round) % 10).unwrap());
                    if client % 2 == 0 {
                        authors.reverse();
                    }
                    let facts = authors.into_iter().flat_map(|author| {
                        let author_id = UserId::new(Uuid::from_u128(author + 1));
                        let joined = joined_without_name(community_id, author_id);
                        let created = FactKind::ContentCreated { content: post(), author_id };
                        let created = Fact::new(community_id, created);
                        [at(i64::from(u8::try_from(client).unwrap()), joined), at(1, created)]
                    });
                    let facts: Vec<FactRecord> = facts.collect();
                    record_in_the_end(&store, &facts).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(scene.database.deadlocks(), Vec::<String>::new());
}

/// On a busy machine a transaction may take longer than the database lets it, the more so under a bad plan.
async fn record_in_the_end(store: &PgStore, facts: &[FactRecord]) {
    for _ in 0..10 {
        match record_facts(store, &Fixed, facts).await {
            Ok(_) => return,
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("never recorded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_are_locked_in_one_order_whatever_plan_the_database_chooses() {
    let scene = Scene::new().await;
    let user = |number: u128| UserId::new(Uuid::from_u128(number + 1));
    // On disk they lie the other way round than by key.
    for number in (0..40).rev() {
        scene.record(&[at(99, scene.joined(user(number)))]).await;
    }
    let without_index = "&options=-c%20enable_nestloop%3Doff%20-c%20enable_mergejoin%3Doff%20-c%20enable_indexscan%3Doff\
                         %20-c%20enable_bitmapscan%3Doff%20-c%20enable_indexonlyscan%3Doff";
    let url = format!("{}{without_index}", scene.database.url());
    let by_hash = PgStore::new(pool(Connector::new(DatabaseUrl::parse(&url).unwrap()).unwrap(), 4).unwrap());
    let stores = [scene.database.store(4), by_hash].map(Arc::new);
    let community_id = scene.community_id;
    let clients: Vec<_> = (0..8)
        .map(|client: usize| {
            let store = Arc::clone(&stores[client % 2]);
            tokio::spawn(async move {
                for _ in 0..15 {
                    let created = |number| {
                        let kind = FactKind::ContentCreated { content: post(), author_id: user(number) };
                        Fact::new(community_id, kind)
                    };
                    let facts: Vec<FactRecord> = (0..40).map(|number| at(1, created(number))).collect();
                    record_in_the_end(&store, &facts).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(scene.database.deadlocks(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_two_authors_claim_at_once_is_awarded_once() {
    let scene = Scene::new().await;
    let content = post();
    let mut other = scene.database.client().await;
    let blocker = other.transaction().await.unwrap();
    let nil = Uuid::nil();
    let (community, rival, member) = (scene.community_id, UserId::new(Uuid::now_v7()), Uuid::now_v7());
    let source_id = content.source_id();
    // Another server, in the middle of awarding the same post to another member.
    let rival_award = format!(
        "INSERT INTO member_points VALUES ('{community}', '{member}', '{rival}', 2, 1, now(), now(), false);
         INSERT INTO point_transactions VALUES
             ('{community}', gen_random_uuid(), '{member}', 2, 'post_created', '{source_id}', '{rival}', 'e', now(), now(),
              '{nil}');
         INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at) VALUES
             ('{community}', gen_random_uuid(), '{rival}', 'PointsAwarded', '{{\"points\": 2, \"new_total\": 2}}', now());"
    );
    blocker.batch_execute(&rival_award).await.unwrap();
    let facts = [at(1, scene.created(content))];
    let award = scene.record(&facts);
    tokio::pin!(award);
    let waiting = tokio::time::timeout(StdDuration::from_millis(300), &mut award).await;
    assert!(waiting.is_err(), "the award must wait for the other one");
    blocker.commit().await.unwrap();
    assert_eq!(award.await, [Duplicate]);
    assert_eq!(scene.total().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_waits_for_a_change_of_thresholds_and_is_judged_by_the_new_ones() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    let mut admin = scene.database.client().await;
    let change = admin.transaction().await.unwrap();
    let lower = "UPDATE level_configurations SET levels = jsonb_set(levels, '{1,threshold}', '2')";
    change.batch_execute(lower).await.unwrap();
    let facts = [at(1, scene.created(post()))];
    let award = scene.record(&facts);
    tokio::pin!(award);
    let waiting = tokio::time::timeout(StdDuration::from_millis(300), &mut award).await;
    assert!(waiting.is_err(), "the award must not read thresholds that are being changed");
    change.commit().await.unwrap();
    assert_eq!(award.await, [Applied]);
    assert_eq!(scene.level_of_author().await.unwrap().level.get(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn awards_do_not_wait_for_one_another_in_different_members() {
    let scene = Scene::new().await;
    let other = Scene { author: UserId::new(Uuid::now_v7()), ..Scene::new().await };
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    // Same community, another member, whose row is held.
    let held = joined_without_name(scene.community_id, other.author);
    scene.record(&[at(9, held)]).await;
    let mut client = scene.database.client().await;
    let blocker = client.transaction().await.unwrap();
    let hold = format!("SELECT FROM member_points WHERE user_id = '{}' FOR UPDATE", other.author);
    blocker.batch_execute(&hold).await.unwrap();
    assert_eq!(scene.record(&[at(1, scene.created(post()))]).await, [Applied]);
    blocker.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_dropped_or_abandoned_leaves_nothing_and_no_harm() {
    let scene = Scene::new().await;
    let store = scene.database.store(1);
    for _ in 0..5 {
        drop(store.begin().await.unwrap());
    }
    // Abandoned in the middle of a statement that waits.
    let mut client = scene.database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE point_transactions").await.unwrap();
    let facts = [at(1, scene.created(post()))];
    let award = record_facts(&store, &Fixed, &facts);
    assert!(tokio::time::timeout(StdDuration::from_millis(200), award).await.is_err());
    blocker.rollback().await.unwrap();
    assert_eq!(record_facts(&store, &Fixed, &facts).await.unwrap().len(), 1);
    store.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(scene.total().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_lets_go_of_its_locks_at_once() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    // Other connections are idle in the pool, so nobody draws the one that was dropped.
    let (one, two, three) = tokio::join!(scene.store.begin(), scene.store.begin(), scene.store.begin());
    for idle in [one, two, three] {
        idle.unwrap().commit().await.unwrap();
    }
    let mut tx = scene.store.begin().await.unwrap();
    assert!(tx.lock_level_configuration(scene.community_id).await.unwrap().is_some());
    let client = scene.database.client().await;
    let lock = "SELECT FROM level_configurations FOR UPDATE NOWAIT";
    assert!(client.query(lock, &[]).await.is_err(), "the transaction holds the lock");
    drop(tx);
    let released = until("the lock is free", async || client.query(lock, &[]).await.is_ok()).await;
    assert!(
        released < StdDuration::from_secs(8),
        "PostgreSQL ends an idle transaction by itself after ten: {released:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_guards_is_a_conflict_and_what_it_lacks_is_corrupt() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    let client = scene.database.client().await;
    // A rule that the program does not know of, as an operator might add one.
    let guard = "ALTER TABLE point_transactions ADD CONSTRAINT no_posts CHECK (source <> 'post_created')";
    client.batch_execute(guard).await.unwrap();
    let refused = record_facts(&scene.store, &Fixed, &[at(1, scene.created(post()))]).await.unwrap_err();
    let StoreError::Conflict { constraint } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(constraint, "no_posts");
    let spoil = "CREATE TEMPORARY TABLE kept AS SELECT levels FROM level_configurations;
                 UPDATE level_configurations SET levels = '[]'";
    client.batch_execute(spoil).await.unwrap();
    let corrupt = scene.level_of_author().await.unwrap_err();
    assert!(matches!(corrupt, ReadError::Store(StoreError::Corrupt(_))), "{corrupt:?}");
    client.batch_execute("UPDATE level_configurations SET levels = (SELECT levels FROM kept)").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_unavailable_within_the_time_out() {
    let nowhere = DatabaseUrl::parse("postgres://nobody@127.0.0.1:1/none").unwrap();
    let store = PgStore::new(pool(Connector::new(nowhere).unwrap(), 1).unwrap());
    assert!(matches!(store.schema_is_current().await, Err(StoreError::Unavailable(_))));
}
