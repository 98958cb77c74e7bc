//! The service against the reference model: random histories end as [`gamification_tests::model`] says.

use std::collections::BTreeMap;

use gamification_tests::{
    Campaign, Launch, LevelWatch, Random, TestDatabase, TestServer, assert_verify_finds_nothing,
    model::{Entry, History, Model, Plan, Profile, WIDE_EDGES},
    reading_service_token,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tokio_postgres::Client;
use uuid::Uuid;

/// How many histories are sent side by side: all of them fit into one batch.
const ABREAST: u32 = 25;

/// A history that was sent, and what the model makes of it.
struct Told {
    history: History,
    model: Model,
}

impl Told {
    /// For messages: what was told, to be told again.
    fn story(&self) -> String {
        Value::from(self.history.events.clone()).to_string()
    }
}

/// What the service knows by now.
fn plan(now: OffsetDateTime) -> Plan {
    Plan { now, edges: WIDE_EDGES, profile_changes: true, adjustments: false, bad_clocks: true }
}

/// Sends histories in their order, in a few batches, each with a part of every history.
fn tell(server: &TestServer, random: &mut Random, histories: Vec<History>) -> Vec<Told> {
    let mut waiting: Vec<Vec<Value>> = histories.iter().map(|history| history.events.clone()).collect();
    let mut models: Vec<Model> = histories.iter().map(|history| Model::new(history.community_id)).collect();
    while waiting.iter().any(|events| !events.is_empty()) {
        let (mut batch, received_at) = (Vec::new(), OffsetDateTime::now_utc());
        for (events, model) in waiting.iter_mut().zip(&mut models) {
            // Often all of it.
            let size = events.len().min(random.below(60));
            for event in events.drain(..size) {
                model.apply(&event, received_at);
                batch.push(event);
            }
        }
        let answer = server.send_batch(&batch);
        assert_eq!((answer.status, &answer.body["rejected"]), (200, &json!(0)), "{answer:?}");
    }
    histories.into_iter().zip(models).map(|(history, model)| Told { history, model }).collect()
}

/// Looks at histories side by side: the server answers several requests in hardly more time than one.
fn for_each(told: &[Told], compare: impl Fn(&Told) + Sync) {
    const READERS: usize = 8;
    std::thread::scope(|scope| {
        for some in told.chunks(told.len().div_ceil(READERS)) {
            scope.spawn(|| some.iter().for_each(&compare));
        }
    });
}

/// Everybody's total and level, as services see them.
fn compare_totals(server: &TestServer, told: &Told) {
    let token = reading_service_token();
    for user_id in &told.history.users {
        let known = told.model.members().get(user_id).filter(|member| member.is_known());
        let path = format!("/api/communities/{}/members/{user_id}/level", told.history.community_id);
        let answer = server.get(&path, Some(&token));
        let found = (answer.status, &answer.body["total_points"], &answer.body["level"]);
        let expected = match known {
            Some(member) => (200, &json!(member.total()), &json!(member.level())),
            None => (404, &Value::Null, &Value::Null),
        };
        assert_eq!(found, expected, "{user_id} after {}", told.story());
    }
}

/// Who is a member, with which role and profile.
async fn compare_directories(database: &Client, told: &[Told]) {
    type Entry = (bool, String, Option<String>, Option<String>);
    let query =
        "SELECT community_id, user_id, is_present, role, display_name, avatar_url FROM community_members
                 WHERE community_id = ANY ($1)";
    let rows = database.query(query, &[&communities(told)]).await.unwrap();
    let found: BTreeMap<(Uuid, Uuid), Entry> = rows
        .iter()
        .map(|row| ((row.get(0), row.get(1)), (row.get(2), row.get(3), row.get(4), row.get(5))))
        .collect();
    for told in told {
        for (user_id, member) in told.model.members() {
            let found =
                found.get(&(told.history.community_id, *user_id)).filter(|(is_present, ..)| *is_present);
            let Profile { display_name, avatar_url, listed: _ } = member.profile().clone();
            let expected = (true, member.role().to_owned(), display_name, avatar_url);
            assert_eq!(found, member.is_present().then_some(&expected), "{user_id} after {}", told.story());
        }
    }
}

/// Everybody's entries, in the order in which they were written. What counts from its receipt counts from `now` here:
/// the moment of receipt itself is known to the server only.
async fn compare_ledgers(database: &Client, told: &[Told], now: OffsetDateTime) {
    type Line = (i64, String, Option<Uuid>, Uuid, OffsetDateTime);
    let query = "SELECT community_id, user_id, t.points::bigint, t.source, t.source_id, t.actor_id,
                        LEAST(t.occurred_at, $2)
                 FROM point_transactions t JOIN member_points m USING (community_id)
                 WHERE community_id = ANY ($1) AND t.member_points_id = m.id ORDER BY t.id";
    let mut found: BTreeMap<(Uuid, Uuid), Vec<Line>> = BTreeMap::new();
    for row in database.query(query, &[&communities(told), &now]).await.unwrap() {
        let line = (row.get(2), row.get(3), Some(row.get(4)), row.get(5), row.get(6));
        found.entry((row.get(0), row.get(1))).or_default().push(line);
    }
    let line = |entry: &Entry| {
        let Entry { points, source, source_id, actor_id, occurred_at, reason: _ } = entry;
        (*points, (*source).to_owned(), *source_id, *actor_id, (*occurred_at).min(now))
    };
    for told in told {
        for (user_id, member) in told.model.members() {
            let expected: Vec<Line> = member.entries().iter().map(line).collect();
            let found = found.remove(&(told.history.community_id, *user_id)).unwrap_or_default();
            assert_eq!(found, expected, "{user_id} after {}", told.story());
        }
    }
    assert!(found.is_empty(), "the model knows nothing of {found:?}");
}

fn communities(told: &[Told]) -> Vec<Uuid> {
    told.iter().map(|told| told.history.community_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_end_as_the_reference_model_says() {
    let campaign = Campaign::new("reference model", 500, 20_000);
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("RUST_LOG", "warn").serve();
    let (client, watch) = (database.client().await, LevelWatch::start(database.url()));
    for first in (0..campaign.rounds()).step_by(ABREAST as usize) {
        let mut random = campaign.random(u64::from(first));
        // In whole seconds, and past when the first event is received.
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap() - Duration::seconds(1);
        let histories = (0..ABREAST).map(|_| History::at_random(&mut random, plan(now))).collect();
        let told = tell(&server, &mut random, histories);
        for_each(&told, |told| compare_totals(&server, told));
        compare_directories(&client, &told).await;
        compare_ledgers(&client, &told, now).await;
    }
    watch.end();
    assert_verify_finds_nothing(database.url());
}
