//! Erasure and export: what is left of a user whom a community has erased, and what a member is given of what is stored.

mod exports;
mod races;
mod sweeps;

use std::sync::atomic::{AtomicI64, Ordering};

use gamification_app::commands::{RulesUpdate, record_facts, sweep_erasures, update_rules};
use gamification_domain::{
    Adjustment, AdjustmentId, AdjustmentReason, CapDraft, CommentId, CommunityId, CommunityRules, Content,
    CourseId, DirectoryText, EventId, EventMetadata, Fact, FactKind, FactRecord, LessonId, PointSource,
    PostId, Profile, Role, RulesDraft, SortName, UserId,
    Verdict::{self, Applied, Duplicate, Ignored},
};
use gamification_pg::PgStore;
use gamification_tests::{TestDatabase, assert_verify_finds_nothing, event::id};
use time::Duration;
use uuid::Uuid;

use crate::leaderboards::{Fixed, NOW, project_all};

/// A name that is nowhere else.
const NAME: &str = "Adalbertine Quuxworth";

/// A fact of a community, after those before, told by an event that is called after its user: platforms do.
fn told(community_id: CommunityId, kind: FactKind) -> FactRecord {
    static FACTS: AtomicI64 = AtomicI64::new(0);
    let after = Duration::milliseconds(FACTS.fetch_add(1, Ordering::Relaxed));
    let user = kind.users()[0].map(|user| user.as_uuid().to_string()).unwrap_or_default();
    let metadata = EventMetadata {
        event_id: EventId::parse(&format!("{user} {}", id())).unwrap(),
        sequence: None,
        time: Some(NOW - Duration::days(1) + after),
        received_at: NOW,
    };
    FactRecord { fact: Fact::new(community_id, kind), metadata }
}

fn profile(name: &str) -> Profile {
    let display_name = DirectoryText::parse(name).ok();
    let avatar_url = DirectoryText::parse(&format!("https://pictures.example/{name}.png")).ok();
    Profile { display_name, avatar_url, is_listed: true }
}

fn joined(user_id: UserId, name: &str) -> FactKind {
    FactKind::MemberJoined { user_id, role: Role::Member, profile: profile(name) }
}

fn post() -> Content {
    Content::Post(PostId::new(id()))
}

fn adjusted(user_id: UserId, admin_id: UserId, points: i64, reason: &str) -> FactKind {
    let reason = AdjustmentReason::parse(reason).unwrap();
    let adjustment = Adjustment::new(points, reason).unwrap();
    FactKind::PointsAdjusted { adjustment_id: AdjustmentId::new(id()), user_id, adjustment, admin_id }
}

