use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use gamification_domain::{
    CommunityId, Content, EventId, EventMetadata, EventType, Fact, FactKind, PostId, Rejection, UserId,
    Verdict,
};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit};
use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::{EventCounts, EventMistake, EventMistakeKind};

/// A post; its number is its id.
fn post(number: u128) -> IncomingEvent {
    let created = FactKind::ContentCreated {
        content: Content::Post(PostId::new(Uuid::from_u128(number))),
        author_id: UserId::new(Uuid::from_u128(1)),
    };
    let metadata = EventMetadata {
        event_id: EventId::parse(&number.to_string()).unwrap(),
        sequence: None,
        time: None,
        received_at: datetime!(2026-11-22 12:00 UTC),
    };
    let fact = Fact::new(CommunityId::new(Uuid::from_u128(2)), created);
    IncomingEvent { id: Some(number.to_string()), content: EventContent::Fact(FactRecord { fact, metadata }) }
}

fn posts(numbers: std::ops::Range<u128>) -> Vec<IncomingEvent> {
    numbers.map(post).collect()
}

fn unknown() -> IncomingEvent {
    IncomingEvent { id: None, content: EventContent::UnknownType }
}

fn mistake() -> EventMistake {
    EventMistake {
        kind: EventMistakeKind::Invalid,
        pointer: "#".to_owned(),
        detail: "an event must be a JSON object".to_owned(),
    }
}

fn invalid() -> IncomingEvent {
    IncomingEvent { id: None, content: EventContent::Invalid { event_type: None, mistake: mistake() } }
}

/// The number of a post.
fn number(record: &FactRecord) -> usize {
    record.metadata.event_id.as_str().parse().unwrap()
}

