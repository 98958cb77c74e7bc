//! Commands and queries over PostgreSQL, called as an embedding service calls them: who is turned away, what a refusal
//! costs, and what reads say while members are still being leveled up.

use std::collections::BTreeSet;

use gamification_app::{
    AccessDenied, Clock, Reader, System,
    commands::{
        LevelsUpdate, LevelsUpdated, RulesUpdate, SetCourseLevelRequirementError, UpdateLevelsError,
        UpdateRulesError, project_leaderboards, record_facts, set_course_level_requirement, update_levels,
        update_rules,
    },
    ports::{MemberRange, PageSize, Store, StoreError, UnitOfWork},
    queries::{
        Learner, RankedMembers, get_badges, get_course_access, get_leaderboards, get_levels,
        get_member_level, list_members,
    },
};
use gamification_domain::{
    CommunityId, CommunityRules, Content, CourseId, CourseListing, EventId, EventMetadata, Fact, FactKind,
    FactRecord, LevelDraft, LevelNumber, PostId, Profile, Role, RulesDraft, UserId, Verdict,
};
use gamification_pg::PgStore;
use gamification_tests::{TestDatabase, default_levels, until};
use tokio_postgres::Client;
use uuid::Uuid;

/// A community with an admin, and Ada with two points; one connection for the code under test.
pub(crate) struct Scene {
    pub(crate) store: PgStore,
    pub(crate) database: TestDatabase,
    pub(crate) community: CommunityId,
    course: CourseId,
    pub(crate) admin: UserId,
    pub(crate) ada: UserId,
}

impl Scene {
    pub(crate) async fn new(pool_size: usize) -> Self {
        let database = TestDatabase::migrated().await;
        let store = database.store(pool_size);
        let (admin, ada) = (UserId::new(Uuid::now_v7()), UserId::new(Uuid::now_v7()));
        let (community, course) = (CommunityId::new(Uuid::now_v7()), CourseId::new(Uuid::now_v7()));
        let scene = Self { store, database, community, course, admin, ada };
        let joined = |user_id, role| FactKind::MemberJoined { user_id, role, profile: Profile::default() };
        let post = Content::Post(PostId::new(Uuid::now_v7()));
        scene
            .record(vec![
                joined(admin, Role::Admin),
                joined(ada, Role::Member),
                FactKind::CourseCreated { course_id: course, listing: CourseListing::default() },
                FactKind::ContentCreated { content: post, author_id: ada },
            ])
            .await;
        scene
    }

    async fn record(&self, facts: Vec<FactKind>) {
        let number = facts.len();
        let records: Vec<FactRecord> = facts.into_iter().map(|kind| self.record_of(kind)).collect();
        let verdicts = record_facts(&self.store, &System, &records).await.unwrap();
        assert_eq!(verdicts, vec![Verdict::Applied; number]);
    }

    pub(crate) fn record_of(&self, kind: FactKind) -> FactRecord {
        let event_id = EventId::parse(&Uuid::now_v7().to_string()).unwrap();
        let metadata = EventMetadata { event_id, sequence: None, time: None, received_at: System.now() };
        FactRecord { fact: Fact::new(self.community, kind), metadata }
    }

    async fn update_levels(
        &self,
        caller: UserId,
        update: LevelsUpdate,
    ) -> Result<LevelsUpdated, UpdateLevelsError> {
        update_levels(&self.store, &System, (self.community, caller), &update).await
    }

    async fn update_rules(&self, caller: UserId) -> Result<(), UpdateRulesError> {
        let update = a_post_worth_seven(self.community);
        update_rules(&self.store, &System, (self.community, caller), &update).await
    }

    async fn set_requirement(
        &self,
        caller: UserId,
        course: CourseId,
    ) -> Result<(), SetCourseLevelRequirementError> {
        let level = LevelNumber::new(3).ok();
        set_course_level_requirement(&self.store, &System, (self.community, caller), course, level).await
    }

