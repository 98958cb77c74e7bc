//! Events in the order in which they are written, for those who watch a community.

use std::future::Future;

use gamification_domain::{CommunityId, MemberKey};

use super::{PendingEvent, StoreError};

/// An event that was committed.
#[derive(Clone, Debug)]
pub struct FedEvent {
    /// Its place among all events, as receivers get it. One with a smaller number may be committed after one with a greater.
    pub sequence: i64,
    /// The community of the member whom it is about.
    pub community_id: CommunityId,
    /// The event, where it is of a community that is asked for, and of a kind that this program knows.
    pub event: Option<PendingEvent>,
}

/// A store of events of which feeds can be opened.
pub trait EventFeeds: Send + Sync + 'static {
    /// The feed that [`open`](EventFeeds::open) gives.
    type Feed: EventFeed;

    /// Opens a feed; it holds a connection of its own until it is dropped.
    fn open(&self) -> impl Future<Output = Result<Self::Feed, StoreError>> + Send;
}

/// The events of a database, as they are committed by whatever process.
pub trait EventFeed: Send {
    /// Waits until events may have been committed.
    fn committed(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The greatest sequence of an event that was committed; 0 before any.
    fn newest_sequence(&mut self) -> impl Future<Output = Result<i64, StoreError>> + Send;

    /// Events behind `after` by sequence, at most `limit`, and those of `missing` that have been committed since, in order.
    fn events(
        &mut self,
        after: i64,
        missing: Vec<i64>,
        communities: Vec<CommunityId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<FedEvent>, StoreError>> + Send;

    /// Those of some users who are not members any more.
    fn departed(
        &mut self,
        members: &[MemberKey],
    ) -> impl Future<Output = Result<Vec<MemberKey>, StoreError>> + Send;
}
