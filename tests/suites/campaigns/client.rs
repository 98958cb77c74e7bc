//! A platform that sends its events until they are acknowledged.

use std::{
    sync::{
        RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gamification_tests::{
    Random, block_until,
    event::{admin_joined, community_created, id, member_joined, post_created, post_like},
    service_token, user_token,
};
use serde_json::{Value, json};
use tokio_postgres::Client;
use ureq::{Agent, Body, http::Response};
use uuid::Uuid;

/// How long a request may wait before the campaign has found something. The server answers within 5 seconds; the rest
/// is for a machine that has other things to do.
pub(crate) const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Where the server is now; it moves when it is restarted.
pub(crate) struct Address(RwLock<String>);

impl Address {
    pub(crate) fn new(url: &str) -> Self {
        Self(RwLock::new(url.to_owned()))
    }

    pub(crate) fn set(&self, url: &str) {
        url.clone_into(&mut self.0.write().unwrap());
    }

    fn get(&self) -> String {
        self.0.read().unwrap().clone()
    }
}

/// Ends the clients of a campaign when it goes out of scope; after a failure, too, or they would be waited for for ever.
pub(crate) struct EndsClients<'a>(pub(crate) &'a AtomicBool);

impl Drop for EndsClients<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Answered 200, after the commit.
    Acknowledged,
    /// Answered 503 with `Retry-After`.
    Refused,
    /// Not answered: the connection failed.
    Lost,
}

pub(crate) fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).timeout_global(Some(ANSWERED_WITHIN)).build().into()
}

/// Sends a batch once, and gives how long that took.
pub(crate) fn send(agent: &Agent, address: &Address, events: &[Value]) -> (Sent, Duration) {
    let body = Value::from(events).to_string();
    let started = Instant::now();
    let answer = agent
        .post(format!("{}/api/events", address.get()))
        .header("content-type", "application/cloudevents-batch+json")
        .header("authorization", format!("Bearer {}", service_token()))
        .send(body);
    let took = started.elapsed();
    let sent = match answer {
        Err(ureq::Error::Timeout(_)) => panic!("a request hung for {ANSWERED_WITHIN:?}"),
        Err(_) => Sent::Lost,
        Ok(mut answer) => {
            let status = answer.status().as_u16();
            let has_retry_after = answer.headers().contains_key("retry-after");
            match (status, has_retry_after) {
                (200, _) => Sent::Acknowledged,
                (503, true) => Sent::Refused,
                _ => panic!("{status}: {:?}", answer.body_mut().read_to_string()),
            }
        }
    };
    (sent, took)
}

/// Sends a batch until it is acknowledged; gives how often, and the longest time that an answer took.
pub(crate) fn send_until_acknowledged(agent: &Agent, address: &Address, events: &[Value]) -> (u32, Duration) {
    let (mut times, mut longest) = (0, Duration::ZERO);
    block_until("a batch is acknowledged", || {
        let (sent, took) = send(agent, address, events);
        times += 1;
        longest = longest.max(took);
        sent == Sent::Acknowledged
    });
    (times, longest)
}

/// Reads something of a community as a member; a server that is away is no failure.
pub(crate) fn read(agent: &Agent, address: &Address, (community, member): (Uuid, Uuid), rest: &str) {
    let answer = agent
        .get(format!("{}/api/communities/{community}/{rest}", address.get()))
        .header("authorization", format!("Bearer {}", user_token(member)))
        .call();
    assert_answered(rest, answer);
}

/// Changes the thresholds of a community to multiples of `step`, as its admin.
pub(crate) fn set_thresholds(agent: &Agent, address: &Address, (community, admin): (Uuid, Uuid), step: i64) {
    let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * step});
    let body = json!({"levels": (1..=9).map(level).collect::<Vec<_>>()}).to_string();
    let answer = agent
        .put(format!("{}/api/communities/{community}/levels", address.get()))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", user_token(admin)))
        .send(body);
    assert_answered("levels", answer);
}

fn assert_answered(what: &str, answer: Result<Response<Body>, ureq::Error>) {
    match answer {
        Err(ureq::Error::Timeout(_)) => panic!("{what}: a request hung for {ANSWERED_WITHIN:?}"),
        Err(_) => {}
        Ok(answer) => assert!([200, 202, 409, 503].contains(&answer.status().as_u16()), "{what}: {answer:?}"),
    }
}

/// A member's events: posts, and likes that are given, taken back and given again. Each is worth something, so that a
/// lost or doubled one shows.
pub(crate) struct Workload {
    pub(crate) community: Uuid,
    pub(crate) members: Vec<Uuid>,
    /// Points that all events together are worth, for each member.
    expected: Vec<i64>,
}

impl Workload {
    pub(crate) fn new(members: usize) -> Self {
        let members: Vec<Uuid> = (0..members).map(|_| id()).collect();
        Self { community: id(), expected: vec![0; members.len()], members }
    }

    /// The events that make its community and its members known.
    pub(crate) fn directory(&self, admin: Uuid) -> Vec<Value> {
        let mut events = vec![community_created(self.community), admin_joined(self.community, admin)];
        events.extend(self.members.iter().map(|member| member_joined(self.community, *member)));
        events
    }

    /// A batch of some events, about any of the members.
    pub(crate) fn batch(&mut self, random: &mut Random, size: usize) -> Vec<Value> {
        (0..size).flat_map(|_| self.events(random)).collect()
    }

    fn events(&mut self, random: &mut Random) -> Vec<Value> {
        let (place, post) = (random.below(self.members.len()), id());
        let author = self.members[place];
        let like = |kind, minute, liker| post_like(kind, minute, self.community, post, liker, author);
        let (points, events) = match random.below(4) {
            0 | 1 => (2, vec![post_created(self.community, post, author)]),
            2 => (1, vec![like("PostLiked", 2, id())]),
            _ => {
                let liker = id();
                let kinds = [("PostLiked", 2), ("PostUnliked", 3), ("PostLiked", 4)];
                (1, kinds.map(|(kind, minute)| like(kind, minute, liker)).to_vec())
            }
        };
        self.expected[place] += points;
        events
    }

    /// Sees to it that every event counted exactly once.
    pub(crate) async fn check(&self, client: &Client) {
        let totals =
            "SELECT total_points::bigint FROM member_points WHERE community_id = $1 AND user_id = $2";
        for (member, expected) in self.members.iter().zip(&self.expected) {
            let row = client.query_opt(totals, &[&self.community, member]).await.unwrap();
            assert_eq!(row.map_or(0, |row| row.get::<_, i64>(0)), *expected, "lost or doubled");
        }
    }
}
