//! The service against the reference model: random histories end as [`gamification_tests::model`] says.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use gamification_app::{
    EventContent, IncomingEvent, Reader,
    commands::record_facts,
    ports::BoardPart,
    queries::{RankedMember, get_leaderboard},
};
use gamification_domain::{CommunityId, FactRecord, Leaderboard};
use gamification_events::read_batched;
use gamification_tests::{
    Answer, Campaign, Launch, LevelWatch, Random, TestDatabase, TestServer, adjusting_service_token,
    assert_verify_finds_nothing, block_until,
    model::{
        Adjustment, Board, EXACT_EDGES, Entry, History, HistoryLine, Member, Model, Plan, Profile, Request,
        Rules, Standing, WIDE_EDGES, Window,
    },
    reading_service_token, user_token,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::leaderboards::{Fixed, NOW, project_all};

/// How many histories are sent side by side.
const ABREAST: usize = 25;
/// How many events fit into one batch.
const BATCH: usize = 1_000;
/// How many histories are sent before they are looked at: boards follow after a while, which is waited for once.
const AT_ONCE: u32 = 500;
/// How many members of a board everybody sees, and how many of them on the widget.
const SHOWN: usize = 10;
const WIDGET: usize = 5;

/// A history that was sent, and what the model makes of it.
struct Told {
    history: History,
    model: Model,
    /// Requests to adjust points, each with the number of events before it and the answer's status.
    requests: Vec<(usize, Request, u16)>,
    /// Rules that were set, each with the number of events before it.
    rules: Vec<(usize, Rules)>,
}

impl Told {
    fn new(history: History) -> Self {
        Self { model: Model::new(history.community_id), history, requests: Vec::new(), rules: Vec::new() }
    }

    /// For messages: what was told, to be told again.
    fn story(&self) -> String {
        format!("{:?} and {:?} among {}", self.requests, self.rules, Value::from(self.history.events.clone()))
    }

    /// Whether rules change in its midst. What counts from its receipt is not told there: the model knows neither the moment
    /// nor, at midnight, the day.
    fn has_rules(&self) -> bool {
        !self.history.plan.bad_clocks
    }

    /// A number of its own, so that all parts of boards are looked at in some history.
    fn number(&self) -> usize {
        self.history.community_id.as_bytes()[0].into()
    }

    /// Lets an admin set rules after so many events; nothing where there is none.
    fn set_rules(&mut self, server: &TestServer, events: usize, rules: Rules) {
        let mut members = self.model.members().iter();
        let admin = members.find(|(_, member)| member.is_present() && member.role() == "ADMIN");
        if let Some((admin, _)) = admin {
            let path = format!("/api/communities/{}/rules", self.history.community_id);
            let answer = server.put(&path, *admin, &[], &rules.body());
            assert_eq!(answer.status, 200, "{answer:?} after {}", self.story());
            self.rules.push((events, rules.clone()));
            self.model.set_rules(rules);
        }
    }

    /// Sends a request to adjust points after so many events, and compares its answer; nothing where the community is
    /// not known yet.
    fn adjust(&mut self, server: &TestServer, events: usize, request: Request) {
        if !self.model.members().values().any(Member::is_known) {
            return;
        }
        let answer = ask_to_adjust(server, self.history.community_id, &request);
        self.requests.push((events, request.clone(), answer.status));
        let Request { key, adjustment } = request;
        let is_admin = adjustment.admin_id.is_none_or(|admin_id| {
            let admin = self.model.members().get(&admin_id);
            admin.is_some_and(|admin| admin.is_present() && admin.role() == "ADMIN")
        });
        let member = self.model.members().get(&adjustment.user_id).filter(|member| member.is_known());
        let expected = match member.map(|member| member.entries().len()) {
            _ if !is_admin => (403, None),
            None => (404, None),
            Some(entries) => {
                let line =
                    self.model.adjust(key, &adjustment, OffsetDateTime::now_utc()).as_ref().map(written);
                let is_new = self.model.members()[&adjustment.user_id].entries().len() > entries;
                let status = match (&line, is_new) {
                    (None, _) => 422,
                    (Some(_), true) => 201,
                    (Some(_), false) => 200,
                };
                (status, line)
            }
        };
        let found = (answer.status, expected.1.is_some().then(|| shown_line(&answer.body)));
        assert_eq!(found, expected, "{answer:?} to the last of {}", self.story());
    }
}

/// Sent again while the server has no time, as its answer says.
fn ask_to_adjust(server: &TestServer, community_id: Uuid, Request { key, adjustment }: &Request) -> Answer {
    let Adjustment { user_id, points, reason, admin_id } = adjustment;
    let path = format!("/api/communities/{community_id}/members/{user_id}/points/adjustments");
    let bearer = format!("Bearer {}", admin_id.map_or_else(adjusting_service_token, user_token));
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", *key)];
    let body = json!({"points": points, "reason": reason}).to_string();
    loop {
        let answer = server.post(&path, &headers, body.as_bytes());
        if answer.status != 503 {
            return answer;
        }
    }
}

/// What the service knows by now.
fn plan(now: OffsetDateTime, has_rules: bool) -> Plan {
    Plan {
        now,
        edges: WIDE_EDGES,
        profile_changes: true,
        adjustments: true,
        bad_clocks: !has_rules,
        midnights: has_rules,
    }
}

/// Sends histories in their order, in a few batches, each with a part of every history; between them, requests to adjust
/// points.
fn tell(server: &TestServer, random: &mut Random, histories: Vec<History>) -> Vec<Told> {
    let mut waiting: Vec<Vec<Value>> = histories.iter().map(|history| history.events.clone()).collect();
    let mut told: Vec<Told> = histories.into_iter().map(Told::new).collect();
    while waiting.iter().any(|events| !events.is_empty()) {
        let (mut batch, received_at) = (Vec::new(), OffsetDateTime::now_utc());
        for (events, told) in waiting.iter_mut().zip(&mut told) {
            // Often all of it.
            let size = events.len().min(random.below(60)).min(BATCH - batch.len());
            for event in events.drain(..size) {
                told.model.apply(&event, received_at);
                batch.push(event);
            }
        }
        let answer = server.send_batch(&batch);
        assert_eq!((answer.status, &answer.body["rejected"]), (200, &json!(0)), "{answer:?}");
        std::thread::scope(|scope| {
            for (events, told) in waiting.iter().zip(&mut told) {
                let requests: Vec<Request> =
                    (0..random.below(3)).map(|_| told.history.request(random)).collect();
                let rules = (told.has_rules() && random.below(2) == 0).then(|| Rules::at_random(random));
                let sent = told.history.events.len() - events.len();
                scope.spawn(move || {
                    rules.into_iter().for_each(|rules| told.set_rules(server, sent, rules));
                    requests.into_iter().for_each(|request| told.adjust(server, sent, request));
                });
            }
        });
    }
    told
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

/// A list that is read in pages of so many entries to its end, and the last answer.
fn pages(server: &TestServer, path: &str, limit: usize) -> (Vec<Value>, Answer) {
    let (token, mut entries, mut cursor) = (reading_service_token(), Vec::new(), String::new());
    let separator = if path.contains('?') { '&' } else { '?' };
    loop {
        let answer = server.get(&format!("{path}{separator}limit={limit}{cursor}"), Some(&token));
        let page = answer.body["entries"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
        entries.extend(page.iter().cloned());
        let Some(next) = answer.body["next_cursor"].as_str() else {
            assert!(page.len() <= limit, "{answer:?}");
            return (entries, answer);
        };
        assert_eq!(page.len(), limit, "{answer:?}");
        cursor = format!("&cursor={next}");
    }
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

/// An entry of the ledger, by what the model and the API both know of it.
fn written(HistoryLine { entry, total_after }: &HistoryLine<'_>) -> Value {
    let Entry { points, source, source_id, actor_id, occurred_at: _, is_capped, reason } = entry;
    json!([points, source, source_id, actor_id, reason, total_after, is_capped])
}

/// The same of an entry that the API shows.
fn shown_line(entry: &Value) -> Value {
    let fields = ["points", "source", "source_id", "actor_id", "reason", "total_after", "capped"];
    let mut line = fields.map(|field| entry[field].clone());
    let source_id = line[2].as_str().unwrap_or_else(|| panic!("{entry}")).parse().unwrap();
    line[2] = json!(told_id(source_id));
    line.to_vec().into()
}

/// The post, comment, lesson or adjustment; none for an adjustment that was asked for, whose id the service makes from the
/// key (a UUID of version 5).
fn told_id(source_id: Uuid) -> Option<Uuid> {
    (source_id.get_version_num() != 5).then_some(source_id)
}

/// Everybody's history, newest entry first, as services see it, in every second community page by page; and of the longest
/// one, what has the source of the oldest entry.
fn compare_histories(server: &TestServer, told: &Told) {
    let path = |user_id| format!("/api/communities/{}/members/{user_id}/points", told.history.community_id);
    let known: Vec<Uuid> =
        told.model.members().iter().filter(|(_, member)| member.is_known()).map(|(id, _)| *id).collect();
    for user_id in &known {
        let limit = [3, 100][told.number() % 2];
        let (found, _) = pages(server, &path(user_id), limit);
        let found: Vec<Value> = found.iter().map(shown_line).collect();
        let expected: Vec<Value> = told.model.history(*user_id).iter().map(written).collect();
        assert_eq!(found, expected, "{user_id} after {}", told.story());
    }
    let longest = known.iter().max_by_key(|user_id| told.model.history(**user_id).len());
    let lines = longest.map(|user_id| told.model.history(*user_id)).unwrap_or_default();
    if let (Some(user_id), Some(oldest)) = (longest, lines.last()) {
        let source = oldest.entry.source;
        let (found, _) = pages(server, &format!("{}?source={source}", path(user_id)), 2);
        let found: Vec<Value> = found.iter().map(shown_line).collect();
        let expected: Vec<Value> =
            lines.iter().filter(|line| line.entry.source == source).map(written).collect();
        assert_eq!(found, expected, "{source} of {user_id} after {}", told.story());
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

/// What the boards show to services, to members who are not listed, and to some who are: the first, the two between whom
/// the board that everybody sees ends, and the last behind it.
fn compare_boards(server: &TestServer, told: &Told) {
    let path = format!("/api/communities/{}/leaderboards", told.history.community_id);
    let Board { entries, unlisted } = told.model.board(Window::AllTime, OffsetDateTime::now_utc());
    let mut listed = vec![0, SHOWN - 1, SHOWN, entries.len().saturating_sub(1).max(SHOWN)];
    listed.dedup();
    let listed = listed.iter().filter_map(|place| entries.get(*place));
    let members = listed.chain(&unlisted).map(|standing| standing.user_id);
    for caller in iter::once(None).chain(members.map(Some)) {
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

/// The widget; one board in pages; and the surroundings of one of its members.
fn compare_parts_of_boards(server: &TestServer, told: &Told) {
    const LIMIT: usize = 3;
    const RADIUS: usize = 2;
    let path = format!("/api/communities/{}/leaderboards", told.history.community_id);
    let widget = server.get(&format!("{path}/widget"), Some(&reading_service_token()));
    let board = told.model.board(Window::ThirtyDay, last_updated(&widget));
    let expected: Value = board.entries.iter().take(WIDGET).map(shown).collect();
    assert_eq!(widget.body["entries"], expected, "the widget after {}", told.story());

    let window = Window::ALL[told.number() % Window::ALL.len()];
    let path = format!("{path}/{}", window.name());
    let (found, last) = pages(server, &path, LIMIT);
    let board = told.model.board(window, last_updated(&last));
    let expected: Vec<Value> = board.entries.iter().map(shown).collect();
    assert_eq!(found, expected, "{path} in pages after {}", told.story());

    if board.entries.is_empty() {
        return;
    }
    let place = told.number() % board.entries.len();
    let around = board.entries[place].user_id;
    let answer =
        server.get(&format!("{path}?around={around}&radius={RADIUS}"), Some(&reading_service_token()));
    let last = board.entries.len().min(place + RADIUS + 1);
    let found = [&answer.body["entries"], &answer.body["total_members"], &answer.body["next_cursor"]];
    let surroundings = &expected[place.saturating_sub(RADIUS)..last];
    let expected = [&json!(surroundings), &json!(board.entries.len()), &Value::Null];
    assert_eq!(found, expected, "{path} around {around} after {}", told.story());
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
    type Line = (i64, String, Option<Uuid>, Option<Uuid>, OffsetDateTime);
    let query = "SELECT community_id, user_id, t.points::bigint, t.source, t.source_id, t.actor_id,
                        LEAST(t.occurred_at, $2)
                 FROM point_transactions t JOIN member_points m USING (community_id)
                 WHERE community_id = ANY ($1) AND t.member_points_id = m.id ORDER BY t.id";
    let mut found: BTreeMap<(Uuid, Uuid), Vec<Line>> = BTreeMap::new();
    for row in database.query(query, &[&communities(told), &now]).await.unwrap() {
        // A service that adjusts points is nobody.
        let actor_id = Some(row.get(5)).filter(|actor_id: &Uuid| !actor_id.is_nil());
        let line = (row.get(2), row.get(3), told_id(row.get(4)), actor_id, row.get(6));
        found.entry((row.get(0), row.get(1))).or_default().push(line);
    }
    let line = |entry: &Entry| {
        let Entry { points, source, source_id, actor_id, occurred_at, is_capped: _, reason: _ } = entry;
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
            let histories = (0..ABREAST)
                .map(|_| {
                    let has_rules = random.below(2) == 0;
                    History::at_random(&mut random, plan(now, has_rules))
                })
                .collect();
            told.extend(tell(&server, &mut random, histories));
        }
        let told_at = OffsetDateTime::now_utc();
        for_each(&told, |told| compare_totals(&server, told));
        for_each(&told, |told| compare_histories(&server, told));
        compare_directories(&client, &told).await;
        compare_ledgers(&client, &told, now).await;
        wait_for_boards(&server, told[0].history.community_id, told_at);
        for_each(&told, |told| compare_boards(&server, told));
        for_each(&told, |told| compare_parts_of_boards(&server, told));
        let statuses: BTreeSet<u16> =
            told.iter().flat_map(|told| &told.requests).map(|(_, _, status)| *status).collect();
        assert_eq!(statuses, [200, 201, 403, 404, 422].into(), "requests to adjust points");
        let boards = told.iter().map(|told| told.model.board(Window::AllTime, now).entries.len());
        assert!(boards.max() > Some(SHOWN), "nobody is beyond those who are shown");
    }
    watch.end();
    assert_verify_finds_nothing(database.url());
}

/// Facts as the events tell them, received at [`NOW`].
fn facts(history: &History) -> Vec<FactRecord> {
    let payload = Value::from(history.events.clone()).to_string();
    let events = read_batched(payload.as_bytes(), NOW).unwrap();
    let fact = |event: IncomingEvent| match event.content {
        EventContent::Fact(fact) => fact,
        other => panic!("{other:?}"),
    };
    events.into_iter().map(fact).collect()
}

/// By a clock that the test moves, so that boards are compared where windows end, to the second.
#[tokio::test(flavor = "multi_thread")]
async fn windows_of_random_histories_end_as_the_reference_model_says_to_the_second() {
    let campaign = Campaign::new("reference model, windows", 60, 3_000);
    let (database, mut random) = (TestDatabase::migrated().await, campaign.random(0));
    let store = database.store(2);
    let plan = Plan {
        now: NOW,
        edges: EXACT_EDGES,
        profile_changes: true,
        adjustments: true,
        bad_clocks: true,
        midnights: false,
    };
    let mut told = Vec::new();
    for _ in 0..campaign.rounds() {
        let history = History::at_random(&mut random, plan);
        record_facts(&store, &Fixed, &facts(&history)).await.unwrap();
        told.push((history.fold(NOW), history));
    }
    for seconds in 0..=2 {
        let now = NOW + Duration::seconds(seconds);
        project_all(&store, &database, now).await;
        for (model, history) in &told {
            let community_id = CommunityId::new(history.community_id);
            for (window, leaderboard) in Window::ALL.into_iter().zip(Leaderboard::ALL) {
                let part = BoardPart::Top(100);
                let boards = get_leaderboard(&store, community_id, Reader::Service, leaderboard, &part).await;
                let found: Vec<Standing> =
                    boards.unwrap().boards.swap_remove(0).entries.into_iter().map(standing).collect();
                let expected = model.board(window, now).entries;
                assert_eq!(found, expected, "{} after {seconds} s and {history:?}", window.name());
            }
        }
    }
}

fn standing(member: RankedMember) -> Standing {
    let RankedMember { rank, user_id, display_name, avatar_url, level, points } = member;
    Standing {
        rank: rank.try_into().unwrap(),
        user_id: user_id.as_uuid(),
        display_name,
        avatar_url,
        level: level.get(),
        points,
    }
}
