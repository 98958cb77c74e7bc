use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use super::*;

fn community(number: u128) -> CommunityId {
    CommunityId::new(Uuid::from_u128(number))
}

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn event(number: u32) -> Message<u32> {
    Message::Streamed(Streamed::Event(number))
}

#[tokio::test]
async fn a_stream_begins_with_a_reset_and_brings_what_happens_in_its_community() {
    let streams = EventStreams::<u32>::default();
    let mut early = streams.open(community(1), Some(user(3))).unwrap();
    streams.begin();
    let mut stream = streams.open(community(1), Some(user(1))).unwrap();
    streams.tell(community(2), event(9));
    streams.tell(community(1), event(1));
    streams.tell(community(1), Message::Departed(user(2)));
    streams.tell(community(1), event(2));
    assert_eq!(stream.next().await, Some(Streamed::Reset));
    assert_eq!(stream.next().await, Some(Streamed::Event(1)));
    assert_eq!(stream.next().await, Some(Streamed::Event(2)));
    assert_eq!(early.next().await, Some(Streamed::Reset), "once, when all that follows is told");
    assert_eq!(early.next().await, Some(Streamed::Event(1)));
    streams.tell(community(1), Message::Departed(user(1)));
    assert_eq!(stream.next().await, None, "its user has left");
}

#[tokio::test]
async fn who_reads_too_slowly_is_reset() {
    let streams = EventStreams::<u32>::default();
    let mut stream = streams.open(community(1), None).unwrap();
    for number in 0..1_000 {
        streams.tell(community(1), event(number));
    }
    assert_eq!(stream.next().await, Some(Streamed::Reset));
    let oldest = 1_000 - u32::try_from(BACKLOG).unwrap();
    assert_eq!(stream.next().await, Some(Streamed::Event(oldest)), "what is kept follows");
}

#[test]
fn a_user_has_a_bounded_number_of_streams_in_a_community() {
    let streams = EventStreams::<u32>::default();
    let open = |of: u128| streams.open(community(of), Some(user(1)));
    let all: Vec<_> = (0..MAX_STREAMS_OF_USER).map(|_| open(1).unwrap()).collect();
    assert!(matches!(open(1), Err(TooManyStreams)));
    assert!(open(2).is_ok());
    // Of another, who stays while theirs are closed: the community stays watched.
    let _other = streams.open(community(1), Some(user(2))).unwrap();
    drop(all);
    let again: Vec<_> = (0..MAX_STREAMS_OF_USER).map(|_| open(1).unwrap()).collect();
    assert!(matches!(open(1), Err(TooManyStreams)), "{}", again.len());
}

/// A feed with one page of events, which opens a stream while it reads them.
struct OnePage<'a> {
    streams: &'a EventStreams<u32>,
    opened: Option<EventStream<u32>>,
    events: Vec<FedEvent>,
}

impl EventFeed for OnePage<'_> {
    async fn committed(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn newest_sequence(&mut self) -> Result<i64, StoreError> {
        Ok(0)
    }

    async fn events(
        &mut self,
        _: i64,
        _: Vec<i64>,
        _: Vec<CommunityId>,
        _: usize,
    ) -> Result<Vec<FedEvent>, StoreError> {
        self.opened = self.streams.open(community(1), None).ok();
        Ok(std::mem::take(&mut self.events))
    }

    async fn departed(&mut self, _: &[MemberKey]) -> Result<Vec<MemberKey>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_stream_that_opens_while_events_are_read_is_told_that_it_may_have_missed_one() {
    let streams = EventStreams::<u32>::default();
    let events = [1_u8, 2].map(|number| FedEvent {
        sequence: i64::from(number),
        community_id: community(u128::from(number)),
        event: None,
    });
    let mut feed = OnePage { streams: &streams, opened: None, events: events.to_vec() };
    streams.begin();
    streams.feed_page(&mut feed, &mut FeedPosition::before(0), &|_| Some(7)).await.unwrap();
    let mut stream = feed.opened.unwrap();
    assert_eq!(stream.next().await, Some(Streamed::Reset), "as each begins");
    assert_eq!(stream.receiver.len(), 1);
    assert_eq!(stream.next().await, Some(Streamed::Reset), "of its community alone");
}

/// Feeds of which the first fails once it has begun, and the next takes long to open.
struct Failing(AtomicBool);

impl EventFeeds for Failing {
    type Feed = FailingFeed;

    async fn open(&self) -> Result<FailingFeed, StoreError> {
        if self.0.swap(true, Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        Ok(FailingFeed)
    }
}

struct FailingFeed;

impl EventFeed for FailingFeed {
    async fn committed(&mut self) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("the connection is lost".into()))
    }

    async fn newest_sequence(&mut self) -> Result<i64, StoreError> {
        Ok(0)
    }

    async fn events(
        &mut self,
        _: i64,
        _: Vec<i64>,
        _: Vec<CommunityId>,
        _: usize,
    ) -> Result<Vec<FedEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn departed(&mut self, _: &[MemberKey]) -> Result<Vec<MemberKey>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_stream_that_opens_between_two_feeds_begins_with_the_next() {
    let streams = EventStreams::<u32>::default();
    let mut early = streams.open(community(1), None).unwrap();
    let feeding = tokio::spawn(streams.clone().run(Failing(false.into()), |_| None));
    assert_eq!(early.next().await, Some(Streamed::Reset), "a feed has begun");
    let failed = async {
        while streams.communities().is_fed {
            sleep(TICK).await;
        }
    };
    timeout(30 * POLL, failed).await.expect("the feed fails");
    let mut late = streams.open(community(1), None).unwrap();
    assert!(timeout(TICK, late.next()).await.is_err(), "nobody would tell what is committed now");
    streams.begin();
    assert_eq!(late.next().await, Some(Streamed::Reset));
    feeding.abort();
}

#[test]
fn streams_are_bounded_and_leave_nothing_behind() {
    let streams = EventStreams::<u32>::default();
    let open = |number: usize| {
        let number = number as u128;
        streams.open(community(number % 3), Some(user(number % 500)))
    };
    let all: Vec<_> = (0..MAX_STREAMS).map(|number| open(number).unwrap()).collect();
    assert!(matches!(open(0), Err(TooManyStreams)));
    assert_eq!((streams.watched().len(), streams.users().len()), (3, 1_500));
    streams.begin();
    assert!(!streams.is_over());
    drop(all);
    assert!(streams.is_over() && !streams.communities().is_fed, "the next one waits for its feed");
    assert_eq!((streams.number(), streams.watched().len(), streams.users().len()), (0, 0, 0));
    assert!(open(0).is_ok());
}