/// A community with two members, of whom Ada is erased.
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
        let store = database.store(4);
        let (community, ada, bob) = (CommunityId::new(id()), UserId::new(id()), UserId::new(id()));
        let scene = Self { store, database, community, ada, bob };
        let community_created = FactKind::CommunityCreated { name: None };
        assert_eq!(
            scene.record([community_created, joined(ada, NAME), joined(bob, "Bob")]).await,
            [Applied; 3]
        );
        scene
    }

    async fn record(&self, kinds: impl IntoIterator<Item = FactKind>) -> Vec<Verdict> {
        let records: Vec<FactRecord> = kinds.into_iter().map(|kind| told(self.community, kind)).collect();
        record_facts(&self.store, &Fixed, &records).await.unwrap()
    }

    async fn erase(&self, user_id: UserId) -> Verdict {
        self.record([FactKind::MemberErased { user_id }]).await[0]
    }

    /// A fact of each kind that names Ada, in every part that she can have in it.
    fn facts_about_ada(&self) -> Vec<FactKind> {
        let (ada, bob) = (self.ada, self.bob);
        let (course_id, lesson_id) = (CourseId::new(id()), LessonId::new(id()));
        let (own, of_bob, comment) = (post(), post(), Content::Comment(CommentId::new(id())));
        vec![
            joined(ada, NAME),
            FactKind::MemberProfileChanged { user_id: ada, profile: profile(NAME) },
            FactKind::MemberRoleChanged { user_id: ada, role: Role::Admin },
            FactKind::ContentCreated { content: own, author_id: ada },
            FactKind::ContentCreated { content: comment, author_id: ada },
            FactKind::ContentLiked { content: of_bob, liker_id: ada, author_id: bob },
            FactKind::ContentLiked { content: own, liker_id: bob, author_id: ada },
            FactKind::ContentLiked { content: comment, liker_id: bob, author_id: ada },
            FactKind::ContentUnliked { content: comment, liker_id: bob, author_id: ada },
            FactKind::LessonCompleted { course_id, lesson_id, user_id: ada },
            adjusted(ada, bob, 100, &format!("for {NAME}")),
            adjusted(bob, ada, 3, "Organised the meetup"),
            FactKind::MemberLeft { user_id: ada },
        ]
    }

    /// All of them, but that she stays.
    async fn live(&self) {
        let mut facts = self.facts_about_ada();
        facts.pop();
        let deeds = facts.split_off(3);
        let known = self.record(facts).await;
        assert_eq!(known, [Duplicate, Duplicate, Applied], "she has joined, and the profile is hers");
        self.set_caps().await;
        let new = self.record(deeds).await;
        assert!(new.iter().all(|verdict| *verdict == Applied), "{new:?}");
    }

    /// Ada, who is an admin, sets caps that nobody meets: what is earned by her likes is counted.
    async fn set_caps(&self) {
        let mut draft = RulesDraft::from(&CommunityRules::default_for(self.community));
        for rule in &mut draft.rules {
            rule.daily_cap = CapDraft::Points(1_000_000);
            if rule.source == Some(PointSource::PostLiked) {
                rule.per_pair_daily_cap = CapDraft::Points(1_000_000);
            }
        }
        let update = RulesUpdate { draft, expected_versions: None };
        update_rules(&self.store, &Fixed, (self.community, self.ada), &update).await.unwrap();
    }

    async fn sweep(&self) {
        sweep_erasures(&self.store, &Fixed).await.unwrap();
    }

    /// Rows in which there is anything of Ada.
    async fn traces(&self) -> Vec<String> {
        traces(&self.database, self.ada.as_uuid(), &[NAME]).await
    }
}

