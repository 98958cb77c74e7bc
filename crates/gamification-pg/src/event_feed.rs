//! Events as they are committed, on a connection beside the pool.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use gamification_app::{
    Chain,
    ports::{EventFeed, EventFeeds, FedEvent, PendingEvent, StoreError},
};
use gamification_domain::{CommunityId, MemberKey, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    connection::Connector,
    deliveries::COMMITS,
    error::{corrupt, misread, store_error, unavailable},
    json::Json,
    repositories::CommunityMemberKeyRow,
    schema::outbox,
    sending,
    statement::{OrNull, Plain, Rows, Statement, record, statements},
    stored_event::StoredEvent,
};

record! {
    /// The greatest sequence of an event.
    struct NewestRow: Read {
        sequence: i64 => Plain<BigInt>,
    }
}

record! {
    /// An event that was committed, with its content where its community is asked for.
    struct FedEventRow: Read {
        community_id: Uuid => outbox::community_id,
        event_id: Uuid => outbox::event_id,
        sequence: i64 => outbox::sequence,
        event_type: String => outbox::event_type,
        payload: Option<Json<StoredEvent>> => OrNull<outbox::payload>,
        created_at: OffsetDateTime => outbox::created_at,
    }
}

/// Events of which `$which` says which they are.
macro_rules! fed_events {
    ($which:literal) => {
        concat!(
            "SELECT o.community_id, o.event_id, o.sequence, o.event_type,
                    CASE WHEN o.community_id = ANY (:communities) THEN o.payload END AS payload, o.created_at
             FROM outbox AS o WHERE ",
            $which
        )
    };
}

statements! {
    struct SelectNewestSequence {} -> NewestRow
    = "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM outbox";

    struct SelectFedEvents {
        after: i64 => outbox::sequence,
        missing: Vec<i64> => [outbox::sequence],
        communities: Vec<Uuid> => [outbox::community_id],
        limit: i64 => Plain<BigInt>,
    } -> FedEventRow
    = concat!(
        "SELECT * FROM (
             (", fed_events!("o.sequence > :after ORDER BY o.sequence LIMIT :limit"), ")
             UNION ALL
             (", fed_events!("o.sequence = ANY (:missing)"), ")) AS fed
         ORDER BY fed.sequence"
    );

    struct SelectDeparted { member: Rows<CommunityMemberKeyRow> } -> CommunityMemberKeyRow
    = "SELECT member.community_id, member.user_id
       FROM :member
       {{WHERE NOT EXISTS (
           SELECT FROM community_members AS m
           WHERE m.community_id = member.community_id AND m.user_id = member.user_id AND m.is_present)}}[[EXCEPT
       SELECT m.community_id, m.user_id FROM community_members AS m
       WHERE m.community_id = ANY (:member.communities) AND m.user_id = ANY (:member.user_id) AND m.is_present]]";
}

impl From<FedEventRow> for FedEvent {
    /// An event that can't be understood, of a newer version perhaps, is none; what holds up a webhook must not end streams.
    fn from(row: FedEventRow) -> Self {
        let FedEventRow { community_id, event_id, sequence, event_type, payload, created_at } = row;
        let key = [community_id, event_id];
        let event = payload.map(|payload| {
            let stored = payload.understood().map_err(misread!(outbox::payload, key))?;
            let event = stored.read(&event_type).map_err(misread!(outbox::payload, key))?;
            Ok::<_, StoreError>(PendingEvent { id: event_id, sequence, event, created_at, failure: None })
        });
        let event = event.transpose().unwrap_or_else(|error| {
            tracing::warn!(error = %Chain(&error), "an event can't be streamed");
            None
        });
        Self { sequence, community_id: CommunityId::new(community_id), event }
    }
}

/// Opens feeds of one database, a connection for each.
#[derive(Clone)]
pub struct PgEventFeeds {
    connector: Connector,
}

impl PgEventFeeds {
    /// Feeds of the database that the connector leads to.
    #[must_use]
    pub const fn new(connector: Connector) -> Self {
        Self { connector }
    }
}

/// A connection that is notified of commits, and reads the events of them.
pub struct PgEventFeed {
    connection: AsyncPgConnection,
    is_distributed: bool,
}

impl EventFeeds for PgEventFeeds {
    type Feed = PgEventFeed;

    async fn open(&self) -> Result<PgEventFeed, StoreError> {
        let mut connection = self.connector.connect().await.map_err(unavailable)?;
        connection.batch_execute(&format!("LISTEN {COMMITS}")).await.map_err(store_error)?;
        Ok(PgEventFeed { connection, is_distributed: self.connector.is_distributed() })
    }
}

impl EventFeed for PgEventFeed {
    async fn committed(&mut self) -> Result<(), StoreError> {
        let mut notifications = std::pin::pin!(self.connection.notifications_stream());
        match notifications.next().await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(store_error(error)),
            None => Err(unavailable("the connection that hears of commits has ended")),
        }
    }

    async fn newest_sequence(&mut self) -> Result<i64, StoreError> {
        let newest = SelectNewestSequence {}.sent_to(self.is_distributed);
        let newest = sending::first(&mut self.connection, newest).await?;
        Ok(newest.map_or(0, |NewestRow { sequence }| sequence))
    }

    async fn events(
        &mut self,
        after: i64,
        missing: Vec<i64>,
        communities: Vec<CommunityId>,
        limit: usize,
    ) -> Result<Vec<FedEvent>, StoreError> {
        let communities = communities.into_iter().map(CommunityId::as_uuid).collect();
        let limit = i64::try_from(limit).map_err(corrupt)?;
        let select = SelectFedEvents { after, missing, communities, limit };
        let rows = sending::rows(&mut self.connection, self.is_distributed, select);
        Ok(rows.await?.into_iter().map(Into::into).collect())
    }

    async fn departed(&mut self, members: &[MemberKey]) -> Result<Vec<MemberKey>, StoreError> {
        let select = SelectDeparted { member: members.iter().copied().collect() };
        let rows = sending::rows(&mut self.connection, self.is_distributed, select);
        let key = |CommunityMemberKeyRow { community_id, user_id }| {
            (CommunityId::new(community_id), UserId::new(user_id))
        };
        Ok(rows.await?.into_iter().map(key).collect())
    }
}
