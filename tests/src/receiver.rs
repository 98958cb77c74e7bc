//! A receiver of the webhook, which may be slow, failing or away.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::{StatusCode, header::HeaderMap},
    web::{Bytes, Data, PayloadConfig, post, to},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{TestDatabase, until};

/// A key for the webhook's signatures.
pub const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a receiver answers to an event that it gets.
type Behaviour = dyn Fn(&Value) -> Reaction + Send + Sync;

/// An answer, and when.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    /// Its status.
    pub status: u16,
    /// How long it takes.
    pub delay: Duration,
}

impl Reaction {
    /// Taken at once.
    pub const TAKEN: Self = Self { status: 204, delay: Duration::ZERO };
    /// Refused at once.
    pub const REFUSED: Self = Self { status: 500, delay: Duration::ZERO };
}

/// A request that came, and whether it was taken.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The event.
    pub event: Value,
    /// Its bytes.
    pub body: Bytes,
    /// The request's headers.
    pub headers: Vec<(String, String)>,
    /// Whether the answer was a good one.
    pub taken: bool,
}

impl Delivery {
    /// One header.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Community and member.
    #[must_use]
    pub fn member(&self) -> (Uuid, Uuid) {
        let id = |name: &str| self.event["data"][name].as_str().unwrap().parse().unwrap();
        (id("community_id"), id("member_id"))
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.event["id"].as_str().unwrap().parse().unwrap()
    }
}

type Deliveries = Arc<Mutex<Vec<Delivery>>>;

/// Receives until it is dropped.
pub struct Receiver {
    address: SocketAddr,
    deliveries: Deliveries,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

struct State {
    deliveries: Deliveries,
    behaviour: Box<Behaviour>,
}

impl Receiver {
    /// On a free port.
    #[must_use]
    pub fn start(behaviour: impl Fn(&Value) -> Reaction + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), behaviour)
    }

    /// On a port that is known.
    #[must_use]
    pub fn start_at(
        address: SocketAddr,
        behaviour: impl Fn(&Value) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let deliveries = Deliveries::default();
        let state = Data::new(State { deliveries: Arc::clone(&deliveries), behaviour: Box::new(behaviour) });
        let (sender, started) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(PayloadConfig::new(1 << 20))
                        .app_data(state.clone())
                        .route("/hooks", post().to(receive))
                        .default_service(to(HttpResponse::NotFound))
                })
                .workers(1)
                .shutdown_timeout(0)
                .disable_signals()
                .bind(address)
                .expect("the receiver's port is free");
                let address = server.addrs()[0];
                let server = server.run();
                sender.send((address, server.handle())).expect("the test waits");
                server.await.expect("the receiver runs");
            });
        });
        let (address, server) = started.recv().expect("the receiver starts");
        Self { address, deliveries, server, thread: Some(thread) }
    }

    /// An address where nobody listens yet.
    #[must_use]
    pub fn free_address() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
    }

    /// What the webhook is told.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// Everything that came so far.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub async fn wait_for(&self, number: usize) {
        let what = format!("{number} deliveries come");
        until(&what, async || self.deliveries.lock().unwrap().len() >= number).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // What is asked for is sent at once; the answer is not needed.
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn receive(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let event: Value = serde_json::from_slice(&body).expect("an event is JSON");
    let Reaction { status, delay } = (state.behaviour)(&event);
    let status = StatusCode::from_u16(status).expect("a status");
    let delivery = Delivery { event, body, headers: texts(request.headers()), taken: status.is_success() };
    state.deliveries.lock().unwrap().push(delivery);
    actix_web::rt::time::sleep(delay).await;
    HttpResponse::new(status)
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Waits until no channel has anything to deliver, and sees to it that all that is in the outbox was taken: each member's
/// events in order, and what came again under the same id and with the same words.
pub async fn assert_everything_was_told(database: &TestDatabase, deliveries: impl Fn() -> Vec<Delivery>) {
    let is_registered = database.number("SELECT COUNT(*) FROM channels WHERE name = 'webhook'").await;
    assert_eq!(is_registered, 1, "a server with a webhook registers its channel before it serves");
    let pending = "SELECT COUNT(*) FROM deliveries";
    until("nothing is pending", async || database.number(pending).await == 0).await;
    let written = database
        .client()
        .await
        .query("SELECT community_id, member_id, event_id FROM outbox ORDER BY sequence", &[])
        .await
        .unwrap();
    let written: Vec<((Uuid, Uuid), Uuid)> =
        written.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    let mut told: Vec<Delivery> = Vec::new();
    for delivery in deliveries().into_iter().filter(|delivery| delivery.taken) {
        match told.iter().find(|known| known.id() == delivery.id()) {
            Some(known) => assert_eq!(known.body, delivery.body, "the same event is told in the same words"),
            None => told.push(delivery),
        }
    }
    let in_order = |mut events: Vec<((Uuid, Uuid), Uuid)>| {
        // Stable: of each member, in the order they came.
        events.sort_by_key(|(member, _)| *member);
        events
    };
    let told: Vec<_> = told.iter().map(|delivery| (delivery.member(), delivery.id())).collect();
    assert_eq!(in_order(told), in_order(written));
}