/// Takes events in by a queue that does as `judge` says with the facts of each submission, whose number comes first;
/// gives the outcomes, and the numbers of the facts of each submission.
fn ingest(
    events: &[IncomingEvent],
    patience: Duration,
    judge: impl Fn(usize, &FactRecord) -> Recorded,
) -> (Result<Vec<EventOutcome>, SendAgain>, Vec<Vec<usize>>) {
    let submissions = RefCell::new(Vec::new());
    let record = |facts: Vec<FactRecord>| {
        let submission = submissions.borrow().len();
        submissions.borrow_mut().push(facts.iter().map(number).collect());
        ready(facts.iter().map(|fact| judge(submission, fact)).collect())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let outcomes = runtime.block_on(ingest_patiently(record, events, patience));
    (outcomes, submissions.into_inner())
}

#[test]
fn outcomes_stand_in_the_order_of_the_events_whatever_these_are() {
    let events = [unknown(), post(0), invalid(), post(1), post(2), unknown(), post(3), post(4)];
    let verdicts = [
        Ok(Verdict::Applied),
        Ok(Verdict::Duplicate),
        Err(RecordError::Internal),
        Ok(Verdict::Rejected(Rejection::CourseUnknown)),
        Ok(Verdict::Stale),
    ];
    let (outcomes, submissions) = ingest(&events, Duration::ZERO, |_, fact| verdicts[number(fact)]);
    let outcomes = outcomes.unwrap();
    assert_eq!(
        outcomes,
        [
            EventOutcome::UnknownType,
            EventOutcome::Judged(Verdict::Applied),
            EventOutcome::Invalid(mistake()),
            EventOutcome::Judged(Verdict::Duplicate),
            EventOutcome::Internal,
            EventOutcome::UnknownType,
            EventOutcome::Judged(Verdict::Rejected(Rejection::CourseUnknown)),
            EventOutcome::Judged(Verdict::Stale),
        ]
    );
    assert_eq!(submissions, [[0, 1, 2, 3, 4]]);
    let counts: EventCounts = outcomes.iter().collect();
    assert_eq!(counts, EventCounts { applied: 1, duplicate: 1, stale: 1, ignored: 2, rejected: 3 });
    assert_eq!(counts.total(), 8);
    let reasons: Vec<String> = outcomes.iter().filter_map(EventOutcome::rejection_reason).collect();
    assert_eq!(
        reasons,
        [
            "an event must be a JSON object",
            "the fact can't be recorded",
            "data.community_id is missing and data.course_id is not known"
        ]
    );
}

#[test]
fn only_what_is_not_recorded_is_tried_again_and_in_smaller_parts() {
    let events = posts(0..100);
    let (outcomes, submissions) =
        ingest(&events, Duration::from_secs(60), |submission, fact| match (submission, number(fact)) {
            (0, 3..) => Err(RecordError::Unavailable),
            (1, _) => Err(RecordError::QueueFull),
            _ => Ok(Verdict::Applied),
        });
    assert_eq!(outcomes.unwrap(), vec![EventOutcome::Judged(Verdict::Applied); 100]);
    let expected: [Vec<usize>; 6] = [
        (0..100).collect(),
        // A part of 50 fails, so the rest is not even tried.
        (3..53).collect(),
        (3..28).collect(),
        (28..53).collect(),
        (53..78).collect(),
        (78..100).collect(),
    ];
    assert_eq!(submissions, expected);
}

#[test]
fn patience_ends_when_nothing_goes_through_and_tells_how_many_are_done() {
    let events = [vec![invalid()], posts(0..10), vec![unknown()]].concat();
    let (outcomes, submissions) = ingest(&events, Duration::ZERO, |_, fact| match number(fact) {
        4 | 7 => Err(RecordError::Unavailable),
        _ => Ok(Verdict::Applied),
    });
    assert_eq!(outcomes, Err(SendAgain { done: 5 }));
    // Something went through at first, so there is another try.
    assert_eq!(submissions, [(0..10).collect::<Vec<_>>(), vec![4, 7]]);
}

#[test]
fn patience_begins_anew_whenever_something_goes_through() {
    const PATIENCE: Duration = Duration::from_secs(2);
    let submissions = Cell::new(0);
    let record = |facts: Vec<FactRecord>| {
        let submission = submissions.replace(submissions.get() + 1);
        async move {
            if submission == 1 {
                // As long as that takes the database.
                sleep(PATIENCE).await;
            }
            let judge = |fact: &FactRecord| match (submission, number(fact)) {
                (0 | 2, _) | (1, 1) => Err(RecordError::Unavailable),
                _ => Ok(Verdict::Applied),
            };
            facts.iter().map(judge).collect()
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let outcomes = runtime.block_on(ingest_patiently(record, &posts(0..2), PATIENCE));
    assert_eq!((outcomes.map(|outcomes| outcomes.len()), submissions.get()), (Ok(2), 4));
}

#[test]
fn nothing_waits_where_there_is_no_fact() {
    let (outcomes, submissions) = ingest(&[unknown()], Duration::ZERO, |_, _| Ok(Verdict::Applied));
    assert_eq!((outcomes, submissions.len()), (Ok(vec![EventOutcome::UnknownType]), 0));
}

/// Counts what is counted, by the labels' values.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<&str> = key.labels().map(Label::value).collect();
        Counter::from_arc(Arc::clone(self.0.lock().unwrap().entry(labels.join(" ")).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn events_without_a_fact_are_counted_once_all_others_are_recorded() {
    let mut broken_post = invalid();
    broken_post.content =
        EventContent::Invalid { event_type: Some(EventType::PostCreated), mistake: mistake() };
    let events = [unknown(), invalid(), post(0), unknown(), broken_post];
    let counts = Counts::default();
    let counted = || {
        let counts = counts.0.lock().unwrap();
        counts
            .iter()
            .map(|(labels, count)| (labels.clone(), count.load(Ordering::Relaxed)))
            .collect::<Vec<_>>()
    };
    metrics::with_local_recorder(&counts, || {
        let (outcomes, _) = ingest(&events, Duration::ZERO, |_, _| Err(RecordError::QueueFull));
        assert_eq!((outcomes, counted()), (Err(SendAgain { done: 2 }), vec![]));
        ingest(&events, Duration::ZERO, |_, _| Ok(Verdict::Applied)).0.unwrap();
    });
    let expected = [("PostCreated rejected", 1), ("unknown ignored", 2), ("unknown rejected", 1)];
    assert_eq!(counted(), expected.map(|(labels, count)| (labels.to_owned(), count)));
}