/// Rows in which there is anything of a user with some names.
async fn traces(database: &TestDatabase, user_id: Uuid, names: &[&str]) -> Vec<String> {
    // Leaderboards keep the key of a name in their order, in bytes.
    let sort_name = |name: &str| SortName::of(DirectoryText::parse(name).ok().as_ref());
    let hex = |name: &str| sort_name(name).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let names = names.iter().flat_map(|name| [(*name).to_owned(), hex(name)]);
    let texts = names.chain([user_id.to_string(), user_id.simple().to_string()]);
    database.search(&texts.collect::<Vec<String>>()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_member_is_in_the_database_once_it_is_swept() {
    let scene = Scene::new().await;
    scene.live().await;
    project_all(&scene.store, &scene.database, NOW).await;
    assert!(scene.traces().await.len() > 10, "she is everywhere");
    assert_eq!(scene.erase(scene.ada).await, Applied);
    assert_verify_finds_nothing(scene.database.url());
    scene.sweep().await;
    assert_eq!(scene.traces().await, [""; 0]);
    assert_verify_finds_nothing(scene.database.url());
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM erased_members").await, 1);
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM erasures").await, 0);
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM erasure_sweeps").await, 0);
    // Posts, comment, lesson, the like that stands, an adjustment: numbers stay.
    let left = "SELECT SUM(total_points)::bigint FROM member_points WHERE NOT is_present";
    assert_eq!(scene.database.number(left).await, 2 + 1 + 1 + 5 + 100);
    let bob = "SELECT SUM(total_points)::bigint FROM member_points WHERE is_present";
    assert_eq!(scene.database.number(bob).await, 1 + 3);
    project_all(&scene.store, &scene.database, NOW).await;
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_counts_once_and_facts_about_the_erased_have_no_effect() {
    let scene = Scene::new().await;
    scene.live().await;
    let erased = || FactKind::MemberErased { user_id: scene.ada };
    assert_eq!(scene.record([erased(), erased()]).await, [Applied, Duplicate]);
    for swept in [false, true] {
        assert_eq!(scene.erase(scene.ada).await, Duplicate, "swept: {swept}");
        for fact in scene.facts_about_ada() {
            let verdict = scene.record([fact.clone()]).await;
            assert_eq!(verdict, [Ignored], "{fact:?}");
        }
        let beside = FactKind::ContentCreated { content: post(), author_id: scene.bob };
        let mut facts = scene.facts_about_ada();
        facts.push(beside);
        let verdicts = scene.record(facts).await;
        let (last, others) = verdicts.split_last().unwrap();
        assert_eq!(*last, Applied, "facts about others count");
        assert!(others.iter().all(|verdict| *verdict == Ignored), "{others:?}");
        scene.sweep().await;
        assert_eq!(scene.traces().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_never_heard_of_is_erased_as_well() {
    let scene = Scene::new().await;
    let stranger = UserId::new(id());
    assert_eq!(scene.erase(stranger).await, Applied);
    assert_eq!(scene.record([joined(stranger, "Eve")]).await, [Ignored]);
    assert_eq!(scene.erase(stranger).await, Duplicate);
    scene.sweep().await;
    assert_eq!(traces(&scene.database, stranger.as_uuid(), &[]).await, [""; 0]);
    // Another community knows nothing of it.
    let elsewhere = CommunityId::new(id());
    let record = told(elsewhere, joined(stranger, "Eve"));
    assert_eq!(record_facts(&scene.store, &Fixed, &[record]).await.unwrap(), [Applied]);
    let erased = told(elsewhere, FactKind::MemberErased { user_id: stranger });
    assert_eq!(record_facts(&scene.store, &Fixed, &[erased]).await.unwrap(), [Applied]);
    scene.sweep().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_before_an_erasure_in_a_list_counts_and_what_comes_behind_does_not() {
    let scene = Scene::new().await;
    let of = |author_id| FactKind::ContentCreated { content: post(), author_id };
    let erased = |user_id| FactKind::MemberErased { user_id };
    let (ada, bob) = (scene.ada, scene.bob);
    let facts = [of(ada), of(bob), erased(ada), of(ada), of(bob), erased(ada), erased(bob), of(bob)];
    let expected = [Applied, Applied, Applied, Ignored, Applied, Duplicate, Applied, Ignored];
    assert_eq!(scene.record(facts).await, expected);
    scene.sweep().await;
    let totals = "SELECT SUM(total_points)::bigint FROM member_points WHERE NOT is_present";
    assert_eq!(scene.database.number(totals).await, 2 + 4);
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_like_of_an_erased_members_content_is_taken_back_where_its_point_is() {
    let scene = Scene::new().await;
    let content = post();
    let like = FactKind::ContentLiked { content, liker_id: scene.bob, author_id: scene.ada };
    assert_eq!(scene.record([like]).await, [Applied]);
    assert_eq!(scene.erase(scene.ada).await, Applied);
    // The event names another author, and no sweep has been: the switch still has the old id.
    let (carol, liker_id) = (UserId::new(id()), scene.bob);
    let unlike = FactKind::ContentUnliked { content, liker_id, author_id: carol };
    let mut record = told(scene.community, unlike);
    record.metadata.time = Some(NOW);
    assert_eq!(record_facts(&scene.store, &Fixed, &[record]).await.unwrap(), [Applied]);
    let left = "SELECT SUM(total_points)::bigint FROM member_points WHERE NOT is_present";
    assert_eq!(scene.database.number(left).await, 0);
    scene.sweep().await;
    assert_eq!(scene.traces().await, [""; 0]);
    assert_verify_finds_nothing(scene.database.url());
}
