//! A reader of the stream of a community.

use std::{
    io::{BufRead, BufReader},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use ureq::Agent;
use uuid::Uuid;

use crate::{PATIENCE, TestServer};

/// A message of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Streamed {
    /// Its `event`: the type, or `reset`.
    pub event: String,
    /// Its `id`: the sequence.
    pub id: Option<String>,
    /// Its `data`.
    pub data: Value,
}

/// An open stream. It is closed when the server ends it; the reader in the background goes on until then.
pub struct Streaming {
    messages: mpsc::Receiver<Streamed>,
}

impl Streaming {
    /// Opens the stream of a community, sees to it that it is one, and waits for its beginning: what is committed from then on
    /// is told.
    #[must_use]
    pub fn open(server: &TestServer, community: Uuid, token: &str) -> Self {
        // Without an end of its own: a stream has none.
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let path = format!("{}/api/communities/{community}/stream", server.url());
        let response = agent.get(path).header("authorization", format!("Bearer {token}")).call();
        let response = response.expect("the server answers");
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("content-type"), Some("text/event-stream"));
        assert_eq!((header("cache-control"), header("x-accel-buffering")), (Some("no-store"), Some("no")));
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            let mut message = Streamed { event: String::new(), id: None, data: Value::Null };
            for line in BufReader::new(response.into_body().into_reader()).lines().map_while(Result::ok) {
                match line.split_once(": ") {
                    Some(("event", event)) => event.clone_into(&mut message.event),
                    Some(("id", id)) => message.id = Some(id.to_owned()),
                    Some(("data", data)) => message.data = serde_json::from_str(data).expect("JSON"),
                    Some((name, _)) => assert_eq!(name, "", "{line}"),
                    None => {
                        assert_eq!(line, "");
                        // A comment alone is no message.
                        if !message.event.is_empty() && sender.send(message.clone()).is_err() {
                            return;
                        }
                        message = Streamed { event: String::new(), id: None, data: Value::Null };
                    }
                }
            }
        });
        let stream = Self { messages };
        let reset = stream.next().expect("the stream begins");
        assert_eq!((reset.event.as_str(), &reset.data, reset.id), ("reset", &json!({}), None));
        stream
    }

    /// The next message; `None` when the server has ended the stream.
    #[must_use]
    pub fn next(&self) -> Option<Streamed> {
        match self.messages.recv_timeout(PATIENCE) {
            Ok(message) => Some(message),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing comes, and the stream does not end"),
        }
    }

    /// The next message, if one comes soon.
    ///
    /// # Panics
    /// When the server has ended the stream.
    #[must_use]
    pub fn next_within(&self, time: Duration) -> Option<Streamed> {
        match self.messages.recv_timeout(time) {
            Ok(message) => Some(message),
            Err(mpsc::RecvTimeoutError::Timeout) => None,
            Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the server has ended the stream"),
        }
    }

    /// The next message that is no reset.
    #[must_use]
    pub fn next_event(&self) -> Streamed {
        loop {
            let message = self.next().expect("the stream goes on");
            if message.event != "reset" {
                return message;
            }
        }
    }

    /// Reads until the server ends the stream.
    pub fn until_ended(&self) {
        let started = Instant::now();
        while self.next().is_some() {
            assert!(started.elapsed() < PATIENCE, "the stream does not end");
        }
    }
}
