use std::sync::Mutex;

use gamification_domain::{Rejection, Verdict};

use super::*;
use crate::{EventContent, EventMistake, EventMistakeKind};

/// The calls that a broker got for its messages, in order.
#[derive(Default)]
struct BrokerCalls(Mutex<Vec<String>>);

/// A receipt whose broker can't set anything aside.
struct ReceiptWithoutDeadLetters<'a>(&'a BrokerCalls);

impl Receipt for ReceiptWithoutDeadLetters<'_> {
    async fn settle(&self, settlement: &Settlement) -> Result<(), SourceError> {
        self.0.0.lock().unwrap().push(format!("{settlement:?}"));
        match settlement {
            Settlement::SetAside { .. } => Err(SourceError("no responders".to_owned())),
            Settlement::Done | Settlement::Again { .. } => Ok(()),
        }
    }

    async fn extend(&self) -> Result<(), SourceError> {
        self.0.0.lock().unwrap().push("extend".to_owned());
        Ok(())
    }
}

fn invalid() -> EventOutcome {
    let (pointer, detail) = ("#/id".to_owned(), "id is missing".to_owned());
    EventOutcome::Invalid(EventMistake { kind: EventMistakeKind::Missing, pointer, detail })
}

fn message(calls: &BrokerCalls, attempts: u64) -> SourceMessage<ReceiptWithoutDeadLetters<'_>> {
    let event = IncomingEvent { id: Some("e".to_owned()), content: EventContent::UnknownType };
    SourceMessage { event, attempts, receipt: ReceiptWithoutDeadLetters(calls) }
}

#[test]
fn what_is_recorded_or_known_or_means_nothing_is_done() {
    let verdicts = [Verdict::Applied, Verdict::Duplicate, Verdict::Stale, Verdict::Ignored];
    let outcomes = verdicts.into_iter().map(EventOutcome::Judged).chain([EventOutcome::UnknownType]);
    for outcome in outcomes {
        for attempts in [1, 1_000] {
            assert_eq!(settlement(&outcome, attempts), Settlement::Done, "{outcome:?}");
        }
    }
}

#[test]
fn what_can_never_be_recorded_is_set_aside_at_once_with_its_reason() {
    let set_aside = Settlement::SetAside { reason: "id is missing".to_owned() };
    assert_eq!(settlement(&invalid(), 1), set_aside);
}

#[test]
fn a_lesson_waits_a_day_for_its_course_and_a_fault_of_ours_two_hours() {
    let waited = |outcome: &EventOutcome| {
        let mut waited = Duration::ZERO;
        for attempts in 1.. {
            match settlement(outcome, attempts) {
                Settlement::Again { after } => waited += after,
                Settlement::SetAside { .. } => break,
                Settlement::Done => panic!("{outcome:?} is done"),
            }
        }
        waited
    };
    let lesson = EventOutcome::Judged(Verdict::Rejected(Rejection::CourseUnknown));
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    assert!((hours(24)..hours(25)).contains(&waited(&lesson)), "{:?}", waited(&lesson));
    assert!((hours(2)..hours(3)).contains(&waited(&EventOutcome::Internal)));
}

#[test]
fn pauses_grow_from_five_seconds_to_ten_minutes() {
    assert_eq!(pause(0), Duration::from_secs(5));
    assert_eq!(pause(1), Duration::from_secs(5));
    assert_eq!(pause(2), Duration::from_secs(10));
    assert_eq!(pause(7), Duration::from_secs(320));
    assert_eq!(pause(8), Duration::from_secs(600));
    assert_eq!(pause(u64::MAX), Duration::from_secs(600));
}

#[tokio::test]
async fn what_can_t_be_set_aside_comes_again_later() {
    let calls = BrokerCalls::default();
    let reason = || Settlement::SetAside { reason: "id is missing".to_owned() };
    let again = Settlement::Again { after: Duration::from_secs(20) };
    assert_eq!(settle(&message(&calls, 3), reason(), "nats").await, (again, 3));
    assert_eq!(*calls.0.lock().unwrap(), ["SetAside { reason: \"id is missing\" }", "Again { after: 20s }"]);
}

#[tokio::test]
async fn messages_in_flight_are_kept_for_as_long_as_it_takes() {
    let calls = BrokerCalls::default();
    let messages = [message(&calls, 1), message(&calls, 1)];
    let thrice = async {
        while calls.0.lock().unwrap().len() < 6 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        never = extend_all(&messages, Duration::from_millis(10)) => match never {},
        kept = timeout(Duration::from_secs(60), thrice) => kept.expect("it goes on"),
    }
    assert!(calls.0.lock().unwrap().iter().all(|call| call == "extend"));
}
