//! What happens in a community, as it happens: for pages that are open.
//!
//! However many watch, a process asks the database once: a feed, opened while there are streams, reads what was committed and
//! hands it to the streams of its community. Streams deliver at most once, on purpose: a reader that may have missed something
//! (the beginning, a slow reader, a lost connection) is told [`Streamed::Reset`], and reads again what they show.

mod feed_position;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gamification_domain::{CommunityId, MemberKey, UserId};
use tokio::{
    sync::{Notify, broadcast},
    time::{Instant, sleep, timeout},
};

use self::feed_position::FeedPosition;
use crate::{
    Chain,
    observation::streams_open,
    ports::{EventFeed, EventFeeds, FedEvent, PendingEvent, StoreError},
};

/// How many streams a process has at most …
const MAX_STREAMS: usize = 4_096;
/// … and how many of them are one user's in a community: as many pages as a person has open, and not all there are.
const MAX_STREAMS_OF_USER: usize = 16;
/// How many messages a slow reader may be behind before it is reset.
const BACKLOG: usize = 256;
/// Commits that are so close together are read once.
const TICK: Duration = Duration::from_millis(50);
/// The interval of looking for events without a notification of a commit, and for members who left.
const POLL: Duration = Duration::from_secs(1);
/// The pause before a failed feed is opened again.
const RETRY: Duration = Duration::from_secs(1);
/// How many events are read at once.
const PAGE: usize = 2_000;

/// An item of an [`EventStream`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streamed<M> {
    /// The message of an event that was committed.
    Event(M),
    /// Events may have been missed: the receiver must read anew what it shows.
    Reset,
}

/// What all streams of a community are told.
#[derive(Clone, Debug)]
enum Message<M> {
    Streamed(Streamed<M>),
    /// This user is not a member any more.
    Departed(UserId),
}

/// Why a stream is not opened: the process, or the user, has as many as they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_STREAMS} streams are open, or {MAX_STREAMS_OF_USER} of the user")]
pub struct TooManyStreams;

/// The streams of a process. Clones share them. `M` is an event as it is sent, made once for all streams.
pub struct EventStreams<M>(Arc<Watched<M>>);

impl<M> Clone for EventStreams<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Watched<M> {
    communities: Mutex<Communities<M>>,
    begins: Notify,
}

struct Communities<M> {
    watched: HashMap<CommunityId, Community<M>>,
    streams: usize,
    /// Whether a feed tells of all that is committed from now on.
    is_fed: bool,
}

struct Community<M> {
    sender: broadcast::Sender<Message<M>>,
    /// How many streams each user has.
    users: BTreeMap<UserId, usize>,
    streams: usize,
}

impl<M: Clone> Communities<M> {
    fn tell_all(&self, message: &Message<M>) {
        for community in self.watched.values() {
            // Nobody may be listening any more.
            let _ = community.sender.send(message.clone());
        }
    }
}

impl<M: Clone + Send + 'static> Default for EventStreams<M> {
    fn default() -> Self {
        let communities = Communities { watched: HashMap::new(), streams: 0, is_fed: false };
        Self(Arc::new(Watched { communities: Mutex::new(communities), begins: Notify::new() }))
    }
}

