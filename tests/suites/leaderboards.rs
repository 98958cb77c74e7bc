//! Leaderboards as a projection: windows to the second, commits in any order, processes beside one another, and building
//! them from nothing.

use gamification_app::{
    Clock, IdGenerator, Reader,
    commands::{Projected, project_leaderboards, record_facts},
    ports::{BoardPart, StoreError},
    queries::{RankedMembers, ReadError, get_leaderboard},
};
use gamification_domain::{
    CommentId, CommunityId, Content, DirectoryText, EventId, EventMetadata, Fact, FactKind, FactRecord,
    Leaderboard, Profile, Role, UserId,
};
use gamification_pg::PgStore;
use gamification_tests::{
    Campaign, LevelWatch, Random, TestDatabase, TestServer, assert_verify_finds_nothing,
    event::{admin_joined, community_created, event, id, member_joined},
    until,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-22 12:00 UTC);

/// A clock that stands still, and ids of its own.
#[derive(Clone)]
pub(crate) struct Fixed;

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

/// A community with two members, and the boards of their database.
struct Scene {
    store: PgStore,
    database: TestDatabase,
    community: CommunityId,
    ada: UserId,
    bob: UserId,
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::migrated().await;
        let scene = Self {
            store: database.store(2),
            database,
            community: CommunityId::new(id()),
            ada: UserId::new(id()),
            bob: UserId::new(id()),
        };
        for (user_id, name) in [(scene.ada, "Ada"), (scene.bob, "Bob")] {
            let display_name = DirectoryText::parse(name).ok();
            let profile = Profile { display_name, ..Profile::default() };
            let joined = FactKind::MemberJoined { user_id, role: Role::Member, profile };
            scene.record(NOW - Duration::days(90), joined).await;
        }
        scene
    }

    async fn record(&self, happened_at: OffsetDateTime, kind: FactKind) {
        let metadata = EventMetadata {
            event_id: EventId::parse(&id().to_string()).unwrap(),
            sequence: None,
            time: Some(happened_at),
            received_at: NOW,
        };
        let record = FactRecord { fact: Fact::new(self.community, kind), metadata };
        record_facts(&self.store, &Fixed, &[record]).await.unwrap();
    }

    /// A point for a member at a moment.
    async fn earn(&self, author_id: UserId, at: OffsetDateTime) {
        let content = Content::Comment(CommentId::new(id()));
        self.record(at, FactKind::ContentCreated { content, author_id }).await;
    }

    /// Takes everything in that is committed, at a moment.
    async fn project(&self, now: OffsetDateTime) {
        project_all(&self.store, &self.database, now).await;
    }

    async fn board(&self, leaderboard: Leaderboard) -> RankedMembers {
        board(&self.store, self.community, leaderboard).await.unwrap()
    }

    /// A member's points on the boards, the one with the shortest window first.
    async fn points(&self, user_id: UserId) -> [i64; 3] {
        let mut points = [0; 3];
        for (place, leaderboard) in points.iter_mut().zip(Leaderboard::ALL) {
            let board = self.board(leaderboard).await;
            *place = board.entries.iter().find(|entry| entry.user_id == user_id).unwrap().points;
        }
        points
    }

    /// Some members' ranks of a week are those of the entries in order.
    async fn ranks_are_right(&self) {
        let expected = "SELECT user_id, row_number() OVER (
                            ORDER BY GREATEST(seven_day, 0) DESC, sort_name, user_id) AS rank
                        FROM leaderboard_entries WHERE is_listed";
        let expected = self.database.client().await.query(expected, &[]).await.unwrap();
        for row in expected.iter().step_by(97).chain(expected.last()) {
            let (user, rank): (Uuid, i64) = (row.get(0), row.get(1));
            let (around, board) = (BoardPart::Around(UserId::new(user), 1), Leaderboard::SevenDay);
            let found = get_leaderboard(&self.store, self.community, Reader::Service, board, &around).await;
            let entries = &found.unwrap().boards[0].entries;
            let found = entries.iter().find(|entry| entry.user_id.as_uuid() == user).unwrap();
            assert_eq!(i64::try_from(found.rank), Ok(rank));
            assert!(entries.windows(2).all(|pair| pair[0].rank + 1 == pair[1].rank), "{entries:?}");
        }
    }
}

async fn board(
    store: &PgStore,
    community: CommunityId,
    leaderboard: Leaderboard,
) -> Result<RankedMembers, ReadError> {
    let boards =
        get_leaderboard(store, community, Reader::Service, leaderboard, &BoardPart::Top(100)).await?;
    Ok(boards.boards.into_iter().next().unwrap())
}

