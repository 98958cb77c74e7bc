//! The service against the reference model: random histories end as [`gamification_tests::model`] says.

use std::{collections::BTreeMap, iter};

use gamification_tests::{
    Answer, Campaign, Launch, LevelWatch, Random, TestDatabase, TestServer, assert_verify_finds_nothing,
    block_until,
    model::{Entry, History, HistoryLine, Model, Plan, Profile, Standing, WIDE_EDGES, Window},
    reading_service_token, user_token,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use tokio_postgres::Client;
use uuid::Uuid;

/// How many histories are sent side by side: all of them fit into one batch.
const ABREAST: usize = 25;
/// How many histories are sent before they are looked at: boards follow after a while, which is waited for once.
const AT_ONCE: u32 = 500;
/// How many members of a board everybody sees.
const SHOWN: usize = 10;

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
    Plan { now, edges: WIDE_EDGES, profile_changes: true, adjustments: true, bad_clocks: true }
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

/// Everybody's history, newest entry first, as services see it.
fn compare_histories(server: &TestServer, told: &Told) {
    let token = reading_service_token();
    let known = told.model.members().iter().filter(|(_, member)| member.is_known());
    for (user_id, _) in known {
        let path =
            format!("/api/communities/{}/members/{user_id}/points?limit=100", told.history.community_id);
        let answer = server.get(&path, Some(&token));
        let entries = answer.body["entries"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
        let fields = ["points", "source", "source_id", "actor_id", "reason", "total_after"];
        let found: Vec<Vec<&Value>> =
            entries.iter().map(|entry| fields.map(|field| &entry[field]).to_vec()).collect();
        let expected: Vec<Value> = told
            .model
            .history(*user_id)
            .iter()
            .map(|HistoryLine { entry, total_after }| {
                let Entry { points, source, source_id, actor_id, occurred_at: _, reason } = entry;
                json!([points, source, source_id, actor_id, reason, total_after])
            })
            .collect();
        assert_eq!(json!(found), json!(expected), "{user_id} after {}", told.story());
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

/// What the boards show to services, and to members who are not listed.
fn compare_boards(server: &TestServer, told: &Told) {
    let path = format!("/api/communities/{}/leaderboards", told.history.community_id);
    let present = told.model.members().iter().filter(|(_, member)| member.is_present());
    let unlisted = present.filter(|(_, member)| !member.profile().listed).map(|(user_id, _)| *user_id);
    for caller in iter::once(None).chain(unlisted.map(Some)) {
        let answer = server.get(&path, Some(&caller.map_or_else(reading_service_token, user_token)));
        assert_eq!(answer.status, 200, "{answer:?}");
        for window in Window::ALL {
            let board = told.model.board(window, last_updated(&answer));
            let entries: Value = board.entries.iter().take(SHOWN).map(shown).collect();
            let your_rank = caller.and_then(|user_id| board.your_rank(user_id, SHOWN)).map(shown);
            let found = &answer.body[window.name()];
            let expected =
                json!({"entries": entries, "your_rank": your_rank, "total_members": board.entries.len()});
            assert_eq!(*found, expected, "{} for {caller:?} after {}", window.name(), told.story());
        }
    }
}

fn shown(standing: &Standing) -> Value {
    let Standing { rank, user_id, display_name, avatar_url, level, points } = standing;
    json!({
        "rank": rank, "user_id": user_id, "display_name": display_name, "avatar_url": avatar_url, "level": level,
        "points": points,
    })
}

/// Up to when boards know what was told.
fn last_updated(boards: &Answer) -> OffsetDateTime {
    OffsetDateTime::parse(boards.body["last_updated"].as_str().unwrap(), &Rfc3339).unwrap()
}

fn wait_for_boards(server: &TestServer, community_id: Uuid, told_at: OffsetDateTime) {
    let (path, token) = (format!("/api/communities/{community_id}/leaderboards"), reading_service_token());
    block_until("the boards have followed", || {
        let answer = server.get(&path, Some(&token));
        answer.status == 200 && last_updated(&answer) >= told_at
    });
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
    for first in (0..campaign.rounds()).step_by(AT_ONCE as usize) {
        let mut random = campaign.random(u64::from(first));
        // In whole seconds, and past when the first event is received.
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap() - Duration::seconds(1);
        let mut told = Vec::new();
        while told.len() < AT_ONCE as usize {
            let histories = (0..ABREAST).map(|_| History::at_random(&mut random, plan(now))).collect();
            told.extend(tell(&server, &mut random, histories));
        }
        let told_at = OffsetDateTime::now_utc();
        for_each(&told, |told| compare_totals(&server, told));
        for_each(&told, |told| compare_histories(&server, told));
        compare_directories(&client, &told).await;
        compare_ledgers(&client, &told, now).await;
        wait_for_boards(&server, told[0].history.community_id, told_at);
        for_each(&told, |told| compare_boards(&server, told));
    }
    watch.end();
    assert_verify_finds_nothing(database.url());
}
