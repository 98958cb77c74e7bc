//! People who watch a community while all else goes wrong.

use std::{cell::Cell, time::Duration};

use gamification_tests::{
    Streaming, TestServer, block_until,
    event::{community_created, id, member_joined, post_created},
    reading_service_token,
};
use serde_json::json;
use uuid::Uuid;

/// How long a watcher waits for a post before another is written: what the stream of a feed that is only just back does not
/// tell, its reset stands for.
const PAUSE: Duration = Duration::from_secs(2);

/// Open streams of a community.
pub(crate) struct Watchers {
    streams: Vec<Streaming>,
    community: Uuid,
    author: Uuid,
    points: Cell<i64>,
}

impl Watchers {
    /// So many, in a community of their own.
    pub(crate) fn open(server: &TestServer, number: usize) -> Self {
        let (community, author) = (id(), id());
        let joined = [community_created(community), member_joined(community, author)];
        assert_eq!(server.send_batch(&joined).body["applied"], 2);
        let streams = (0..number).map(|_| Streaming::open(server, community, &reading_service_token()));
        Self { streams: streams.collect(), community, author, points: Cell::new(0) }
    }

    pub(crate) const fn community(&self) -> Uuid {
        self.community
    }

    /// Sees to it that all of them are told of a post that is written now; gives how often the one was reset who was reset least.
    pub(crate) fn are_told(&self, server: &TestServer) -> usize {
        self.post(server);
        self.streams.iter().map(|stream| self.is_told(stream, server)).min().unwrap()
    }

    fn is_told(&self, stream: &Streaming, server: &TestServer) -> usize {
        let mut resets = 0;
        block_until("the newest post is told", || {
            while let Some(message) = stream.next_within(PAUSE) {
                let award = &message.data["data"];
                if (&award["member_id"], &award["new_total"])
                    == (&json!(self.author), &json!(self.points.get()))
                {
                    return true;
                }
                resets += usize::from(message.event == "reset");
            }
            self.post(server);
            false
        });
        resets
    }

    fn post(&self, server: &TestServer) {
        let post = post_created(self.community, id(), self.author);
        block_until("a post is taken", || server.send(&post).status == 200);
        self.points.set(self.points.get() + 2);
    }
}