/// Other tests' transactions, in other databases of the same PostgreSQL, may be open.
pub(crate) async fn project_all(store: &PgStore, database: &TestDatabase, now: OffsetDateTime) {
    let client = database.client().await;
    let newest = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1";
    let newest: i64 = client.query_one(newest, &[]).await.unwrap().get(0);
    let position = "SELECT COALESCE(xid > $1, false) AND system_identifier <> 1 FROM leaderboard_progress";
    until("everything is in the boards", async || {
        project_leaderboards(store, now).await.unwrap() == Projected::CaughtUp
            && client.query_one(position, &[&newest]).await.unwrap().get::<_, bool>(0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_ends_to_the_second() {
    let scene = Scene::new().await;
    let (week, month) = (Duration::hours(168), Duration::hours(720));
    scene.earn(scene.ada, NOW - Duration::hours(1)).await;
    scene.project(NOW).await;
    assert_eq!(scene.points(scene.ada).await, [1, 1, 1]);
    let earned_at = NOW - Duration::hours(1);
    for (now, points) in [
        (earned_at + week, [1, 1, 1]),
        (earned_at + week + Duration::SECOND, [0, 1, 1]),
        (earned_at + month, [0, 1, 1]),
        (earned_at + month + Duration::SECOND, [0, 0, 1]),
    ] {
        scene.project(now).await;
        assert_eq!(scene.points(scene.ada).await, points, "{now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reported_late_counts_by_its_own_time() {
    let scene = Scene::new().await;
    scene.project(NOW).await;
    for (ago, points) in [
        (Duration::hours(168), [1, 1, 1]),
        (Duration::hours(168) + Duration::SECOND, [1, 2, 2]),
        (Duration::hours(720), [1, 3, 3]),
        (Duration::hours(720) + Duration::SECOND, [1, 3, 4]),
    ] {
        scene.earn(scene.bob, NOW - ago).await;
        scene.project(NOW).await;
        assert_eq!(scene.points(scene.bob).await, points, "{ago}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_brings_nothing_back() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, NOW - Duration::days(6)).await;
    scene.project(NOW).await;
    scene.project(NOW + Duration::days(2)).await;
    assert_eq!(scene.points(scene.ada).await, [0, 1, 1]);
    scene.project(NOW).await;
    assert_eq!(scene.points(scene.ada).await, [0, 1, 1]);
    // What comes later is judged by where the windows are.
    scene.earn(scene.ada, NOW - Duration::days(6)).await;
    scene.project(NOW).await;
    assert_eq!(scene.points(scene.ada).await, [0, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_comes_late_is_not_passed_over() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, NOW - Duration::hours(1)).await;
    scene.project(NOW).await;
    let mut other = scene.database.client().await;
    let late = other.transaction().await.unwrap();
    // It has its number, and is committed after one with a greater number.
    let insert = format!(
        "WITH points AS (
             UPDATE member_points SET total_points = total_points + 1
             WHERE user_id = '{}' RETURNING community_id, id, user_id, total_points)
         INSERT INTO point_transactions
             (community_id, id, member_points_id, points, source, source_id, actor_id, event_id, occurred_at, created_at,
              once_per)
         SELECT community_id, gen_random_uuid(), id, 1, 'comment_created', gen_random_uuid(), user_id, 'late',
                '2026-01-22T11:00:00Z', now(), '00000000-0000-0000-0000-000000000000' FROM points",
        scene.ada
    );
    late.batch_execute(&insert).await.unwrap();
    let told = format!(
        "INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
         VALUES ('{}', gen_random_uuid(), '{}', 'PointsAwarded', '{{\"new_total\": 2, \"points\": 1}}', now())",
        scene.community, scene.ada
    );
    late.batch_execute(&told).await.unwrap();
    scene.earn(scene.bob, NOW - Duration::hours(1)).await;
    let seconds = "SELECT EXTRACT(EPOCH FROM complete_until - '2026-01-22T12:00:00Z')::bigint FROM leaderboard_progress";
    for later in 1..=3 {
        project_leaderboards(&scene.store, NOW + Duration::seconds(later)).await.unwrap();
    }
    assert!(scene.database.number(seconds).await <= 0, "boards do not say that they know what they don't");
    assert_eq!(scene.points(scene.bob).await, [0, 0, 0], "what was begun later waits");
    late.commit().await.unwrap();
    scene.project(NOW + Duration::seconds(4)).await;
    assert_eq!((scene.points(scene.ada).await, scene.points(scene.bob).await), ([2, 2, 2], [1, 1, 1]));
    until("boards say that they know it", async || {
        project_leaderboards(&scene.store, NOW + Duration::seconds(4)).await.unwrap();
        scene.database.number(seconds).await > 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_carries_the_boards_on() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, NOW).await;
    let mut other = scene.database.client().await;
    let held = other.transaction().await.unwrap();
    held.batch_execute("SELECT FROM leaderboard_progress FOR UPDATE").await.unwrap();
    assert_eq!(project_leaderboards(&scene.store, NOW).await.unwrap(), Projected::Elsewhere);
    drop(held);
    scene.project(NOW).await;
    assert_eq!(scene.points(scene.ada).await, [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_is_ahead_empties_no_window() {
    let scene = Scene::new().await;
    let now = OffsetDateTime::now_utc();
    scene.earn(scene.ada, NOW).await;
    let earn = "UPDATE point_transactions SET occurred_at = now() - interval '1 hour'";
    scene.database.client().await.batch_execute(earn).await.unwrap();
    scene.project(now + Duration::days(40)).await;
    assert_eq!(scene.points(scene.ada).await, [1, 1, 1]);
    let ahead = "SELECT COUNT(*) FROM leaderboard_progress WHERE complete_until > now()";
    assert_eq!(scene.database.number(ahead).await, 0, "boards say that they know what is still to happen");
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_that_were_never_built_say_so_and_are_built_from_the_ledger() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, NOW - Duration::days(8)).await;
    scene.earn(scene.bob, NOW - Duration::days(1)).await;
    // As after an upgrade: rows of transactions that nobody numbered.
    let client = scene.database.client().await;
    client
        .batch_execute("UPDATE point_transactions SET xid = NULL; UPDATE community_members SET xid = NULL")
        .await
        .unwrap();
    let refused = board(&scene.store, scene.community, Leaderboard::AllTime).await;
    assert!(matches!(refused, Err(ReadError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    scene.project(NOW).await;
    assert_eq!((scene.points(scene.ada).await, scene.points(scene.bob).await), ([0, 1, 1], [1, 1, 1]));
    let names: Vec<String> = scene
        .board(Leaderboard::SevenDay)
        .await
        .entries
        .into_iter()
        .map(|entry| entry.display_name)
        .collect();
    assert_eq!(names, ["Bob", "Ada"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_of_another_installation_or_layout_are_built_anew() {
    for foreign in ["system_identifier = 1", "layout = 0", "xid = 9000000000000000000"] {
        let scene = Scene::new().await;
        scene.earn(scene.ada, NOW - Duration::hours(1)).await;
        scene.project(NOW).await;
        let client = scene.database.client().await;
        // Its transactions had numbers that are still to come here.
        client
            .batch_execute(&format!(
                "UPDATE leaderboard_progress SET {foreign}; UPDATE leaderboard_entries SET seven_day = 77;
                 UPDATE point_transactions SET xid = xid + 1000000000;
                 UPDATE community_members SET xid = xid + 1000000000"
            ))
            .await
            .unwrap();
        project_leaderboards(&scene.store, NOW).await.unwrap();
        scene.project(NOW).await;
        assert_eq!(scene.points(scene.ada).await, [1, 1, 1], "{foreign}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rank_is_right_in_a_board_of_many_sections() {
    const MEMBERS: usize = 5_000;
    let scene = Scene::new().await;
    scene.project(NOW).await;
    // Straight into the tables: what counts here is the board, and an audit would ask where the events are.
    let community = scene.community;
    let client = scene.database.client().await;
    let fill = format!(
        "INSERT INTO community_members
             (community_id, user_id, is_present, display_name, presence_change, role, created_at, updated_at)
         SELECT '{community}', gen_random_uuid(), true, 'Member ' || number, '{{}}', 'MEMBER', now(), now()
         FROM generate_series(1, {MEMBERS}) AS number;
         INSERT INTO member_points
             (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
         SELECT community_id, gen_random_uuid(), user_id, 0, 1, now(), now(), true FROM community_members
         WHERE display_name LIKE 'Member %';
         UPDATE level_counts SET members = members + {MEMBERS} WHERE community_id = '{community}' AND level = 1"
    );
    client.batch_execute(&fill).await.unwrap();
    // Half of them have nothing, so that one section after another is full of equals.
    let mut random = Random::new("ranks");
    let users = "SELECT user_id FROM community_members WHERE display_name LIKE 'Member %' ORDER BY user_id";
    let users: Vec<Uuid> = client.query(users, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    for user in users.iter().step_by(60) {
        for _ in 0..=random.below(3) {
            scene.earn(UserId::new(*user), NOW).await;
        }
    }
    scene.project(NOW).await;
    let sections = "SELECT COUNT(*) FROM leaderboard_sections WHERE board = 'all_time'";
    let full = scene.database.number(sections).await;
    assert!(full > 3);
    scene.ranks_are_right().await;

    // Nine of ten leave, so that all sections become small.
    let leave = format!(
        "UPDATE community_members SET is_present = false, xid = DEFAULT
         WHERE display_name LIKE 'Member %' AND display_name NOT LIKE '%0';
         UPDATE member_points SET is_present = false
         WHERE user_id IN (SELECT user_id FROM community_members WHERE NOT is_present);
         UPDATE level_counts SET members = members - {MEMBERS} * 9 / 10 WHERE community_id = '{community}' AND level = 1"
    );
    client.batch_execute(&leave).await.unwrap();
    scene.project(NOW).await;
    assert!(scene.database.number(sections).await < full, "small sections are not merged");
    scene.ranks_are_right().await;
}

/// Two servers, each taking events and carrying boards on, and a third process that does so all the time; what is in the
/// boards at the end is compared with the ledger by the audit of the database, and by the program's own.
#[tokio::test(flavor = "multi_thread")]
async fn boards_are_right_whatever_processes_do_beside_one_another() {
    let campaign = Campaign::new("boards", 20, 2_000);
    let database = TestDatabase::empty().await;
    let servers = [TestServer::on(&database), TestServer::on(&database)];
    let (community, admin) = (id(), id());
    let users: Vec<Uuid> = (0..8).map(|_| id()).collect();
    assert_eq!(
        servers[0].send_batch(&[community_created(community), admin_joined(community, admin)]).body["applied"],
        2
    );
    let joined: Vec<Value> = users.iter().map(|user| member_joined(community, *user)).collect();
    assert_eq!(servers[1].send_batch(&joined).body["applied"], 8);
    let (store, watch) = (database.store(2), LevelWatch::start(database.url()));
    let projecting = tokio::spawn({
        let store = store.clone();
        async move {
            loop {
                // The database may be busy; the next one goes on.
                let _ = project_leaderboards(&store, OffsetDateTime::now_utc()).await;
                tokio::task::yield_now().await;
            }
        }
    });
    let (servers_ref, users_ref) = (&servers, &users);
    std::thread::scope(|scope| {
        for (number, server) in servers_ref.iter().enumerate() {
            let mut random = campaign.random(number as u64);
            let rounds = campaign.rounds();
            scope.spawn(move || {
                for round in 0..rounds {
                    let events: Vec<Value> =
                        (0..20).map(|_| happened(&mut random, community, users_ref, round)).collect();
                    let answer = server.send_batch(&events);
                    assert!([200, 207, 503].contains(&answer.status), "{answer:?}");
                }
            });
        }
    });
    projecting.abort();
    let _ = projecting.await;
    drop(servers);
    project_all(&store, &database, OffsetDateTime::now_utc()).await;
    watch.end();
    assert_verify_finds_nothing(database.url());
}

/// Any event that boards follow from, at any time of the last 40 days.
fn happened(random: &mut gamification_tests::Random, community: Uuid, users: &[Uuid], round: u32) -> Value {
    let (user, other) = (*random.pick(users), *random.pick(users));
    let (kind, data) = match random.below(6) {
        0 => ("MemberLeft", json!({"user_id": user})),
        1 => ("MemberJoined", json!({"user_id": user, "display_name": format!("Name {round}")})),
        2 => (
            "MemberProfileChanged",
            json!({"user_id": user, "display_name": format!("Other {round}"), "listed": random.below(2) == 0}),
        ),
        3 => ("PostLiked", json!({"post_id": other, "user_id": user, "author_id": other})),
        4 => ("PostUnliked", json!({"post_id": other, "user_id": user, "author_id": other})),
        _ => ("CommentAdded", json!({"comment_id": id(), "author_id": user})),
    };
    let mut data = data;
    data["community_id"] = json!(community);
    let mut event = event(kind, 0, &data);
    let ago = Duration::minutes(i64::try_from(random.below(40 * 24 * 60)).unwrap());
    let format = &time::format_description::well_known::Rfc3339;
    event["time"] = (OffsetDateTime::now_utc() - ago).format(format).unwrap().into();
    event
}
