//! A load generator that costs little itself: requests made beforehand, on connections that stay open.

use std::time::{Duration, Instant};

use gamification_tests::{TestServer, service_token};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::table::Run;

/// One request, as bytes.
pub(crate) type Request = Vec<u8>;

/// A connection that is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(server: &TestServer) -> Self {
        let address = server.url().trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("an option that exists");
        Self { stream, answer: Vec::new() }
    }

    /// Sends a request, and reads its answer to the end; it must be a 200.
    pub(crate) async fn send(&mut self, request: &Request) {
        self.stream.write_all(request).await.expect("the server reads");
        self.answer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.answer).await.expect("the server answers");
            assert!(read > 0, "the server hung up");
            if let Some(head) = find(&self.answer, b"\r\n\r\n") {
                let length = content_length(&self.answer[..head]);
                if self.answer.len() >= head + 4 + length {
                    break;
                }
            }
        }
        assert!(self.answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&self.answer));
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn content_length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).expect("a head is ASCII").to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.expect("answers tell their length").trim().parse().expect("a number")
}

/// `POST /api/events` with one event.
pub(crate) fn post_event(event: &Value) -> Request {
    post("application/cloudevents+json", event)
}

/// `POST /api/events` with a batch.
pub(crate) fn post_batch(events: &[Value]) -> Request {
    post("application/cloudevents-batch+json", &Value::from(events))
}

fn post(content_type: &str, body: &Value) -> Request {
    let body = body.to_string();
    format!(
        "POST /api/events HTTP/1.1\r\nhost: bench\r\ncontent-type: {content_type}\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        service_token(),
        body.len()
    )
    .into_bytes()
}

/// `GET` as a user.
pub(crate) fn get(path: &str, token: &str) -> Request {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// Sends everything, each part on a connection of its own. What the rate counts is `number`.
pub(crate) async fn send_all(server: &TestServer, number: usize, parts: Vec<Vec<Request>>) -> Run {
    let mut connections = Vec::new();
    for _ in &parts {
        connections.push(Connection::open(server).await);
    }
    let started = Instant::now();
    let mut sending = JoinSet::new();
    for (connection, requests) in connections.into_iter().zip(parts) {
        sending.spawn(async move { one_by_one(connection, &requests).await });
    }
    let mut times = Vec::new();
    while let Some(sent) = sending.join_next().await {
        times.extend(sent.expect("no connection panics"));
    }
    Run { number, elapsed: started.elapsed(), times }
}

/// Sends one after another; gives how long each took.
pub(crate) async fn send_alone(server: &TestServer, requests: &[Request]) -> Vec<Duration> {
    one_by_one(Connection::open(server).await, requests).await
}

async fn one_by_one(mut connection: Connection, requests: &[Request]) -> Vec<Duration> {
    let mut times = Vec::with_capacity(requests.len());
    for request in requests {
        let started = Instant::now();
        connection.send(request).await;
        times.push(started.elapsed());
    }
    times
}