    /// The sessions of the code under test.
    async fn sessions(&self, client: &Client) -> BTreeSet<i32> {
        let sessions = "SELECT pid FROM pg_stat_activity
                        WHERE application_name = 'gamification' AND datname = current_database()";
        client.query(sessions, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }
}

/// Thresholds at multiples of `step`.
pub(crate) fn levels_at(step: i64) -> LevelsUpdate {
    let draft = |(number, name): (i64, &str)| LevelDraft::new(number, name, (number - 1) * step);
    let names = default_levels().into_iter().map(|(name, _)| name);
    LevelsUpdate { drafts: (1..).zip(names).map(draft).collect(), expected_versions: None }
}

/// The default rules but for the worth of posts.
pub(crate) fn a_post_worth_seven(community: CommunityId) -> RulesUpdate {
    let mut draft = RulesDraft::from(&CommunityRules::default_for(community));
    draft.rules[0].points = Some(7);
    RulesUpdate { draft, expected_versions: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_turn_away_who_is_no_admin_themselves() {
    let scene = Scene::new(1).await;
    let stranger = UserId::new(Uuid::now_v7());
    for (caller, denied) in [(scene.ada, AccessDenied::NotAnAdmin), (stranger, AccessDenied::NotAMember)] {
        let refused = scene.update_levels(caller, levels_at(1)).await.unwrap_err();
        assert!(matches!(refused, UpdateLevelsError::AccessDenied(found) if found == denied), "{refused:?}");
        let refused = scene.set_requirement(caller, scene.course).await.unwrap_err();
        assert!(
            matches!(refused, SetCourseLevelRequirementError::AccessDenied(found) if found == denied),
            "{refused:?}"
        );
        let refused = scene.update_rules(caller).await.unwrap_err();
        assert!(matches!(refused, UpdateRulesError::AccessDenied(found) if found == denied), "{refused:?}");
    }
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM course_level_requirements").await, 0);
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM level_configurations WHERE version > 1").await, 0);
    scene.update_levels(scene.admin, levels_at(1)).await.unwrap();
    scene.set_requirement(scene.admin, scene.course).await.unwrap();
    let rules = "SELECT rules_version::bigint FROM level_configurations";
    assert_eq!(scene.database.number(rules).await, 1);
    scene.update_rules(scene.admin).await.unwrap();
    assert_eq!(scene.database.number(rules).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_refused_or_has_to_wait_gives_its_connection_back() {
    let scene = Scene::new(1).await;
    let client = scene.database.client().await;
    let before = scene.sessions(&client).await;
    assert_eq!(before.len(), 1, "one connection, opened by the facts");
    let invalid = || LevelsUpdate { drafts: Vec::new(), expected_versions: None };
    let stale = || LevelsUpdate { expected_versions: Some(vec![7]), ..levels_at(2) };
    for _ in 0..10 {
        assert!(scene.update_levels(scene.ada, levels_at(1)).await.is_err());
        assert!(scene.update_levels(scene.admin, invalid()).await.is_err());
        assert!(scene.update_levels(scene.admin, stale()).await.is_err());
        assert!(scene.set_requirement(scene.ada, scene.course).await.is_err());
        let unknown = CourseId::new(Uuid::now_v7());
        let refused = scene.set_requirement(scene.admin, unknown).await;
        assert!(matches!(refused, Err(SetCourseLevelRequirementError::CourseNotFound)), "{refused:?}");
    }
    // The lock is not to be had at first: the command is tried again, on the same connection.
    let mut holder = scene.database.client().await;
    let hold = holder.transaction().await.unwrap();
    let lock = "SELECT FROM level_configurations WHERE community_id = $1 FOR UPDATE";
    hold.execute(lock, &[&scene.community.as_uuid()]).await.unwrap();
    let award = scene.record_of(FactKind::ContentCreated {
        content: Content::Post(PostId::new(Uuid::now_v7())),
        author_id: scene.ada,
    });
    let store = scene.store.clone();
    let recording = tokio::spawn(async move { record_facts(&store, &System, &[award]).await });
    let rolled_back = rollbacks(&client).await;
    until("a try has timed out", async || rollbacks(&client).await > rolled_back).await;
    hold.rollback().await.unwrap();
    assert_eq!(recording.await.unwrap().unwrap(), [Verdict::Applied]);
    assert_eq!(scene.sessions(&client).await, before);
}

/// How many transactions were given up in the database; sessions tell it a moment later.
async fn rollbacks(client: &Client) -> i64 {
    let given_up = "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()";
    client.query_one(given_up, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_dropped_leaves_neither_locks_nor_a_half_open_connection() {
    let scene = Scene::new(1).await;
    drop(scene.store.begin().await.unwrap());
    let tx = scene.store.begin().await;
    assert!(!matches!(tx, Err(StoreError::Unavailable(_))), "the pool has a place again");
    tx.unwrap().rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_is_set_although_its_course_is_held_for_longer_than_one_attempt_waits() {
    let scene = Scene::new(4).await;
    let client = scene.database.client().await;
    let mut holder = scene.database.client().await;
    let hold = holder.transaction().await.unwrap();
    let lock = "SELECT FROM courses WHERE community_id = $1 AND course_id = $2 FOR UPDATE";
    hold.execute(lock, &[&scene.community.as_uuid(), &scene.course.as_uuid()]).await.unwrap();
    let set = async { scene.set_requirement(scene.admin, scene.course).await };
    let release = async {
        let rolled_back = rollbacks(&client).await;
        until("an attempt has timed out", async || rollbacks(&client).await > rolled_back).await;
        hold.rollback().await.unwrap();
    };
    let (set, ()) = tokio::join!(set, release);
    set.unwrap();
}

/// Reads while a change of thresholds is stored, and Ada, who has to rise, can't be written yet.
async fn while_ada_waits(look: impl AsyncFnOnce(&Scene)) {
    let scene = Scene::new(4).await;
    let client = scene.database.client().await;
    let mut holder = scene.database.client().await;
    let hold = holder.transaction().await.unwrap();
    let lock = "SELECT FROM member_points WHERE community_id = $1 AND user_id = $2 FOR UPDATE";
    hold.execute(lock, &[&scene.community.as_uuid(), &scene.ada.as_uuid()]).await.unwrap();
    let (store, caller) = (scene.store.clone(), (scene.community, scene.admin));
    let change = tokio::spawn(async move { update_levels(&store, &System, caller, &levels_at(1)).await });
    let pending = "SELECT COUNT(*) FROM recalculations";
    until("the thresholds are stored", async || {
        client.query_one(pending, &[]).await.unwrap().get::<_, i64>(0) == 1
    })
    .await;
    let stored = "SELECT current_level FROM member_points WHERE user_id = $1";
    let level: i16 = client.query_one(stored, &[&scene.ada.as_uuid()]).await.unwrap().get(0);
    assert_eq!(level, 1, "Ada has not risen yet");
    look(&scene).await;
    hold.rollback().await.unwrap();
    change.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn badges_follow_new_thresholds_before_members_are_leveled_up() {
    while_ada_waits(async |scene| {
        let badges =
            get_badges(&scene.store, scene.community, Reader::User(scene.admin), &[scene.ada]).await.unwrap();
        assert_eq!((badges[0].level.get(), badges[0].level_name.as_str()), (3, "Builder"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_boards_follow_new_thresholds_before_members_are_leveled_up() {
    while_ada_waits(async |scene| {
        let reader = Reader::User(scene.admin);
        let all = MemberRange { begins_with: None, after: None, size: PageSize::default() };
        let listed = list_members(&scene.store, scene.community, reader, &all).await.unwrap().members;
        let ada = listed.iter().find(|(member, _)| member.standing.user_id == scene.ada);
        assert_eq!(ada.map(|(_, level)| level.get()), Some(3));
        // Boards take in what every transaction of the cluster is past, those of other tests too.
        until("Ada leads the boards, at her level", async || {
            project_leaderboards(&scene.store, System.now()).await.unwrap();
            let boards = get_leaderboards(&scene.store, scene.community, reader).await.unwrap().boards;
            let first =
                |board: &RankedMembers| board.entries.first().map(|first| (first.user_id, first.level.get()));
            boards.iter().map(first).eq([Some((scene.ada, 3)); 3])
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_grid_and_a_profile_follow_new_thresholds_before_members_are_leveled_up() {
    while_ada_waits(async |scene| {
        let reader = Reader::User(scene.ada);
        let levels = get_levels(&scene.store, scene.community, reader).await.unwrap();
        assert_eq!(levels.own.map(|(level, role)| (level.get(), role)), Some((3, Role::Member)));
        assert!(levels.recalculation.is_some(), "the grid says that members still follow");
        let own = get_member_level(&scene.store, scene.community, reader, scene.ada).await.unwrap();
        assert_eq!(own.level.get(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn course_access_follows_new_thresholds_before_members_are_leveled_up() {
    while_ada_waits(async |scene| {
        scene.set_requirement(scene.admin, scene.course).await.unwrap();
        let learner = Learner::Own(scene.ada);
        let access = get_course_access(&scene.store, scene.community, learner, scene.course).await;
        let (access, _) = access.unwrap();
        assert!(access.has_access());
        assert_eq!(access.current_level().get(), 3);
    })
    .await;
}
