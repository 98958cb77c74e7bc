//! Facts of a store that lies on several machines: a PostgreSQL that says so. Those of each machine are recorded apart, and
//! nobody sees it but by how many transactions there are.

use std::collections::{BTreeSet, HashMap};

use futures_util::{FutureExt, future::join_all};
use gamification_app::{
    FactQueue, RecordError, System,
    ports::{Partition, Store, StoreError},
};
use gamification_domain::{
    CommunityId, Content, CourseId, CourseListing, EventId, EventMetadata, Fact, FactKind, FactRecord,
    LessonId, PostId, Profile, Role, UserId, Verdict,
};
use gamification_pg::{PgStore, PgTx};
use gamification_tests::{Campaign, Random, TestDatabase, event::id, skipped_on_citus, until};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A database for these tests; on Citus there is none, as communities are where Citus has put them.
async fn database() -> Option<TestDatabase> {
    if skipped_on_citus("what a store is told of its machines is not true there") {
        return None;
    }
    Some(TestDatabase::migrated().await)
}

/// How many machines the store says that it lies on.
const PARTITIONS: usize = 8;

/// A store in which a community's machine follows from its id.
#[derive(Clone)]
struct Partitioned(PgStore);

impl Store for Partitioned {
    type Tx = PgTx;

    async fn begin(&self) -> Result<PgTx, StoreError> {
        self.0.begin().await
    }

    fn is_partitioned(&self) -> bool {
        true
    }

    async fn partitions(
        &self,
        communities: &BTreeSet<CommunityId>,
    ) -> Result<HashMap<CommunityId, Partition>, StoreError> {
        Ok(communities.iter().map(|community| (*community, partition(*community))).collect())
    }

    fn transactions_at_once(&self) -> std::num::NonZeroUsize {
        self.0.transactions_at_once()
    }
}

fn partition(community_id: CommunityId) -> Partition {
    let [.., last] = community_id.as_uuid().into_bytes();
    Partition(u64::from(last) % PARTITIONS as u64)
}

/// Communities, the same number in each partition.
fn communities(in_each: usize) -> Vec<CommunityId> {
    let mut communities: HashMap<Partition, Vec<CommunityId>> = HashMap::new();
    while communities.values().map(Vec::len).sum::<usize>() < in_each * PARTITIONS {
        let community = CommunityId::new(id());
        let others = communities.entry(partition(community)).or_default();
        if others.len() < in_each {
            others.push(community);
        }
    }
    communities.into_values().flatten().collect()
}

fn record(fact: Fact) -> FactRecord {
    let now = OffsetDateTime::now_utc();
    let event_id = EventId::parse(&id().to_string()).unwrap();
    FactRecord {
        fact,
        metadata: EventMetadata { event_id, sequence: None, time: Some(now), received_at: now },
    }
}