impl<M: Clone + Send + 'static> EventStreams<M> {
    /// Opens a stream of a community for a user, or for a service. Whether they may watch is for the caller to check; a stream
    /// ends when its user leaves.
    ///
    /// # Errors
    /// [`TooManyStreams`].
    pub fn open(
        &self,
        community_id: CommunityId,
        user_id: Option<UserId>,
    ) -> Result<EventStream<M>, TooManyStreams> {
        let mut communities = self.communities();
        let of_user =
            communities.watched.get(&community_id).and_then(|community| community.users.get(&user_id?));
        if communities.streams >= MAX_STREAMS
            || of_user.is_some_and(|streams| *streams >= MAX_STREAMS_OF_USER)
        {
            return Err(TooManyStreams);
        }
        communities.streams += 1;
        streams_open(communities.streams);
        let community = communities.watched.entry(community_id).or_insert_with(|| Community {
            sender: broadcast::Sender::new(BACKLOG),
            users: BTreeMap::new(),
            streams: 0,
        });
        community.streams += 1;
        if let Some(user_id) = user_id {
            *community.users.entry(user_id).or_default() += 1;
        }
        let receiver = community.sender.subscribe();
        // Where no feed is there yet, the one that comes tells its beginning to all.
        let begins = communities.is_fed;
        drop(communities);
        self.0.begins.notify_one();
        Ok(EventStream { streams: self.clone(), community_id, user_id, receiver, begins })
    }

    /// How many streams are open.
    #[must_use]
    pub fn number(&self) -> usize {
        self.communities().streams
    }

    /// Feeds the streams while there are any, for ever. Where `write` gives nothing for an event, its readers are reset.
    pub async fn run(self, feeds: impl EventFeeds, write: impl Fn(&PendingEvent) -> Option<M> + Send) {
        loop {
            while self.number() == 0 {
                self.0.begins.notified().await;
            }
            if let Err(error) = self.feed(&feeds, &write).await {
                self.communities().is_fed = false;
                tracing::warn!(error = %Chain(&error), "events can't be streamed now; trying again");
                sleep(RETRY).await;
            }
        }
    }

    async fn feed(
        &self,
        feeds: &impl EventFeeds,
        write: &(impl Fn(&PendingEvent) -> Option<M> + Send),
    ) -> Result<(), StoreError> {
        let mut feed = feeds.open().await?;
        let mut position = FeedPosition::before(feed.newest_sequence().await?);
        let (after, missing) = position.wanted(Instant::now());
        for known in feed.events(after, missing, Vec::new(), FeedPosition::MAX_MISSING).await? {
            position.pass(known.sequence, Instant::now());
        }
        self.begin();
        let mut departures = Instant::now() + POLL;
        while !self.is_over() {
            if let Ok(heard) = timeout(POLL, feed.committed()).await {
                heard?;
            }
            self.feed_page(&mut feed, &mut position, write).await?;
            if departures <= Instant::now() {
                for (community_id, user_id) in feed.departed(&self.users()).await? {
                    self.tell(community_id, Message::Departed(user_id));
                }
                departures = Instant::now() + POLL;
            }
            sleep(TICK).await;
        }
        Ok(())
    }

    async fn feed_page(
        &self,
        feed: &mut impl EventFeed,
        position: &mut FeedPosition,
        write: &(impl Fn(&PendingEvent) -> Option<M> + Send),
    ) -> Result<(), StoreError> {
        loop {
            let (after, missing) = position.wanted(Instant::now());
            let events = feed.events(after, missing, self.watched(), PAGE).await?;
            let is_full = events.len() >= PAGE;
            for FedEvent { sequence, community_id, event } in events {
                if !position.pass(sequence, Instant::now()) {
                    continue;
                }
                // What can't be told, or was read before its community was watched, is for its readers to look up.
                let streamed = event.as_ref().and_then(write).map_or(Streamed::Reset, Streamed::Event);
                self.tell(community_id, Message::Streamed(streamed));
            }
            if position.has_given_up() {
                self.communities().tell_all(&Message::Streamed(Streamed::Reset));
            }
            if !is_full {
                return Ok(());
            }
        }
    }

    /// What was committed so far is known by who reads from now on; all else is told.
    fn begin(&self) {
        let mut communities = self.communities();
        communities.is_fed = true;
        communities.tell_all(&Message::Streamed(Streamed::Reset));
    }

    /// Whether no stream is open; who opens a stream then waits for the next feed.
    fn is_over(&self) -> bool {
        let mut communities = self.communities();
        communities.is_fed &= communities.streams > 0;
        !communities.is_fed
    }

    fn tell(&self, community_id: CommunityId, message: Message<M>) {
        if let Some(community) = self.communities().watched.get(&community_id) {
            // Nobody may be listening any more.
            let _ = community.sender.send(message);
        }
    }

    fn watched(&self) -> Vec<CommunityId> {
        self.communities().watched.keys().copied().collect()
    }

    fn users(&self) -> Vec<MemberKey> {
        let communities = self.communities();
        let users = communities.watched.iter().flat_map(|(community_id, community)| {
            community.users.keys().map(|user_id| (*community_id, *user_id))
        });
        users.collect()
    }

    fn close(&self, community_id: CommunityId, user_id: Option<UserId>) {
        let mut communities = self.communities();
        communities.streams -= 1;
        streams_open(communities.streams);
        let Some(community) = communities.watched.get_mut(&community_id) else { return };
        community.streams -= 1;
        if let Some(user_id) = user_id
            && let Some(streams) = community.users.get_mut(&user_id)
        {
            *streams -= 1;
            if *streams == 0 {
                community.users.remove(&user_id);
            }
        }
        if community.streams == 0 {
            communities.watched.remove(&community_id);
        }
    }

    fn communities(&self) -> MutexGuard<'_, Communities<M>> {
        self.0.communities.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One reader's stream of a community. It is closed by dropping it.
pub struct EventStream<M: Clone + Send + 'static> {
    streams: EventStreams<M>,
    community_id: CommunityId,
    user_id: Option<UserId>,
    receiver: broadcast::Receiver<Message<M>>,
    /// Whether its first word is its own.
    begins: bool,
}

impl<M: Clone + Send + 'static> EventStream<M> {
    /// What is next; `None` when the user has left the community. The first is a [`Streamed::Reset`]: whatever is committed
    /// after it is told, as an event or as another reset.
    pub async fn next(&mut self) -> Option<Streamed<M>> {
        if std::mem::take(&mut self.begins) {
            return Some(Streamed::Reset);
        }
        loop {
            match self.receiver.recv().await {
                Ok(Message::Streamed(streamed)) => return Some(streamed),
                Ok(Message::Departed(user_id)) if Some(user_id) == self.user_id => return None,
                Ok(Message::Departed(_)) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Streamed::Reset),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl<M: Clone + Send + 'static> Drop for EventStream<M> {
    fn drop(&mut self) {
        self.streams.close(self.community_id, self.user_id);
    }
}

#[cfg(test)]
mod tests;
