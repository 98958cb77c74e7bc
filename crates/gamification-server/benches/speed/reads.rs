//! S4 to S6: what frontends ask for, beside plain lookups.

use std::time::{Duration, Instant};

use gamification_tests::{Launch, TestDatabase, TestServer, in_an_hour, signed, user_token};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    Community, load,
    table::{Run, latencies, percentile, rate, rates, times},
};

const CONNECTIONS: usize = 32;
const LOOKUPS: usize = 48_000;
const BADGES: usize = 50;
const CALLERS: usize = 1_000;
const ALONE: usize = 3_000;

/// Who is looked up, in a community that is served.
pub(crate) struct Reads<'a> {
    server: &'a TestServer,
    database: &'a TestDatabase,
    community: Uuid,
    token: String,
    users: Vec<Uuid>,
}

impl<'a> Reads<'a> {
    pub(crate) async fn new(
        server: &'a TestServer,
        database: &'a TestDatabase,
        (community, admin): Community,
    ) -> Self {
        let users = users(database, community).await;
        Self { server, database, community, token: user_token(admin), users }
    }

    fn user(&self, number: usize) -> Uuid {
        self.users[number * 7_919 % self.users.len()]
    }

    fn level(&self, number: usize, token: &str) -> load::Request {
        let (community, user) = (self.community, self.user(number));
        load::get(&format!("/api/communities/{community}/members/{user}/level"), token)
    }

    /// S4
    pub(crate) async fn levels(&self) {
        let service = spread(self.server, LOOKUPS, LOOKUPS, |number| self.level(number, &self.token)).await;
        let raw = raw_lookups(self.database, self.community, &self.users).await;
        rates("S4 GET member level, 32 connections (beside: prepared SELECT)", &service, raw);
    }

    /// S4b
    pub(crate) async fn levels_by_other_issuer(&self) {
        let (issuer, trusting) = Issuer::with_server(self.database);
        let exp = in_an_hour();
        let claims: Vec<Value> =
            (0..CALLERS).map(|number| json!({"sub": self.user(number), "exp": exp})).collect();
        let own_key: Vec<String> = claims.iter().map(|claims| issuer.sign(claims)).collect();
        let shared_secret: Vec<String> = claims.iter().map(signed).collect();
        let caller = |tokens: &[String], number: usize| self.level(number, &tokens[number % CALLERS]);
        let hs256 = spread(self.server, LOOKUPS, LOOKUPS, |number| caller(&shared_secret, number)).await;
        let es256 = spread(&trusting, LOOKUPS, LOOKUPS, |number| caller(&own_key, number)).await;
        rates("S4b … 1,000 callers with ES256 tokens (beside: with HS256 tokens)", &es256, hs256.rate());
    }

    /// S4c
    pub(crate) async fn level_alone(&self) {
        let alone: Vec<load::Request> = (0..ALONE).map(|number| self.level(number, &self.token)).collect();
        let service = load::send_alone(self.server, &alone).await;
        let beside = raw_lookups_alone(self.database, self.community, &self.users).await;
        latencies("S4c one lookup alone (beside: one SELECT alone), the medians", &service, &beside);
    }

    /// S5
    pub(crate) async fn badges(&self) {
        let badges = |number: usize| {
            let ids: Vec<String> =
                (0..BADGES).map(|place| self.user(number * BADGES + place).to_string()).collect();
            let (community, ids) = (self.community, ids.join(","));
            load::get(&format!("/api/communities/{community}/members/levels?user_ids={ids}"), &self.token)
        };
        let requests = LOOKUPS / BADGES * 4;
        let service = spread(self.server, requests * BADGES, requests, badges).await;
        let raw = raw_lookups(self.database, self.community, &self.users).await;
        rates("S5 GET badges, 50 a request (beside: fifty such SELECTs)", &service, raw);
    }
}

async fn users(database: &TestDatabase, community: Uuid) -> Vec<Uuid> {
    let query = "SELECT user_id FROM member_points WHERE community_id = $1";
    let rows = database.client().await.query(query, &[&community]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Sends requests over all connections; `number` is what the rate counts.
async fn spread(
    server: &TestServer,
    number: usize,
    requests: usize,
    request: impl Fn(usize) -> load::Request,
) -> Run {
    let requests: Vec<load::Request> = (0..requests).map(request).collect();
    let parts = requests.chunks(requests.len() / CONNECTIONS).map(<[_]>::to_vec).collect();
    load::send_all(server, number, parts).await
}

/// Signs as identity providers do: with a key of its own, whose public half the server trusts.
struct Issuer {
    key: EncodingKey,
}

impl Issuer {
    /// An issuer, and a server on the same database that trusts it.
    fn with_server(database: &TestDatabase) -> (Self, TestServer) {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        std::fs::write(&file, pair.public_key_pem()).unwrap();
        let server = Launch::bare()
            .env("DATABASE_URL", database.url())
            .env("GAMIFICATION_JWT_PUBLIC_KEY_FILE", &file)
            .without_log()
            .serve();
        (Self { key: EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap() }, server)
    }

    fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &self.key).unwrap()
    }
}

const LOOKUP: &str =
    "SELECT total_points, current_level FROM member_points WHERE community_id = $1 AND user_id = $2";

async fn raw_lookups_alone(database: &TestDatabase, community: Uuid, users: &[Uuid]) -> Vec<Duration> {
    let client = database.client().await;
    let statement = client.prepare(LOOKUP).await.unwrap();
    let mut times = Vec::with_capacity(ALONE);
    for number in 0..ALONE {
        let started = Instant::now();
        let user = users[number * 7_919 % users.len()];
        client.query_one(&statement, &[&community, &user]).await.unwrap();
        times.push(started.elapsed());
    }
    times
}

/// How many a second.
async fn raw_lookups(database: &TestDatabase, community: Uuid, users: &[Uuid]) -> f64 {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = database.client().await;
        let statement = client.prepare(LOOKUP).await.unwrap();
        clients.push((client, statement));
    }
    let started = Instant::now();
    let mut looking = JoinSet::new();
    for (connection, (client, statement)) in clients.into_iter().enumerate() {
        let users = users.to_vec();
        looking.spawn(async move {
            for number in (connection..LOOKUPS).step_by(CONNECTIONS) {
                let user = users[number * 7_919 % users.len()];
                client.query_one(&statement, &[&community, &user]).await.unwrap();
            }
        });
    }
    while let Some(looked) = looking.join_next().await {
        looked.expect("no connection panics");
    }
    rate(LOOKUPS, started.elapsed())
}

/// S6: the level grid of a large community beside that of a small one.
pub(crate) async fn distribution(server: &TestServer, small: Community, large: Community) {
    let grid = async |(community, admin): Community| {
        let request = load::get(&format!("/api/communities/{community}/levels"), &user_token(admin));
        load::send_alone(server, &vec![request.clone(); 200]).await;
        percentile(&load::send_alone(server, &vec![request; 2_000]).await, 50)
    };
    let (of_thousand, of_million) = (grid(small).await, grid(large).await);
    times("S6 GET levels, 1 million members (beside: 1 thousand), median", of_million, of_thousand);
}