fn post(community: CommunityId, post: Uuid, author: Uuid) -> FactRecord {
    let (content, author_id) = (Content::Post(PostId::new(post)), UserId::new(author));
    record(Fact::new(community, FactKind::ContentCreated { content, author_id }))
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_in_the_order_of_the_facts_and_a_transaction_has_those_of_one_partition() {
    let Some(database) = database().await else { return };
    let (queue, _workers) = FactQueue::start(&Partitioned(database.store(8)), &System);
    let (communities, author) = (communities(3), id());
    let facts = |number: usize| {
        let of =
            |number: usize| (communities[number * 7 % communities.len()], Uuid::from_u128(number as u128));
        (0..number)
            .map(move |number| of(number / 2))
            .map(move |(community, content)| post(community, content, author))
    };
    let recorded = queue.record(facts(400).collect()).await;
    // Each post comes twice.
    let expected: Vec<_> =
        (0..400).map(|number| [Verdict::Applied, Verdict::Duplicate][number % 2]).map(Ok).collect();
    assert_eq!(recorded, expected);
    let entries = "SELECT xid, community_id FROM point_transactions";
    let mut transactions: HashMap<i64, BTreeSet<Partition>> = HashMap::new();
    for row in database.client().await.query(entries, &[]).await.unwrap() {
        transactions.entry(row.get(0)).or_default().insert(partition(CommunityId::new(row.get(1))));
    }
    assert_eq!(transactions.len(), PARTITIONS);
    assert!(transactions.values().all(|partitions| partitions.len() == 1), "{transactions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_one_partition_are_recorded_in_one_transaction() {
    let Some(database) = database().await else { return };
    let (queue, _workers) = FactQueue::start(&Partitioned(database.store(8)), &System);
    let (community, other) = (communities(1)[0], communities(1)[0]);
    let same = |of: &CommunityId| partition(*of) == partition(community);
    let communities: Vec<CommunityId> =
        communities(4).into_iter().chain([community, other]).filter(same).collect();
    let facts = communities.iter().map(|community| post(*community, id(), id())).collect();
    let recorded = queue.record(facts).await;
    assert_eq!(recorded, vec![Ok(Verdict::Applied); communities.len()]);
    assert_eq!(database.number("SELECT COUNT(DISTINCT xid) FROM point_transactions").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_in_a_partition_is_no_matter_of_the_others() {
    let Some(database) = database().await else { return };
    let (queue, _workers) = FactQueue::start(&Partitioned(database.store(8)), &System);
    let (communities, poison, held) = (communities(1), id(), id());
    let trap = format!(
        "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF NEW.source_id = '{poison}' THEN RAISE EXCEPTION 'no such thing'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER trap BEFORE INSERT ON point_transactions FOR EACH ROW EXECUTE FUNCTION trap()"
    );
    let mut client = database.client().await;
    client.batch_execute(&trap).await.unwrap();
    assert_eq!(queue.record(vec![post(communities[1], id(), held)]).await, [Ok(Verdict::Applied)]);
    let holder = client.transaction().await.unwrap();
    holder.execute("SELECT FROM member_points WHERE user_id = $1 FOR UPDATE", &[&held]).await.unwrap();

    let mut facts = vec![post(communities[0], poison, id()), post(communities[1], id(), held)];
    facts.extend(communities.iter().map(|community| post(*community, id(), id())));
    let mut expected = vec![Ok(Verdict::Applied); facts.len()];
    expected[0] = Err(RecordError::Internal);
    expected[1] = Err(RecordError::Unavailable);
    let recorded = queue.record(facts).await;
    // The fact behind the one that waits may have had no time left.
    let (of_held, others): (Vec<usize>, Vec<usize>) = (0..recorded.len()).partition(|place| *place == 3);
    assert!(
        of_held
            .iter()
            .all(|place| matches!(recorded[*place], Ok(Verdict::Applied) | Err(RecordError::Unavailable)))
    );
    for place in others {
        assert_eq!(recorded[place], expected[place], "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_take_at_most_half_of_the_pool() {
    let Some(database) = database().await else { return };
    let store = database.store(6);
    let (queue, _workers) = FactQueue::start(&Partitioned(store.clone()), &System);
    let mut client = database.client().await;
    let watch = database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
    // Two callers, so that both workers have something to do.
    let batch = || communities(2).into_iter().map(|community| post(community, id(), id())).collect();
    let mut recording = join_all([queue.record(batch()), queue.record(batch())]);
    assert!((&mut recording).now_or_never().is_none(), "they wait for the lock");
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'";
    let number = async || watch.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0);
    until("as many wait as may", async || number().await == 3).await;
    for _ in 0..20 {
        assert!(number().await <= 3);
    }
    let tx = store.begin().await;
    assert!(tx.is_ok(), "others find a connection");
    drop(tx);
    blocker.rollback().await.unwrap();
    for recorded in recording.await {
        assert_eq!(recorded, vec![Ok(Verdict::Applied); 2 * PARTITIONS]);
    }
}

/// What there is, but for ids of users: those of who was erased are random.
async fn outcome(database: &TestDatabase) -> Vec<String> {
    let client = database.client().await;
    let mut lines = Vec::new();
    for query in [
        "SELECT format('%s %s %s %s', community_id, total_points, current_level, is_present) FROM member_points",
        "SELECT format('%s %s %s', community_id, level, members) FROM level_counts WHERE members > 0",
        "SELECT format('%s %s %s', community_id, content_id, author_id IS NULL) FROM like_switches",
        "SELECT format('%s %s %s %s', community_id, source, source_id, points) FROM point_transactions",
        "SELECT format('%s %s %s', community_id, user_id, is_present) FROM community_members",
    ] {
        lines.extend(client.query(query, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    lines.sort();
    lines
}

/// Random facts of some communities; a few contents, users, courses and lessons of each, so that they meet.
fn history(mut random: Random, communities: &[CommunityId], length: usize) -> Vec<FactRecord> {
    let began = OffsetDateTime::now_utc() - Duration::HOUR;
    let mut fact = |number: usize| {
        let place = random.below(communities.len());
        let community = communities[place];
        let mut of = |kind: usize, limit: usize| {
            Uuid::from_u128(((place << 16) + (kind << 8) + random.below(limit)) as u128 + 1)
        };
        let (user, other, post) = (UserId::new(of(0, 4)), UserId::new(of(0, 4)), of(1, 6));
        let (course_id, lesson_id) = (CourseId::new(of(2, 2)), LessonId::new(of(3, 4)));
        let content = Content::Post(PostId::new(post));
        let kind = match random.below(8) {
            0 => FactKind::MemberJoined { user_id: user, role: Role::Member, profile: Profile::default() },
            1 => FactKind::MemberLeft { user_id: user },
            2 => FactKind::ContentCreated { content, author_id: user },
            3 => FactKind::ContentLiked { content, liker_id: user, author_id: other },
            4 => FactKind::ContentUnliked { content, liker_id: user, author_id: other },
            5 => FactKind::CourseCreated { course_id, listing: CourseListing { title: None } },
            6 => FactKind::MemberErased { user_id: user },
            _ => FactKind::LessonCompleted { course_id, lesson_id, user_id: user },
        };
        let names_none = matches!(kind, FactKind::LessonCompleted { .. }) && random.below(2) == 0;
        let mut record = record(Fact::new(community, kind));
        record.fact.community_id = record.fact.community_id.filter(|_| !names_none);
        record.metadata.time = Some(began + Duration::seconds(i64::try_from(number).unwrap()));
        record
    };
    (0..length).map(&mut fact).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_several_partitions_ends_where_its_facts_one_by_one_end() {
    let campaign = Campaign::new("partitions", 2, 200);
    for round in 0..campaign.rounds() {
        let (Some(grouped), Some(alone)) = (database().await, database().await) else { return };
        let (in_groups, _workers) = FactQueue::start(&Partitioned(grouped.store(8)), &System);
        let (one_by_one, _others) = FactQueue::start(&alone.store(2), &System);
        let history = history(campaign.random(u64::from(round)), &communities(1), 300);
        let mut expected = Vec::new();
        for record in &history {
            expected.extend(one_by_one.record(vec![record.clone()]).await);
        }
        let recorded = in_groups.record(history).await;
        assert_eq!(recorded, expected);
        assert_eq!(outcome(&grouped).await, outcome(&alone).await);
    }
}
